"""A resource of tests/contract/fields.py, to be spoken to with the contract's own examples.

References in them become the ids of what bob has in tests/test_permissions.py.
"""

import json
from contextlib import contextmanager

from django.db import transaction

from api.schema import openapi_json
from api.viewsets import BEYOND
from tests.test_permissions import anonymous

DOCUMENT = json.loads(openapi_json())
PATHS = {anonymous(path): operations for path, operations in DOCUMENT["paths"].items()}


@contextmanager
def undone():
    """What is done meanwhile is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Asked:
    """A table's resource in the world, spoken to by who may write it."""

    def __init__(self, table, clients, ids):
        self.table, self.client, self.ids = table, clients[table.who], ids
        self.path = table.path.format_map(ids)
        self.item = f"{self.path}/{table.item.format_map(ids)}"
        self.list_of, self.one_of = PATHS[anonymous(table.path)], PATHS.get(f"{anonymous(table.path)}/*", {})
        self.is_made = not table.item

    @property
    def taken(self):
        """The schema of what is sent; of what is only read, None."""
        operation = self.list_of["post"] if self.is_made else self.one_of.get("patch")
        return operation and schema_of(operation["requestBody"])

    @property
    def is_ours(self):
        """Whether writing is an operation of our own."""
        operation = self.list_of["post"] if self.is_made else self.one_of["patch"]
        return operation["tags"] == [BEYOND]

    @property
    def answered(self):
        return schema_of((self.list_of.get("get") or self.list_of["post"])["responses"]["200"])

    def example(self):
        """The contract's body, about what there is."""
        body = self.taken["examples"][0] | {name: self.ids[kind] for name, kind in self.table.references.items()}
        if "custom_fields" in body:
            body["custom_fields"] = [{"id": self.ids["field"], "value": "Ann, Bob"}]
        return body

    def variants(self):
        """The example, and what else can be sent in its place."""
        for variant in ({}, *self.table.variants):
            is_there = {name: self.ids[value[1:-1]] for name, value in variant.items() if str(value).startswith("{")}
            yield self.example() | variant | is_there

    def write(self, **changes):
        """Add the example, or change what is there, with these values."""
        if not self.is_made:
            return self.client.patch(self.item, changes)
        said_otherwise = {self.table.mirrors.get(name) for name in changes}
        body = {name: value for name, value in self.example().items() if name not in said_otherwise}
        return self.client.post(self.path, body | changes)

    def record(self):
        """One that stays until the end of the table's turn."""
        if self.is_made:
            return self.client.made(self.path, self.example())
        return self.client.get(self.path).json()["data"][0]

    def listed(self, query):
        answer = self.client.get(self.path, query | {"$limit": 1000})
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["data"]]


def schema_of(part):
    """A record's schema, of a body or an answer, out of its envelope."""
    schema = resolved(part["content"]["application/json"]["schema"])
    rows = schema["properties"].get("data")
    return resolved(rows["items"]) if rows else schema


def resolved(reference):
    return DOCUMENT["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
