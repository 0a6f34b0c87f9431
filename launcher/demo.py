"""`./pride demo`: both walkthroughs of LionDesk's leads overview over HTTP, on a running sandbox, with nothing faked.

It prints the story step by step, then the timeline: who was alerted when, what was sent, how a reply stopped the texts.
With `--json` it prints each request with its answer as well. It advances the sandbox's clock by 41 days, and at its end
lists what it changed. Each step is checked; the first check that fails ends the demo with exit status 1. The demo uses
only the API, like any integrator's program, and adds users with the operator's commands.
"""

import argparse
import io
import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import django
from django.core.management import CommandError, call_command

from launcher.data_dir import Home

AREA_CODES = (206, 213, 310, 415, 424, 503, 562, 619, 626, 714, 760, 818, 858, 909, 925, 951)  # all on Pacific time
HANDSETS = range(10, 50)  # of the reserved 555-01xx, those that the sandbox's Twilio does not sell
PACIFIC = ZoneInfo("America/Los_Angeles")
PATIENCE_SECONDS = 60
LONGEST_SHOWN = 600  # characters of an answer

Record = dict[str, Any]


class Disappointment(Exception):
    """Something that should be so is not."""


@dataclass
class Person:
    """A user with an access token. `shows_json` prints each request and its answer."""

    base_url: str
    name: str
    token: str
    shows_json: bool
    user: Record = field(default_factory=dict)

    def get(self, path: str, **query: Any) -> Any:
        shown = f"{path}?{urlencode(query, safe='$[]%', quote_via=quote)}" if query else path
        return self.speak("GET", shown, None)

    def post(self, path: str, body: Record | None = None) -> Any:
        return self.speak("POST", path, body)

    def patch(self, path: str, body: Record) -> Any:
        return self.speak("PATCH", path, body)

    def speak(self, method: str, path: str, body: Record | None, aloud: bool = True) -> Any:
        status, answer = self.exchange(method, path, body)
        if aloud and self.shows_json:
            print(f"\n{self.name}: {method} {path}" + (f"\n  {json.dumps(body)}" if body else ""))
            print(f"  -> {status} {shortened(json.dumps(answer))}")
        if status >= 400:
            raise Disappointment(f"{method} {path} answered {status}: {answer.get('message')}")
        return answer

    def exchange(self, method: str, path: str, body: Record | None) -> tuple[int, Any]:
        """One request on a new connection: returns status and JSON."""
        connection = HTTPConnection(urlsplit(self.base_url).netloc, timeout=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        with connection.getresponse() as response:
            return response.status, json.loads(response.read())

    def first_or_new(self, path: str, new: Record, **query: Any) -> Record:
        """Find a record as the walkthrough needs it, or create it."""
        found = self.get(path, **query)["data"]
        first: Record = found[0] if found else self.post(path, new)
        return first


class Story:
    """The cast, the clock, and what the handsets and mailboxes received since the story began."""

    def __init__(self, shows_json: bool) -> None:
        demo = Home.chosen().demo
        if not demo:
            raise Disappointment("There is no demo account: start ./pride up first.")
        self.base_url = demo["base_url"]
        self.shows_json = shows_json
        self.operator = Person(self.base_url, "operator", demo["access_token"], shows_json)
        self.people: list[Person] = []
        self.run = random.randrange(10**6, 10**7)  # makes this run's people new
        handsets = [f"+1{area}55501{line}" for area in AREA_CODES for line in HANDSETS]
        self.numbers = iter(random.sample(handsets, len(handsets)))
        self.found_at = self.now()  # the clock before the demo moved it
        self.move_to_morning()
        self.began = self.now()

    # The clock and the outside world

    def now(self) -> datetime:
        """Return the sandbox's time."""
        return datetime.fromisoformat(self.quietly("GET", "/sandbox/clock")["now"])

    def move_to_morning(self) -> None:
        """Advance to the next 10:00 in California, when texting is allowed."""
        now = self.now().astimezone(PACIFIC)
        ten = now.replace(hour=10, minute=0, second=0, microsecond=0)
        ten = ten if ten > now else ten + timedelta(days=1)
        self.quietly("POST", "/sandbox/clock", {"set": ten.astimezone(ZoneInfo("UTC")).isoformat()})

    def advance(self, duration: str, shown: str) -> None:
        print(f"\n  ... {shown} later")
        self.quietly("POST", "/sandbox/clock", {"advance": duration})

    def quietly(self, method: str, path: str, body: Record | None = None) -> Any:
        return self.operator.speak(method, path, body, aloud=False)

    def texts(self, **query: str) -> list[Record]:
        """The texts of this story, oldest first."""
        rows = self.quietly("GET", f"/sandbox/texts?{urlencode({'$limit': 1000} | query)}")["data"]
        return [row for row in reversed(rows) if datetime.fromisoformat(row["at"]) >= self.began]

    def emails(self) -> list[Record]:
        rows = self.quietly("GET", "/sandbox/emails?$limit=1000")["data"]
        return [row for row in reversed(rows) if datetime.fromisoformat(row["at"]) >= self.began]

    def texts_in(self, sender: str, to: str, body: str) -> None:
        """A handset sends a text."""
        print(f"  {sender} texts {to}: {body}")
        self.quietly("POST", "/sandbox/texts", {"from": sender, "to": to, "body": body})

    # People

    @property
    def password(self) -> str:
        """The password of every user that this run adds."""
        return f"pass phrase {self.run}"

    def number(self) -> str:
        """Return a reserved number that is unused in this story."""
        return next(self.numbers)

    def hire(self, *first_names: str) -> list[Person]:
        """Make users as an operator does, with the commands of the README."""
        people = [self.hire_one(first_name) for first_name in first_names]
        for person in people:
            print(f"  {person.name} works here: {person.user['email']}, phone {person.user['phone']}")
        return people

    def hire_one(self, first_name: str) -> Person:
        email = f"{first_name.lower()}.{self.run}@example.com"
        names = ("--first-name", first_name, "--phone", self.number())
        pride("user", email, "--password", self.password, *names)
        person = Person(self.base_url, first_name, pride("token", email), self.shows_json)
        person.user = person.speak("GET", "/me", None, aloud=False)
        self.people.append(person)
        return person


def pride(*arguments: str) -> str:
    """Run a `./pride` command in this process, as starting one takes a second each; return what it prints."""
    printed = io.StringIO()
    try:
        call_command(*arguments, stdout=printed)
    except CommandError as error:
        raise Disappointment(f"./pride {arguments[0]} failed: {error}") from error
    return printed.getvalue().strip()


def expect(claim: str, holds: bool) -> None:
    """Check a statement of the story."""
    print(f"  [{'ok' if holds else 'NOT SO'}] {claim}")
    if not holds:
        raise Disappointment(claim)


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}... ({len(text)} characters)"


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


# What both walkthroughs share


def campaign_with_actions(agent: Person, name: str) -> Record:
    """A drip: a text after ten minutes, emails and texts over a month, and a task for the agent."""
    campaign: Record = agent.first_or_new("/campaigns", {"name": name}, **{"name[$like]": f"%{name}%"})
    actions = f"/campaigns/{campaign['id']}/actions"
    if agent.get(actions, **{"$load": "template"})["total"]:
        return campaign
    folder = agent.post("/template-folders", {"name": "Welcome"})["id"]

    def template(kind: str, subject: str, body: str) -> int:
        given = {"template_folder_id": folder, "template_type": kind, "subject": subject, "body": body}
        return int(agent.post("/templates", given)["id"])

    hello = template("Text", "Hello", "Hi {{first_name|there}}, this is {{agent_first_name}}. Shall we see the house?")
    again = template("Text", "Still looking", "{{first_name|Hello}}, are you still looking?")
    letter = template(
        "Email", "Your search", "Dear {{first_name|friend}},\n\nhere is what came up.\n{{agent_first_name}}"
    )
    month = [("Email Contact", 1, letter), ("Text Contact", 2, again), ("Text Contact", 9, again)]
    month += [("Email Contact", 14, letter), ("Text Contact", 30, again), ("Email Contact", 35, letter)]
    agent.post(
        actions,
        {"type": "Text Contact", "template_id": hello, "timing_type": "Delay by Minutes", "delay_by_seconds": 600}
        | {"is_stopped_on_text_reply": True},
    )
    for kind, day, template_id in month:
        timing = {"timing_type": "Delay by Day and Time", "delay_by_days": day, "dispatch_time": "11:30:00"}
        stops = {"is_stopped_on_text_reply": kind == "Text Contact"}
        agent.post(actions, {"type": kind, "template_metadata_id": template_id} | timing | stops)
    agent.post(
        actions,
        {"type": "Agent Task - Call Reminder", "notes": "Call about the viewing.", "delay_by_days": 3}
        | {"timing_type": "Delay by Day and Time", "dispatch_time": "09:00:00"},
    )
    return campaign


def contact_and_lead(agent: Person, person: Record, lead_source: int, contact_source: int) -> tuple[Record, Record]:
    """Find or create the contact, then create the lead."""
    contact = agent.first_or_new(
        "//contacts",
        person | {"source_id": contact_source, "tags": "Pending"},
        email=person["email"],
        mobile_phone=person["mobile_phone"],
    )
    house = {"listing_status": "For Sale", "listing_price": "1250000", "street_address": "16215 Alton Pkwy"}
    place = {"city": "Irvine", "state": "CA", "zipcode": 92618, "mls_id": 2000, "type": "Buyer"}
    inquiry = {"contact_id": contact["id"], "source_id": lead_source, "text_body": "I would like to see this house."}
    return contact, agent.post("/leads", inquiry | house | place)


def start_campaign(agent: Person, campaign: Record, contact: Record) -> Record:
    """Enrol the contact and look at what was planned."""
    enrolment: Record = agent.post(f"/campaigns/{campaign['id']}/contacts", {"contact_id": contact["id"]})
    planned = agent.get(f"/contacts/{contact['id']}/campaign-communications")
    expect("seven texts and emails are planned immediately", planned["total"] == 7)
    tasks = agent.get("/tasks", campaign_contact_id=enrolment["id"])
    expect("the agent has a task", tasks["total"] == 1)
    return enrolment


def sources(agent: Person, lead_source: str) -> tuple[int, int]:
    """The ids of the lead source of that name and of a contact source `Email`."""
    found = agent.get("//lead-sources", name=lead_source)["data"][0]
    contact_source = agent.first_or_new("//contact-sources", {"name": "Email"}, name="Email")
    return int(found["id"]), int(contact_source["id"])


# The walkthroughs


def lead_for_the_current_user(story: Story) -> list[str]:
    """Paul inquires; Carla gets the lead immediately, and the drip runs its month. Returns the phone numbers."""
    heading("A lead for the current user")
    (carla,) = story.hire("Carla")
    lead_source, contact_source = sources(carla, "Zillow")
    campaign = campaign_with_actions(carla, "LionDesk: General Buyer Drip")
    route = {"lead_source_id": lead_source, "contact_source_id": contact_source}
    target = {"campaign_id": campaign["id"], "distribution_target": "Myself", "filter": "Buyer"}
    carla.first_or_new("/lead-routes", route | target, **route)
    paul = {"first_name": "Paul", "last_name": "Example", "email": f"paul.{story.run}@example.com"}
    number = story.number()
    print("  Leads from Zillow go to Carla herself, and start a campaign. Paul inquires about a house.")
    contact, lead = contact_and_lead(carla, paul | {"mobile_phone": number}, lead_source, contact_source)
    expect("Carla gets the lead immediately", lead["claimed_by_user_id"] == carla.user["id"])
    start_campaign(carla, campaign, contact)
    story.advance("PT10M", "10 minutes")
    expect("Paul has the first text", len(story.texts(to=number)) == 1)
    return [number, carla.user["phone"]]


def lead_for_a_team(story: Story) -> list[str]:
    """Mary inquires; it is offered by rank until Dana claims it. Mary's answer stops the texts, not the emails."""
    heading("A lead for the members of a team")
    alice, bob, dana = story.hire("Alice", "Bob", "Dana")
    lead_source, contact_source = sources(alice, "Trulia")
    campaign = campaign_with_actions(alice, "Team Buyer Drip")
    team = form_team(alice, [bob, dana])
    route = {"lead_source_id": lead_source, "contact_source_id": contact_source, "campaign_id": campaign["id"]}
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team_id": team["id"]}
    alice.post("/lead-routes", route | rollout | {"filter": "Buyer"})
    mary = {"first_name": "Mary", "last_name": "Example", "email": f"mary.{story.run}@example.com"}
    number = story.number()
    print("  Leads from Trulia are offered to Alice's team: to Bob first, 5 minutes later to Dana. Mary inquires.")
    contact, lead = contact_and_lead(alice, mary | {"mobile_phone": number}, lead_source, contact_source)
    start_campaign(alice, campaign, contact)
    offers = alice.post(f"/leads/{lead['id']}/offers")
    expect("Bob and Dana each have an offer", [o["user"]["id"] for o in offers] == [bob.user["id"], dana.user["id"]])
    claim_by_digit(story, alice, lead, bob, dana)
    reply_to_the_drip(story, alice, number)
    return [number, *(person.user["phone"] for person in (alice, bob, dana))]


def form_team(alice: Person, agents: list[Person]) -> Record:
    """A team with rules, whose invited members accept; the first is alerted first."""
    team: Record = alice.post("/teams", {"name": "Pride", "order_method": "Rank", "mins_until_next_alert": 5})
    for rank, agent in enumerate(agents, start=1):
        invitation = alice.post("/team-members", {"team_id": team["id"], "email": agent.user["email"]})
        agent.patch(f"/team-members/{invitation['id']}", {"request_status": "Accepted"})
        alerts = {"has_call_alert": False, "has_text_alert": True, "has_email_alert": True}
        turn = {"team_id": team["id"], "user_id": agent.user["id"], "rank": rank, "assign_automatically": False}
        alice.post("/team-member-distribution-options", turn | alerts)
    return team


def claim_by_digit(story: Story, alice: Person, lead: Record, bob: Person, dana: Person) -> None:
    """Bob hears first and waits; five minutes later Dana hears, and replies before him."""
    story.advance("PT1S", "a second")
    bobs_number, danas_number = bob.user["phone"], dana.user["phone"]
    expect("Bob was alerted, Dana not yet", bool(story.texts(to=bobs_number)) and not story.texts(to=danas_number))
    story.advance("PT5M", "5 minutes")
    alert = story.texts(to=danas_number)[-1]
    print(f"  Dana's phone shows: {alert['body']}")
    digit = alert["body"].rpartition("Reply ")[2].partition(" ")[0]
    story.texts_in(danas_number, alert["from"], digit)
    claimed = alice.get(f"/leads/{lead['id']}")
    expect("the lead is Dana's", claimed["claimed_by_user_id"] == dana.user["id"] and claimed["claimed_via"] == "Text")
    bobs_alert = story.texts(to=bobs_number)[-1]
    story.texts_in(bobs_number, bobs_alert["from"], bobs_alert["body"].rpartition("Reply ")[2].partition(" ")[0])
    story.advance("PT1S", "a second")
    answer = story.texts(to=bobs_number)[-1]["body"]
    print(f"  Bob's phone shows: {answer}")
    expect("Bob is notified that it was claimed", "already" in answer.lower())


def reply_to_the_drip(story: Story, alice: Person, number: str) -> None:
    """Mary answers the second text: no further texts, but the emails continue."""
    story.advance("P3D", "3 days")
    heard = story.texts(to=number)
    expect("Mary has two texts after three days", len(heard) == 2)
    story.texts_in(number, heard[-1]["from"], "Yes, how about Saturday?")
    story.advance("P38D", "38 days")
    expect("her answer stopped the texts", len(story.texts(to=number)) == 2)
    emails = [email for email in story.emails() if f"mary.{story.run}@" in str(email["to"])]
    expect("three emails came on their days all the same", len(emails) == 3)


def print_timeline(story: Story, numbers: list[str]) -> None:
    """Everything that reached or left the people of this story, in order."""
    heading("The timeline (Pacific time)")
    texts = [t for t in story.texts() if t["to"] in numbers or t["from"] in numbers]
    emails = [e for e in story.emails() if f".{story.run}@" in str(e["to"])]
    rows = [(t["at"], f"text  {t['from']} to {t['to']} ({t['status']}): {t['body']}") for t in texts]
    rows += [(e["at"], f"email to {e['to']}: {e['subject']}") for e in emails]
    for at, line in sorted(rows):
        print(f"{datetime.fromisoformat(at).astimezone(PACIFIC):%d %b %H:%M:%S}  {shortened(' '.join(line.split()))}")


def print_changes(story: Story) -> None:
    """List what the demo leaves behind."""
    heading("What this demo changed")
    before, after = (f"{at.astimezone(PACIFIC):%d %B %Y %H:%M}" for at in (story.found_at, story.now()))
    print(f"The sandbox's clock went from {before} to {after} (Pacific time). It cannot go back.")
    print(f"These users were added, with their contacts, leads and campaigns. Log in at {story.base_url}/admin/:")
    for person in story.people:
        print(f"  {person.user['email']:32} password: {story.password}")
    print("For a fresh installation stop ./pride up, and start it with another PRIDE_HOME.")


def tell(shows_json: bool) -> None:
    """Run both walkthroughs, then print the timeline and what changed."""
    django.setup()
    story = Story(shows_json)
    walkthroughs: list[Callable[[Story], list[str]]] = [lead_for_the_current_user, lead_for_a_team]
    numbers = [number for walkthrough in walkthroughs for number in walkthrough(story)]
    print_timeline(story, numbers)
    print_changes(story)
    print("\nEverything went as it should.")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./pride demo", description="Both walkthroughs, on the running sandbox.")
    parser.add_argument("--json", "-v", action="store_true", help="print each request and its answer, too")
    return parser.parse_args()


if __name__ == "__main__":
    options = read_options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["LOG_LEVEL"] = "WARNING"  # log lines of a command are not part of the story
    try:
        tell(options.json)
    except (Disappointment, OSError) as error:
        sys.exit(f"\npride demo: {error}")
