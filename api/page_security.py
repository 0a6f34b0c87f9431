"""What browsers may do with the pages of this service, and that they keep none of them.

A page that names no policy has the one of the settings: one style sheet of ours, no script, no frame.
"""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

PLAIN_POLICY = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]

# Unfold's pages run Alpine, which compiles expressions in attributes, and have inline styles. Pages contain no inline
# script, so that text which is taken for HTML by mistake runs nothing.
ADMIN_POLICY = PLAIN_POLICY | {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
}

# Browsers apply form-action to each redirect that follows a form: from the log-in and the consent to the application,
# and on from there. None of these addresses is known in advance.
CONSENT_POLICY = {name: sources for name, sources in PLAIN_POLICY.items() if name != "form-action"}
LOGIN_POLICY = {name: sources for name, sources in ADMIN_POLICY.items() if name != "form-action"}

EXPLORER_POLICY = PLAIN_POLICY | {
    "script-src": [SELF],
    "connect-src": [SELF],
    "img-src": [SELF, "data:"],  # icons in Swagger UI's style sheet
    "form-action": [NONE],
}


class PageSecurityMiddleware(CSPMiddleware):
    """Sends the policy with each page, and `Cache-Control: no-store` unless the page sets another one.

    JSON gets neither: browsers run nothing in it, and building a policy takes 60 microseconds.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return super().process_response(request, response)
