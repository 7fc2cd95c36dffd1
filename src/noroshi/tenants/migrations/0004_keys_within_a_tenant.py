"""References stay within a tenant: a foreign key alone does not look at whose the other row is."""

from django.db import migrations

KEYS = """
ALTER TABLE tenants_membership ADD CONSTRAINT tenants_membership_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE tenants_visit ADD CONSTRAINT tenants_visit_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE tenants_enrolment ADD CONSTRAINT tenants_enrolment_membership_in_tenant
    FOREIGN KEY (tenant_id, membership_id) REFERENCES tenants_membership (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE tenants_visit ADD CONSTRAINT tenants_visit_on_behalf_of_in_tenant
    FOREIGN KEY (tenant_id, on_behalf_of_id) REFERENCES tenants_membership (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE tenants_visitview ADD CONSTRAINT tenants_visitview_visit_in_tenant
    FOREIGN KEY (tenant_id, visit_id) REFERENCES tenants_visit (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE tenants_visitview DROP CONSTRAINT tenants_visitview_visit_in_tenant;
ALTER TABLE tenants_visit DROP CONSTRAINT tenants_visit_on_behalf_of_in_tenant;
ALTER TABLE tenants_enrolment DROP CONSTRAINT tenants_enrolment_membership_in_tenant;
ALTER TABLE tenants_visit DROP CONSTRAINT tenants_visit_in_tenant;
ALTER TABLE tenants_membership DROP CONSTRAINT tenants_membership_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [("tenants", "0003_privacy_contact")]

    operations = [migrations.RunSQL(KEYS, DROP)]
