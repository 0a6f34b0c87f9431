"""How the business says no. Domain code raises these and knows nothing of HTTP; api.exceptions answers them."""

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
        """`errors` names the fields at fault; `data` carries what a program may need, such as a rival's id."""
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
