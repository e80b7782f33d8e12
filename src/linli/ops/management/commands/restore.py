"""`linli restore FILE`: puts a backup in the place of the live data once it is proven whole; `--check` only proves.

That a database was put back is itself an entry of its log: written into the fresh database before it takes the
place of the live one, so that it never stands there without. `--note` writes the entry alone, for a database
that came back by other means (a snapshot of the disk, PostgreSQL's own tools).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ops import backup
from linli.ops.backup.engines import engine_of
from linli.people.access import SYSTEM
from linli.people.actions import note_change


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("用备份换下现有数据；先在旁边恢复并核对，通不过就什么都不动")
        parser.add_argument("source", type=Path, metavar="FILE")
        parser.add_argument("--check", action="store_true", help=_("只核对，不换上"))
        note = _("只在日志里记下：数据库是从这个备份恢复的（用别的办法恢复之后）")
        parser.add_argument("--note", action="store_true", help=note)
        made = _("备份是什么时候做的（和 --note 一起用）")
        parser.add_argument("--made", default="", metavar="ISO", help=made)

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if options["note"]:
            note_restored(options["source"].name, made_at=options["made"], at=at)
            self.stdout.write(_("已在日志里记下这次恢复。"))
            return
        connections.close_all()
        try:
            restored = backup.restore(
                engine=engine_of(settings.DATABASES["default"]),
                photos=settings.ATTACHMENTS,
                source=options["source"],
                at=at,
                tell=self.stderr.write,
                is_dry=options["check"],
            )
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        said = {"rows": restored.rows, "files": restored.files, "made": restored.manifest.made_at}
        if options["check"]:
            self.stdout.write(_("备份完好：%(made)s 的 %(rows)d 行、%(files)d 个文件。什么都没有换。") % said)
            return
        self.stdout.write(_("已恢复 %(made)s 的备份：%(rows)d 行，%(files)d 个文件。") % said)
        if settings.WITNESSES:
            self.stdout.write(_("见证会发现日志变短而报警：请告诉他们缘由，由他们用 --accept 接受。"))
        if restored.old:
            self.stdout.write(_("原来的数据还在：%(old)s。确认无误后再删。") % {"old": restored.old})


def note_restored(name: str, *, made_at: str, at: datetime) -> None:
    """The entry in the log: from which backup, made when, and how long the log in it was."""
    after = {"made_at": made_at, "log": ledger.head()}
    note_change(by=SYSTEM, at=at, what="restore", target=("backup", name[:64], ""), after=after)
