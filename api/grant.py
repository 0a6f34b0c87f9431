"""What a request may do: `request.auth`."""

from __future__ import annotations

from dataclasses import dataclass

# The caller


@dataclass(frozen=True)
class TokenInfo:
    """What a valid token allows; `request.auth`."""

    token_id: int
    application_id: int | None
    scopes: frozenset[str]
