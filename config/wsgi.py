"""The WSGI entry point: Django behind the slash collapser, which must see the path first."""

import os

from django.core.wsgi import get_wsgi_application

from config.api.slashes import CollapseSlashes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = CollapseSlashes(get_wsgi_application())
