"""Seals the names and telephone numbers of reporters. A table of any size is gone through in batches."""

from typing import Any

from django.db import migrations

import linli.kit.sealing.field

BATCH = 500
NAMES = ("contact_name", "contact_phone")


def seal(apps: Any, schema_editor: Any) -> None:
    _copy(apps, [(f"{name}_plain", name) for name in NAMES])


def unseal(apps: Any, schema_editor: Any) -> None:
    _copy(apps, [(name, f"{name}_plain") for name in NAMES])


def wipe(apps: Any, schema_editor: Any) -> None:
    """What SQLite drops from now on it also overwrites; on PostgreSQL, VACUUM FULL does that afterwards."""
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _copy(apps: Any, columns: list[tuple[str, str]]) -> None:
    request = apps.get_model("service_requests", "Request")
    last = None
    while True:
        rows = (
            request.objects.order_by("pk")
            if last is None
            else request.objects.filter(pk__gt=last).order_by("pk")
        )
        batch = list(rows.only("pk", *(name for pair in columns for name in pair))[:BATCH])
        if not batch:
            return
        last = batch[-1].pk
        for row in batch:
            if any(getattr(row, source) for source, _target in columns):
                for source, target in columns:
                    setattr(row, target, getattr(row, source))
                row.save(update_fields=[target for _source, target in columns])


class Migration(migrations.Migration):
    dependencies = [("service_requests", "0003_questions")]

    operations = [
        migrations.RunPython(wipe, wipe),
        *(migrations.RenameField("request", name, f"{name}_plain") for name in NAMES),
        *(
            migrations.AddField("request", name, linli.kit.sealing.field.SealedField(label, limit=limit))
            for name, label, limit in [
                ("contact_name", "称呼", 50),
                ("contact_phone", "电话", 32),
            ]  # zh: the labels at that time
        ),
        migrations.RunPython(seal, unseal),
        *(migrations.RemoveField("request", f"{name}_plain") for name in NAMES),
    ]
