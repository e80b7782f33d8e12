"""`linli doctor`: is everything as it should be, and what to do where it is not."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.ops import diagnosis

FAULTY = 1


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("检查这套系统；有要处理的，说明怎么办，并以 1 退出")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = diagnosis.examine(clock.now())
        for name, finding in findings:
            self.stdout.write(f"{_mark(finding)} {name}  {finding.state}")
            if finding.advice:
                self.stdout.write(f"    {finding.advice}")
        if any(finding.is_fault for _name, finding in findings):
            sys.exit(FAULTY)


def _mark(finding: diagnosis.Finding) -> str:
    if finding.is_fault:
        return "✗"
    return "!" if finding.advice else "✓"
