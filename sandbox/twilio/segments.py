"""How many parts a text is cut into on the air. Pure."""

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")  # each takes an escape as well, which must not be parted from it


def count_segments(body: str) -> int:
    """The number of segments: 160 or 153 septets each, or 70 or 67 UTF-16 units when a character asks for it."""
    if all(character in GSM_7 or character in GSM_7_EXTENSION for character in body):
        return _pack([2 if character in GSM_7_EXTENSION else 1 for character in body], alone=160, joined=153)
    return _pack([2 if ord(character) > 0xFFFF else 1 for character in body], alone=70, joined=67)


def _pack(sizes: list[int], *, alone: int, joined: int) -> int:
    """Fill segments greedily; what takes two units is not split over a boundary."""
    if sum(sizes) <= alone:
        return 1
    segments, used = 1, 0
    for size in sizes:
        if used + size > joined:
            segments, used = segments + 1, 0
        used += size
    return segments
