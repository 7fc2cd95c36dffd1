"""A formed contract is changed by amendments only, references stay within a tenant."""

from django.db import migrations

KEYS = """
ALTER TABLE tenants_tenant ADD CONSTRAINT tenants_tenant_with_kind UNIQUE (id, kind_id);
ALTER TABLE contracts_contract ADD CONSTRAINT contracts_contract_of_tenants_kind
    FOREIGN KEY (tenant_id, kind_id) REFERENCES tenants_tenant (id, kind_id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE contracts_contract ADD CONSTRAINT contracts_contract_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE contracts_amendment ADD CONSTRAINT contracts_amendment_in_contract
    UNIQUE (tenant_id, contract_id, id);
ALTER TABLE contracts_amendment ADD CONSTRAINT contracts_amendment_in_tenant
    UNIQUE (tenant_id, id);
ALTER TABLE tenants_intent ADD CONSTRAINT tenants_intent_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE contracts_amendment ADD CONSTRAINT contracts_amendment_contract_in_tenant
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts_contract (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE contracts_amendment ADD CONSTRAINT contracts_amendment_intent_in_tenant
    FOREIGN KEY (tenant_id, intent_id) REFERENCES tenants_intent (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
OF_CONTRACT = """
ALTER TABLE contracts_{table} ADD CONSTRAINT contracts_{table}_contract_in_tenant
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts_contract (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
OF_AMENDMENT = """
ALTER TABLE contracts_{table} ADD CONSTRAINT contracts_{table}_{key}_in_contract
    FOREIGN KEY (tenant_id, contract_id, {key}_id)
    REFERENCES contracts_amendment (tenant_id, contract_id, id) DEFERRABLE INITIALLY DEFERRED;
"""
REFERENCES = "".join(
    [
        *(OF_CONTRACT.format(table=one) for one in ("condition", "licenseditem", "snapshot", "trace")),
        *(
            OF_AMENDMENT.format(table=table, key=key)
            for table, key in (
                ("condition", "amendment"), ("condition", "closed_by"),
                ("licenseditem", "amendment"), ("licenseditem", "closed_by"),
                ("snapshot", "amendment"),
            )
        ),
    ]
)
# Who writes is who asks: nothing here runs with more than the caller's own sight.
GUARDS = """
CREATE FUNCTION noroshi_contract_kept() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.state = 'draft' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'until_day' <> to_jsonb(OLD) - 'until_day'
    OR NEW.until_day IS DISTINCT FROM OLD.until_day AND NOT EXISTS (
      SELECT FROM contracts_amendment a
      WHERE a.contract_id = OLD.id AND a.until_day = NEW.until_day AND a.number =
        (SELECT max(b.number) FROM contracts_amendment b WHERE b.contract_id = OLD.id))
  THEN
    RAISE EXCEPTION 'a formed contract is changed by amendments only'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'formed_contract_is_kept';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION noroshi_contract_line_kept() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE its_state text; was jsonb; shall jsonb;
BEGIN
  SELECT c.state INTO its_state FROM contracts_contract c
    WHERE c.id = CASE TG_OP WHEN 'INSERT' THEN NEW.contract_id ELSE OLD.contract_id END;
  IF its_state = 'draft' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM contracts_amendment a
      WHERE a.id = NEW.amendment_id AND a.contract_id = NEW.contract_id
        AND a.from_day = NEW.from_day) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    was := to_jsonb(OLD) - 'until_day' - 'closed_by_id';
    shall := to_jsonb(NEW) - 'until_day' - 'closed_by_id';
    IF was = shall AND OLD.closed_by_id IS NULL
      AND (OLD.until_day IS NULL OR NEW.until_day < OLD.until_day)
      AND EXISTS (SELECT FROM contracts_amendment a
        WHERE a.id = NEW.closed_by_id AND a.contract_id = NEW.contract_id
          AND a.from_day = NEW.until_day) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'the lines of a formed contract are changed by amendments only'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'formed_contract_is_kept';
END $$;
CREATE FUNCTION noroshi_snapshot_kept() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.pdf IS NULL
    AND to_jsonb(NEW) - 'pdf' - 'pdf_sha256' = to_jsonb(OLD) - 'pdf' - 'pdf_sha256' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER formed_is_kept BEFORE UPDATE OR DELETE ON contracts_contract
  FOR EACH ROW EXECUTE FUNCTION noroshi_contract_kept();
CREATE TRIGGER formed_is_kept BEFORE INSERT OR UPDATE OR DELETE ON contracts_condition
  FOR EACH ROW EXECUTE FUNCTION noroshi_contract_line_kept();
CREATE TRIGGER formed_is_kept BEFORE INSERT OR UPDATE OR DELETE ON contracts_licenseditem
  FOR EACH ROW EXECUTE FUNCTION noroshi_contract_line_kept();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON contracts_amendment
  FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON contracts_snapshot
  FOR EACH ROW EXECUTE FUNCTION noroshi_snapshot_kept();
CREATE TRIGGER no_change BEFORE UPDATE ON contracts_trace
  FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
"""
# The tables themselves go with the first migration.
UNDO = """
DROP TRIGGER no_change ON contracts_trace;
DROP TRIGGER append_only ON contracts_snapshot;
DROP TRIGGER append_only ON contracts_amendment;
DROP TRIGGER formed_is_kept ON contracts_licenseditem;
DROP TRIGGER formed_is_kept ON contracts_condition;
DROP TRIGGER formed_is_kept ON contracts_contract;
DROP FUNCTION noroshi_snapshot_kept();
DROP FUNCTION noroshi_contract_line_kept();
DROP FUNCTION noroshi_contract_kept();
ALTER TABLE contracts_contract DROP CONSTRAINT contracts_contract_of_tenants_kind;
ALTER TABLE contracts_amendment DROP CONSTRAINT contracts_amendment_intent_in_tenant;
ALTER TABLE tenants_intent DROP CONSTRAINT tenants_intent_in_tenant;
ALTER TABLE tenants_tenant DROP CONSTRAINT tenants_tenant_with_kind;
"""


class Migration(migrations.Migration):

    dependencies = [("contracts", "0001_initial")]

    operations = [migrations.RunSQL(KEYS + REFERENCES + GUARDS, UNDO)]
