import uuid

from django.db import migrations, models


def mark(apps, schema_editor):
    """One random name for this database, for ever."""
    apps.get_model("base", "Installation").objects.create(mark=uuid.uuid4())


class Migration(migrations.Migration):

    dependencies = [("base", "0002_cache_table")]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("only", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("mark", models.UUIDField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("only", True)), name="one_installation"
                    )
                ],
            },
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
