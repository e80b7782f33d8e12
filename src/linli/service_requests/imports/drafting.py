"""Drafts a mapping from a file's heading and first rows, for a person to complete."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from linli.service_requests.imports.mapping import CHOICES, NEEDED, OPTIONAL
from linli.service_requests.imports.reading import HEADING_WITHIN, open_table
from linli.service_requests.imports.records import FileRefused, Record

KNOWN = tomllib.loads((Path(__file__).parent / "headings.toml").read_text(encoding="utf-8"))
LOOKED_AT = 5000
MOST_VALUES = 30
MOMENTS = ("opened", "due", "closed")
BLANKS = re.compile(r"[\s_\-]+")
FORMATS = tuple(day + time for day in KNOWN["days"] for time in KNOWN["times"])


def draft(path: Path) -> str:
    """A mapping in TOML for a file: what was recognised, and as remarks what was not. Raises FileRefused."""
    known = frozenset(name for names in KNOWN["columns"].values() for name in names)
    table = open_table(path, wanted=known)
    records = [record for record in islice(table.records(), LOOKED_AT) if isinstance(record, Record)]
    if not records:
        raise FileRefused(_("文件里没有数据。"))
    head = max(records[:HEADING_WITHIN], key=lambda record: len(_recognised(record.cells)))
    heading = [" ".join(cell.split()) for cell in head.cells]
    rows = records[records.index(head) + 1 :]
    columns = _recognised(heading)
    return "\n".join(
        [*_top(rows, heading, columns), *_columns(heading, columns), *_values(rows, heading, columns)]
    )


def _plain(name: str) -> str:
    return BLANKS.sub("", name).casefold()


def _recognised(heading: Iterable[str]) -> dict[str, str]:
    """Columns of the file by what they hold; none is used twice."""
    named = {_plain(name): name for name in reversed([" ".join(cell.split()) for cell in heading]) if name}
    found: dict[str, str] = {}
    for ours, names in KNOWN["columns"].items():
        fitting = (named[_plain(name)] for name in names if _plain(name) in named)
        first = next((name for name in fitting if name not in found.values()), None)
        if first is not None:
            found[ours] = first
    if ("lon" in found) != ("lat" in found):
        found.pop("lon", None)
        found.pop("lat", None)
    return found


def _top(rows: list[Record], heading: list[str], columns: dict[str, str]) -> Iterator[str]:
    yield "# " + _("按文件的列名起草。请逐项核对，再用 --dry-run 试一遍；写法见 docs/import.md。")
    yield ""
    label = json.dumps(_("（写上这个系统的名称）"), ensure_ascii=False)
    yield f"label = {{ zh = {label}, en = {label} }}"
    yield f"time_zone = {json.dumps(settings.TIME_ZONE)}"
    places = [heading.index(columns[name]) for name in MOMENTS if name in columns]
    formats = _formats(cell for row in rows for place in places if (cell := _cell(row, place)))
    yield f"date_formats = {json.dumps(formats, ensure_ascii=False)}"
    yield 'coordinates = "wgs84"  # ' + _("中国地图上的坐标写 gcj02 或 bd09")
    yield 'request_type = "help"'
    yield ""
    yield "[county]"
    yield f"code = {json.dumps(settings.COUNTY_CODE)}"
    yield ""
    yield "[create]"
    yield "organisations = false"
    yield "categories = false"


def _cell(row: Record, place: int) -> str:
    """A cell as it is written; none where it is missing, or a date already."""
    return row.cells[place].strip() if place < len(row.cells) and place not in row.dates else ""


def _formats(written: Iterable[str]) -> list[str]:
    """As few ways of writing a moment as read them all, the commonest first."""
    left = Counter(written)
    found: list[str] = []
    while left:
        best = max(FORMATS, key=lambda form: sum(times for cell, times in left.items() if _reads(form, cell)))
        rest = Counter({cell: times for cell, times in left.items() if not _reads(best, cell)})
        if len(rest) == len(left):
            break
        found.append(best)
        left = rest
    return found or ["%Y-%m-%d %H:%M:%S"]


def _reads(form: str, cell: str) -> bool:
    try:
        return bool(datetime.strptime(cell, form))  # noqa: DTZ007  only whether it can be read
    except ValueError:
        return False


def _columns(heading: list[str], columns: dict[str, str]) -> Iterator[str]:
    yield ""
    yield "[columns]"
    for name in (*NEEDED, *OPTIONAL):
        if name in columns:
            yield f"{name} = {json.dumps(columns[name], ensure_ascii=False)}"
        elif name in NEEDED:
            yield f'# {name} = ""  # ' + _("必须写")
    unread = [name for name in heading if name and name not in columns.values()]
    if unread:
        yield "# " + _("没有用到的列：%(columns)s") % {"columns": ", ".join(unread)}


def _values(rows: list[Record], heading: list[str], columns: dict[str, str]) -> Iterator[str]:
    """What stands in the columns whose values have to be ours."""
    for name in CHOICES:
        if name not in columns:
            continue
        place = heading.index(columns[name])
        seen = Counter(" ".join(cell.split()) for row in rows if (cell := _cell(row, place)))
        known = {_plain(word): ours for word, ours in KNOWN["values"][name].items()}
        yield ""
        yield f"[values.{name}]  # {', '.join(CHOICES[name])}"
        for word, _times in seen.most_common(MOST_VALUES):
            quoted, ours = json.dumps(word, ensure_ascii=False), known.get(_plain(word))
            yield f'{quoted} = "{ours}"' if ours else f'# {quoted} = ""'
    yield ""
