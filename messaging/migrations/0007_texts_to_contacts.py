from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0006_conversations_alone'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('contact__isnull', False)), fields=['recipient', 'sender', 'id'], name='message_to_contact'),
        ),
    ]
