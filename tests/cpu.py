"""CPU time of a call, for tests that a parser costs no more than the length of its input."""

import gc
import time
from collections.abc import Callable


def cpu_seconds(call: Callable[[], object], runs: int = 3) -> float:
    """Return the least CPU time in seconds of several runs.

    The least is what the call costs; whatever is above it comes from other work on the machine. Garbage collection is
    off: it looks through all objects that earlier tests left.
    """
    gc.disable()
    try:
        return min(_one_run(call) for _ in range(runs))
    finally:
        gc.enable()


def _one_run(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
