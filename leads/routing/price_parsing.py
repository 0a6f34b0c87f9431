"""Parse listing prices, which sources send as free text. Pure."""

import re
from decimal import Decimal
from typing import Final

PRICE: Final = re.compile(
    r"(?:US\$|USD|\$)?\s*"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?P<cents>\.[0-9]{1,6})?"
    r"\s*(?P<unit>k|thousand|m|mm|million)?"
    r"\s*(?:USD)?\s*\+?",
    re.IGNORECASE,
)
AMBIGUOUS: Final = re.compile(r"(?<![0-9,])[0-9]{1,3}\.[0-9]{3}(?![0-9])")  # 1.250: a decimal or a thousands separator
MAX_PRICE_LENGTH: Final = 255  # characters of a price
UNITS: Final = {"": 1, "k": 1_000, "thousand": 1_000, "m": 1_000_000, "mm": 1_000_000, "million": 1_000_000}


def parse_price(text: str) -> Decimal | None:
    """Return the dollars of `1250000`, `$1,250,000`, `1.25M` or `1.25 million`. None if it is not a single price."""
    read = PRICE.fullmatch(" ".join(text.split())) if len(text) <= MAX_PRICE_LENGTH else None
    if read is None or (AMBIGUOUS.search(read[0]) and not read["unit"]):
        return None
    number = Decimal(read["whole"].replace(",", "") + (read["cents"] or ""))
    return number * UNITS[(read["unit"] or "").lower()] or None
