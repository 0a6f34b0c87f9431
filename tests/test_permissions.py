"""Who may do what: the whole policy in one table.

Everything here is bob's. Alice leads a team, which shares contacts, of which bob and dana are members; erin is assigned
bob's contact and his task; frank was offered the lead by another team of bob's, which shares nothing; charlie is a
stranger; harry is a sub-account of bob's, who shares all he can; nobody has no token. A number below 100 is the
`total` of a list that answers 200.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from campaigns.models import Task
from core import clock
from crm.models import Contact
from leads.models import Lead, LeadOffer, LeadSource
from messaging import message_factory, outbox
from teams.models import SubAccount, TeamMember
from tests.conftest import make_user

WHO = ("bob", "alice", "dana", "erin", "frank", "charlie", "harry", "nobody")
NAME = {"name": "Renamed"}
SEAT = {"team_id": "{team}", "email": "charlie@example.com"}
OPTION = {"team_id": "{team}", "user_id": "{dana}", "assign_automatically": False}
EMAIL = {"channel": "email", "subject": "The house", "body": "Hello"}
RESUME = {"kind": "resumed", "number": "+13105550142"}
EVENT = {"contact_id": "{contact}", "type": "property_viewed"}
SUB = {"user_id": "{frank}"}
FIELD = {"name": "Pets", "data_type": "Text"}
ACTION = {"type": "Email Contact", "timing_type": "Delay by Minutes", "delay_by_seconds": 60, "notes": "Hello"}
TASK = {"contact_id": "{contact}", "action_type": "None", "description": "Call", "status": "incomplete"}
V21_TASK = {"assigned_user_id": "{bob}", "due_at": "2027-01-05T18:00:00Z", "description": "Call"}
ROUTE = {"lead_source_id": "{lead_source}", "distribution_target": "Myself", "campaign_id": "{routed_campaign}"}
LEAD = {"contact_id": "{contact}", "source_id": "{lead_source}"}
TEMPLATE = {"template_type": "Email", "template_folder_id": "{folder}", "description": "Hello", "body": "Hello"}
# fmt: off
TABLE = [
    #                                                                    own lead mate assi offe stra suba anon
    ("get",    "/me",                                              None, 200, 200, 200, 200, 200, 200, 200, 401),
    ("patch",  "/me",                                                {}, 200, 200, 200, 200, 200, 200, 200, 401),
    ("get",    "/users",                                           None,   1,   1,   1,   1,   1,   1,   1, 401),
    ("get",    "/users/me",                                        None, 200, 200, 200, 200, 200, 200, 200, 401),
    ("get",    "/users/{bob}",                                     None, 200, 404, 404, 404, 404, 404, 404, 401),

    ("get",    "/teams",                                           None,   2,   1,   1,   0,   1,   0,   0, 401),
    ("post",   "/teams",                                           NAME, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/teams/{team}",                                    None, 200, 200, 200, 404, 404, 404, 404, 401),
    ("patch",  "/teams/{team}",                                    NAME, 403, 200, 403, 404, 404, 404, 404, 401),
    ("delete", "/teams/{team}",                                    None, 403, 200, 403, 404, 404, 404, 404, 401),
    ("get",    "/teams/{team}/distribution-report",                None, 403, 200, 403, 404, 404, 404, 404, 401),
    ("get",    "/team-members",                                    None,   6,   3,   3,   0,   3,   0,   0, 401),
    ("post",   "/team-members",                                    SEAT, 403, 201, 403, 400, 400, 400, 400, 401),
    ("get",    "/team-members/{seat}",                             None, 200, 200, 200, 404, 404, 404, 404, 401),
    ("patch",  "/team-members/{seat}",   {"request_status": "Declined"}, 200, 403, 403, 404, 404, 404, 404, 401),
    ("delete", "/team-members/{seat}",                             None, 200, 200, 403, 404, 404, 404, 404, 401),
    ("get",    "/team-member-distribution-options",                None,   2,   1,   0,   0,   0,   0,   0, 401),
    ("post",   "/team-member-distribution-options",              OPTION, 403, 201, 403, 400, 400, 400, 400, 401),
    ("get",    "/team-member-distribution-options/{option}",       None, 404, 200, 404, 404, 404, 404, 404, 401),
    ("patch",  "/team-member-distribution-options/{option}", {"rank": 3}, 404, 200, 404, 404, 404, 404, 404, 401),
    ("delete", "/team-member-distribution-options/{option}",       None, 404, 200, 404, 404, 404, 404, 404, 401),
    ("post",   "/team-member-distribution-options/{option}/test-alert",
                                                                   None, 404, 200, 404, 404, 404, 404, 404, 401),
    ("post",   "/me/phone/code",                                   None, 409, 409, 409, 409, 409, 409, 409, 401),
    ("post",   "/me/phone/confirm",                  {"code": "123456"}, 409, 409, 409, 409, 409, 409, 409, 401),
    ("post",   "/me/test-alert",                                   None, 200, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/sub-accounts",                                    None,   1,   0, 403, 403, 403, 403,   1, 401),
    ("post",   "/sub-accounts",                                     SUB, 201, 400, 403, 403, 403, 403, 403, 401),
    ("get",    "/sub-accounts/{sub}",                              None, 200, 404, 403, 403, 403, 403, 200, 401),
    ("patch",  "/sub-accounts/{sub}",                                {}, 200, 404, 403, 403, 403, 403, 403, 401),
    ("delete", "/sub-accounts/{sub}",                              None, 200, 404, 403, 403, 403, 403, 200, 401),

    ("get",    "/contacts",                                        None,   1,   1,   1,   1,   0,   0,   1, 401),
    ("post",   "/contacts",                                          {}, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/contacts/{contact}",                              None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/contacts/{contact}",             {"first_name": "Ann"}, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/contacts/{contact}",    {"assigned_user_id": "{dana}"}, 200, 403, 403, 400, 404, 404, 400, 401),
    ("delete", "/contacts/{contact}",                              None, 200, 403, 403, 403, 404, 404, 403, 401),
    ("get",    "/contacts/{contact}/addresses",                    None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("post",   "/contacts/{contact}/addresses",                      {}, 201, 201, 201, 201, 404, 404, 201, 401),
    ("get",    "/contacts/{contact}/addresses/{address}",          None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/contacts/{contact}/addresses/{address}", {"zip": "92618"}, 200, 200, 200, 200, 404, 404, 200, 401),
    ("delete", "/contacts/{contact}/addresses/{address}",          None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/contacts/{contact}/activities",                   None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("post",   "/contacts/{contact}/activities",       {"kind": "Call"}, 201, 201, 201, 201, 404, 404, 201, 401),
    ("get",    "/contacts/{contact}/activities/{activity}",        None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/contacts/{contact}/activities/{activity}",          {}, 200, 403, 403, 403, 404, 404, 403, 401),
    ("delete", "/contacts/{contact}/activities/{activity}",        None, 200, 403, 403, 403, 404, 404, 403, 401),
    ("get",    "/contacts/{contact}/messages",                     None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("post",   "/contacts/{contact}/messages",                    EMAIL, 201, 201, 201, 201, 404, 404, 201, 401),
    ("get",    "/contacts/{contact}/messages/{message}",           None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/contacts/{contact}/consents",                     None,   3,   3,   3,   3, 404, 404,   3, 401),
    ("post",   "/contacts/{contact}/consents",                   RESUME, 201, 201, 201, 201, 404, 404, 201, 401),
    ("get",    "/contacts/{contact}/consents/{consent}",           None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/contacts/{contact}/calls",                        None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("post",   "/contacts/{contact}/calls",                        None, 400, 400, 400, 400, 404, 404, 400, 401),
    ("get",    "/contacts/{contact}/calls/{call}",                 None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/events",                                          None,   2,   2,   2,   2,   0,   0,   2, 401),
    ("post",   "/events",                                         EVENT, 201, 201, 201, 201, 400, 400, 201, 401),
    ("get",    "/events/{event}",                                  None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/events/{event}",                                    {}, 200, 403, 403, 403, 404, 404, 403, 401),
    ("delete", "/events/{event}",                                  None, 200, 403, 403, 403, 404, 404, 403, 401),
    ("get",    "/events/{event}/properties",                       None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("post",   "/events/{other_event}/properties",                   {}, 201, 201, 201, 201, 404, 404, 201, 401),
    ("get",    "/events/{event}/properties/{property}",            None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/events/{event}/properties/{property}",              {}, 200, 403, 403, 403, 404, 404, 403, 401),
    ("delete", "/events/{event}/properties/{property}",            None, 200, 403, 403, 403, 404, 404, 403, 401),
    ("get",    "/contact-sources",                                 None,   1,   0,   0,   0,   0,   0,   1, 401),
    ("post",   "/contact-sources",                                 NAME, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/contact-sources/{source}",                        None, 200, 404, 404, 404, 404, 404, 200, 401),
    ("patch",  "/contact-sources/{source}",                        NAME, 200, 404, 404, 404, 404, 404, 403, 401),
    ("delete", "/contact-sources/{source}",                        None, 200, 404, 404, 404, 404, 404, 403, 401),
    ("get",    "/hotnesses",                                       None,   1,   0,   0,   0,   0,   0,   1, 401),
    ("post",   "/hotnesses",                                       NAME, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/hotnesses/{hotness}",                             None, 200, 404, 404, 404, 404, 404, 200, 401),
    ("patch",  "/hotnesses/{hotness}",                             NAME, 200, 404, 404, 404, 404, 404, 403, 401),
    ("delete", "/hotnesses/{hotness}",                             None, 200, 404, 404, 404, 404, 404, 403, 401),

    ("get",    "/custom-fields",                                   None,   1,   0,   0,   0,   0,   0,   1, 401),
    ("post",   "/custom-fields",                                  FIELD, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/custom-fields/{field}",                           None, 200, 404, 404, 404, 404, 404, 200, 401),
    ("patch",  "/custom-fields/{field}",                           NAME, 200, 404, 404, 404, 404, 404, 403, 401),
    ("delete", "/custom-fields/{field}",                           None, 200, 404, 404, 404, 404, 404, 403, 401),
    ("get",    "/tags",                                            None,   1,   0,   0,   0,   0,   0,   0, 401),
    ("post",   "/tags",                              {"content": "Buyer"}, 200, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/tags/{tag}",                                      None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("patch",  "/tags/{tag}",                       {"content": "Client"}, 200, 404, 404, 404, 404, 404, 404, 401),
    ("delete", "/tags/{tag}",                                      None, 200, 404, 404, 404, 404, 404, 404, 401),

    ("get",    "/template-folders",                                None,   1,   0,   0,   0,   0,   0,   0, 401),
    ("post",   "/template-folders",                                NAME, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/template-folders/{folder}",                       None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("patch",  "/template-folders/{folder}",                       NAME, 200, 404, 404, 404, 404, 404, 404, 401),
    ("delete", "/template-folders/{folder}",                       None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("post",   "/template-folders/{folder}/share",     {"user_id": "{bob}"}, 201, 404, 404, 404, 404, 404, 404, 401),
    ("get",    "/templates",                                       None,   1,   0,   0,   0,   0,   0,   0, 401),
    ("post",   "/templates",                                   TEMPLATE, 201, 400, 400, 400, 400, 400, 400, 401),
    ("get",    "/templates/{template}",                            None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("patch",  "/templates/{template}",                {"subject": "Hi"}, 200, 404, 404, 404, 404, 404, 404, 401),
    ("delete", "/templates/{template}",                            None, 200, 404, 404, 404, 404, 404, 404, 401),

    ("get",    "/campaigns",                                       None,   2,   0,   0,   0,   0,   0,   2, 401),
    ("post",   "/campaigns",                                       NAME, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get",    "/campaigns/{campaign}",                            None, 200, 404, 404, 404, 404, 404, 200, 401),
    ("patch",  "/campaigns/{campaign}",                            NAME, 200, 404, 404, 404, 404, 404, 403, 401),
    ("delete", "/campaigns/{campaign}",                            None, 200, 404, 404, 404, 404, 404, 403, 401),
    ("get",    "/campaigns/{campaign}/actions",                    None,   1, 404, 404, 404, 404, 404,   1, 401),
    ("post",   "/campaigns/{campaign}/actions",                  ACTION, 201, 404, 404, 404, 404, 404, 403, 401),
    ("get",    "/campaigns/{campaign}/actions/{action}",           None, 200, 404, 404, 404, 404, 404, 200, 401),
    ("patch",  "/campaigns/{campaign}/actions/{action}",  {"notes": ""}, 200, 404, 404, 404, 404, 404, 403, 401),
    ("delete", "/campaigns/{campaign}/actions/{action}",           None, 200, 404, 404, 404, 404, 404, 403, 401),
    ("post",   "/campaigns/{routed_campaign}/contacts",
               {"contact_id": "{contact}"},                              201, 404, 404, 404, 404, 404, 201, 401),
    ("get",    "/contacts/{contact}/campaign-communications",      None,   1,   1,   1,   1, 404, 404,   1, 401),
    ("get",    "/contacts/{contact}/campaign-communications/{communication}",
                                                                   None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("patch",  "/contacts/{contact}/campaign-communications/{communication}",
               {"is_active": False},                                     200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/tasks",                                           None,   1,   0,   0,   1,   0,   0,   0, 401),
    ("post",   "/tasks",                                           TASK, 201, 201, 201, 201, 400, 400, 201, 401),
    ("get",    "/tasks/{task}",                                    None, 200, 404, 404, 200, 404, 404, 404, 401),
    ("patch",  "/tasks/{task}",                   {"description": "Go"}, 200, 404, 404, 200, 404, 404, 404, 401),
    ("delete", "/tasks/{task}",                                    None, 200, 404, 404, 403, 404, 404, 404, 401),
    ("get",    "/api/v1/tasks",                                    None,   1,   0,   0,   1,   0,   0,   0, 401),
    ("post",   "/api/v1/tasks",                                V21_TASK, 201, 201, 201, 400, 201, 400, 400, 401),
    ("get",    "/api/v1/tasks/{task}",                             None, 200, 404, 404, 200, 404, 404, 404, 401),
    ("patch",  "/api/v1/tasks/{task}",            {"description": "Go"}, 200, 404, 404, 200, 404, 404, 404, 401),
    ("delete", "/api/v1/tasks/{task}",                             None, 200, 404, 404, 403, 404, 404, 404, 401),

    ("get",    "/lead-sources",                                    None, 200, 200, 200, 200, 200, 200, 200, 401),
    ("get",    "/lead-sources/{lead_source}",                      None, 200, 200, 200, 200, 200, 200, 200, 401),
    ("get",    "/lead-routes",                                     None,   1,   0,   0,   0,   0,   0,   0, 401),
    ("post",   "/lead-routes",                                    ROUTE, 201, 400, 400, 400, 400, 400, 201, 401),
    ("post",   "/lead-routes/simulate",                     {"days": 30}, 200, 200, 200, 200, 200, 200, 200, 401),
    ("get",    "/lead-routes/{route}",                             None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("patch",  "/lead-routes/{route}",               {"filter": "Rent"}, 200, 404, 404, 404, 404, 404, 404, 401),
    ("delete", "/lead-routes/{route}",                             None, 200, 404, 404, 404, 404, 404, 404, 401),
    ("get",    "/leads",                                           None,   2,   2,   2,   2,   0,   0,   2, 401),
    ("post",   "/leads",                                           LEAD, 201, 201, 201, 201, 400, 400, 201, 401),
    ("get",    "/leads/{lead}",                                    None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/leads/{lead}/routing-trace",                      None, 200, 200, 200, 200, 404, 404, 200, 401),
    ("get",    "/leads/{lead}/offers",                             None,   2,   0,   0,   0,   1, 404,   0, 401),
    ("post",   "/leads/{lead}/offers",                               {}, 200, 400, 400, 400, 404, 404, 400, 401),
    ("get",    "/leads/{lead}/offers/{offer}",                     None, 200, 404, 404, 404, 200, 404, 404, 401),
    ("patch",  "/leads/{lead}/offers/{offer}",    {"status": "Claimed"}, 403, 404, 404, 404, 200, 404, 404, 401),
    ("post",   "/leads/{lead}/claim",                                {}, 409, 404, 404, 404, 409, 404, 404, 401),
    ("post",   "/leads/{lead}/reassign",           {"user_id": "{bob}"}, 200, 403, 403, 403, 404, 404, 403, 401),
    ("post",   "/leads/{lead}/return",                               {}, 409, 409, 409, 409, 404, 404, 409, 401),
    ("post",   "/leads/{lead}/merge",          {"lead_id": "{double}"}, 200, 403, 403, 403, 404, 404, 403, 401),
    ("get",    "/pond",                                            None,   1,   0,   0,   0,   1,   0,   0, 401),
    ("get",    "/pond/{double}",                                   None, 200, 404, 404, 404, 200, 404, 404, 401),
    ("get",    "/lead-offers",                                     None,   0,   0,   0,   0,   1,   0,   0, 401),
    ("get",    "/lead-offers/{offer}",                             None, 404, 404, 404, 404, 200, 404, 404, 401),
]
# fmt: on

# Routes that ask for no token of ours, and what guards them instead.
ELSEWHERE = {
    "/healthz": "open",
    "/readyz": "open",
    "/openapi.json": "open",
    "/": "API v1's own keys (tests/api_v1/test_api_v1.py); a browser is led to the next",
    "/docs": "open",
    "/docs/oauth2-redirect": "open",
    "/c/*": "the signature in the link (tests/leads/api/test_claim_page.py)",
    "/favicon.ico": "open",
    "/oauth2/*": "the protocol (tests/oauth/test_tokens.py)",
    "/admin": "leads to the next",
    "/admin/*": "a session (tests/admin)",
    "/webhooks/*": "the provider's signature (tests/messaging)",
    "/sandbox/*": "a staff user's token (tests/sandbox)",
}


@pytest.fixture
def world(alice, bob, dana, charlie, team, api):
    """The cast's clients under their names, and the ids of what is bob's."""
    erin, frank, greta, harry = (
        make_user(name, f"01{number}") for number, name in enumerate(("Erin", "Frank", "Greta", "Harry"), 15)
    )
    people = {"alice": alice, "bob": bob, "dana": dana, "erin": erin, "frank": frank, "charlie": charlie}
    # Not through the API: harry is in none of bob's teams, so that being a sub-account is all he is.
    harry.sub_account = SubAccount.objects.create(broker_user=bob, **dict.fromkeys(SubAccount.flags(), True))
    harry.save()
    people["harry"] = harry
    clients = {name: api(user) for name, user in people.items()} | {"nobody": api(None)}
    mine = clients["bob"]
    zillow, _ = LeadSource.objects.get_or_create(name="Zillow")
    ids = {"team": team.pk, "lead_source": zillow.pk, "bob": bob.pk, "dana": dana.pk, "frank": frank.pk}
    ids["sub"] = harry.sub_account.pk

    def make(kind, path, /, **body):
        ids[kind] = mine.made(path, body)["id"]

    ids["seat"] = TeamMember.objects.get(user=bob).pk
    ids["option"] = clients["alice"].made(
        "/team-member-distribution-options", {"team_id": team.pk, "user_id": bob.pk, "assign_automatically": False}
    )["id"]

    make("source", "/contact-sources", name="Fair")
    make("hotness", "/hotnesses", name="Hot")
    make("contact", "/contacts", first_name="Clara", email="clara@example.com", mobile_phone="+1 310 555 0142")
    make("address", f"/contacts/{ids['contact']}/addresses", type="Home")
    make("activity", f"/contacts/{ids['contact']}/activities", kind="Call")
    make("message", f"/contacts/{ids['contact']}/messages", **(EMAIL | {"subject": "Welcome"}))
    make("consent", f"/contacts/{ids['contact']}/consents", **RESUME)
    # Not through the API: nobody here has a number to call from, and whoever had would be told of the night.
    earlier = clock.now() - timedelta(hours=1)
    call = message_factory.alert_call(bob, "Press 1.", earlier, contact=Contact.objects.get(), status="delivered")
    ids["call"] = outbox.queue_messages([call], earlier)[0].pk
    make("event", "/events", contact_id=ids["contact"], type="property_viewed")
    make("other_event", "/events", contact_id=ids["contact"], type="property_viewed")
    make("property", f"/events/{ids['event']}/properties", city="Irvine")
    make("field", "/custom-fields", **FIELD)
    make("tag", "/tags", content="Buyer")
    make("folder", "/template-folders", name="Welcomes")
    make("template", "/templates", **(TEMPLATE | {"template_folder_id": ids["folder"]}))
    make("campaign", "/campaigns", name="Buyers", is_broker_sharing_on=True)
    make("routed_campaign", "/campaigns", name="Sellers", is_broker_sharing_on=True)
    make("action", f"/campaigns/{ids['campaign']}/actions", **ACTION)
    make("enrolment", f"/campaigns/{ids['campaign']}/contacts", contact_id=ids["contact"])
    (communication,) = mine.get(f"/contacts/{ids['contact']}/campaign-communications").json()["data"]
    ids["communication"] = communication["id"]
    make("task", "/tasks", action_type="None", description="Call Clara", status="incomplete")

    make("rollout", "/teams", name="Rollout")
    for member in (frank, greta):
        TeamMember.objects.create(team_id=ids["rollout"], user=member, request_status=TeamMember.RequestStatus.ACCEPTED)
        mine.made(
            "/team-member-distribution-options",
            {"team_id": ids["rollout"], "user_id": member.pk, "assign_automatically": False, "has_email_alert": True},
        )
    make(
        "route",
        "/lead-routes",
        lead_source_id=ids["lead_source"],
        distribution_target="Team Rollout",
        team_selection_method="Specific Team",
        team_id=ids["rollout"],
        campaign_id=ids["routed_campaign"],
    )
    make("lead", "/leads", contact_id=ids["contact"], source_id=ids["lead_source"], mls_id="A-1")
    make("double", "/leads", contact_id=ids["contact"], source_id=ids["lead_source"], mls_id="A-2")
    Lead.objects.filter(pk=ids["double"]).update(ponded_at=clock.now())
    assert mine.post(f"/leads/{ids['lead']}/offers").status_code == 201
    offers = LeadOffer.objects.filter(lead_id=ids["lead"])
    ids["offer"] = offers.get(user=frank).pk
    # Frank's turn has come, greta's has not: the rollout stands.
    offers.filter(user=frank).update(status=LeadOffer.Status.SENT)
    offers.filter(user=greta).update(notify_at=clock.now() + timedelta(hours=1))

    # Not through the API: erin is in none of bob's teams, so that being assigned is all she is.
    Contact.objects.update(assigned_user=erin)
    Task.objects.update(assigned_user=erin)
    return clients, ids


@pytest.mark.contract(
    "Who may do what",
    "Every operation, for each of its owner, teammates, strangers and the like ([permissions](permissions.md))",
    "documented",
)
def test_access(world, subtests):
    """One world for the whole table: what each request does is undone."""
    clients, ids = world
    for method, path, body, *expected in TABLE:
        wanted = dict(zip(WHO, expected, strict=True))
        with subtests.test(f"{method} {path}"):
            got = {
                who: ask(clients[who], method, path.format(**ids), filled(body, ids), as_total=want < 100)
                for who, want in wanted.items()
            }
            assert got == wanted


def test_a_broker_is_a_stranger_to_what_is_their_sub_accounts(world, bob, charlie, subtests):
    """Sharing goes one way, down."""
    clients, ids = world
    SubAccount.objects.all().delete()
    bob.sub_account = SubAccount.objects.create(broker_user=charlie, **dict.fromkeys(SubAccount.flags(), True))
    bob.save()
    for method, path, body, *expected in TABLE:
        wanted = expected[WHO.index("charlie")]
        with subtests.test(f"{method} {path}"):
            if not path.startswith("/sub-accounts"):
                got = ask(clients["charlie"], method, path.format(**ids), filled(body, ids), as_total=wanted < 100)
                assert got == wanted


def ask(client, method, path, body, *, as_total):
    """The status of an answer, or the `total` of a list; what was done is undone."""
    with transaction.atomic():
        answer = getattr(client, method)(path) if body is None else getattr(client, method)(path, body)
        transaction.set_rollback(True)
    return answer.json()["total"] if as_total and answer.status_code == 200 else answer.status_code


def filled(body, ids):
    """`{contact}` in a body is the contact's id."""
    return body and {key: value.format(**ids) if isinstance(value, str) else value for key, value in body.items()}


def anonymous(path: str) -> str:
    """`/campaigns/*/actions` of a path of the table or a route of the URLconf."""
    return re.sub(r"\{\w+\}|<[\w:]+>", "*", path)


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """(method, path) of everything the service answers."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield from ((method, anonymous(path)) for method in methods(entry))


def methods(entry: URLPattern) -> Iterator[str]:
    """What a view takes; of one that does not say, `any`."""
    actions = getattr(entry.callback, "actions", None)
    yield from set(actions or ["any"]) - {"head"}


def is_elsewhere(path: str) -> bool:
    return any(path == known or (known.endswith("*") and path.startswith(known[:-1])) for known in ELSEWHERE)


def test_every_route_is_in_the_table():
    stated = {(method, anonymous(path)) for method, path, *_ in TABLE}
    answered = {(method, path) for method, path in routes(get_resolver()) if not is_elsewhere(path)}

    assert answered - stated == set(), "the policy for these is not stated"
    assert stated - answered == set(), "these are not answered"


def test_every_exception_exists():
    answered = [path for _, path in routes(get_resolver())]

    for known in ELSEWHERE:
        assert any(path == known or (known.endswith("*") and path.startswith(known[:-1])) for path in answered), known


def test_the_sandbox_is_there():
    assert settings.SANDBOX, "the table leaves its routes to tests/sandbox"
