"""`linli worker`: hands over deliveries, fires clocks, keeps desks staffed and staged photos swept."""

import signal
import time
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from linli.ops import working


class Command(BaseCommand):
    help = "Does the background work until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then stop")
        parser.add_argument("--pause", type=float, default=1.0, help="seconds between rounds")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        rounds = working.Rounds()
        while not stop.is_set():
            started = time.monotonic()
            done = rounds.run()
            close_old_connections()
            if options["once"] and not done:
                return
            if not done:
                stop.wait(max(0.0, options["pause"] - (time.monotonic() - started)))
