"""What moves do besides changing the state. A procedure file names them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions import desks, places, timekeeping, writing
from linli.cases.actions.errors import BadData, NotAllowed
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, Partner
from linli.cases.procedures.checks import EFFECT_NEEDS
from linli.orgs.models import Organisation, is_within


def hold(turn: Turn, unit: Organisation | None) -> None:
    """Puts the case into the hands of a unit, or of none. What the unit before was asked does not wait there longer."""
    if unit is not None:
        turn.unit = unit
    turn.is_handed_over = True
    turn.case.holder = unit
    turn.case.holder_path = unit.path if unit else ""
    whys = turn.procedure.holder_whys
    turn.dropped_tasks += [task for task in turn.tasks if task.why in whys and not task.is_stage]


def _named_place(turn: Turn, name: str) -> Organisation:
    """A standing unit of the case's own county."""
    unit = places.standing(UUID(turn.data[name]))
    if unit is None:
        raise BadData({name: _("这个单位已经撤销，请另选一个。")})
    if unit.path.split("/")[0] != turn.case.place_path.split("/")[0]:
        raise BadData({name: _("这个单位不在本县。")})
    return unit


def _named_unit(turn: Turn, name: str = "unit") -> Organisation:
    """The unit the move names; an accusation never goes to the unit accused nor below it (信访工作条例 30)."""
    unit = _named_place(turn, name)
    if is_within(unit.path, turn.case.accused_path):
        raise BadData({name: _("反映的就是这个单位或它的上级，不能交给它办。")})
    return unit


def assign(turn: Turn) -> None:
    """Hands the case to another unit, which gets its own time for whatever is still asked of the handling unit."""
    unit = _named_unit(turn)
    if unit.pk == turn.case.holder_id:
        raise BadData({"unit": _("它就是承办单位，请选别的单位。")})
    if unit.parent_id is None:
        raise BadData({"unit": _("请派给具体的单位，不能派给全县。")})
    hold(turn, unit)
    for task in turn.tasks:
        if task.why == "called_in" and task.organisation_id == unit.pk:
            turn.dropped_tasks.append(task)
    _pass_on_clocks(turn)
    if turn.move.verb == "rule":
        turn.case.is_ruled = True


def _pass_on_clocks(turn: Turn) -> None:
    """A supervision order follows the case: the next unit answers it, in its own time."""
    open_clocks = {clock.name for clock in turn.clocks if clock.stopped_at is None}
    for name in sorted(open_clocks - set(turn.move.stops)):
        if turn.procedure.clocks[name].owner == "holder":
            timekeeping.start(turn, name)
            desk = turn.procedure.asked_with(name)
            if desk is not None:
                writing.ask(turn, desk, is_stage=False)


def release(turn: Turn) -> None:
    turn.facts["returned_by"] = turn.case.holder_path
    turn.case.returns += 1
    hold(turn, None)


def withdraw(turn: Turn) -> None:
    """Takes the case from its unit, without it counting as a return."""
    turn.facts["withdrawn_from"] = turn.case.holder_path
    hold(turn, None)


def take_over(turn: Turn) -> None:
    if turn.actor.organisation_id is not None:
        hold(turn, places.standing(turn.actor.organisation_id))


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
    hold(turn, None)


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

    asked = Event.objects.filter(case_id=turn.case.pk, verb="request_extension").order_by("-number").first()
    days = int(asked.data["limit"]) if asked else 0
    if days:
        timekeeping.extend(turn, ("unit", "total"), f"{days}wd")
        turn.facts["days"] = days
    turn.case.extensions += 1


def lengthen(turn: Turn) -> None:
    """The calendar days everybody concerned agreed on, added to the promised limit."""
    timekeeping.extend(turn, (turn.procedure.promise.name,), f"{int(turn.data['limit'])}d")
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
        case.place = _named_place(turn, "place")
        case.place_path = case.place.path
        turn.is_relocated = True


def join_group(turn: Turn) -> None:
    """Joins the group of another case of the same kind; the group counts once and tells every reporter."""
    head = Case.objects.visible_to(turn.actor).filter(pk=UUID(turn.data["head"])).first()
    if head is not None and head.group not in (None, head.pk):
        head = Case.objects.visible_to(turn.actor).filter(pk=head.group).first()
    if head is None or head.pk == turn.case.pk or head.kind != turn.case.kind:
        raise BadData({"head": _("没有这个编号的事项，或者您看不到它。请填另一件的编号。")})
    if head.accused_path != turn.case.accused_path:
        raise BadData({"head": _("举报单独办理，不和别的事项并案。")})
    if not head.is_open:
        raise NotAllowed(_("那一件已经办结，不能并入。"))
    turn.case.group = head.pk
    turn.facts["head"] = str(head.pk)
    turn.facts["head_number"] = head.number


def leave_group(turn: Turn) -> None:
    turn.facts["head"] = str(turn.case.group)
    turn.case.group = None
    hold(turn, None)


def head_group(turn: Turn) -> None:
    turn.case.group = turn.case.pk


def rederive(turn: Turn) -> None:
    """Derives the clock of the facts again after the calendar changed; nothing to change refuses the command."""
    timekeeping.rederive(turn, int(turn.facts["number"]))
    turn.is_public = turn.facts.get("clock") == turn.procedure.promise.name


EFFECTS: dict[str, Callable[[Turn], None]] = {name: globals()[name] for name in EFFECT_NEEDS}


def add(name: str, effect: Callable[[Turn], None], needs: str = "") -> None:
    """A kind of case adds an effect on its own rows, which its procedure files may then name."""
    EFFECTS[name] = effect
    EFFECT_NEEDS[name] = needs


__all__ = ["EFFECTS", "desks"]
