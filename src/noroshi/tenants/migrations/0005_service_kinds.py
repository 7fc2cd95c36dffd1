"""The three kinds of the service, what each has since the first edition of the terms, and walls."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = """
INSERT INTO tenants_servicekind (code, name_ja, name_en) VALUES
  ('SG', 'クラウドサービス（Sigfox）', 'Cloud service (Sigfox)'),
  ('LR', 'クラウドサービス（LoRa）', 'Cloud service (LoRa)'),
  ('WANA', 'ワナの番人メール通知サービス', 'Mail service for animal traps');
"""
SWITCHES = """
INSERT INTO tenants_kindswitch (kind_id, switch, value, since, reason, at)
SELECT k.code, s.switch, CASE WHEN k.code = 'WANA' THEN s.wana ELSE s.others END,
  DATE '2020-03-02', '利用規約 第1版', now()
FROM tenants_servicekind k, (VALUES
  ('has_account', 'yes', 'no'), ('has_storage', 'yes', 'no'), ('has_dashboard', 'yes', 'no'),
  ('has_csv', 'yes', 'no'), ('has_mail', 'yes', 'yes'), ('manual_source', 'manual', 'form'),
  ('change_notice', 'web', 'mail')) AS s (switch, others, wana);
"""
# Who writes is who asks: nothing here runs with more than the caller's own sight. FOR SHARE waits
# for a change of the kind that is going on. A kind of which no row speaks has no accounts.
IN_FORCE = """coalesce((SELECT s.value FROM tenants_kindswitch s
    WHERE s.kind_id = {kind} AND s.switch = 'has_account'
      AND s.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
    ORDER BY s.since DESC, s.id DESC LIMIT 1), 'no') <> 'yes'"""
GUARDS = f"""
CREATE FUNCTION noroshi_no_account() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE its_kind text;
BEGIN
  SELECT t.kind_id INTO its_kind FROM tenants_tenant t WHERE t.id = NEW.tenant_id FOR SHARE;
  -- Who does not see the tenant is refused by its wall or its key, and learns nothing of the kind.
  IF FOUND AND {IN_FORCE.format(kind="its_kind")} THEN
    RAISE EXCEPTION 'the tenant''s kind of service has no accounts'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'no_account_without_its_kind';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION noroshi_no_kind_under_users() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF {IN_FORCE.format(kind="NEW.kind_id")} AND (
    EXISTS (SELECT FROM tenants_membership m WHERE m.tenant_id = NEW.id)
    OR EXISTS (SELECT FROM tenants_enrolment e WHERE e.tenant_id = NEW.id AND e.ended_at IS NULL))
  THEN
    RAISE EXCEPTION 'the tenant has users, and the kind of service no accounts'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'no_kind_without_accounts_under_users';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER no_account BEFORE INSERT ON tenants_membership
  FOR EACH ROW EXECUTE FUNCTION noroshi_no_account();
CREATE TRIGGER no_account_again BEFORE UPDATE ON tenants_membership
  FOR EACH ROW WHEN (NEW.stopped_at IS NULL) EXECUTE FUNCTION noroshi_no_account();
CREATE TRIGGER no_account BEFORE INSERT ON tenants_enrolment
  FOR EACH ROW EXECUTE FUNCTION noroshi_no_account();
CREATE TRIGGER no_account_again BEFORE UPDATE ON tenants_enrolment
  FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION noroshi_no_account();
CREATE TRIGGER no_kind_under_users BEFORE UPDATE OF kind_id ON tenants_tenant
  FOR EACH ROW WHEN (NEW.kind_id IS DISTINCT FROM OLD.kind_id)
  EXECUTE FUNCTION noroshi_no_kind_under_users();
"""
NO_GUARDS = """
DROP TRIGGER no_kind_under_users ON tenants_tenant;
DROP TRIGGER no_account_again ON tenants_enrolment;
DROP TRIGGER no_account ON tenants_enrolment;
DROP TRIGGER no_account_again ON tenants_membership;
DROP TRIGGER no_account ON tenants_membership;
DROP FUNCTION noroshi_no_kind_under_users();
DROP FUNCTION noroshi_no_account();
"""


class Migration(migrations.Migration):

    dependencies = [("tenants", "0004_keys_within_a_tenant")]

    operations = [
        migrations.CreateModel(
            name="ServiceKind",
            fields=[
                ("code", models.CharField(max_length=10, primary_key=True, serialize=False, verbose_name="記号")),
                ("name_ja", models.CharField(max_length=100)),
                ("name_en", models.CharField(max_length=100)),
            ],
            options={"ordering": ("code",)},
        ),
        migrations.RunSQL(KINDS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="tenant",
            name="kind",
            field=models.ForeignKey(default="SG", on_delete=django.db.models.deletion.PROTECT, related_name="tenants", to="tenants.servicekind", verbose_name="サービス種別"),
        ),
        migrations.CreateModel(
            name="KindSwitch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("switch", models.CharField(choices=[("has_account", "アカウント（第6条）"), ("has_storage", "データの蓄積（第5条）"), ("has_dashboard", "データの表示"), ("has_csv", "データ取り出し（CSV）"), ("has_mail", "メールの通知"), ("manual_source", "マニュアル"), ("change_notice", "内容変更の知らせ方")], max_length=20)),
                ("value", models.CharField(choices=[("yes", "あり"), ("no", "なし"), ("manual", "マニュアル"), ("form", "申込書"), ("web", "ウェブサイト"), ("mail", "メール")], max_length=10)),
                ("since", models.DateField()),
                ("reason", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("kind", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="switches", to="tenants.servicekind")),
                ("set_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["kind", "switch", "-since", "-id"], name="switch_in_force")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(models.Q(("switch__in", ["has_account", "has_storage", "has_dashboard", "has_csv", "has_mail"]), ("value__in", ["yes", "no"])), models.Q(("switch", "manual_source"), ("value__in", ["manual", "form"])), models.Q(("switch", "change_notice"), ("value__in", ["web", "mail"])), _connector="OR"), name="kind_switch_takes_its_values"),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="no_switch_without_reason"),
                ],
            },
        ),
        migrations.RunSQL(SWITCHES, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
