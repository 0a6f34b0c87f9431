"""Templates and their folders through HTTP, and filling them."""

import pytest

from messaging.content.rendering import RenderFault, Unrenderable, render
from messaging.models import Template
from tests.messaging.conftest import make_client

NO_COUNTS = {"Email": 0, "Text": 0, "Phone": 0, "Direct Mail Letter": 0, "Direct Mail Postcard": 0}


@pytest.fixture
def folder(api, bob):
    """A folder of bob's."""
    return api(bob).made("/template-folders", {"name": "Buyers", "description": "For those who buy"})


@pytest.fixture
def template(api, bob, folder):
    """`template(body=..., ...)` makes one of bob's and returns the answer."""

    def post(**fields):
        return api(bob).post("/templates", {"template_folder_id": folder["id"], "template_type": "Text", **fields})

    return post


@pytest.mark.contract("Templates", "Kept as documented; `file_id` is kept, attachments are not sent", "documented")
def test_a_template_is_kept_as_documented(api, bob, folder):
    made = api(bob).made(
        "/templates",
        {
            "template_folder_id": str(folder["id"]),
            "body": "Hello {{first_name|there}}",
            "subject": "I'm here to help",
            "description": "Email #12",
            "file_id": 1,
            "template_type": "email",
        },
    )

    assert list(made) == [
        *("id", "user_id", "template_folder_id", "body", "subject", "description", "file_id"),
        *("created_at", "modified_at", "template_type"),
    ]
    assert (made["user_id"], made["template_folder_id"], made["template_type"]) == (bob.pk, folder["id"], "Email")
    assert api(bob).get(f"/templates/{made['id']}").json() == made


def test_a_template_is_changed_and_removed(api, bob, template):
    made = template(body="Hello").json()

    changed = api(bob).patch(f"/templates/{made['id']}", {"body": "Goodbye"}).json()
    assert changed == made | {"body": "Goodbye", "modified_at": changed["modified_at"]}
    assert api(bob).delete(f"/templates/{made['id']}").json()["id"] == made["id"]
    assert api(bob).get(f"/templates/{made['id']}").status_code == 404


@pytest.mark.contract(
    "Templates", "Merge fields `{{first_name}}`; one that there is not is 400. LionDesk's are not known", "ours"
)
@pytest.mark.parametrize("field", ["body", "subject"])
def test_a_merge_field_that_there_is_not_is_refused_by_name(field, template):
    answer = template(**{field: "Hi {{frist_name}}, {{ first_name }}, {{contact.delete}}"})

    assert answer.status_code == 400
    error = answer.json()["errors"][field]
    assert "{{frist_name}} at position 4 (write {{first_name}}) and {{contact.delete}} at position 38" in error
    assert not Template.objects.exists()


@pytest.mark.contract(
    "Templates", "A placeholder of another product, such as `{first_name}` or `*|FNAME|*`, is 400", "ours"
)
@pytest.mark.parametrize("field", ["body", "subject"])
def test_a_placeholder_of_another_product_is_refused_with_the_right_spelling(field, template):
    answer = template(**{field: "100% off, *|FNAME|*"})

    assert answer.status_code == 400
    assert "*|FNAME|* at position 11 (write {{first_name}})" in answer.json()["errors"][field]


@pytest.mark.contract(
    "Templates",
    "A `body` of at most 1,600 characters in a `Text`, 10,000 in a `Phone`, 100,000 in the others",
    "ours",
)
@pytest.mark.parametrize(("kind", "most"), [("Text", 1_600), ("Phone", 10_000), ("Email", 100_000)])
def test_a_body_has_room_for_what_its_type_can_send(api, bob, template, kind, most):
    made = template(template_type=kind, body="x" * most)
    assert made.status_code == 201

    refused = template(template_type=kind, body="x" * (most + 1))
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"body"})
    assert f"{most:,}" in refused.json()["errors"]["body"]


def test_a_body_must_fit_the_type_that_it_is_given_later(api, bob, template):
    made = template(template_type="Email", body="x" * 1_601).json()

    assert set(api(bob).patch(f"/templates/{made['id']}", {"template_type": "Text"}).json()["errors"]) == {"body"}
    assert api(bob).patch(f"/templates/{made['id']}", {"description": "Long"}).status_code == 200


@pytest.mark.contract("Templates", "HTML that hides its own text or cannot be shown as text is 400", "ours")
@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ("<b>" * 30_000, "100 elements"),
        ("<div>" * 101 + "Hello", "100 elements"),
        ("<b>" + "<!--" * 24_999, "-->"),
        ("<b>" + "</" * 49_998, "&lt;"),
        ("<b>" + "<?" * 49_998, "&lt;"),
        ("<b>&#" + "9" * 5_000 + ";</b>", "&#1114111;"),
        ("<b>Hello</b> <i", "closed"),
        ("<ul>" * 90 + "<li>x" * 19_000, "200,000 characters"),
    ],
)
def test_html_that_cannot_be_sent_is_refused_with_the_limit(template, body, limit):
    refused = template(template_type="Email", body=body)

    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"body"})
    assert limit in refused.json()["errors"]["body"]


def test_only_an_email_is_html(template):
    assert template(template_type="Text", body="<b> is bold, </ is not").status_code == 201


def test_also_when_it_is_changed(api, bob, template):
    made = template(body="Hello").json()

    assert api(bob).patch(f"/templates/{made['id']}", {"body": "{{nobody}}"}).status_code == 400


def test_what_a_template_needs(api, bob, charlie, folder):
    assert set(api(bob).post("/templates", {"body": "Hi"}).json()["errors"]) == {"template_folder_id", "template_type"}
    strange = {"template_folder_id": folder["id"], "template_type": "Text"}
    assert set(api(charlie).post("/templates", strange).json()["errors"]) == {"template_folder_id"}
    assert api(bob).post("/templates", strange | {"template_type": "Fax"}).status_code == 400


def test_templates_are_found_by_folder_and_type(api, bob, folder, template):
    template(body="one", template_type="Email")
    made = template(body="two").json()

    found = api(bob).get("/templates", {"template_folder_id": folder["id"], "template_type": "text"}).json()

    assert [row["id"] for row in found["data"]] == [made["id"]]


@pytest.mark.contract("Template folders", "`counts` nested twice, as in the example", "documented")
def test_a_folder_counts_its_templates(api, bob, folder, template):
    assert folder["counts"] == {"counts": NO_COUNTS}
    for kind in ("Email", "Email", "Text"):
        template(template_type=kind)

    counts = {"counts": NO_COUNTS | {"Email": 2, "Text": 1}}
    path = f"/template-folders/{folder['id']}"
    assert api(bob).get(path).json() == folder | {"counts": counts}
    assert api(bob).get("/template-folders").json()["data"] == [folder | {"counts": counts}]
    assert api(bob).patch(path, {"name": "Sellers"}).json() == folder | {"name": "Sellers", "counts": counts}


@pytest.mark.contract(
    "Template folders",
    "`POST /template-folders/:id/share` with `user_id` or `email` copies it and its templates to a colleague",
    "ours",
)
@pytest.mark.parametrize("to", ["user_id", "email"])
def test_sharing_a_folder_copies_it_to_a_colleague(api, bob, dana, team, folder, template, to):
    first = template(body="Hello", subject="Hi", description="First", template_type="Email", file_id=3).json()
    template(body="Bye")

    named = {"user_id": str(dana.pk)} if to == "user_id" else {"email": " Dana@Example.com "}
    copy = api(bob).made(f"/template-folders/{folder['id']}/share", named)

    assert copy == folder | {
        "id": copy["id"],
        "user_id": dana.pk,
        "original_template_folder_id": folder["id"],
        "counts": {"counts": NO_COUNTS | {"Email": 1, "Text": 1}},
    }
    assert api(dana).get(f"/template-folders/{copy['id']}").json() == copy
    assert api(bob).get("/template-folders").json()["total"] == 1
    theirs, _ = api(dana).get("/templates").json()["data"]
    changed = {name: theirs[name] for name in ("id", "template_folder_id", "user_id", "created_at", "modified_at")}
    assert theirs == first | changed
    assert (theirs["template_folder_id"], theirs["user_id"]) == (copy["id"], dana.pk)


def test_a_copy_goes_its_own_way_and_outlives_its_original(api, bob, dana, team, folder, template):
    made = template(body="Hello").json()
    share = f"/template-folders/{folder['id']}/share"
    copy = api(bob).made(share, {"user_id": dana.pk})
    api(bob).patch(f"/templates/{made['id']}", {"body": "Hello again"})

    assert api(dana).get("/templates").json()["data"][0]["body"] == "Hello"
    assert api(bob).made(share, {"user_id": dana.pk})["id"] != copy["id"]
    assert api(bob).delete(f"/template-folders/{folder['id']}").status_code == 200
    kept = api(dana).get(f"/template-folders/{copy['id']}").json()
    assert kept == copy | {"original_template_folder_id": None}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "user_id"),
        ({"user_id": 0}, "user_id"),
        ({"email": ""}, "user_id"),
        ({"user_id": "{charlie}"}, "user_id"),
        ({"email": "charlie@example.com"}, "email"),
    ],
)
def test_a_folder_is_shared_with_colleagues_only(api, bob, charlie, team, folder, body, named):
    body = {name: value.format(charlie=charlie.pk) if isinstance(value, str) else value for name, value in body.items()}
    answer = api(bob).post(f"/template-folders/{folder['id']}/share", body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {named})


@pytest.mark.contract(
    "Template folders",
    "One that holds a template named by an action cannot be removed: 409",
    "inferred",
)
def test_what_an_action_says_stays(api, bob, folder, template):
    made = template(template_type="Email").json()
    campaign = api(bob).made("/campaigns", {"name": "Buyers"})
    action = {"type": "Email Contact", "timing_type": "Delay by Minutes", "delay_by_seconds": 60}
    api(bob).made(f"/campaigns/{campaign['id']}/actions", action | {"template_id": made["id"]})

    for path in (f"/template-folders/{folder['id']}", f"/templates/{made['id']}"):
        assert api(bob).delete(path).status_code == 409
    api(bob).delete(f"/campaigns/{campaign['id']}")
    assert api(bob).delete(f"/template-folders/{folder['id']}").status_code == 200
    assert not Template.objects.exists()


@pytest.mark.parametrize(("field", "most"), [("subject", 1000), ("description", 200)])
def test_lengths_are_those_documented(template, field, most):
    assert template(**{field: "x" * most}).status_code == 201
    assert set(template(**{field: "x" * (most + 1)}).json()["errors"]) == {field}


def test_a_list_of_folders_costs_what_two_do(api, bob, django_assert_num_queries):
    client = api(bob)
    for turn in range(9):
        client.made("/template-folders", {"name": f"Folder {turn}"})

    with django_assert_num_queries(2):  # the token, and the rows
        assert client.get("/template-folders").json()["total"] == 9


def test_another_users_are_404(api, charlie, folder, template):
    made = template(body="Hello").json()

    for path in (f"/template-folders/{folder['id']}", f"/templates/{made['id']}"):
        assert api(charlie).get(path).status_code == 404
        assert api(charlie).patch(path, {"name": "Mine"}).status_code == 404
        assert api(charlie).delete(path).status_code == 404


def test_a_folder_needs_a_name(api, bob):
    assert set(api(bob).post("/template-folders", {}).json()["errors"]) == {"name"}


def test_rendering_knows_both_people(bob):
    contact = make_client(bob, last_name="Client")

    assert render("Hi {{First_Name}}, {{agent_first_name}} here: {{agent_phone}}", contact, bob) == (
        f"Hi Clara, Bob here: {bob.phone}"
    )
    assert render("{{company|Your firm}}", contact, bob) == "Your firm"
    with pytest.raises(Unrenderable) as refused:
        render("{{company}}", contact, bob)
    assert refused.value.code == RenderFault.EMPTY_MERGE_FIELD
