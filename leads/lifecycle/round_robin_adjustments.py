"""Correct round-robin credits when a member is skipped at their turn: the next member of the plan is charged.

The trace stores the credits of each turn, with its plan.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.reasons import Reason
from leads.distribution.roster import lock_round_robins
from leads.distribution.round_robin import RotationMember, SkippedAllocation, reassign_skipped
from leads.history.trace_log import trace_all, trace_entry
from leads.models import Lead, LeadOffer, RotationSlot, RoutingTrace, TraceEntry
from leads.reasons import EndReason, EventCode
from teams.models import Team
from teams.visibility import in_ids

Status = LeadOffer.Status

OFFER_COLUMNS = ("lead_id", "created_at", "team_id", "user_id", "pk", "status", "alerted_at", "end_code")


class OfferRow(NamedTuple):
    """The columns of one offer."""

    lead_id: int
    created_at: datetime
    team_id: int
    user_id: int
    id: int
    status: str
    alerted_at: datetime | None
    end_code: str

    @property
    def is_skipped(self) -> bool:
        """Whether the member was never alerted, although the lead was unclaimed."""
        return self.status == Status.CANCELLED and self.alerted_at is None and self.end_code != EndReason.LEAD_CLAIMED


class OfferBatch(NamedTuple):
    """Offers of one lead that were created together, in order, with their round-robin turn."""

    offers: Sequence[OfferRow]
    turn: SkippedAllocation

    @property
    def first(self) -> OfferRow:
        return self.offers[0]


Rotations = Mapping[tuple[int, datetime, int], Mapping[str, Any]]  # by lead id, time and user id of the turn


def reassign_skipped_turns(skipped: Collection[int], *, now: datetime) -> None:
    """Charge the turns of skipped offers to the next members. The caller has locked the leads."""
    plans = list(affected_batches(skipped)) if skipped else []
    if not plans:
        return
    teams = {plan.first.team_id for plan in plans}
    lock_round_robins(teams)
    save_credits(plans, teams)
    trace_all([adjustment_entry(plan, now) for plan in plans])


def affected_batches(skipped: Collection[int]) -> Iterator[OfferBatch]:
    """Return the batches in which the turn now goes to another member."""
    by_plan: dict[tuple[int, datetime], list[OfferRow]] = defaultdict(list)
    leads = LeadOffer.objects.filter(in_ids("pk", skipped)).values("lead")
    offers_of_rotation = LeadOffer.objects.filter(lead__in=leads, team__order_method=Team.OrderMethod.ROUND_ROBIN)
    for row in offers_of_rotation.order_by("position").values_list(*OFFER_COLUMNS):
        offer = OfferRow(*row)
        by_plan[offer.lead_id, offer.created_at].append(offer)
    rotations = load_rotations({lead_id for lead_id, _ in by_plan})
    for (lead_id, at), offers in by_plan.items():
        rotation = rotations.get((lead_id, at, offers[0].user_id))
        if rotation is not None and (allocation := skipped_allocation(offers, rotation, skipped)).changes_recipient:
            yield OfferBatch(offers, allocation)


def load_rotations(leads: Collection[int]) -> Rotations:
    """Return the round-robin turns of these leads, from their traces."""
    if not leads:
        return {}
    routed = RoutingTrace.objects.filter(in_ids("lead_id", leads), rotation__isnull=False)
    planned = TraceEntry.objects.filter(in_ids("lead_id", leads), details__rotation__turn__isnull=False).order_by()
    rows = (
        *routed.values_list("lead_id", "decided_at", "rotation"),
        *planned.values_list("lead_id", "at", "details__rotation"),
    )
    return {(lead_id, at, rotation["pointer_after"]): rotation for lead_id, at, rotation in rows}


def skipped_allocation(
    offers: Sequence[OfferRow], rotation: Mapping[str, Any], skipped: Collection[int]
) -> SkippedAllocation:
    """Return the turn before and after these offers were skipped."""
    skipped_offers = [offer for offer in offers if offer.is_skipped]
    return SkippedAllocation(
        order=[rotation_member_from_json(row) for row in rotation["places"]],
        number=rotation["turn"],
        offered=[offer.user_id for offer in offers],
        before=[offer.user_id for offer in skipped_offers if offer.id not in skipped],
        passed=[offer.user_id for offer in skipped_offers],
    )


def rotation_member_from_json(row: Mapping[str, int]) -> RotationMember:
    """Parse what leads.history.trace_log.rotation_member_json writes."""
    return RotationMember(row["user_id"], row["weight"], row["credit"], row["last_turn"])


def save_credits(plans: Sequence[OfferBatch], teams: Collection[int]) -> None:
    """Save the corrected credits. The round robins are locked."""
    rows: dict[int, dict[int, RotationSlot]] = defaultdict(dict)
    for row in RotationSlot.objects.filter(in_ids("team_id", teams)):
        rows[row.team_id][row.user_id] = row
    for team_id, slots in rows.items():
        turns = [plan.turn for plan in plans if plan.first.team_id == team_id]
        for user_id, place in reassign_skipped(rotation_members(slots), turns).items():
            slots[user_id].credit, slots[user_id].last_turn = place.credit, place.last_turn
    changed = [row for slots in rows.values() for row in slots.values()]
    RotationSlot.objects.bulk_update(changed, ["credit", "last_turn"])


def rotation_members(slots: Mapping[int, RotationSlot]) -> dict[int, RotationMember]:
    return {
        user_id: RotationMember(user_id, credit=row.credit, last_turn=row.last_turn) for user_id, row in slots.items()
    }


def adjustment_entry(plan: OfferBatch, now: datetime) -> TraceEntry:
    """Return the trace entry about the current turn."""
    skipped = [user_id for user_id in plan.turn.passed if user_id not in plan.turn.before]
    details = {"skipped_user_ids": skipped, "user_id": plan.turn.recipient, "team_id": plan.first.team_id}
    code = EventCode.TURN_UNUSED if plan.turn.recipient is None else EventCode.TURN_REASSIGNED
    return trace_entry(Lead(pk=plan.first.lead_id), TraceEntry.Kind.PLANNED, Reason(code, details), now)
