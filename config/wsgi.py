"""The WSGI entry point: Django behind what must see a request first, its path and its body."""

import gc
import os
import re
from importlib import import_module

import gunicorn.http.message
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from core.db.statement_timeout import TimeoutConnection
from server.content_types import ContentTypeMiddleware
from server.normalize_path import NormalizePathMiddleware
from server.request_body import ConcurrencyLimitMiddleware, ReadBodyMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Of the web part alone: workers, commands and migrations may take their time.
settings.DATABASES["default"]["OPTIONS"]["pool"]["connection_class"] = TimeoutConnection

# The one name of gunicorn that is patched: no setting allows bytes above 0x7F in a URL, and people and WordPress write
# `?first_name=José` (tests/server/test_unread_bodies.py). Characters that could split a request stay refused.
gunicorn.http.message.RFC9112_TARGET_INVALID = re.compile("[\x00-\x20\x7f]")

# In each process. Its threads are many more: they also wait for what slow clients send and read.
MAX_CONCURRENT_REQUESTS = 4

application = ReadBodyMiddleware(
    NormalizePathMiddleware(
        ContentTypeMiddleware(ConcurrencyLimitMiddleware(get_wsgi_application(), MAX_CONCURRENT_REQUESTS))
    )
)

# All that requests need is loaded before gunicorn forks: its processes share it, and no first request waits for it.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()  # a collection would touch what is shared, and so double it
