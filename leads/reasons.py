"""The codes of what happens to leads and their offers, with their texts. Pure.

Why a member is not offered a lead: `teams.eligibility.SkipReason`. A text that is a sentence ends with a full stop.
"""

from typing import Final

from django.db.models import TextChoices

from core.reasons import reason_codes


@reason_codes
class EndReason(TextChoices):
    """Why an offer ended, besides the reasons of SkipReason."""

    LEAD_CLAIMED = "lead_claimed", "the lead was claimed"
    LEAD_MERGED = "lead_merged", "merged into {lead_id:lead}"
    CLAIMED_AS_DUPLICATE = "claimed_as_duplicate", "claimed as {lead_id:lead}"
    TAKEN_FROM_POND = "taken_from_pond", "claimed from the pond"
    DECLINED = "declined", "the offer was declined"
    WINDOW_ENDED = "window_ended", "the exclusive window ended"
    LEAD_REASSIGNED = "lead_reassigned", "reassigned to {user_id:user} by {actor_user_id:user}"
    LEAD_RETURNED = "lead_returned", "returned by {actor_user_id:user}"
    NOT_CONTACTED = "not_contacted_in_time", "the contact was not contacted in time"
    CONTACT_DELETED = "contact_deleted", "the contact was deleted"


# The lead itself ended, for every member: none of them was skipped.
LEAD_ENDED: Final = (EndReason.LEAD_CLAIMED, EndReason.LEAD_MERGED, EndReason.CLAIMED_AS_DUPLICATE)


@reason_codes
class RoutingReason(TextChoices):
    """The destination that routing chose."""

    NO_ROUTE_MATCHES = "no_route_matches", "No route matches: the lead goes to its owner."
    TO_OWNER = "routed_to_owner", "{route_id:Route} matches: the lead goes to its owner."
    TO_TEAM = "routed_to_team", "{route_id:Route} matches: the lead is offered to {team_id:team}."
    HELD_FOR_TEAM = (
        "held_for_team",
        "{route_id:Route} matches: the lead is offered to {team_id:team} when it opens, at {starts_at:time}.",
    )


@reason_codes
class FallbackReason(TextChoices):
    """The next destination of a lead that no member of a team claimed."""

    TO_TEAM = "fell_back_to_team", "{from_team_id:Team} falls back to {team_id:team}."
    TO_POND = "fell_back_to_pond", "{from_team_id:Team} falls back to its pond."
    TO_USER = "fell_back_to_user", "{from_team_id:Team} falls back to {user_id:user}."
    NO_FALLBACK = "no_fallback", "{from_team_id:Team} has no fallback: the lead waits for its owner."
    USER_UNAVAILABLE = (
        "fallback_user_unavailable",
        "{from_team_id:Team} falls back to {fallback_user_id:user}, who cannot get leads{because:because}. "
        "The lead waits for its owner.",
    )
    USER_HAD_LEAD = (
        "fallback_user_had_lead",
        "{from_team_id:Team} falls back to {fallback_user_id:user}, who had the lead already. "
        "The lead waits for its owner.",
    )
    TEAM_HAD_LEAD = (
        "fallback_team_had_lead",
        "{from_team_id:Team} falls back to {fallback_team_id:team}, which had the lead already. "
        "The lead waits for its owner.",
    )
    TOO_MANY = "too_many_fallbacks", "The lead fell back {count} times, the limit. It waits for its owner."


@reason_codes
class EventCode(TextChoices):
    """Events in the timeline of a lead."""

    RECEIVED = "lead_received", "{actor_user_id:User} created the lead."
    ROUTE_MATCHED = "route_matched", "{route_id:Route} matches."
    ROUTE_MISMATCHED = "route_mismatched", "{route_id:Route} does not match{because:because}."
    MEMBER_SKIPPED = "member_skipped", "{user_id:User} is skipped{because:because}."
    ROUND_ROBIN_BEGAN = "round_robin_began", "The round robin makes it {pointer_after:user}'s turn."
    ROUND_ROBIN_TURNED = (
        "round_robin_turned",
        "The round robin makes it {pointer_after:user}'s turn, after {pointer_before:user}'s.",
    )
    TURN_REASSIGNED = (
        "turn_reassigned",
        "{skipped_user_ids:users} had no turn after all: in the round robin it is {user_id:user}'s turn.",
    )
    TURN_UNUSED = (
        "turn_unused",
        "{skipped_user_ids:users} had no turn after all: the round robin counts no turn for them.",
    )

    ALERT_PLANNED = "alert_planned", "{user_id:User} will be alerted at {notify_at:time}."
    ALERT_PLANNED_NOW = "alert_planned_now", "{user_id:User} will be alerted immediately."
    ASSIGNMENT_PLANNED = "assignment_planned", "{user_id:User} will get the lead at {notify_at:time}."
    ASSIGNMENT_PLANNED_NOW = "assignment_planned_now", "{user_id:User} will get the lead immediately."
    TURN_BEGAN = "turn_began", "It is {user_id:user}'s turn."
    TURN_BEGAN_UNTIL = "turn_began_until", "It is {user_id:user}'s turn, until {closes_at:time}."

    CLAIMED = "claimed", "{user_id:User} claimed the lead."
    CLAIMED_IN_ADMIN = "claimed_in_admin", "{user_id:User} claimed the lead in the admin."
    CLAIMED_BY_API = "claimed_by_api", "{user_id:User} claimed the lead through the API."
    CLAIMED_BY_TEXT_LINK = "claimed_by_text_link", "{user_id:User} claimed the lead by the link in the text."
    CLAIMED_BY_EMAIL_LINK = "claimed_by_email_link", "{user_id:User} claimed the lead by the link in the email."
    CLAIMED_BY_TEXT_REPLY = "claimed_by_text_reply", "{user_id:User} claimed the lead by replying to the text."
    CLAIMED_BY_KEY_PRESS = "claimed_by_key_press", "{user_id:User} claimed the lead by pressing a key in the call."
    CLAIMED_BY_TEXT = "claimed_by_text", "{user_id:User} claimed the lead by text."
    CLAIMED_BY_EMAIL = "claimed_by_email", "{user_id:User} claimed the lead by email."
    CLAIMED_BY_PHONE = "claimed_by_phone", "{user_id:User} claimed the lead by phone."
    ASSIGNED_AUTOMATICALLY = "assigned_automatically", "{user_id:User} got the lead automatically at their turn."
    ASSIGNED = "assigned", "{user_id:User} was assigned the lead."
    OWNED = "owned", "The lead is assigned to {user_id:user}, who created it."
    OFFER_DECLINED = "offer_declined", "{user_id:User} declined."
    OFFER_EXPIRED = "offer_expired", "{user_id:User} did not answer during their exclusive window."
    OFFER_LOST = "offer_lost", "{user_id:User} was alerted but did not get the lead{because:because}."
    OFFER_CANCELLED = "offer_cancelled", "{user_id:User} is no longer offered the lead{because:because}."
    OFFER_RETURNED = "offer_returned", "{user_id:User} no longer has the lead{because:because}."

    EARLIER_CLAIM = "earlier_claim", "{user_id:User} claimed an earlier lead of this contact."
    EARLIER_CLAIMER_UNAVAILABLE = (
        "earlier_claimer_unavailable",
        "{earlier_claimer_user_id:User} claimed an earlier lead of this contact but cannot take this one "
        "now{because:because}.",
    )
    EARLIER_CLAIMER_LATER = (
        "earlier_claimer_later",
        "{earlier_claimer_user_id:User} claimed an earlier lead of this contact but cannot take this one "
        "now{because:because}. They get it when the route opens.",
    )
    OFFERED_TO_TEAM = "offered_to_team", "The lead is offered to {team_id:team}."
    OFFERED_AGAIN = "offered_again", "The lead is offered again to {team_id:team}, in round {round}."
    OFFERS_REQUESTED = "offers_requested", "{actor_user_id:User} requested offers."
    REASSIGNED = "reassigned", "{actor_user_id:User} reassigned the lead to {user_id:user}."
    RETURNED = "returned", "{actor_user_id:User} returned the lead."
    TAKEN_BACK = "taken_back", "{user_id:User} did not contact the lead in time, and lost it."
    DUPLICATE = "duplicate", "{lead_id:Lead} is a duplicate of {into_lead_id:lead}: the same inquiry, sent again."
    MERGED = "merged", "{actor_user_id:User} merged {lead_id:lead} into {into_lead_id:lead}."
    MERGED_AND_CONTINUED = (
        "merged_and_continued",
        "{actor_user_id:User} merged {lead_id:lead} into {into_lead_id:lead}, whose distribution continues.",
    )
    UNCLAIMED_ALERT = "unclaimed_alert", "The lead was not claimed in time: {user_id:user} was notified."
    CONTACTED = "contacted", "{user_id:User} contacted the contact."
    CONTACT_LOGGED = "contact_logged", "{user_id:User} logged a contact: {activity}."
    CONTACT_MESSAGED = "contact_messaged", "{user_id:User} contacted the contact by {channel}."

    ALERT_QUEUED = "alert_queued", "The {channel} to {user_id:user} was queued."
    ALERT_SENT = "alert_sent", "The {channel} to {user_id:user} was sent."
    ALERT_HELD = "alert_held", "The {channel} to {user_id:user} is held{because:because}."
    ALERT_IN_DOUBT = "alert_in_doubt", "The {channel} to {user_id:user} may have been sent{because:because}."
    ALERT_DELIVERED = "alert_delivered", "The {channel} to {user_id:user} was delivered."
    ALERT_UNDELIVERED = "alert_undelivered", "The {channel} to {user_id:user} was not delivered{because:because}."
    ALERT_FAILED = "alert_failed", "The {channel} to {user_id:user} failed{because:because}."
    ALERT_CANCELLED = "alert_cancelled", "The {channel} to {user_id:user} was canceled{because:because}."


@reason_codes
class NoRecipients(TextChoices):
    """Why a team's lead cannot be offered to any of its members."""

    ALL_SKIPPED = "no_member_available", "No member of {team_id:team} can be offered the lead: {skipped:members}."
    NONE_SET_UP = "no_member_set_up", "No member of {team_id:team} is set up to be offered leads."


# How a claim was made, by `Lead.claimed_through`; for older claims by `Lead.claimed_via`, LionDesk's channel.
_CLAIM_CODES: Final = {
    "admin": EventCode.CLAIMED_IN_ADMIN,
    "api": EventCode.CLAIMED_BY_API,
    "text_link": EventCode.CLAIMED_BY_TEXT_LINK,
    "email_link": EventCode.CLAIMED_BY_EMAIL_LINK,
    "text_reply": EventCode.CLAIMED_BY_TEXT_REPLY,
    "key_press": EventCode.CLAIMED_BY_KEY_PRESS,
    "automatic": EventCode.ASSIGNED_AUTOMATICALLY,
    "assignment": EventCode.ASSIGNED,
    "Text": EventCode.CLAIMED_BY_TEXT,
    "Email": EventCode.CLAIMED_BY_EMAIL,
    "Phone": EventCode.CLAIMED_BY_PHONE,
    "Auto": EventCode.ASSIGNED_AUTOMATICALLY,
    "Assigned": EventCode.ASSIGNED,
}


def claim_code(claimed_through: str | None, claimed_via: str) -> EventCode:
    """Return the event of a claim that was made this way."""
    return _CLAIM_CODES.get(claimed_through or "") or _CLAIM_CODES.get(claimed_via, EventCode.CLAIMED)
