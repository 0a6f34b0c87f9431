"""Placeholders of other products, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.content.merge_fields import FIELDS
from messaging.content.placeholders import MAX_REPORTED, find_placeholders
from tests.cpu import cpu_seconds


def reported(text):
    """Of each placeholder: its position, its text, and what to write instead."""
    return [(found.position, found.text, found.suggestion) for found in find_placeholders(text)]


@pytest.mark.parametrize(
    ("placeholder", "suggestion"),
    [
        ("{{frist_name}}", "{{first_name}}"),
        ("{{contact.first_name}}", "{{first_name}}"),
        ("{{ FirstName }}", "{{first_name}}"),
        ("{{first_name|default:'there'}}", "{{first_name|there}}"),
        ('{{ first_name | default: "there" }}', "{{first_name|there}}"),
        ("{{first_name|capitalize}}", "{{first_name}}"),
        ("{{{first_name}}}", "{{first_name}}"),
        ("{{contact.delete}}", ""),
        ("{first_name}", "{{first_name}}"),
        ("{First Name}", "{{first_name}}"),
        ("{fname|friend}", "{{first_name|friend}}"),
        ("{agent_phone}", "{{agent_phone}}"),
        ("{property_address}", ""),
        ("{!Contact.LastName}", "{{last_name}}"),
        ("*|FNAME|*", "{{first_name}}"),
        ("*|IF:FNAME|*", ""),
        ("%first_name%", "{{first_name}}"),
        ("%contact_first_name%", "{{first_name}}"),
        ("%inquiry_address%", ""),
        ("%%first_name%%", "{{first_name}}"),
        ("[First Name]", "{{first_name}}"),
        ("[Your Name]", "{{agent_full_name}}"),
        ("[Insert Name Here]", "{{full_name}}"),
        ('[FIRSTNAME or "friend"]', "{{first_name|friend}}"),
        ("[[FirstName]]", "{{first_name}}"),
        ("${firstName}", "{{first_name}}"),
        ("<<First Name>>", "{{first_name}}"),
        ("&lt;&lt;First Name&gt;&gt;", "{{first_name}}"),
        ("<First Name>", "{{first_name}}"),
        ("«Company Name»", "{{company}}"),
        ("#lead_first_name#", "{{first_name}}"),
        ("~Contact.FirstName~", "{{first_name}}"),
        ("((first_name))", "{{first_name}}"),
        ("__FIRST_NAME__", "{{first_name}}"),
        ("$firstName", "{{first_name}}"),
        ("{% if first_name %}", "{{first_name}}"),
        ("<%= first_name %>", ""),
        ("%7B%7Bfirst_name%7D%7D", "{{first_name}}"),
        ("{Hi|Hello|Hey}", ""),
    ],
)
def test_a_placeholder_is_found_with_its_position_and_the_right_spelling(placeholder, suggestion):
    assert reported(f"100% off, {placeholder}!") == [(11, placeholder, suggestion)]


@pytest.mark.parametrize(
    "prose",
    [
        "100% off",
        "Save 10% or 20% of your first name",
        "He said [sic] it, see [Photo], [1], [email] and [ ]",
        "[Email](mailto:bob@example.com) [Open House, Sunday] [Name: Bob]",
        "A { in prose, I {heart} you, {1, 2}, {50%}",
        "p {color:red} body {color: red} @media print { p {margin: 0}} @media x{a{color:red}}",
        "<style>a[name]{first_name:x}</style><p class='name'>Hi</p><address>1 Main St</address>",
        '{"name": "Bob"}',
        "* one\n* two\n5* hotel *| **bold**",
        "Bob <bob@example.com>, <https://example.com/first/name>",
        "https://example.com/?q=%C3%A9t%C3%A9%20first%20name%20",
        "#hashtag #firsthome #name",
        "$500 to $600",
        "@name and @bob",
        "| Name | Email |",
        "Fill in your (first name).",
        "1 < 2 > 0, a << b >> c, ~20 min to ~30",
        "<!--[if mso]><o:p></o:p><![endif]-->",
        "{{first_name}}, {{ agent_phone | call me }}, {{company|Your firm (of ours)}}",
    ],
)
def test_prose_is_left_alone(prose):
    assert reported(prose) == []


def test_what_was_never_closed_is_a_placeholder():
    assert reported("Hi {{first_name}, welcome") == [(4, "{{first_name}", "{{first_name}}")]
    assert reported("{{") == [(1, "{{", "")]


def test_a_fallback_may_not_be_a_placeholder():
    assert reported("{{company|[Company Name]}}") == [(11, "[Company Name]", "{{company}}")]


def test_a_few_are_reported():
    assert len(reported("{first_name} " * 1_000)) == MAX_REPORTED


@given(st.lists(st.sampled_from([*"{}[]<>%|*$#~@_ ()'\":.", "{{", "}}", "first", "name", "a", "\n"])).map("".join))
def test_a_suggestion_is_a_merge_field(text):
    for found in find_placeholders(text):
        assert text[found.position - 1 :].startswith(found.text) or "{{" in found.text
        assert not find_placeholders(found.suggestion)
        assert found.suggestion == "" or found.suggestion[2:].split("|")[0].strip("}") in FIELDS


UNITS = [
    "{",
    "[",
    "%",
    "<",
    "*|",
    "{{",
    "#",
    "$",
    "@",
    "~",
    "__",
    "((",
    "«",
    "&lt;",
    "<<",
    "%%",
    "{%",
    "<%",
    "${",
    " or ",
]
UNITS += [
    "%7B%7Ba",
    "{{first_name|",
    "{{first_name|default(",
    "[a ",
    "%a ",
    "#a",
    "{a_",
    "{a|",
    "{a.",
    "__a_",
    "$a",
    "<style>",
]


@pytest.mark.parametrize("unit", UNITS)
def test_the_time_grows_with_the_length_alone(unit):
    text = (unit * 100_000)[:100_000]

    def read(length):
        return cpu_seconds(lambda: find_placeholders.__wrapped__(text[:length]))

    assert read(100_000) < 15 * read(10_000) + 0.5
