"""ZIP codes and Canadian postal codes, as integrators send them: `98112-1234`, the number 2108 for `02108`, `k1a0b1`.

A code is compared as five digits, as the six characters of a Canadian code, or as the three of its area (FSA), which
includes all codes of that area.
"""

import re
from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError

# Five digits, alone or with the four of ZIP+4. A spreadsheet drops leading zeros, and may turn 02108 into `2108.0`:
# four digits are a code of New England or New Jersey (01xxx to 09xxx), three of Puerto Rico or the Virgin Islands
# (006xx to 009xx) or of Holtsville (00501, 00544). No other code begins with two zeros, so 310 is not a code:
# https://en.wikipedia.org/wiki/List_of_ZIP_Code_prefixes
SHORT_ZIP = r"[1-9]\d{3}|[6-9]\d\d|501|544"
ZIP = re.compile(rf"(\d{{5}}|{SHORT_ZIP})(?:[- ]\d{{4}}|(?<=\d{{5}})\d{{4}}|\.0+)?", re.ASCII)
# The letters that Canada Post uses: https://en.wikipedia.org/wiki/Postal_codes_in_Canada#Components
AREA, UNIT = "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]", "[0-9][ABCEGHJ-NPRSTV-Z][0-9]"
CANADIAN = re.compile(rf"({AREA})(?:[ \xa0-]{{0,3}}({UNIT}))?", re.IGNORECASE | re.ASCII)
IN_LIST = re.compile(rf"(?<![^,;\s])({AREA})[ \t\xa0-]{{1,3}}({UNIT})(?![^,;\s])", re.IGNORECASE)
MAX_LENGTH = 30  # of one code, however it is written


def postal_code(value: str | int | None) -> str:
    """Return `02108` for 2108, `98112` for `98112-1234`, `K1A0B1` for `k1a 0b1`; empty if it is not a code."""
    text = str(value or "").strip()[: MAX_LENGTH + 1]
    if match := ZIP.fullmatch(text):
        return match[1].zfill(5)
    match = CANADIAN.fullmatch(text)
    return (match[1] + (match[2] or "")).upper() if match else ""


def has_code(codes: Collection[str], code: str) -> bool:
    """Return whether the list contains this code or its Canadian area."""
    return code in codes or (len(code) == 6 and code[:3] in codes)


def common_codes(some: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """What two lists have in common; of an area and a code in it, the code."""
    one, other = frozenset(some), frozenset(others)
    return frozenset(code for code in one if has_code(other, code)) | {code for code in other if has_code(one, code)}


def parse_list(text: str | None) -> tuple[str, ...]:
    """Return the codes of a comma list, each once, in the given order. Other items are left out."""
    return tuple(dict.fromkeys(code for part in split_parts(text) if (code := postal_code(part))))


def invalid_parts(text: str | None) -> list[str]:
    """Return the items of a comma list that are not codes."""
    return [part for part in split_parts(text) if not postal_code(part)]


def split_parts(text: str | None) -> list[str]:
    """The parts of a list, which commas, semicolons and blanks separate; `K1A 0B1` is one."""
    return [part for part in re.split(r"[,;\s]+", IN_LIST.sub(r"\1\2", text or "")) if part]


def validate_zipcodes(text: str) -> None:
    """Refuse a list with items that are not codes, by name."""
    if unread := invalid_parts(text):
        raise ValidationError(
            "holds %(part)s, which is not a ZIP code or a Canadian postal code.", params={"part": unread[0][:20]}
        )
