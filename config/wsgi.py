"""The WSGI entry point: Django behind what must see a request first, its path and its body."""

import gc
import os
import re
from importlib import import_module

import gunicorn.http.message
import gunicorn.util
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.api.chunks import GatherChunks
from config.api.leftovers import ReadLeftovers
from config.api.slashes import CollapseSlashes
from config.api.unread import write_problem
from config.patience import ImpatientConnection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Of the web part alone: workers, commands and migrations may take their time.
settings.DATABASES["default"]["OPTIONS"]["pool"]["connection_class"] = ImpatientConnection

gunicorn.util.write_error = write_problem

# People and WordPress write `?first_name=José` as it stands. What could tear a request in two stays refused.
gunicorn.http.message.RFC9112_TARGET_INVALID = re.compile("[\x00-\x20\x7f]")

application = ReadLeftovers(CollapseSlashes(GatherChunks(get_wsgi_application())))

# All that requests need is loaded before gunicorn forks: its processes share it, and no first request waits for it.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()  # a collection would touch what is shared, and so double it
