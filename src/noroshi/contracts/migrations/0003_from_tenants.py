"""Every contractor that is there gets a contract whose conditions carry its present values."""

from django.db import migrations

CONTRACTS = """
INSERT INTO contracts_contract
  (tenant_id, code, number, kind_id, party_id, state, from_day, made_at)
SELECT t.id, left(translate(encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'base64'),
    '+/=', 'xyz'), 12),
  '', t.kind_id, t.party_id, 'draft', (t.created_at AT TIME ZONE 'Asia/Tokyo')::date, now()
FROM tenants_tenant t;
"""
# What was kept for so many days is kept for so many whole years where that is the same.
CONDITIONS = """
INSERT INTO contracts_condition
  (tenant_id, contract_id, key, value, level, source, document_sha256, from_day)
SELECT c.tenant_id, c.id, v.key, v.value, 'sheet', '条件書', '', c.from_day
FROM contracts_contract c JOIN tenants_tenant t ON t.id = c.tenant_id,
LATERAL (VALUES
  ('users_max', greatest(t.users_max, 1)::text),
  ('widened_class', t.widened_class),
  ('data_scope', CASE WHEN t.retention_days > 0 AND t.retention_days % 365 = 0
    THEN 'P' || t.retention_days / 365 || 'Y'
    ELSE 'P' || greatest(t.retention_days, 1) || 'D' END)
) AS v (key, value) WHERE v.key <> 'widened_class' OR v.value <> '';
"""
ITEMS = """
INSERT INTO contracts_licenseditem
  (tenant_id, contract_id, item, source, document_sha256, from_day)
SELECT c.tenant_id, c.id, i.item, '条件書', '', c.from_day
FROM contracts_contract c,
  unnest(ARRAY['data', 'chart', 'csv', 'mail', 'downlink']) AS i (item)
WHERE c.kind_id <> 'WANA' OR i.item = 'mail';
"""
FORMED = """
UPDATE contracts_contract c SET state = 'formed', formed_at = n.created_at, number = n.number
FROM (SELECT t.id, t.created_at,
    CASE WHEN t.kind_id = 'WANA' THEN 'W-' ELSE 'C-' END || lpad(row_number() OVER (
      PARTITION BY t.kind_id = 'WANA' ORDER BY t.id)::text, 6, '0') AS number
  FROM tenants_tenant t) n
WHERE n.id = c.tenant_id;
"""


class Migration(migrations.Migration):

    dependencies = [("contracts", "0002_guards")]

    operations = [migrations.RunSQL(CONTRACTS + CONDITIONS + ITEMS + FORMED, migrations.RunSQL.noop)]
