"""Repeated slashes mean one (the old documentation prints every URL with two), and a trailing one means nothing."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REPEATED = re.compile("//+")
KEEPS_TRAILING_SLASH = re.compile("/(admin|static)(/|$)")


def plain_path(path: str) -> str:
    """`path` as the URLs know it: no repeated slashes, and none at the end outside the admin."""
    path = REPEATED.sub("/", path)
    if path.endswith("/") and len(path) > 1 and not KEEPS_TRAILING_SLASH.match(path):
        return path[:-1]
    return path


class CollapseSlashes:
    """WSGI around Django: it must act before routing, and without a redirect, which would lose the body of a POST."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        environ["PATH_INFO"] = plain_path(environ.get("PATH_INFO") or "/")
        return self.application(environ, start_response)
