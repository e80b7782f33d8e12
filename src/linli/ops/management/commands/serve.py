"""`linli serve`: the web server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from linli.ops import serving


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("打开网站，直到按 Ctrl-C")
        parser.add_argument("--host", default="127.0.0.1", help=_("监听的地址，默认只有本机能打开"))
        parser.add_argument("--port", type=int, default=8000, help=_("端口，默认 8000"))
        parser.add_argument(
            "--workers",
            type=int,
            default=serving.processes(),
            help=_("进程数；默认 PostgreSQL 上每核一个，最多 4 个，SQLite 上 1 个"),
        )
        parser.add_argument("--threads", type=int, default=serving.THREADS, help=_("每个进程的线程数"))

    def handle(self, *args: Any, **options: Any) -> None:
        serving.check_port(options["host"], options["port"])
        serving.serve(
            options["host"], options["port"], workers=options["workers"], threads=options["threads"]
        )
