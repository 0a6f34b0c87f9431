"""The admin site: each active user may log in, and sees times in their own zone."""

import math
from collections.abc import Callable
from typing import Any, cast

from csp.decorators import csp
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from api import throttling
from api.admin.links import recent_actions
from api.page_security import ADMIN_POLICY, LOGIN_POLICY

MAX_LOGINS, LOGIN_SECONDS = 10, 600  # wrong passwords for one email from one address, and in which time
EMAIL_SECONDS = 3600  # in which wrong passwords for one email are counted, from all addresses


class LoginForm(AuthenticationForm):  # type: ignore[misc]
    """Log-in by email. Being staff is not asked: what a user sees there is what the API shows them."""

    error_messages = {"invalid_login": "The email or the password is wrong, or the user is deactivated."}
    wait = 0  # seconds, after too many wrong passwords

    def clean(self) -> dict[str, Any]:
        """Count before the password is looked at: guesses that come together are counted together."""
        # In capitals, as the database compares: other spellings of one email are not other emails.
        email = self.cleaned_data.get("username", "").upper()
        address = throttling.client_address(self.request)
        attempts = f"log-ins of {email} from {address}"
        # In this order: an address that has to wait adds nothing to what keeps the person out from everywhere.
        self.wait = (
            address_wait(address)
            or throttling.count_request(attempts, MAX_LOGINS, LOGIN_SECONDS)
            or count_email_attempt(email)
        )
        if self.wait:
            raise ValidationError(f"Too many wrong passwords. Try again in {format_minutes(self.wait)}.", code="wait")
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            throttling.record_failure(address_counter(address), email, LOGIN_SECONDS)
            raise
        throttling.reset_counter(attempts)
        throttling.reset_counter(email_counter(email))
        return cleaned

    def confirm_login_allowed(self, user: Any) -> None:
        if not user.is_active:
            raise ValidationError("This user is deactivated.", code="inactive")


def address_wait(address: str) -> int:
    """For how many seconds an address has to wait from which wrong passwords for very many emails came."""
    most = settings.LOGIN_EMAILS_PER_ADDRESS
    return throttling.wait_after_failures(address_counter(address), most) if most else 0


def count_email_attempt(email: str) -> int:
    """Count one more attempt for this email. Return for how many seconds its log-ins have to wait."""
    most = settings.LOGINS_PER_EMAIL
    return throttling.count_request(email_counter(email), most, EMAIL_SECONDS) if most else 0


def email_counter(email: str) -> str:
    return f"log-ins of {email}"


def address_counter(address: str) -> str:
    return f"failed log-ins from {address}"


def format_minutes(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


class PrideSite(UnfoldAdminSite):  # type: ignore[misc]
    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def get_urls(self) -> list[Any]:
        """Without "view on site": no record has a page outside the admin."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    @method_decorator(csp(LOGIN_POLICY))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().login(request, extra_context)
        form = (getattr(answer, "context_data", None) or {}).get("form")
        if wait := getattr(form, "wait", 0):
            answer.status_code, answer.headers["Retry-After"] = 429, str(wait)
        return answer

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().index(
            request, {"recent_actions": recent_actions(request), **(extra_context or {})}
        )
        return answer

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        def in_own_zone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(getattr(request.user, "zone", None)):
                answer = view(request, *args, **kwargs)
                # A template response is drawn later, by the handler, when the zone would be gone.
                return answer.render() if hasattr(answer, "render") else answer

        wrapped = csp(ADMIN_POLICY)(super().admin_view(in_own_zone, cacheable))
        return cast("Callable[..., HttpResponse]", wrapped)


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """The menu of one's account. Only named in the settings: beat reads these, too, and addresses are 11 MB of code."""
    pages = {"My availability and alerts": "admin:leads_test_alert", "Change password": "admin:password_change"}
    return [{"title": title, "link": reverse(page)} for title, page in pages.items()]
