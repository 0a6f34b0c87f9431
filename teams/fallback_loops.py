"""Teams that fall back to one another. Pure."""

from collections.abc import Iterator, Mapping


def find_loop(team_id: int, following: Mapping[int, int | None]) -> list[int]:
    """The teams of the loop that fallbacks from this team run into, in order, the first one last again; empty when
    they end."""
    way = list(_fallback_path(team_id, following))
    return way[way.index(way[-1]) :] if way.count(way[-1]) > 1 else []


def _fallback_path(team_id: int, following: Mapping[int, int | None]) -> Iterator[int]:
    """The teams from one to the next, the first that comes twice being the last."""
    seen: set[int] = set()
    current: int | None = team_id
    while current is not None:
        yield current
        if current in seen:
            return
        seen.add(current)
        current = following.get(current)
