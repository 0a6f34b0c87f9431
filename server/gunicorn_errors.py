"""What gunicorn cannot read as a request, and Django never sees, is answered in the API's shape, too."""

import socket
from http import HTTPStatus

from gunicorn.util import write_nonblock

from api.bodies.renderers import to_json
from api.exceptions import SERVER_ERROR, UNREADABLE_REQUEST, error_json

MESSAGES = {
    414: "The request URL is longer than this service accepts.",
    431: "The request headers are longer than this service accepts.",
}


def write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """In place of gunicorn's page; config.wsgi sees to that. Its own words quote what came, which may be anything."""
    body = to_json(error_json(status, SERVER_ERROR if status == 500 else MESSAGES.get(status, UNREADABLE_REQUEST)))
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Access-Control-Allow-Origin: *",
    ]
    write_nonblock(client, "\r\n".join([*head, "", ""]).encode() + body)
