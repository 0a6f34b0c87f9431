"""Refuses a Content-Type that Django cannot read: it raises while it builds the request, where no view can answer."""

from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils.http import parse_header_parameters

from api.bodies.charset import UnsupportedBody, codec_of
from api.bodies.renderers import to_json
from api.exceptions import error_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST = 1000  # characters; Django's parser takes the square of the length, several times a request


@lru_cache(256)  # programs send few different ones
def content_type_error(content_type: str) -> str:
    """Return what is wrong with a Content-Type, empty for nothing."""
    if len(content_type) > LONGEST:
        return f"Content-Type may have {LONGEST} characters at most: send application/json."
    try:
        _, options = parse_header_parameters(content_type)
        codec_of(str(options.get("charset", "")))
    except UnsupportedBody as error:
        return error.message
    except (ValueError, LookupError):
        return "Content-Type cannot be read: send application/json."
    return ""


class ContentTypeMiddleware:
    """WSGI around Django. A request without a body has nothing to describe: there the header is left out."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        if fault := content_type_error(environ.get("CONTENT_TYPE", "")):
            if environ.get("CONTENT_LENGTH") not in (None, "", "0"):
                return error_415(fault, start_response)
            del environ["CONTENT_TYPE"]
        return self.application(environ, start_response)


def error_415(fault: str, start_response: "StartResponse") -> list[bytes]:
    body = to_json(error_json(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, fault))
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("415 Unsupported Media Type", [*headers, ("Access-Control-Allow-Origin", "*")])
    return [body]
