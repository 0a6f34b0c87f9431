"""The actions of API v1, as calls of v2's resources. An ApiError of v2 becomes the call's error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from api.coercion import parse_integer
from api.internal_client import ApiError, call_api
from api.viewsets import LIONDESK, Resource
from api_v1.aliases import as_body, in_words, read, spelled
from api_v1.contact_matching import known_contact, numbers_of, one_at_a_time
from campaigns.api import TaskResource
from core.errors import DomainError, NotAllowed
from crm.api import ActivityResource, ContactResource, ContactSourceResource, EventPropertyResource, EventResource
from crm.models import E164
from leads.api import SubmittedLeadResource
from leads.routing.sources import get_or_create_lead_source
from teams.models import User

SOURCE = "API"  # of a submission that names none
PAGE = 100  # rows, where no limit is given
PHONES = {"phone": "mobile_phone", "cellphone": "mobile_phone", "workphone": "office_phone"}
WORDS = {"comment": "text_body", "comments": "text_body", "message": "text_body"}
ADDRESS = {"address": "street_address", "zip": "zipcode"}
NOTE = {"comment": "body", "comments": "body", "note": "body"}
TASK = {"type": "action_type", "task": "description", "duedate": "due_at"}
OWN = [pair for words in (PHONES, WORDS, ADDRESS, NOTE, TASK, {"source": "name"}) for pair in words.items()]


class Wrong(DomainError):
    """The parameters of this call are not what it needs."""


@dataclass(frozen=True)
class Call:
    """One request: its user and its parameters."""

    user: User
    key: str  # by which the user is known to the program
    is_personal: bool
    given: Mapping[str, Any]  # by folded name
    names: Mapping[str, str]  # as they were spelled, by folded name

    def ask(
        self, resource: type[Resource[Any]], method: str, body: Any = None, names: Any = None, **more: Any
    ) -> dict[str, Any]:
        """What a resource of v2 answers; where it refuses, it is quoted in the words of this call, `names`."""
        try:
            answer: dict[str, Any] = call_api(resource, method, self.user, body, **more)
        except ApiError as refusal:
            refusal.body["message"] = in_words(refusal.body["message"], names or self.names, OWN)
            raise
        return answer

    def body_for(self, resource: type[Resource[Any]], **own: str) -> dict[str, Any]:
        """What was given for a resource; `own` are v1's words for its fields."""
        return as_body(self.given, fields_of(resource), **own)

    @property
    def contact_id(self) -> str:
        name = next((name for name in ("contactid", "id") if self.given.get(name)), None)
        if name is None:
            raise Wrong("contactid is required.")
        if not isinstance(given := self.given[name], int | str) or given is True:
            raise Wrong(f"{self.names[name]} must be a whole number.")
        return str(given)

    def page(self, **more: Any) -> str:
        """The part of a list that was asked for."""
        part = {"$limit": self.number("limit", PAGE), "$skip": self.number("offset", 0)}
        return urlencode(part | more)

    def number(self, name: str, otherwise: int) -> int:
        """Return the requested number of rows. Invalid numbers are an error here; v2 ignores them, as LionDesk did."""
        given = self.given.get(name)
        if given is None or given == "":
            return otherwise
        try:
            number = parse_integer(given)
        except ValueError as error:
            raise Wrong(f"{self.names[name]} {error}") from None
        if number < 0:
            raise Wrong(f"{self.names[name]} must be 0 or more.")
        return number


def fields_of(resource: type[Resource[Any]]) -> list[str]:
    serializer: Any = resource.serializer_class
    return cast("list[str]", serializer.Meta.fields)


def echo(call: Call) -> dict[str, Any]:
    return {"msg": call.given.get("msg", "")}


def get_users(call: Call) -> dict[str, Any]:
    """Return the user whose key was sent. Other keys are unknown: only hashes are stored."""
    if call.is_personal:
        raise NotAllowed("GetUsers needs an application's key. It is not available with personal access.")
    return {"users": [{"userKey": call.key, "email": call.user.email}]}


def new_contact(call: Call) -> dict[str, Any]:
    return {"id": call.ask(ContactResource, "POST", contact_body(call, call.given.get("source")))["id"]}


def contact_body(call: Call, source: Any) -> dict[str, Any]:
    """What was given of a contact; `source` is the name of one of the user's contact sources."""
    body = call.body_for(ContactResource, **PHONES)
    if source:
        body["source_id"] = contact_source(call, source)
    return body


def contact_source(call: Call, name: Any) -> int | None:
    """Return the id of the source with this name.

    A user who may create none gets the broker's, or none: no lead is lost.
    """
    if call.user.has_right("is_lead_sources_new_enabled"):
        made: int = call.ask(ContactSourceResource, "POST", {"name": name})["id"]
        return made
    known = call.ask(ContactSourceResource, "GET", query=urlencode({"name": name, "$total": "false"}))["data"]
    return known[0]["id"] if known else None


def new_submission(call: Call) -> dict[str, Any]:
    """Receive an inquiry: of the contact with this email or phone, otherwise of a new one.

    It is distributed immediately.
    """
    source = get_or_create_lead_source(name_of_source(call))
    person = contact_body(call, source.name)
    contact_id = submit_contact(call, person)
    body = call.body_for(SubmittedLeadResource, **WORDS, **ADDRESS)
    ours = {"contact_id": contact_id, "source_id": source.pk, "numbers": numbers_of(person)}
    lead = call.ask(SubmittedLeadResource, "POST", body | ours)
    return {"id": contact_id, "leadid": lead["id"]}


def name_of_source(call: Call) -> str:
    name = call.given.get("source") or SOURCE
    if isinstance(name, str) and (stripped := name.strip()) and len(stripped) <= 200:
        return stripped
    raise Wrong("source must be a name of at most 200 characters.")


def submit_contact(call: Call, body: dict[str, Any]) -> int:
    """The id of the contact who inquires."""
    if not any(body.get(name) for name in ("first_name", "last_name", "email", *E164)):
        raise Wrong("A submission needs a firstname, lastname, email or phone.")
    one_at_a_time(call.user, body)
    known = known_contact(call.user, body)
    contact = call.ask(ContactResource, "POST", body) if known is None else fill_in(call, known.pk, body)
    contact_id: int = contact["id"]
    return contact_id


def fill_in(call: Call, contact_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Add to a contact what is not known of them yet. What is known stays."""
    standing = call.ask(ContactResource, "GET", id=str(contact_id))
    missing = {name: value for name, value in body.items() if value and not standing.get(name)}
    if fields := body.get("custom_fields"):
        missing["custom_fields"] = missing_values(fields, standing["custom_fields"])
    return call.ask(ContactResource, "PATCH", missing, id=str(contact_id)) if missing else standing


def missing_values(given: Any, standing: list[dict[str, Any]]) -> Any:
    """Return the given custom fields that have no value yet. Anything that is not a list is passed on for its error."""
    if not isinstance(given, list):
        return given
    known = {str(row["id"]) for row in standing if row["value"] is not None}
    return [row for row in given if not isinstance(row, dict) or str(row.get("id")) not in known]


class CommentResource(ActivityResource):
    """A note as API v1 takes it: unknown fields are ignored, as LionDesk did."""

    tag = LIONDESK


def new_comment(call: Call) -> dict[str, Any]:
    """A note on the contact."""
    body = call.body_for(CommentResource, **NOTE)
    if not body.get("body"):
        raise Wrong("comment is required.")
    return {"id": call.ask(CommentResource, "POST", body, contact_id=call.contact_id)["id"]}


def new_task(call: Call) -> dict[str, Any]:
    body = {"action_type": "None", "status": "incomplete"} | call.body_for(TaskResource, **TASK)
    return {"id": call.ask(TaskResource, "POST", body)["id"]}


def new_activity(call: Call) -> dict[str, Any]:
    """What v2 calls an event, with the property it is about, if it is."""
    house = call.given.get("property") or {}
    if not isinstance(house, dict):
        raise Wrong("property must be an object.")
    event = call.ask(EventResource, "POST", call.body_for(EventResource))
    if house:
        body = as_body(read(house), fields_of(EventPropertyResource))
        call.ask(EventPropertyResource, "POST", body, spelled(house), event_id=str(event["id"]))
    return {"id": event["id"]}


def get_all_contacts(call: Call) -> dict[str, Any]:
    page = call.ask(ContactResource, "GET", query=call.page())
    return {"total": page["total"], "limit": page["limit"], "offset": page["skip"], "contacts": page["data"]}


def get_contact_details(call: Call) -> dict[str, Any]:
    return {"contact": call.ask(ContactResource, "GET", id=call.contact_id, query="$load=addresses")}


def get_contact_activity(call: Call) -> dict[str, Any]:
    """Return the events and activities of a contact, latest first."""
    notes = call.ask(ActivityResource, "GET", contact_id=call.contact_id, query=call.page())
    latest = call.page(contact_id=call.contact_id) + "&$sort[created_at]=-1"
    events = call.ask(EventResource, "GET", query=latest)
    return {"limit": events["limit"], "offset": events["skip"], "activities": events["data"], "comments": notes["data"]}


CALLS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "Echo": echo,
    "GetUsers": get_users,
    "NewContact": new_contact,
    "NewSubmission": new_submission,
    "NewComment": new_comment,
    "NewTask": new_task,
    "NewActivity": new_activity,
    "GetAllContacts": get_all_contacts,
    "GetContactDetails": get_contact_details,
    "GetContactActivity": get_contact_activity,
}
NAMES = {name.lower(): name for name in CALLS}
READING = {name for name in CALLS if name == "Echo" or name.startswith("Get")}


def name_of(action: Any) -> str:
    """Return the action, in any case."""
    if isinstance(action, str) and (name := NAMES.get(action.lower())):
        return name
    if action is None or action == "":
        fault = "action is required"
    else:
        fault = f"There is no action {action[:100]}" if isinstance(action, str) else "action must be text"
    raise Wrong(f"{fault}: it must be one of {', '.join(CALLS)}.")
