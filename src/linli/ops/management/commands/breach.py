"""`linli breach --key PREFIX | --person USERNAME | --session COOKIE [--since ISO] [--json]`: what was read with it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from linli.kit.lists import listed
from linli.privacy.actions import breaches
from linli.privacy.models import Group


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("密钥、账号或会话落到别人手里以后：用它看过哪些事项的哪些内容")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--key", metavar="PREFIX", help=_("API 密钥的开头，名单上看得到的那几位"))
        which.add_argument("--person", metavar="USERNAME", help=_("工作人员的账号"))
        which.add_argument("--session", metavar="COOKIE", help=_("会话 cookie 的值，或记录里的名字"))
        parser.add_argument(
            "--since", default="", metavar="ISO", help=_("从什么时候起；不写时区就是当地时间")
        )
        parser.add_argument("--json", action="store_true", help=_("输出 JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = breaches.touched(_which(options), _moment(options["since"]))
        except breaches.Unknown as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            facts = {"cases": [each.as_json() for each in found], "count": len(found)}
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
            return
        labels = {group.value: str(group.label) for group in Group}
        for each in found:
            shown = listed(labels.get(name, name) for name in sorted(each.groups))
            first = f"{localtime(each.first_at):%Y-%m-%d %H:%M}" if each.first_at else ""
            self.stdout.write(f"{each.number}  {each.times}×  {first}  {shown}")
        said = _("共 %(n)d 件。请告诉这些事项的本人和主管部门（个人信息保护法第五十七条）。")
        self.stdout.write(said % {"n": len(found)})


def _which(options: dict[str, Any]) -> Q:
    if options["key"]:
        return breaches.by_key(options["key"])
    if options["person"]:
        return breaches.by_person(options["person"])
    return breaches.by_session(options["session"])


def _moment(written: str) -> datetime | None:
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        said = _("“%(found)s”不是时间，应写成 2016-01-12T22:22:40。") % {"found": written}
        raise CommandError(said) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
