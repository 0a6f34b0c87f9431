"""The fields of every documented resource, as the documentation's tables have them, and those that are ours.

A row is `name | type | access | status`. The type may bear a limit (`text 255`) or be the values of an enum, parted by
commas. Access is `read`, `write`, `required` (and written), `write only`, `required only`, or `load`: read where
`$load` asks for it. A row without a status is documented.
"""

from dataclasses import dataclass, field

TIMES = """
    created_at            | date-time         | read
    modified_at           | date-time         | read
"""
ALERTS = """
    has_call_alert        | boolean           | {0}
    has_text_alert        | boolean           | {0}
    has_email_alert       | boolean           | {0}
"""
MESSAGE_STATUSES = "queued, held, sending, unknown, sent, delivered, undelivered, failed, cancelled, received"
CLAIMED_THROUGH = "admin, api, text_link, email_link, text_reply, key_press, automatic, assignment"
ACTION_TYPES = (
    "None, Email Contact, Call Contact, Text Contact, Agent Task - Email Reminder, Agent Task - Call Reminder, "
    "Agent Task - Text Reminder, Agent Task - No Reminder, BombBomb Video Email, Direct Mail: Letter, "
    "Direct Mail: Postcard, Agent Task - Direct Mail: Letter (Manual), Agent Task - Direct Mail: Postcard (Manual)"
)


@dataclass(frozen=True)
class Field:
    """One row."""

    name: str
    type: str
    access: str
    status: str

    @property
    def kind(self) -> str:
        return "enum" if self.choices else self.type.partition(" ")[0]

    @property
    def limit(self) -> int | None:
        last = self.type.rpartition(" ")[2]
        return int(last) if self.kind == "text" and last.isdigit() else None

    @property
    def choices(self) -> list[str]:
        return self.type.split(", ") if ", " in self.type else []

    @property
    def is_required(self) -> bool:
        return self.access.startswith("required")

    @property
    def is_written(self) -> bool:
        return self.is_required or self.access.startswith("write")

    @property
    def is_shown(self) -> bool:
        return self.access != "load" and not self.access.endswith("only")


@dataclass(frozen=True)
class Table:
    """A resource: where it is, who asks, what its references are in the world of tests/test_permissions.py."""

    title: str
    path: str
    rows: str
    who: str = "bob"
    item: str = ""  # a record that is there, for what cannot be made
    references: dict[str, str] = field(default_factory=dict)
    # Of the example, for fields that exclude each other; in braces what is there.
    variants: tuple[dict[str, object], ...] = ()
    mirrors: dict[str, str] = field(default_factory=dict)  # two names of one thing: only one is sent
    unfiltered: tuple[str, ...] = ()  # values that are worked out for the reader and stand in no column

    @property
    def fields(self) -> list[Field]:
        cells = [[cell.strip() for cell in row.split(" | ")] for row in self.rows.splitlines() if row.strip()]
        return [Field(*row, *["documented"][len(row) - 3 :]) for row in cells]

    def is_column(self, field: Field) -> bool:
        """Whether a list can be asked for it and sorted by it."""
        return field.kind not in ("object", "list") and field.name not in self.unfiltered


TABLES = [
    Table(
        "Users",
        "/users",
        """
    id                    | integer           | read
    first_name            | text              | read
    last_name             | text              | read
    email                 | text              | read
    username              | text              | read
    phone                 | text              | read
    phone_confirmed_at    | date-time         | read     | ours
    system_phone          | text              | read
    timezone_offset       | number            | read
    timezone              | text              | read
    profile_picture       | text              | read
    paused_until          | date-time         | read     | ours
    working_hours         | text              | read     | ours
    days_off              | list              | read     | ours
    """
        + TIMES,
        item="{bob}",
    ),
    Table(
        "Teams",
        "/teams",
        """
    id                    | integer           | read
    name                  | text 255          | required
    is_contact_resource_sharing_enabled | boolean | write
    order_method          | Rank, Time, Round Robin, Broadcast | write
    mins_until_next_alert | integer           | write
    distribution_zipcodes | text              | write
    timezone              | text              | write    | ours
    holidays              | list              | write    | ours
    is_exclusive_window   | boolean           | write    | ours
    claim_preview         | Area, Summary, Message | write | ours
    mins_until_alarm      | integer           | write    | ours
    mins_until_contact    | integer           | write    | ours
    mins_until_fallback   | integer           | write    | ours
    fallback_target       | Team, Pond, User  | write    | ours
    fallback_team_id      | integer           | write    | ours
    fallback_user_id      | integer           | write    | ours
    """,
        variants=(
            {"fallback_target": "Team", "fallback_team_id": "{rollout}"},
            {"fallback_target": "User", "fallback_user_id": "{frank}"},
        ),
    ),
    Table(
        "Team members",
        "/team-members",
        """
    id                    | integer           | read
    request_status        | Accepted, Pending, Declined | write
    team                  | object            | read
    user                  | object            | read
    """,
        item="{seat}",
    ),
    Table(
        "Team member distribution options",
        "/team-member-distribution-options",
        """
    id                    | integer           | read     | inferred
    team_id               | integer           | required
    user_id               | integer           | required
    rank                  | integer           | write
    mins_until_lead_offer | integer           | write
    assign_automatically  | boolean           | required
    """
        + ALERTS.format("write")
        + """
    weight                | integer           | write    | ours
    paused_until          | date-time         | write    | ours
    cap_open              | integer           | write    | ours
    cap_day               | integer           | write    | ours
    warnings              | list              | read     | ours
    """,
        who="alice",
        references={"team_id": "team", "user_id": "dana"},
    ),
    Table(
        "Sub-accounts",
        "/sub-accounts",
        """
    id                    | integer           | read
    user_id               | integer           | required
    broker_user_id        | integer           | read     | ours
    user_can_see_broker_hotnesses | boolean   | write
    is_lead_sources_enabled | boolean         | write
    is_contact_activity_settings_enabled | boolean | write
    is_lead_status_enabled | boolean          | write
    is_contact_types_enabled | boolean        | write
    is_custom_fields_enabled | boolean        | write
    is_contact_ownership_enabled | boolean    | write
    user_can_create_own_hotnesses | boolean   | write
    is_lead_sources_new_enabled | boolean     | write
    is_contact_activity_settings_new_enabled | boolean | write
    is_lead_status_new_enabled | boolean      | write
    is_custom_fields_new_enabled | boolean    | write
    is_contact_ownership_new_enabled | boolean | write
    is_contact_types_new_enabled | boolean    | write
    user                  | object            | read
    access_token          | text              | read
    created_at            | date-time         | read     | ours
    """,
        references={"user_id": "frank"},
        unfiltered=("access_token",),
    ),
    Table(
        "Contacts",
        "/contacts",
        """
    id                    | integer           | read
    owner_user_id         | integer           | read
    assigned_user_id      | integer           | write
    first_name            | text 255          | write
    last_name             | text 255          | write
    email                 | text 255          | write
    mobile_phone          | text 255          | write
    home_phone            | text 45           | write
    office_phone          | text 45           | write
    fax                   | text 45           | write
    company               | text 45           | write
    birthday              | text 45           | write
    anniversary           | text 45           | write
    spouse_name           | text 45           | write
    spouse_email          | text 45           | write
    spouse_phone          | text 255          | write
    spouse_birthday       | text 255          | write
    tags                  | text 508          | write
    created_at            | date-time         | write
    modified_at           | date-time         | write
    hotness_id            | integer           | write
    source_id             | integer           | write
    custom_fields         | list              | write
    is_do_not_contact     | boolean           | write    | ours
    addresses             | list              | load     | ours
    """,
        references={"assigned_user_id": "bob", "hotness_id": "hotness", "source_id": "source"},
    ),
    Table(
        "Contact addresses",
        "/contacts/{contact}/addresses",
        """
    id                    | integer           | read
    type                  | text 45           | write
    street_address_1      | text 45           | write
    street_address_2      | text 45           | write
    zip                   | text 45           | write
    city                  | text 200          | write
    state                 | text 200          | write
    """
        + TIMES,
    ),
    Table(
        "Hotnesses",
        "/hotnesses",
        """
    id                    | integer           | read
    rank                  | integer           | write
    user_id               | integer           | read
    name                  | text 45           | write
    color                 | text 7            | write
    """,
    ),
    Table(
        "Contact sources",
        "/contact-sources",
        """
    id                    | integer           | read
    name                  | text 200          | write
    user_id               | integer           | read
    """,
    ),
    Table(
        "Custom fields",
        "/custom-fields",
        """
    id                    | integer           | read
    user_id               | integer           | read
    data_type             | Text, Number, Date, Dollar Amt | required
    name                  | text 255          | required
    rank                  | integer           | write
    """,
    ),
    Table(
        "Tags",
        "/tags",
        """
    id                    | integer           | read
    content               | text 508          | required
    """,
    ),
    Table(
        "Events",
        "/events",
        """
    id                    | integer           | read
    user_id               | integer           | read
    contact_id            | integer           | required
    source                | web, disposition, api | read
    type                  | text 45           | required
    description           | text 2000         | write
    site_domain           | text 100          | write
    dialer_session_id     | integer           | read
    property              | object            | read
    created_at            | date-time         | write
    modified_at           | date-time         | write
    """,
        references={"contact_id": "contact"},
    ),
    Table(
        "Contact activities",
        "/contacts/{contact}/activities",
        """
    id                    | integer           | read     | ours
    contact_id            | integer           | read     | ours
    user_id               | integer           | read     | ours
    kind                  | Note, Call, Text, Email, Meeting, Other | write | ours
    body                  | text 10000        | write    | ours
    happened_at           | date-time         | write    | ours
    created_at            | date-time         | read     | ours
    modified_at           | date-time         | read     | ours
    """,
        unfiltered=("contact_id",),
    ),
    Table(
        "Contact messages",
        "/contacts/{contact}/messages",
        f"""
    id                    | integer           | read     | ours
    contact_id            | integer           | read     | ours
    user_id               | integer           | read     | ours
    channel               | text, email, call | required | ours
    purpose               | personal, campaign, notice, inbound | read | ours
    is_inbound            | boolean           | read     | ours
    status                | {MESSAGE_STATUSES} | read | ours
    code                  | text 40           | read     | ours
    details               | object            | read     | ours
    reason                | text              | read     | ours
    from                  | text 320          | read     | ours
    to                    | text 320          | read     | ours
    subject               | text 1000         | write    | ours
    body                  | text 100000       | write    | ours
    media                 | list              | read     | ours
    automatic             | text 10           | read     | ours
    template_id           | integer           | write only | ours
    created_at            | date-time         | read     | ours
    not_before            | date-time         | read     | ours
    sent_at               | date-time         | read     | ours
    """,
        references={"template_id": "template"},
        unfiltered=("contact_id", "is_inbound", "details", "reason", "from", "to", "template_id"),
    ),
    Table(
        "Contact calls",
        "/contacts/{contact}/calls",
        f"""
    id                    | integer           | read     | ours
    contact_id            | integer           | read     | ours
    user_id               | integer           | read     | ours
    status                | {MESSAGE_STATUSES} | read | ours
    code                  | text 40           | read     | ours
    details               | object            | read     | ours
    reason                | text              | read     | ours
    from                  | text 320          | read     | ours
    to                    | text 320          | read     | ours
    body                  | text              | read     | ours
    created_at            | date-time         | read     | ours
    sent_at               | date-time         | read     | ours
    """,
        item="{call}",
        unfiltered=("contact_id", "details", "reason", "from", "to", "body"),
    ),
    Table(
        "Event properties",
        "/events/{other_event}/properties",
        """
    id                    | integer           | read     | inferred
    api_event_id          | integer           | read
    contact_id            | integer           | read
    mls                   | text 255          | write
    url                   | text 200          | write
    address               | text 200          | write
    city                  | text 200          | write
    state                 | text 200          | write
    zip                   | text 200          | write
    beds                  | integer           | write
    full_baths            | integer           | write
    half_baths            | integer           | write    | inferred
    type                  | text 45           | write
    square_feet           | text 45           | write
    listing_price         | number            | write
    estimated_value       | number            | write
    last_sold_price       | number            | write
    listing_status        | text 45           | write
    listing_days_on_market | integer          | write
    year_built            | integer           | write
    last_sold_at          | date-time         | write
    listed_at             | date-time         | write
    latitude              | number            | write
    longitude             | number            | write
    images                | text 255          | write
    """,
    ),
    Table(
        "Tasks",
        "/tasks",
        f"""
    id                    | integer           | read
    owner_user_id         | integer           | read
    contact_id            | integer           | write
    action_type           | {ACTION_TYPES}    | required
    reminder_type         | {ACTION_TYPES}    | write
    assigned_user_id      | integer           | write
    due_at                | date-time         | write
    description           | text 2000         | required
    status                | complete, incomplete, deleted | write
    notes                 | text 2000         | write
    campaign_contact_id   | integer           | read
    completed_at          | date-time         | read
    due_end_at            | date-time         | write
    is_all_day            | boolean           | write
    is_important          | boolean           | write
    is_public             | boolean           | write
    completing_user_id    | integer           | read
    category              | text              | write    | inferred
    folder                | text              | write    | inferred
    """
        + TIMES,
        references={"contact_id": "contact", "assigned_user_id": "dana"},
        mirrors={"action_type": "reminder_type", "reminder_type": "action_type"},
    ),
    Table(
        "Tasks v2.1",
        "/api/v1/tasks",
        """
    id                    | integer           | read
    event                 | object            | read
    crm_user_id           | integer           | read
    contact_id            | integer           | write
    assigned_user_id      | integer           | required
    due_at                | date-time         | required
    recurrence_rule       | text              | write
    is_all_day            | boolean           | write
    description           | text 2000         | required | inferred
    notes                 | text 2000         | write    | inferred
    status                | complete, incomplete, deleted | write | inferred
    reminder              | integer           | write    | inferred
    completed_at          | date-time         | read     | inferred
    completing_user_id    | integer           | read     | inferred
    created_at            | date-time         | read
    updated_at            | date-time         | read
    update_scope          | integer           | write only | inferred
    """,
        references={"contact_id": "contact", "assigned_user_id": "dana"},
        unfiltered=("event", "reminder", "update_scope"),
    ),
    Table(
        "Campaigns",
        "/campaigns",
        """
    id                    | integer           | read
    name                  | text 255          | required
    is_broker_sharing_on  | boolean           | write
    is_default            | boolean           | read
    is_shared_by_broker   | boolean           | read
    """
        + TIMES,
    ),
    Table(
        "Campaign actions",
        "/campaigns/{campaign}/actions",
        """
    id                    | integer           | read
    type                  | Agent Task - Email Reminder, Agent Task - Call Reminder, Agent Task - Text Reminder, """
        """Agent Task - No Reminder, Email Contact, Call Contact, Text Contact | required
    assigned_user_id      | integer           | write
    template_id           | integer           | write only
    template_metadata_id  | integer           | write
    timing_type           | Delay by Day and Time, Delay by Minutes, Exact Date and Time, Recurring | required
    recurrence            | text              | write
    delay_by_days         | integer           | write
    dispatch_time         | time              | write
    delay_by_seconds      | integer           | write
    dispatch_datetime     | date-time         | write
    notes                 | text              | write
    is_stopped_on_text_reply | boolean        | write
    template              | object            | load
    trigger_type          | integer           | write    | inferred
    """,
        references={"assigned_user_id": "bob", "template_id": "template", "template_metadata_id": "template"},
        variants=(
            {"timing_type": "Delay by Minutes", "delay_by_seconds": 600},
            {"timing_type": "Exact Date and Time", "dispatch_datetime": "2030-05-05T23:54:48.000Z"},
            {
                "type": "Agent Task - No Reminder",
                "timing_type": "Recurring",
                "recurrence": "FREQ=WEEKLY",
                "template_id": None,
                "template_metadata_id": None,
            },
        ),
    ),
    Table(
        "Campaign contacts",
        "/campaigns/{routed_campaign}/contacts",
        """
    id                    | integer           | read     | inferred
    contact_id            | integer           | required
    campaign_id           | integer           | read     | ours
    started_at            | date-time         | read     | ours
    """,
        references={"contact_id": "contact"},
    ),
    Table(
        "Contact communications",
        "/contacts/{contact}/campaign-communications",
        """
    id                    | integer           | read     | inferred
    campaign_name         | text              | read
    type                  | Email Contact, Call Contact, Text Contact | read
    is_stopped_on_text_reply | boolean        | read
    template_subject      | text              | read
    template_name         | text              | read
    template_folder_name  | text              | read
    is_active             | boolean           | write
    send_at               | date-time         | read
    completed_at          | date-time         | read
    send_from_user_id     | integer           | read
    completing_user_id    | integer           | read
    code                  | text              | read     | ours
    details               | object            | read     | ours
    reason                | text              | read     | ours
    """,
        item="{communication}",
        unfiltered=("code", "details", "reason"),
    ),
    Table(
        "Templates",
        "/templates",
        """
    id                    | integer           | read
    user_id               | integer           | read
    template_folder_id    | integer           | required
    body                  | text              | write
    subject               | text 1000         | write
    description           | text 200          | write
    file_id               | integer           | write
    template_type         | Email, Text, Phone, Direct Mail Letter, Direct Mail Postcard | required
    """
        + TIMES,
        references={"template_folder_id": "folder"},
    ),
    Table(
        "Template folders",
        "/template-folders",
        """
    id                    | integer           | read
    user_id               | integer           | read
    name                  | text 200          | required
    description           | text 200          | write
    original_template_folder_id | integer     | read
    counts                | object            | read
    """,
    ),
    Table(
        "Lead sources",
        "/lead-sources",
        """
    id                    | integer           | read
    name                  | text              | read
    """,
        item="{lead_source}",
    ),
    Table(
        "Leads",
        "/leads",
        f"""
    id                    | integer           | read
    contact_id            | integer           | required
    source_id             | integer           | write
    owner_user_id         | integer           | read     | inferred
    claimed_by_user_id    | integer           | read
    claimed_at            | date-time         | read
    claimed_via           | None, Email, Text, Phone, Assigned, Auto | write
    claimed_through       | {CLAIMED_THROUGH} | read | ours
    text_body             | text              | write
    html_body             | text              | write
    time_to_claim         | integer           | read
    mls_id                | number            | write
    listing_status        | text              | write
    listing_price         | text              | write
    street_address        | text              | write
    address_1             | text              | read
    city                  | text              | write
    state                 | text              | write
    zipcode               | number            | write
    type                  | text              | write
    distribution_target   | Myself, Team Rollout | read  | inferred
    ponded_at             | date-time         | read     | ours
    contacted_at          | date-time         | read     | ours
    merged_into_id        | integer           | read     | ours
    is_duplicate          | boolean           | read     | ours
    created_at            | date-time         | read     | inferred
    modified_at           | date-time         | read     | inferred
    """,
        references={"contact_id": "contact", "source_id": "lead_source"},
    ),
    Table(
        "Lead routes",
        "/lead-routes",
        """
    id                    | integer           | read
    team_id               | integer           | write only
    campaign_id           | integer           | required only
    lead_source_id        | integer           | write only
    contact_source_id     | integer           | write only
    distribution_target   | Myself, Team Rollout | required
    team_selection_method | Specific Team, Zipcode | write
    filter                | text              | write
    team                  | object            | read
    campaign              | object            | read
    lead_source           | object            | read
    contact_source        | object            | read
    is_automatic          | boolean           | write    | ours
    position              | integer           | write    | ours
    types                 | text              | write    | ours
    cities                | text              | write    | ours
    zipcodes              | text              | write    | ours
    listing_statuses      | text              | write    | ours
    price_from            | integer           | write    | ours
    price_to              | integer           | write    | ours
    open_hours            | text              | write    | ours
    off_hours             | Next Rule, Hold Until Open | write | ours
    is_returning_to_claimer | boolean         | write    | ours
    """,
        references={
            "team_id": "rollout",
            "campaign_id": "routed_campaign",
            "lead_source_id": "lead_source",
            "contact_source_id": "source",
        },
    ),
    Table(
        "Lead offers",
        "/leads/{lead}/offers",
        """
    id                    | integer           | read
    lead                  | object            | read
    user                  | object            | read
    notify_at             | date-time         | read
    rank                  | integer           | read
    assign_automatically  | boolean           | read
    """
        + ALERTS.format("read")
        + """
    team                  | object            | read
    status                | Pending, Sent, Claimed, Declined, Lost, Cancelled, Expired, Returned | write | inferred
    claimed_via           | None, Email, Text, Phone, Assigned, Auto | write only | ours
    """,
        who="frank",
        item="{offer}",
        unfiltered=("claimed_via",),
    ),
]
