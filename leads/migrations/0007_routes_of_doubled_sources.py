from django.db import migrations

# crm/0006 gave later contact sources of one name names of their own ("Email #7"). Routes match by name, so one that meant
# such a source, and the contacts that came from it, go to the source that kept the name. The later one stays, unused.
TO_THE_ONE_THAT_STANDS = """
WITH doubled AS (
    SELECT source.id, min(older.id) AS older_id
    FROM crm_contactsource source
    JOIN crm_contactsource older ON older.user_id = source.user_id AND older.id < source.id
        AND lower(source.name) = lower(left(older.name, 185) || ' #' || source.id)
    GROUP BY source.id
), routes AS (
    UPDATE leads_leadroute AS route SET contact_source_id = older_id
    FROM doubled WHERE doubled.id = route.contact_source_id
)
UPDATE crm_contact AS contact SET source_id = older_id FROM doubled WHERE doubled.id = contact.source_id
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_distribution_report"), ("crm", "0006_sources_once")]

    operations = [migrations.RunSQL(TO_THE_ONE_THAT_STANDS, migrations.RunSQL.noop)]
