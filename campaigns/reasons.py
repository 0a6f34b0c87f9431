"""The codes of why something planned by a campaign was not done, or at another time, with their texts. Pure."""

from django.db.models import TextChoices

from core.reasons import reason_codes


@reason_codes
class StopReason(TextChoices):
    """Why what was still to come of an enrollment was stopped, or the enrollment ended."""

    REPLIED = "replied", "The contact replied."
    DONE_BY_HAND = "done_by_hand", "It was marked as done."
    CHANGED_HANDS = "changed_hands", "Another agent now works with the contact, and sends it."
    CAMPAIGN_DELETED = "campaign_deleted", "The campaign was deleted."
    FINISHED = "finished", "Everything planned was done."


@reason_codes
class ScheduleReason(TextChoices):
    """Why an action happens at another time than it names, or never."""

    PAST = "past", "past: the date had passed at enrollment"
    AT_ONCE = "at_once", "immediately: the time of day had passed at enrollment"
    NEXT_DAY = "next_day", "next day: the time of day had passed at enrollment"
    RECURRENCE_ENDED = "recurrence_ended", "past: the recurrence had ended at enrollment"
    HELD_UNTIL = "held_until", "{because:reason} Held until {until:time}."

    BIRTHDAY_UNKNOWN = "birthday_unknown", "The contact's birthday is not known."
    BIRTHDAY_UNREADABLE = "birthday_unreadable", "The contact's birthday cannot be read as a date: {birthday}"
    BIRTHDAY_PAST = "birthday_past", "The birthday had passed."


@reason_codes
class ContentReason(TextChoices):
    """Why a due communication cannot be turned into a message."""

    NO_TEMPLATE = (
        "no_template",
        "There is no template: the action had none when the campaign started, or it was removed later.",
    )
    EMPTY_TEMPLATE = "empty_template", "The template is empty."
    NO_MOBILE_NUMBER = "no_mobile_number", "The contact has no mobile number."
    NO_PHONE_NUMBER = "no_phone_number", "The contact has no phone number."
    NO_EMAIL_ADDRESS = "no_email_address", "The contact has no email address."
    SENT_ALREADY = "sent_already", "Another contact with this number or address gets the same message of this campaign."
