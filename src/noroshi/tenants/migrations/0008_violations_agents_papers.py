"""Breaches of the terms, agents with agreements and contractors, whose a paper is."""

import django.db.models.deletion
import noroshi.tenants.models.codes
from django.conf import settings
from django.db import migrations, models

# A breach names a user of its own contractor.
KEYS = """
ALTER TABLE tenants_enrolment ADD CONSTRAINT tenants_enrolment_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE tenants_violation ADD CONSTRAINT tenants_violation_enrolment_in_tenant
    FOREIGN KEY (tenant_id, enrolment_id) REFERENCES tenants_enrolment (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE tenants_violation DROP CONSTRAINT tenants_violation_enrolment_in_tenant;
ALTER TABLE tenants_enrolment DROP CONSTRAINT tenants_enrolment_in_tenant;
"""
# The papers that were filed for agreements with subcontractors count as theirs.
OWNERS = """
UPDATE tenants_paper p SET party_id = s.party_id FROM tenants_subcontractor s
WHERE p.id IN (s.secrecy_paper_id, s.privacy_paper_id);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_approvals'),
    ]

    operations = [
        migrations.AddField(
            model_name='agent',
            name='agreed_on',
            field=models.DateField(blank=True, null=True, verbose_name='代理店契約の日'),
        ),
        migrations.AddField(
            model_name='agent',
            name='paper',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.paper'),
        ),
        migrations.AddField(
            model_name='paper',
            name='party',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='papers', to='tenants.party'),
        ),
        migrations.AddField(
            model_name='tenant',
            name='agent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tenants', to='tenants.agent', verbose_name='代理店'),
        ),
        migrations.CreateModel(
            name='Violation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('person_name', models.CharField(blank=True, max_length=100)),
                ('what', models.TextField(verbose_name='違反の内容')),
                ('clause', models.CharField(max_length=60, verbose_name='規約の条項')),
                ('found_on', models.DateField(verbose_name='見つけた日')),
                ('evidence', models.TextField(verbose_name='証拠')),
                ('suspends', models.BooleanField(default=False, verbose_name='利用停止に当たる')),
                ('state', models.CharField(choices=[('open', '調査中'), ('confirmed', '確定'), ('cleared', '違反なし'), ('closed', '是正済み')], default='open', max_length=10)),
                ('at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closing', models.CharField(blank=True, max_length=500)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enrolment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='violations', to='tenants.enrolment')),
                ('paper', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.paper')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='violations', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', '-at'], name='violations_of_tenant'), models.Index(fields=['state', '-at'], name='violations_by_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('decided_at', None), ('state', 'open')), models.Q(('closed_at', None), ('decided_at__isnull', False), ('state', 'confirmed')), models.Q(('closed_at', None), ('decided_at__isnull', False), ('state', 'cleared'), models.Q(('reason', ''), _negated=True)), models.Q(('closed_at__isnull', False), ('decided_at__isnull', False), ('state', 'closed'), models.Q(('closing', ''), _negated=True)), _connector='OR'), name='violation_ends_with_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('what', ''), _negated=True), models.Q(('evidence', ''), _negated=True), models.Q(('clause', ''), _negated=True)), name='no_violation_without_evidence')],
            },
        ),
        migrations.RunSQL(KEYS, DROP),
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
    ]
