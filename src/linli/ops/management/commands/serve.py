"""`linli serve`: the web server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from granian import Granian
from granian.constants import Interfaces

from linli.ops import serving


class Command(BaseCommand):
    help = "Serves Linli over HTTP until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1, help="processes")
        parser.add_argument("--threads", type=int, default=serving.THREADS, help="threads a process")

    def handle(self, *args: Any, **options: Any) -> None:
        serving.check_port(options["host"], options["port"])
        Granian(
            "linli.config.wsgi:application",
            address=options["host"],
            port=options["port"],
            interface=Interfaces.WSGI,
            workers=options["workers"],
            blocking_threads=options["threads"],
            log_access=False,
            log_level="warning",  # type: ignore[arg-type]
        ).serve()
