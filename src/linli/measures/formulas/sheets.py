"""An edition as files: the same rows as a table and as JSON, in both languages at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from linli.documents.render.tables.cells import is_risky
from linli.measures.formulas import words
from linli.measures.formulas.editions import PLACE, TOTAL, Cell, Value, cells
from linli.measures.formulas.matters import Month
from linli.measures.formulas.months import K

COLUMNS = (
    "month",
    "table",
    "place_level",
    "place_codes",
    "place_zh",
    "place_en",
    "value_codes",
    "value_zh",
    "value_en",
    "matters",
)
TABLES = (
    TOTAL,
    PLACE,
    "category",
    "type",
    "channel",
    "progress",
    "place-category",
    "place-type",
    "place-channel",
    "place-progress",
    "apart",
)
Row = dict[str, Any]
COMMA = "、"  # zh: content of the data set


def sheet(month: date, found: Month, k: int = K) -> list[Row]:
    """The rows of a month's edition; none where there are too few matters to say anything."""
    place = found.axes[PLACE]
    above = dict(_chains(place))
    rows = [_row(month, cell, place, above) for cell in cells(found.axes, found.facts, k)]
    for entry in words.entries("apart"):
        value = Value(entry["name"], entry["zh"], entry["en"])
        if found.apart[value.code] >= k:
            rows.append(_row(month, Cell("apart", None, (value,), found.apart[value.code]), place, above))
    return rows


def _row(month: date, cell: Cell, county: Value, above: Mapping[str, tuple[Value, ...]]) -> Row:
    where, part = cell.place or (county,), cell.part or ()
    chain = above[where[0].code]
    return {
        "month": f"{month:%Y-%m}",
        "table": cell.table,
        "place_level": "+".join(dict.fromkeys(value.level for value in where)),
        "place_codes": [value.code for value in where],
        "place_zh": "".join(value.zh for value in chain) + COMMA.join(value.zh for value in where),
        "place_en": ": ".join([*(value.en for value in chain), ", ".join(value.en for value in where)]),
        "value_codes": [value.code for value in part],
        "value_zh": COMMA.join(value.zh for value in part),
        "value_en": ", ".join(value.en for value in part),
        "matters": cell.matters,
    }


def _chains(root: Value, above: tuple[Value, ...] = ()) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """For every place the places above it, below the county."""
    yield root.code, above
    for value in root.below:
        yield from _chains(value, (*above, root) if above or root.level != "county" else above)


def csv_file(rows: Sequence[Row]) -> str:
    """The rows as CSV with a mark, so that spreadsheets open Chinese right; joined codes stand with + between."""
    file = io.StringIO()
    file.write("\ufeff")
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_flat(row[column]) for column in COLUMNS])
    return file.getvalue()


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        value = "+".join(value)
    return f"'{value}" if isinstance(value, str) and is_risky(value) else value


def json_file(about: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """The rows as JSON, with what they are about."""
    return json.dumps({**about, "columns": COLUMNS, "rows": rows}, ensure_ascii=False, indent=1) + "\n"
