"""Who is calling: bearer tokens, and how a program gets one."""

import re
from base64 import b64encode
from datetime import datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model, get_grant_model

from oauth.tokens import create_application, create_token, fingerprint

pytestmark = pytest.mark.usefixtures("shelf")

CAPTURED = (
    b'{"name":"NotAuthenticated","message":"Invalid access token","code":401,'
    b'"className":"not-authenticated","errors":{}}'
)
BACK = "https://program.example.com/back"
HEX = re.compile("[0-9a-f]{40}")


def get(authorization=None, path="/shelves"):
    return Client().get(path, headers={"Authorization": authorization} if authorization is not None else {})


@pytest.fixture
def token(alice):
    return create_token(alice, timezone.now())


@pytest.fixture
def stored(token):
    return get_access_token_model().objects.get(token_checksum=fingerprint(token))


# Calling


@pytest.mark.contract("OAuth 2", "`Authorization: Bearer`, with spaces around the token", "inferred", client=[15])
@pytest.mark.parametrize("spelled", ["Bearer {}", "bearer {}", "Bearer {} ", "  Bearer   {}"])
def test_a_token_opens_the_door(token, spelled):
    assert get(spelled.format(token)).status_code == 200


@pytest.mark.contract(
    "Errors",
    "A missing, wrong or expired token is 401 with the captured body; so is `Bearer` without a token",
    "documented",
    client=[8, 15],
)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "x", "Bearer\u00e9 \u00e9", "Bearer " + "f" * 40],
)
def test_anything_else_is_the_captured_401(token, header):
    answer = get(header)
    assert (answer.status_code, answer.content) == (401, CAPTURED)
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_bad_token_is_401_before_anything_else_is_looked_at(db):
    client = Client(headers={"Authorization": "Bearer nonsense"})
    for answer in (
        client.post("/shelves", b"{", "application/json"),
        client.patch("/shelves/abc", b"", "application/json"),
        client.get("/shelves/abc?nonsense[=1"),
        client.put("/shelves/abc"),
    ):
        assert answer.content == CAPTURED


def test_an_expired_token_is_401(token, stored):
    stored.expires = timezone.now() - timedelta(seconds=1)
    stored.save()
    assert get(f"Bearer {token}").content == CAPTURED


def test_a_deactivated_users_token_is_401(token, alice):
    alice.is_active = False
    alice.save()
    assert get(f"Bearer {token}").content == CAPTURED


def test_a_token_costs_one_query(token, django_assert_num_queries):
    with django_assert_num_queries(2):
        get(f"Bearer {token}")


def test_only_the_fingerprint_of_a_token_is_stored(token, stored):
    assert HEX.fullmatch(token)
    assert token not in str(vars(stored))


@pytest.mark.contract("OAuth 2", "A token that may only read may not write: 403", "inferred")
def test_a_token_that_may_only_read_may_not_write(token, stored):
    stored.scope = "read"
    stored.save()
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert client.get("/shelves").status_code == 200
    for answer in (client.post("/shelves", {"name": "x"}, "application/json"), client.delete("/shelves/1")):
        assert answer.status_code == 403
        assert answer.json()["name"] == "Forbidden"


# Getting a token


@pytest.fixture
def program(db):
    client_id, secret = create_application("Program", BACK)
    return {"client_id": client_id, "client_secret": secret}


@pytest.fixture
def browser(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    return browser


def consent(browser, query, answer="allow"):
    """Open the page, press a button, and return where the browser is sent."""
    page = browser.get(f"/oauth2/authorize?{query}")
    assert page.status_code == 200, page.content
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.content.decode()))
    fields.pop("allow", None)
    sent = browser.post("/oauth2/authorize", fields | ({"allow": "true"} if answer == "allow" else {}))
    assert sent.status_code == 302, sent.content
    return sent["Location"]


def code_for(browser, program, **more):
    query = {"response_type": "code", "client_id": program["client_id"], "redirect_uri": BACK} | more
    where = consent(browser, urlencode(query))
    return parse_qs(urlsplit(where).query)["code"][0]


def exchange(program, code, **more):
    return program | {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK} | more


def send(body, kind="form", **headers):
    if kind == "form":
        return Client().post("/oauth2/token", urlencode(body), "application/x-www-form-urlencoded", headers=headers)
    return Client().post("/oauth2/token", body, kind, headers=headers)


@pytest.mark.contract(
    "OAuth 2",
    "Code for token, by JSON or form, credentials in the body; the answer has `expires` beside `expires_in`",
    "documented",
    client=[3, 5],
)
@pytest.mark.parametrize("kind", ["form", "application/json", "application/json; charset=utf-8"])
def test_a_code_is_exchanged_for_a_token_that_works(browser, program, alice, kind):
    answer = send(exchange(program, code_for(browser, program)), kind)

    assert answer.status_code == 200
    got = answer.json()
    assert set(got) == {"access_token", "refresh_token", "expires", "expires_in", "scope", "token_type"}
    assert (got["token_type"], got["scope"], got["expires_in"]) == ("Bearer", "write", 776_000)
    assert HEX.fullmatch(got["access_token"])
    assert HEX.fullmatch(got["refresh_token"])
    expires = datetime.fromisoformat(got["expires"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got["expires"])
    assert abs(expires - timezone.now() - timedelta(seconds=776_000)) < timedelta(seconds=60)
    assert "no-store" in answer["Cache-Control"]
    made = Client().post(
        "/shelves", {"name": "x"}, "application/json", headers={"Authorization": f"Bearer {got['access_token']}"}
    )
    assert made.json()["creator_id"] == alice.pk


@pytest.mark.contract(
    "OAuth 2",
    "Scopes in every spelling seen: `write read`, `write,read`, `['write','read']`, none",
    "inferred",
    client=[4],
)
@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, "write"),
        ("", "write"),
        ("write", "write"),
        ("write read", "write read"),
        ("write,read", "write read"),
        ("['write','read']", "write read"),
        ("everything", "write"),
        ("read", "read"),
        ("write write", "write"),
    ],
)
def test_every_spelling_of_scopes_leads_to_a_token(browser, program, scope, granted):
    code = code_for(browser, program, **({} if scope is None else {"scope": scope}))
    got = send(exchange(program, code, **({} if scope is None else {"scope": scope}))).json()
    assert got["scope"] == granted
    again = send(
        program | {"grant_type": "refresh_token", "refresh_token": got["refresh_token"], "scope": scope or ""}
    ).json()
    assert again["scope"] == granted
    assert get(f"Bearer {again['access_token']}").status_code == 200


@pytest.mark.contract("OAuth 2", "Credentials may come as Basic", "inferred", client=[3])
def test_credentials_may_come_as_basic(browser, program):
    basic = b64encode(f"{program['client_id']}:{program['client_secret']}".encode()).decode()
    body = {"grant_type": "authorization_code", "code": code_for(browser, program), "redirect_uri": BACK}
    assert send(body, Authorization=f"Basic {basic}").status_code == 200


@pytest.mark.contract("OAuth 2", "A refresh token is good for ever", "inferred", client=[7])
def test_a_refresh_token_may_be_used_for_ever(browser, program):
    first = send(exchange(program, code_for(browser, program))).json()
    for kind in ("form", "application/json"):
        body = program | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "redirect_uri": BACK}
        again = send(body, kind).json()
        assert again["refresh_token"] == first["refresh_token"]
        assert again["access_token"] != first["access_token"]
        assert get(f"Bearer {again['access_token']}").status_code == 200


def refreshed(program, pair):
    return send(program | {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}).json()


@pytest.mark.contract("OAuth 2", "The access tokens before live on until they expire", "inferred", client=[7])
def test_access_tokens_live_on_when_a_program_refreshes(browser, program):
    first = send(exchange(program, code_for(browser, program))).json()
    given = [first, refreshed(program, first), refreshed(program, first)]
    assert [get(f"Bearer {pair['access_token']}").status_code for pair in given] == [200, 200, 200]


def test_an_earlier_access_token_still_expires(browser, program):
    first = send(exchange(program, code_for(browser, program))).json()
    tokens = get_access_token_model().objects
    tokens.update(expires=timezone.now() - timedelta(seconds=1))
    second = refreshed(program, first)
    assert get(f"Bearer {first['access_token']}").content == CAPTURED
    assert get(f"Bearer {second['access_token']}").status_code == 200
    refreshed(program, second)
    assert not tokens.filter(expires__lt=timezone.now()).exists()  # and leaves no row behind


@pytest.mark.parametrize(("which", "token"), [(0, "access_token"), (2, "access_token"), (0, "refresh_token")])
def test_revoking_one_token_ends_all_that_were_granted_with_it(browser, program, which, token):
    first = send(exchange(program, code_for(browser, program))).json()
    given = [first, refreshed(program, first), refreshed(program, first)]
    elsewhere = send(exchange(program, code_for(browser, program))).json()
    call_command("cleartokens", verbosity=0)

    assert Client().post("/oauth2/revoke", program | {"token": given[which][token]}).status_code == 200

    assert [get(f"Bearer {pair['access_token']}").status_code for pair in given] == [401, 401, 401]
    assert refreshed(program, first)["error"] == "invalid_grant"
    assert get(f"Bearer {elsewhere['access_token']}").status_code == 200
    assert "access_token" in refreshed(program, elsewhere)


def test_a_program_cannot_revoke_anothers_token(browser, program):
    pair = send(exchange(program, code_for(browser, program))).json()
    client_id, secret = create_application("Another", BACK)
    for token in (pair["access_token"], pair["refresh_token"]):
        Client().post("/oauth2/revoke", {"client_id": client_id, "client_secret": secret, "token": token})
    assert get(f"Bearer {pair['access_token']}").status_code == 200


def test_the_grant_type_may_be_left_to_be_understood(browser, program):
    body = exchange(program, code_for(browser, program))
    del body["grant_type"]
    assert send(body, "application/json").status_code == 200


def test_a_code_works_once(browser, program):
    code = code_for(browser, program)
    assert HEX.fullmatch(code)
    assert send(exchange(program, code)).status_code == 200
    again = send(exchange(program, code))
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.contract("OAuth 2", "A code that is presented twice ends the tokens it gave", "ours")
def test_a_replayed_code_ends_the_tokens_it_gave(browser, program):
    code, other = code_for(browser, program), code_for(browser, program)
    given, kept = send(exchange(program, code)).json(), send(exchange(program, other)).json()
    refresh = program | {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    renewed = send(refresh).json()
    stranger_id, secret = create_application("Another", BACK)
    stranger = {"client_id": stranger_id, "client_secret": secret}

    assert send(exchange(stranger, code)).json()["error"] == "invalid_grant"
    assert is_accepted(given["access_token"])  # another program's guess ends nothing
    assert send(exchange(program, code)).json()["error"] == "invalid_grant"

    assert not is_accepted(given["access_token"])
    assert not is_accepted(renewed["access_token"])
    assert send(refresh).json()["error"] == "invalid_grant"
    assert is_accepted(kept["access_token"])


def is_accepted(token):
    return get(f"Bearer {token}").status_code == 200


@pytest.mark.contract("OAuth 2", "Errors have a top-level `error` and `error_description`", "inferred", client=[6])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"client_id": "a\0b"}, None),
        ({"code": "wrong"}, "invalid_grant"),
        ({"code": "\0"}, "invalid_request"),
        ({"code": ""}, None),
        ({"redirect_uri": "https://elsewhere.example.com/"}, "invalid_request"),
        ({"grant_type": "password"}, None),
        ({"grant_type": "client_credentials"}, None),
        ({"grant_type": "nonsense"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "\0"}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("kind", ["form", "application/json"])
def test_a_refusal_has_a_top_level_error(browser, program, change, error, kind):
    answer = send(exchange(program, code_for(browser, program)) | change, kind)
    assert 400 <= answer.status_code < 500
    got = answer.json()
    assert isinstance(got["error"], str)
    assert error is None or got["error"] == error
    assert got["error_description"]
    assert not get_access_token_model().objects.filter(application__client_id=program["client_id"]).exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b"a=%zz&&=", b'{"code": {"a": []}}'])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_an_unreadable_token_request_is_refused(db, body, kind):
    answer = Client().generic("POST", "/oauth2/token", body, kind)
    assert answer.status_code == 400
    assert answer.json()["error"]


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "description"),
    [
        (b'{"grant_type": ', JSON, "The body is not valid JSON: "),
        (b'{"grant_type": ', FORM, "The body is not valid JSON: "),  # some clients send JSON and call it a form
        (b"\xff", JSON, "The body is not UTF-8."),
        (b'"code"', JSON, "The body must be a JSON object."),
        (b'{"code": "a\\u0000"}', JSON, "code may not contain a NUL character."),
        (b'{"code": "\\ud800"}', JSON, "code contains half of a surrogate pair, which is not a character."),
        (b"grant_type=authorization_code&code=a%00", FORM, "code may not contain a NUL character."),
    ],
)
@pytest.mark.parametrize("address", ["/oauth2/token", "/oauth2/revoke"])
def test_what_cannot_be_read_is_named(db, address, body, kind, description):
    answer = Client().post(address, body, kind)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"].startswith(description)


def test_the_token_endpoint_takes_posts_alone(db):
    answer = Client().get("/oauth2/token")
    assert (answer.status_code, answer.json()["error"], answer["Allow"]) == (405, "invalid_request", "POST")


@pytest.mark.contract("OAuth 2", "`POST /oauth2/revoke`", "ours")
def test_a_revoked_token_opens_nothing(browser, program):
    got = send(exchange(program, code_for(browser, program))).json()
    answer = Client().post("/oauth2/revoke", program | {"token": got["access_token"]})
    assert answer.status_code == 200
    assert get(f"Bearer {got['access_token']}").content == CAPTURED


def test_a_refused_revocation_says_why(program):
    answer = Client().post("/oauth2/revoke", program | {"client_secret": "wrong", "token": "x"})
    said = {"error": "invalid_client", "error_description": "The client_id or the client_secret is wrong."}
    assert (answer.status_code, answer.json()) == (401, said)


def test_only_a_fingerprint_of_the_secret_is_stored(program):
    application = get_application_model().objects.get(client_id=program["client_id"])
    assert HEX.fullmatch(program["client_id"])
    assert application.client_secret.startswith("fast_pbkdf2$1$")


# The page


@pytest.mark.contract("OAuth 2", "A log-in on the way comes back to the page", "inferred", client=[2])
def test_a_visitor_logs_in_first_and_comes_back(program):
    answer = Client().get(f"/oauth2/authorize?response_type=code&client_id={program['client_id']}&state=a%2Fb")
    assert answer.status_code == 302
    login = urlsplit(answer["Location"])
    assert login.path == "/admin/login/"
    back = parse_qs(login.query)["next"][0]
    assert urlsplit(back).path == "/oauth2/authorize"
    assert dict(parse_qsl(urlsplit(back).query))["state"] == "a/b"


@pytest.mark.contract("OAuth 2", "`state` comes back byte for byte", "inferred", client=[3])
@pytest.mark.parametrize("state", ["plain", " a b ", "a&b=c", "é😀", "a+b%20c", '"<script>', "x" * 500, "%zz", "{}"])
def test_the_state_comes_back_unchanged(browser, program, state):
    query = {"response_type": "code", "client_id": program["client_id"], "state": state}
    page = browser.get(f"/oauth2/authorize?{urlencode(query)}")
    assert page.context["form"].initial["state"] == state
    fields = {name: value for name, value in page.context["form"].initial.items() if value is not None}
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[1]
    sent = browser.post("/oauth2/authorize", fields | {"allow": "true", "csrfmiddlewaretoken": token})
    assert parse_qs(urlsplit(sent["Location"]).query)["state"] == [state]


@pytest.mark.contract("OAuth 2", "Without a `state` none comes back", "inferred", client=[3])
def test_without_a_state_none_comes_back(browser, program):
    where = consent(browser, f"response_type=code&client_id={program['client_id']}")
    assert set(parse_qs(urlsplit(where).query, keep_blank_values=True)) == {"code"}


@pytest.mark.filterwarnings("ignore:The OAuth 2.0 implicit grant")
@pytest.mark.parametrize("kind", ["code", "token"])
@pytest.mark.parametrize("answer", ["allow", "no"])
def test_browsers_read_the_spaces_of_a_state(browser, program, kind, answer):
    get_application_model().objects.update(is_implicit_allowed=True)
    query = f"response_type={kind}&client_id={program['client_id']}&state=a%20b%2Bc&redirect_uri={BACK}"
    assert "state=a%20b%2Bc" in consent(browser, query, answer)


@pytest.mark.parametrize("key", ["state", "scope", "client_id"])
def test_a_nul_is_refused_by_name(browser, program, key):
    query = {"response_type": "code", "client_id": program["client_id"]} | {key: "a\0b"}
    page = browser.get(f"/oauth2/authorize?{urlencode(query)}")
    assert page.status_code == 400
    assert f"{key} may not contain a NUL character." in page.content.decode()


@pytest.mark.parametrize("query", ["scope=write&scope=read", "scope=read&scope=write", "scope=&scope=write"])
def test_a_scope_may_be_named_in_parts(browser, program, query):
    where = consent(browser, f"response_type=code&client_id={program['client_id']}&{query}")
    got = send(exchange(program, parse_qs(urlsplit(where).query)["code"][0])).json()
    assert "write" in got["scope"].split()


@pytest.mark.contract(
    "OAuth 2", "A code is exchanged with the `redirect_uri` that its authorization request named", "ours", client=[3]
)
@pytest.mark.parametrize(
    ("more", "status"),
    [({"redirect_uri": BACK}, 200), ({}, 400), ({"redirect_uri": BACK + "x"}, 400), ({"redirect_uri": ""}, 400)],
)
def test_a_code_needs_the_redirect_uri_that_was_named(browser, program, more, status):
    code = code_for(browser, program)
    answer = send(program | {"grant_type": "authorization_code", "code": code} | more)
    assert answer.status_code == status


@pytest.mark.contract(
    "OAuth 2", "Where the authorization request named no `redirect_uri`, the exchange may leave it out", "ours"
)
@pytest.mark.parametrize(
    ("more", "status"), [({}, 200), ({"redirect_uri": BACK}, 200), ({"redirect_uri": BACK + "x"}, 400)]
)
def test_a_code_that_was_asked_for_without_redirect_uri_needs_none(browser, program, more, status):
    where = consent(browser, urlencode({"response_type": "code", "client_id": program["client_id"]}))
    assert where.startswith(BACK + "?code=")
    code = parse_qs(urlsplit(where).query)["code"][0]
    assert send(program | {"grant_type": "authorization_code", "code": code} | more).status_code == status


@pytest.mark.parametrize("named", [{"redirect_uri": BACK}, {}])
def test_a_program_that_was_allowed_before_needs_the_same_redirect_uri(browser, program, named):
    """The page is skipped, and what was named is kept nevertheless."""
    assert send(exchange(program, code_for(browser, program))).status_code == 200
    query = {"response_type": "code", "client_id": program["client_id"], "approval_prompt": "auto"} | named
    answer = browser.get(f"/oauth2/authorize?{urlencode(query)}")
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][0]
    without = {"grant_type": "authorization_code", "code": code}
    assert send(program | without).status_code == (400 if named else 200)


def test_a_program_with_several_addresses_names_the_one_it_used(browser, program):
    other = "https://other.example.com/back"
    get_application_model().objects.update(redirect_uris=f"{BACK} {other}")
    for named, sent, status in ((other, other, 200), (other, BACK, 400), (BACK, other, 400), (other, None, 400)):
        code = code_for(browser, program, redirect_uri=named)
        body = exchange(program, code, redirect_uri=sent)
        answer = send({name: value for name, value in body.items() if value is not None})
        assert answer.status_code == status, (named, sent)


@pytest.mark.contract(
    "OAuth 2", "Phone apps register a scheme of their own with a dot in it, or one that settings name", "ours"
)
def test_an_app_is_called_back_by_its_own_scheme(browser, settings):
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"ALLOWED_REDIRECT_URI_SCHEMES": ["https", "myapp"]}
    for back in ("com.example.app:/back", "com.example.app://back", "myapp://back"):
        client_id, secret = create_application("App", back)
        query = {"response_type": "code", "client_id": client_id, "redirect_uri": back}
        assert consent(browser, urlencode(query), answer="no").startswith(back + "?error=access_denied")
        where = consent(browser, urlencode(query))
        assert where.startswith(back + "?code=")
        code = parse_qs(where.partition("?")[2])["code"][0]
        body = {"grant_type": "authorization_code", "code": code, "client_id": client_id, "client_secret": secret}
        assert send(body | {"redirect_uri": back}).status_code == 200
        wrong = browser.get(f"/oauth2/authorize?{urlencode(query | {'response_type': 'nonsense'})}")
        assert wrong["Location"].startswith(back + "?error=unsupported_response_type")


@pytest.mark.parametrize(
    "back", ["javascript:alert(1)", "data:text/html,x", "myapp://back", "javascript.x", "//x.example.com"]
)
def test_no_program_is_called_back_by_what_a_browser_would_run(db, back):
    with pytest.raises(ValidationError):
        create_application("Program", back)


@pytest.mark.contract("OAuth 2", "`redirect_uri` may stand unencoded in the query", "inferred", client=[3])
def test_the_redirect_uri_may_stand_unencoded_in_the_query(browser, program):
    where = consent(
        browser, f"response_type=code&client_id={program['client_id']}&redirect_uri={BACK}&&scope=write,read"
    )
    assert where.startswith(BACK + "?code=")


def test_a_user_who_says_no_is_sent_back_with_an_error(browser, program):
    where = consent(browser, f"response_type=code&client_id={program['client_id']}&state=s", answer="no")
    assert dict(parse_qsl(urlsplit(where).query)) == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "response_type=code",
        "response_type=code&client_id=nobody",
        "client_id=a%00b&response_type=code",
        "response_type=code&client_id={client_id}&redirect_uri=https://elsewhere.example.com/",
        "response_type=code&client_id={client_id}&redirect_uri=javascript:alert(1)",
        "response_type=code&client_id={client_id}&client_id={client_id}",
    ],
)
def test_a_wrong_link_shows_a_page_and_redirects_nowhere(browser, program, query):
    page = browser.get(f"/oauth2/authorize?{query.format(**program)}")
    assert page.status_code == 400
    assert b"Access cannot be granted" in page.content


@pytest.mark.contract("OAuth 2", "The implicit grant, where a field of the application allows it", "documented")
@pytest.mark.filterwarnings("ignore:The OAuth 2.0 implicit grant")
def test_the_implicit_grant_is_off_until_the_application_has_it(browser, program):
    query = f"response_type=token&client_id={program['client_id']}&redirect_uri={BACK}&scope=write"
    refused = browser.get(f"/oauth2/authorize?{query}")
    assert "error=unauthorized_client" in refused["Location"]

    get_application_model().objects.update(is_implicit_allowed=True)
    got = dict(parse_qsl(urlsplit(consent(browser, query)).fragment, keep_blank_values=True))

    assert set(got) == {"access_token", "expires", "expires_in", "scope", "token_type"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got["expires"])
    assert get(f"Bearer {got['access_token']}").status_code == 200


@pytest.mark.contract("OAuth 2", "The page to allow it works without scripts and loads nothing from outside", "ours")
def test_the_page_needs_no_scripts_and_nothing_from_outside(browser, program):
    page = browser.get(f"/oauth2/authorize?response_type=code&client_id={program['client_id']}").content.decode()
    assert "<script" not in page
    assert "http" not in page.replace(BACK, "")
    assert '<html lang="en">' in page
    assert 'action="/oauth2/authorize"' in page


def test_consent_needs_the_forms_own_token(browser, program):
    fields = {"client_id": program["client_id"], "redirect_uri": BACK, "response_type": "code", "scope": "write"}
    answer = browser.post("/oauth2/authorize", fields | {"allow": "true"})
    assert answer.status_code == 403
    assert not get_grant_model().objects.exists()


def test_what_else_comes_with_the_form_does_no_harm(browser, program):
    page = browser.get(f"/oauth2/authorize?response_type=code&client_id={program['client_id']}").content.decode()
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert browser.post("/oauth2/authorize", fields | {"allow": "true", "more": "\0"}).status_code == 302


@pytest.mark.contract("OAuth 2", "PKCE may be used and is not asked for", "ours", client=[3])
def test_pkce_may_be_used(browser, program):
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    extra = {"code_challenge": challenge, "code_challenge_method": "S256"}
    wrong = send(exchange(program, code_for(browser, program, **extra), code_verifier="x" * 43))
    right = send(exchange(program, code_for(browser, program, **extra), code_verifier=verifier))
    assert (wrong.json()["error"], right.status_code) == ("invalid_grant", 200)
