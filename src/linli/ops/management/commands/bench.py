"""`linli bench [--quick] [exports|search|ledger|measures|beside]`: how fast Linli is, beside PostgreSQL itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from linli.kit import clock
from linli.ops.bench import (
    beside,
    cluster,
    county,
    exports,
    intake,
    ledger,
    measures,
    pages,
    places,
    report,
    search,
)

SIZES = (10_000, 100_000, 1_000_000)
STAGES = ("prepare", "intake", "pages", "lookup", "measures")
APART = ("exports", "search", "ledger", "beside")  # measured only when asked for
ON_BOTH = ("search", "ledger")
FORMS = tuple(f"exports_{form}" for form in exports.FORMS)
BY_THEMSELVES: dict[str, Callable[[bool], Any]] = {
    "lookup": lambda is_quick: places.measure(),
    "search": lambda is_quick: search.measure(is_quick=is_quick),
    "ledger": lambda is_quick: ledger.measure(is_quick=is_quick),
    "beside": lambda is_quick: beside.measure(is_quick=is_quick),
    "exports": lambda is_quick: exports.fill(is_quick=is_quick),
    "measures": lambda is_quick: measures.measure(is_quick=is_quick),
    "following": lambda is_quick: measures.follow(is_counting=False),
    "counting": lambda is_quick: measures.follow(is_counting=True),
}


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("测量受理、名单、定位的速度，并和 pgbench 写同样的行相比")
        parser.add_argument("--quick", action="store_true", help=_("只测一万件，各项也短一些"))
        parser.add_argument(
            "what",
            nargs="?",
            choices=(*APART, "measures"),
            help=_(
                "另测：exports 导出一百万行，search 搜索，ledger 核对一百万条，measures 数字页，beside 各种保护花多少"
            ),
        )
        parser.add_argument("--only", choices=STAGES[1:], action="append", help=_("只测这一项"))
        parser.add_argument(
            "--stage", choices=[*STAGES, *BY_THEMSELVES, *FORMS], help=_("内部使用：在 DATABASE_URL 上做一步")
        )
        parser.add_argument("--out", type=Path, default=None, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["stage"]:
            found = _stage(options["stage"], is_quick=options["quick"])
            if options["out"]:
                options["out"].write_text(json.dumps(found), encoding="utf-8")
            return
        with cluster.server(settings.GIVEN_DATABASE_URL) as admin:
            wanted = [options["what"]] if options["what"] else options["only"] or STAGES[1:]
            found = self._measure(admin, wanted, is_quick=options["quick"])
        name = f"bench-{options['what']}.json" if options["what"] else "bench.json"
        path = options["out"] or settings.VAR / name
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")
        self._show(found)
        self.stdout.write(_("写在 %(path)s") % {"path": path})

    def _measure(self, admin: str, stages: Sequence[str], *, is_quick: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "at": clock.now().isoformat(timespec="seconds"),
            "is_quick": is_quick,
            "machine": report.machine(cluster.version(admin)),
        }
        names = ["linli_bench_base"]
        with tempfile.TemporaryDirectory(prefix="linli-bench-var-") as var:
            runner = Runner(Path(var), is_quick)
            base = cluster.create(admin, names[0])
            try:
                runner.migrate(base)
                runner.stage("prepare", base)
                for stage in stages:
                    self.stderr.write(_("正在测：%(stage)s") % {"stage": stage})
                    names.append(f"linli_bench_{stage}")
                    url = cluster.create(admin, names[-1], names[0])
                    found[stage] = runner.stage(stage, url)
                    if stage == "exports":
                        found[stage] = {form: runner.stage(f"exports_{form}", url) for form in exports.FORMS}
                    if stage in ON_BOTH:
                        found[f"{stage}_sqlite"] = self._on_sqlite(stage, runner, Path(var))
                    cluster.drop(admin, [names.pop()])
            finally:
                cluster.drop(admin, names)
        return found

    def _on_sqlite(self, stage: str, runner: Runner, folder: Path) -> Any:
        """The same stage on a file of SQLite."""
        url = f"sqlite:///{folder / f'{stage}.sqlite3'}"
        runner.migrate(url)
        runner.stage("prepare", url)
        return runner.stage(stage, url)

    def _show(self, found: dict[str, Any]) -> None:
        table = Table(
            title=_("%(cores)d 核，%(memory_gb)s GB，PostgreSQL %(postgresql)s，Python %(python)s")
            % found["machine"]
        )
        for name in (_("测什么"), _("结果"), _("须达到"), ""):
            table.add_column(name)
        for row in report.rows(found):
            table.add_row(*row)
        Console().print(table)


class Runner:
    """Runs each stage as a process of its own, because a process has one database."""

    def __init__(self, var: Path, is_quick: bool) -> None:
        self.var = var
        self.flags = ["--quick"] if is_quick else []

    def migrate(self, url: str) -> None:
        self._run(url, "migrate", "--skip-checks", "--verbosity", "0")

    def stage(self, name: str, url: str) -> Any:
        out = self.var / f"{name}.json"
        self._run(url, "bench", "--stage", name, "--out", str(out), *self.flags)
        return json.loads(out.read_text(encoding="utf-8"))

    def _run(self, url: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "LINLI_VAR": str(self.var),
            "LINLI_LOG_LEVEL": "ERROR",
        }
        done = subprocess.run([sys.executable, "-m", "linli.ops", *arguments], env=environment)
        if done.returncode:
            raise CommandError(_("这一步没有做成：%(step)s") % {"step": " ".join(arguments[:3])})


def _stage(name: str, *, is_quick: bool) -> Any:
    at = clock.now()
    if name == "prepare":
        return county.prepare(at)
    if name in BY_THEMSELVES:
        return BY_THEMSELVES[name](is_quick)
    if name in FORMS:
        return exports.measure(name.removeprefix("exports_"))
    county.fill(at)
    county.mark_base()
    if name == "intake":
        return intake.measure(5 if is_quick else 15)
    found = []
    for size in SIZES[:1] if is_quick else SIZES:
        county.grow(size)
        found.append(pages.measure(100 if is_quick else 400))
    return found
