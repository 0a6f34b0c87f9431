"""Errors of the emulated Twilio: codes, HTTP statuses and texts. Pure."""

from typing import Any

REASONS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL: {}"),
    21210: (
        400,
        "The source phone number provided, {}, is not yet verified for your account. You may only make calls from phone"
        " numbers that you've verified or purchased from Twilio.",
    ),
    21211: (400, "The 'To' number {} is not a valid phone number."),
    21212: (400, "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21213: (400, "A 'From' phone number is required."),
    21214: (400, "The phone number you are attempting to call, {}, cannot be reached."),
    21215: (400, "Account not authorized to call {}."),
    21216: (400, "Account not allowed to call {}"),
    21217: (400, "Phone number does not appear to be valid: {}"),
    21219: (400, "The number {} is unverified. Trial accounts may only make calls to verified numbers."),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}"),
    21421: (400, "PhoneNumber is invalid"),
    21422: (400, "{} is not available."),
    21452: (400, "No phone numbers found in area code {}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The From phone number {} is not a valid, SMS-capable inbound phone number or short code for your account.",
    ),
    21608: (
        400,
        "The number {} is unverified. Trial accounts cannot send messages to unverified numbers.",
    ),
    21609: (400, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' ({}) and/or 'From' parameters"),
    21614: (400, "'To' number {} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    63038: (429, "Account exceeded the daily messages limit"),
}

# Texts to these numbers, Twilio's own test recipients, are always refused.
TEST_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}

# Calls to them, too, by Twilio's other codes.
TEST_CALLEES = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}


class Refused(Exception):
    """Twilio refuses a request."""

    def __init__(self, code: int, what: str = "") -> None:
        """`what` is the number or address that the code's message speaks of."""
        super().__init__(code)
        self.code = code
        self.status, message = REASONS[code]
        self.message = message.format(what)

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}
