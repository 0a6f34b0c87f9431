"""What the API calls the records of a model; people may read another word in the admin."""

from django.db.models import Model


def model_names(model: type[Model]) -> tuple[str, str]:
    """Return the singular and plural name: `name_in_api` if the model has it, otherwise its verbose names."""
    one = getattr(model, "name_in_api", "")
    return (one, f"{one}s") if one else (str(model._meta.verbose_name), str(model._meta.verbose_name_plural))
