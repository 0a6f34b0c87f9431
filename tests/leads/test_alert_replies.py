import pytest

from leads.alert_replies import claim_by_digit
from leads.models import Lead
from leads.notifications.reply_codes import RECENT_CODES
from messaging import consent
from messaging.models import Message
from tests.conftest import give_phone
from tests.leads.conftest import NOON, inquiry, offer_of, statuses, texts_to


@pytest.fixture
def texts_in(settings, clock):
    """`texts_in(bob, "1")`: bob answers his alert. Return whether the text was handled."""

    def texts_in(user, body):
        message = Message.objects.create(
            channel="text",
            purpose="inbound",
            status="received",
            sender=user.phone_e164,
            recipient=settings.ALERT_NUMBER,
            body=body,
            created_at=NOON,
        )
        return claim_by_digit(message, clock.now)

    return texts_in


CLAIMS = [
    "Claim 1",
    "yes 1",
    "take 1",
    "1 please",
    "I'll take 1",
    "I\u2019ll take 1",
    "got 1",
    "CLAIM #1!",
    "1, thanks.",
]
CLAIMS += ["Yes, I will take lead number 1 please", "ok 1", "1 \U0001f44d"]


def offer_another(api, alice, mary):
    made = api(alice).made("/leads", inquiry(mary))
    api(alice).post(f"/leads/{made['id']}/offers")
    return Lead.objects.get(pk=made["id"])


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob was alerted first, dana five minutes later."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=5)
    return lead


@pytest.mark.parametrize("body", ["1", " 1 ", "1.", "#1", "\n1\n", "1!", "(1)", "01", '"1"', "1\ufe0f\u20e3", *CLAIMS])
def test_a_lone_digit_claims(offered, bob, texts_in, settings, body):
    assert texts_in(bob, body)

    offered.refresh_from_db()
    assert (offered.claimed_by_user, offered.claimed_via, offered.time_to_claim) == (bob, "Text", 300)
    assert offered.claimed_through == "text_reply"
    answer = Message.objects.filter(recipient=bob.phone_e164).latest("pk")
    assert answer.body.startswith("The lead is yours: Mary Jackson")
    assert "(949) 555-0150" in answer.body
    assert (answer.sender, answer.purpose, answer.channel) == (settings.ALERT_NUMBER, "alert", "text")


@pytest.mark.parametrize(
    "body",
    [
        *(
            "call me at 1",
            "one",
            "in 1 minutes",
            "1pm",
            "not 1",
            "-1",
            "claim 1?",
            "yes at 1",
            "who got 1",
            "1 or 2",
            "1:30",
        ),
        *(
            "yes",
            "claim",
            "claim 1 " + "please " * 99,
            "1.5",
            "take 1 off",
            "don't take 1",
            "i1",
            "give me 1",
            "",
            "1 2",
            "12345",
            "٣",
            "1a",
            "-1",
            "1?",
            "$1",
            "1-1",
            "+1",
            "1%",
        ),
        *(
            "no",
            "pass",
            "no 1",
            "No. 1",
            "no1",
            "nope 1",
            "no 1 2",
            "1 no thanks",
            "no 1?",
            "know 1",
            "not 1",
            "no -1",
            "1 2 no",
        ),
    ],
)
def test_other_texts_are_not_claims(offered, bob, texts_in, body):
    assert not texts_in(bob, body)

    assert statuses(offered)["Bob"] == "Sent"


def test_a_claim_by_text_cancels_the_email_alert(offered, bob, texts_in):
    texts_in(bob, "1")

    assert Message.objects.get(recipient=bob.email).status == "cancelled"
    assert texts_to(bob)[-1].startswith("The lead is yours")


def test_the_second_agent_is_answered_that_the_lead_is_claimed(offered, bob, dana, texts_in):
    texts_in(bob, "1")

    assert texts_in(dana, "1")

    assert texts_to(dana)[-1] == "Already claimed: another agent has Mary Jackson."
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_the_claimer_who_replies_again_is_answered_again(offered, bob, texts_in):
    texts_in(bob, "1")

    assert texts_in(bob, "1")

    assert texts_to(bob)[-1].startswith("The lead is yours: Mary Jackson")


def test_each_number_claims_its_own_lead(api, alice, bob, mary, offered, texts_in, run):
    second = offer_another(api, alice, mary)
    run()
    assert offer_of(second, bob).reply_number == 2

    texts_in(bob, "2")

    second.refresh_from_db()
    offered.refresh_from_db()
    assert (second.claimed_by_user, offered.claimed_by_user) == (bob, None)


def test_an_unknown_number_is_answered_with_the_open_leads(offered, bob, texts_in):
    assert texts_in(bob, "7")

    assert texts_to(bob)[-1] == (
        "No lead has the number 7. Reply with the number of a lead to claim it: 1 Mary Jackson."
    )


def test_a_declined_lead_is_no_longer_open(api, offered, bob, texts_in):
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Declined"})

    assert texts_in(bob, "1")

    assert texts_to(bob)[-1] == "Lead 1 is no longer open to you. There is no lead for you to claim now."


@pytest.mark.parametrize("body", ["1 no", "1, no.", "1: NO!", "pass 1", "1 pass", "Pass #1", "decline 1", "1no"])
def test_a_no_with_the_number_declines(api, alice, bob, dana, lead, run, texts_in, body):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    assert texts_in(bob, body)

    run()
    assert statuses(lead) == {"Bob": "Declined", "Dana": "Sent"}  # whose turn is now
    assert texts_to(bob)[-1] == "You declined lead 1: Mary Jackson."
    assert texts_in(bob, body)  # again changes nothing
    assert texts_to(bob)[-1] == "You declined lead 1: Mary Jackson."


def test_a_decline_that_is_not_possible_is_answered(offered, bob, dana, texts_in):
    texts_in(bob, "1")
    texts_in(bob, "1 no")
    texts_in(dana, "1 no")
    texts_in(bob, "7 no")

    assert texts_to(bob)[-2] == "Lead 1 is already yours. To give it back, use the admin or ask your team lead."
    assert texts_to(dana)[-1] == "Lead 1 is no longer open to you. There is no lead for you to claim now."
    assert texts_to(bob)[-1].startswith("No lead has the number 7.")
    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Lost"}


def test_stop_opts_out_and_declines_nothing(offered, bob, text_in):
    text_in(bob.phone_e164, "STOP")

    assert statuses(offered)["Bob"] == "Sent"
    assert consent.state_of(bob.phone_e164).opted_out


def test_a_reused_number_claims_the_open_lead(api, alice, bob, mary, offered, texts_in, run):
    texts_in(bob, "1")
    leads = [offer_another(api, alice, mary) for _ in range(9)]
    run()

    texts_in(bob, "1")

    reused = next(lead for lead in leads if offer_of(lead, bob).reply_number == 1)
    reused.refresh_from_db()
    assert reused.claimed_by_user == bob


def test_an_open_lead_can_be_claimed_after_many_newer_ones(api, alice, bob, mary, offered, texts_in, run):
    for _ in range(RECENT_CODES + 2):
        offer_another(api, alice, mary)
    run()

    texts_in(bob, "1")

    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_a_digit_from_a_user_without_offers_claims_nothing(offered, alice, charlie, texts_in):
    assert not texts_in(alice, "1")
    assert not texts_in(charlie, "1")


def test_of_users_with_one_phone_the_one_with_the_offer_claims(offered, alice, bob, charlie, texts_in):
    for user in (alice, charlie):
        give_phone(user, bob.phone)

    assert texts_in(charlie, "1")

    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


@pytest.fixture
def one_phone(team, bob, dana):
    """Dana assists bob and gets her texts on his phone. All members are alerted together."""
    give_phone(dana, bob.phone)
    team.mins_until_next_alert = 0
    team.save()


def test_two_members_with_one_phone_get_different_numbers(one_phone, api, alice, bob, dana, lead, texts_in, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    assert [body.split(" ", 1)[1] for body in (text.rpartition("/c/")[2] for text in texts_to(bob))] == [
        "Reply 1 to claim.",
        "Reply 2 to claim.",
    ]

    texts_in(bob, "2")

    lead.refresh_from_db()
    assert lead.claimed_by_user == dana
    assert statuses(lead) == {"Bob": "Lost", "Dana": "Claimed"}


def test_the_numbers_of_a_phone_continue_across_members(one_phone, api, alice, bob, dana, mary, lead, texts_in, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    second = offer_another(api, alice, mary)
    run()
    assert [offer_of(second, user).reply_number for user in (bob, dana)] == [3, 4]

    texts_in(dana, "3")

    lead.refresh_from_db()
    second.refresh_from_db()
    assert (lead.claimed_by_user, second.claimed_by_user) == (None, bob)


def test_a_number_counts_only_on_the_alerted_phone(offered, bob, dana, texts_in):
    """After bob was alerted, dana gets his phone and he gets a new one."""
    give_phone(dana, bob.phone)
    give_phone(bob, "+1 949 555 0119")

    assert not texts_in(bob, "1")
    assert not texts_in(dana, "1")

    assert statuses(offered) == {"Bob": "Sent", "Dana": "Sent"}


def test_a_deactivated_user_claims_nothing(offered, bob, texts_in):
    bob.is_active = False
    bob.save()

    assert not texts_in(bob, "1")


def test_the_number_of_a_merged_lead_claims_the_surviving_lead(api, alice, bob, mary, offered, texts_in):
    main = api(alice).made("/leads", inquiry(mary))["id"]
    assert api(alice).post(f"/leads/{main}/merge", {"lead_id": offered.pk}).status_code == 200

    assert texts_in(bob, "1")

    assert texts_to(bob)[-1].startswith("The lead is yours: Mary Jackson")
    assert Lead.objects.get(pk=main).claimed_by_user == bob
