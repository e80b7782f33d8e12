"""`linli demo`: a whole county on this machine, with one command."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from linli.kit import clock
from linli.measures import actions as measures
from linli.ops import serving
from linli.ops.demo import articles, disputes, oversight, seeding, showing

INTERRUPTED = 130


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("建一个演示县（可以重复运行），再打开网站和后台，直到按 Ctrl-C")
        parser.add_argument("--no-serve", action="store_true", help=_("只写入数据，不打开网站"))
        parser.add_argument("--host", default="127.0.0.1", help=_("监听的地址，默认只有本机能打开"))
        parser.add_argument("--port", type=int, default=8000, help=_("端口，默认 8000"))
        parser.add_argument("--requests", type=int, default=seeding.REQUESTS, help=_("事项数，默认 2000"))

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console()
        if not options["no_serve"]:
            serving.check_port(options["host"], options["port"])
        call_command("migrate", verbosity=0)
        if not seeding.is_seeded():
            self._seed(console, options["requests"])
        if not disputes.is_seeded():
            self._tell_disputes(console)
        oversight.seed(county=seeding.demo_county(), at=clock.now())
        measures.published(county=seeding.demo_county(), at=clock.now())
        articles.install(at=clock.now())
        showing.sign_ins(console)
        if not options["no_serve"]:
            showing.serve(console, options["host"], options["port"])

    def _seed(self, console: Console, requests: int) -> None:
        if not seeding.is_begun() and not seeding.is_empty():
            raise CommandError(
                _(
                    "这个数据库里已有事项，演示县不和它们混在一起。"
                    "请另选一处：LINLI_VAR=另一个文件夹 linli demo，或另设 DATABASE_URL。"
                )
            )
        try:
            with _progress(console) as bar:
                task = bar.add_task(_("演示县：写入事项"), total=seeding.wanted() or requests)
                seeding.seed(
                    at=clock.now(), requests=requests, progress=lambda done: bar.update(task, completed=done)
                )
        except KeyboardInterrupt:
            console.print(_("已停下，写完的都在。再运行一次 linli demo 会接着写。"))
            raise SystemExit(INTERRUPTED) from None

    def _tell_disputes(self, console: Console) -> None:
        try:
            with _progress(console) as bar:
                task = bar.add_task(_("演示县：写入纠纷"), total=len(disputes.scenes()))
                disputes.seed(at=clock.now(), progress=lambda done: bar.update(task, completed=done))
        except KeyboardInterrupt:
            console.print(_("已停下，写完的都在。再运行一次 linli demo 会接着写。"))
            raise SystemExit(INTERRUPTED) from None


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
