"""Serializers that take what real clients send: numbers as text, "" anywhere, enums in any case, unknown keys.

    class ContactSerializer(LenientSerializer):
        custom_fields = CustomFieldValues(source="values")      # declare only what is special
        assigned_user_id = Reference("assigned_user", among=User.objects.assignable_by)

        class Meta:
            model = Contact
            fields = ["id", "owner_user_id", "assigned_user_id", "first_name", "tags", "hotness_id", "created_at"]
            read_only_fields = ["id", "owner_user_id"]

Every other name is a column and gets the field that fits it. A foreign key is named by its column, `hotness_id`:
read, it costs no query; written, it is looked up through `visible_to(user)`, `0` and null clear it, and
`validated_data` holds the record under the key's own name, `hotness`. Meta.required names columns that must be
given although the model has a default. Updates write only the columns that were given.
"""

from api.fields.lenient import (
    CommaList,
    LenientBoolean,
    LenientChoice,
    LenientDate,
    LenientDates,
    LenientDateTime,
    LenientDecimal,
    LenientField,
    LenientInteger,
    LenientText,
    LenientTime,
    QuotedList,
)
from api.fields.reason import ReasonField
from api.fields.reference import Reference
from api.fields.serializer import LenientSerializer

__all__ = [
    "CommaList",
    "LenientBoolean",
    "LenientChoice",
    "LenientDate",
    "LenientDateTime",
    "LenientDates",
    "LenientDecimal",
    "LenientField",
    "LenientInteger",
    "LenientSerializer",
    "LenientText",
    "LenientTime",
    "QuotedList",
    "ReasonField",
    "Reference",
]
