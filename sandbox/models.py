"""What the emulated carrier, the mailbox and the test clock remember. None of it is a row of the product.

Nothing here points at a product table: the emulator's process loads this app alone.
"""

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


def message_sid() -> str:
    """A new id for a message, of Twilio's form."""
    return f"SM{uuid4().hex}"


def call_sid() -> str:
    """A new id for a call, of Twilio's form."""
    return f"CA{uuid4().hex}"


def number_sid() -> str:
    """A new id for a number the account owns, of Twilio's form."""
    return f"PN{uuid4().hex}"


class Clock(models.Model):
    """How far business time is ahead of real time. One row, or none before the first move."""

    ahead = models.DurationField(default=timedelta())
    # Where the clock stops while it is moved. Ignored without the mover's lock.
    standing_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_clock")]

    def __str__(self) -> str:
        return f"{self.ahead} ahead"


class EmulatedNumber(models.Model):
    """A number the account has bought."""

    sid = models.CharField(max_length=34, unique=True, default=number_sid)
    number = models.CharField(max_length=16, unique=True)
    friendly_name = models.TextField(default="")
    sms_url = models.TextField(default="")  # where inbound texts are announced; empty: the service's own webhook
    bought_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.number


class EmulatedText(models.Model):
    """One line of the carrier's ledger: a text the service sent, or one a handset sent to it."""

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound-api"

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DELIVERED = "delivered"
        UNDELIVERED = "undelivered"
        FAILED = "failed"
        RECEIVED = "received"

    sid = models.CharField(max_length=34, unique=True, default=message_sid)
    direction = models.CharField(max_length=12, choices=Direction.choices)
    sender = models.CharField(max_length=16)
    recipient = models.CharField(max_length=16)
    body = models.TextField()
    media = models.JSONField(default=list)
    segments = models.IntegerField()
    status = models.CharField(max_length=11, choices=Status.choices)
    error_code = models.IntegerField(null=True)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Read by Twilio's list of messages (reconciliation asks by both numbers) and by GET /sandbox/texts.
            models.Index(fields=["recipient", "sender", "-id"], name="text_by_recipient"),
            models.Index(fields=["sender", "-id"], name="text_by_sender"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} to {self.recipient}: {self.status}"


class EmulatedCall(models.Model):
    """A call the service made, and how far it has got."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        INITIATED = "initiated"
        RINGING = "ringing"
        IN_PROGRESS = "in-progress"
        COMPLETED = "completed"
        BUSY = "busy"
        NO_ANSWER = "no-answer"
        FAILED = "failed"

    sid = models.CharField(max_length=34, unique=True, default=call_sid)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="legs")  # which dialled it
    sender = models.CharField(max_length=16)
    recipient = models.CharField(max_length=16)
    url = models.TextField()  # the URL that returns the TwiML; of a leg, the URL for its end
    says = models.TextField(default="")  # the texts so far, one per line
    # The TwiML that waits, for a key or the end of a leg, and its verb; empty if nothing is waiting.
    document = models.TextField(default="")
    verb = models.IntegerField(default=0)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.QUEUED)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        # Read by Twilio's list of calls (reconciliation asks by both numbers) and by GET /sandbox/calls.
        indexes = [models.Index(fields=["recipient", "sender", "-id"], name="call_by_recipient")]

    def __str__(self) -> str:
        return f"{self.sender} calls {self.recipient}: {self.status}"

    @property
    def seconds(self) -> int:
        """How long was spoken."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return int((self.ended_at - self.answered_at).total_seconds())


class Callback(models.Model):
    """A status change of a text or a call that falls due, and its callback URL. Removed when done."""

    text = models.ForeignKey(EmulatedText, on_delete=models.CASCADE, null=True, related_name="callbacks")
    call = models.ForeignKey(EmulatedCall, on_delete=models.CASCADE, null=True, related_name="callbacks")
    status = models.CharField(max_length=11)
    error_code = models.IntegerField(null=True)
    url = models.TextField(default="")  # empty: no callback
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()

    class Meta:
        # Read by sandbox.twilio.callbacks, which claims in this order.
        indexes = [models.Index(fields=["due_at", "id"], name="callback_due")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(text__isnull=True, call__isnull=False)
                | models.Q(text__isnull=False, call__isnull=True),
                name="callback_of_text_or_call",
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.due_at}"


class Block(models.Model):
    """A handset that texted STOP to one of the numbers: the carrier refuses texts of this pair (21610)."""

    sender = models.CharField(max_length=16)
    recipient = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "recipient"], name="one_block_per_pair")]

    def __str__(self) -> str:
        return f"{self.recipient} stopped {self.sender}"


class Fault(models.Model):
    """One failure that awaits the next text or call the service hands over. Each row is used once, oldest first."""

    kind = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.kind


class Email(models.Model):
    """An email the service sent, as the sandbox's mailbox received it."""

    sender = models.TextField()
    to = models.TextField()
    recipients = ArrayField(models.TextField())  # bare addresses in lower case, copies included
    subject = models.TextField()
    text = models.TextField()
    html = models.TextField()
    headers = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        indexes = [GinIndex(fields=["recipients"], name="email_by_recipient")]  # read by GET /sandbox/emails?to=

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
