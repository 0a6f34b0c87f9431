"""Log formats and levels."""

import logging


def drop_client_error_traceback(record: logging.LogRecord) -> bool:
    """Log a 403 or 404 in one line: it is an answer, not an incident."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True
