"""Who is told of what: policies, groups, duties, notices; references stay within a tenant."""

import django.contrib.postgres.fields
import django.db.models.deletion
import noroshi.tenants.models.codes
from django.db import migrations, models

KEYS = """
ALTER TABLE alarms_group ADD CONSTRAINT alarms_group_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE alarms_recipient ADD CONSTRAINT alarms_recipient_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE alarms_duty ADD CONSTRAINT alarms_duty_group_in_tenant
    FOREIGN KEY (tenant_id, group_id) REFERENCES alarms_group (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_duty ADD CONSTRAINT alarms_duty_recipient_in_tenant
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES alarms_recipient (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_pace ADD CONSTRAINT alarms_pace_recipient_in_tenant
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES alarms_recipient (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_chase ADD CONSTRAINT alarms_chase_incident_in_tenant
    FOREIGN KEY (tenant_id, incident_id) REFERENCES alarms_incident (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_notice ADD CONSTRAINT alarms_notice_incident_in_tenant
    FOREIGN KEY (tenant_id, incident_id) REFERENCES alarms_incident (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_notice ADD CONSTRAINT alarms_notice_device_in_tenant
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices_device (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE alarms_notice ADD CONSTRAINT alarms_notice_recipient_in_tenant
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES alarms_recipient (tenant_id, id)
    ON DELETE SET NULL (recipient_id) DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_duty DROP CONSTRAINT alarms_duty_group_in_tenant;
ALTER TABLE alarms_duty DROP CONSTRAINT alarms_duty_recipient_in_tenant;
ALTER TABLE alarms_pace DROP CONSTRAINT alarms_pace_recipient_in_tenant;
ALTER TABLE alarms_chase DROP CONSTRAINT alarms_chase_incident_in_tenant;
ALTER TABLE alarms_notice DROP CONSTRAINT alarms_notice_incident_in_tenant;
ALTER TABLE alarms_notice DROP CONSTRAINT alarms_notice_device_in_tenant;
ALTER TABLE alarms_notice DROP CONSTRAINT alarms_notice_recipient_in_tenant;
ALTER TABLE alarms_recipient DROP CONSTRAINT alarms_recipient_in_tenant;
ALTER TABLE alarms_group DROP CONSTRAINT alarms_group_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('alarms', '0005_deeds'),
        ('devices', '0004_things'),
        ('tenants', '0009_long_passwords'),
    ]

    operations = [
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('name', models.CharField(max_length=100, verbose_name='名前')),
                ('after_min', models.PositiveSmallIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekdays', models.PositiveSmallIntegerField(default=127)),
                ('begins', models.TimeField(null=True)),
                ('ends', models.TimeField(null=True)),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='alarms.recipient')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='alarms.group')),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('address', models.CharField(max_length=254)),
                ('event', models.CharField(choices=[('opened', '警報の発生'), ('repeated', '再通知'), ('escalated', '引き継ぎの通知'), ('recovered', '警報の復帰')], max_length=10)),
                ('number', models.PositiveSmallIntegerField(default=0)),
                ('decided_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', '待っている'), ('posted', 'メールにした'), ('dropped', '知らせない')], max_length=8)),
                ('reason', models.CharField(choices=[('at_once', 'すぐに送る'), ('gathered', '短い間に多いので、一通にまとめる'), ('quiet', '静かな時間なので、あとでまとめる'), ('paused', '一時間の上限に達したので、あとでまとめる'), ('stopped', 'この通知先への通知が止めてある'), ('removed', 'この通知先は、知らせる前に外された'), ('unlicensed', '契約にメールの通知がない'), ('unwanted', '復帰は知らせない設定になっている'), ('looked_after', 'その前に対応されたか、終わった'), ('outage', '回線の障害としてまとめて知らせた')], max_length=12)),
                ('due_at', models.DateTimeField(null=True)),
                ('posted_at', models.DateTimeField(null=True)),
                ('message_id', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='devices.device')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='alarms.incident')),
                ('recipient', models.ForeignKey(null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='notices', to='alarms.recipient')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Pace',
            fields=[
                ('recipient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='pace', serialize=False, to='alarms.recipient')),
                ('quiet_events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), null=True, size=None)),
                ('minute_from', models.DateTimeField(null=True)),
                ('minute_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('hour_from', models.DateTimeField(null=True)),
                ('hour_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('gather_at', models.DateTimeField(null=True)),
                ('paused_until', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('tenant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='tenants.tenant')),
                ('tells_recovery', models.BooleanField(default=True, verbose_name='復帰も知らせる')),
                ('has_links', models.BooleanField(default=True, verbose_name='メールにリンクを入れる')),
                ('repeat_every_min', models.PositiveSmallIntegerField(null=True, verbose_name='再通知の間隔（分）')),
                ('repeats_max', models.PositiveSmallIntegerField(default=3, verbose_name='再通知の回数')),
                ('quiet_from', models.TimeField(null=True, verbose_name='静かな時間のはじまり')),
                ('quiet_until', models.TimeField(null=True, verbose_name='静かな時間のおわり')),
                ('quiet_events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None)),
                ('singles_a_minute', models.PositiveSmallIntegerField(default=5, verbose_name='一分に一人へ送る通数')),
                ('mails_an_hour', models.PositiveSmallIntegerField(default=60, verbose_name='一時間に一人へ送る通数')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quiet_from', None), ('quiet_until', None)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='quiet_time_has_two_ends'), models.CheckConstraint(condition=models.Q(('repeat_every_min', None), ('repeat_every_min__gte', 1), _connector='OR'), name='repeats_have_a_pause')],
            },
        ),
        migrations.CreateModel(
            name='Chase',
            fields=[
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='chase', serialize=False, to='alarms.incident')),
                ('begun_at', models.DateTimeField()),
                ('escalated_min', models.PositiveSmallIntegerField(default=0)),
                ('repeats', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='chase_due')],
            },
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(fields=('tenant', 'name'), name='one_group_per_name'),
        ),
        migrations.AddIndex(
            model_name='duty',
            index=models.Index(fields=['group'], name='duty_of_group'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__gte', 1), ('weekdays__lte', 127)), name='duty_on_some_day'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('begins', None), ('ends', None)), models.Q(('begins__isnull', False), ('ends__isnull', False)), _connector='OR'), name='duty_has_two_ends'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['recipient', 'due_at'], name='notice_waiting'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['device', '-decided_at'], name='notice_of_device'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['recipient', '-decided_at'], name='notice_of_recipient'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['decided_at'], name='notice_decided'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('incident', 'recipient', 'event', 'number'), name='told_once'),
        ),
        migrations.AddIndex(
            model_name='pace',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='pace_due'),
        ),
        migrations.RunSQL(KEYS, DROP),
    ]
