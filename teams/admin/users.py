"""Users in the admin: oneself, and for operators all."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from core import clock
from teams.admin.help_texts import DAYS_HELP, HOURS_HELP
from teams.models import (
    User,
)

USER_HELP = {
    "phone": "Alerts go to this number. It counts as confirmed when you save it.",
    "paused_until": "No leads until this time (in your time zone). The user keeps their place in the rotation.",
    "working_hours": f"When the user gets leads, in their own time zone. {HOURS_HELP}",
    "days_off": f"No leads on these dates. {DAYS_HELP}",
}


class NewUserForm(UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """For operators. Users are deactivated, never deleted."""

    form, add_form, change_password_form = UserChangeForm, NewUserForm, AdminPasswordChangeForm
    list_display = ["email", "first_name", "last_name", "phone", "system_phone", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "first_name", "last_name", "phone"]
    ordering = ["email"]
    readonly_fields = ["phone_confirmed_at", "system_phone", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "password", "first_name", "last_name", "phone", "timezone"]}),
        ("Availability", {"fields": ["paused_until", "working_hours", "days_off"]}),
        ("Permissions", {"fields": ["is_active", "is_staff"]}),
        ("System", {"fields": ["phone_confirmed_at", "system_phone", "last_login", "created_at"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "usable_password", "password1", "password2", "first_name", "last_name", "phone"]})
    ]

    actions = ["confirm_phones"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """An operator vouches for the phone that they enter."""
        if "phone" in form.changed_data:
            obj.confirm_phone(clock.now())
        super().save_model(request, obj, form, change)

    @admin.action(description="Confirm the phones of the selected users")
    @transaction.atomic
    def confirm_phones(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For phones that take no texts, such as a landline, and users who gave the operator proof."""
        now = clock.now()
        unconfirmed = queryset.filter(confirmed_phone="").exclude(phone_e164="").select_for_update(no_key=True)
        for user in unconfirmed.order_by("pk"):
            user.confirm_phone(now)
            user.save(update_fields=["phone"])
        messages.success(request, "The phones are confirmed.")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **{"help_texts": USER_HELP} | kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_add_permission = has_module_permission

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
