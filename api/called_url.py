"""The address that was called, as Twilio signs it."""

from urllib.parse import quote

from django.http import HttpRequest

CALLED_PATH = "pridedesk.called_path"  # in the WSGI environment


def called_url(request: HttpRequest, origin: str) -> str:
    """Return the URL as the client called it, before its slashes were collapsed, below `origin`.

    Who signs a URL signs it as it was called. The Host header is not used: behind a proxy it names another host, and a
    client can choose it.
    """
    path, query = request.META.get(CALLED_PATH) or quote(request.path), request.META.get("QUERY_STRING", "")
    return f"{origin}{path}?{query}" if query else f"{origin}{path}"
