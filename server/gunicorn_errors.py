"""Errors that gunicorn answers before Django sees a request, in the shape of the API's errors."""

import socket
from http import HTTPStatus
from typing import Any

from api.bodies.renderers import to_json
from api.exceptions import SERVER_ERROR, UNREADABLE_REQUEST, error_json

MESSAGES = {
    414: "The request URL is longer than this service accepts.",
    431: "The request headers are longer than this service accepts.",
}


class ErrorSocket:
    """A client's socket that replaces gunicorn's error page, whose text quotes the request, which may be anything.

    `ThreadWorker.handle_error` writes that page with one `sendall`.
    """

    def __init__(self, client: socket.socket) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def sendall(self, page: bytes) -> None:
        self.client.sendall(error_response(status=int(page.split(b" ", 2)[1])))


def error_response(status: int) -> bytes:
    """Return the whole HTTP response."""
    body = to_json(error_json(status, SERVER_ERROR if status == 500 else MESSAGES.get(status, UNREADABLE_REQUEST)))
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Access-Control-Allow-Origin: *",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
