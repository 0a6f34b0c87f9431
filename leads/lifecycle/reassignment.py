"""Taking a lead from whoever has it: to be offered again, for somebody else, or back into the pond."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import Q, QuerySet

from core.errors import Conflict, DomainError, NotAllowed
from core.reasons import Reason
from crm.contact_actions import tell_of_change
from crm.models import Contact, ContactShare
from leads.distribution.offer_plan import Plan
from leads.history.timeline import claim_details
from leads.history.trace_log import trace, trace_all, trace_entry
from leads.lifecycle.claims import cancel_all_messages, end_columns, lock_lead, require_not_merged
from leads.lifecycle.offers import assign, load_histories, offer_all
from leads.models import Lead, LeadOffer, LeadQuerySet, TraceEntry
from leads.notifications import notices
from leads.reasons import EndReason, EventCode, claim_code
from teams.models import Team, TeamMember, User

Status = LeadOffer.Status
Kind = TraceEntry.Kind

CLAIM_FIELDS = (
    *("claimed_by_user", "claimed_at", "claimed_via", "claimed_through", "time_to_claim", "is_contact_given"),
    *("contacted_at", "contact_due_at", "round", "hop", "modified_at"),
)


class NotClaimed(Conflict):
    """Nobody has claimed this lead."""


class NoPond(DomainError):
    """This lead has no team, and so no pond to return to."""


class CannotAssign(DomainError):
    """This user cannot be given the lead."""


# Verbs


@transaction.atomic
def reassign(lead: Lead, user: User, *, actor: User, now: datetime) -> Lead:
    """Give a lead to another user, whoever has it; the lead's owner and its team's creator may."""
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    require_reassigner(lead, actor)
    require_eligible_assignee(lead, user, actor)
    if lead.claimed_by_user_id == user.pk:
        return lead
    loser = lead.claimed_by_user
    if loser is not None:
        reason = Reason(EndReason.LEAD_REASSIGNED, {"user_id": user.pk, "actor_user_id": actor.pk})
        undo_claim(lead, loser, reason=reason, now=now)
    told = [
        *(notify_previous_claimer(lead, loser, f"{actor} has given it to {user}.", now) if loser else ()),
        *assign(lead, user, now=now),
    ]
    ids = {"user_id": user.pk, "from_user_id": loser.pk if loser else None, "alerts": told}
    trace(lead, Kind.REASSIGNED, EventCode.REASSIGNED, now=now, actor=actor, **ids)
    return lead


@transaction.atomic
def return_lead(lead: Lead, *, actor: User, now: datetime) -> Lead:
    """Put a claimed lead back into its team's pond; whoever has it and its owner may."""
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    loser, team = require_returnable(lead, actor)
    undo_claim(lead, loser, reason=Reason(EndReason.LEAD_RETURNED, {"actor_user_id": actor.pk}), now=now)
    put_into_pond(lead, team, now)
    told = (
        notify_previous_claimer(lead, loser, f"{actor} has put it back into the pond.", now) if loser != actor else []
    )
    told += notices.tell_of_pond([lead], now=now, but={actor.pk, loser.pk})[lead.pk]
    trace(lead, Kind.RETURNED, EventCode.RETURNED, now=now, actor=actor, user_id=loser.pk, alerts=told)
    return lead


def put_into_pond(lead: Lead, team: Team, now: datetime) -> None:
    """From now on any member of its team may take the lead; whoever leads the team hears of it if nobody does."""
    lead.ponded_at = now
    lead.alarm_at = None if team.mins_until_alarm is None else now + timedelta(minutes=team.mins_until_alarm)
    lead.save(update_fields=["ponded_at", "alarm_at"])


def take_back(leads: Sequence[Lead], *, now: datetime) -> None:
    """Nobody was contacted in time: these leads, which the caller holds, are offered again, to others."""
    trace_all([take_back_one(lead, now) for lead in leads])
    reoffer(leads, now)


def take_back_one(lead: Lead, now: datetime) -> TraceEntry:
    """Take one of them, tell who had it, and say so for its trace."""
    loser = cast(User, lead.claimed_by_user)
    undo_claim(lead, loser, reason=Reason(EndReason.NOT_CONTACTED), now=now)
    told = notify_previous_claimer(lead, loser, "Nobody was contacted in time.", now)
    reason = Reason(EventCode.TAKEN_BACK, {"user_id": loser.pk, "alerts": told})
    return trace_entry(lead, Kind.TAKEN_BACK, reason, now)


def notify_previous_claimer(lead: Lead, loser: User, reason: str, now: datetime) -> list[int]:
    """The ids of the messages."""
    return notices.tell_of_loss(lead, loser, reason, now=now)[lead.pk]


def reoffer(leads: Sequence[Lead], now: datetime) -> None:
    """In a new round, to everybody of their teams but those who said no or had them."""
    plans = offer_all(leads, load_histories(leads), now=now)
    trace_all([reoffer_entry(lead, plans[lead.pk], now) for lead in leads if not plans[lead.pk].is_empty])


def reoffer_entry(lead: Lead, plan: Plan, now: datetime) -> TraceEntry:
    reason = Reason(EventCode.OFFERED_AGAIN, {"team_id": lead.team_id, "round": lead.round})
    return trace_entry(lead, Kind.PLANNED, reason, now, plan)


# What taking a lead undoes


def undo_claim(lead: Lead, user: User, *, reason: Reason, now: datetime) -> None:
    """Undo a claim: the lead is nobody's, in a new round. The caller holds it and says what becomes of it."""
    log_previous_claim(lead, user, now)
    mark_offer_returned(lead, user, reason, now)
    revoke_contact_access(lead, user, now)
    lead.claimed_by_user = lead.claimed_at = lead.time_to_claim = lead.contacted_at = lead.contact_due_at = None
    lead.claimed_via, lead.claimed_through, lead.is_contact_given = Lead.ClaimedVia.NONE, None, False
    lead.round, lead.hop, lead.modified_at = lead.round + 1, 0, now
    lead.save(update_fields=CLAIM_FIELDS)


def log_previous_claim(lead: Lead, user: User, now: datetime) -> None:
    """Note how they came to have it, of which neither the lead nor their offer will tell any more."""
    actor = None if lead.claimed_via in (Lead.ClaimedVia.AUTO, Lead.ClaimedVia.ASSIGNED) else user
    code, at = claim_code(lead.claimed_through, lead.claimed_via), lead.claimed_at or now
    trace(lead, Kind.CLAIMED, code, now=at, actor=actor, user_id=user.pk, **claim_details(lead))


def mark_offer_returned(lead: Lead, user: User, reason: Reason, now: datetime) -> None:
    """Note on their offer of this round that they had the lead; whoever was given it may not have one."""
    told = {"status": Status.RETURNED, "settled_at": now} | end_columns(reason)
    own = LeadOffer.objects.filter(lead=lead, user=user, round=lead.round)
    cancel_all_messages(own, reason=reason, now=now)
    if own.update(**told) or lead.team is None:
        return
    made = {"team": lead.team, "position": lead.offers.count(), "notify_at": lead.claimed_at or now, "created_at": now}
    LeadOffer.objects.create(lead=lead, user=user, round=lead.round, **made, **told)


def revoke_contact_access(lead: Lead, user: User, now: datetime) -> None:
    """They work with the contact no more, as far as they do by this claim and have no other lead of it."""
    shares = ContactShare.objects.filter(contact=lead.contact_id, user=user, created_at=lead.claimed_at or now)
    others = Lead.objects.filter(contact=lead.contact_id, claimed_by_user=user, merged_into=None).exclude(pk=lead.pk)
    others = others.order_by("claimed_at", "pk")
    if other := others.first():  # by which they do so from now on
        shares.update(created_at=other.claimed_at)
        if lead.is_contact_given:
            transfer_contact_grant(others)
        return
    shares.delete()
    if lead.is_contact_given:
        unassign_contact(lead.contact, user, now)


def transfer_contact_grant(others: LeadQuerySet) -> None:
    """The contact is theirs by the first of these leads from now on.

    Whoever holds the contact waits for no further lead: one that somebody holds nevertheless, noting a contact, may be
    waiting for this one.
    """
    free = others.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:1]
    Lead.objects.filter(pk__in=list(free)).update(is_contact_given=True)


def unassign_contact(contact: Contact, user: User, now: datetime) -> None:
    if Contact.objects.filter(pk=contact.pk, assigned_user=user).update(assigned_user=None, modified_at=now):
        contact.assigned_user = None
        tell_of_change([contact], {"assigned_user"}, now=now)


# Who may


def require_reassigner(lead: Lead, actor: User) -> None:
    creator = lead.team.creator_id if lead.team else None
    if actor.pk not in (lead.owner_user_id, creator):
        raise NotAllowed("Only the owner of this lead, and the creator of its team, reassign it.")


def require_returnable(lead: Lead, actor: User) -> tuple[User, Team]:
    """Who has the lead, and into whose pond it goes; unless the actor may not return it."""
    loser = lead.claimed_by_user
    if loser is None:
        raise NotClaimed
    if actor.pk not in (loser.pk, lead.owner_user_id):
        raise NotAllowed("Only who has claimed this lead, and its owner, return it.")
    if lead.team is None:
        raise NoPond
    return loser, lead.team


def eligible_assignees(lead: Lead, actor: User) -> QuerySet[User]:
    """Leads go to colleagues: to the owner, to teammates of the lead's team and of whoever reassigns it."""
    reach = Q(pk__in=User.objects.within_reach_of(actor).values("pk"))
    members = Q(pk__in=TeamMember.objects.accepted().filter(team=lead.team_id).values("user"))
    return User.objects.filter(reach | members | Q(pk=lead.owner_user_id), is_active=True)


def require_eligible_assignee(lead: Lead, user: User, actor: User) -> None:
    if not eligible_assignees(lead, actor).filter(pk=user.pk).exists():
        message = f"user_id {user.pk} is nobody to whom you can give this lead."
        raise CannotAssign(message, errors={"user_id": message})
