"""Lists that are read as columns show what models would show, to whom they would show it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from django.urls import get_resolver

from api.lists import pagination
from api.lists.fast_list import placeholder_user
from api.lists.filter_backend import sort_names
from api.viewsets import Resource
from config.urls import urlpatterns
from core import clock
from crm.models import Contact, ContactSource, CustomField, CustomFieldValue, Hotness, Tag
from messaging.models import Template, TemplateFolder
from teams.models import User


def plain_lists() -> dict[str, type[Resource]]:
    """The resources whose lists are read as columns, by path."""
    assert urlpatterns
    found = {}
    for prefix, pattern in routes_below(get_resolver("config.urls"), ""):
        resource = getattr(pattern.callback, "cls", None)
        if getattr(resource, "is_plain", False) and "<id>" not in prefix:
            found["/" + prefix] = resource
    return found


def routes_below(resolver, prefix) -> Iterator:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes_below(pattern, path)
        else:
            yield path, pattern


PLAIN = plain_lists()


@pytest.fixture
def records(alice: User, bob: User) -> None:
    """Of everything something of Alice's, and something of Bob's."""
    long_ago = clock.now() - timedelta(days=3650, microseconds=1)
    for number, user in enumerate((alice, bob, alice)):
        contact = Contact.objects.create(
            owner_user=user,
            assigned_user=alice if number else None,
            source=ContactSource.objects.create(user=user, name=f"Søurce {number}"),
            hotness=Hotness.objects.create(user=user, name='"Hot"', rank=number),
            first_name=f"Mary\n{number}",
            mobile_phone="(949) 555-0123",
            tags=None if number else "Buyer, Irvine",
            created_at=long_ago,
        )
        field = CustomField.objects.create(user=user, name="Dog", data_type="Text")
        CustomFieldValue.objects.create(contact=contact, field=field, value="Rex")
        Tag.objects.create(user=user, content=f"Buyer {number}")
        folder = TemplateFolder.objects.create(user=user, name="Hello")
        Template.objects.create(user=user, template_folder=folder, body="Hello", template_type="Text")
        user.created_teams.create(name=f"Team {number}", mins_until_next_alert=number or None)


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", PLAIN)
def test_a_row_of_a_plain_list_is_the_record_as_it_is_read_alone(api, alice, bob, path):
    for user in (alice, bob, alice):
        rows = api(user).get(path).json()["data"]
        assert rows
        assert rows == [api(user).get(f"{path}/{row['id']}").json() for row in rows]


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_list_answers_every_comparison_as_models_would(api, alice, path, monkeypatch):
    filters = PLAIN[path].filterset_class.base_filters.items()
    values = {"integer": "1", "number": "1", "boolean": "true"}
    for name, filter_, operator in ((name, one, operator) for name, one in filters for operator in one.operators):
        value = "2020-01-01" if "format" in filter_.schema else values.get(filter_.schema["type"], "buyer")
        query = (
            f"{name}[{operator}]={value}&$sort[{name}]=-1" if operator else f"$or[0][{name}]={value}&$or[1][{name}]="
        )
        monkeypatch.setattr(PLAIN[path], "is_plain", True)
        plain = api(alice).get(f"{path}?{query}").json()
        monkeypatch.setattr(PLAIN[path], "is_plain", False)
        assert plain == api(alice).get(f"{path}?{query}").json(), query


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_list_goes_on_and_is_found_from_its_end_as_models_would(api, alice, path, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_NEAR_SKIP", 0)
    for name, direction in product(sort_names(PLAIN[path]), (1, -1)):
        shown = []
        for is_plain in (True, False):
            monkeypatch.setattr(PLAIN[path], "is_plain", is_plain)
            shown.append(walked(api(alice), f"{path}?$limit=1&$sort[{name}]={direction}"))
        assert shown[0] == shown[1], name
        assert [body["total"] for body in shown[0]] == [shown[0][0]["total"]] * len(shown[0])


def walked(client, path):
    """The pages of a list by cursors, then by `$skip`."""
    bodies, cursor = [], ""
    while cursor is not None:
        bodies.append(client.get(f"{path}&$cursor={cursor}").json())
        cursor = bodies[-1].pop("cursor")
    return bodies + [client.get(f"{path}&$skip={skip}").json() for skip in range(len(bodies) + 1)]


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", PLAIN)
def test_null_and_not_null_part_the_rows_of_every_list_by_every_field(api, alice, path, monkeypatch):
    everything = api(alice).get(f"{path}?$sort[id]=1").json()["data"]
    for name in PLAIN[path].filterset_class.base_filters:
        for is_plain in (True, False):
            monkeypatch.setattr(PLAIN[path], "is_plain", is_plain)
            without = api(alice).get(f"{path}?{name}[$in][]=null").json()["data"]
            with_one = api(alice).get(f"{path}?{name}[$ne]=null").json()["data"]
            assert all(row[name] in (None, "") for row in without), name
            assert not any(row[name] in (None, "") for row in with_one), name
            assert len(without) + len(with_one) == len(everything), name


def test_statements_for_everybody_cannot_depend_on_more_than_an_id(alice):
    with pytest.raises(User.DoesNotExist):
        _ = placeholder_user().is_staff
