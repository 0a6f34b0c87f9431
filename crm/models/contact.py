"""Contacts: which users see them, and how many there are."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from core import clock
from core.db.literals import nonempty
from core.phone_numbers import e164
from core.text import normalize_email, to_one_line, trim
from crm.models.lookups import ContactSource, Hotness
from teams.models import User
from teams.visibility import in_few, in_rows, sharer_ids, visible_rows

E164 = {"mobile_phone": "mobile_e164", "home_phone": "home_e164", "office_phone": "office_e164"}

# Normalized copies, so that spaces or formats that a form or program adds do not create duplicates.
NORMALIZED_COLUMNS = {
    **dict.fromkeys(("first_name", "last_name", "spouse_name", "company"), to_one_line),
    **dict.fromkeys(("email", "spouse_email"), normalize_email),
    **dict.fromkeys(("birthday", "anniversary", "spouse_birthday"), trim),
    **dict.fromkeys((*E164, "fax", "spouse_phone"), trim),
}


class ContactQuerySet(models.QuerySet["Contact"]):
    """Questions about contacts."""

    def visible_to(self, user: User) -> ContactQuerySet:
        """Contacts you own, are assigned, are shared, or that a teammate or a broker who shares owns."""
        return self.filter(is_seen_by(user))

    def reached_at(self, number: str) -> ContactQuerySet:
        """Return the contacts that have `number` (E.164) as any of their phones; none for an empty number."""
        has = [models.Q(**{column: number}) & nonempty(column) for column in E164.values()]
        return self.filter(has[0] | has[1] | has[2])


def is_seen_by(user: User, through: str = "") -> models.Q:
    """Contacts that `user` sees; `through` leads to the contact from a row below it, such as `contact__`.

    For those rows the join costs what it yields; it serves where they are seen for other reasons, too.
    """
    owned = visible_rows(f"{through}owner_user_id", user)
    return owned | is_shown_to(user, through)


def is_shown_to(user: User, through: str = "") -> models.Q:
    """Contacts that are shown to `user` by assignment or sharing, independent of the owner."""
    return models.Q(**{f"{through}assigned_user": user}) | in_rows(f"{through}pk", shared_with, user)


def is_below_seen(user: User, contact: str = "contact") -> models.Q:
    """Rows that hang below contacts that `user` sees; `contact` leads from such a row to its contact.

    The ids of the contacts' owners are read first. By them PostgreSQL knows whether the contacts are few, and looks up
    what hangs below, or most, and walks the rows in their order; neither costs more when the table is longer.
    """
    seen = Contact.objects.filter(
        in_few("owner_user_id", user.visible_owner_ids or sharer_ids(user)) | is_shown_to(user)
    )
    return models.Q(**{f"{contact}__in": seen.values("pk")})


def shared_with(user: User) -> models.QuerySet[Any, Any]:
    """The ids of contacts shown to `user` one by one."""
    return ContactShare.objects.filter(user=user).values_list("contact_id")


def _phone_index(column: str) -> models.Index:
    # Read by the phone filters and by messaging.inbound.texts; most contacts lack most phones.
    return models.Index(fields=[column], condition=~models.Q(**{column: ""}), name=f"contact_{column}")


def _unread_phone_index(phone: str) -> models.Index:
    # Read by the phone filters for text that is not a whole number, such as `555-0123`: few rows, matched as text.
    unread = models.Q(**{E164[phone]: ""}) & ~models.Q(**{phone: ""})
    return models.Index(Lower(phone), condition=unread, name=f"contact_unread_{phone}")


def _prefix_index(column: str) -> models.Index:
    # Read by equality and `$like=Mar%`: api.lists.filter_backend writes lower(column).
    return models.Index(OpClass(Lower(column), name="text_pattern_ops"), name=f"contact_lower_{column}")


# What `str.strip` takes off, no-break spaces from web pages among it. PostgreSQL's `\s` is another set, and depends on
# the database's locale.
WHITESPACE = r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"


def tag_list(text: models.F | models.Value) -> models.Func:
    """The tags in a string: lower-cased, without any BLANK about them, one element a tag; a null string gives null."""
    trimmed = rf"regexp_replace(lower(%(expressions)s), '^{WHITESPACE}+|{WHITESPACE}+$', '', 'g')"
    parted = rf"string_to_array(regexp_replace({trimmed}, '{WHITESPACE}*,{WHITESPACE}*', ',', 'g'), ',')"
    return models.Func(text, template=parted)


class Contact(models.Model):
    """A person. `owner_user` is who brought them in and never changes; `assigned_user` is who works with them."""

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="contacts")
    assigned_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="assigned_contacts")
    source = models.ForeignKey(ContactSource, models.SET_NULL, null=True, blank=True, related_name="contacts")
    hotness = models.ForeignKey(Hotness, models.SET_NULL, null=True, blank=True, related_name="contacts")

    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)  # any text: clients send what they have
    company = models.CharField(max_length=45, blank=True)

    mobile_phone = models.CharField(max_length=255, blank=True)
    home_phone = models.CharField(max_length=45, blank=True)
    office_phone = models.CharField(max_length=45, blank=True)
    fax = models.CharField(max_length=45, blank=True)
    # The same numbers as E.164, "" when unparsable; every writing path goes through `normalize`.
    mobile_e164 = models.CharField(max_length=16, blank=True, editable=False)
    home_e164 = models.CharField(max_length=16, blank=True, editable=False)
    office_e164 = models.CharField(max_length=16, blank=True, editable=False)

    birthday = models.CharField(max_length=45, blank=True)
    anniversary = models.CharField(max_length=45, blank=True)
    spouse_name = models.CharField(max_length=45, blank=True)
    spouse_email = models.CharField(max_length=45, blank=True)
    spouse_phone = models.CharField(max_length=255, blank=True)
    spouse_birthday = models.CharField(max_length=255, blank=True)

    tags = models.CharField(max_length=508, null=True, blank=True)  # one string, comma-separated, as given
    tag_list = models.GeneratedField(
        expression=tag_list(models.F("tags")),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    is_do_not_contact = models.BooleanField("do not contact", default=False)  # ours; a person's decision, unlike STOP
    is_imported = models.BooleanField(default=False, editable=False)  # an import proves no consent

    created_at = models.DateTimeField(default=clock.now)  # may be posted: imports
    modified_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[ContactQuerySet] = ContactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [
            _phone_index("mobile_e164"),
            _phone_index("home_e164"),
            _phone_index("office_e164"),
            _unread_phone_index("mobile_phone"),
            _unread_phone_index("home_phone"),
            _unread_phone_index("office_phone"),
            _prefix_index("email"),
            _prefix_index("first_name"),
            _prefix_index("last_name"),
            GinIndex(fields=["tag_list"], name="contact_tags"),  # read by the `tags` filter
            models.Index(fields=["created_at", "id"], name="contact_created"),  # read by $sort[created_at]
            models.Index(fields=["modified_at", "id"], name="contact_modified"),  # read by $sort[modified_at]
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or f"contact {self.pk}"

    def normalize(self) -> None:
        """Trim the texts, and fill the E.164 columns from the phones. Bulk paths call it; `save` does so by itself."""
        for name in NORMALIZED_COLUMNS.keys() - self.get_deferred_fields():
            setattr(self, name, NORMALIZED_COLUMNS[name](getattr(self, name)))
        for phone, number in E164.items():
            setattr(self, number, e164(getattr(self, phone)))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalize()
        if fields := kwargs.get("update_fields"):
            kwargs["update_fields"] = {*fields, *(E164[name] for name in fields if name in E164)}
        super().save(*args, **kwargs)

    @property
    def numbers(self) -> list[str]:
        """Every number of this person, E.164, the mobile first."""
        return [number for number in (self.mobile_e164, self.home_e164, self.office_e164) if number]

    def rank_of(self, number: str) -> int:
        """Return the rank of a number of this contact: 0 for mobile, 1 home, 2 office, 3 for any other number."""
        columns = (self.mobile_e164, self.home_e164, self.office_e164)
        return columns.index(number) if number in columns else len(columns)

    @property
    def worker_id(self) -> int:
        """Return the user who works with this contact: the assigned user, otherwise the owner."""
        return self.assigned_user_id or self.owner_user_id

    def may_be_changed_by(self, user: User) -> bool:
        """Each user who sees a contact may work with it."""
        is_theirs = user.pk in (self.owner_user_id, self.assigned_user_id)
        return is_theirs or Contact.objects.visible_to(user).filter(pk=self.pk).exists()

    def may_be_assigned_by(self, user: User) -> bool:
        """Only the owner and the assigned user may assign a contact.

        A teammate who sees it through a team could otherwise assign it to themself, and keep it after leaving the team.
        """
        return user.pk in self.assigner_ids

    @property
    def assigner_ids(self) -> tuple[int | None, ...]:
        """Return the ids of the users who may assign this contact."""
        return self.owner_user_id, self.assigned_user_id

    def may_be_removed_by(self, user: User) -> bool:
        """Only its owner removes a contact."""
        return self.owner_user_id == user.pk


class ContactShare(models.Model):
    """A contact shown to one more user, for example after they claim its lead while another user is assigned."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="shares")
    user = models.ForeignKey(User, models.PROTECT, related_name="contact_shares")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "contact"], name="contact_share_once")]

    def __str__(self) -> str:
        return f"{self.contact} for {self.user}"


class ContactTotal(models.Model):
    """How many contacts a user owns and another works with, in all and by tag: the sum of `number` over such rows.

    Triggers append what each statement changes (crm/migrations), so a sum is as exact as a count in the same moment,
    and no writer waits for another. `crm.contact_counts` reads and folds.
    """

    owner_user_id = models.BigIntegerField()
    assigned_user_id = models.BigIntegerField(null=True)
    tag = models.TextField(null=True)  # as in Contact.tag_list; null means all contacts, with any tags
    number = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(
                fields=["owner_user_id", "tag"], name="contact_total_owned"
            ),  # both read by crm.contact_counts
            models.Index(fields=["assigned_user_id", "tag"], name="contact_total_assigned"),
        ]

    def __str__(self) -> str:
        return f"{self.number:+} of user {self.owner_user_id}"
