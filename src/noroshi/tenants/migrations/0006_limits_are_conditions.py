"""What a contract limits stands in its conditions, no longer on the contractor."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("tenants", "0005_service_kinds"),
        ("contracts", "0003_from_tenants"),
    ]

    operations = [
        migrations.RemoveField(model_name="tenant", name="retention_days"),
        migrations.RemoveField(model_name="tenant", name="users_max"),
        migrations.RemoveField(model_name="tenant", name="widened_class"),
    ]
