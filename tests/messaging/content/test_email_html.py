"""Telling HTML from text, and HTML as text."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging.content.email_html import MAX_LENGTH, UnreadableHtml, check_html, is_html, text_of, visible_html
from tests.cpu import cpu_seconds


@pytest.mark.parametrize(
    "text",
    [
        "See: <https://example.com/homes/12>\n\nBob <bob@example.com>",
        "Bob <{{agent_email}}>",
        "<first name> <name> a <b and c> d",
        "1 < 2 > 0, I <3 you, <- and ->",
        "<o:p> </ p",
        "Tom &amp; Jerry",
    ],
)
def test_a_text_with_angle_brackets_is_text(text):
    assert not is_html(text)


@pytest.mark.parametrize(
    "html",
    ["Hi<br>x", "<p>x", '<P class="x">', "x</td>", "<!DOCTYPE html>", "<img src=x.png>", "<hr/>", "I <b>see</b>"],
)
def test_a_known_tag_makes_html(html):
    assert is_html(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<style>..</style><p>Hi</p><p>A<br>B</p><ul><li>Pool</ul>", "Hi\n\nA\nB\n\n  * Pool"),
        ("<ol><li>One<li>Two</ol>", " 1. One\n 2. Two"),
        ('<a href="https://example.com">See</a> it', "See (https://example.com) it"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ('<a href="mailto:bob@example.com">bob@example.com</a>', "bob@example.com"),
        ('<a href="tel:+19495550123">Call</a> <a href="#top">Top</a>', "Call (+19495550123) Top"),
        ('<a href="https://example.com"><img src="x" alt="Pool"></a>', "[Pool] (https://example.com)"),
        ('<a href="https://example.com"><img src="x"></a>', "https://example.com"),
        ('<a href="https://example.com/?a=1&amp;lt=2">See</a>', "See (https://example.com/?a=1&lt=2)"),
        ("<table><tr><td>Beds</td>\n<td> 3 </td></tr><tr><td>Baths</td><td>2</td></tr></table>", "Beds  3\nBaths  2"),
        ("<head><title>T</title></head><title>T</title><script>x</script>Hi", "Hi"),
        ("<div style='display: none'>Preview</div>Hi", "Hi"),
        ("Hi <!-- note --><?php x ?>there<br>", "Hi there"),
        ("<p>&amp;lt;b&amp;gt; &lt; &copy;</p>", "&lt;b&gt; < ©"),
        ("<b>{{first_name|A &amp; B}}</b>", "{{first_name|A & B}}"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<b>Bob</b> <bob@example.com> <https://example.com/1>", "Bob <bob@example.com> <https://example.com/1>"),
        ("<!-- nothing -->", ""),
    ],
)
def test_html_as_text(html, text):
    assert text_of(html) == text.strip()


def test_addresses_in_angle_brackets_are_shown_in_html():
    html = "<p><https://example.com> <bob@example.com> <{{agent_email}}> <i>x</i></p>"
    shown = "<p>&lt;https://example.com> &lt;bob@example.com> &lt;{{agent_email}}> <i>x</i></p>"
    assert visible_html(html) == shown


def test_the_width_of_a_table_is_not_padded():
    wide = (
        "<table><tr><td>" + "x" * 50_000 + "</td><td>y</td></tr>" + "<tr><td>x</td><td>y</td></tr>" * 1_000 + "</table>"
    )
    assert len(text_of(wide)) < 60_000


def test_two_threads_do_not_mix_their_emails_up():
    emails = [f"<p>{letter * 20}</p>" * 200 for letter in "abcdefgh"]
    with ThreadPoolExecutor(8) as pool:
        for html, text in zip(emails * 4, pool.map(text_of.__wrapped__, emails * 4), strict=True):
            assert set(text) == {html[3], "\n"}


PIECES = ["<p>", "</p>", "<b", ">", "<", "&", "&#9", ";", "<!--", "-->", "<table><tr>", "<td>", "<a href='https://x'>"]
PIECES += [
    "</",
    "<?",
    "<style>",
    "</style>",
    "<ul><li>",
    "<pre>",
    "x",
    " ",
    "\n",
    "\x01",
    "\ud800",
    "{{first_name}}",
    "<br>",
]


@example("<b</\x01<p>")  # an attribute whose name is a control character
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_html_is_shown_or_refused(html):
    is_html(html)
    with suppress(UnreadableHtml):
        assert len(text_of.__wrapped__(html)) <= MAX_LENGTH
    with suppress(UnreadableHtml):
        check_html(html)


UNITS = [
    "<b>",
    "<div>",
    "<p>",
    "<ul><li>",
    "<table><tr><td>",
    "<td>x</td>",
    "<!--",
    "</",
    "<?",
    "<",
    "&",
    "&#9",
    "<br>",
    " ",
]
UNITS += [
    "<b x=1 ",
    "<a href=https://x>",
    "</i>",
    "<style></style>x",
    "<span> y</span>",
    "<http://",
    "<a@",
    "\n x",
    "<![CDATA[",
]


@pytest.mark.parametrize("unit", UNITS)
def test_the_time_grows_with_the_length_alone(unit):
    html = "<b>" + (unit * 100_000)[:100_000]

    assert cpu_seconds(lambda: read(html)) < 15 * cpu_seconds(lambda: read(html[:10_000])) + 0.5


def read(html):
    is_html(html)
    visible_html.__wrapped__(html)
    with suppress(UnreadableHtml):
        text_of.__wrapped__(html)
    with suppress(UnreadableHtml):
        check_html(html)


@pytest.mark.parametrize("character", ["&#1;", "\x01", "\x7f", "\ud800", "&#xfffe;", "&#x110000;", "\x0b"])
def test_a_character_that_no_email_can_have_does_no_harm(character):
    text = text_of(f'<p title="{character}">A{character}<a href="https://example.com/{character}">B</a></p>')
    assert text.startswith("A")
    assert text.endswith(")")
