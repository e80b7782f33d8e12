"""What was taken out as files, one row for many cases: the database refuses to change it, or to let it go too soon."""

from typing import Any

import django.db.models.deletion
import linli.kit.ids
from django.conf import settings
from django.db import migrations, models


SQLITE = (
    """CREATE TRIGGER privacy_takeout_no_delete BEFORE DELETE ON privacy_takeout
    WHEN OLD.at > datetime('now', '-3 years')
    BEGIN SELECT RAISE(ABORT, 'what was read is kept'); END""",
    """CREATE TRIGGER privacy_takeout_no_update BEFORE UPDATE ON privacy_takeout
    BEGIN SELECT RAISE(ABORT, 'what was read is append-only'); END""",
)
POSTGRESQL = (
    """CREATE TRIGGER privacy_takeout_append_only BEFORE UPDATE OR DELETE ON privacy_takeout
    FOR EACH ROW EXECUTE FUNCTION privacy_append_only()""",
)


def forwards(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('orgs', '0003_alter_organisation_kind'),
        ('privacy', '0003_claims'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Takeout',
            fields=[
                ('role', models.CharField(max_length=32)),
                ('source', models.CharField(blank=True, max_length=40)),
                ('purpose', models.CharField(max_length=16)),
                ('what', models.CharField(max_length=24)),
                ('groups', models.JSONField(default=list)),
                ('at', models.DateTimeField()),
                ('id', models.UUIDField(default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('first', models.UUIDField()),
                ('last', models.UUIDField()),
                ('cases', models.BinaryField()),
                ('organisation', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organisation')),
                ('person', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='takeout_at'), models.Index(fields=['last'], name='takeout_last')],
            },
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
