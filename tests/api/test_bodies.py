"""Bodies are JSON objects, whatever the headers say; failures have one shape."""

import gzip
import json
import socket
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from api.bodies.parsers import BadBody, read_form, read_object
from config.wsgi import application
from core.errors import DomainError
from teams.models import Team
from tests.cpu import cpu_seconds

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
        (b'{"name": 1e400}', "name holds a number that is too large."),
        (b'{"name": 1e999999}', "name holds a number that is too large."),
        (b'{"name": [{"deep": -' + b"9" * 10_000 + b"}]}", "name holds a number that is too large."),
        (b'{"name": ' + b"9" * 10_000 + b".5}", "name holds a number that is too large."),
        (b'{"name": NaN}', "The body is not valid JSON: it holds NaN."),
        (b'[{"name": "Pride"}]', "The body is a list, but bulk create is not supported"),
        (b'"Pride"', "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b'{"name": "\xff"}', "The body is not UTF-8."),
        (b'{"name": {"a": 1}, "name": "Pride"}', "name is sent more than once."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a":' * 100_000, "The body is nested too deeply."),
        (b'{"name": ' + b"9" * 5000 + b"}", "name holds a number that is too large."),
        (b'{"name": "a\\u0000b"}', "name may not contain a NUL character."),
        (b'{"name": "x", "else": [{"deep": "\\u0000"}]}', "else may not contain a NUL character."),
        (b'{"name": "\\ud83d"}', "name contains half of a surrogate pair, which is not a character."),
        (b'{"\\ud83d": "x"}', "? contains half of a surrogate pair"),
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
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a=1&a=1", {"a": "1"}),
        ("a[]=1&a[]=1", {"a": ["1", "1"]}),
        ("a[0]=x&a[2]=y", {"a": ["x", "y"]}),
        ("a[=1&a]=2&[b]=3&a[b]c=4", {"a[": "1", "a]": "2", "[b]": "3", "a[b]c": "4"}),
        ("a[" + "9" * 5000 + "]=1", {"a": {"9" * 5000: "1"}}),
    ],
)
def test_brackets_are_read_as_php_reads_them(form, read):
    assert read_form(form.encode()) == read


@pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[b]=2&a=1", "a[]=1&a=1", "a[b]=1&a[b][c]=2"])
def test_a_name_with_and_without_brackets_is_refused(form):
    with pytest.raises(BadBody, match="a is sent both with and without brackets") as refusal:
        read_form(form.encode())
    assert list(refusal.value.errors) == ["a"]


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


# Names that are sent more than once


@pytest.mark.contract(
    "Slashes, verbs and bodies", "A comma list may come as a list, or its name more than once", "ours"
)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"tags=Buyer&tags=Seller", FORM),
        (b"tags[]=Buyer&tags[]=Seller", FORM),
        (b"tags[1]=Seller&tags[0]=Buyer", FORM),
        (b"tags=Buyer,Seller", FORM),
        (b'{"tags": ["Buyer", "Seller"]}', "application/json"),
        (b'{"tags": "Buyer", "tags": "Seller"}', "application/json"),
    ],
)
def test_the_values_of_a_comma_list_are_joined(api, alice, settings, body, kind):
    settings.ROOT_URLCONF = "config.urls"
    client = api(alice)
    answer = client.http.generic("POST", "/contacts", body, kind, headers=client.headers)
    assert (answer.status_code, answer.json()["tags"]) == (201, "Buyer,Seller")


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (b"name=Pride&name=Pack", FORM, "name"),
        (b'{"name": ["Pride"]}', "application/json", "name"),
        (b'{"name": "Pride", "name": "Pack"}', "application/json", "name"),
        (b"name=x&mins_until_next_alert=1&mins_until_next_alert=2", FORM, "mins_until_next_alert"),
        (b"name=x&is_contact_resource_sharing_enabled=0&is_contact_resource_sharing_enabled=1", FORM,
         "is_contact_resource_sharing_enabled"),
        (b"name=x&order_method[]=Time", FORM, "order_method"),
        (b"name=x&created_at=2026-01-01&created_at=2027-01-01", FORM, "created_at"),
    ],
)  # fmt: skip
def test_a_field_of_one_value_refuses_several(post, body, kind, field):
    answer = post(body, kind)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Team.objects.exists()


def test_a_tag_with_a_comma_cannot_come_in_a_list(api, alice, settings):
    settings.ROOT_URLCONF = "config.urls"
    assert list(api(alice).post("/contacts", {"tags": ["Buyer", "a,b"]}).json()["errors"]) == ["tags"]


def test_a_file_where_text_is_expected_is_refused_and_elsewhere_passed_over(post):
    head = b'--limit\r\nContent-Disposition: form-data; name="%s"; filename="a.txt"\r\n\r\nPride\r\n'
    kind = "multipart/form-data; boundary=limit"
    assert list(post(head % b"name" + b"--limit--\r\n", kind).json()["errors"]) == ["name"]
    assert post(head % b"logo" + parts(name="Pride"), kind).json()["name"] == "Pride"


# Charsets


@pytest.mark.contract("Slashes, verbs and bodies", "`charset=` is obeyed; an unknown one is 415", "ours")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=Jos%E9+%80", f"{FORM}; charset=iso-8859-1"),
        (b"name=Jos\xe9+\x80", f"{FORM}; charset=ISO_8859-1"),
        (b"name=Jos%E9+%80", f'{FORM}; charset="Windows-1252"'),
        (b"name=Jos%E9+%A4", f"{FORM};charset=iso-8859-15"),
        (b"name=Jos%C3%A9+%E2%82%AC", f"{FORM}; charset=utf-8"),
        ("name=José+€".encode("utf-16"), f"{FORM}; charset=utf-16"),
        ("name=Jos%C3%A9+€".encode("utf-16-le"), f"{FORM}; charset=utf-16le"),
        ('{"name": "José €"}'.encode("cp1252"), "application/json; charset=iso-8859-1"),
        ('{"name": "José €"}'.encode("utf-16"), "application/json; charset=utf-16"),
        ('{"name": "José €"}'.encode(), "application/json; charset="),
        (parts(name="José €"), "multipart/form-data; boundary=limit"),
        ("--limit\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nJosé €\r\n--limit--\r\n".encode("cp1252"),
         "multipart/form-data; boundary=limit; charset=windows-1252"),
    ],
)  # fmt: skip
def test_a_body_is_read_in_its_charset(post, body, content_type):
    assert post(body, content_type).json()["name"] == "José €"


def test_a_part_that_is_no_utf_8_is_latin_1_and_loses_nothing(post):
    body = '--limit\r\nContent-Disposition: form-data; name="name"\r\n\r\nJosé\r\n--limit--\r\n'.encode("latin-1")
    assert post(body, "multipart/form-data; boundary=limit").json()["name"] == "José"


@pytest.mark.parametrize("charset", ["klingon", "rot13", "zlib", "utf-7", "idna", "unicode_escape", "x" * 500])
@pytest.mark.parametrize("kind", [FORM, "application/json", "multipart/form-data; boundary=limit"])
def test_an_unknown_charset_is_named(post, charset, kind):
    answer = post(b'{"name": "Pride"}', f"{kind}; charset={charset}")
    assert (answer.status_code, answer.json()["className"]) == (415, "unsupported-media-type")
    assert charset[:50] in answer.json()["message"]
    assert not Team.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=%81", f"{FORM}; charset=windows-1252"),
        (b"name=\xd8", f"{FORM}; charset=utf-16"),
        (b'{"name": "\xe9"}', "application/json; charset=shift_jis"),
    ],
)
def test_octets_outside_the_charset_are_refused(post, body, content_type):
    answer = post(body, content_type)
    assert (answer.status_code, answer.json()["className"]) == (400, "bad-request")


# Compressed bodies


def raw_deflate(body):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.contract(
    "Slashes, verbs and bodies", "`Content-Encoding: gzip` or `deflate` is read; others are 415", "ours"
)
@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (gzip.compress, "gzip"),
        (gzip.compress, " X-GZIP "),
        (zlib.compress, "deflate"),
        (raw_deflate, "deflate"),
        (bytes, "identity"),
    ],
)
def test_a_compressed_body_is_read(post, pack, name):
    assert post(pack(b'{"name": "Pride"}'), HTTP_CONTENT_ENCODING=name).json()["name"] == "Pride"
    assert post(pack(b"name=Pride"), FORM, HTTP_CONTENT_ENCODING=name).json()["name"] == "Pride"
    in_parts = post(pack(parts(name="Pride")), "multipart/form-data; boundary=limit", HTTP_CONTENT_ENCODING=name)
    assert in_parts.json()["name"] == "Pride"


@pytest.mark.parametrize("name", ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "gzip,identity", "x" * 200])
def test_another_content_encoding_is_named(post, name):
    answer = post(gzip.compress(b'{"name": "Pride"}'), HTTP_CONTENT_ENCODING=name)
    assert (answer.status_code, answer.json()["className"]) == (415, "unsupported-media-type")
    assert name[:50] in answer.json()["message"]
    assert not Team.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "Pride"}',
        gzip.compress(b'{"name": "Pride"}')[:-3],
        gzip.compress(b'{"name": "Pride"}') + b"more",
        gzip.compress(b"") * 10_000,
        b"\x1f\x8b",
    ],
    ids=["not gzip", "cut off", "with more behind it", "many streams", "a beginning"],
)
def test_what_is_not_one_whole_stream_is_refused(post, body):
    answer = post(body, HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, answer.json()["className"]) == (400, "bad-request")


def test_a_body_that_unpacks_to_more_than_the_limit_is_413_and_is_not_unpacked(post):
    bomb = gzip.compress(b" " * 200 * 2**20)
    tracemalloc.start()
    try:
        answer = post(bomb, HTTP_CONTENT_ENCODING="gzip")
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.json()["className"]) == (413, "payload-too-large")


def test_a_request_without_a_body_may_name_any_content_encoding(api, alice):
    client = api(alice)
    assert client.http.get("/shelves", headers=client.headers, HTTP_CONTENT_ENCODING="br").status_code == 200


# What a body costs


@pytest.mark.parametrize(
    "unit",
    ["%FF", "%C3%A9", "%E2%82", "&", "a=1&", "a[]", "[", "%", "+", "a[0]=%FF&"],
)
def test_a_form_costs_what_its_length_is(unit):
    body = ("a" + unit * (1_000_000 // len(unit))).encode()

    def read():
        with suppress(DomainError):
            read_form(body)

    assert cpu_seconds(read) < 1
