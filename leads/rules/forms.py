"""A rule as it is typed, and what to rehearse it with."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from config.api.admin import ResourceForm
from config.api.asking import Refusal
from leads.models import LeadRoute, LeadSource
from leads.rules.draft import USUAL_DAYS, Rehearsal, rehearsed
from leads.trial.forms import MomentWidget


def text() -> forms.CharField:
    return forms.CharField(required=False, max_length=255, widget=UnfoldAdminTextInputWidget)


class TrialForm(forms.Form):
    """With which leads: those of the last days, and one typed in, where anything of it is."""

    days = forms.IntegerField(
        label="My leads of so many days",
        min_value=1,
        max_value=3660,
        initial=USUAL_DAYS,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    source_id = forms.ModelChoiceField(
        LeadSource.objects.order_by("name"), label="Source", required=False, widget=UnfoldAdminSelectWidget
    )
    type, listing_price, city, zipcode, listing_status, contact_source = (text() for _ in range(6))
    created_at = forms.DateTimeField(
        label="Comes in at", required=False, widget=MomentWidget, help_text="On your clock. Empty: now."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="try", label_suffix="")
        self.fields["type"].help_text = "Such as Buyer."
        self.fields["listing_price"].label = "Price"
        self.fields["zipcode"].label = "ZIP code"

    def lead(self) -> dict[str, Any] | None:
        """The lead that was typed in, as the API is told of it; None where nothing was."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "days" and value}
        if source := given.get("source_id"):
            given["source_id"] = source.pk
        return given or None

    def show(self, refusal: Refusal) -> None:
        """Beside the fields that the refusal names."""
        for name, message in refusal.errors.items():
            field = name.rpartition(".")[2]
            self.add_error(field if field in self.fields else None, message)


class RehearsedForm(ResourceForm):
    """A rule that is to be rehearsed: judged as on saving, and never saved."""

    simulated: Callable[[Any, dict[str, Any]], Any]
    trial: TrialForm
    rehearsal: Rehearsal | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trial = TrialForm(self.data)

    def is_valid(self) -> bool:
        """Never so: the form is shown again, with what the rehearsal said."""
        super().is_valid()
        return False

    def _post_clean(self) -> None:
        if self.errors or not self.trial.is_valid():
            return
        try:
            simulate = partial(self.simulated, self.user)
            self.rehearsal = rehearsed(simulate, self.user, self.as_typed(), self.as_body(), self.trial)
        except Refusal as refusal:
            self.show(refusal)

    def as_typed(self) -> LeadRoute:
        """The rule as it would be, for its sentence."""
        route = LeadRoute.objects.get(pk=self.instance.pk) if self.instance.pk else LeadRoute(owner_user=self.user)
        for name, value in self.cleaned_data.items():
            if name != "position":
                setattr(route, name, value)
        return route
