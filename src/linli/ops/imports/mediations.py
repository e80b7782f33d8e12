"""`linli import mediations FILE [--committee CODE] [--place CODE]`: a case of every published mediation in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases.actions import BadData
from linli.cases.actions import CommandError as Refused
from linli.kit import clock
from linli.kit.ids import derived
from linli.mediation import actions as mediations
from linli.mediation.models import Category, Committee, PaperKind
from linli.ops.imports import mediation_rows
from linli.ops.imports.mediation_rows import LineRefused, Row
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM
from linli.service_requests.imports import Reject


@dataclass
class Outcome:
    """How far an import came. `notes`: number of a line and what to look at in its case."""

    rows: int = 0
    new: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)


def add_arguments(parser: CommandParser) -> None:
    without = _("哪个调解委员会的；不写，就在调解中心等分流")
    parser.add_argument("--committee", default="", metavar="CODE", help=without)
    parser.add_argument("--place", default="", metavar="CODE", help=_("在哪里；不写，就是全县"))


def run(command: BaseCommand, options: dict[str, Any]) -> str:
    """Line by line, each whole or not at all; the same command again finds what it took in before."""
    committee = _committee(options["committee"]) if options["committee"] else None
    place = _place(options["place"] or settings.COUNTY_CODE)
    try:
        outcome = take_in(Path(options["file"]), committee, place, clock.now())
    except OSError as error:
        message = _("读不了文件 %(path)s：%(reason)s") % {"path": options["file"], "reason": error.strerror}
        raise CommandError(message) from error
    for number, said in outcome.notes:
        command.stderr.write(_("第 %(row)d 行：%(said)s") % {"row": number, "said": said})
    for reject in outcome.rejects:
        command.stderr.write(str(reject))
    return _("读了 %(rows)d 行：新导入 %(new)d 件，以前已导入 %(known)d 件，没有导入 %(rejected)d 行。") % {
        "rows": outcome.rows,
        "new": outcome.new,
        "known": outcome.known,
        "rejected": len(outcome.rejects),
    }


def _committee(code: str) -> Committee:
    found = (
        Committee.objects.standing().select_related("organisation").filter(organisation__code=code).first()
    )
    if found is None:
        raise CommandError(_("没有代码是“%(code)s”的调解委员会。") % {"code": code})
    return found


def _place(code: str) -> Organisation:
    found = Organisation.objects.standing().filter(code=code).first()
    if found is None:
        raise CommandError(_("没有代码是“%(code)s”的地方。") % {"code": code})
    return found


def take_in(path: Path, committee: Committee | None, place: Organisation, at: datetime) -> Outcome:
    """Every line of the file; a bad one is noted and the rest goes on."""
    outcome = Outcome()
    for number, line in mediation_rows.lines(path):
        outcome.rows += 1
        try:
            row = mediation_rows.read(number, line)
            is_new = _take(row, committee, place, at)
        except LineRefused as refusal:
            outcome.rejects.append(Reject(number, refusal.column, str(refusal)))
        except BadData as refusal:
            outcome.rejects += [Reject(number, name, said) for name, said in list(refusal.errors.items())[:1]]
        except Refused as refusal:
            outcome.rejects.append(Reject(number, "", str(refusal)))
        else:
            outcome.new += is_new
            outcome.known += not is_new
            outcome.notes += [(number, said) for said in row.notes] if is_new else []
    return outcome


def _take(row: Row, committee: Committee | None, place: Organisation, at: datetime) -> bool:
    """The case with its parties, and the dialogue as the record of its session. Nobody's consent is claimed."""
    category = Category.objects.get(pk=row.category)
    first, other = row.parties[0].name, row.parties[1].name
    application = mediations.Application(
        subject=f"{first}、{other}{category.name_zh}纠纷"[:80],  # zh: the name of the case on its papers
        brief=row.brief,
        requests=[mediation_rows.NO_REQUEST],
        category=row.category,
        source="applied",
        place=place,
        parties=row.parties,
        channel="import",
        committee=committee,
        is_willing=False,
    )
    with transaction.atomic():
        made = mediations.register(application=application, by=SYSTEM, at=at, command_id=row.id)
        if made.is_new:
            mediations.write(
                case=made.case.pk,
                kind=PaperKind.RECORD,
                content=_record(row, place, at),
                is_joint=True,
                by=SYSTEM,
                at=at,
                paper_id=derived(row.id, "record"),
            )
    return made.is_new


def _record(row: Row, place: Organisation, at: datetime) -> dict[str, Any]:
    """When it was is not known: the record carries the day it was taken in."""
    return {
        "at": timezone.localtime(at).isoformat(timespec="minutes"),
        "place": place.name,
        "invited": row.invited,
        "points": row.points,
        "result": row.result,
    }
