"""Who read what is noted for every kind of case in one table; what this one held goes there, each with its leaf."""

from typing import Any

from django.db import migrations

from linli.kit import jsonbytes
from linli.ledger import merkle

AT_A_TIME = 1000


def forwards(apps: Any, schema_editor: Any) -> None:
    reading = apps.get_model("mediation", "Reading")
    read = apps.get_model("privacy", "Read")
    leaf = apps.get_model("ledger", "Leaf")
    known = set(apps.get_model("orgs", "Organisation").objects.values_list("pk", flat=True))
    rows: list[Any] = []
    for row in reading.objects.order_by("at", "id").iterator(AT_A_TIME):
        rows.append(_read(read, row, known))
        if len(rows) == AT_A_TIME:
            _write(read, leaf, rows)
            rows = []
    _write(read, leaf, rows)


def _read(read: Any, row: Any, known: set[Any]) -> tuple[Any, bytes]:
    office = row.organisation if row.organisation in known else None
    new = read(
        case_id=row.case_id,
        id=row.id,
        person_id=row.person_id,
        role=row.role,
        organisation_id=office,
        purpose=row.purpose,
        what=row.what,
        groups=["parties", "papers"],
        at=row.at,
    )
    covered = {
        "read": str(row.id),
        "case": str(row.case_id),
        "person": str(row.person_id),
        "role": row.role,
        "organisation": str(office) if office else None,
        "source": "",
        "purpose": row.purpose,
        "what": row.what,
        "groups": new.groups,
        "glass": None,
        "at": row.at,
        "leaf": "read",
    }
    hashed = merkle.leaf_hash(jsonbytes.canonical(covered))
    return new, hashed


def _write(read: Any, leaf: Any, rows: list[Any]) -> None:
    read.objects.bulk_create(row for row, _hashed in rows)
    leaf.objects.bulk_create(
        leaf(case_id=row.id, number=1, kind="read", hash=hashed, at=row.at) for row, hashed in rows
    )


class Migration(migrations.Migration):
    dependencies = [("mediation", "0001_initial"), ("privacy", "0001_initial"), ("ledger", "0001_initial")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
