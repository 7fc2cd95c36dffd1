"""Contracts with dated conditions, licensed items, amendments, snapshots and traces."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import noroshi.tenants.models.codes
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenants', '0005_service_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('number', models.PositiveIntegerField()),
                ('from_day', models.DateField()),
                ('until_day', models.DateField(blank=True, null=True)),
                ('reason', models.CharField(max_length=500)),
                ('at', models.DateTimeField()),
                ('document_sha256', models.CharField(max_length=64)),
                ('agreed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('intent', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.intent')),
                ('paper', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.paper')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Contract',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('number', models.CharField(blank=True, max_length=12, verbose_name='契約番号')),
                ('state', models.CharField(choices=[('draft', '条件書を作成中'), ('formed', '成立')], default='draft', max_length=10)),
                ('from_day', models.DateField(verbose_name='契約期間の初日')),
                ('until_day', models.DateField(blank=True, null=True)),
                ('made_at', models.DateTimeField()),
                ('formed_at', models.DateTimeField(blank=True, null=True, verbose_name='契約成立日時')),
                ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='tenants.agent')),
                ('kind', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.servicekind')),
                ('party', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='tenants.party')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Condition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=40)),
                ('value', models.CharField(blank=True, max_length=200)),
                ('level', models.CharField(choices=[('amendment', '変更契約'), ('sheet', '条件書'), ('terms', '利用規約')], default='sheet', max_length=10)),
                ('source', models.CharField(max_length=200)),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('from_day', models.DateField()),
                ('until_day', models.DateField(blank=True, null=True)),
                ('amendment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='conditions', to='contracts.amendment')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.amendment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conditions', to='contracts.contract')),
            ],
        ),
        migrations.AddField(
            model_name='amendment',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='contracts.contract'),
        ),
        migrations.CreateModel(
            name='LicensedItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.CharField(choices=[('data', 'データの表示'), ('chart', 'グラフ'), ('csv', 'データ取り出し（CSV）'), ('mail', 'メールの通知'), ('downlink', '下り通信')], max_length=12)),
                ('source', models.CharField(max_length=200)),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('from_day', models.DateField()),
                ('until_day', models.DateField(blank=True, null=True)),
                ('amendment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='contracts.amendment')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.amendment')),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='contracts.contract')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=noroshi.tenants.models.codes.new_code, max_length=20, unique=True)),
                ('on_day', models.DateField()),
                ('at', models.DateTimeField()),
                ('body', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('pdf', models.BinaryField(null=True)),
                ('pdf_sha256', models.CharField(blank=True, max_length=64)),
                ('amendment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='contracts.amendment')),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='contracts.contract')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Trace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(max_length=40)),
                ('about', models.CharField(max_length=200)),
                ('key', models.CharField(max_length=40)),
                ('day', models.DateField()),
                ('value', models.CharField(blank=True, max_length=200)),
                ('level', models.CharField(max_length=10)),
                ('source', models.CharField(max_length=200)),
                ('since', models.DateField(blank=True, null=True)),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('wins_over', models.JSONField(default=list)),
                ('at', models.DateTimeField()),
                ('contract', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='traces', to='contracts.contract')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AddConstraint(
            model_name='contract',
            constraint=models.CheckConstraint(condition=models.Q(('until_day', None), ('until_day__gt', models.F('from_day')), _connector='OR'), name='contract_has_days'),
        ),
        migrations.AddConstraint(
            model_name='contract',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('formed_at', None), ('number', ''), ('state', 'draft')), models.Q(('formed_at__isnull', False), ('state', 'formed'), models.Q(('number', ''), _negated=True)), _connector='OR'), name='contract_formed_has_number_and_time'),
        ),
        migrations.AddConstraint(
            model_name='contract',
            constraint=models.UniqueConstraint(condition=models.Q(('number', ''), _negated=True), fields=('number',), name='one_contract_per_number'),
        ),
        migrations.AddConstraint(
            model_name='contract',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state', 'formed')), expressions=[('tenant', '='), (models.Func(models.F('from_day'), models.F('until_day'), function='daterange'), '&&')], name='one_contract_in_force'),
        ),
        migrations.AddIndex(
            model_name='condition',
            index=models.Index(fields=['tenant', 'key'], name='condition_in_force'),
        ),
        migrations.AddConstraint(
            model_name='condition',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('contract', '='), ('key', '='), ('level', '='), (models.Func(models.F('from_day'), models.F('until_day'), function='daterange'), '&&')], name='one_value_per_key_level_and_day'),
        ),
        migrations.AddConstraint(
            model_name='condition',
            constraint=models.CheckConstraint(condition=models.Q(('level__in', ['amendment', 'sheet', 'terms']), models.Q(('source', ''), _negated=True)), name='condition_has_its_source'),
        ),
        migrations.AddConstraint(
            model_name='condition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amendment__isnull', False), ('level', 'amendment')), models.Q(models.Q(('level', 'amendment'), _negated=True), ('amendment', None)), _connector='OR'), name='condition_of_amendment_has_one'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(fields=('tenant', 'contract', 'number'), name='amendments_in_one_row'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('intent__isnull', False), ('paper', None)), models.Q(('intent', None), ('paper__isnull', False)), _connector='OR'), name='amendment_has_the_contractors_act'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('document_sha256', ''), _negated=True)), name='amendment_says_why'),
        ),
        migrations.AddIndex(
            model_name='licenseditem',
            index=models.Index(fields=['tenant', 'item'], name='item_in_force'),
        ),
        migrations.AddConstraint(
            model_name='licenseditem',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('contract', '='), ('item', '='), (models.Func(models.F('from_day'), models.F('until_day'), function='daterange'), '&&')], name='an_item_is_licensed_once'),
        ),
        migrations.AddConstraint(
            model_name='licenseditem',
            constraint=models.CheckConstraint(condition=models.Q(('item__in', ['data', 'chart', 'csv', 'mail', 'downlink']), models.Q(('source', ''), _negated=True)), name='item_of_the_closed_list'),
        ),
        migrations.AddIndex(
            model_name='snapshot',
            index=models.Index(condition=models.Q(('pdf', None)), fields=['id'], name='snapshots_without_pdf'),
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(fields=('tenant', 'contract', 'amendment'), name='one_snapshot_per_step', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='trace',
            index=models.Index(fields=['tenant', '-at'], name='traces_of_tenant'),
        ),
        migrations.AddIndex(
            model_name='trace',
            index=models.Index(fields=['at'], name='traces_by_age'),
        ),
    ]
