"""The dictionary of tags, and the tags on contacts.

A contact's tags are one string, separated by commas, with the spaces of its writer. PostgreSQL splits it here in the
same way as in `Contact.tag_list`, so that there is one definition of a tag, of case and of whitespace (WHITESPACE).
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, Length

from core.db.lookups import lowered
from core.errors import DomainError
from crm.contact_actions import send_contacts_changed
from crm.models import WHITESPACE, Contact, Tag, tag_list

MAX_TAGS_LENGTH: int = Contact._meta.get_field("tags").max_length or 0  # characters of all the tags of a contact

# Known tags are filtered out first: ON CONFLICT alone would use up a sequence value for each. In alphabetical order,
# so that two transactions that add the same tags cannot deadlock.
ADD_TAGS_SQL = rf"""
    INSERT INTO crm_tag (user_id, content)
    SELECT DISTINCT ON (lower(tag)) %(user_id)s::bigint, tag
    FROM unnest(string_to_array(%(tags)s::text, ',')) WITH ORDINALITY AS part(piece, place),
         regexp_replace(piece, '^{WHITESPACE}+|{WHITESPACE}+$', '', 'g') AS tag
    WHERE tag <> '' AND NOT EXISTS (
        SELECT FROM crm_tag WHERE user_id = %(user_id)s::bigint AND lower(content) = lower(tag)
    )
    ORDER BY lower(tag), place
    ON CONFLICT DO NOTHING
"""  # noqa: S608

# The old tag becomes the new one between the same spaces; of those that are the new one then, the first stays.
RENAME_TAG_SQL = rf"""(
    SELECT string_agg(written, ',' ORDER BY place) FROM (
        SELECT place, is_new, row_number() OVER (PARTITION BY is_new ORDER BY place) AS nth, CASE
            WHEN tag = lower(old)
            THEN substring(piece FROM '^{WHITESPACE}*') || new || substring(piece FROM '{WHITESPACE}*$')
            ELSE piece END AS written
        FROM (SELECT %(expressions)s) AS given(tags, old, new),
             unnest(string_to_array(tags, ',')) WITH ORDINALITY AS part(piece, place),
             lower(regexp_replace(piece, '^{WHITESPACE}+|{WHITESPACE}+$', '', 'g')) AS tag,
             LATERAL (SELECT tag IN (lower(old), lower(new))) AS is_either(is_new)
    ) AS pieces WHERE nth = 1 OR NOT is_new
)"""  # noqa: S608


class TagTooLong(DomainError):
    """The tags of some contacts would become longer than they may be."""


def add_to_dictionary(user_id: int, tags: str) -> bool:
    """Add to a user's dictionary the tags in a string that it lacks; returns whether there were any. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_TAGS_SQL, {"user_id": user_id, "tags": tags})
        return bool(cursor.rowcount)


@transaction.atomic
def rename_tag(tag: Tag, content: str, *, now: datetime) -> None:
    """Rename a tag, in the dictionary and on each contact of its owner.

    If a tag of the new name exists, the two are merged. The dictionary is written last: other transactions add the tags
    of a contact to it while they hold the contact's lock.
    """
    old = Tag.objects.select_for_update().get(pk=tag.pk).content
    if content != old:
        rename_on_contacts(tagged_contacts(tag.user_id, old), old, content, now=now)
        send_contacts_changed(tagged_contacts(tag.user_id, content).filter(modified_at=now), {"tags"}, now=now)
    Tag.objects.filter(user=tag.user_id, content__lower=lowered(content)).exclude(pk=tag.pk).delete()
    tag.content = content
    tag.save(update_fields=["content"])


def tagged_contacts(user_id: int, content: str) -> QuerySet[Contact]:
    """A user's own contacts that have a tag."""
    return Contact.objects.filter(owner_user=user_id, tag_list__contains=tag_list(Value(content)))


def rename_on_contacts(contacts: QuerySet[Contact], old: str, new: str, *, now: datetime) -> None:
    """Rewrite the tags of all these contacts in one statement, or of none."""
    rewritten = renamed_tags(old, new)
    # An exact bound first, so that only long strings are rewritten to be measured.
    long = contacts.annotate(length=Length("tags")).filter(length__gt=MAX_TAGS_LENGTH - max(len(new) - len(old), 0))
    if too_long := long.annotate(rewritten=Length(rewritten)).filter(rewritten__gt=MAX_TAGS_LENGTH).count():
        message = f"would make the tags of {too_long} contacts longer than {MAX_TAGS_LENGTH} characters."
        raise TagTooLong(f"content {message}", errors={"content": f"content {message}"})
    contacts.update(tags=rewritten, modified_at=now)


def renamed_tags(old: str, new: str) -> Func:
    """A contact's tags with one of them renamed."""
    given = (Cast(Value(text), TextField()) for text in (old, new))
    return Func(F("tags"), *given, template=RENAME_TAG_SQL, output_field=TextField())
