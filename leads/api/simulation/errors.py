"""The error of an invalid simulation request."""

from typing import Any

from api.exceptions import flatten
from core.errors import DomainError


class InvalidSimulation(DomainError):
    """This cannot be simulated."""

    def __init__(self, detail: Any) -> None:
        """`detail`: errors as serializers return them: by field, nested like the body, predicates in lists."""
        errors = dict(flatten(detail))
        super().__init__(next(iter(errors.values())), errors=errors)
