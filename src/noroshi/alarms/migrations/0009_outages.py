"""Outages of a network, the contractors in them, and who was told of them."""

import django.db.models.deletion
import noroshi.tenants.models.codes
from django.db import migrations, models

KEYS = """
ALTER TABLE alarms_outagenotice ADD CONSTRAINT alarms_outagenotice_recipient_in_tenant
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES alarms_recipient (tenant_id, id)
    ON DELETE SET NULL (recipient_id) DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_outagenotice DROP CONSTRAINT alarms_outagenotice_recipient_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('alarms', '0008_wording'),
        ('tenants', '0009_long_passwords'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notice',
            name='reason',
            field=models.CharField(choices=[('at_once', 'すぐに送る'), ('gathered', '短い間に多いので、一通にまとめる'), ('quiet', '静かな時間なので、あとでまとめる'), ('paused', '一時間の上限に達したので、あとでまとめる'), ('stopped', 'この通知先への通知が止めてある'), ('removed', 'この通知先は、知らせる前に外された'), ('unlicensed', '契約にメールの通知がない'), ('unwanted', '復帰は知らせない設定になっている'), ('looked_after', 'その前に対応されたか、終わった')], max_length=12),
        ),
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('space', models.CharField(max_length=10)),
                ('began_at', models.DateTimeField()),
                ('noticed_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('came_back', models.BooleanField(default=False)),
                ('known', models.PositiveIntegerField()),
                ('silent', models.PositiveIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['-noticed_at'], name='outage_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('space',), name='one_open_outage')],
            },
        ),
        migrations.CreateModel(
            name='OutageNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('address', models.CharField(max_length=254)),
                ('event', models.CharField(choices=[('begun', '回線の障害'), ('over', '回線の復旧'), ('given_up', '長引く回線の障害')], max_length=10)),
                ('decided_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', '待っている'), ('posted', 'メールにした'), ('dropped', '知らせない')], max_length=8)),
                ('reason', models.CharField(choices=[('at_once', 'すぐに送る'), ('gathered', '短い間に多いので、一通にまとめる'), ('quiet', '静かな時間なので、あとでまとめる'), ('paused', '一時間の上限に達したので、あとでまとめる'), ('stopped', 'この通知先への通知が止めてある'), ('removed', 'この通知先は、知らせる前に外された'), ('unlicensed', '契約にメールの通知がない'), ('unwanted', '復帰は知らせない設定になっている'), ('looked_after', 'その前に対応されたか、終わった')], max_length=12)),
                ('due_at', models.DateTimeField(null=True)),
                ('posted_at', models.DateTimeField(null=True)),
                ('message_id', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('outage', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='alarms.outage')),
                ('recipient', models.ForeignKey(null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='alarms.recipient')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='outage_notice_waiting')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'outage', 'recipient', 'event'), name='told_of_outage_once')],
            },
        ),
        migrations.CreateModel(
            name='OutageTenant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('space', models.CharField(max_length=10)),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('came_back', models.BooleanField(default=False)),
                ('silent', models.PositiveIntegerField()),
                ('outage', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tenants', to='alarms.outage')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'outage'), name='one_row_per_outage')],
            },
        ),
        migrations.RunSQL(KEYS, DROP),
    ]
