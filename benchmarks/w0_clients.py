"""W0: what the clients can ask of a server that does nothing: far more than the others, or they measure the clients."""

from collections.abc import Generator

from benchmarks import load
from benchmarks.measure import Line
from benchmarks.place import NO_APP, Place


def prepare(place: Place) -> list[Line]:
    server = place.serve(NO_APP, {})

    def ask() -> Generator[bytes, bytes, None]:
        while True:
            yield load.request("GET", "/")

    return [Line("W0 clients alone", "requests/s", lambda: server.answer(ask, place.seconds))]
