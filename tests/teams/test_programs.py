"""Programs that users register themselves, and who uses them."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from oauth.tokens import create_token, fingerprint
from teams.models import Application
from tests.client import Api


def register(user, **typed):
    """Send the admin's form for a new program, as `user`."""
    browser = Client()
    browser.force_login(user)
    form = {"name": "Portal", "redirect_uris": "https://portal.example.com/back"} | typed
    return browser.post(reverse("admin:teams_application_add"), form)


def press(user, program, button):
    """Press a button below a program's form."""
    browser = Client()
    browser.force_login(user)
    address = reverse("admin:teams_application_change", args=[program.pk])
    page = browser.get(address)
    if page.status_code != 200:
        return page
    name = re.search(rf'name="(\w*{button})"', page.content.decode())[1]
    return browser.post(address, {"name": program.name, "redirect_uris": program.redirect_uris, name: "1"})


def shown(answer):
    """What a page shows once, by name."""
    text = answer.content.decode()
    assert answer.status_code == 200, text
    pairs = re.findall(r"<dt[^>]*>(.*?)</dt>\s*<dd[^>]*><code[^>]*>(.*?)</code>", text, re.DOTALL)
    return {html.unescape(name): html.unescape(value) for name, value in pairs}


@pytest.fixture
def program(alice):
    register(alice)
    return Application.objects.get(name="Portal")


def test_an_agent_registers_a_program_and_sees_its_secret_once(alice):
    answer = register(alice)
    program = Application.objects.get(name="Portal")
    assert shown(answer)["Client id"] == program.client_id
    assert "no-store" in answer["Cache-Control"]
    secret = shown(answer)["Client secret"]
    assert re.fullmatch("[0-9a-f]{40}", secret)
    assert secret not in program.client_secret
    assert program.user == alice


@pytest.mark.parametrize("typed", [{"redirect_uris": ""}, {"redirect_uris": "javascript:alert(1)"}, {"name": ""}])
def test_a_program_without_a_name_or_a_way_back_is_refused(alice, typed):
    assert "error" in register(alice, **typed).content.decode()
    assert not Application.objects.filter(user=alice).exists()


def test_a_revealed_token_opens_the_door_for_who_asked(alice, program):
    token = shown(press(alice, program, "reveal_my_access_token"))["Access token"]
    answer = Client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["id"] == alice.pk
    assert get_access_token_model().objects.get(user=alice).application == program


def test_a_new_secret_replaces_the_old_one(alice, program):
    before = program.client_secret
    secret = shown(press(alice, program, "make_new_secret"))["Client secret"]
    program.refresh_from_db()
    assert program.client_secret != before
    assert secret not in program.client_secret


def test_nobody_sees_or_changes_anothers_program(bob, program):
    assert press(bob, program, "reveal_my_access_token").status_code == 302
    assert not get_access_token_model().objects.exists()
    browser = Client()
    browser.force_login(bob)
    assert "Portal" not in browser.get(reverse("admin:teams_application_changelist")).content.decode()


# Who sees the tokens, and takes them back


def desk(user):
    browser = Client()
    browser.force_login(user)
    return browser


def tokens_listed(user):
    """The numbers of the tokens that somebody is shown, and the page."""
    page = desk(user).get(reverse("admin:teams_accesstoken_changelist"))
    assert page.status_code == 200
    text = page.content.decode()
    return sorted(map(int, re.findall(r"Token (\d+)<", text))), text


def revoke(user, *tokens):
    typed = {"action": "revoke", "_selected_action": [token.pk for token in tokens]}
    return desk(user).post(reverse("admin:teams_accesstoken_changelist"), typed, follow=True)


def status(token):
    return Client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code


def stored(token):
    return get_access_token_model().objects.get(token_checksum=fingerprint(token))


def granted(user, program, life):
    """An access token with a refresh token, as code and secret are exchanged for."""
    token = create_token(user, timezone.now(), program, life)
    get_refresh_token_model().objects.create(
        user=user, application=program, token=f"refresh {token}", access_token=stored(token), token_family=uuid4()
    )
    return token


HOUR, AGO = timedelta(hours=1), timedelta(hours=-1)


def test_a_revealed_token_is_listed_and_never_shown_again(alice, program):
    told = shown(press(alice, program, "reveal_my_access_token"))
    numbers, text = tokens_listed(alice)
    assert told["Listed as"] == f"Token {numbers[0]}"
    assert "Portal" in text
    assert "write read" in text
    assert told["Access token"] not in text
    assert fingerprint(told["Access token"]) not in text


def test_a_revoked_token_opens_nothing_and_is_listed_no_more(alice, program):
    ended, other = (create_token(alice, timezone.now(), program) for _ in range(2))
    answer = revoke(alice, stored(ended))
    assert "Revoked, with all that were granted together" in answer.content.decode()
    assert (status(ended), status(other)) == (401, 200)
    assert tokens_listed(alice)[0] == [stored(other).pk]


def test_revoking_a_grant_ends_its_refresh_token(alice, program):
    token = granted(alice, program, HOUR)
    revoke(alice, stored(token))
    assert status(token) == 401
    assert not get_refresh_token_model().objects.filter(revoked=None).exists()


def test_what_can_be_renewed_is_alive_and_what_is_expired_is_not(alice, program):
    renewable = granted(alice, program, AGO)
    create_token(alice, timezone.now(), program, AGO)
    assert tokens_listed(alice)[0] == [stored(renewable).pk]


def test_users_see_what_acts_for_them_and_makers_who_uses_their_program(alice, bob, dana, program):
    bobs = stored(create_token(bob, timezone.now(), program))
    danas = stored(create_token(dana, timezone.now()))
    assert [tokens_listed(user)[0] for user in (alice, bob, dana)] == [[bobs.pk], [bobs.pk], [danas.pk]]
    revoke(bob, danas)
    revoke(dana, bobs)
    assert get_access_token_model().objects.count() == 2
    revoke(alice, bobs)
    assert tokens_listed(bob)[0] == []


def test_a_new_secret_says_that_tokens_stay_alive(alice, bob, program):
    token = granted(bob, program, HOUR)
    page = desk(alice).get(reverse("admin:teams_application_change", args=[program.pk])).content.decode()
    assert "Tokens granted to this application stay valid" in page
    answer = press(alice, program, "make_new_secret").content.decode()
    assert "Granted earlier and still valid: 1 token. Revoke all tokens ends them." in answer
    assert status(token) == 200


def test_all_tokens_of_a_program_are_revoked_at_once(alice, bob, program):
    ended = [granted(bob, program, HOUR), create_token(alice, timezone.now(), program)]
    other = create_token(alice, timezone.now())
    press(alice, program, "revoke_all_tokens")
    assert [status(token) for token in (*ended, other)] == [401, 401, 200]
    assert not get_refresh_token_model().objects.filter(revoked=None).exists()


def test_a_program_is_removed_with_its_tokens(alice, bob, program):
    token = granted(bob, program, HOUR)
    desk(alice).post(reverse("admin:teams_application_delete", args=[program.pk]), {"post": "yes"})
    assert status(token) == 401


# Whose users a program's maker may see


def users(api: Api, client_id, path="/users"):
    return api.get(path, {"oauth_client_id": client_id})


@pytest.fixture
def bobs_token(bob, program):
    return create_token(bob, timezone.now(), program)


@pytest.mark.contract(
    "Users", "`?oauth_client_id=`: the active users with a valid token for your application", "documented"
)
def test_a_maker_lists_the_users_of_their_program(api, alice, bob, dana, program, bobs_token):
    assert [row["id"] for row in users(api(alice), program.client_id).json()["data"]] == [bob.pk]
    assert users(api(alice), program.client_id, f"/users/{bob.pk}").json()["email"] == bob.email


@pytest.mark.contract("Users", "401 for a user without one", "documented")
def test_a_user_without_a_valid_token_is_401(api, alice, bob, dana, program, bobs_token):
    assert users(api(alice), program.client_id, f"/users/{dana.pk}").status_code == 401
    get_access_token_model().objects.filter(user=bob).update(expires=timezone.now() - timedelta(seconds=1))
    assert users(api(alice), program.client_id, f"/users/{bob.pk}").status_code == 401
    assert users(api(alice), program.client_id).json()["total"] == 0


def test_a_deactivated_user_is_not_listed(api, alice, bob, program, bobs_token):
    bob.is_active = False
    bob.save()
    assert users(api(alice), program.client_id).json()["total"] == 0


@pytest.mark.contract("Users", "401 for another's application, 403 for one that there is not", "documented")
def test_anothers_program_is_401_and_an_unknown_one_403(api, bob, program, bobs_token):
    assert users(api(bob), program.client_id).status_code == 401
    assert users(api(bob), "liondesk").status_code == 403
    assert users(api(bob), program.client_id, f"/users/{bob.pk}").status_code == 401


def test_other_filters_hold_beside_it(api, alice, bob, program, bobs_token):
    answer = api(alice).get("/users", {"oauth_client_id": program.client_id, "email": "nobody@example.com"})
    assert answer.json()["total"] == 0


def test_it_takes_no_other_comparison(api, alice, program):
    assert api(alice).get("/users", {"oauth_client_id[$ne]": program.client_id}).status_code == 400
