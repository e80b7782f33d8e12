"""`linli doctor`: is everything as it should be, and what to do where it is not."""

from typing import Any

from django.core.management.base import BaseCommand

from linli.kit import clock
from linli.ops import diagnosis


class Command(BaseCommand):
    help = "Checks the installation; exits with 1 where something needs a hand."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        findings = diagnosis.examine(clock.now())
        for finding in findings:
            mark = "✓" if not finding.advice else ("!" if finding.is_warning else "✗")
            self.stdout.write(f"{mark} {finding.name}: {finding.state}")
            if finding.advice:
                self.stdout.write(f"    {finding.advice}")
        if any(finding.advice and not finding.is_warning for finding in findings):
            raise SystemExit(1)
