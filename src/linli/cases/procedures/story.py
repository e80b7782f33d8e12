"""What happened to a case, told in plain words. One place for desk, portal and documents alike.

`story(event, procedure, viewer, names)` turns an event into a `Line`. It asks nothing of the database: the
caller loads events with `select_related("person", "organisation", "unit")` and the names of what `mentioned`
lists (units by id, categories by code). To a resident units are named, members of staff are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from linli.kit.lists import listed

from .calendar import current
from .model import Move, Need, Procedure
from .wording import moment_words

if TYPE_CHECKING:
    from linli.cases.models import Event

Viewer = Literal["public", "staff"]
QUOTED = frozenset({"text", "line"})
NAMED = frozenset({"unit", "place", "category"})
OWN_WORDS = frozenset({"ask_progress", "add"})  # their wording says already that it was the resident


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, and which question it answers."""

    label: str
    text: str


@dataclass(frozen=True)
class Line:
    """One event as a page shows it. `photos` are ids of attachments; `where` says who, for the small print."""

    number: int
    icon: str
    title: str
    at: datetime
    where: str = ""
    quotes: tuple[Quote, ...] = ()
    facts: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    is_public: bool = True
    state: str = field(default="", compare=False)

    @property
    def quote(self) -> str:
        """The first thing written, for pages that show one."""
        return self.quotes[0].text if self.quotes else ""

    @property
    def text(self) -> str:
        """Every fact, a line each."""
        return "\n".join(self.facts)


def story(
    event: Event, procedure: Procedure, viewer: Viewer = "public", names: Mapping[str, str] | None = None
) -> Line:
    """The event in the reader's language."""
    move = procedure.move_of(event.kind)
    known = names or {}
    data: dict[str, Any] = event.data or {}
    return Line(
        number=event.number,
        icon=move.icon,
        title=_title(event, move, viewer),
        at=event.at,
        where=_where(event, move, viewer),
        quotes=tuple(_quotes(move, data)),
        facts=tuple(_facts(event, procedure, move, viewer, known)),
        photos=tuple(str(photo) for photo in data.get("photos", ())),
        badges=_badges(event, viewer),
        is_public=event.is_public,
    )


def _badges(event: Event, viewer: Viewer) -> tuple[str, ...]:
    if viewer == "public" or event.verb != "note":
        return ()
    return (_("公开") if event.is_public else _("内部"),)


def is_for_reporter(event: Event) -> bool:
    """Whether the person who reported reads this: public steps, and whatever they did themselves."""
    return event.is_public or event.actor_kind == "reporter"


def mentioned(events: Iterable[Event], procedure: Procedure) -> set[str]:
    """Ids of units and codes of categories that the stories of these events name."""
    found: set[str] = set()
    for event in events:
        facts = event.facts or {}
        found |= {str(facts[key]) for key in ("suggested", "owner") if facts.get(key)}
        for need in procedure.move_of(event.kind).needs:
            if need.kind in NAMED and (event.data or {}).get(need.name):
                found.add(str(event.data[need.name]))
    return found


# Titles ---------------------------------------------------------------------------------------


def _title(event: Event, move: Move, viewer: Viewer) -> str:
    done = str(move.done)
    if event.role == "party" and viewer == "staff":  # the wording of a mediation names the parties itself
        return done
    if event.number == 1:
        return _opening_title(event, viewer)
    if event.verb in OWN_WORDS:
        return done
    if event.unit is not None and _names_unit(move):
        return f"{done}{_space()}{event.unit.label}"
    if event.actor_kind == "system":
        return done
    who = _who(event, viewer)
    if not who:
        return done
    if _in_english():
        return pgettext("event", "%(who)s %(done)s") % {"who": who, "done": done}
    return f"{who}{'' if event.actor_kind == 'reporter' or viewer == 'public' else ' '}{done}"


def _opening_title(event: Event, viewer: Viewer) -> str:
    if viewer == "public":
        return _("收到您的反映")
    if event.actor_kind == "reporter":
        return _("居民反映")
    return _("%(who)s 登记") % {"who": _who(event, viewer)} if event.person_id else _("登记")


def _who(event: Event, viewer: Viewer) -> str:
    if event.actor_kind == "reporter":
        return pgettext("event", "您") if viewer == "public" else pgettext("event", "反映人")
    if viewer == "public":
        return event.organisation.label if event.organisation else ""
    return event.person.name if event.person else ""


def _where(event: Event, move: Move, viewer: Viewer) -> str:
    """Who and for which unit, where the title has not said it."""
    if event.actor_kind == "system":
        return _("邻里自动记录")
    if event.actor_kind == "reporter":
        return ""
    unit = event.organisation.label if event.organisation else ""
    told = _names_unit(move) and event.unit is not None
    person = event.person.name if viewer == "staff" and told and event.person else ""
    if viewer == "public" and not told and event.number != 1:
        return ""
    return " · ".join(filter(None, (person, unit)))


def _names_unit(move: Move) -> bool:
    """Whether the wording of the move ends in the unit it names: sent to …"""
    return any(need.kind == "unit" and need.name == "unit" for need in move.needs)


# What was said and what followed -----------------------------------------------------------------


def _quotes(move: Move, data: Mapping[str, Any]) -> Iterator[Quote]:
    for need in move.needs:
        if need.kind in QUOTED and data.get(need.name):
            yield Quote(str(need.label), str(data[need.name]))


def _facts(
    event: Event, procedure: Procedure, move: Move, viewer: Viewer, names: Mapping[str, str]
) -> Iterator[str]:
    for need in move.needs:
        if said := _said(need, event, names):
            asked = str(need.label).endswith(("？", "?", "吗"))  # the answer says it all
            yield said if asked else _("%(label)s：%(value)s") % {"label": need.label, "value": said}
    facts: dict[str, Any] = event.facts or {}
    if days := facts.get("days"):
        yield ngettext("限期延长 %(n)d 个工作日。", "限期延长 %(n)d 个工作日。", int(days)) % {"n": int(days)}
    yield from _clock_facts(event, procedure, facts, names)
    if viewer == "staff":
        yield from _staff_facts(event, facts, names)


def _said(need: Need, event: Event, names: Mapping[str, str]) -> str:
    value = (event.data or {}).get(need.name)
    if value in (None, "") or event.verb == "note":  # its badge says who may read it
        return ""
    if need.kind == "choice":
        return str(dict(need.choices).get(str(value), ""))
    if need.kind == "limit":
        return str(value)
    if need.kind in NAMED and need.name != "unit":
        return names.get(str(value), "")
    return ""


def _clock_facts(
    event: Event, procedure: Procedure, facts: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[str]:
    rule = procedure.clocks.get(str(facts.get("clock", "")))
    if rule is None:
        return
    due = facts.get("due_at")
    words = moment_words(datetime.fromisoformat(due), event.received_at, current()) if due else ""
    unit = "" if rule.is_promise else names.get(str(facts.get("owner", "")), "")
    parts = {"clock": rule.label, "due": words, "unit": unit}
    yield (
        _("%(clock)s（%(unit)s）：%(due)s 到期。") if parts["unit"] else _("%(clock)s：%(due)s 到期。")
    ) % parts


def _staff_facts(event: Event, facts: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    unit = names.get(str(facts.get("suggested", "")), "")
    if event.number == 1 and unit:
        position = facts.get("rule_position")
        text = _("规则第 %(n)s 条建议派给%(unit)s。") if position else _("按类别的默认单位建议派给%(unit)s。")
        yield text % {"n": position, "unit": unit}
    if broken := facts.get("broken_rules"):
        yield ngettext(
            "有 %(n)d 条规则失效，已跳过：%(rules)s", "有 %(n)d 条规则失效，已跳过：%(rules)s", len(broken)
        ) % {"n": len(broken), "rules": listed(broken)}
    if event.verb == "merge" and facts.get("head_number"):
        yield _("并入 %(number)s") % {"number": facts["head_number"]}
    if facts.get("member_number"):
        yield _("并入的是 %(number)s") % {"number": facts["member_number"]}
    before = facts.get("before") or {}
    if before.get("title") and "title" in (event.data or {}):
        yield _("原标题：%(title)s") % {"title": before["title"]}


def _in_english() -> bool:
    return (get_language() or "").startswith("en")


def _space() -> str:
    return " " if _in_english() else ""
