"""A contractor's own sentences in the mails."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("alarms", "0007_shared_rules"),
        ("tenants", "0009_long_passwords"),
    ]

    operations = [
        migrations.CreateModel(
            name="Wording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event", models.CharField(choices=[("opened", "警報の発生"), ("repeated", "再通知"), ("escalated", "引き継ぎの通知"), ("recovered", "警報の復帰")], max_length=10)),
                ("before", models.CharField(blank=True, max_length=300)),
                ("after", models.CharField(blank=True, max_length=300)),
                ("tenant", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant")),
            ],
        ),
        migrations.AddConstraint(
            "wording",
            models.UniqueConstraint(fields=("tenant", "event"), name="one_wording_per_event"),
        ),
    ]
