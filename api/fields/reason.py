"""A reason as clients see it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.reasons import Reason, reason_json

SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "description": "For programs: it never changes its meaning."},
        "details": {"type": "object", "additionalProperties": {}},
        "reason": {"type": "string", "description": "The same for people: the text may change."},
    },
    "required": ["code", "details", "reason"],
}


@extend_schema_field(SCHEMA)
class ReasonField(serializers.Field[Reason, Any, dict[str, Any], Any]):
    """A `core.reasons.Reason`, with its text. Read-only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Reason) -> dict[str, Any]:
        return reason_json(value)
