"""Charsets of request bodies, and the errors of unreadable ones."""

import re
from typing import Final

from django.conf import settings

from core.errors import DomainError

WIDE_CODECS: Final = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
)  # no escape is ASCII in these
# Labels without punctuation, and Python's names. As in browsers, Latin-1 and ASCII are read as Windows-1252, which
# holds both (https://encoding.spec.whatwg.org/#names-and-labels). Python knows more, not all of them charsets.
CODECS: Final = {
    **dict.fromkeys(("utf8", "unicode11utf8"), "utf-8"),
    **{name.replace("-", ""): name for name in WIDE_CODECS},
    **dict.fromkeys(("iso88591", "latin1", "l1", "usascii", "ascii", "windows1252", "cp1252"), "windows-1252"),
    **{f"iso8859{number}": f"iso-8859-{number}" for number in range(2, 17) if number != 12},
    **{
        f"{prefix}125{number}": f"windows-125{number}"
        for prefix in ("windows", "cp")
        for number in (0, 1, *range(3, 9))
    },
    **{name.replace("-", ""): name for name in ("koi8-r", "koi8-u", "euc-jp", "euc-kr", "gbk", "gb2312", "gb18030")},
    **{"shiftjis": "shift_jis", "big5": "big5", "macintosh": "mac-roman", "iso2022jp": "iso-2022-jp"},
}


class UnsupportedBody(DomainError):
    """The body is encoded in a way that this service does not read."""

    status = 415


class BodyTooLarge(DomainError):
    """The body is larger than this service takes."""

    status = 413

    def __init__(self) -> None:
        super().__init__(f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MB.")


class BadEncoding(DomainError):
    """The body does not fit the encoding that its headers name."""


def codec_of(charset: str) -> str:
    """Return Python's name of a charset, empty for none. Raises UnsupportedBody."""
    label = re.sub("[^a-z0-9]", "", charset[:50].lower())
    if not charset.strip():
        return ""
    if label not in CODECS:
        raise UnsupportedBody(f"charset {charset.strip()[:50]} is not supported: send UTF-8.")
    return CODECS[label]


def decode(body: bytes, codec: str) -> str:
    """Return the text of a body. Raises BadEncoding."""
    try:
        return body.decode("utf-8-sig" if codec in ("", "utf-8") else codec)
    except UnicodeError:
        raise BadEncoding(f"The body is not {(codec or 'utf-8').upper()}.") from None
