"""What the contract shows of users and teams: the documentation's examples, with nobody's data."""

USER = {
    "id": 1001,
    "first_name": "Grace",
    "last_name": "Hopper",
    "email": "grace@example.com",
    "username": "grace@example.com",
    "phone": "+1 949 555 0111",
    "system_phone": "+19495550190",
    "timezone_offset": -8,
    "timezone": "America/Los_Angeles",
    "profile_picture": "www.example.com/4354353/example-img.jpeg",
    "created_at": "2013-10-05T06:36:01.000Z",
    "modified_at": "2016-12-06T04:02:29.000Z",
}
TEAM = {
    "id": 3,
    "name": "Pride",
    "is_contact_resource_sharing_enabled": True,
    "order_method": "Rank",
    "mins_until_next_alert": 7,
    "distribution_zipcodes": "91109,92618,32899",
}
TEAM_MEMBER = {
    "id": 10,
    "request_status": "Accepted",
    "team": {"id": 3, "name": "Pride"},
    "user": {
        "id": 1002,
        "first_name": "Dorothy",
        "last_name": "Vaughan",
        "email": "dorothy@example.com",
        "username": "dorothy@example.com",
        "phone": "+1 949 555 0112",
    },
}
INVITATION = {"team_id": 3, "email": "dorothy@example.com"}
OPTION = {
    "id": 10,
    "team_id": 3,
    "user_id": 1002,
    "rank": 1,
    "mins_until_lead_offer": 5,
    "assign_automatically": True,
    "has_call_alert": True,
    "has_text_alert": True,
    "has_email_alert": True,
}
SUB_ACCOUNT = {
    "id": 5,
    "user_id": 1002,
    "broker_user_id": 1001,
    "user_can_see_broker_hotnesses": True,
    "is_lead_sources_enabled": True,
    "is_contact_activity_settings_enabled": True,
    "is_lead_status_enabled": True,
    "is_contact_types_enabled": True,
    "is_custom_fields_enabled": True,
    "is_contact_ownership_enabled": True,
    "user_can_create_own_hotnesses": False,
    "is_lead_sources_new_enabled": False,
    "is_contact_activity_settings_new_enabled": False,
    "is_lead_status_new_enabled": False,
    "is_custom_fields_new_enabled": False,
    "is_contact_ownership_new_enabled": False,
    "is_contact_types_new_enabled": False,
    "created_at": "2018-01-16T09:09:09.000Z",
    "user": USER | {"id": 1002},
    "access_token": None,
}
