"""What a dry run of an import found, as a page for a terminal."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linli.kit import text
from linli.orgs.models import Kind
from linli.service_requests import imports

WIDTH = 140
SHOWN_VALUES = 6
SHOWN_NAMES = 20
CELL = 24


def shown(found: imports.Rehearsal, mapping: imports.Mapping) -> str:
    """The columns as a table, then what would be founded and what is not read."""
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, highlight=False)
    console.print(_table(found, mapping.zone))
    for line in _remarks(found):
        console.print(line, markup=False, soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(found: imports.Rehearsal, zone: ZoneInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column(_("对照"))
    table.add_column(_("文件的列"))
    for title in (_("有值"), _("空"), _("不同值"), _("读不懂")):
        table.add_column(title, justify="right", min_width=cell_len(title), no_wrap=True)
    table.add_column(_("内容"), ratio=1, overflow="fold")
    for column in found.columns:
        distinct = f"{len(column.values)}{'+' if column.is_more else ''}"
        counts = (str(column.filled), str(column.empty), distinct, str(column.wrong))
        told = " · ".join(_told(column, zone))
        table.add_row(column.name, escape(_one_line(column.heading)), *counts, escape(told))
    return table


def _told(column: imports.Column, zone: ZoneInfo) -> Iterator[str]:
    """Cells that could not be read; from when to when, or the commonest words of a list."""
    if column.examples:
        yield _("读不懂：%(examples)s") % {"examples": _listed(column.examples)}
    if column.first is not None and column.last is not None:
        yield f"{_minute(column.first, zone)} – {_minute(column.last, zone)}"
    elif column.is_list:
        common: Counter[str] = column.values
        yield ", ".join(f"{_one_line(value)} ×{times}" for value, times in common.most_common(SHOWN_VALUES))


def _minute(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _remarks(found: imports.Rehearsal) -> Iterator[str]:
    yield ""
    units = [f"{name} ({Kind(kind).label})" for kind, name in found.units]
    if units:
        yield _("会新建 %(count)d 个单位：%(names)s") % {"count": len(units), "names": _some(units)}
    categories = [f"{group} / {name}" for group, name in found.categories]
    if categories:
        yield _("会新建 %(count)d 个类别（未启用）：%(names)s") % {
            "count": len(categories),
            "names": _some(categories),
        }
    if found.backwards:
        yield _("%(count)d 行的办结时间早于登记时间，会照原样导入。") % {"count": found.backwards}
    if found.ignored:
        yield _("没有用到的列：%(columns)s") % {"columns": _some(found.ignored)}


def _some(names: list[str]) -> str:
    rest = len(names) - SHOWN_NAMES
    return _listed(names[:SHOWN_NAMES]) + (f" … +{rest}" if rest > 0 else "")


def _listed(cells: list[str]) -> str:
    return ", ".join(_one_line(cell) for cell in cells)


def _one_line(cell: str) -> str:
    return text.shortened(" ".join(text.clean(cell).split()), CELL)
