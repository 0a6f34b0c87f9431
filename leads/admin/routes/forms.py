"""The form of a route, and the form of its simulation."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from api.admin.resource_admin import ResourceForm
from api.internal_client import ApiError
from leads.admin.my_availability_forms import DateTimeWidget
from leads.admin.routes.preview import DEFAULT_DAYS, PreviewResult, run_preview
from leads.models import LeadRoute, LeadSource

COLUMNS: Final = (
    "source_id",
    "contact_source",
    "type",
    "city",
    "zipcode",
    "listing_price",
    "listing_status",
    "created_at",
)
EXAMPLE: Final = "type,city,listing_price\nBuyer,Irvine,750000"
MAX_FILE_BYTES: Final = 1_000_000


def text() -> forms.CharField:
    return forms.CharField(required=False, max_length=255, widget=UnfoldAdminTextInputWidget)


class SimulationForm(forms.Form):
    """The leads to simulate: those of the last days, a typed lead, or a table."""

    days = forms.IntegerField(
        label="My leads of the last days",
        min_value=1,
        max_value=3660,
        initial=DEFAULT_DAYS,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    source_id = forms.ModelChoiceField(
        LeadSource.objects.order_by("name"), label="Source", required=False, widget=UnfoldAdminSelectWidget
    )
    type, listing_price, city, zipcode, listing_status, contact_source = (text() for _ in range(6))
    created_at = forms.DateTimeField(
        label="Received at", required=False, widget=DateTimeWidget, help_text="In your time zone. Empty: now."
    )
    csv = forms.CharField(
        label="Paste a table of leads",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "placeholder": EXAMPLE}),
        help_text=f"Column names in the first line: {', '.join(COLUMNS)}. At most 1,000 rows.",
    )
    file = forms.FileField(label="Or as a file", required=False, help_text="A CSV file.", widget=forms.FileInput)

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix="try", label_suffix="")
        self.fields["type"].help_text = "Example: Buyer."
        named = ", ".join(
            f"{pk} is {name}" for pk, name in LeadSource.objects.order_by("name").values_list("pk", "name")
        )
        self.fields["csv"].help_text += f" As source_id {named}." if named else ""
        self.fields["listing_price"].label = "Price"
        self.fields["zipcode"].label = "ZIP code"

    def lead(self) -> dict[str, Any] | None:
        """Return the typed lead as the API reads it; None if no field has a value."""
        values = {name: self.cleaned_data[name] for name in COLUMNS if self.cleaned_data.get(name)}
        if source := values.get("source_id"):
            values["source_id"] = source.pk
        return values or None

    def table(self) -> str:
        """Return the content of the uploaded file, otherwise the pasted text."""
        return str(self.cleaned_data["file"] or self.cleaned_data["csv"])

    def clean_file(self) -> str:
        """Return the text of the file, and keep it as pasted text, because browsers send a file only once."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB: a simulation takes at most 1,000 rows.")
        try:
            text = str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError("This is not a text file: save the table as CSV (UTF-8).") from None
        self.data = {**self.data, self.add_prefix("csv"): text}
        return text

    def show(self, refusal: ApiError) -> None:
        """Show the errors of the API at their fields."""
        for name, message in refusal.errors.items():
            field = name.rpartition(".")[2]
            self.add_error(field if field in self.fields else None, message)


class RouteForm(ResourceForm):
    """A route, on a page that also takes a file to simulate."""

    simulate: Callable[[Any, dict[str, Any]], Any]

    def is_multipart(self) -> bool:
        return True


class PreviewForm(RouteForm):
    """A route to simulate: validated as on saving, and never saved."""

    simulation_form: SimulationForm
    preview: PreviewResult | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.simulation_form = SimulationForm(self.data, self.files)

    def is_valid(self) -> bool:
        """Return False, so that the form is shown again with the result of the simulation."""
        super().is_valid()
        return False

    def _post_clean(self) -> None:
        if self.errors or not self.simulation_form.is_valid():
            return
        try:
            simulate = partial(self.simulate, self.user)
            self.preview = run_preview(simulate, self.user, self.as_typed(), self.as_body(), self.simulation_form)
        except ApiError as refusal:
            self.show(refusal)

    def as_typed(self) -> LeadRoute:
        """Return the unsaved route, for its description."""
        route = LeadRoute.objects.get(pk=self.instance.pk) if self.instance.pk else LeadRoute(owner_user=self.user)
        for name, value in self.cleaned_data.items():
            if name != "position":
                setattr(route, name, value)
        return route
