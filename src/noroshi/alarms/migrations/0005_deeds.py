"""What people do with an incident: who takes it, what they write, why it is closed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEYS = """
ALTER TABLE alarms_incident ADD CONSTRAINT alarms_incident_in_tenant UNIQUE (tenant_id, id);
ALTER TABLE alarms_deed ADD CONSTRAINT alarms_deed_incident_in_tenant
    FOREIGN KEY (tenant_id, incident_id) REFERENCES alarms_incident (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
DROP = """
ALTER TABLE alarms_deed DROP CONSTRAINT alarms_deed_incident_in_tenant;
ALTER TABLE alarms_incident DROP CONSTRAINT alarms_incident_in_tenant;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('alarms', '0004_silence'),
        ('tenants', '0009_long_passwords'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='incident',
            name='acknowledged_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=150),
        ),
        migrations.AddField(
            model_name='incident',
            name='reason',
            field=models.CharField(blank=True, choices=[('done', '対応した'), ('false', '誤報だった'), ('empty', '空はじきだった'), ('test', '点検・試験だった'), ('other', 'その他')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='incident',
            name='settled_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='settled_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='incident',
            name='taken_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='taken_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='incident',
            name='taken_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=150),
        ),
        migrations.CreateModel(
            name='Deed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('acknowledged', '対応中と記録した'), ('taken', '担当になった'), ('commented', '書き込んだ'), ('settled', '終わりにした')], max_length=12)),
                ('name', models.CharField(max_length=150)),
                ('by_mail', models.BooleanField(default=False)),
                ('text', models.CharField(blank=True, max_length=500)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deeds', to='alarms.incident')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='tenants.tenant')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['incident', 'at'], name='deed_of_incident')],
            },
        ),
        migrations.RunSQL(KEYS, DROP),
    ]
