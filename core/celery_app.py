"""The Celery application, on which core and the apps declare their tasks."""

from celery import Celery

app = Celery("pridedesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
