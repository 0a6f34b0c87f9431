"""What the log says."""

import logging


def drop_client_error_traceback(record: logging.LogRecord) -> bool:
    """A 403 or a 404 is an answer, not a mishap: one line says it all."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True
