"""HTML emails: detecting HTML, finding what makes it unfit to send, and its plain-text alternative. Pure.

Each function is linear in the length of its text.
"""

import re
from functools import lru_cache
from typing import Any, Final

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display, WhiteSpace
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml.etree import ParserError, iterwalk
from lxml.html import HTMLParser, document_fromstring

MAX_LENGTH: Final = 200_000  # characters of the plain text
MAX_DEPTH: Final = 100  # elements within elements; newsletters made of tables have some thirty

# https://html.spec.whatwg.org/multipage/indices.html#elements-3, and the obsolete ones that emails still have.
TAGS: Final = (
    r"a|abbr|address|area|article|aside|audio|b|base|bdi|bdo|big|blockquote|body|br|button|canvas"
    r"|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt"
    r"|em|embed|fieldset|figcaption|figure|font|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head"
    r"|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark"
    r"|marquee|menu|meta|meter|nav|nobr|noscript|object|ol|optgroup|option|output|p|param|picture"
    r"|pre|progress|q|rp|rt|ruby|s|samp|script|search|section|select|slot|small|source|span|strike"
    r"|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title"
    r"|tr|track|tt|u|ul|var|video|wbr"
)
ATTRIBUTE: Final = r"""\s++[a-z_:@][\w:.@-]*+\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=]++)"""
KNOWN_TAG: Final = re.compile(rf"<!doctype\s|</(?:{TAGS})\s*+>|<(?:{TAGS})(?:{ATTRIBUTE})*+\s*+/?>", re.IGNORECASE)
BRACKETED_ADDRESS: Final = re.compile(
    r"<(?=(?:(?:[a-z]{2,10}://|mailto:|tel:|www\.|[^\s<>@]{1,64}@)[^\s<>]{1,2000}|\{\{[^{}<>]{1,100}\}\})>)",
    re.IGNORECASE,
)
NOT_A_TAG: Final = re.compile(r"</(?!\s*[a-z>])|<\?(?!xml)", re.IGNORECASE)
LONG_REFERENCE: Final = re.compile(r"&#(?:x[0-9a-f]{7}|[0-9]{8})", re.IGNORECASE)  # Unicode ends at 1,114,111

INVISIBLE: Final = frozenset({"head", "script", "style", "title", "template"})
INVISIBLE_STYLE: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
LINK: Final = re.compile(r"(?:https?://|mailto:|tel:|sms:|\{\{)\S*$", re.IGNORECASE)
SCHEME: Final = re.compile(r"(?:mailto|tel|sms):", re.IGNORECASE)

NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # lxml writes none of them

GAP: Final = "\ue000"  # between two table cells, until white space has been collapsed
GAPS: Final = re.compile(f" ?{GAP} ?")
BLANK_LINES: Final = re.compile(r"\n{3,}")
BLOCK: Final = HtmlElement(display=Display.block)
CSS: Final = STRICT_CSS_PROFILE | dict.fromkeys(
    ("table", "tr", "caption", "dl", "dt", "dd", "hr", "form", "section", "fieldset", "center", "option"), BLOCK
)


class UnreadableHtml(ValueError):
    """The HTML cannot be shown as intended. The argument is a predicate: "has a comment that is not closed"."""


def is_html(text: str) -> bool:
    """Whether a text has a tag that HTML knows. `<https://example.com>` and `<b and c>` are text."""
    return KNOWN_TAG.search(text) is not None


@lru_cache(maxsize=32)
def visible_html(html: str) -> str:
    """The HTML with addresses in angle brackets as text: browsers would take them for tags and hide them."""
    return BRACKETED_ADDRESS.sub("&lt;", html)


def check_html(html: str) -> None:
    """Raise `UnreadableHtml` for what hides a part of the text from its reader, or cannot be shown as text."""
    if (comment := html.rfind("<!--")) > html.rfind("-->"):
        raise UnreadableHtml(f"has a comment at position {comment + 1} that is not closed with -->.")
    if (start := html.rfind("<")) > html.rfind(">") and html[start + 1 : start + 2].isalpha():
        raise UnreadableHtml(f"has a tag at position {start + 1} that is not closed with >.")
    if match := NOT_A_TAG.search(html):
        raise UnreadableHtml(f"has {match[0]} at position {match.start() + 1}, which is not a tag; for < write &lt;.")
    if match := LONG_REFERENCE.search(html):
        raise UnreadableHtml(
            f"has a character reference at position {match.start() + 1} that is too long; the highest is &#1114111;."
        )
    text_of(html)


@lru_cache(maxsize=32)  # a campaign asks once per message
def text_of(html: str) -> str:
    """The plain-text alternative: lines, list items, table cells and addresses of links. Merge fields stay as written.

    Raises `UnreadableHtml`.
    """
    tree = _tree_of(visible_html(html))
    if tree is None:
        return ""
    _prepare(tree)
    text = GAPS.sub("  ", Inscriptis(tree, _configuration()).get_text())
    text = BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
    if len(text) > MAX_LENGTH:
        raise UnreadableHtml(f"may have at most {MAX_LENGTH:,} characters as plain text.")
    return text


def _tree_of(html: str) -> Any:
    """The parsed HTML; None where there is nothing but comments."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(html.encode(errors="replace"), parser=parser)
    except ParserError:
        return None
    depth = 0
    for event, _ in iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:  # libxml2 drops what is deeper than 256
            raise UnreadableHtml(f"may have at most {MAX_DEPTH} elements within each other.")
    return tree


def _prepare(tree: Any) -> None:
    """Turn into text what inscriptis leaves out or lays out: links, rules and tables.

    It pads each cell to the width of its column, which makes a long cell thousands of times as long.
    """
    elements = list(tree.iter())
    for element in elements:
        element.text, element.tail = _encoded(element.text), _encoded(element.tail)
    for element in elements:
        tag, attributes = element.tag, dict(element.attrib.items())  # by name, lxml refuses odd ones
        element.attrib.clear()
        if tag in INVISIBLE or INVISIBLE_STYLE.search(attributes.get("style", "")):
            if element.getparent() is not None:
                element.drop_tree()
        elif tag == "a":
            _write_address(element, attributes.get("href", "").strip())
        elif tag == "img":
            element.set("alt", _encoded(attributes.get("alt", "")))
        elif tag == "hr":
            element.text = "-----"
        elif tag in ("td", "th") and element.getprevious() is not None:
            element.text = f"{GAP}{element.text or ''}"


def _encoded(text: str | None) -> str:
    """Inscriptis decodes character references, and these were decoded before: "&amp;lt;" would become "<"."""
    return NOT_IN_XML.sub("", text).replace("&", "&amp;") if text else ""


def _write_address(link: Any, address: str) -> None:
    """Return `See (https://example.com)`; only the address if the link has no text or the address as its text."""
    if not LINK.match(address):
        return
    shown = _encoded(SCHEME.sub("", address, count=1))
    text = "".join(link.itertext()).strip()
    if text != shown:
        has_text = text or any(image.get("alt") for image in link.iter("img"))
        link.tail = f" ({shown}){link.tail or ''}" if has_text else f"{shown}{link.tail or ''}"


def _configuration() -> ParserConfig:
    """`body` is new each time: inscriptis writes into it, and threads would mix two emails up."""
    body = HtmlElement(display=Display.inline, whitespace=WhiteSpace.normal)
    as_text = dict.fromkeys(("table", "tr", "td", "th"), _do_nothing)
    handlers = CustomHtmlTagHandlerMapping(start_tag_mapping=as_text, end_tag_mapping=as_text)
    return ParserConfig(css=CSS | {"body": body}, display_images=True, custom_html_tag_handler_mapping=handlers)


def _do_nothing(*_: Any) -> None:
    """Leave a table's parts to the style sheet."""
