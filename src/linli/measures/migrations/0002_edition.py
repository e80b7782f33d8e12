"""Editions of open data, which nobody can change once they are there."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import linli.kit.ids

SQLITE = [
    """CREATE TRIGGER measures_edition_no_update BEFORE UPDATE ON measures_edition
    BEGIN SELECT RAISE(ABORT, 'editions are never changed'); END""",
]
POSTGRESQL = [
    """CREATE FUNCTION measures_edition_no_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'editions are never changed';
    END $$""",
    """CREATE TRIGGER measures_edition_no_update BEFORE UPDATE ON measures_edition
    FOR EACH ROW EXECUTE FUNCTION measures_edition_no_update()""",
]


def guard(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("measures", "0001_initial"),
        ("orgs", "0002_time_zone"),
    ]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=linli.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.DateField()),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("csv", models.TextField()),
                ("csv_digest", models.CharField(max_length=64)),
                ("json", models.TextField()),
                ("json_digest", models.CharField(max_length=64)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orgs.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "month"), name="edition_once_a_month"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("begins_at"))),
                        name="edition_runs_forward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("published_at__gte", models.F("ends_at"))),
                        name="edition_of_a_closed_period",
                    ),
                ],
            },
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
