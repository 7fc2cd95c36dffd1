"""One rule for a site, a type or a group: each device it touches has a rule of its own."""

import django.db.models.deletion
import noroshi.tenants.models
from django.db import migrations, models

KEYS = """
ALTER TABLE alarms_sharedrule ADD CONSTRAINT alarms_sharedrule_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE alarms_sharedrule ADD CONSTRAINT alarms_sharedrule_site_in_tenant
    FOREIGN KEY (tenant_id, site_id) REFERENCES devices_site (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_rule ADD CONSTRAINT alarms_rule_shared_in_tenant
    FOREIGN KEY (tenant_id, shared_id) REFERENCES alarms_sharedrule (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_rule DROP CONSTRAINT alarms_rule_shared_in_tenant;
ALTER TABLE alarms_sharedrule DROP CONSTRAINT alarms_sharedrule_site_in_tenant;
ALTER TABLE alarms_sharedrule DROP CONSTRAINT alarms_sharedrule_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("alarms", "0006_notices"),
        ("devices", "0004_things"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SharedRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=noroshi.tenants.models.new_code, max_length=20, unique=True)),
                ("key", models.CharField(max_length=80, verbose_name="項目")),
                ("kind", models.CharField(default="limits", max_length=12)),
                ("upper", models.FloatField(blank=True, null=True, verbose_name="上限")),
                ("lower", models.FloatField(blank=True, null=True, verbose_name="下限")),
                ("margin", models.FloatField(default=0, verbose_name="復帰の幅")),
                ("hold_s", models.PositiveIntegerField(default=0, verbose_name="判定時間（秒）")),
                ("options", models.JSONField(blank=True, default=dict)),
                ("more", models.JSONField(blank=True, default=dict)),
                ("is_active", models.BooleanField(default=True, verbose_name="有効")),
                ("created_at", models.DateTimeField()),
                ("group", models.CharField(blank=True, max_length=100, verbose_name="グループの名前")),
                ("devices", models.ManyToManyField(blank=True, related_name="+", to="devices.device")),
                ("recipients", models.ManyToManyField(blank=True, related_name="shared_rules", to="alarms.recipient")),
                ("site", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="devices.site")),
                ("tenant", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.tenant")),
                ("type", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="devices.devicetype")),
            ],
        ),
        migrations.AddConstraint(
            "sharedrule",
            models.CheckConstraint(
                condition=models.Q(("group", ""), ("site__isnull", False), ("type__isnull", True))
                | models.Q(("group", ""), ("site__isnull", True), ("type__isnull", False))
                | (
                    models.Q(("site__isnull", True), ("type__isnull", True))
                    & models.Q(("group", ""), _negated=True)
                ),
                name="shared_rule_has_one_scope",
            ),
        ),
        migrations.AddField(
            "rule",
            "shared",
            models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="rules", to="alarms.sharedrule"),
        ),
        migrations.AddConstraint(
            "rule",
            models.UniqueConstraint(fields=["shared", "device"], name="one_rule_of_shared"),
        ),
        migrations.RunSQL(KEYS, DROP),
    ]
