"""Sub-accounts in the admin."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from api.admin.resource_admin import ResourceAdmin, ResourceForm
from teams.api.views import SubAccountResource
from teams.models import (
    SubAccount,
    User,
)
from teams.sub_accounts import eligible_sub_accounts, may_have_sub_accounts


class SubAccountForm(ResourceForm):
    """A broker chooses the user when adding a sub-account. The user cannot be changed later."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="A user who accepted an invitation to one of your teams.",
    )

    class Meta:
        model = SubAccount
        fields = SubAccount.flags()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        broker = cast(Any, type(self)).user
        if "user" in self.fields:
            cast(Any, self.fields["user"]).queryset = eligible_sub_accounts(broker).exclude(pk=broker.pk)


@admin.register(SubAccount)
class SubAccountAdmin(ResourceAdmin):
    resource = SubAccountResource
    form = SubAccountForm
    list_display = ["user", "broker_user", "created_at"]
    list_select_related = ["user", "broker_user"]
    fixed = ["user"]
    fieldsets = [
        (None, {"fields": ["user"]}),
        (
            "They use yours",
            {
                "fields": [
                    "user_can_see_broker_hotnesses",
                    "is_lead_sources_enabled",
                    "is_custom_fields_enabled",
                    "is_contact_ownership_enabled",
                ]
            },
        ),
        (
            "They create their own",
            {
                "fields": [
                    "user_can_create_own_hotnesses",
                    "is_lead_sources_new_enabled",
                    "is_custom_fields_new_enabled",
                    "is_contact_ownership_new_enabled",
                ]
            },
        ),
        (
            "Kept for programs, and without effect here",
            {
                "fields": [
                    "is_contact_activity_settings_enabled",
                    "is_lead_status_enabled",
                    "is_contact_types_enabled",
                    "is_contact_activity_settings_new_enabled",
                    "is_lead_status_new_enabled",
                    "is_contact_types_new_enabled",
                ],
                "classes": ["collapse"],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and may_have_sub_accounts(cast(User, request.user))
