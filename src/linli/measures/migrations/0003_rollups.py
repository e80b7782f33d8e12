"""Sums over cases, and what each case adds to them."""


import django.db.models.deletion
import linli.orgs.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0005_case_texts'),
        ('measures', '0002_edition'),
    ]

    operations = [
        migrations.CreateModel(
            name='Progress',
            fields=[
                ('name', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
                ('tree', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('axis', 'path', 'grain', 'channel', 'category', 'day', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('axis', models.CharField(max_length=6)),
                ('path', linli.orgs.models.PathField(max_length=200)),
                ('grain', models.CharField(max_length=5)),
                ('channel', models.CharField(max_length=16)),
                ('category', models.CharField(max_length=48)),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=32)),
                ('received', models.IntegerField(default=0)),
                ('merged', models.IntegerField(default=0)),
                ('declined', models.IntegerField(default=0)),
                ('answerable', models.IntegerField(default=0)),
                ('answered', models.IntegerField(default=0)),
                ('finished', models.IntegerField(default=0)),
                ('reopened', models.IntegerField(default=0)),
                ('returned', models.IntegerField(default=0)),
                ('reworked', models.IntegerField(default=0)),
                ('extended', models.IntegerField(default=0)),
                ('supervised', models.IntegerField(default=0)),
                ('rated', models.IntegerField(default=0)),
                ('satisfied', models.IntegerField(default=0)),
                ('due', models.IntegerField(default=0)),
                ('on_time', models.IntegerField(default=0)),
                ('closed_late', models.IntegerField(default=0)),
                ('late_open', models.IntegerField(default=0)),
                ('undone', models.IntegerField(default=0)),
                ('urgent_due', models.IntegerField(default=0)),
                ('urgent_on_time', models.IntegerField(default=0)),
                ('urgent_closed_late', models.IntegerField(default=0)),
                ('unit_due', models.IntegerField(default=0)),
                ('unit_on_time', models.IntegerField(default=0)),
                ('mediated', models.IntegerField(default=0)),
                ('settled', models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Spread',
            fields=[
                ('pk', models.CompositePrimaryKey('axis', 'path', 'measure', 'category', 'month', 'kind', 'bucket', blank=True, editable=False, primary_key=True, serialize=False)),
                ('axis', models.CharField(max_length=6)),
                ('path', linli.orgs.models.PathField(max_length=200)),
                ('measure', models.CharField(max_length=8)),
                ('category', models.CharField(max_length=48)),
                ('month', models.DateField()),
                ('kind', models.CharField(max_length=32)),
                ('bucket', models.PositiveSmallIntegerField()),
                ('n', models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Counted',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='cases.case')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=32)),
                ('category', models.CharField(max_length=48)),
                ('channel', models.CharField(max_length=16)),
                ('place_path', linli.orgs.models.PathField(blank=True, default='', max_length=200)),
                ('holder_path', linli.orgs.models.PathField(blank=True, default='', max_length=200)),
                ('accused_path', linli.orgs.models.PathField(blank=True, default='', max_length=200)),
                ('received_on', models.DateField()),
                ('closed_on', models.DateField(null=True)),
                ('contact_minutes', models.PositiveIntegerField(null=True)),
                ('close_minutes', models.PositiveIntegerField(null=True)),
                ('adds', models.JSONField(default=list)),
            ],
            options={
                'indexes': [models.Index(fields=['place_path', 'closed_on'], name='counted_place_closed'), models.Index(fields=['holder_path', 'closed_on'], name='counted_holder_closed'), models.Index(fields=['closed_on'], name='counted_closed'), models.Index(condition=models.Q(('closed_on', None)), fields=['received_on'], name='counted_open')],
            },
        ),
    ]
