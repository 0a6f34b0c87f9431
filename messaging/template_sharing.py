"""Sharing a folder of templates: the colleague gets a copy, which is theirs to change."""

from datetime import datetime
from typing import Final

from django.db import transaction

from messaging.models import Template, TemplateFolder
from teams.models import User

COPIED: Final = ("template_type", "subject", "description", "body", "file_id")


@transaction.atomic
def copy_to(user: User, folder: TemplateFolder, now: datetime) -> TemplateFolder:
    """Copy the folder and its templates for `user`. The copy names its original."""
    copy = TemplateFolder.objects.create(
        user=user, name=folder.name, description=folder.description, original_template_folder=folder
    )
    Template.objects.bulk_create(
        Template(user=user, template_folder=copy, created_at=now, modified_at=now, **words)
        for words in folder.templates.order_by("pk").values(*COPIED)
    )
    return copy
