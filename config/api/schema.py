"""The contract as OpenAPI 3.1, read off the resources."""

from drf_spectacular.openapi import AutoSchema as SpectacularSchema


class AutoSchema(SpectacularSchema):
    """Tags each operation as LionDesk's or ours."""

    def get_tags(self) -> list[str]:
        action = getattr(self.view, "action", "")
        if action in getattr(self.view, "beyond", ()):
            return ["Beyond LionDesk"]
        return [getattr(self.view, "tag", "Beyond LionDesk")]
