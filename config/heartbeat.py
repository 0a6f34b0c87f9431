"""The health check of worker and beat in a container: `python -m config.heartbeat` fails where the process is stuck."""

import sys
import time
from pathlib import Path

from config import settings


def main() -> int:
    """0 when the process has shown life in time (core.watchdog)."""
    try:
        age = time.time() - Path(settings.HEARTBEAT_FILE).stat().st_mtime
    except OSError:
        return 1
    return int(age > settings.STUCK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
