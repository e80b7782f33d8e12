"""`linli measures PART`: the rollups, what is read from them, and reports. `--help` lists the parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.table import Table

from linli.cases import actions as cases
from linli.kit import clock
from linli.measures.actions import checking, counting, reports, rounds, surges, tables
from linli.measures.actions.reading import next_month
from linli.measures.formulas.indicators import indicators
from linli.measures.formulas.periods import OLDEST
from linli.measures.formulas.schemes import schemes
from linli.measures.models import Round
from linli.ops.management.commands.publish import month_of
from linli.ops.management.commands.stats import county_of, moment_of
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM
from linli.service_requests.models import Category

SHOWN = 20
PARTS = ("check", "rebuild", "table", "indicators", "surges", "assess", "reproduce", "report")


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("汇总数字：核对、重算、列表")
        parts = parser.add_subparsers(dest="part", required=True, metavar="|".join(PARTS))
        parts.add_parser("check", help=_("在旁边重算一遍并比对，有出入就以错误结束"))
        parts.add_parser("rebuild", help=_("从零重算全部汇总"))
        table = parts.add_parser("table", help=_("按部门、片区、类别或月份列出事项、按时、超期和用时"))
        table.add_argument("--by", required=True, choices=tables.HEADINGS)
        table.add_argument("--json", action="store_true", help=_("输出 JSON"))
        table.add_argument("--county", default="", metavar="CODE", help=_("只算这个县"))
        table.add_argument("--as-of", default="", metavar="ISO", help=_("截至时间；不写时区就是该县当地时间"))
        parts.add_parser("indicators", help=_("全部指标及其算法、目标和依据"))
        surges = parts.add_parser("surges", help=_("逐日重放一段时间，列出明显高于往常的地方和类别"))
        surges.add_argument("--county", default="", metavar="CODE", help=_("只算这个县"))
        surges.add_argument("--from", dest="first", required=True, type=date.fromisoformat, metavar="DATE")
        surges.add_argument("--until", required=True, type=date.fromisoformat, metavar="DATE")
        assess = parts.add_parser("assess", help=_("计算一轮考评，等县里公示"))
        assess.add_argument("--county", default="", metavar="CODE", help=_("只算这个县"))
        assess.add_argument("--scheme", required=True, choices=sorted(schemes()))
        assess.add_argument("--begins", required=True, type=date.fromisoformat, metavar="DATE")
        again = parts.add_parser("reproduce", help=_("从总账重算一轮考评，逐位比对，有出入就以错误结束"))
        again.add_argument("round", type=UUID, metavar="ROUND", help=_("考评的编号"))
        report = parts.add_parser("report", help=_("一个月的情况月报，Word 和 PDF，中英文各一份"))
        report.add_argument("--month", required=True, metavar="YYYY-MM", help=_("月份，写成 2026-09"))
        report.add_argument("--unit", default="", metavar="CODE", help=_("哪个单位的；不写就是全县"))
        report.add_argument("--out", required=True, type=Path, metavar="FOLDER", help=_("放到哪个文件夹"))

    def handle(self, *args: Any, **options: Any) -> None:
        part = {
            "check": self._check,
            "rebuild": self._rebuild,
            "table": self._table,
            "indicators": self._indicators,
            "surges": self._surges,
            "assess": self._assess,
            "reproduce": self._reproduce,
            "report": self._report,
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
        path = county.path if county else ""
        found = tables.table(by=options["by"], as_of=as_of, county_path=path, is_read=not options["json"])
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

    def _surges(self, options: dict[str, Any]) -> None:
        county, first, last = _one_county(options["county"]), options["first"], options["until"]
        if not OLDEST <= first <= last:
            raise CommandError(_("--from 要在 2000 年以后，--until 不能早于 --from。"))
        names = {unit.path: unit.label for unit in Organisation.objects.all()}
        labels = {row.code: row.label for row in Category.objects.all()}
        today = clock.now().astimezone(county.zone).date()
        found = surges.replay(county=county, first=first, last=min(last, today))
        rows = [
            (
                "" if nth else notice.day.isoformat(),
                "" if nth else names[notice.place],
                surge.day.isoformat(),
                labels.get(surge.category, surge.category),
                " → ".join(map(str, surge.counts)),
                f"{surge.expected:.2f}",
            )
            for notice in found
            for nth, surge in enumerate(notice.surges)
        ]
        self._show((_("首日"), _("地方"), _("日期"), _("类别"), _("前一天 → 当天"), _("往常每天")), rows)

    def _assess(self, options: dict[str, Any]) -> None:
        try:
            made = rounds.compute(
                county=_one_county(options["county"]),
                scheme=options["scheme"],
                begins_on=options["begins"],
                by=SYSTEM,
                at=clock.now(),
            )
        except cases.CommandError as error:
            raise CommandError("; ".join(getattr(error, "errors", {}).values()) or str(error)) from error
        self.stdout.write(
            _("已计算，编号 %(round)s，总账位置 %(position)d。")
            % {"round": made.pk, "position": made.position}
        )

    def _reproduce(self, options: dict[str, Any]) -> None:
        found = Round.objects.filter(pk=options["round"]).first()
        if found is None:
            raise CommandError(_("没有这一轮考评。"))
        again = rounds.reproduce(found)
        for code, words in again.differences.items():
            self.stderr.write(f"{code}: {words}")
        for each in again.later if again.differences else ():
            known = {"number": each.number, "since": each.since.isoformat(), "label": each.label}
            self.stderr.write(_("算法第 %(number)d 版（%(since)s 起）：%(label)s。") % known)
        if again.is_redefined:
            raise CommandError(_("不一致的都是这一轮算出以后改过算法的数，公布的仍是当时算法的结果。"))
        if again.differences:
            raise CommandError(_("重算的结果和公布的不一致。"))
        said = _("从总账前 %(position)d 条重算，每一位都相同。")
        self.stdout.write(said % {"position": found.position})

    def _report(self, options: dict[str, Any]) -> None:
        unit, month, at = _unit(options["unit"]), month_of(options["month"]), clock.now()
        if next_month(month) > at.astimezone(unit.zone).date():
            raise CommandError(_("%(month)s还没有过完，过完才能出月报。") % {"month": options["month"]})
        reports.settle(at=at)
        try:
            options["out"].mkdir(parents=True, exist_ok=True)
            for language, document in reports.month_of(unit=unit, month=month, at=at).items():
                for form in reports.FORMS:
                    path = options["out"] / f"{unit.code}-{month:%Y-%m}.{language[:2]}.{form}"
                    path.write_bytes(reports.file(document, form, at=at))
                    self.stdout.write(str(path))
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error

    def _show(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*headings)
        for row in rows:
            table.add_row(*row)
        console = Console()
        with console.capture() as shown:
            console.print(table)
        self.stdout.write(shown.get(), ending="")


def _one_county(code: str) -> Organisation:
    county = county_of(code)
    if county is None:
        raise CommandError(_("请用 --county 写明是哪个县。"))
    return county


def _unit(code: str) -> Organisation:
    """The unit of a report: the county where none is named."""
    if not code:
        return _one_county("")
    unit = Organisation.objects.filter(code=code).first()
    if unit is None:
        raise CommandError(_("没有代码为“%(code)s”的单位。") % {"code": code})
    return unit


def _words(value: str | float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
