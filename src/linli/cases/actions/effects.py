"""What moves do besides changing the state. A procedure file names them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import desks, timekeeping
from linli.cases.actions.errors import BadData, NotAllowed
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, Partner
from linli.cases.procedures.loader import EFFECTS as NAMES
from linli.orgs.models import Organisation, is_within


def hold(turn: Turn, unit: Organisation) -> None:
    turn.unit = unit
    turn.case.holder = unit
    turn.case.holder_path = unit.path


def _named_unit(turn: Turn, name: str = "unit") -> Organisation:
    """The unit the move names; an accusation never goes to the unit accused nor below it (信访工作条例 30)."""
    unit = Organisation.objects.get(pk=UUID(turn.data[name]))
    if turn.case.accused_path and is_within(unit.path, turn.case.accused_path):
        raise BadData({name: _("反映的就是这个单位或它的上级，不能交给它办。")})
    if unit.path.split("/")[0] != turn.case.place_path.split("/")[0]:
        raise BadData({name: _("这个单位不在本县。")})
    return unit


def assign(turn: Turn) -> None:
    unit = _named_unit(turn)
    hold(turn, unit)
    if turn.move.verb == "rule":
        turn.case.is_ruled = True


def release(turn: Turn) -> None:
    turn.facts["returned_by"] = turn.case.holder_path
    turn.case.returns += 1
    turn.case.holder = None
    turn.case.holder_path = ""


def take_over(turn: Turn) -> None:
    organisation = turn.actor.organisation
    if organisation is not None:
        hold(turn, organisation)


def name_checker(turn: Turn) -> None:
    """Names who checks: the unit chosen, else the nearest around the place; never the unit that did the work."""
    chosen = turn.data.get("checker")
    if chosen:
        unit = _named_unit(turn, "checker")
        if is_within(unit.path, turn.case.holder_path):
            raise BadData({"checker": _("办的单位不能核查自己的活，请换一个。")})
        if not is_within(turn.case.place_path, unit.path):
            raise BadData({"checker": _("请选事情所在地的网格、村（社区）、乡镇或县里的核查单位。")})
        turn.checker_id = unit.pk


def count_rework(turn: Turn) -> None:
    turn.case.reworks += 1


def rate(turn: Turn) -> None:
    turn.case.rating = int(turn.data["grade"])


def reopen(turn: Turn) -> None:
    case = turn.case
    turn.facts["closed_by"] = case.holder_path
    turn.unit = case.holder
    case.reopenings += 1
    case.rating = None
    case.returns = 0
    case.is_ruled = False
    case.group = None
    case.holder = None
    case.holder_path = ""


def call_in(turn: Turn) -> None:
    unit = _named_unit(turn)
    if unit.pk == turn.case.holder_id:
        raise BadData({"unit": _("它就是承办单位，请选别的单位协办。")})
    turn.unit = unit
    turn.partners.append(
        Partner(case_id=turn.case.pk, organisation=unit, path=unit.path, since=turn.received_at)
    )


def extend(turn: Turn) -> None:
    """The days asked for, added to the unit's clock and to the resident's, who is told why."""
    from linli.cases.models import Event

    asked = (
        Event.objects.filter(case_id=turn.case.pk, verb="request_extension").order_by("-number").first()
    )
    days = int(asked.data["limit"]) if asked else 0
    if days:
        timekeeping.extend(turn, ("unit", "total"), f"{days}wd")
        turn.facts["days"] = days
    turn.case.extensions += 1


def count_urge(turn: Turn) -> None:
    turn.case.urgings += 1
    turn.unit = turn.case.holder


def count_supervision(turn: Turn) -> None:
    turn.case.supervisions += 1
    turn.unit = turn.case.holder


def count_escalation(turn: Turn) -> None:
    turn.case.escalations += 1


def mark_late(turn: Turn) -> None:
    if turn.facts.get("clock") == turn.procedure.promise.name:
        turn.case.is_late = True


def choose_publicity(turn: Turn) -> None:
    turn.is_public = turn.data.get("reader") == "public"


def correct(turn: Turn) -> None:
    case = turn.case
    if not {"title", "category", "place"} & set(turn.data):
        raise BadData({"title": _("标题、类别、位置至少更正一项。")})
    turn.facts["before"] = {"title": case.title, "category": case.category, "place": case.place_path}
    case.title = turn.data.get("title", case.title)
    case.category = turn.data.get("category", case.category)
    if "place" in turn.data:
        case.place = _named_unit(turn, "place")
        case.place_path = case.place.path


def join_group(turn: Turn) -> None:
    """Joins the group of another case of the same kind; the group counts once and tells every reporter."""
    head = Case.objects.visible_to(turn.actor).filter(pk=UUID(turn.data["head"])).first()
    if head is None or head.pk == turn.case.pk or head.kind != turn.case.kind:
        raise BadData({"head": _("请填另一件您看得到的事项的编号。")})
    if head.group not in (None, head.pk):
        head = Case.objects.get(pk=head.group)
    if not head.is_open:
        raise NotAllowed(_("那一件已经办结，不能并入。"))
    turn.case.group = head.pk
    turn.facts["head"] = str(head.pk)
    turn.facts["head_number"] = head.number


def leave_group(turn: Turn) -> None:
    turn.facts["head"] = str(turn.case.group)
    turn.case.group = None


def head_group(turn: Turn) -> None:
    turn.case.group = turn.case.pk


def rederive(turn: Turn) -> None:
    """Derives the clock of the facts again after the calendar changed; nothing to change refuses the command."""
    timekeeping.rederive(turn, int(turn.facts["number"]))
    turn.is_public = turn.facts.get("clock") == turn.procedure.promise.name


EFFECTS: dict[str, Callable[[Turn], None]] = {name: globals()[name] for name in NAMES}

__all__ = ["EFFECTS", "desks"]
