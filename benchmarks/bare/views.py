"""Two viewsets, as short as the framework allows."""

from django_filters import CharFilter, FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers, viewsets
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import CursorPagination

from benchmarks.bare.models import Contact, Lead


class ContactSerializer(serializers.ModelSerializer):
    class Meta:
        model = Contact
        fields = "__all__"


class LeadSerializer(serializers.ModelSerializer):
    class Meta:
        model = Lead
        fields = "__all__"


class ContactFilters(FilterSet):
    tag = CharFilter(method="by_tag")

    class Meta:
        model = Contact
        fields = ["email", "mobile_phone", "owner_user_id"]

    def by_tag(self, rows, name, tag):
        return rows.extra(where=["tag_list @> ARRAY[%s]"], params=[tag])  # the column of w7_million


class ContactViewSet(viewsets.ModelViewSet):
    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    filter_backends = [DjangoFilterBackend, OrderingFilter]
    filterset_class = ContactFilters


class ByDate(CursorPagination):
    ordering = "created_at"
    page_size = 25


class ContactByCursorViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    pagination_class = ByDate
    filterset_fields = {"first_name": ["startswith"]}


class LeadViewSet(viewsets.ModelViewSet):
    queryset = Lead.objects.all()
    serializer_class = LeadSerializer
