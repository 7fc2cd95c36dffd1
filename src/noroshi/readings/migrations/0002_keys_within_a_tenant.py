"""References stay within a tenant: a foreign key alone does not look at whose the other row is."""

from django.db import migrations

KEYS = """
ALTER TABLE readings_series ADD CONSTRAINT readings_series_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE readings_series ADD CONSTRAINT readings_series_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE readings_latest ADD CONSTRAINT readings_latest_series_in_tenant
    FOREIGN KEY (tenant_id, series_id) REFERENCES readings_series (tenant_id, id) ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE readings_latest DROP CONSTRAINT readings_latest_series_in_tenant;
ALTER TABLE readings_series DROP CONSTRAINT readings_series_device_in_tenant;
ALTER TABLE readings_series DROP CONSTRAINT readings_series_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [("readings", "0001_initial"), ("devices", "0002_keys_within_a_tenant")]

    operations = [migrations.RunSQL(KEYS, DROP)]
