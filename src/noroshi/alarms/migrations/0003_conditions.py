"""Rules of any kind: their fields, what is remembered for the judge, and how incidents name them."""

from django.db import migrations, models

# The spine asks this of every rule of every device it hears: it must cost nothing to read.
IS_PLAIN = """
ALTER TABLE alarms_rule ADD COLUMN is_plain boolean
    GENERATED ALWAYS AS (kind = 'limits' AND more = '{}'::jsonb) STORED;
"""
DROP = "ALTER TABLE alarms_rule DROP COLUMN is_plain;"


class Migration(migrations.Migration):

    dependencies = [("alarms", "0002_keys_within_a_tenant")]

    operations = [
        migrations.AddField("rule", "kind", models.CharField(default="limits", max_length=12)),
        migrations.AddField("rule", "options", models.JSONField(blank=True, default=dict)),
        migrations.AddField("rule", "more", models.JSONField(blank=True, default=dict)),
        migrations.AddField("rulestate", "memory", models.JSONField(default=list)),
        migrations.AddField("incident", "kind", models.CharField(default="limits", max_length=12)),
        migrations.AddField("incident", "options", models.JSONField(default=dict)),
        migrations.RemoveConstraint("rule", "rule_has_a_limit"),
        migrations.AddConstraint(
            "rule",
            models.CheckConstraint(
                condition=models.Q(("kind", "limits"), _negated=True)
                | models.Q(("upper__isnull", False))
                | models.Q(("lower__isnull", False)),
                name="rule_has_a_limit",
            ),
        ),
        migrations.RunSQL(IS_PLAIN, DROP),
    ]
