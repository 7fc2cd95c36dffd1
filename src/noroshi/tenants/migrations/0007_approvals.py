"""What waits for a second person of the office."""

import django.db.models.deletion
import noroshi.tenants.models.codes
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_limits_are_conditions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('act', models.CharField(choices=[('kind_switch', 'サービス種別の変更'), ('staff_added', '事務局の人の追加'), ('staff_roles', '事務局の役割の変更'), ('unfreeze', '緊急停止の解除'), ('subcontractor_visit', '委託先の閲覧の許可'), ('violation_confirmed', '利用停止に当たる違反の確定')], max_length=30)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('payload', models.JSONField(default=dict)),
                ('reason', models.CharField(max_length=500)),
                ('at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', '承認待ち'), ('approved', '承認'), ('refused', '否認'), ('withdrawn', '取下げ')], default='waiting', max_length=10)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'expires_at'], name='approvals_waiting'), models.Index(fields=['-at'], name='approvals_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('state', 'waiting')), models.Q(('decided_at__isnull', False), ('state__in', ['approved', 'refused']), ('decided_by__isnull', False), models.Q(('decided_by', models.F('asked_by')), _negated=True)), models.Q(('decided_at__isnull', False), ('decided_by', models.F('asked_by')), ('state', 'withdrawn')), _connector='OR'), name='nobody_approves_the_own_act'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('at'))), name='approval_ends_after_begun')],
            },
        ),
    ]
