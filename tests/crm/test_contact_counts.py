"""The totals of contacts are kept, not counted; nothing makes them wrong."""

import random
from threading import Barrier, Thread

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import contact_counts
from crm.models import Contact, ContactShare, ContactTotal
from teams.models import SubAccount

TAGS = ["", None, "Buyer", "buyer, Seller", "Seller,Buyer , Buyer", "Irvine"]
ASKED = ["", "Buyer", "SELLER", "Irvine", "nobody has it"]


def total(client, **query):
    answer = client.get("/contacts", query)
    assert answer.status_code == 200, answer.content
    return answer.json()["total"]


def counted(api, user, tag=""):
    """The total that the API tells, and the total of a list too odd to be kept: both ask for the same contacts."""
    page = {"$limit": 0} | ({"tags": tag} if tag else {})
    client = api(user)
    return total(client, **page), total(client, **page, **{"id[$gt]": 0})


def contact(owner, **fields):
    return Contact.objects.create(owner_user=owner, first_name="Mary", **fields)


def test_a_list_is_totalled_without_counting_contacts(api, alice, django_assert_max_num_queries):
    for _ in range(3):
        contact(alice, tags="Buyer")
    client = api(alice)
    with django_assert_max_num_queries(10) as asked:
        assert total(client, **{"$limit": 1, "tags": "buyer"}) == 3
        assert total(client, **{"$limit": 2}) == 3
    assert not [row["sql"] for row in asked if row["sql"].startswith('SELECT COUNT(*) AS "__count" FROM "crm_contact"')]


@pytest.mark.parametrize("tag", ASKED)
def test_everybody_is_told_their_own_total(api, alice, bob, charlie, team, tag):
    for owner in (alice, bob, charlie):
        for tags in TAGS:
            contact(owner, tags=tags)
    contact(charlie, assigned_user=bob, tags="Buyer")
    contact(alice, assigned_user=bob, tags="Buyer")
    for owner, assigned in ((charlie, None), (charlie, bob), (alice, None)):
        shared = contact(owner, assigned_user=assigned, tags="Seller, Irvine")
        ContactShare.objects.create(contact=shared, user=bob)
    for user in (alice, bob, charlie):
        kept, exact = counted(api, user, tag)
        assert kept == exact, user


@pytest.mark.parametrize("tag", ASKED)
def test_a_sub_account_is_told_its_total_with_the_brokers_contacts(api, alice, bob, charlie, team, tag):
    """Bob shares with alice in a team besides, and some contacts reach charlie in two ways."""
    for owner in (alice, bob, charlie):
        for tags in TAGS:
            contact(owner, tags=tags)
    contact(bob, assigned_user=charlie, tags="Buyer")
    ContactShare.objects.create(contact=contact(bob, tags="Irvine"), user=charlie)
    sub = SubAccount.objects.create(broker_user=bob, is_contact_ownership_enabled=True)
    charlie.sub_account = sub
    charlie.save()

    for expected in (True, False):
        for user in (alice, bob, charlie):
            kept, exact = counted(api, user, tag)
            assert kept == exact, user
        if not tag:
            assert counted(api, charlie)[0] == (2 * len(TAGS) + 2 if expected else len(TAGS) + 2)
        SubAccount.objects.update(is_contact_ownership_enabled=False)


def test_a_tag_with_a_comma_is_compared_with_the_whole_string(api, alice):
    contact(alice, tags="Buyer, Seller")
    contact(alice, tags="Seller, Buyer")
    assert counted(api, alice, "Buyer, Seller") == (1, 1)


@pytest.mark.parametrize("tag", ["Buyer ", " Buyer", "\tBuyer", "Buyer\n", "\xa0Buyer", " ", "\t"])
def test_blanks_about_a_tag_mean_the_same_to_the_list_and_its_total(api, alice, tag):
    contact(alice, tags="Buyer")
    contact(alice, tags="\tBuyer")
    kept, exact = counted(api, alice, tag)
    assert kept == exact


changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "add many", "change", "change all", "remove", "remove all", "share", "fold"]),
        st.integers(0, 1),
        st.sampled_from([None, 0, 1]),
        st.sampled_from(TAGS),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes)
def test_whatever_happens_to_contacts_the_totals_agree_with_a_count(api, alice, bob, changes):
    Contact.objects.all().delete()
    people = [alice, bob]
    for kind, owner, assigned, tags in changes:
        change(kind, people[owner], None if assigned is None else people[assigned], tags)
    for user in people:
        for tag in ("", "Buyer"):
            kept, exact = counted(api, user, tag)
            assert kept == exact


def change(kind, owner, assigned, tags):
    some = Contact.objects.filter(owner_user=owner).order_by("pk")
    fields = {"owner_user": owner, "assigned_user": assigned, "tags": tags}
    if kind == "add":
        Contact.objects.create(**fields)
    elif kind == "add many":
        Contact.objects.bulk_create(Contact(**fields) for _ in range(3))
    elif kind == "change" and (first := some.first()):
        first.tags, first.assigned_user = tags, assigned
        first.save()
    elif kind == "change all":
        some.update(tags=tags, assigned_user=assigned)
    elif kind == "remove" and (first := some.first()):
        first.delete()
    elif kind == "remove all":
        some.delete()
    elif kind == "share" and assigned and (first := some.first()):
        ContactShare.objects.get_or_create(contact=first, user=assigned)
    elif kind == "fold":
        contact_counts.compact_totals()


@pytest.fixture(autouse=True)
def nothing_folded_yet():
    cache.delete(contact_counts.COMPACTED_UP_TO_KEY)


def test_what_is_folded_is_let_be_until_more_is_appended(alice, django_assert_num_queries):
    contact(alice)
    contact_counts.compact_totals()
    with django_assert_num_queries(1):
        contact_counts.compact_totals()
    contact(alice)
    contact_counts.compact_totals()
    assert ContactTotal.objects.get(tag=None).number == 2


def test_many_appended_totals_are_folded_before_the_minute_is_over(alice):
    contact(alice)
    contact_counts.compact_totals()
    for _ in range(3):
        contact(alice)
    contact_counts.compact_totals(min_rows=4)
    assert ContactTotal.objects.filter(tag=None).count() == 4
    contact(alice)
    contact_counts.compact_totals(min_rows=4)
    assert ContactTotal.objects.get(tag=None).number == 5


def test_folding_leaves_one_row_for_each_owner_assignee_and_tag(api, alice, bob):
    for assigned in (None, None, bob, bob):
        contact(alice, assigned_user=assigned, tags="Buyer")
    gone = contact(alice, tags="Gone")
    gone.delete()
    contact_counts.compact_totals()
    assert ContactTotal.objects.count() == 4
    assert sorted(ContactTotal.objects.values_list("number", flat=True)) == [2, 2, 2, 2]
    assert counted(api, alice) == (4, 4)


def test_a_truncated_table_leaves_no_total(alice):
    contact(alice)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE crm_contact CASCADE")
    assert contact_counts.total_of(alice) == 0


def meddle(owner, other, start, seed):
    """Add, change, remove and roll back at random, as one of several rivals."""
    luck = random.Random(seed)
    start.wait()
    for _ in range(40):
        with transaction.atomic():
            kind = luck.choice(["add", "add", "add many", "change", "remove", "fold"])
            change(kind, owner, luck.choice([None, owner, other]), luck.choice(TAGS))
            transaction.set_rollback(luck.random() < 0.2)
    connection.close()


def watch(user, wrong, stop):
    """Compare both figures in one moment, again and again."""
    while not stop:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            pair = contact_counts.total_of(user), Contact.objects.visible_to(user).count()
        if pair[0] != pair[1]:
            wrong.append(pair)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_rivals_who_write_at_once_cannot_make_a_total_wrong_for_a_moment(alice, bob):
    start, wrong, stop = Barrier(4), [], []
    rivals = [
        Thread(target=meddle, args=(owner, other, start, seed))
        for seed, (owner, other) in enumerate([(alice, bob), (bob, alice), (alice, alice), (bob, bob)])
    ]
    watcher = Thread(target=watch, args=(alice, wrong, stop))
    for thread in (watcher, *rivals):
        thread.start()
    for rival in rivals:
        rival.join()
    stop.append(True)
    watcher.join()
    assert not wrong
    for user in (alice, bob):
        assert contact_counts.total_of(user) == Contact.objects.visible_to(user).count()
        buyers = Contact.objects.visible_to(user).filter(tag_list__contains=["buyer"])
        assert contact_counts.total_of(user, "buyer") == buyers.count()
