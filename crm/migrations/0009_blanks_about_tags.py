import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# Made anew: what is generated cannot be altered, and no trigger is told of it.
RECOUNT = """
DELETE FROM crm_contacttotal;
INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
SELECT owner_user_id, assigned_user_id, tag, count(*)
FROM crm_contact CROSS JOIN LATERAL (SELECT NULL UNION SELECT unnest(tag_list)) AS counted (tag)
GROUP BY owner_user_id, assigned_user_id, tag;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0008_event_dates")]

    operations = [
        migrations.RemoveIndex(model_name="contact", name="contact_tags"),
        migrations.RemoveField(model_name="contact", name="tag_list"),
        migrations.AddField(
            model_name="contact",
            name="tag_list",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("tags"),
                    template=r"string_to_array(regexp_replace(regexp_replace(lower(%(expressions)s), '^[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$', '', 'g'), '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*,[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*', ',', 'g'), ',')",
                ),
                output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(fields=["tag_list"], name="contact_tags"),
        ),
        migrations.RunSQL(RECOUNT, migrations.RunSQL.noop),
    ]
