"""Orders of supervision on a set of cases, what they are about, and their steps."""

import django.db.models.deletion
import linli.kit.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0006_locked'),
        ('orgs', '0003_alter_organisation_kind'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200, verbose_name='督办什么')),
                ('state', models.CharField(choices=[('open', '等回复'), ('answered', '已回复，待核实'), ('closed', '已销号')], default='open', max_length=8)),
                ('made_at', models.DateTimeField()),
                ('since', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('fires_at', models.DateTimeField(null=True)),
                ('missed', models.PositiveSmallIntegerField(default=0)),
                ('returns', models.PositiveSmallIntegerField(default=0)),
                ('closed_at', models.DateTimeField(null=True)),
                ('desk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='OrderedCase',
            fields=[
                ('pk', models.CompositePrimaryKey('case_id', 'order_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.case')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='cases.order')),
            ],
        ),
        migrations.CreateModel(
            name='OrderEvent',
            fields=[
                ('pk', models.CompositePrimaryKey('order_id', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('step', models.CharField(choices=[('ordered', '发出督办'), ('replied', '回复'), ('sent_back', '核实不符，退回'), ('escalated', '到期没有回复，报上一级'), ('closed', '核实相符，销号')], max_length=9)),
                ('text', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='cases.order')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
            ],
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('state', 'closed'), _negated=True), fields=['due_at', 'id'], name='order_open'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('state', 'closed')), fields=['closed_at'], name='order_closed'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('fires_at__isnull', False)), fields=['fires_at'], name='order_fires'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at', None)), _connector='OR'), name='order_closed_has_a_time'),
        ),
    ]
