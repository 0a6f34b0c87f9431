"""Repeated slashes mean one (LionDesk documented each URL with two), and a trailing one means nothing."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

from api.called_url import CALLED_PATH

REPEATED = re.compile("//+")
KEEPS_TRAILING_SLASH = re.compile("/(admin|static)(/|$)")


def normalize_path(path: str) -> str:
    """`path` as the URLs know it: no repeated slashes, and none at the end outside the admin."""
    path = REPEATED.sub("/", path)
    if path.endswith("/") and len(path) > 1 and not KEEPS_TRAILING_SLASH.match(path):
        return path[:-1]
    return path


class NormalizePathMiddleware:
    """WSGI around Django: it must act before routing, and without a redirect, which would lose the body of a POST."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        path = environ.get("PATH_INFO") or "/"
        # Gunicorn keeps the request target as the client wrote it; an absolute one has no path to take from it.
        target = environ.get("RAW_URI", "")
        is_path = target.startswith("/")
        environ[CALLED_PATH] = target.partition("?")[0] if is_path else quote(path, encoding="latin-1")
        environ["PATH_INFO"] = normalize_path(path)
        return self.application(environ, start_response)
