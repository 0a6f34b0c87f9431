"""The admin's site: every active user may enter (design 4), and reads the clock of their own zone."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite


class LoginForm(AuthenticationForm):  # type: ignore[misc]
    """Log-in by email. Being staff is not asked: what a user sees there is what the API shows them."""

    def confirm_login_allowed(self, user: Any) -> None:
        if not user.is_active:
            raise ValidationError("This user is deactivated.", code="inactive")


class PrideSite(UnfoldAdminSite):  # type: ignore[misc]
    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        def in_own_zone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(getattr(request.user, "zone", None)):
                answer = view(request, *args, **kwargs)
                # A template response is drawn later, by the handler, when the zone would be gone.
                return answer.render() if hasattr(answer, "render") else answer

        wrapped: Callable[..., HttpResponse] = super().admin_view(in_own_zone, cacheable)
        return wrapped
