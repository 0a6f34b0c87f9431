"""Templates and their folders over HTTP."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from config.api.resources import BEYOND, Resource
from messaging.filters import TemplateFilters, TemplateFolderFilters
from messaging.folders import copy_to
from messaging.models import Template, TemplateFolder
from messaging.serializers import FolderShareSerializer, TemplateFolderSerializer, TemplateSerializer


class TemplateResource(Resource[Template]):
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilters
    is_plain = True

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class TemplateFolderResource(Resource[TemplateFolder]):
    serializer_class = TemplateFolderSerializer
    filterset_class = TemplateFolderFilters

    def queryset_for(self, user: Any) -> QuerySet[TemplateFolder]:
        return counted(super().queryset_for(user))

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class FolderShareResource(Resource[TemplateFolder]):
    """Sharing a folder copies it, with its templates, to a colleague. The answer is the copy, which is theirs."""

    tag = BEYOND
    verbs = ("create",)
    serializer_class = FolderShareSerializer
    parent_model, parent_field = TemplateFolder, "folder"

    def perform_create(self, serializer: Any) -> None:
        copy = copy_to(serializer.validated_data["user"], self.parent, self.now)
        serializer.instance = counted(TemplateFolder.objects.filter(pk=copy.pk)).get()


def counted(folders: QuerySet[TemplateFolder]) -> QuerySet[TemplateFolder]:
    """With how many templates of each type a folder holds, counted in the same query."""
    inside = Template.objects.filter(template_folder=OuterRef("pk")).order_by()
    by_type = inside.values("template_type").annotate(count=Count("pk"))
    counts = by_type.values_list(JSONObject(type="template_type", count="count"))
    return folders.annotate(template_counts=ArraySubquery(counts))
