"""`linli retention [--dry-run]`: deletes what has had its time, as the rules of data/retention.toml say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.privacy.actions import retention

EVERY = 1_000_000


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("删除保存期限已到的原话、联系方式、文书和照片，留下痕迹；暂不删的跳过")
        parser.add_argument("--dry-run", action="store_true", help=_("只说会删什么，不删"))

    def handle(self, *args: Any, **options: Any) -> None:
        at, done = clock.now(), 0
        for case, rule in list(retention.due(at=at, limit=EVERY)):
            if options["dry_run"]:
                self.stdout.write(f"{case.number} {rule.name}: {rule.source}")
                done += 1
                continue
            deletion = retention.let_go(case=case, rule=rule, at=at)
            if deletion is not None:
                removed = " ".join(f"{name}={n}" for name, n in sorted(deletion.removed.items()))
                self.stdout.write(f"{case.number} {rule.name}: {removed}")
                done += 1
        facts = {"n": done, "held": retention.held(at=at), "reads": retention.old_reads(at=at)}
        if options["dry_run"]:
            self.stdout.write(
                _("到期 %(n)d 件，暂不删 %(held)d 件，查阅记录 %(reads)d 条。什么都没有删。") % facts
            )
            return
        retention.sweep(at=at)
        self.stdout.write(_("删了 %(n)d 件的内容，暂不删 %(held)d 件，查阅记录 %(reads)d 条。") % facts)
