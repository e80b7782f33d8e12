"""`linli verify`: hashes the history of every case again, and says which one was changed, and where."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from linli.cases.actions import integrity
from linli.cases.models import Case

SHOWN = 50


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("逐条重算每件事的记录；被改动、删去或添加的，说出是哪件的哪一条，并以 1 退出")

    def handle(self, *args: Any, **options: Any) -> None:
        started, checked = time.monotonic(), integrity.Checked()
        for problem in integrity.verify_all(checked):
            checked.problems += 1
            if checked.problems <= SHOWN:
                number = Case.objects.filter(pk=problem.case_id).values_list("number", flat=True).first()
                said = {"case": number or problem.case_id, "n": problem.number, "kind": problem.kind}
                self.stdout.write(_("✗ %(case)s 第 %(n)d 条：%(kind)s") % said)
        took = time.monotonic() - started
        counted = {"cases": checked.cases, "events": checked.events, "bad": checked.problems, "seconds": took}
        self.stdout.write(
            _("核对了 %(cases)d 件、%(events)d 条记录，%(bad)d 处不对，用时 %(seconds).1f 秒。") % counted
        )
        if checked.problems:
            sys.exit(1)
