"""A client of the API: real tokens, JSON in and out, through the whole of Django."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from core import clock
from oauth.tokens import create_token
from teams.models import User


class Api:
    """Speaks for one user, or for nobody."""

    def __init__(self, user: User | None = None) -> None:
        self.user = user
        self.http = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {create_token(user, clock.now())}"} if user else {}

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """`query` values may be lists, for repeated keys."""
        url = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return self.http.get(url, headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        return self._send("POST", path, body)

    def patch(self, path: str, body: Any = None) -> Any:
        return self._send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.http.delete(path, headers=self.headers)

    def made(self, path: str, body: Any = None) -> dict[str, Any]:
        """POST what must succeed, and return the record."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.content
        record: dict[str, Any] = answer.json()
        return record

    def _send(self, method: str, path: str, body: Any) -> Any:
        return self.http.generic(
            method, path, json.dumps(body if body is not None else {}), "application/json", headers=self.headers
        )
