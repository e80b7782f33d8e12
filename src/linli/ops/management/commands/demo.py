"""`linli demo`: a whole county on this machine, with one command."""

import signal
import subprocess
import sys
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from linli.kit import clock
from linli.ops import serving
from linli.ops.demo import county, seeding
from linli.people.access import roles
from linli.people.models import Grant

SHOWN = [
    "dispatcher1",
    "construction1",
    "grid1-01",
    "village1",
    "verifier1",
    "leader1",
    "housing",
    "hotline",
    "county-dispatcher",
    "county-leader",
    "county-auditor",
    "county-admin",
]


class Command(BaseCommand):
    help = "Sets up the demonstration county, then serves it until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="set up only")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--requests", type=int, default=seeding.REQUESTS)

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console()
        if not options["no_serve"]:
            serving.check_port(options["host"], options["port"])
        call_command("migrate", verbosity=0)
        if not seeding.is_seeded():
            self._seed(console, options["requests"])
        self._show(console, options)
        if not options["no_serve"]:
            serve(options["host"], options["port"])

    def _seed(self, console: Console, requests: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(_("演示县：写入事项"), total=requests)
            seeding.seed(
                at=clock.now(), requests=requests, progress=lambda done: bar.update(task, completed=done)
            )

    def _show(self, console: Console, options: dict[str, Any]) -> None:
        table = Table(title=_("演示数据 · 口令都是 %(password)s") % {"password": county.PASSWORD})
        for heading in (_("账号"), _("角色"), _("单位")):
            table.add_column(heading)
        grants = Grant.objects.filter(person__username__in=SHOWN).select_related("person", "organisation")
        by_name = {grant.person.username: grant for grant in grants.order_by("-id")}
        for username in SHOWN:
            if grant := by_name.get(username):
                table.add_row(username, roles()[grant.role].label, grant.organisation.label)
        console.print(table)
        if not options["no_serve"]:
            address = f"http://{options['host']}:{options['port']}/"
            console.print(_("居民页面：%(address)s") % {"address": address})
            console.print(_("工作台：%(address)sdesk/") % {"address": address})
            console.print(_("按 Ctrl-C 全部停下。"))


def serve(host: str, port: int) -> None:
    """Runs web server and worker side by side; when one ends, or Ctrl-C comes, both end."""
    linli = [sys.executable, "-m", "linli.ops"]
    running = [
        subprocess.Popen([*linli, "serve", "--host", host, "--port", str(port)]),  # noqa: S603
        subprocess.Popen([*linli, "worker"]),  # noqa: S603
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while all(process.poll() is None for process in running):
            time.sleep(0.3)
    except KeyboardInterrupt:
        pass
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=15)
