"""Each kind of command through the same verbs as the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, CommandError, NotAllowed, OutOfOrder, late
from linli.cases.models import Case, Event
from linli.cases.procedures.story import story
from linli.field.actions import assisting
from linli.field.actions.claims import claimed, facts
from linli.field.actions.phones import person_of
from linli.field.models import Sent, State
from linli.field.wire import Command, read
from linli.kit import codes
from linli.mediation.actions import screening
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.service_requests.actions import Submission
from linli.service_requests.actions.contacts import WhereWrong, place_at
from linli.service_requests.actions.with_photos import advance_with_photos, attach_late, submit_with_photos
from linli.service_requests.models import Channel

# Moves after which the case is no longer what it was: made only on the case as the worker saw it.
DECISIVE = frozenset({"feedback", "self_handle", "verify", "fail_check"})
MOVES = frozenset({"acknowledge", "progress", "note", *DECISIVE})
WORDS = ("note", "result", "finding", "reason")
MOST_CHANGES = 5


@dataclass(frozen=True)
class Doing:
    """A command with who gives it, when it was received, and the photos staged for it."""

    command: Command
    by: Actor
    at: datetime
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of it. `is_kept`: its content is in no case, so it is kept beside the answer."""

    state: State
    answer: dict[str, Any]
    is_kept: bool = False


def carry_out(doing: Doing) -> Outcome:
    """Carries a command out; raises CommandError when it cannot be."""
    return KINDS[doing.command.kind](doing)


def received(event: Event, **more: Any) -> Outcome:
    """A receipt: which case, which entry of its history, and the hash the log holds."""
    case = event.case
    answer = {
        "number": case.number,
        "case": str(case.pk),
        "event": event.number,
        "hash": bytes(event.leaf_hash).hex(),
        "received_at": event.received_at.isoformat(),
    }
    return Outcome(State.RECEIVED, {**answer, **more})


# A report -----------------------------------------------------------------------------------------


def _report(doing: Doing) -> Outcome:
    command, by = doing.command, doing.by
    if not by.may("case.report"):
        raise NotAllowed(_("您现在的岗位不能上报。"))
    receipt = submit_with_photos(
        submission=_submission(doing),
        by=by,
        at=doing.at,
        command_id=command.id,
        claimed_at=claimed(command, doing.at),
    )
    is_for_resident = bool(command.data.get("for_resident"))
    if is_for_resident and receipt.is_new:
        assisting.tell(command, _text(command.data, "contact_phone").strip(), doing.at)
    return received(receipt.event, told=is_for_resident)


def _submission(doing: Doing) -> Submission:
    data = doing.command.data
    lon, lat = _number(data.get("lon")), _number(data.get("lat"))
    try:
        place = place_at(_text(data, "place") or None, lon, lat)
    except WhereWrong as error:
        raise BadData({"place": str(error)}) from None
    is_for_resident = bool(data.get("for_resident"))
    if is_for_resident and not data.get("consent"):
        raise BadData({"consent": _("替居民上报，要居民本人在屏幕上同意。")})
    if is_for_resident and data.get("channel") == "sms" and not _text(data, "contact_phone").strip():
        raise BadData({"contact_phone": _("要发短信给居民，请填居民的电话。")})
    return Submission(
        text=_text(data, "text"),
        category=_text(data, "category"),
        request_type=_text(data, "request_type") or "help",
        channel=Channel.GRID,
        place=place,
        address=_text(data, "address"),
        lon=lon,
        lat=lat,
        contact_name=_text(data, "contact_name") if is_for_resident else "",
        contact_phone=_text(data, "contact_phone") if is_for_resident else "",
        photos=list(doing.photos),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise BadData({name: _("这一项应当是文字。")})
    return value


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# A move -------------------------------------------------------------------------------------------


def _move(doing: Doing) -> Outcome:
    command = doing.command
    if command.case is None or command.verb not in MOVES:
        raise BadData({"verb": _("手机上不能做这一步。")})
    try:
        case = cases.lock(command.case, doing.by)
    except CaseNotFound:
        return _too_late(doing, command.case)
    others = late.changed_by_others(case, command.seen, doing.by) if command.seen is not None else []
    if others and command.verb in DECISIVE:
        return _clash(doing, case, others)
    try:
        event = _advance(doing, case)
    except (OutOfOrder, NotAllowed):
        if not doing.by.may(case.procedure.moves[command.verb].may):
            raise
        return _clash(doing, case, others)
    return received(event)


def _advance(doing: Doing, case: Case) -> Event:
    command = doing.command
    data: dict[str, Any] = dict(command.data)
    if doing.photos:
        data["photos"] = list(doing.photos)
    return advance_with_photos(
        case=case.pk,
        verb=command.verb,
        by=doing.by,
        at=doing.at,
        command_id=command.id,
        data=data,
        claimed_at=claimed(command, doing.at, case.received_at),
        facts=facts(command),
    )


def _too_late(doing: Doing, case_id: UUID, words: str = "") -> Outcome:
    """The case is out of the worker's sight: what was done is kept with it, and nothing newer is told."""
    event = _keep(doing, Case.objects.filter(pk=case_id).first(), words)
    if event is None:
        raise CaseNotFound
    return Outcome(State.RECEIVED, {"late": True, "received_at": doing.at.isoformat()})


def _clash(doing: Doing, case: Case, others: list[Event]) -> Outcome:
    """Both stand: what the others did is the case as it is, what this one did is kept as a note; the worker decides.

    The answer says what the others did, never in what words: it lies on the phone as it came.
    """
    event = _keep(doing, case)
    case = event.case if event is not None else case
    lines = [story(other, case.procedure, "staff") for other in (others or _latest(case, doing.by))]
    answer = {
        "number": case.number,
        "case": str(case.pk),
        "version": case.version,
        "state_label": str(case.stage.label),
        "kept": event.number if event else None,
        "changes": [
            {"title": line.title, "where": line.where, "at": line.at.isoformat()}
            for line in lines[-MOST_CHANGES:]
        ],
        "received_at": doing.at.isoformat(),
    }
    return Outcome(State.CONFLICT, answer, is_kept=True)


def _latest(case: Case, by: Actor) -> list[Event]:
    """What the case shows instead, where it does not say since when."""
    others = Event.objects.filter(case_id=case.pk).exclude(verb="note").exclude(person_id=person_of(by))
    found = others.select_related("person", "organisation", "unit").order_by("-number")[:1]
    return list(found)


def _keep(doing: Doing, case: Case | None, words: str = "") -> Event | None:
    """The words and photos of a move that came too late, as a note; None where there were none."""
    if case is None:
        raise CaseNotFound
    command = doing.command
    words = words or next((str(command.data[name]) for name in WORDS if command.data.get(name)), "")
    if not words.strip() and not doing.photos:
        if not late.had_to_do_with(case, doing.by):
            raise CaseNotFound
        return None
    event = late.note_late(
        case=case.pk,
        by=doing.by,
        at=doing.at,
        command_id=command.id,
        words=words if len(words.strip()) > 1 else _("（只有照片）"),
        claimed_at=claimed(command, doing.at, case.received_at),
        facts={"verb": command.verb, "seen": command.seen, **facts(command)},
    )
    attach_late(event, doing.photos, command.verb, doing.by)
    return event


# A visit, a round, a decision ------------------------------------------------------------------------

ANSWERS = "满意 基本满意 不满意 没见到人".split()  # zh: written into the history
SATISFIED = dict(zip("yes partly no away".split(), ANSWERS, strict=True))


def _visit(doing: Doing) -> Outcome:
    """A visit after the work: what the resident said about it, as a note on the case. Nobody's rating is made of it."""
    command = doing.command
    said, words = SATISFIED.get(_text(command.data, "satisfied")), _text(command.data, "note")
    if said is None:
        raise BadData({"satisfied": _("请选居民满意不满意。")})
    told = f"回访：{said}。{words}".strip()  # zh: written into the history
    wanted = Q(pk=command.case) if command.case else Q(pk__in=_numbered(_text(command.data, "number")))
    case = Case.objects.visible_to(doing.by).filter(wanted).first()
    if case is None and command.case:
        return _too_late(doing, command.case, told)
    if case is None:
        raise CaseNotFound
    event = cases.advance(
        case=case.pk,
        verb="note",
        by=doing.by,
        at=doing.at,
        command_id=command.id,
        data={"note": told, "reader": "internal"},
        claimed_at=claimed(command, doing.at, case.received_at),
        facts={**facts(command), "visit": _text(command.data, "satisfied")},
    )
    attach_late(event, doing.photos, "visit", doing.by)
    return received(event)


def _numbered(number: str) -> list[UUID]:
    wanted = codes.normalise_number(number)
    return list(Case.objects.numbered(wanted).values_list("pk", flat=True)) if wanted else []


def _screening(doing: Doing) -> Outcome:
    data = doing.command.data
    place = Organisation.objects.standing().filter(code=_text(data, "place")).first()
    try:
        month = date.fromisoformat(f"{_text(data, 'month')}-01")
    except ValueError:
        raise BadData({"month": _("请写成 2026-09 这样的月份。")}) from None
    found = data.get("found")
    if place is None or not isinstance(found, int) or isinstance(found, bool):
        raise BadData({"found": _("请填发现几起，没有就填 0。")})
    try:
        made = screening.record_round(
            place=place, month=month, found=found, note=_text(data, "note"), by=doing.by, at=doing.at
        )
    except BadData as error:
        if "month" not in error.errors:
            raise
        answer = {"changes": [{"title": str(error)}], "received_at": doing.at.isoformat()}
        return Outcome(State.CONFLICT, answer, is_kept=True)
    return Outcome(
        State.RECEIVED,
        {"place": place.code, "month": f"{made.month:%Y-%m}", "received_at": doing.at.isoformat()},
    )


def _decision(doing: Doing) -> Outcome:
    """What the worker wants after a conflict: to do it all the same, on the case as it is now, or to leave it."""
    of, choice = doing.command.case, doing.command.data.get("choice")
    mine = Sent.objects.filter(state=State.CONFLICT, device__grant__person_id=person_of(doing.by))
    sent = mine.filter(pk__in=[of] if of else []).select_for_update(of=("self",)).first()
    if sent is None or choice not in ("mine", "theirs"):
        raise BadData({"choice": _("这一条已经定过了。")})
    if choice == "mine" and sent.content.get("kind") == "move":
        outcome = _again(doing, read(sent.pk, sent.content))
    else:
        outcome = Outcome(State.RECEIVED, {"received_at": doing.at.isoformat()})
    Sent.objects.filter(pk=sent.pk).update(
        state=State.RECEIVED, answer={**sent.answer, "decided": str(choice)}
    )
    return outcome


def _again(doing: Doing, first: Command) -> Outcome:
    """The move on the case as it is, under the id of the decision. Its photos are with the note already."""
    command = replace(first, id=doing.command.id, seen=None, photos=())
    assert command.case is not None
    case = cases.lock(command.case, doing.by)
    data = {name: value for name, value in command.data.items() if name != "photos"}
    again = replace(doing, command=replace(command, data=data), photos=())
    try:
        return received(_advance(again, case))
    except CommandError as error:
        raise NotAllowed(str(error)) from error


KINDS: dict[str, Callable[[Doing], Outcome]] = {
    "report": _report,
    "move": _move,
    "visit": _visit,
    "screening": _screening,
    "decision": _decision,
}
