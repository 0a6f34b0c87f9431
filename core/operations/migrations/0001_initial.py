from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ParkedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job", models.CharField(max_length=50)),
                ("row_id", models.BigIntegerField(verbose_name="row")),
                ("is_parked", models.BooleanField(default=True)),
                ("error_code", models.CharField(max_length=100)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                ("failures", models.PositiveIntegerField(default=1)),
                ("parked_at", models.DateTimeField()),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "failed job row",
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("job", "row_id"), name="parked_row_once")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_parked", True)), fields=["retry_at", "id"], name="parked_row_retry"
                    )
                ],
            },
        ),
    ]
