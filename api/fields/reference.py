"""What a body refers to by its id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db.models import Model, QuerySet
from rest_framework.fields import empty

from api import coercion
from api.fields.lenient import LenientField


class Reference(LenientField):
    """An id in, a record in `validated_data`, the id out. What the caller may not see does not exist.

    `source` is the foreign key's name; `among` may narrow what can be referred to, given the user.
    With `visible=False` any record will do.
    """

    schema = {"type": "integer"}

    def __init__(
        self,
        source: str | None = None,
        *,
        model: type[Model] | None = None,
        among: Callable[[Any], QuerySet[Any]] | None = None,
        visible: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(source=source, **kwargs)
        self.model, self.among, self.visible = model, among, visible

    def run_validation(self, data: Any = empty) -> Any:
        zero = isinstance(data, int) and not isinstance(data, bool) and data == 0
        if zero or (isinstance(data, str) and data.strip() == "0"):
            data = None
        return super().run_validation(data)

    def read(self, value: object) -> Model:
        record_id = coercion.parse_integer(value)
        found = self.candidates().filter(pk=record_id).first()
        record = found if found and self.is_offered(found) else self.kept(record_id)
        if record is None:
            raise ValueError(f"names no record: there is no {record_id} that you may use.")
        return cast(Model, record)

    def is_offered(self, record: Any) -> bool:
        """Return whether a candidate may be referred to, if checking one is cheaper than filtering all."""
        return True

    def kept(self, record_id: int) -> Any:
        """Accept the current reference: clients send back what they read."""
        instance = getattr(self.parent, "instance", None)
        is_kept = isinstance(instance, Model) and getattr(instance, f"{self.source}_id", None) == record_id
        return getattr(instance, str(self.source)) if is_kept else None

    def candidates(self) -> QuerySet[Any]:
        user = self.context["request"].user
        if self.among is not None:
            return self.among(user)
        model = self.model or self.referred_model()
        manager: Any = model._default_manager
        return cast("QuerySet[Any]", manager.visible_to(user) if self.visible else manager.all())

    def referred_model(self) -> type[Model]:
        model = cast(Any, self.parent).Meta.model
        return cast(type[Model], model._meta.get_field(self.source).related_model)

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, f"{self.source}_id")
