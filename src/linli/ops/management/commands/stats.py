"""`linli stats [--json] [--county CODE] [--as-of ISO]`: how cases stood at a moment."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from linli.cases.models import Case
from linli.kit import clock
from linli.measures import actions as measures
from linli.orgs.models import Organisation, within


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("事项数、办结数、按时和超期数，由事项的时钟算出")
        parser.add_argument("--json", action="store_true", help=_("输出 JSON"))
        parser.add_argument("--county", default="", metavar="CODE", help=_("只算这个县"))
        parser.add_argument(
            "--as-of", default="", metavar="ISO", help=_("截至时间；不写时区就是该县当地时间")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        county = county_of(options["county"])
        as_of = moment_of(options["as_of"], county.zone if county else ZoneInfo(settings.TIME_ZONE))
        found = asdict(
            measures.stats(county_path=county.path if options["county"] and county else "", as_of=as_of)
        )
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        table = Table(_("事项"), _("办结"), _("在办"), _("按时"), _("超期"))
        table.add_row(*map(str, found.values()))
        console = Console()
        with console.capture() as shown:
            console.print(table)
        self.stdout.write(shown.get(), ending="")


def county_of(code: str) -> Organisation | None:
    """The county asked for, or the only one that has cases."""
    roots = Organisation.objects.filter(parent=None)
    if code:
        county = roots.filter(code=code).first()
        if county is None:
            raise CommandError(
                _("没有代码为“%(code)s”的县。现有：%(known)s。")
                % {"code": code, "known": ", ".join(roots.order_by("code").values_list("code", flat=True))}
            )
        return county
    having = [root for root in roots if Case.objects.filter(within("place_path", root.path)).exists()]
    return having[0] if len(having) == 1 else None


def moment_of(written: str, zone: ZoneInfo) -> datetime:
    if not written:
        return clock.now()
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise CommandError(
            _("“%(found)s”不是时间，应写成 2016-01-12T22:22:40，需要时在后面加时区，如 +08:00。")
            % {"found": written}
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
