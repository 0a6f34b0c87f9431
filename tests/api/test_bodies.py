"""Bodies are JSON objects, whatever the headers say; failures have one shape."""

import json
import socket
from io import BytesIO

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from config.api.bodies import BadBody, read_form, read_object
from config.wsgi import application
from teams.models import Team

pytestmark = pytest.mark.usefixtures("shelf")

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def post(api, alice):
    client = api(alice)

    def send(body, content_type="application/json", **extra):
        return client.http.generic("POST", "/shelves", body, content_type, headers=client.headers, **extra)

    return send


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "`Content-Type: application/json; charset=utf-8`, or none, or another",
    "inferred",
    client=[15],
)
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "nonsense",
        "application/vnd.api+json",
    ],
)
def test_the_content_type_is_not_asked(post, content_type):
    assert post(b'{"name": "Pride"}', content_type).status_code == 201


@pytest.mark.parametrize("accept", ["application/json", "text/html", "*/*", "image/png", "nonsense", ""])
def test_json_answers_any_accept(post, accept):
    answer = post(b'{"name": "Pride"}', HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")


@pytest.mark.contract("Slashes, verbs and bodies", "A body that is a list is 400", "inferred")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": ', "The body is not valid JSON"),
        (b"name=Pride", "The body is not valid JSON"),
        (b'{"name": 1e400}', "The body is not valid JSON: 1e400 is too large a number."),
        (b'{"name": NaN}', "The body is not valid JSON: it holds NaN."),
        (b'[{"name": "Pride"}]', "The body is a list, but bulk create is not supported"),
        (b'"Pride"', "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b'{"name": "\xff"}', "The body is not UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a":' * 100_000, "The body is nested too deeply."),
        (b'{"name": ' + b"9" * 5000 + b"}", "The body holds a number that is too long."),
        (b'{"name": "a\\u0000b"}', "name may not contain a NUL character."),
        (b'{"name": "x", "else": [{"deep": "\\u0000"}]}', "else may not contain a NUL character."),
        (b'{"name": "\\ud83d"}', "name holds half of a surrogate pair, which is no character."),
        (b'{"\\ud83d": "x"}', "? holds half of a surrogate pair"),
        (b'{"name": "a\0b"}', "The body is not valid JSON"),
    ],
)
def test_what_is_no_json_object_is_refused_in_plain_words(post, body, message):
    answer = post(body)
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["name"], problem["code"]) == ("BadRequest", 400)
    assert problem["message"].startswith(message)
    assert not Team.objects.exists()


def test_escaped_characters_that_exist_are_kept(post):
    assert post(b'{"name": "\\ud83d\\ude00 \\\\u0000"}').json()["name"] == "😀 \\u0000"


@pytest.mark.contract("Slashes, verbs and bodies", "A plain form is taken, too", "ours")
def test_a_plain_form_is_taken_as_text(post):
    answer = post(b"name=Caf%C3%A9+%26+Bar&mins_until_next_alert=7&unknown=1", "application/x-www-form-urlencoded")
    assert (answer.json()["name"], answer.json()["mins_until_next_alert"]) == ("Café & Bar", 7)
    assert list(post(b"name=a%00", "application/x-www-form-urlencoded").json()["errors"]) == ["name"]


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    '`{"data": {...}}`, as examples of the documentation have it, is the object inside',
    "inferred",
)
def test_a_body_may_stand_in_data(post, api, alice):
    shelf = post(b'{"data": {"name": "Pride"}}').json()
    assert shelf["name"] == "Pride"
    renamed = api(alice).patch(f"/shelves/{shelf['id']}", {"data": {"name": "Pack"}}).json()
    assert renamed["name"] == "Pack"
    assert post(b"data[name]=Herd", FORM).json()["name"] == "Herd"


@pytest.mark.parametrize(
    "body", [b'{"data": {"name": "Pride"}, "id": 1}', b'{"data": "Pride"}', b'{"data": [{"name": "Pride"}]}']
)
def test_data_that_is_not_the_whole_body_is_an_unknown_key(post, body):
    assert post(body).json()["message"] == "name is required."


def test_an_empty_body_is_an_empty_object():
    assert read_object(b"") == read_object(b" \n") == read_object(b"{}") == read_object(b"\xef\xbb\xbf{}") == {}


@pytest.mark.contract("Errors", "A body of more than 5 MB is 413", "ours")
def test_a_body_has_a_size_limit(post, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
    answer = post(b'{"name": "' + b"x" * 2**20 + b'"}')
    assert (answer.status_code, answer.json()["name"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize("depth", [51, 500, 900, 950, 1000, 10_000])
def test_absurd_nesting_is_refused(depth):
    with pytest.raises(BadBody, match="is nested too deeply"):
        read_object(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_ordinary_nesting_is_read():
    nested = read_object(b'{"a":' + b"[" * 50 + b"]" * 50 + b"}")
    assert str(nested["a"]) == "[" * 50 + "]" * 50


def test_a_get_with_a_content_type_and_no_body_is_read(api, alice):
    client = api(alice)
    answer = client.http.get("/shelves", headers=client.headers, CONTENT_TYPE="application/json", CONTENT_LENGTH="0")
    assert answer.status_code == 200


def test_an_unknown_address_is_a_feathers_404(api):
    answer = api(None).get("/no-such-thing")
    assert answer.status_code == 404
    assert answer.json() == {
        "name": "NotFound",
        "message": "There is nothing at /no-such-thing.",
        "code": 404,
        "className": "not-found",
        "errors": {},
    }


def test_a_failure_of_ours_shows_nothing_of_the_inside(api):
    answer = api(None).get("/broken")
    assert answer.status_code == 500
    assert answer.json() == {
        "name": "GeneralError",
        "message": "Something went wrong on our side.",
        "code": 500,
        "className": "general-error",
        "errors": {},
    }


def parts(**fields):
    """A form as PHP's cURL sends an array."""
    lines = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    return ("".join(lines) + "--limit--\r\n").encode()


def test_a_form_may_come_in_parts(post):
    answer = post(parts(name="Pride", mins_until_next_alert="7"), "multipart/form-data; boundary=limit")
    assert (answer.json()["name"], answer.json()["mins_until_next_alert"]) == ("Pride", 7)


ROWS = [{"id": "1", "value": "a"}, {"id": "2", "value": "b & c"}]


@pytest.mark.contract(
    "Slashes, verbs and bodies", "A form may hold lists and objects: `custom_fields[0][id]=1`, `holidays[]=`", "ours"
)
@pytest.mark.parametrize(
    "form",
    [
        "custom_fields%5B0%5D%5Bid%5D=1&custom_fields%5B0%5D%5Bvalue%5D=a"  # PHP's http_build_query, and so WordPress
        "&custom_fields%5B1%5D%5Bid%5D=2&custom_fields%5B1%5D%5Bvalue%5D=b+%26+c",
        "custom_fields[0][id]=1&custom_fields[0][value]=a&custom_fields[1][id]=2&custom_fields[1][value]=b%20%26%20c",
        "custom_fields[10][id]=2&custom_fields[10][value]=b+%26+c&custom_fields[9][id]=1&custom_fields[9][value]=a",
        "custom_fields[][id]=1&custom_fields[][value]=a&custom_fields[][id]=2&custom_fields[][value]=b+%26+c",  # Rails
    ],
)
def test_the_brackets_of_a_form_tell_of_lists_and_objects(form):
    assert read_form(form.encode()) == {"custom_fields": ROWS}


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("holidays[]=2027-01-01&holidays[]=2027-07-04", {"holidays": ["2027-01-01", "2027-07-04"]}),
        (
            "manual_event[notes]=x&manual_event[event][type]=Task",
            {"manual_event": {"notes": "x", "event": {"type": "Task"}}},
        ),
        ("a[0]=x&a[b]=y", {"a": {"0": "x", "b": "y"}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("a[=1&a]=2&[b]=3&a[b]c=4", {"a[": "1", "a]": "2", "[b]": "3", "a[b]c": "4"}),
        ("a[" + "9" * 5000 + "]=1", {"a": {"9" * 5000: "1"}}),
    ],
)
def test_brackets_are_read_as_php_reads_them(form, read):
    assert read_form(form.encode()) == read


@pytest.mark.parametrize("name", ["a" + "[b]" * 51, "a" + "[]" * 100_000])
def test_absurd_brackets_are_refused(name):
    with pytest.raises(BadBody, match="a is nested too deeply"):
        read_form(f"{name}=1".encode())


@given(st.binary(max_size=300), st.lists(st.sampled_from(["a", "[", "]", "[]", "0", "1", "=", "&", "%5b"])))
def test_any_form_is_an_object_or_a_refusal(octets, bits):
    for form in (octets, "".join(bits).encode()):
        try:
            assert isinstance(read_form(form), dict)
        except BadBody as refusal:
            assert refusal.errors  # noqa: PT017


def test_custom_fields_come_in_forms_of_either_kind(api, alice, settings):
    settings.ROOT_URLCONF = "config.urls"
    field = api(alice).made("/custom-fields", {"name": "Dog", "data_type": "Text"})["id"]
    client = api(alice)
    plain = f"first_name=Mary&custom_fields[0][id]={field}&custom_fields[0][value]=Rex".encode()
    in_parts = parts(**{"custom_fields[0][id]": field, "custom_fields[0][value]": "Rex"})
    for body, kind in ((plain, FORM), (in_parts, "multipart/form-data; boundary=limit")):
        answer = client.http.generic("POST", "/contacts", body, kind, headers=client.headers)
        assert [row["value"] for row in answer.json()["custom_fields"]] == ["Rex"]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=else"])
def test_parts_that_cannot_be_told_apart_are_refused(post, content_type):
    answer = post(b"--limit\r\nnonsense", content_type)
    assert (answer.status_code, answer.json()["className"]) == (400, "bad-request")


def in_chunks(api, alice, body):
    """What the product's WSGI application answers to a body that came in chunks and has no length."""
    told = {}
    environ = RequestFactory().get("/shelves", headers=api(alice).headers).environ | {"REQUEST_METHOD": "POST"}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "gunicorn.socket": socket.socket(), "wsgi.input": BytesIO(body)}
    answer = application(environ, lambda status, headers: told.update(status=status))
    return told["status"][:3], json.loads(b"".join(answer))


@pytest.mark.django_db(transaction=True)  # a whole request of its own, which lets go of its connection
@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b'{"name": "Pride"}', "201", "Pride"),
        (b'{"name": ', "400", "BadRequest"),
        (b'{"name": "' + b"x" * 5 * 2**20 + b'"}', "413", "PayloadTooLarge"),
    ],
)
def test_a_body_in_chunks_is_read(api, alice, body, status, name):
    answer = in_chunks(api, alice, body)
    assert (answer[0], answer[1]["name"]) == (status, name)
