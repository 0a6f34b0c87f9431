"""The forms of the availability page."""

from collections.abc import Callable
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from api.internal_client import ApiError
from teams.models import User


class DateTimeWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """A date and time input with the picker of the browser."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> Any:
        return value[:16].replace(" ", "T") if isinstance(value, str) else f"{value:%Y-%m-%dT%H:%M}" if value else None


class CodeForm(forms.Form):
    """The code from the text, passed to the API as `POST /me/phone/confirm`."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def is_confirmed(self, confirm: Callable[[dict[str, Any]], Any]) -> bool:
        if not self.is_valid():
            return False
        try:
            confirm(self.cleaned_data)
        except ApiError as refusal:
            self.add_error("code" if "code" in refusal.errors else None, str(refusal))
            return False
        return True


class MyAvailabilityForm(forms.Form):
    """Phone, time zone, pause and hours, passed to the API as `PATCH /me`. Errors are shown at their fields."""

    phone = forms.CharField(
        label="Your phone",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="For texts and calls, after you confirm it.",
    )
    timezone = forms.CharField(
        label="Time zone", required=False, widget=UnfoldAdminTextInputWidget, help_text="Example: America/Denver."
    )
    paused_until = forms.DateTimeField(
        label="No leads until",
        required=False,
        widget=DateTimeWidget,
        help_text="In your time zone. Empty: no pause.",
        error_messages={"invalid": "Enter a date and a time, such as 2027-03-01 08:00."},
    )
    working_hours = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Example: Mon-Fri 9:00-18:00; Sat 10-14. Empty: always.",
    )
    days_off = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Separate dates with commas: 2027-07-04, 2027-12-25.",
    )

    @classmethod
    def of(cls, user: User, data: Any = None) -> "MyAvailabilityForm":
        days = ", ".join(map(str, user.days_off))
        initial = {
            "phone": user.phone,
            "timezone": user.timezone,
            "paused_until": user.paused_until,
            "working_hours": user.working_hours,
            "days_off": days,
        }
        return cls(data, initial=initial, label_suffix="")

    def is_saved(self, save: Callable[[dict[str, Any]], Any]) -> bool:
        if not self.is_valid():
            return False
        try:
            save({name: self.cleaned_data[name] for name in self.changed_data})
        except ApiError as refusal:
            for name, message in refusal.errors.items():
                self.add_error(name if name in self.fields else None, message)
        return not self.errors
