"""`linli measures check|rebuild|table|indicators`: the rollups and what is read from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.table import Table

from linli.measures.actions import checking, counting, tables
from linli.measures.formulas.indicators import indicators
from linli.ops.management.commands.stats import county_of, moment_of

SHOWN = 20


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("汇总数字：核对、重算、列表")
        parts = parser.add_subparsers(dest="part", required=True, metavar="check|rebuild|table|indicators")
        parts.add_parser("check", help=_("在旁边重算一遍并比对，有出入就以错误结束"))
        parts.add_parser("rebuild", help=_("从零重算全部汇总"))
        table = parts.add_parser("table", help=_("按部门、片区、类别或月份列出事项、按时、超期和用时"))
        table.add_argument("--by", required=True, choices=tables.HEADINGS)
        table.add_argument("--json", action="store_true", help=_("输出 JSON"))
        table.add_argument("--county", default="", metavar="CODE", help=_("只算这个县"))
        table.add_argument("--as-of", default="", metavar="ISO", help=_("截至时间；不写时区就是该县当地时间"))
        parts.add_parser("indicators", help=_("全部指标及其算法、目标和依据"))

    def handle(self, *args: Any, **options: Any) -> None:
        part = {
            "check": self._check,
            "rebuild": self._rebuild,
            "table": self._table,
            "indicators": self._indicators,
        }[options["part"]]
        part(options)

    def _check(self, options: dict[str, Any]) -> None:
        found = checking.check()
        for each in found.differences[:SHOWN]:
            self.stderr.write(f"{each.table} {' '.join(map(str, each.key))}: {each.by}")
        if found.differences:
            said = ngettext("汇总有 %(n)d 处出入。", "汇总有 %(n)d 处出入。", len(found.differences))
            more = _("请运行 linli measures rebuild。")
            raise CommandError(said % {"n": len(found.differences)} + " " + more)
        said = _("%(cases)d 件逐件重算，与汇总完全一致；%(waiting)d 件有新的进展，等后台计入。")
        self.stdout.write(said % {"cases": found.cases, "waiting": found.waiting})

    def _rebuild(self, options: dict[str, Any]) -> None:
        done = 0
        for done in counting.rebuild():
            if done % 10_000 == 0:
                self.stderr.write(_("已算 %(n)d 件") % {"n": done})
        self.stdout.write(_("从零重算了 %(n)d 件。") % {"n": done})

    def _table(self, options: dict[str, Any]) -> None:
        county = county_of(options["county"])
        as_of = moment_of(options["as_of"], county.zone if county else ZoneInfo(settings.TIME_ZONE))
        found = tables.table(by=options["by"], as_of=as_of, county_path=county.path if county else "")
        if options["json"]:
            self.stdout.write(json.dumps([asdict(line) for line in found], ensure_ascii=False))
            return
        headings = ("", _("事项"), _("办结"), _("按时"), _("超期"), _("办结用时中位数（小时）"))
        rows = [tuple(map(_words, asdict(line).values())) for line in found]
        self._show(headings, rows)

    def _indicators(self, options: dict[str, Any]) -> None:
        rows = [
            (
                each.code,
                str(each.label),
                str(each.definition),
                "—" if each.target is None else f"{each.target:g}%",
                str(each.source),
            )
            for each in indicators().values()
        ]
        self._show(("", _("指标"), _("算法"), _("目标"), _("依据")), rows)

    def _show(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*headings)
        for row in rows:
            table.add_row(*row)
        console = Console()
        with console.capture() as shown:
            console.print(table)
        self.stdout.write(shown.get(), ending="")


def _words(value: str | float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
