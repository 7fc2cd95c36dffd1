"""Months of which something was told later, also those of an older installation."""

from django.db import migrations, models

TABLE = """
CREATE TABLE readings_backdated (
    device_id bigint NOT NULL,
    month date NOT NULL,
    tenant_id bigint NOT NULL,
    received_on date NOT NULL,
    PRIMARY KEY (device_id, month)
);
CREATE INDEX readings_backdated_tenant ON readings_backdated (tenant_id, received_on);
INSERT INTO readings_backdated (device_id, month, tenant_id, received_on)
SELECT device_id, date_trunc('month', sent_at AT TIME ZONE 'Asia/Tokyo')::date, min(tenant_id),
    max((received_at AT TIME ZONE 'Asia/Tokyo')::date)
FROM readings_uplink
WHERE date_trunc('month', sent_at AT TIME ZONE 'Asia/Tokyo')
    < date_trunc('month', received_at AT TIME ZONE 'Asia/Tokyo')
GROUP BY 1, 2;
"""


class Migration(migrations.Migration):

    dependencies = [("readings", "0003_months_of_japan")]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE readings_backdated"),
        migrations.CreateModel(
            name="Backdated",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "device_id", "month",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                ("received_on", models.DateField()),
            ],
            options={"db_table": "readings_backdated", "managed": False},
        ),
    ]
