from django.db import migrations, models

# What waits already when counting begins was stored before; a new house has no journal yet.
BEGIN = """
INSERT INTO base_tally (stage, slot, count)
SELECT 'stored', 0, count(*) FROM inbox_entry e JOIN inbox_watermark w ON w.slice = e.slice
WHERE e.id > w.entry_id
"""


def begin(apps, schema_editor):
    """Count on from what waits now."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('inbox_entry'), to_regclass('inbox_watermark')")
        if all(cursor.fetchone()):
            cursor.execute(BEGIN)


class Migration(migrations.Migration):

    dependencies = [("base", "0003_installation")]

    operations = [
        migrations.AddField(
            model_name="pulse",
            name="figures",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stage", models.CharField(max_length=20)),
                ("slot", models.SmallIntegerField()),
                ("count", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("stage", "slot"), name="one_tally_of_stage_and_slot"
                    )
                ],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
