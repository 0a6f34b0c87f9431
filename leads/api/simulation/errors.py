"""What of a rehearsal's body cannot be rehearsed."""

from typing import Any

from api.exceptions import flatten
from core.errors import DomainError


class InvalidSimulation(DomainError):
    """This cannot be rehearsed."""

    def __init__(self, detail: Any) -> None:
        """`detail` as serializers have it: by field, nested as the body is, predicates in lists."""
        errors = dict(flatten(detail))
        super().__init__(next(iter(errors.values())), errors=errors)
