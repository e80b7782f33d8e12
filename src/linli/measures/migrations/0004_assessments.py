"""Rounds of assessment, notices of surges, and problems that come back."""

import django.db.models.deletion
import linli.kit.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('measures', '0003_rollups'),
        ('orgs', '0003_alter_organisation_kind'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('scheme', models.CharField(max_length=48)),
                ('begins_on', models.DateField()),
                ('ends_on', models.DateField()),
                ('state', models.CharField(choices=[('computed', '已计算'), ('published', '公示中'), ('signed', '已签发')], default='computed', max_length=10)),
                ('position', models.BigIntegerField()),
                ('basis', models.JSONField()),
                ('results', models.JSONField()),
                ('made_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(null=True)),
                ('objections_until', models.DateTimeField(null=True)),
                ('final', models.JSONField(null=True)),
                ('signed_at', models.DateTimeField(null=True)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Objection',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField(verbose_name='异议')),
                ('cases', models.JSONField(default=list)),
                ('at', models.DateTimeField()),
                ('is_upheld', models.BooleanField(null=True)),
                ('ruling', models.TextField(blank=True, verbose_name='裁定理由')),
                ('ruled_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('ruled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='objections', to='measures.round')),
            ],
        ),
        migrations.CreateModel(
            name='Adjustment',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('points', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='分数')),
                ('reason', models.CharField(max_length=200, verbose_name='理由')),
                ('evidence', models.CharField(max_length=200, verbose_name='依据')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='measures.round')),
            ],
        ),
        migrations.CreateModel(
            name='Act',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('admonition', '约谈'), ('circular', '通报'), ('reward', '表扬')], max_length=10)),
                ('text', models.TextField(verbose_name='内容')),
                ('at', models.DateTimeField()),
                ('reply', models.TextField(blank=True, verbose_name='回复')),
                ('replied_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('replied_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('round', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='measures.round')),
            ],
        ),
        migrations.CreateModel(
            name='SurgeNotice',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('last_day', models.DateField()),
                ('surges', models.JSONField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Problem',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('category', models.CharField(max_length=48)),
                ('state', models.CharField(choices=[('found', '待认领'), ('owned', '查原因'), ('remedied', '已整改，观察中'), ('returned', '又出现了'), ('settled', '已根治')], default='found', max_length=8)),
                ('found_on', models.DateField()),
                ('first_on', models.DateField()),
                ('last_on', models.DateField()),
                ('cases', models.PositiveIntegerField()),
                ('cause', models.TextField(blank=True, verbose_name='原因')),
                ('remedy', models.TextField(blank=True, verbose_name='措施')),
                ('remedied_on', models.DateField(null=True)),
                ('watched_until', models.DateField(null=True)),
                ('came_back', models.PositiveIntegerField(default=0)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'category'], name='problem_place')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'settled'), _negated=True), fields=('organisation', 'category'), name='problem_once_at_a_place'), models.CheckConstraint(condition=models.Q(('remedied_on', None), ('watched_until__gt', models.F('remedied_on')), _connector='OR'), name='problem_is_watched')],
            },
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.UniqueConstraint(fields=('organisation', 'scheme', 'begins_on'), name='round_once'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('begins_on'))), name='round_runs_forward'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('final__isnull', False), ('signed_at__isnull', False), ('state', 'signed')), models.Q(models.Q(('state', 'signed'), _negated=True), ('final', None), ('signed_at', None)), _connector='OR'), name='round_signed_is_final'),
        ),
        migrations.AddConstraint(
            model_name='objection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_upheld', None), ('ruled_at', None)), models.Q(('is_upheld__isnull', False), ('ruled_at__isnull', False)), _connector='OR'), name='objection_ruled_whole'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('points', 0), _negated=True), name='adjustment_is_something'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('evidence', ''), _negated=True), name='adjustment_has_evidence'),
        ),
        migrations.AddConstraint(
            model_name='surgenotice',
            constraint=models.UniqueConstraint(fields=('organisation', 'day'), name='surge_once_a_day'),
        ),
    ]
