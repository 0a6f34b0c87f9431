"""Programs and their tokens in the admin."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth import admin as _django_admin  # noqa: F401  registers Group, unregistered below
from django.contrib.auth.models import Group
from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from oauth2_provider import admin as _library_admin  # noqa: F401  registers the models that are unregistered below
from oauth2_provider.models import (
    get_access_token_model,
    get_device_grant_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)
from unfold.decorators import action

from api.admin.links import LinkPage
from oauth.tokens import OWN_CLIENT_ID, revoke
from teams.models import (
    RENEWABLE,
    AccessToken,
    Application,
    User,
)
from teams.oauth_apps import reset_secret, reveal_token, revoke_all_tokens, usable_tokens

# The OAuth library registers its models with pages that can write what only programs may write. Groups are not used.
for model in (
    Application,
    get_access_token_model(),
    get_device_grant_model(),
    get_grant_model(),
    get_id_token_model(),
    get_refresh_token_model(),
    Group,
):
    if admin.site.is_registered(model):  # which models are depends on the library's settings
        admin.site.unregister(model)


ABOUT_TOKENS = (
    "The new secret replaces the old one. Tokens granted to this application stay valid: it can still act for its"
    " users. To end that, use Revoke all tokens, or revoke single tokens under Access tokens."
)


def revocation_note(count: int) -> str:
    """What a new secret does not end."""
    if not count:
        return "No token of this application was alive."
    tokens = "1 token" if count == 1 else f"{count} tokens"
    return f"Granted earlier and still valid: {tokens}. Revoke all tokens ends them."


@admin.register(Application)
class ApplicationAdmin(LinkPage):
    """Users register their own applications, as on LionDesk's developer site. Operators see all.

    Secrets and tokens are shown once, in the response to the form that created them, and are not stored.
    """

    list_display = ["name", "client_id", "redirect_uris", "user"]
    list_select_related = ["user"]
    search_fields = ["name", "client_id"]
    fields = ["name", "redirect_uris", "is_implicit_allowed"]
    view_on_site = False  # the library's address of an application is a page that this service does not have
    actions_submit_line = ["reveal_my_access_token", "make_new_secret", "revoke_all_tokens"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        rows: QuerySet[Application] = super().get_queryset(request).exclude(client_id=OWN_CLIENT_ID)
        return rows if request.user.is_staff else rows.filter(user=request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    has_add_permission = has_module_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_delete_permission = has_view_permission  # the queryset holds none but one's own

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["client_id", "user"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.fields, *self.get_readonly_fields(request, obj)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str | None, dict[str, Any]]]:
        return [(None, {"fields": self.get_fields(request, obj), "description": ABOUT_TOKENS if obj else ""})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("name", "redirect_uris"):
            field.required = True
        return field

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        if not change:
            obj.user = request.user
            obj.client_type, obj.authorization_grant_type = obj.CLIENT_CONFIDENTIAL, obj.GRANT_AUTHORIZATION_CODE
            obj.shown_once = reset_secret(obj)
        super().save_model(request, obj, form, change)

    @action(description="Reveal my access token")  # type: ignore[untyped-decorator]
    def reveal_my_access_token(self, request: HttpRequest, obj: Application) -> None:
        """Mint a token with which this program acts for the user who asks."""
        obj.shown_once = reveal_token(obj, request.user)

    @action(description="Make a new secret")  # type: ignore[untyped-decorator]
    def make_new_secret(self, request: HttpRequest, obj: Application) -> None:
        """The old one is of no use from now on; what the program was granted stays."""
        obj.shown_once = reset_secret(obj)
        obj.save()
        alive = usable_tokens().filter(application=obj).count()
        messages.warning(request, f"The old secret is of no use any more. {revocation_note(alive)}")

    @action(description="Revoke all tokens")  # type: ignore[untyped-decorator]
    def revoke_all_tokens(self, request: HttpRequest, obj: Application) -> None:
        """The application cannot act for any user until they authorize it again."""
        revoke_all_tokens(obj)
        messages.success(
            request, f"All tokens of {obj} are revoked. It can act for a user again after they authorize it."
        )

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_once(request, obj)

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        shown = hasattr(obj, "shown_once")
        return self.show_once(request, obj) if shown else super().response_change(request, obj)

    def show_once(self, request: HttpRequest, application: Application) -> HttpResponse:
        context = {"title": application.name, "application": application, "shown": application.shown_once}
        page = "admin/teams/application/shown_once.html"
        return TemplateResponse(request, page, self.admin_site.each_context(request) | context)


@admin.register(AccessToken)
class AccessTokenAdmin(LinkPage):
    """Which applications act for which users, and until when. Tokens themselves cannot be shown."""

    list_display = ["number", "application", "user", "scope", "created", "expires", "is_renewable"]
    list_display_links = None
    list_select_related = ["application", "user"]
    list_filter = [("application", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-id"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        alive = usable_tokens().visible_to(cast(User, request.user))
        is_renewable = ExpressionWrapper(RENEWABLE, BooleanField())
        rows: QuerySet[AccessToken] = alive.annotate(renewable=is_renewable).order_by(*self.ordering)
        return rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_change_permission  # they are revoked, with all that were granted together

    @admin.display(description="number", ordering="pk")
    def number(self, token: AccessToken) -> str:
        return str(token)

    @admin.display(description="can be renewed", boolean=True)
    def is_renewable(self, token: Any) -> bool:
        """Whether its program may ask for another when it expires."""
        return bool(token.renewable)

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[AccessToken]) -> None:
        """End them, and with each all that were granted together."""
        named = ", ".join(f"{token} of {token.application}" for token in tokens)
        revoke(AccessToken.objects.filter(pk__in=[token.pk for token in tokens]))
        messages.success(request, f"Revoked, with all that were granted together: {named}.")
