"""Silence: how often devices are heard, and when the installation itself was up."""

import django.db.models.deletion
from django.db import migrations, models

# The clock's question: which rules can be moved by nothing happening?
TIMED = """
ALTER TABLE alarms_rule ADD COLUMN is_timed boolean
    GENERATED ALWAYS AS (kind = 'silence' OR more ? 'missing') STORED;
CREATE INDEX rule_timed ON alarms_rule (device_id) WHERE is_active AND is_timed;
ALTER TABLE alarms_rhythm ADD CONSTRAINT alarms_rhythm_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_rhythm DROP CONSTRAINT alarms_rhythm_device_in_tenant;
DROP INDEX rule_timed;
ALTER TABLE alarms_rule DROP COLUMN is_timed;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("alarms", "0003_conditions"),
        ("devices", "0004_things"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rhythm",
            fields=[
                ("device", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="rhythm", serialize=False, to="devices.device")),
                ("interval_s", models.PositiveIntegerField(null=True)),
                ("uplinks", models.PositiveSmallIntegerField(default=0)),
                ("learned_at", models.DateTimeField()),
                ("tenant", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.tenant")),
            ],
        ),
        migrations.CreateModel(
            name="Awake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(unique=True)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(TIMED, DROP),
    ]
