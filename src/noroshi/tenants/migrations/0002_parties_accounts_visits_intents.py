import django.contrib.postgres.fields
import django.db.models.deletion
import noroshi.tenants.models.codes
from django.conf import settings
from django.db import migrations, models


TOGETHER = """
UPDATE tenants_user SET kind = 'staff', staff_roles = ARRAY[staff_role] WHERE staff_role <> '';
UPDATE tenants_user SET state = 'stopped' WHERE NOT is_active;
UPDATE tenants_membership SET has_authority = true WHERE role = 'admin';
SET CONSTRAINTS ALL IMMEDIATE;  -- else the next change of a table finds checks still to be made
"""


# Who has the grant by mistake, or owns the table, is refused here.
APPEND_ONLY = """
CREATE FUNCTION tenants_refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenants_intent
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenants_ledgeranchor
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
"""
NOT_ONLY = """
DROP TRIGGER append_only ON tenants_ledgeranchor;
DROP TRIGGER append_only ON tenants_intent;
DROP FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AddressRange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.GenericIPAddressField()),
                ('last', models.GenericIPAddressField()),
                ('place', models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(verbose_name='開始日')),
                ('until', models.DateField(blank=True, null=True, verbose_name='終了日')),
            ],
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('name', models.CharField(max_length=100, verbose_name='お名前')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='メールアドレス')),
                ('affiliation', models.CharField(choices=[('officer', '役員'), ('employee', '従業員'), ('dispatched', '派遣'), ('on_site', '構内請負'), ('widened', '契約で広げた範囲')], max_length=12, verbose_name='所属の区分')),
                ('role', models.CharField(choices=[('admin', '管理者'), ('editor', '編集者'), ('viewer', '閲覧者')], max_length=20, verbose_name='役割')),
                ('has_authority', models.BooleanField(default=False, verbose_name='契約権限')),
                ('named_at', models.DateTimeField()),
                ('reviewed_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('draft_code', models.CharField(max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('terms_consent', '利用規約への同意'), ('amendment', '契約内容の変更'), ('renewal', '契約の更新'), ('cancellation', '解約の申入れ'), ('recipients', '通知先の変更'), ('anti_social', '反社会的勢力の排除に関する表明'), ('privacy_contact', '個人情報の窓口の変更')], max_length=20)),
                ('text', models.TextField()),
                ('text_sha256', models.CharField(max_length=64)),
                ('payload', models.JSONField(default=dict)),
                ('user_login', models.CharField(max_length=64)),
                ('user_name', models.CharField(max_length=100)),
                ('enrolment_code', models.CharField(max_length=20)),
                ('method', models.CharField(max_length=20)),
                ('at', models.DateTimeField()),
                ('address', models.GenericIPAddressField(null=True)),
                ('agent', models.CharField(max_length=300)),
                ('previous', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='IntentDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('terms_consent', '利用規約への同意'), ('amendment', '契約内容の変更'), ('renewal', '契約の更新'), ('cancellation', '解約の申入れ'), ('recipients', '通知先の変更'), ('anti_social', '反社会的勢力の排除に関する表明'), ('privacy_contact', '個人情報の窓口の変更')], max_length=20)),
                ('text', models.TextField()),
                ('payload', models.JSONField(default=dict)),
                ('shown_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='IssuedCredential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('way', models.CharField(choices=[('letter', '手紙（PDF）'), ('link', '一度だけ開ける画面')], max_length=10)),
                ('link_sha256', models.CharField(blank=True, max_length=64)),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='KnownDevice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cookie_sha256', models.CharField(max_length=64)),
                ('label', models.CharField(max_length=100)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LedgerAnchor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('number', models.PositiveIntegerField()),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Paper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=60)),
                ('sha256', models.CharField(max_length=64)),
                ('body', models.BinaryField()),
                ('kept_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Party',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('company', '法人'), ('body', '団体（協議会・猟友会・自治体等）'), ('sole', '個人事業主')], max_length=10, verbose_name='事業者の種類')),
                ('standing', models.CharField(choices=[('applicant', '申込者'), ('contractor', '契約者'), ('former', '契約終了'), ('partner', '取引先（代理店・委託先）')], default='applicant', max_length=12, verbose_name='立場')),
                ('name', models.CharField(max_length=200, verbose_name='名称')),
                ('kana', models.CharField(blank=True, max_length=200, verbose_name='フリガナ')),
                ('corporate_number', models.CharField(blank=True, max_length=13, verbose_name='法人番号')),
                ('postcode', models.CharField(blank=True, max_length=8, verbose_name='郵便番号')),
                ('municipality_code', models.CharField(blank=True, max_length=6, verbose_name='市区町村コード')),
                ('address', models.CharField(blank=True, max_length=300, verbose_name='住所')),
                ('representative', models.CharField(blank=True, max_length=100, verbose_name='代表者')),
                ('contact_name', models.CharField(blank=True, max_length=100, verbose_name='担当者')),
                ('contact_email', models.CharField(blank=True, max_length=254, verbose_name='担当者のメール')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='電話')),
                ('made_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('ok', '成功'), ('wrong', '失敗'), ('locked', '制限中'), ('expired', '初期パスワードの期限切れ'), ('refused', '停止中'), ('signed_out', 'ログアウト')], max_length=10)),
                ('method', models.CharField(blank=True, max_length=20)),
                ('address', models.GenericIPAddressField(null=True)),
                ('place', models.CharField(blank=True, max_length=100)),
                ('device', models.CharField(blank=True, max_length=100)),
                ('is_new_device', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Subcontractor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('works', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None, verbose_name='委託する業務')),
                ('tier', models.PositiveSmallIntegerField(default=1, verbose_name='委託の段階（1＝直接）')),
                ('country', models.CharField(default='JP', max_length=2, verbose_name='所在国（2文字）')),
                ('since', models.DateField(verbose_name='開始日')),
                ('until', models.DateField(blank=True, null=True, verbose_name='終了日')),
                ('secrecy_agreed_on', models.DateField(blank=True, null=True, verbose_name='秘密保持契約の日')),
                ('privacy_agreed_on', models.DateField(blank=True, null=True, verbose_name='個人情報の取扱契約の日')),
            ],
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('audit', '監査アクセス'), ('staff', '事務局の閲覧'), ('subcontractor', '委託先の閲覧')], max_length=15)),
                ('visitor_name', models.CharField(max_length=100, verbose_name='閲覧する方')),
                ('department', models.CharField(blank=True, choices=[('auditor', '監査役'), ('internal', '内部監査'), ('it', 'IT部門'), ('other', 'その他')], default='', max_length=10, verbose_name='部署')),
                ('reason', models.CharField(max_length=500, verbose_name='目的・理由')),
                ('ticket', models.CharField(blank=True, max_length=60, verbose_name='整理番号')),
                ('scope', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('filed_at', models.DateTimeField()),
                ('since', models.DateTimeField(verbose_name='開始')),
                ('until', models.DateTimeField(verbose_name='終了')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='VisitView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('page', models.CharField(max_length=60)),
                ('path', models.CharField(max_length=300)),
                ('address', models.GenericIPAddressField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='has_authority',
            field=models.BooleanField(default=False, verbose_name='契約権限'),
        ),
        migrations.AddField(
            model_name='membership',
            name='stopped_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='tenant',
            name='frozen_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='tenant',
            name='users_max',
            field=models.PositiveIntegerField(default=10, verbose_name='利用者数の上限'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='widened_class',
            field=models.CharField(blank=True, max_length=100, verbose_name='契約で広げた利用者の範囲'),
        ),
        migrations.AddField(
            model_name='user',
            name='first_change_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='initial_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='kind',
            field=models.CharField(choices=[('person', '利用者'), ('audit', '監査閲覧'), ('subcontractor', '委託先'), ('staff', '事務局')], default='person', max_length=15),
        ),
        migrations.AddField(
            model_name='user',
            name='password_changed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='staff_roles',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('admin', '管理者'), ('reviewer', '審査担当'), ('approver', '承認者'), ('billing', '請求担当'), ('privacy', '個人情報担当'), ('on_duty', '当番')], max_length=20), blank=True, default=list, size=None, verbose_name='事務局での役割'),
        ),
        migrations.AddField(
            model_name='user',
            name='state',
            field=models.CharField(choices=[('issued', '発行済み（初期パスワード）'), ('initial', '初期変更待ち'), ('active', '有効'), ('stopped', '一時停止'), ('frozen', '凍結'), ('closed', '廃止')], default='active', max_length=10, verbose_name='状態'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['at'], name='audit_by_age'),
        ),
        migrations.AddIndex(
            model_name='addressrange',
            index=models.Index(fields=['first'], name='range_by_first'),
        ),
        migrations.AddField(
            model_name='enrolment',
            name='membership',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='enrolment', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='enrolment',
            name='named_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='enrolment',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='intent',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intents', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='intent',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='intentdraft',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='intentdraft',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='issuedcredential',
            name='issued_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='issuedcredential',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credentials', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='knowndevice',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_devices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ledgeranchor',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant'),
        ),
        migrations.AddConstraint(
            model_name='party',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['company', 'body', 'sole'])), name='party_is_a_business'),
        ),
        migrations.AddConstraint(
            model_name='party',
            constraint=models.UniqueConstraint(condition=models.Q(('corporate_number', ''), _negated=True), fields=('corporate_number',), name='one_party_per_corporate_number'),
        ),
        migrations.AddField(
            model_name='agent',
            name='party',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='agent', to='tenants.party'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='party',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tenant', to='tenants.party'),
        ),
        migrations.AddField(
            model_name='signin',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sign_ins', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='subcontractor',
            name='party',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='subcontractor', to='tenants.party'),
        ),
        migrations.AddField(
            model_name='subcontractor',
            name='privacy_paper',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.paper'),
        ),
        migrations.AddField(
            model_name='subcontractor',
            name='secrecy_paper',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.paper'),
        ),
        migrations.AddField(
            model_name='user',
            name='subcontractor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='people', to='tenants.subcontractor'),
        ),
        migrations.RunSQL(TOGETHER, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='user',
            name='staff_role',
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_active', True), ('state__in', ['issued', 'initial', 'active'])), models.Q(('is_active', False), ('state__in', ['stopped', 'frozen', 'closed'])), _connector='OR'), name='user_active_as_its_state'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'staff'), ('subcontractor', None)), models.Q(('kind', 'subcontractor'), ('staff_roles', []), ('subcontractor__isnull', False)), models.Q(('kind__in', ['person', 'audit']), ('staff_roles', []), ('subcontractor', None)), _connector='OR'), name='user_kind_and_roles_agree'),
        ),
        migrations.AddField(
            model_name='visit',
            name='filed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='visit',
            name='on_behalf_of',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='visit',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='visit',
            name='visitor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='visitview',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='visitview',
            name='visit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='views', to='tenants.visit'),
        ),
        migrations.AddIndex(
            model_name='enrolment',
            index=models.Index(fields=['tenant', 'ended_at', 'name'], name='register_of_tenant'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.UniqueConstraint(fields=('tenant', 'number'), name='intents_in_one_row'),
        ),
        migrations.AddIndex(
            model_name='intentdraft',
            index=models.Index(fields=['expires_at'], name='drafts_by_age'),
        ),
        migrations.AddConstraint(
            model_name='issuedcredential',
            constraint=models.UniqueConstraint(condition=models.Q(('link_sha256', ''), _negated=True), fields=('link_sha256',), name='one_credential_per_link'),
        ),
        migrations.AddConstraint(
            model_name='knowndevice',
            constraint=models.UniqueConstraint(fields=('user', 'cookie_sha256'), name='known_device_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgeranchor',
            constraint=models.UniqueConstraint(fields=('tenant', 'number'), name='one_anchor_per_link'),
        ),
        migrations.AddIndex(
            model_name='signin',
            index=models.Index(fields=['user', '-at'], name='sign_ins_of_user'),
        ),
        migrations.AddIndex(
            model_name='signin',
            index=models.Index(fields=['at'], name='sign_ins_by_age'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['visitor', 'until'], name='visits_of_visitor'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['tenant', '-filed_at'], name='visits_of_tenant'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('since__gte', models.F('filed_at'))), name='no_visit_before_notice'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='visit_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='no_visit_without_reason'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'audit'), models.Q(('ticket', ''), _negated=True), _connector='OR'), name='no_visit_of_ours_without_ticket'),
        ),
        migrations.AddIndex(
            model_name='visitview',
            index=models.Index(fields=['tenant', '-at'], name='views_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='visitview',
            index=models.Index(fields=['visit', '-at'], name='views_of_visit'),
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_ONLY),
    ]
