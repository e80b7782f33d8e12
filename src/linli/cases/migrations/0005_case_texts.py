"""Search words with the moment they came, folded text to check against, and a part of their own for everybody."""

from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import linli.cases.models.search
from linli.cases import procedures
from linli.cases.models.search import statements
from linli.kit import text

BATCH = 2000


def forwards(apps: Any, schema_editor: Any) -> None:
    """Makes the table anew and fills it from what stands in the cases."""
    schema_editor.execute("DROP TABLE cases_casetext")
    made = statements(
        schema_editor.connection.vendor, "cases_casetext", "case_id", "cases_case", ("words", "shown")
    )
    for statement in made:
        schema_editor.execute(statement)
    _fill(apps.get_model("cases", "Case"), apps.get_model("cases", "Event"), apps.get_model("cases", "CaseText"))


def _fill(cases: Any, events: Any, texts: Any) -> None:
    columns = ("pk", "kind", "procedure_version", "number", "title", "address", "received_at")
    rows = list(cases.objects.order_by("received_at", "pk").values_list(*columns)[:BATCH])
    while rows:
        said: dict[Any, list[str]] = {row[0]: [] for row in rows}
        versions = {row[0]: procedures.get(row[1], row[2]) for row in rows}
        known = events.objects.filter(case_id__in=list(said)).order_by("case_id", "number")
        for event in known.only("case_id", "number", "kind", "verb", "is_public", "data"):
            said[event.case_id] += _said(event, versions[event.case_id])
        made = []
        for key, _kind, _version, number, title, address, at in rows:
            told = [text.mask(part, text.mask_candidates(part)) for part in (title, address, *said[key]) if part]
            words = text.folded("\n".join([number, *told]))
            made.append(texts(case_id=key, at=at, words=words, grams=words, shown="", shown_grams=""))
        texts.objects.bulk_create(made)
        last = models.Q(received_at__gt=rows[-1][6]) | models.Q(received_at=rows[-1][6], pk__gt=rows[-1][0])
        rows = list(cases.objects.filter(last).order_by("received_at", "pk").values_list(*columns)[:BATCH])


def _said(event: Any, procedure: Any) -> Iterator[str]:
    if not procedure.is_searched or (event.verb == "note" and not event.is_public):
        return
    names = ["text"]
    if event.number > 1:
        names = [need.name for need in procedure.move_of(event.kind).needs if need.kind == "text"]
    yield from (str(event.data[name]) for name in names if event.data.get(name))


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_leaves")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("CaseText"),
                migrations.CreateModel(
                    name="CaseText",
                    fields=[
                        ("at", models.DateTimeField()),
                        ("words", models.TextField()),
                        ("grams", linli.cases.models.search.GramsField()),
                        ("case", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to="cases.case")),
                        ("shown", models.TextField(default="")),
                        ("shown_grams", linli.cases.models.search.GramsField(default="")),
                    ],
                    options={"db_table": "cases_casetext", "managed": False},
                ),
            ],
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
