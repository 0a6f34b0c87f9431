from django.db import migrations, models

# Statement by statement: one row for each owner, assigned user and tag that a statement touched, however many contacts.
# A contact counts once without regard to tags (null), and once for each of its tags.
COUNT = """
CREATE FUNCTION crm_count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
        SELECT owner_user_id, assigned_user_id, tag, count(*)
        FROM came CROSS JOIN LATERAL (SELECT NULL UNION SELECT unnest(tag_list)) AS counted (tag)
        GROUP BY owner_user_id, assigned_user_id, tag;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
        SELECT owner_user_id, assigned_user_id, tag, -count(*)
        FROM went CROSS JOIN LATERAL (SELECT NULL UNION SELECT unnest(tag_list)) AS counted (tag)
        GROUP BY owner_user_id, assigned_user_id, tag;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
        SELECT owner_user_id, assigned_user_id, tag, sum(number)
        FROM (
            SELECT owner_user_id, assigned_user_id, tag_list, 1 AS number FROM came
            UNION ALL
            SELECT owner_user_id, assigned_user_id, tag_list, -1 FROM went
        ) AS changed CROSS JOIN LATERAL (SELECT NULL UNION SELECT unnest(tag_list)) AS counted (tag)
        GROUP BY owner_user_id, assigned_user_id, tag HAVING sum(number) <> 0;
    ELSE
        DELETE FROM crm_contacttotal;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER contact_came AFTER INSERT ON crm_contact
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION crm_count_contacts();
CREATE TRIGGER contact_changed AFTER UPDATE ON crm_contact
    REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION crm_count_contacts();
CREATE TRIGGER contact_went AFTER DELETE ON crm_contact
    REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION crm_count_contacts();
CREATE TRIGGER contacts_emptied AFTER TRUNCATE ON crm_contact
    FOR EACH STATEMENT EXECUTE FUNCTION crm_count_contacts();

INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
SELECT owner_user_id, assigned_user_id, tag, count(*)
FROM crm_contact CROSS JOIN LATERAL (SELECT NULL UNION SELECT unnest(tag_list)) AS counted (tag)
GROUP BY owner_user_id, assigned_user_id, tag;
"""
FORGET = """
DROP TRIGGER contact_came ON crm_contact;
DROP TRIGGER contact_changed ON crm_contact;
DROP TRIGGER contact_went ON crm_contact;
DROP TRIGGER contacts_emptied ON crm_contact;
DROP FUNCTION crm_count_contacts();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_tags_in_use")]

    operations = [
        migrations.CreateModel(
            name="ContactTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner_user_id", models.BigIntegerField()),
                ("assigned_user_id", models.BigIntegerField(null=True)),
                ("tag", models.TextField(null=True)),
                ("number", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["owner_user_id", "tag"], name="contact_total_owned"),
                    models.Index(fields=["assigned_user_id", "tag"], name="contact_total_assigned"),
                ],
            },
        ),
        migrations.RunSQL(COUNT, FORGET),
    ]
