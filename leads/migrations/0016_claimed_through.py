from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0015_routes_for_every_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="claimed_through",
            field=models.CharField(
                choices=[
                    ("admin", "in the admin"),
                    ("api", "by the API"),
                    ("text_link", "by the link in the text"),
                    ("email_link", "by the link in the email"),
                    ("text_reply", "by replying to the text"),
                    ("key_press", "by pressing a key in the call"),
                    ("automatic", "automatically, by the member's options"),
                    ("assignment", "by assignment"),
                ],
                editable=False,
                max_length=10,
                null=True,
            ),
        ),
    ]
