"""Who belongs to a team, and who of them is offered leads: invite, answer, leave, set options."""

from datetime import datetime

from django.db import transaction

from core.errors import Conflict, DomainError, NotAllowed
from core.text import normalize_email
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.signals import member_invited, member_left


class NotYourTeam(NotAllowed):
    """Only the creator of a team may do this."""


class UserNotFound(DomainError):
    """email: no active user has this address. An operator adds users."""


class NotAMember(DomainError):
    """user_id: this user is not an accepted member of the team."""


class ZeroWeights(DomainError):
    """weight: no member would take a turn in the Round Robin, for all of its weights would be 0."""


class OnlyTurn(Conflict):
    """Only in a round robin do members have a place in the rotation."""

    def __init__(self, option: TeamMemberDistributionOption) -> None:
        alone = f"{option.user} alone takes turns in the Round Robin of {option.team}, for all other weights are 0"
        super().__init__(f"{alone}: change one of those first.")


class HasOptions(Conflict):
    """This member of the team has distribution options already: change those."""


@transaction.atomic
def invite(team: Team, email: str, *, by: User, now: datetime) -> tuple[TeamMember, bool]:
    """Invite a user into the team. Return the membership, and whether it is new."""
    if not team.may_be_changed_by(by):
        raise NotYourTeam
    user = User.objects.filter(email__iexact=normalize_email(email), is_active=True).first()
    if user is None:
        raise UserNotFound(errors={"email": str(UserNotFound.__doc__)})
    lock_team(team)
    member, is_new = TeamMember.objects.get_or_create(team=team, user=user, defaults={"created_at": now})
    if is_new:
        member_invited.send(TeamMember, member=member, by=by, now=now)
    return member, is_new


@transaction.atomic
def answer_invitation(member: TeamMember, request_status: str, *, now: datetime) -> TeamMember:
    """Accept or decline an invitation; to decline after accepting is to leave."""
    lock_team(member.team)
    member.refresh_from_db(fields=["request_status"])
    was_accepted = member.is_accepted
    member.request_status = request_status
    member.save(update_fields=["request_status"])
    if was_accepted and not member.is_accepted:
        withdraw_from_leads(member, now)
    return member


@transaction.atomic
def remove(member: TeamMember, *, now: datetime) -> None:
    """Remove a user from the team, with their options and their pending offers."""
    lock_team(member.team)
    withdraw_from_leads(member, now)
    member.delete()


def withdraw_from_leads(member: TeamMember, now: datetime) -> None:
    """Options are for accepted members alone, and so are offers."""
    TeamMemberDistributionOption.objects.filter(team=member.team, user=member.user).delete()
    member_left.send(TeamMember, team=member.team, user=member.user, now=now)


def check_option(team: Team, user: User, *, by: User, beside: TeamMemberDistributionOption | None = None) -> None:
    """Refuse options that `by` may not set, or for a user who is not a member or already has options.

    Call it in a transaction: it locks the team, so that the member cannot leave in the meantime.
    """
    if not team.may_be_changed_by(by):
        raise NotYourTeam
    lock_team(team)
    if not TeamMember.objects.accepted().filter(team=team, user=user).exists():
        raise NotAMember(errors={"user_id": str(NotAMember.__doc__)})
    standing = TeamMemberDistributionOption.objects.filter(team=team, user=user).first()
    if standing is not None and standing != beside:
        raise HasOptions(data={"id": standing.pk})


def check_weights(team: Team) -> None:
    """Refuse a round robin in which all weights are 0. Call it when weights or the order method change."""
    options = TeamMemberDistributionOption.objects.filter(team=team, team__order_method=Team.OrderMethod.ROUND_ROBIN)
    weights = list(options.values_list("weight", flat=True))
    if weights and not any(weights):
        raise ZeroWeights(errors={"weight": str(ZeroWeights.__doc__)})


@transaction.atomic
def remove_option(option: TeamMemberDistributionOption) -> None:
    """Offer a member no leads any more. Who leaves the team is not kept by this: `withdraw_from_leads`."""
    lock_team(option.team)
    option.delete()
    try:
        if option.weight:
            check_weights(option.team)
    except ZeroWeights:
        raise OnlyTurn(option) from None


def lock_team(team: Team) -> None:
    """Let one request at a time change who belongs to the team."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
