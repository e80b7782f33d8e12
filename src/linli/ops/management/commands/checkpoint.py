"""`linli checkpoint`: the signed log as a file for a witness without a network, and what the witness signed back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ledger.actions import keys
from linli.ledger.notes import Note
from linli.ledger.witness import Offer

BAD_INPUT = 2


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("给不联网的见证写一个文件，或收下它会签的文件")
        parser.add_argument("--old", type=int, default=0, metavar="SIZE", help=_("见证上次会签到第几条"))
        parser.add_argument("--take", default="", metavar="FILE", help=_("收下会签过的文件"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["take"]:
            written = Path(options["take"]).read_text(encoding="utf-8")
            try:
                ledger.take_cosignatures(written=written, at=clock.now(), known=keys.witnesses())
            except ledger.Refused as error:
                raise CommandError(
                    _("没有收下：%(error)s") % {"error": error}, returncode=BAD_INPUT
                ) from error
            return
        self._offer(options["old"])

    def _offer(self, old: int) -> None:
        newest = ledger.latest()
        if newest is None:
            raise CommandError(_("还没有检查点；看 linli worker 是否在运行。"), returncode=BAD_INPUT)
        try:
            proof = ledger.consistency(old, newest.size) if old else []
        except LookupError:
            words = {"old": old, "size": newest.size}
            raise CommandError(
                _("没有 %(old)d 条，现在是 %(size)d 条。") % words, returncode=BAD_INPUT
            ) from None
        self.stdout.write(str(Offer(old, tuple(proof), Note.parse(newest.note))), ending="")
