"""References stay within a tenant: a foreign key alone does not look at whose the other row is."""

from django.db import migrations

TABLES = ("line", "notice", "run")
KEYS = """
ALTER TABLE retention_deletionplan ADD CONSTRAINT retention_plan_in_tenant UNIQUE (tenant_id, id);
""" + "".join(
    f"""
ALTER TABLE retention_deletion{name} ADD CONSTRAINT retention_{name}_plan_in_tenant
    FOREIGN KEY (tenant_id, plan_id) REFERENCES retention_deletionplan (tenant_id, id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
    for name in TABLES
)
DROP = "".join(
    f"ALTER TABLE retention_deletion{name} DROP CONSTRAINT retention_{name}_plan_in_tenant;"
    for name in TABLES
) + "ALTER TABLE retention_deletionplan DROP CONSTRAINT retention_plan_in_tenant;"


class Migration(migrations.Migration):

    dependencies = [("retention", "0001_initial")]

    operations = [migrations.RunSQL(KEYS, DROP)]
