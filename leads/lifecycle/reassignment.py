"""Reassign a claimed lead, return it to the pond, or take it back and offer it again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import Q, QuerySet

from core.errors import Conflict, DomainError, NotAllowed
from core.reasons import Reason
from crm.contact_actions import send_contacts_changed
from crm.models import Contact, ContactShare
from leads.distribution.offer_plan import Plan
from leads.history.offer_events import claim_details
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
    *("claimed_by_user", "claimed_at", "claimed_via", "claimed_through", "time_to_claim", "has_assigned_contact"),
    *("contacted_at", "contact_due_at", "distribution_round", "fallback_count", "modified_at"),
)


class NotClaimed(Conflict):
    """This lead is not claimed."""


class NoPond(DomainError):
    """This lead has no team, so it cannot be returned to a pond."""


class CannotAssign(DomainError):
    """This user cannot be assigned the lead."""


# Verbs


@transaction.atomic
def reassign(lead: Lead, user: User, *, actor: User, now: datetime) -> Lead:
    """Reassign a lead to another user. Allowed for the lead's owner and the team lead."""
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    require_reassigner(lead, actor)
    require_eligible_assignee(lead, user, actor)
    if lead.claimed_by_user_id == user.pk:
        return lead
    claimer = lead.claimed_by_user
    if claimer is not None:
        reason = Reason(EndReason.LEAD_REASSIGNED, {"user_id": user.pk, "actor_user_id": actor.pk})
        undo_claim(lead, claimer, reason=reason, now=now)
    message_ids = [
        *(notify_previous_claimer(lead, claimer, f"{actor} reassigned it to {user}.", now) if claimer else ()),
        *assign(lead, user, now=now),
    ]
    ids = {"user_id": user.pk, "from_user_id": claimer.pk if claimer else None, "alerts": message_ids}
    trace(lead, Kind.REASSIGNED, EventCode.REASSIGNED, now=now, actor=actor, **ids)
    return lead


@transaction.atomic
def return_lead(lead: Lead, *, actor: User, now: datetime) -> Lead:
    """Return a claimed lead to its team's pond. Allowed for its claimer and its owner."""
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    claimer, team = require_returnable(lead, actor)
    undo_claim(lead, claimer, reason=Reason(EndReason.LEAD_RETURNED, {"actor_user_id": actor.pk}), now=now)
    put_into_pond(lead, team, now)
    message_ids = (
        notify_previous_claimer(lead, claimer, f"{actor} returned it to the pond.", now) if claimer != actor else []
    )
    message_ids += notices.notify_pond([lead], now=now, exclude_user_ids={actor.pk, claimer.pk})[lead.pk]
    trace(lead, Kind.RETURNED, EventCode.RETURNED, now=now, actor=actor, user_id=claimer.pk, alerts=message_ids)
    return lead


def put_into_pond(lead: Lead, team: Team, now: datetime) -> None:
    """Put the lead into the pond. The team lead is alerted if no member claims it in time."""
    lead.ponded_at = now
    lead.alarm_at = None if team.mins_until_alarm is None else now + timedelta(minutes=team.mins_until_alarm)
    lead.save(update_fields=["ponded_at", "alarm_at"])


def take_back(leads: Sequence[Lead], *, now: datetime) -> None:
    """Take back locked leads whose claimers did not contact the person in time, and offer them to others."""
    trace_all([take_back_one(lead, now) for lead in leads])
    reoffer(leads, now)


def take_back_one(lead: Lead, now: datetime) -> TraceEntry:
    """Undo one claim and notify its claimer. Return the trace entry."""
    claimer = cast(User, lead.claimed_by_user)
    undo_claim(lead, claimer, reason=Reason(EndReason.NOT_CONTACTED), now=now)
    message_ids = notify_previous_claimer(lead, claimer, "The contact was not contacted in time.", now)
    reason = Reason(EventCode.TAKEN_BACK, {"user_id": claimer.pk, "alerts": message_ids})
    return trace_entry(lead, Kind.TAKEN_BACK, reason, now)


def notify_previous_claimer(lead: Lead, claimer: User, reason: str, now: datetime) -> list[int]:
    """Notify the user who loses the lead. Return the ids of the messages."""
    return notices.notify_unassigned(lead, claimer, reason, now=now)[lead.pk]


def reoffer(leads: Sequence[Lead], now: datetime) -> None:
    """Offer the leads in a new round, except to members who declined or had them."""
    plans = offer_all(leads, load_histories(leads), now=now)
    trace_all([reoffer_entry(lead, plans[lead.pk], now) for lead in leads if not plans[lead.pk].is_empty])


def reoffer_entry(lead: Lead, plan: Plan, now: datetime) -> TraceEntry:
    reason = Reason(EventCode.OFFERED_AGAIN, {"team_id": lead.team_id, "round": lead.distribution_round})
    return trace_entry(lead, Kind.PLANNED, reason, now, plan)


# What taking a lead undoes


def undo_claim(lead: Lead, user: User, *, reason: Reason, now: datetime) -> None:
    """Undo the claim of a locked lead and begin a new round. The caller decides where the lead goes."""
    log_previous_claim(lead, user, now)
    mark_offer_returned(lead, user, reason, now)
    revoke_contact_access(lead, user, now)
    lead.claimed_by_user = lead.claimed_at = lead.time_to_claim = lead.contacted_at = lead.contact_due_at = None
    lead.claimed_via, lead.claimed_through, lead.has_assigned_contact = Lead.ClaimedVia.NONE, None, False
    lead.distribution_round, lead.fallback_count, lead.modified_at = lead.distribution_round + 1, 0, now
    lead.save(update_fields=CLAIM_FIELDS)


def log_previous_claim(lead: Lead, user: User, now: datetime) -> None:
    """Trace how the user claimed the lead, because neither the lead nor the offer keeps it."""
    actor = None if lead.claimed_via in (Lead.ClaimedVia.AUTO, Lead.ClaimedVia.ASSIGNED) else user
    code, at = claim_code(lead.claimed_through, lead.claimed_via), lead.claimed_at or now
    trace(lead, Kind.CLAIMED, code, now=at, actor=actor, user_id=user.pk, **claim_details(lead))


def mark_offer_returned(lead: Lead, user: User, reason: Reason, now: datetime) -> None:
    """Mark the user's offer of this round as returned; create it if the lead was assigned without an offer."""
    returned = {"status": Status.RETURNED, "settled_at": now} | end_columns(reason)
    offers = LeadOffer.objects.filter(lead=lead, user=user, round=lead.distribution_round)
    cancel_all_messages(offers, reason=reason, now=now)
    if offers.update(**returned) or lead.team is None:
        return
    created = {
        "team": lead.team,
        "position": lead.offers.count(),
        "notify_at": lead.claimed_at or now,
        "created_at": now,
    }
    LeadOffer.objects.create(lead=lead, user=user, round=lead.distribution_round, **created, **returned)


def revoke_contact_access(lead: Lead, user: User, now: datetime) -> None:
    """Revoke the contact access this claim granted, unless the user holds another lead of the contact."""
    shares = ContactShare.objects.filter(contact=lead.contact_id, user=user, created_at=lead.claimed_at or now)
    others = Lead.objects.filter(contact=lead.contact_id, claimed_by_user=user, merged_into=None).exclude(pk=lead.pk)
    others = others.order_by("claimed_at", "pk")
    if other := others.first():  # which keeps the access
        shares.update(created_at=other.claimed_at)
        if lead.has_assigned_contact:
            transfer_contact_grant(others)
        return
    shares.delete()
    if lead.has_assigned_contact:
        unassign_contact(lead.contact, user, now)


def transfer_contact_grant(others: LeadQuerySet) -> None:
    """Let the first of these leads keep the assignment of the contact.

    A lead that another transaction has locked is skipped: it may record a first contact and wait for this one, and
    waiting for it while the contact is locked could deadlock.
    """
    free = others.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:1]
    Lead.objects.filter(pk__in=list(free)).update(has_assigned_contact=True)


def unassign_contact(contact: Contact, user: User, now: datetime) -> None:
    if Contact.objects.filter(pk=contact.pk, assigned_user=user).update(assigned_user=None, modified_at=now):
        contact.assigned_user = None
        send_contacts_changed([contact], {"assigned_user"}, now=now)


# Permissions


def require_reassigner(lead: Lead, actor: User) -> None:
    creator = lead.team.creator_id if lead.team else None
    if actor.pk not in (lead.owner_user_id, creator):
        raise NotAllowed("Only the owner of this lead and the creator of its team can reassign it.")


def require_returnable(lead: Lead, actor: User) -> tuple[User, Team]:
    """Return the claimer and the team of the lead. Raise NotClaimed, NotAllowed or NoPond."""
    claimer = lead.claimed_by_user
    if claimer is None:
        raise NotClaimed
    if actor.pk not in (claimer.pk, lead.owner_user_id):
        raise NotAllowed("Only the user who claimed this lead and its owner can return it.")
    if lead.team is None:
        raise NoPond
    return claimer, lead.team


def eligible_assignees(lead: Lead, actor: User) -> QuerySet[User]:
    """Return whom the actor may assign the lead: its owner, its team's members and the actor's own teammates."""
    reach = Q(pk__in=User.objects.within_reach_of(actor).values("pk"))
    members = Q(pk__in=TeamMember.objects.accepted().filter(team=lead.team_id).values("user"))
    return User.objects.filter(reach | members | Q(pk=lead.owner_user_id), is_active=True)


def require_eligible_assignee(lead: Lead, user: User, actor: User) -> None:
    if not eligible_assignees(lead, actor).filter(pk=user.pk).exists():
        message = f"user_id: user {user.pk} cannot be assigned this lead."
        raise CannotAssign(message, errors={"user_id": message})
