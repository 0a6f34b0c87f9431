"""The forms of actions on a lead: permissions, inputs and consequences."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from api.internal_client import ApiError
from core.errors import DomainError
from leads.lifecycle import merge, reassignment
from leads.lifecycle.claims import require_not_merged
from leads.models import Lead
from leads.notifications.alert_text import LeadAlertText
from teams.models import Team, User


def alert_text_for_reader(lead: Lead, user: User) -> LeadAlertText:
    """Return the texts of a lead. A user who cannot see its contact gets only the preview of the team."""
    if Lead.objects.visible_to(user).filter(pk=lead.pk).exists():
        return LeadAlertText(lead)
    return LeadAlertText(lead, lead.team.claim_preview if lead.team else Team.ClaimPreview.AREA)


def lead_label(lead: Lead, reader: User) -> str:
    story = alert_text_for_reader(lead, reader)
    return story.summary_line(story.contact_name)


class LeadActionForm(forms.Form):
    """An action on a lead: a form that asks for its inputs and passes them to the API."""

    name: ClassVar[str]  # in the URL, as in that of the API
    title: ClassVar[str]
    button: ClassVar[str]
    icon: ClassVar[str]

    def __init__(self, lead: Lead, user: User, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        self.lead, self.user = lead, user

    @classmethod
    def require_possible(cls, lead: Lead, user: User) -> None:
        """Raise the error that the API raises for any input."""
        require_not_merged(lead)

    @classmethod
    def objection(cls, lead: Lead, user: User) -> str:
        """Return why this user cannot take the action, as text; empty if they can."""
        try:
            cls.require_possible(lead, user)
        except DomainError as refusal:
            return str(refusal)
        return ""

    def consequences(self) -> Iterator[str]:
        """Yield what will happen, and who is notified."""
        raise NotImplementedError

    def body(self) -> dict[str, Any]:
        """Return the body of the API request."""
        return {f"{name}_id": record.pk for name, record in self.cleaned_data.items()}

    def success_message(self) -> str:
        """Return the message that is shown afterwards."""
        raise NotImplementedError

    def submit(self, call_action: Callable[[dict[str, Any]], Any]) -> bool:
        """Call the API. If it refuses, its message becomes a form error."""
        if not self.is_valid():
            return False
        try:
            call_action(self.body())
        except ApiError as refusal:
            self.add_error(None, str(refusal))
            return False
        return True


def channel_phrase(user: User) -> str:
    return "by email and text" if user.confirmed_phone else "by email"


def recipient(user: User, reader: User) -> str:
    return "you" if user == reader else str(user)


class ReassignForm(LeadActionForm):
    name, title, button, icon = "reassign", "Reassign this lead", "Reassign", "move_up"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignees = reassignment.eligible_assignees(self.lead, self.user).exclude(pk=self.lead.claimed_by_user_id or 0)
        self.fields["user"] = forms.ModelChoiceField(
            assignees.order_by("first_name", "last_name", "email"),
            label="Assign to",
            empty_label="Choose a user",
            widget=UnfoldAdminSelectWidget,
            error_messages={"required": "Choose a user.", "invalid_choice": "Choose one of the list."},
        )

    @classmethod
    def require_possible(cls, lead: Lead, user: User) -> None:
        super().require_possible(lead, user)
        reassignment.require_reassigner(lead, user)

    def consequences(self) -> Iterator[str]:
        claimer = self.lead.claimed_by_user
        if claimer is not None:
            yield f"It is taken from {recipient(claimer, self.user)}, with a notice {channel_phrase(claimer)}."
        elif self.lead.team is not None:
            yield "No other agent can claim it any more. Alerts that are not sent yet are canceled."
        yield (
            "The user you choose gets the lead immediately, without a claim, with its contact details by email, and by "
            "text if they have a phone."
        )

    def success_message(self) -> str:
        return f"{self.cleaned_data['user']} has the lead and is notified."


class ReturnForm(LeadActionForm):
    name, title, button, icon = "return", "Return this lead to the pond", "Return to the pond", "waves"

    @classmethod
    def require_possible(cls, lead: Lead, user: User) -> None:
        super().require_possible(lead, user)
        reassignment.require_returnable(lead, user)

    def consequences(self) -> Iterator[str]:
        claimer, team = reassignment.require_returnable(self.lead, self.user)
        notice = "" if claimer == self.user else f", with a notice {channel_phrase(claimer)}"
        yield f"It is taken from {recipient(claimer, self.user)}{notice}."
        yield f"Any member of {team} can then claim it from the pond. Members are not notified."
        if team.mins_until_alarm is not None:
            notified_user = recipient(team.creator, self.user)
            yield f"If it is unclaimed after {team.mins_until_alarm} minutes, {notified_user} will be notified."

    def success_message(self) -> str:
        return f"The lead is in the pond of {self.lead.team}."


class MergeForm(LeadActionForm):
    name, title, button, icon = "merge", "Merge a duplicate of this lead", "Merge a duplicate", "call_merge"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        duplicates = merge.mergeable_leads(self.lead).select_related("contact", "source", "claimed_by_user")
        self.fields["lead"] = DuplicateField(
            duplicates.order_by("-created_at", "-pk"),
            label="Duplicate",
            empty_label=None,
            widget=UnfoldAdminRadioSelectWidget,
            error_messages={"required": "Choose a duplicate.", "invalid_choice": "Choose one of the list."},
        )

    @classmethod
    def require_possible(cls, lead: Lead, user: User) -> None:
        super().require_possible(lead, user)
        merge.require_owner(lead, user)
        if not merge.mergeable_leads(lead).exists():
            raise NoDuplicate

    def consequences(self) -> Iterator[str]:
        yield (
            "The duplicate is merged into this lead: empty fields are filled in from it, and the notes of both leads "
            "are kept."
        )
        yield "Its offers end without a notice. If an agent has claimed it, they get this lead instead."
        yield "This cannot be undone."

    def success_message(self) -> str:
        return f"Lead {self.cleaned_data['lead'].pk} is merged into this one."


class NoDuplicate(DomainError):
    """This person has no other lead."""


class DuplicateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Leads labeled by their content and owner."""

    def label_from_instance(self, lead: Lead) -> str:
        claim = f"claimed by {lead.claimed_by_user}" if lead.claimed_by_user else "unclaimed"
        return f"Lead {lead.pk}: {LeadAlertText(lead).summary}; {claim}"


ACTION_FORMS: Final[Sequence[type[LeadActionForm]]] = (ReassignForm, ReturnForm, MergeForm)


def available_actions(lead: Lead, user: User) -> list[type[LeadActionForm]]:
    """Return the actions that this user can take on this lead in its current state."""
    return [kind for kind in ACTION_FORMS if not kind.objection(lead, user)]
