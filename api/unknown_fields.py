"""Operations of our own refuse by name what is sent and not used; LionDesk's ignore unknown fields, as LionDesk did."""

import json
from collections.abc import Iterator
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api.bodies.renderers import to_json

MAX_NAMED: Final = 10  # fields in one refusal
MAX_NAME_LENGTH: Final = 100


class NoBody(serializers.Serializer[Any]):
    """An operation that takes no field."""


def validate(serializer: Any, *, is_exact: bool) -> None:
    """Validate what was sent. Raises ValidationError, also for unused fields where `is_exact`."""
    unused = dict(unused_fields(serializer)) if is_exact else {}
    serializer.is_valid()
    if errors := unused | serializer.errors:
        raise ValidationError(errors)


def unused_fields(serializer: Any) -> Iterator[tuple[str, list[str]]]:
    """The first few fields that this serializer does not write, each with why.

    A read-only field may be sent with the value it has, also with the id that the address names, and `modified_at` with
    an earlier one: clients send back what they read.
    """
    written = [name for name, field in serializer.fields.items() if not field.read_only]
    others = [
        name
        for name, value in serializer.initial_data.items()
        if name not in written and not is_in_address(serializer, name, value)
    ]
    if not others:
        return
    present = json.loads(to_json(serializer.to_representation(serializer.instance))) if serializer.instance else {}
    for name in others[:MAX_NAMED]:
        if name not in serializer.fields:
            known = f"there are {', '.join(written)}" if written else "there are none"
            yield name[:MAX_NAME_LENGTH], [f"is not a field of this operation: {known}."]
        elif serializer.instance is None:
            yield name, ["is read-only and cannot be set."]
        elif name != "modified_at" and name in present and present[name] != serializer.initial_data[name]:
            yield name, ["is read-only and cannot be changed."]


def is_in_address(serializer: Any, name: str, value: Any) -> bool:
    """Whether a field repeats an id of the address, such as `contact_id` of /contacts/:contact_id/activities."""
    view = serializer.context.get("view")
    return view is not None and name in view.kwargs and str(value) == view.kwargs[name]
