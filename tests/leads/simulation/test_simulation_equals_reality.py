"""The simulation equals reality: random teams, routes and leads are simulated, then created."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.reasons import with_text
from leads.models import Lead, LeadOffer, RoutingTrace
from teams.models import Team, TeamMember
from tests.conftest import make_user
from tests.leads.conftest import NOON, TRULIA, ZILLOW, make_contact, make_option, make_route

MINUTES = st.sampled_from([None, 0, 1, 2, 5])
SWITCH = st.booleans()
NAMES = ("Bob", "Dana", "Erin", "Frank")
ZIPCODES = ("", "92618, K1A", "02108, V6B 1A1")  # of the teams, in order


ALL_OF_ZILLOW = {"lead_source_id": ZILLOW, "team": 2}


@st.composite
def worlds(draw):
    """Teams, routes and leads, as plain data."""
    return {
        "teams": [draw(teams(number, zipcodes)) for number, zipcodes in enumerate(ZIPCODES)],
        "routes": [*draw(st.lists(routes, max_size=3)), ALL_OF_ZILLOW],
        "leads": draw(st.lists(leads, min_size=1, max_size=6)),
        "is_burst": draw(SWITCH),
    }


def teams(number, zipcodes):
    """Draw a team that may fall back to the team before it."""
    return st.fixed_dictionaries(
        {
            "order_method": st.sampled_from(["Rank", "Time", "Round Robin", "Broadcast"]),
            "mins_until_next_alert": MINUTES,
            "is_exclusive_window": SWITCH,
            "mins_until_fallback": st.sampled_from([None, 1, 3]),
            "holidays": st.sampled_from([[], [], [], ["2027-03-01"]]),
            "distribution_zipcodes": st.just(zipcodes),
            "fallback_target": st.sampled_from([None, "Pond", "User", *(["Team"] * 4 if number else [])]),
            "options": st.dictionaries(st.sampled_from(NAMES), options, max_size=4),
        }
    )


options = st.fixed_dictionaries(
    {
        "rank": st.sampled_from([None, 1, 2]),
        "mins_until_lead_offer": MINUTES,
        "assign_automatically": st.sampled_from([False, False, False, True]),
        "weight": st.sampled_from([0, 1, 1, 3]),
        "cap_open": st.sampled_from([None, None, 0, 1, 2]),
        "cap_day": st.sampled_from([None, None, None, 1, 2]),
        "paused_until": st.sampled_from([None, None, NOON + timedelta(minutes=6)]),
        "has_email_alert": SWITCH,
    }
)
routes = st.fixed_dictionaries(
    {
        "lead_source_id": st.sampled_from([ZILLOW, ZILLOW, TRULIA, None]),
        "filter": st.sampled_from(["", "", "Buyer"]),
        "price_from": st.sampled_from([None, None, 500_000]),
        "cities": st.sampled_from(["", "", "Irvine, Tustin", '"Washington, D.C.", St. Louis']),
        "types": st.sampled_from(["", "", '"Buyer, first", seller']),
        "zipcodes": st.sampled_from(["", "", "92618-1234, K1A 0B1", "K1A, v6b1a1"]),
        "open_hours": st.sampled_from(["", "", "Mon 12:05-12:20", "Mon 9-17"]),
        "off_hours": st.sampled_from(["Next Rule", "Hold Until Open"]),
        "is_returning_to_claimer": SWITCH,
        "team": st.sampled_from([0, 1, 2, 2, "Zipcode", "Myself"]),
    }
)
leads = st.fixed_dictionaries(
    {
        "minute": st.integers(0, 15),
        "contact": st.integers(0, 1),
        "source_id": st.sampled_from([ZILLOW, ZILLOW, ZILLOW, TRULIA, None]),
        "type": st.sampled_from(["Buyer", "Seller", "buyer,  first"]),
        "city": st.sampled_from(["Irvine", "Boston", "Washington DC", "Saint Louis"]),
        "zipcode": st.sampled_from(["92618", "2108", "", "k1a0b1", "V6B 1A1", "K1A 9Z9"]),
        "listing_price": st.sampled_from(["$750,000", "300k", ""]),
    }
)


@pytest.fixture
def people(bob, dana):
    others = {name: make_user(name, f"01{number}") for number, name in enumerate(NAMES[2:], 20)}
    return {"Bob": bob, "Dana": dana} | others


@pytest.fixture
def build(alice, people, campaign):
    """Create the teams and routes of a world."""

    def make(world):
        made = []
        for plan in world["teams"]:
            made.append(make_team(alice, people, plan, made))
        for position, plan in enumerate(world["routes"], 1):
            plain = {name: value for name, value in plan.items() if name != "team"} | target_of(plan["team"], made)
            make_route(alice, campaign, position=position, is_automatic=True, **plain)

    return make


def make_team(alice, people, plan, before):
    target = plan["fallback_target"]
    plain = {name: value for name, value in plan.items() if name != "options"}
    plain["fallback_team"] = before[-1] if target == "Team" else None
    plain["fallback_user"] = people["Dana"] if target == "User" else None
    team = Team.objects.create(creator=alice, name=f"Team {len(before)}", **plain)
    for name, option in plan["options"].items():
        TeamMember.objects.create(team=team, user=people[name], request_status="Accepted")
        make_option(team, people[name], **option)
    return team


def target_of(chosen, made):
    if chosen == "Myself":
        return {"distribution_target": "Myself"}
    method = "Zipcode" if chosen == "Zipcode" else "Specific Team"
    team = None if chosen == "Zipcode" else made[chosen]
    return {"distribution_target": "Team Rollout", "team_selection_method": method, "team": team}


def came_in(world, contacts):
    """Return the bodies of the leads. Each has its own second, so that none is received when other work is due."""
    for number, lead in enumerate(world["leads"]):
        plain = {name: value for name, value in lead.items() if name not in ("minute", "contact")}
        later = timedelta(0) if world["is_burst"] else timedelta(minutes=lead["minute"], seconds=number)
        yield plain | {"contact_id": contacts[lead["contact"]].pk, "created_at": (NOON + later).isoformat()}


def as_table(bodies):
    names = sorted(bodies[0])
    rows = (["" if body[name] is None else body[name] for name in names] for body in bodies)
    return "\n".join([",".join(names), *(",".join(f'"{cell}"' for cell in row) for row in rows)])


def as_it_was(lead):
    """Return the alerts with their windows, the claimer with the time, and the time in the pond."""
    told = LeadOffer.objects.filter(lead=lead, alerted_at__isnull=False)
    assert all(offer.alerted_at == offer.notify_at for offer in told)
    offers = {(offer.team_id, offer.user_id, offer.notify_at, offer.closes_at) for offer in told}
    is_given = lead.claimed_by_user_id is not None and lead.distribution_target == "Team Rollout"
    return offers, (lead.claimed_by_user_id, lead.claimed_at) if is_given else None, lead.ponded_at


def as_simulated(lead):
    offers = {
        (station["team_id"], offer["user_id"], moment(offer["at"]), moment(offer["closes_at"]))
        for station in lead["stops"]
        for offer in station["offers"]
    }
    last = lead["stops"][-1]
    given_to = (last["user_id"], moment(last["at"])) if last["target"] == "User" else None
    return offers, given_to, moment(last["at"]) if last["target"] == "Pond" else None


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


@given(worlds())
@settings(max_examples=60, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_a_simulation_equals_reality(api, alice, mary, build, run, clock, world):
    clock.now, client = NOON, api(alice)
    with transaction.atomic():
        build(world)
        bodies = list(came_in(world, [mary, make_contact(alice, first_name="Ann")]))
        simulated = client.post("/lead-routes/simulate", {"csv": as_table(bodies)}).json()["leads"]
        for foreseen, body in sorted(zip(simulated, bodies, strict=True), key=lambda pair: pair[1]["created_at"]):
            if not world["is_burst"]:
                run(seconds=(moment(body["created_at"]) - clock.now).total_seconds())
            foreseen["id"] = client.made("/leads", body)["id"]
        run(days=9)
        for foreseen in simulated:
            lead = Lead.objects.get(pk=foreseen["id"])
            decision = RoutingTrace.objects.get(lead=lead).decision
            assert (
                with_text({name: decision[name] for name in foreseen["decision"] if name != "reason"})
                == foreseen["decision"]
            )
            assert as_simulated(foreseen) == as_it_was(lead)
        transaction.set_rollback(True)
