"""A thing has a row of its own; a device is one tenant's time with it, and times do not overlap."""

import django.db.models.deletion
from django.db import migrations, models

import noroshi.tenants.models.codes

FACTS = ("pac", "model", "serial", "conformity", "battery", "right_until")
BATCH = 1000
FIRST_HOLDER = """
UPDATE devices_device AS later SET held_from = greatest(later.registered_at, (
    SELECT max(retired_at) FROM devices_device earlier WHERE earlier.space = later.space
      AND earlier.address = later.address AND earlier.id < later.id))
WHERE EXISTS (SELECT FROM devices_device earlier WHERE earlier.space = later.space
    AND earlier.address = later.address AND earlier.id < later.id)
"""
TIE = """
UPDATE devices_device SET thing_id = thing.id FROM devices_thing thing
WHERE thing.space = devices_device.space AND thing.address = devices_device.address
"""
# A range of one number stands for equality, so that no extension is needed.
KEYS = """
ALTER TABLE devices_device ADD CONSTRAINT one_holder_at_an_instant EXCLUDE USING gist
    (int8range(thing_id, thing_id, '[]') WITH &&, tstzrange(held_from, retired_at) WITH &&);
ALTER TABLE devices_thing ADD CONSTRAINT devices_thing_as_addressed UNIQUE (id, space, address);
ALTER TABLE devices_device ADD CONSTRAINT devices_device_as_its_thing
    FOREIGN KEY (thing_id, space, address) REFERENCES devices_thing (id, space, address)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE devices_device DROP CONSTRAINT devices_device_as_its_thing;
ALTER TABLE devices_thing DROP CONSTRAINT devices_thing_as_addressed;
ALTER TABLE devices_device DROP CONSTRAINT one_holder_at_an_instant;
"""
NOW = "SET CONSTRAINTS ALL IMMEDIATE"


def make_things(apps, schema_editor):
    """One thing for each address, with the facts of the device that was registered last."""
    Device = apps.get_model("devices", "Device")
    Thing = apps.get_model("devices", "Thing")
    newest = Device.objects.order_by("space", "address", "-id").distinct("space", "address")
    things = []
    for device in newest.iterator(BATCH):
        things.append(
            Thing(
                type_id=device.type_id,
                space=device.space,
                address=device.address,
                registered_at=device.registered_at,
                retired_at=device.retired_at,
                **{name: getattr(device, name) for name in FACTS},
            )
        )
    Thing.objects.bulk_create(things, batch_size=BATCH)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TIE)
        cursor.execute(FIRST_HOLDER)
        cursor.execute(NOW)


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_facts")]

    operations = [
        migrations.CreateModel(
            name="Thing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True
                    ),
                ),
                (
                    "space",
                    models.CharField(
                        choices=[
                            ("sigfox", "Sigfox"),
                            ("lorawan", "LoRaWAN"),
                            ("generic", "その他"),
                        ],
                        max_length=10,
                        verbose_name="ネットワーク",
                    ),
                ),
                (
                    "address",
                    models.CharField(max_length=64, verbose_name="端末ID（DevEUIなど）"),
                ),
                ("registered_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                ("pac", models.CharField(blank=True, max_length=16, verbose_name="PAC")),
                ("model", models.CharField(blank=True, max_length=100, verbose_name="型番")),
                ("serial", models.CharField(blank=True, max_length=64, verbose_name="製造番号")),
                (
                    "conformity",
                    models.CharField(blank=True, max_length=40, verbose_name="技適番号"),
                ),
                (
                    "battery",
                    models.CharField(blank=True, max_length=60, verbose_name="電池の種類"),
                ),
                (
                    "right_until",
                    models.DateField(blank=True, null=True, verbose_name="回線の期限"),
                ),
                (
                    "type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="devices.devicetype",
                        verbose_name="機種",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pac", ""), ("space", "sigfox"), _connector="OR"),
                        name="thing_pac_of_sigfox_only",
                    ),
                    models.UniqueConstraint(
                        fields=("space", "address"), name="one_thing_per_address"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="device",
            name="thing",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holdings",
                to="devices.thing",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="held_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(make_things, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="device", name="pac_of_sigfox_only"),
        *[migrations.RemoveField(model_name="device", name=name) for name in FACTS],
        migrations.AlterField(
            model_name="device",
            name="thing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holdings",
                to="devices.thing",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("retired_at__isnull", False)),
                fields=["space", "address"],
                name="former_device",
            ),
        ),
        migrations.RunSQL(KEYS, DROP),
    ]
