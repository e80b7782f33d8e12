"""`linli worker`: hands over deliveries, fires clocks, exports lists, keeps desks staffed and photos swept."""

from __future__ import annotations

import signal
import time
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.ops import working


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "做后台的事，直到按 Ctrl-C：送消息、看时限、超期上报、导出名单、清理没用上的照片"
        )
        parser.add_argument("--once", action="store_true", help=_("做完现在该做的就停"))
        parser.add_argument("--pause", type=float, default=1.0, help=_("两轮之间隔几秒，默认 1"))

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        before = {
            name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            self._work(stop, options["pause"], is_once=options["once"])
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _work(self, stop: Event, pause: float, *, is_once: bool) -> None:
        rounds = working.Rounds()
        try:
            while not stop.is_set():
                started = time.monotonic()
                done = rounds.run(stop.is_set)
                if is_once and rounds.is_database_away:
                    raise CommandError(_("连不上数据库。"))
                if is_once and not done:
                    return
                if not done:
                    stop.wait(max(0.05, pause - (time.monotonic() - started)))
        finally:
            rounds.close()
