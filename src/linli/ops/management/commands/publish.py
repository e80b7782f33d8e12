"""`linli publish [MONTH]`: the figures and the open data of a month that is over, once."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.kit import clock
from linli.measures import actions as measures
from linli.orgs.models import Kind, Organisation

MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("公布一个月的数字和开放数据；公布过的不再改动，重复运行也不会")
        parser.add_argument("month", nargs="?", default="", help=_("月份，写成 2026-09；不写就是上个月"))

    def handle(self, *args: Any, **options: Any) -> None:
        at, county = clock.now(), _county()
        if options["month"]:
            month = month_of(options["month"])
        else:
            month = measures.previous_month(at.astimezone(county.zone).date())
        try:
            edition = measures.publish_edition(county=county, month=month, at=at)
        except measures.EditionError as error:
            raise CommandError(str(error)) from error
        name = f"{edition.month:%Y-%m}"
        self.stdout.write(f"open-data/{name}.csv  sha256 {edition.csv_digest}")
        self.stdout.write(f"open-data/{name}.json sha256 {edition.json_digest}")


def _county() -> Organisation:
    """The county this installation serves."""
    county = Organisation.objects.filter(code=settings.COUNTY_CODE, kind=Kind.COUNTY).first()
    if county is None:
        raise CommandError(
            _("还没有代码为“%(code)s”的县，见 LINLI_COUNTY。") % {"code": settings.COUNTY_CODE}
        )
    return county


def month_of(written: str) -> date:
    """The first day of a month written 2026-09. Raises CommandError."""
    found = MONTH.fullmatch(written)
    if found is None:
        raise CommandError(_("“%(found)s”不是月份，应写成 2026-09。") % {"found": written})
    return date(int(found[1]), int(found[2]), 1)
