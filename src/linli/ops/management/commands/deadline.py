"""`linli deadline`: when something is due, and why. Needs no database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from linli.cases.procedures import calendar as calendars
from linli.cases.procedures import limits

BAD_INPUT = 2


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _("推算到期时间，并逐步说明")
        parser.add_argument(
            "--from", dest="start", required=True, metavar="DATE", help="2026-09-30, 2026-09-30T16:42"
        )
        parser.add_argument("--limit", required=True, metavar="LIMIT", help="5wd, 30d, 8oh, 1mo, 36h")
        parser.add_argument("--roll", action="store_true", help=_("最后一天休息的，顺延到下一个工作日"))
        parser.add_argument(
            "--pause", action="append", default=[], metavar="FROM..UNTIL", help=_("暂停，可写多次")
        )
        parser.add_argument(
            "--extend", action="append", default=[], metavar="LIMIT", help=_("延期，可写多次")
        )
        parser.add_argument("--json", action="store_true", help=_("输出 JSON"))
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"] or translation.get_language()):
            try:
                derivation = _derive(options)
            except limits.LimitError as error:
                raise CommandError(str(error), returncode=BAD_INPUT) from error
            if options["json"]:
                self.stdout.write(json.dumps(_as_json(derivation), ensure_ascii=False, indent=2))
            else:
                self._print(derivation)

    def _print(self, derivation: limits.Derivation) -> None:
        calendar = derivation.calendar
        if derivation.due_at is None:
            self.stdout.write(_("暂停中，没有到期时间"))
        else:
            words = {"due": limits.moment_words(derivation.due_at, None, calendar)}
            self.stdout.write(
                (_("到期：%(due)s（暂定）") if derivation.provisional else _("到期：%(due)s")) % words
            )
        for sentence in derivation.explain():
            self.stdout.write(f"  {sentence}")


def _derive(options: dict[str, Any]) -> limits.Derivation:
    calendar = _calendar()
    limit = limits.Limit.parse(options["limit"])
    if options["roll"] and limit.unit in limits.ROLLING:
        limit = replace(limit, roll=True)
    return limits.due(
        _moment("--from", options["start"], calendar),
        limit,
        calendar,
        [_pause(text, calendar) for text in options["pause"]],
        [limits.Limit.parse(text) for text in options["extend"]],
    )


def _calendar() -> calendars.Calendar:
    """The calendar of the database, or the one the package carries where there is no database to read."""
    try:
        return calendars.current()
    except DatabaseError:
        return calendars.seeded(settings.TIME_ZONE)


def _moment(option: str, text: str, calendar: calendars.Calendar) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        message = _("%(option)s “%(text)s”不是日期。请写 2026-09-30 或 2026-09-30T16:42。")
        raise CommandError(message % {"option": option, "text": text}, returncode=BAD_INPUT) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)


def _pause(text: str, calendar: calendars.Calendar) -> limits.Pause:
    begin, dots, end = text.partition("..")
    if not dots:
        message = _("--pause “%(text)s”要写成 开始..结束，仍在暂停的写 开始.. 。")
        raise CommandError(message % {"text": text}, returncode=BAD_INPUT)
    return _moment("--pause", begin, calendar), _moment("--pause", end, calendar) if end.strip() else None


def _as_json(derivation: limits.Derivation) -> dict[str, Any]:
    due_at = derivation.due_at
    return {
        "due_date": derivation.due_date.isoformat() if derivation.due_date else None,
        "due_at": due_at.astimezone(derivation.calendar.zone).isoformat() if due_at else None,
        "provisional": derivation.provisional,
        "steps": [_step_as_json(step) for step in derivation.steps],
    }


def _step_as_json(step: limits.Step) -> dict[str, Any]:
    dated = step.has_date
    return {
        "kind": step.kind,
        "date": step.first.isoformat() if dated else None,
        "until": step.last.isoformat() if dated and step.last != step.first else None,
        "ordinal": step.ordinal,
        "text": limits.sentence(step),
    }
