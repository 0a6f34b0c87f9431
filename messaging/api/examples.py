"""Example values of templates and messages in the contract. All of them are invented."""

TEMPLATE = {
    "id": 7,
    "user_id": 1001,
    "template_folder_id": 1,
    "body": "Hello {{first_name}}, call me whenever you like.",
    "subject": "I'm here to help",
    "description": "Email #12",
    "file_id": 1,
    "created_at": "2017-07-08T11:11:11.000Z",
    "modified_at": "2018-01-16T12:12:12.000Z",
    "template_type": "Email",
}
FOLDER = {
    "id": 1,
    "user_id": 1001,
    "name": "New Contacts Template Folder",
    "description": "The introduction",
    "original_template_folder_id": None,
    "counts": {
        "counts": {"Email": 2, "Text": 1, "Phone": 0, "Direct Mail Letter": 0, "Direct Mail Postcard": 0},
    },
}
SHARE = FOLDER | {"id": 2, "user_id": 1002, "original_template_folder_id": 1, "email": "dana@example.com"}
MESSAGE = {
    "id": 83,
    "contact_id": 76,
    "user_id": 1001,
    "channel": "email",
    "purpose": "personal",
    "is_inbound": False,
    "status": "queued",
    "code": "",
    "details": {},
    "reason": "",
    "from": "",
    "to": "mary@example.com",
    "subject": "The house in Irvine",
    "body": "Hello Mary, I can show it to you tomorrow.",
    "media": [],
    "automatic": "",
    "template_id": 7,
    "created_at": "2018-01-16T09:09:09.000Z",
    "not_before": "2018-01-16T09:09:09.000Z",
    "sent_at": None,
}
CONSENT = {
    "id": 12,
    "number": "+19495550123",
    "kind": "resumed",
    "source": "user 1001",
    "words": "",
    "message_id": None,
    "created_at": "2018-01-16T09:09:09.000Z",
}
CALL = {
    "id": 84,
    "contact_id": 76,
    "user_id": 1001,
    "status": "queued",
    "code": "",
    "details": {},
    "reason": "",
    "from": "+19495550100",
    "to": "+19495550112",
    "body": "Press 1 to be connected with Mary Jackson.",
    "created_at": "2018-01-16T09:09:09.000Z",
    "sent_at": None,
}
PHONE_CODE = {
    "number": "+19495550111",
    "created_at": "2026-12-01T17:00:00.000Z",
    "expires_at": "2026-12-01T17:15:00.000Z",
}
PHONE_CONFIRMATION = {"code": "042137"}
