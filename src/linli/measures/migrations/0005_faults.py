"""What went wrong in cases, counted once for each unit."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('measures', '0004_assessments'),
    ]

    operations = [
        migrations.AddField(
            model_name='rollup',
            name='assessed',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='came_back',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='displeased',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='failed_check',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_accepting',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_acknowledging',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_deciding',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_dispatching',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_supervision',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_total',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_unit',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='late_verifying',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='rollup',
            name='returned_in_vain',
            field=models.IntegerField(default=0),
        ),
    ]
