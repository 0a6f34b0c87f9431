"""Templates and their folders over HTTP."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from config.api.resources import Resource
from messaging.filters import TemplateFilters, TemplateFolderFilters
from messaging.models import Template, TemplateFolder
from messaging.serializers import TemplateFolderSerializer, TemplateSerializer


class TemplateResource(Resource[Template]):
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilters

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class TemplateFolderResource(Resource[TemplateFolder]):
    serializer_class = TemplateFolderSerializer
    filterset_class = TemplateFolderFilters

    def queryset_for(self, user: Any) -> QuerySet[TemplateFolder]:
        """With how many templates of each type a folder holds, counted in the same query."""
        inside = Template.objects.filter(template_folder=OuterRef("pk")).order_by()
        by_type = inside.values("template_type").annotate(count=Count("pk"))
        counts = by_type.values_list(JSONObject(type="template_type", count="count"))
        return super().queryset_for(user).annotate(template_counts=ArraySubquery(counts))

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)
