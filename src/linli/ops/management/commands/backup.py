"""`linli backup [FILE]`: everything in one file, while everybody goes on working."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linli.kit import clock
from linli.ops import backup
from linli.ops.backup.engines import engine_of


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "备份数据库和照片，写成一个文件；密钥（secret.key、keyring.json、案件密钥）不在里面，请另外保管"
        )
        parser.add_argument("target", type=Path, nargs="?", default=None, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["target"] or settings.VAR / "backups"
        if options["target"] is None:
            target.mkdir(exist_ok=True, mode=0o700)
        try:
            taken = backup.take(
                engine=engine_of(settings.DATABASES["default"]),
                photos=settings.ATTACHMENTS,
                target=target,
                at=clock.now(),
                tell=self.stderr.write,
            )
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        said = {"path": taken.path, "rows": taken.rows, "files": taken.files, "size": taken.size // 1024}
        self.stdout.write(_("已备份到 %(path)s：%(rows)d 行，%(files)d 个文件，%(size)d KB。") % said)
        if taken.missing:
            more = ngettext(
                "有 %(n)d 张照片本来就找不到。", "有 %(n)d 张照片本来就找不到。", len(taken.missing)
            )
            self.stderr.write(more % {"n": len(taken.missing)})
