"""The forms in which an agent writes to a client."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from api.internal_client import ApiError
from core.reasons import reason_text
from messaging.manual.click_to_call import phone_objection
from messaging.manual.compose import TEMPLATES
from messaging.models import Message, Template
from messaging.send_policy.rules import REFUSE, Verdict
from teams.models import User

Channel = Message.Channel


class ByHand(forms.Form):
    """A message by one channel. The input is passed to the API, whose errors are shown in the form."""

    channel: ClassVar[Channel]
    button: ClassVar[str]
    cannot: ClassVar[str] = "It cannot be sent."

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        self.user = user

    def objection(self, verdict: Verdict) -> str:
        """Why there is nothing to be typed; empty where there is."""
        return reason_text(*verdict.reason) if verdict.kind == REFUSE and verdict.reason else ""

    def said(self) -> dict[str, Any]:
        """Return the request body for the API."""
        return {}

    def sent(self, send: Callable[[dict[str, Any]], Any]) -> dict[str, Any] | None:
        """The message, if the API took it."""
        if not self.is_valid():
            return None
        try:
            message: dict[str, Any] = send(self.said())
        except ApiError as refusal:
            self.show(refusal)
            return None
        return message

    def show(self, refusal: ApiError) -> None:
        """Put each message beside its field, and what is about none above all."""
        for given_name, words in (refusal.errors or {"": str(refusal)}).items():
            name = given_name.removesuffix("_id")
            self.add_error(name if name in self.fields else None, words)

    def outcome(self, sent: dict[str, Any]) -> str:
        waits = sent["status"] == Message.Status.HELD
        return f"The {self.channel} will be sent in the morning." if waits else f"The {self.channel} is being sent."


class Writing(ByHand):
    template = forms.ModelChoiceField(
        Template.objects.none(),
        label="Template",
        required=False,
        empty_label="None: I write it myself",
        widget=UnfoldAdminSelectWidget,
        help_text="Fills in the fields that you leave empty.",
    )
    body = forms.CharField(label="Message", required=False, strip=False, widget=UnfoldAdminTextareaWidget({"rows": 6}))

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        ours = Template.objects.visible_to(user).filter(template_type=TEMPLATES[self.channel])
        self.fields["template"].queryset = ours.order_by("description", "pk")  # type: ignore[attr-defined]
        if not ours.exists():
            del self.fields["template"]

    def said(self) -> dict[str, Any]:
        template = self.cleaned_data.pop("template", None)
        return {"channel": self.channel, "template_id": template and template.pk} | self.cleaned_data


class TextByHand(Writing):
    channel, button = Channel.TEXT, "Send text"


class EmailByHand(Writing):
    channel, button = Channel.EMAIL, "Send email"
    field_order = ("template", "subject", "body")

    subject = forms.CharField(label="Subject", required=False, widget=UnfoldAdminTextInputWidget)


class CallByHand(ByHand):
    """Nothing is typed: the agent speaks."""

    channel, button, cannot = Channel.CALL, "Ring my phone", "They cannot be called."

    def objection(self, verdict: Verdict) -> str:
        if own := phone_objection(self.user):
            return str(own)
        return reason_text(*verdict.reason) if verdict.reason else ""

    def outcome(self, sent: dict[str, Any]) -> str:
        return f"Your phone {sent['to']} rings."


KINDS: Final[tuple[type[ByHand], ...]] = (TextByHand, EmailByHand, CallByHand)
