from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0007_texts_to_contacts'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='automatic',
            field=models.CharField(blank=True, choices=[('reaction', 'Reaction'), ('auto_reply', 'Auto Reply')], db_default='', default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='consent',
            name='kind',
            field=models.CharField(choices=[('granted', 'Granted'), ('opted_out', 'Opted Out'), ('opted_in', 'Opted In'), ('suspended', 'Suspended'), ('resumed', 'Resumed')], max_length=9),
        ),
    ]
