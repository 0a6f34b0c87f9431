"""Errors of the domain. Code below HTTP raises these; api.exceptions turns them into responses."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """The request cannot be carried out."""

    status = 400

    def __init__(
        self,
        message: str | None = None,
        *,
        errors: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """`errors` has messages by field; `data` has values for programs, such as the id of a conflicting record."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.errors = dict(errors or {})
        self.data = dict(data or {})
        super().__init__(self.message)


class NotAllowed(DomainError):
    """You may see this, but not change it."""

    status = 403


class Conflict(DomainError):
    """This is no longer possible."""

    status = 409
