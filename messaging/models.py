"""Messages out and in, the numbers they travel between, consent, and templates."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from core import clock
from core.db.reason_columns import ReasonColumns
from crm.models import Contact, OwnedQuerySet
from teams.models import User


class PhoneNumber(models.Model):
    """A number we text from. Its user's texts to contacts are sent from it, and texts to it belong to the user."""

    number = models.CharField(max_length=16, unique=True)  # E.164
    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="phone_number")
    provider_sid = models.CharField(max_length=34, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.number


class TemplateFolder(models.Model):
    """Where a user keeps templates."""

    user = models.ForeignKey(User, models.PROTECT, related_name="template_folders")
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=200, blank=True)
    original_template_folder = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="copies"
    )

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk


class Template(models.Model):
    """A text to send, with merge fields (`messaging.content.merge_fields`).

    What may be saved: `messaging.content.rendering.body_fault`.
    """

    class TemplateType(models.TextChoices):
        EMAIL = "Email"
        TEXT = "Text"
        PHONE = "Phone"
        LETTER = "Direct Mail Letter"
        POSTCARD = "Direct Mail Postcard"

    user = models.ForeignKey(User, models.PROTECT, related_name="templates")
    template_folder = models.ForeignKey(TemplateFolder, models.CASCADE, related_name="templates")
    template_type = models.CharField(max_length=20, choices=TemplateType.choices)
    subject = models.CharField(max_length=1000, blank=True)
    description = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    file_id = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.description or self.subject or f"template {self.pk}"

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk


class MessageQuerySet(models.QuerySet["Message"]):
    """Questions about messages."""

    def visible_to(self, user: User) -> MessageQuerySet:
        """Messages to or from the user, or of a contact they see. Codes are read only on the phone."""
        mine = models.Q(user=user) & ~models.Q(purpose=Message.Purpose.CODE)
        return self.filter(mine | models.Q(contact__in=Contact.objects.visible_to(user).values("pk")))

    def conversation(self) -> MessageQuerySet:
        """Messages to and from a contact. Alerts about a contact are for users."""
        return self.filter(purpose__in=Message.IN_CONVERSATION)

    def rings(self) -> MessageQuerySet:
        """Calls to our users that a key connects with a contact."""
        return self.filter(channel=Message.Channel.CALL, purpose=Message.Purpose.ALERT, contact__isnull=False)

    def waiting(self) -> MessageQuerySet:
        """Not yet taken for sending: what may still be cancelled."""
        return self.filter(status__in=Message.WAITING)


class Message(ReasonColumns):
    """One logical text, email or call, outbound or inbound: the outbox and the log.

    `code` and `details` (messaging.reasons, leads.reasons, campaigns.reasons) are the reason why it is held, canceled
    or failed.
    """

    class Channel(models.TextChoices):
        TEXT = "text"
        EMAIL = "email"
        CALL = "call"  # `body` is read out by a synthetic voice, if there is one (messaging.inbound.call_keys, .manual)

    class Purpose(models.TextChoices):
        ALERT = "alert"  # to one of our users
        CODE = "code"  # to a user's phone, to confirm that it is theirs
        NOTICE = "notice"  # a courtesy to a client that the law or a carrier asks for
        PERSONAL = "personal"  # written by a person to a client
        CAMPAIGN = "campaign"  # from a drip to a client
        INBOUND = "inbound"

    class Status(models.TextChoices):
        QUEUED = "queued"
        HELD = "held"  # waits until `not_before`; the reason is in `code`
        SENDING = "sending"  # taken by a worker until `leased_until`
        UNKNOWN = "unknown"  # may have been sent: looked up before anything else
        SENT = "sent"
        DELIVERED = "delivered"
        UNDELIVERED = "undelivered"
        FAILED = "failed"
        CANCELLED = "cancelled"
        RECEIVED = "received"

    class Automatic(models.TextChoices):
        """What a handset or a service sent in a person's name; "" is what a person wrote."""

        REACTION = "reaction"  # `Liked "..."`
        AUTO_REPLY = "auto_reply"  # out of office, driving

    IN_CONVERSATION = (Purpose.PERSONAL, Purpose.CAMPAIGN, Purpose.NOTICE, Purpose.INBOUND)
    TO_USERS = (Purpose.ALERT, Purpose.CODE)
    WAITING = (Status.QUEUED, Status.HELD)
    IN_FLIGHT = (Status.SENDING, Status.UNKNOWN)
    BY_NUMBER = (Channel.TEXT, Channel.CALL)  # an opt-out from texts holds for calls, too

    channel = models.CharField(max_length=5, choices=Channel.choices)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.QUEUED)

    # The recipient of alerts, the sender of texts to contacts, the owner of the number of inbound texts.
    # Its index is `message_of_user`.
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="messages")
    # Messages stay when their contact goes, keyed by number. Its index is `message_of_contact`.
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, db_index=False, related_name="messages"
    )

    sender = models.CharField(max_length=320)  # E.164 or an email address
    recipient = models.CharField(max_length=320)
    subject = models.CharField(max_length=1000, blank=True)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    automatic = models.CharField(max_length=10, choices=Automatic.choices, blank=True, default="", db_default="")
    media = models.JSONField(default=list, blank=True)  # URLs
    segments = models.PositiveSmallIntegerField(null=True, blank=True)

    provider_sid = models.CharField(max_length=255, blank=True)
    # the furthest status that the provider reported, as the provider calls it
    provider_status = models.CharField(max_length=20, blank=True)
    error_code = models.IntegerField(null=True, blank=True)  # the provider's

    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)
    not_before = models.DateTimeField(default=clock.now)
    valid_until = models.DateTimeField(null=True, blank=True)  # past it the words have lost their sense
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)  # accepted by the provider
    settled_at = models.DateTimeField(null=True, blank=True)  # nothing more will be tried

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            # One answer of the provider is one row: the dedupe of inbound texts and adopted sends.
            models.UniqueConstraint(
                fields=["channel", "provider_sid"],
                condition=~models.Q(provider_sid=""),
                name="message_provider_sid_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["sending", "unknown"]) | models.Q(leased_until__isnull=False),
                name="message_in_flight_has_lease",
            ),
            # A synthetic voice never speaks to a contact: calls with a text go to users. A call from person to person
            # has no text, and never waits in the outbox, which would have it spoken.
            models.CheckConstraint(
                condition=~models.Q(channel="call")
                | models.Q(purpose="alert")
                | models.Q(
                    models.Q(purpose="personal", body="", html=""),
                    ~models.Q(status__in=["queued", "held", "sending", "unknown"]),
                ),
                name="message_no_voice_to_clients",
            ),
        ]
        indexes = [
            # Read by the outbox's tick: pending messages, one purpose after the other.
            models.Index(
                fields=["channel", "purpose", "not_before", "id"],
                condition=models.Q(status__in=["queued", "held"]),
                name="message_due",
            ),
            # Read by the outbox's tick: messages of workers that stopped, except those that can never be looked up.
            models.Index(
                fields=["channel", "leased_until"],
                condition=models.Q(status__in=["sending", "unknown"], settled_at__isnull=True),
                name="message_leased",
            ),
            # Read when a number opts out: what must be cancelled.
            models.Index(
                fields=["recipient"], condition=models.Q(status__in=["queued", "held"]), name="message_waiting_for"
            ),
            # Read by the conversation. Most messages are alerts, without a contact.
            models.Index(
                fields=["contact", "id"], condition=models.Q(contact__isnull=False), name="message_of_contact"
            ),
            # Read when a number that several contacts have texts in: which of them was texted last?
            models.Index(
                fields=["recipient", "sender", "id"],
                condition=models.Q(contact__isnull=False),
                name="message_to_contact",
            ),
            # Read when a user's own phone texts: which alerts did it get recently?
            models.Index(fields=["user", "created_at"], name="message_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk} to {self.recipient}: {self.status}"

    @property
    def is_inbound(self) -> bool:
        return self.purpose == Message.Purpose.INBOUND


class Consent(models.Model):
    """What a number's owner allowed or forbade: append-only; the present state is a fold (messaging.consent)."""

    class Kind(models.TextChoices):
        GRANTED = "granted"  # they inquired, or agreed to be texted
        OPTED_OUT = "opted_out"  # STOP, or the carrier's report
        OPTED_IN = "opted_in"  # START: lifts an opt-out and nothing else
        SUSPENDED = "suspended"  # a sentence that may ask us to stop: automatic texts wait until a person has read it
        RESUMED = "resumed"  # a person has read it, and it asked for something else: lifts a suspension, no opt-out

    number = models.CharField(max_length=16)  # E.164; outlives the contact
    kind = models.CharField(max_length=9, choices=Kind.choices)
    source = models.CharField(max_length=255)  # "lead 12 from Zillow", "text", "carrier"
    words = models.TextField(blank=True)  # the text they wrote, or were shown
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="consents")
    message = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="consents")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["number", "-id"], name="consent_of_number")]  # read by the fold

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("Consent is append-only: write a new row.")
        super().save(*args, **kwargs)
