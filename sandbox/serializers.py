"""The sandbox's rows as JSON."""

from datetime import timedelta
from typing import Any, ClassVar

from rest_framework import serializers

from api.fields import LenientChoice, LenientDateTime, LenientField, LenientInteger, LenientSerializer, LenientText
from sandbox.durations import read_duration
from sandbox.models import Email, EmulatedCall, EmulatedText
from sandbox.twilio import fault_injection
from sandbox.twilio.messages import LONGEST_BODY
from sandbox.twilio.phone_numbers import e164
from sandbox.twilio.webhooks import is_address

MOST_MEDIA = 10
MOST_FAULTS = 1000
ENDINGS = ("completed", "busy", "no-answer", "failed")  # of a call that another has dialled


class Number(LenientField):
    """A telephone number, however it is written."""

    def read(self, value: object) -> str:
        number = e164(value) if isinstance(value, str) else None
        if number is None:
            raise ValueError("must be a telephone number such as +19495550123.")
        return number


class Media(LenientField):
    """The addresses of a text's pictures: a list, or a single one."""

    schema: ClassVar[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}
    takes_several = True

    def read(self, value: object) -> list[str]:
        urls = [value] if isinstance(value, str) else value
        if not isinstance(urls, list) or not all(isinstance(url, str) and is_address(url) for url in urls):
            raise ValueError("must be a list of addresses such as https://example.com/house.jpg.")
        if len(urls) > MOST_MEDIA:
            raise ValueError(f"may name at most {MOST_MEDIA} files.")
        return urls


class Digit(LenientField):
    """A key of a telephone."""

    def read(self, value: object) -> str:
        key = str(value)
        if len(key) != 1 or key not in "0123456789*#":
            raise ValueError("must be one key of a telephone: 0 to 9, * or #.")
        return key


class Duration(LenientField):
    """A span of time."""

    def read(self, value: object) -> timedelta:
        return read_duration(value)


class TextSerializer(LenientSerializer[EmulatedText]):
    """A text as a handset or the carrier's ledger has it."""

    locals()["from"] = Number(source="sender")  # `from` is a Python keyword
    to = Number(source="recipient")
    body = LenientText(default="", allow_blank=True, max_length=LONGEST_BODY)
    media = Media(default=list)

    class Meta:
        model = EmulatedText
        example = {
            "sid": "SM00000000000000000000000000000001",
            "from": "+19495550123",
            "to": "+19495550100",
            "body": "1",
            "media": [],
            "status": "received",
            "at": "2018-01-16T09:09:09.000Z",
        }
        fields = ["sid", "from", "to", "body", "media", "status", "at"]
        read_only_fields = ["sid", "status", "at"]


class CallSerializer(LenientSerializer[EmulatedCall]):
    """A call in the carrier's ledger; `says` contains the spoken texts so far, one per line."""

    locals()["from"] = Number(source="sender")
    to = Number(source="recipient")

    class Meta:
        model = EmulatedCall
        example = {
            "sid": "CA00000000000000000000000000000001",
            "from": "+19495550100",
            "to": "+19495550112",
            "says": "New lead: Mary Jackson, Buyer, Irvine. Press 1 to claim it.",
            "status": "in-progress",
            "at": "2018-01-16T09:09:09.000Z",
        }
        fields = ["sid", "from", "to", "says", "status", "at"]
        read_only_fields = fields


class PressSerializer(serializers.Serializer[Any]):
    """What the called person does: presses a key or, if dialed by another call, answers it or not."""

    digits = Digit(required=False)
    status = LenientChoice(choices=ENDINGS, required=False)
    seconds = LenientInteger(min_value=0, max_value=86_400, default=60)

    class Meta:
        example = {"digits": "1"}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("digits" in attrs) == ("status" in attrs):
            raise serializers.ValidationError({"digits": "or status is required, and not both."})
        return attrs


class EmailSerializer(LenientSerializer[Email]):
    """An email of the mailbox."""

    locals()["from"] = LenientText(source="sender")

    class Meta:
        model = Email
        example = {
            "to": "dorothy@example.com",
            "from": "Pridedesk <crm@example.com>",
            "subject": "New lead: Mary Jackson",
            "text": "Mary Jackson asks about 171 Lake Washington Blvd E.",
            "html": "",
            "headers": {},
            "at": "2018-01-16T09:09:09.000Z",
        }
        fields = ["to", "from", "subject", "text", "html", "headers", "at"]
        read_only_fields = fields


class ClockSerializer(serializers.Serializer[Any]):
    """What time it is for the business."""

    now = LenientDateTime(read_only=True)

    class Meta:
        example = {"now": "2018-01-16T09:09:09.000Z"}


class MoveSerializer(serializers.Serializer[Any]):
    """How far the clock is moved, or to which time."""

    advance = Duration(required=False, allow_null=True)
    set = LenientDateTime(required=False, allow_null=True)

    class Meta:
        example = {"advance": "2 days"}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("advance", "set") if attrs.get(name) is not None]
        if len(given) != 1:
            raise serializers.ValidationError({"advance": "or set must be given, and not both."})
        return attrs


class FaultSerializer(serializers.Serializer[Any]):
    """What the next texts and calls shall meet."""

    next = LenientInteger(default=1, min_value=1, max_value=MOST_FAULTS)
    kind = LenientChoice(choices=fault_injection.KINDS)

    class Meta:
        example = {"next": 1, "kind": "30007"}
