"""API v1 in the contract: one operation for all of its calls."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from api.schema import AutoSchema
from api_v1.handlers import CALLS

REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["action"],
    "properties": {"action": {"type": "string", "enum": list(CALLS), "description": "In any case."}},
    "additionalProperties": True,
    "examples": [{"action": "NewSubmission", "firstname": "Mary", "email": "mary@example.com", "source": "Website"}],
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["error", "errorText"],
    "properties": {
        "error": {
            "type": "integer",
            "description": "0: done. 10: a key is wrong. Otherwise the status of v2; nothing was changed.",
        },
        "errorText": {"type": "string", "description": "What is wrong; empty when it is done."},
        "action": {"type": "string", "description": "What was done."},
        "id": {"type": "integer", "description": "Of what was made; of a submission, the contact's."},
    },
    "additionalProperties": True,
    "examples": [{"error": 0, "errorText": "", "action": "NewSubmission", "id": 12, "leadid": 7}],
}


class CallSchema(AutoSchema):
    """Errors of a call are answered with 200."""

    def failures(self) -> list[str]:
        return ["429"]


class KeysScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api_v1.views.Keys"
    name = ["v1_program", "v1_account"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return {"v1_program": [], "v1_account": []}

    def get_security_definition(self, auto_schema: Any) -> Any:
        program = "The program's client id, or `user` for personal access; no password."
        account = "An access token of the user whose account it is."
        return [
            {"type": "http", "scheme": "basic", "description": program},
            {"type": "apiKey", "in": "header", "name": "X-LionDesk-Id", "description": account},
        ]
