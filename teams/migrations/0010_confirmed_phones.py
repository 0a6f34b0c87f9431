import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Now

import core.clock


def confirm_existing(apps, schema_editor):
    """Alerts went to these phones until now, and go on. As of now: when a phone was entered is not known."""
    users = apps.get_model("teams", "User").objects.exclude(phone_e164="")
    users.update(confirmed_phone=F("phone_e164"), phone_confirmed_at=Now())


class Migration(migrations.Migration):
    dependencies = [("teams", "0009_phones_read_again")]

    operations = [
        migrations.AddField(
            "user",
            "confirmed_phone",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=16),
        ),
        migrations.AddField(
            "user", "phone_confirmed_at", models.DateTimeField(blank=True, editable=False, null=True)
        ),
        migrations.RunPython(confirm_existing, migrations.RunPython.noop),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=models.Q(confirmed_phone="", phone_confirmed_at__isnull=True)
                | models.Q(
                    ~models.Q(confirmed_phone=""),
                    confirmed_phone=models.F("phone_e164"),
                    phone_confirmed_at__isnull=False,
                ),
                name="user_confirmed_phone_is_theirs",
            ),
        ),
        migrations.RemoveIndex("user", "user_phone"),
        migrations.AddIndex(
            "user",
            models.Index(condition=~models.Q(confirmed_phone=""), fields=["confirmed_phone"], name="user_phone"),
        ),
        migrations.CreateModel(
            "PhoneCode",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=16)),
                ("code_hash", models.CharField(max_length=64)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="phone_codes", to="teams.user"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["number", "created_at"], name="phone_code_of_number")],
            },
        ),
    ]
