"""References stay within a tenant: a foreign key alone does not look at whose the other row is."""

from django.db import migrations

KEYS = """
ALTER TABLE alarms_rule ADD CONSTRAINT alarms_rule_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE alarms_rule ADD CONSTRAINT alarms_rule_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_incident ADD CONSTRAINT alarms_incident_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_incident ADD CONSTRAINT alarms_incident_rule_in_tenant
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alarms_rule (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_incident DROP CONSTRAINT alarms_incident_rule_in_tenant;
ALTER TABLE alarms_incident DROP CONSTRAINT alarms_incident_device_in_tenant;
ALTER TABLE alarms_rule DROP CONSTRAINT alarms_rule_device_in_tenant;
ALTER TABLE alarms_rule DROP CONSTRAINT alarms_rule_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [("alarms", "0001_initial"), ("devices", "0002_keys_within_a_tenant")]

    operations = [migrations.RunSQL(KEYS, DROP)]
