"""What may be done with a lead by hand: for whom, with what choice, and what comes of it, in plain words."""

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


def alert_text_for_reader(lead: Lead, reader: User) -> LeadAlertText:
    """Of a lead that they do not see, whoever leads its team reads what its members do before a claim."""
    if Lead.objects.visible_to(reader).filter(pk=lead.pk).exists():
        return LeadAlertText(lead)
    return LeadAlertText(lead, lead.team.claim_preview if lead.team else Team.ClaimPreview.AREA)


def lead_label(lead: Lead, reader: User) -> str:
    story = alert_text_for_reader(lead, reader)
    return story.summary_line(story.contact_name)


class LeadActionForm(forms.Form):
    """One deed: a form that asks what must be said for it, and hands it to the API."""

    name: ClassVar[str]  # in the URL, as in that of the API
    title: ClassVar[str]
    button: ClassVar[str]
    icon: ClassVar[str]

    def __init__(self, lead: Lead, user: User, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        self.lead, self.user = lead, user

    @classmethod
    def refuse(cls, lead: Lead, user: User) -> None:
        """What the API would refuse whatever was chosen."""
        require_not_merged(lead)

    @classmethod
    def why_not(cls, lead: Lead, user: User) -> str:
        """Why this user cannot do it, in plain words; empty when they can."""
        try:
            cls.refuse(lead, user)
        except DomainError as refusal:
            return str(refusal)
        return ""

    def consequences(self) -> Iterator[str]:
        """What will happen, and who is told of it."""
        raise NotImplementedError

    def body(self) -> dict[str, Any]:
        """As the API is asked."""
        return {f"{name}_id": record.pk for name, record in self.cleaned_data.items()}

    def done(self) -> str:
        """What is said afterwards."""
        raise NotImplementedError

    def is_done(self, do: Callable[[dict[str, Any]], Any]) -> bool:
        """Let the API do it; what it refuses stands in the form."""
        if not self.is_valid():
            return False
        try:
            do(self.body())
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
        takers = reassignment.eligible_assignees(self.lead, self.user).exclude(pk=self.lead.claimed_by_user_id or 0)
        self.fields["user"] = forms.ModelChoiceField(
            takers.order_by("first_name", "last_name", "email"),
            label="To whom",
            empty_label="Choose somebody",
            widget=UnfoldAdminSelectWidget,
            error_messages={"required": "Choose to whom.", "invalid_choice": "Choose one of these."},
        )

    @classmethod
    def refuse(cls, lead: Lead, user: User) -> None:
        super().refuse(lead, user)
        reassignment.require_reassigner(lead, user)

    def consequences(self) -> Iterator[str]:
        loser = self.lead.claimed_by_user
        if loser is not None:
            yield f"It is taken from {recipient(loser, self.user)}, with a notice {channel_phrase(loser)}."
        elif self.lead.team is not None:
            yield "Nobody else can claim it any more; alerts about it that have not left do not leave."
        yield (
            "Whoever you choose has it at once, without claiming, and is told how to reach the person, by email and by "
            "text if they have a phone."
        )

    def done(self) -> str:
        return f"{self.cleaned_data['user']} has the lead now, and is told of it."


class ReturnForm(LeadActionForm):
    name, title, button, icon = "return", "Return this lead to the pond", "Return to the pond", "waves"

    @classmethod
    def refuse(cls, lead: Lead, user: User) -> None:
        super().refuse(lead, user)
        reassignment.require_returnable(lead, user)

    def consequences(self) -> Iterator[str]:
        loser, team = reassignment.require_returnable(self.lead, self.user)
        told = "" if loser == self.user else f", who is told {channel_phrase(loser)}"
        yield f"It is taken from {recipient(loser, self.user)}{told}."
        yield f"Any member of {team} may take it from the pond then. Nobody is told that it is there."
        if team.mins_until_alarm is not None:
            alarmed = recipient(team.creator, self.user)
            yield f"If nobody has taken it after {team.mins_until_alarm} minutes, {alarmed} will be told."

    def done(self) -> str:
        return f"The lead is in the pond of {self.lead.team}."


class MergeForm(LeadActionForm):
    name, title, button, icon = "merge", "Merge a double of this lead", "Merge a double", "call_merge"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = merge.mergeable_leads(self.lead).select_related("contact", "source", "claimed_by_user")
        self.fields["lead"] = DuplicateField(
            found.order_by("-created_at", "-pk"),
            label="Which one",
            empty_label=None,
            widget=UnfoldAdminRadioSelectWidget,
            error_messages={"required": "Choose which one.", "invalid_choice": "Choose one of these."},
        )

    @classmethod
    def refuse(cls, lead: Lead, user: User) -> None:
        super().refuse(lead, user)
        merge.require_owner(lead, user)
        if not merge.mergeable_leads(lead).exists():
            raise NoDuplicate

    def consequences(self) -> Iterator[str]:
        yield (
            "The one that you choose becomes part of this one: what this one leaves blank is filled in from it, and "
            "what was written in both is kept."
        )
        yield "Offers of it end, and nobody is told. If somebody has claimed it, they have this one then."
        yield "This cannot be undone."

    def done(self) -> str:
        return f"Lead {self.cleaned_data['lead'].pk} is part of this one now."


class NoDuplicate(DomainError):
    """This person has no other lead."""


class DuplicateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Leads told apart by what they say and who has them."""

    def label_from_instance(self, lead: Lead) -> str:
        has = f"claimed by {lead.claimed_by_user}" if lead.claimed_by_user else "nobody has claimed it"
        return f"Lead {lead.pk}: {LeadAlertText(lead).summary}; {has}"


ACTION_FORMS: Final[Sequence[type[LeadActionForm]]] = (ReassignForm, ReturnForm, MergeForm)


def available_actions(lead: Lead, user: User) -> list[type[LeadActionForm]]:
    """The deeds that this user may do with this lead as it is."""
    return [kind for kind in ACTION_FORMS if not kind.why_not(lead, user)]
