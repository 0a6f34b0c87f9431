"""Turns in a round robin whose members could not be told at their moment: the next ones of the plan pay for them.

What a turn cost stands in the trace, with the plan that it was taken for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.reasons import Reason
from leads.distribution.roster import lock_round_robins
from leads.distribution.round_robin import RotationMember, SkippedAllocation, reassign_skipped
from leads.history.trace_log import trace_all, trace_entry
from leads.models import Lead, LeadOffer, RotationPlace, RoutingTrace, TraceEntry
from leads.reasons import EndReason, EventCode
from teams.models import Team
from teams.visibility import any_of

Status = LeadOffer.Status

OFFER_COLUMNS = ("lead_id", "created_at", "team_id", "user_id", "pk", "status", "alerted_at", "end_code")


class OfferRow(NamedTuple):
    """A member's part in a plan."""

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
        """Whether the member was never told, though the lead was still to be had."""
        return self.status == Status.CANCELLED and self.alerted_at is None and self.end_code != EndReason.LEAD_CLAIMED


class OfferBatch(NamedTuple):
    """The offers of one lead that were made together, in order, with the turn that was taken for them."""

    offers: Sequence[OfferRow]
    turn: SkippedAllocation

    @property
    def first(self) -> OfferRow:
        return self.offers[0]


Rotations = Mapping[tuple[int, datetime, int], Mapping[str, Any]]  # by lead, moment, and whose turn it was


def reassign_skipped_turns(passed: Collection[int], *, now: datetime) -> None:
    """The members of these offers, whose leads the caller holds, were passed over: who was to pay for that does not."""
    plans = list(affected_batches(passed)) if passed else []
    if not plans:
        return
    teams = {plan.first.team_id for plan in plans}
    lock_round_robins(teams)
    save_credits(plans, teams)
    trace_all([adjustment_entry(plan, now) for plan in plans])


def affected_batches(passed: Collection[int]) -> Iterator[OfferBatch]:
    """Those in which the turn is another's now."""
    by_plan: dict[tuple[int, datetime], list[OfferRow]] = defaultdict(list)
    leads = LeadOffer.objects.filter(any_of("pk", passed)).values("lead")
    turning = LeadOffer.objects.filter(lead__in=leads, team__order_method=Team.OrderMethod.ROUND_ROBIN)
    for row in turning.order_by("position").values_list(*OFFER_COLUMNS):
        offer = OfferRow(*row)
        by_plan[offer.lead_id, offer.created_at].append(offer)
    rotations = load_rotations({lead_id for lead_id, _ in by_plan})
    for (lead_id, at), offers in by_plan.items():
        rotation = rotations.get((lead_id, at, offers[0].user_id))
        if rotation is not None and (missed := skipped_allocation(offers, rotation, passed)).changes_recipient:
            yield OfferBatch(offers, missed)


def load_rotations(leads: Collection[int]) -> Rotations:
    """The turns that were taken for these leads, as their traces tell."""
    if not leads:
        return {}
    routed = RoutingTrace.objects.filter(any_of("lead_id", leads), rotation__isnull=False)
    planned = TraceEntry.objects.filter(any_of("lead_id", leads), details__rotation__turn__isnull=False).order_by()
    rows = (
        *routed.values_list("lead_id", "decided_at", "rotation"),
        *planned.values_list("lead_id", "at", "details__rotation"),
    )
    return {(lead_id, at, rotation["pointer_after"]): rotation for lead_id, at, rotation in rows}


def skipped_allocation(
    offers: Sequence[OfferRow], rotation: Mapping[str, Any], passed: Collection[int]
) -> SkippedAllocation:
    """The turn as it stood before these were passed over, and as it stands now."""
    out = [offer for offer in offers if offer.is_skipped]
    return SkippedAllocation(
        order=[rotation_member_from_json(told) for told in rotation["places"]],
        number=rotation["turn"],
        offered=[offer.user_id for offer in offers],
        before=[offer.user_id for offer in out if offer.id not in passed],
        passed=[offer.user_id for offer in out],
    )


def rotation_member_from_json(told: Mapping[str, int]) -> RotationMember:
    """As leads.history.trace_log.rotation_member_json has it."""
    return RotationMember(told["user_id"], told["weight"], told["credit"], told["last_turn"])


def save_credits(plans: Sequence[OfferBatch], teams: Collection[int]) -> None:
    """Write down what these turns give and take now. The round robins are held."""
    rows: dict[int, dict[int, RotationPlace]] = defaultdict(dict)
    for row in RotationPlace.objects.filter(any_of("team_id", teams)):
        rows[row.team_id][row.user_id] = row
    for team_id, standing in rows.items():
        missed = [plan.turn for plan in plans if plan.first.team_id == team_id]
        for user_id, place in reassign_skipped(rotation_members(standing), missed).items():
            standing[user_id].credit, standing[user_id].last_turn = place.credit, place.last_turn
    changed = [row for standing in rows.values() for row in standing.values()]
    RotationPlace.objects.bulk_update(changed, ["credit", "last_turn"])


def rotation_members(standing: Mapping[int, RotationPlace]) -> dict[int, RotationMember]:
    return {
        user_id: RotationMember(user_id, credit=row.credit, last_turn=row.last_turn)
        for user_id, row in standing.items()
    }


def adjustment_entry(plan: OfferBatch, now: datetime) -> TraceEntry:
    """Whose turn it is now, for the lead's trace."""
    skipped = [user_id for user_id in plan.turn.passed if user_id not in plan.turn.before]
    details = {"skipped_user_ids": skipped, "user_id": plan.turn.recipient, "team_id": plan.first.team_id}
    code = EventCode.TURN_UNUSED if plan.turn.recipient is None else EventCode.TURN_REASSIGNED
    return trace_entry(Lead(pk=plan.first.lead_id), TraceEntry.Kind.PLANNED, Reason(code, details), now)
