"""Gives every line of the administration's history that stands its leaf in the log."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations

from linli.kit import jsonbytes
from linli.ledger import merkle

BATCH = 1000


def forwards(apps: Any, schema_editor: Any) -> None:
    leaf, alias = apps.get_model("ledger", "Leaf"), schema_editor.connection.alias
    leaves = _leaves(leaf, apps.get_model("people", "Change").objects.using(alias).order_by("id"))
    while some := list(islice(leaves, BATCH)):
        leaf.objects.using(alias).bulk_create(some, ignore_conflicts=True)


def _leaves(leaf: Any, changes: Any) -> Iterator[Any]:
    """As `people.actions.history.leaf_of` made them when this was written."""
    for change in changes.iterator(chunk_size=BATCH):
        record = {
            "leaf": "change",
            "change": str(change.id),
            "at": change.at,
            "by": str(change.by_id) if change.by_id else None,
            "what": change.what,
            "target": [change.target_kind, change.target_id, change.target_name],
            "before": change.before,
            "after": change.after,
        }
        hashed = merkle.leaf_hash(jsonbytes.canonical(record))
        yield leaf(case_id=change.id, number=1, kind="change", hash=hashed, at=change.at)


class Migration(migrations.Migration):
    dependencies = [("people", "0004_sessions"), ("ledger", "0002_checkpoints")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
