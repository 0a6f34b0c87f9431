from django.db import migrations

# Every owner's dictionary begins with the tags that their contacts bear.
LEARN = r"""
    INSERT INTO crm_tag (user_id, content)
    SELECT DISTINCT ON (owner_user_id, lower(content)) owner_user_id, content
    FROM crm_contact,
         unnest(string_to_array(tags, ',')) AS piece,
         regexp_replace(piece, '^\s+|\s+$', '', 'g') AS content
    WHERE content <> ''
    ORDER BY owner_user_id, lower(content), crm_contact.id
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_addresses_custom_fields_tags")]

    operations = [migrations.RunSQL(LEARN, migrations.RunSQL.noop)]
