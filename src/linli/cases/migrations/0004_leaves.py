"""Gives every event that stands its leaf in the log over all cases: in batches, and again from where it was broken off."""

from typing import Any

from django.db import migrations

BATCH = 20_000  # events at a time, each batch a commit of its own
EDGE = "SELECT case_id FROM cases_event WHERE {where} ORDER BY case_id, number LIMIT 1 OFFSET {batch}"
FILL = """INSERT INTO ledger_leaf (case_id, number, kind, hash, at)
    SELECT case_id, number, 'event', leaf_hash, received_at FROM cases_event
    WHERE {where} ORDER BY case_id, number ON CONFLICT DO NOTHING"""


def forwards(apps: Any, schema_editor: Any) -> None:
    """Whole cases from one edge to the next, in the order of the key; the last batch is open at its end."""
    with schema_editor.connection.cursor() as cursor:
        start = None
        while True:
            known: list[Any] = [] if start is None else [start]
            where = "1 = 1" if start is None else "case_id >= %s"
            cursor.execute(EDGE.format(where=where, batch=BATCH), known)
            edge = cursor.fetchone()
            if edge is None or edge[0] == start:  # the end, or one case larger than a batch
                cursor.execute(FILL.format(where=where), known)
                return
            cursor.execute(FILL.format(where=f"{where} AND case_id < %s"), [*known, edge[0]])
            start = edge[0]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0003_referral"), ("ledger", "0001_initial")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
