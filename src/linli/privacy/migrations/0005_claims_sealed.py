"""Seals what people ask and are answered, commits the log to it, and gives locks and holds their leaves."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations, models

from linli.kit import jsonbytes
from linli.kit.sealing import SealedField
from linli.kit.sealing.migrating import Seal
from linli.ledger import merkle

BATCH = 1000
COLUMNS: dict[str, dict[str, SealedField]] = {
    "claim": {"words": SealedField("要改成什么、为什么"), "reply": SealedField("答复和理由")},
    "lock": {"why": SealedField("理由", limit=200)},
    "hold": {"why": SealedField("理由", limit=200)},
}  # zh: the labels at that time


def leaves(apps: Any, schema_editor: Any) -> None:
    """As `privacy.actions.locks.leaf_of` made them when this was written."""
    leaf, alias = apps.get_model("ledger", "Leaf"), schema_editor.connection.alias
    for model, begin, end in (("Lock", "lock", "unlock"), ("Hold", "hold", "release")):
        made = _leaves(leaf, apps.get_model("privacy", model).objects.using(alias).defer("why"), begin, end)
        while some := list(islice(made, BATCH)):
            leaf.objects.using(alias).bulk_create(some, ignore_conflicts=True)


def _leaves(leaf: Any, kept: Any, begin: str, end: str) -> Iterator[Any]:
    for row in kept.order_by("id").iterator(chunk_size=BATCH):
        begun = {"id": str(row.id), "case": str(row.case_id), "by": _id(row.by_id), "since": row.since}
        yield _leaf(leaf, begin, row.id, begun, row.since)
        if row.ended_at is not None:
            ended = {"id": str(row.id), "ended_by": _id(row.ended_by_id), "ended_at": row.ended_at}
            yield _leaf(leaf, end, row.id, ended, row.ended_at)


def _leaf(leaf: Any, kind: str, subject: Any, record: dict[str, Any], at: Any) -> Any:
    hashed = merkle.leaf_hash(jsonbytes.canonical({**record, "leaf": kind}))
    return leaf(case_id=subject, number=1, kind=kind, hash=hashed, at=at)


def _id(value: Any) -> str | None:
    return str(value) if value else None


class Migration(migrations.Migration):
    dependencies = [("privacy", "0004_takeouts"), ("ledger", "0002_checkpoints")]

    operations = [
        migrations.AddField("claim", "salt", models.BinaryField(default=b"")),
        migrations.AddField("claim", "commitment", models.BinaryField(default=b"")),
        migrations.AddField("claim", "reply_salt", models.BinaryField(default=b"")),
        migrations.AddField("claim", "reply_commitment", models.BinaryField(default=b"")),
        Seal(COLUMNS),
        migrations.RunPython(leaves, migrations.RunPython.noop),
    ]
