"""The Celery application. Beat only announces; what is due stands in the database (config.due)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("pridedesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
