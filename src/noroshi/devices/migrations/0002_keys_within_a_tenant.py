"""References stay within a tenant: a foreign key alone does not look at whose the other row is."""

from django.db import migrations

KEYS = """
ALTER TABLE devices_site ADD CONSTRAINT devices_site_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE devices_device ADD CONSTRAINT devices_device_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE devices_device ADD CONSTRAINT devices_device_site_in_tenant
    FOREIGN KEY (tenant_id, site_id) REFERENCES devices_site (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE devices_heartbeat ADD CONSTRAINT devices_heartbeat_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE devices_downlink ADD CONSTRAINT devices_downlink_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE devices_downlink DROP CONSTRAINT devices_downlink_device_in_tenant;
ALTER TABLE devices_heartbeat DROP CONSTRAINT devices_heartbeat_device_in_tenant;
ALTER TABLE devices_device DROP CONSTRAINT devices_device_site_in_tenant;
ALTER TABLE devices_device DROP CONSTRAINT devices_device_in_tenant;
ALTER TABLE devices_site DROP CONSTRAINT devices_site_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [("devices", "0001_initial")]

    operations = [migrations.RunSQL(KEYS, DROP)]
