"""Published mediations, one a line of JSON: what is said in a line, and as what it is taken in.

`disputing_parties` names everybody who was there: who is told by their words to hold an office, to know the matter or
to have helped is an invited person, not a party. Nothing is made up: what the text does not say stays empty.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.kit.ids import uuid7_at
from linli.mediation.actions import PartyDetails

CATEGORIES: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "mediation_kinds.toml").read_text(encoding="utf-8")
)
OTHER = "other"
# zh: words by which somebody is known to be invited, to be a body, or not to be named at all
INVITED = re.compile(
    "书记|主任|干部|人员|专家|律师|领导|会长|校长|老师|同志|调解委员会|委员会成员|司法所|派出所|信访|综治|治理委员会"
    "|城管|监察|建设局|亲朋|村民|兽医"
)  # zh: the same
BODY = re.compile("公司|厂|店|医院|中心|网站|家具城|施工队|工作室|学校|局$|[矿段]$")  # zh: the same
UNNAMED = frozenset({"未提及", "不详", "无"})  # zh: the same
UNKNOWN = "对方（原文没有写明）"  # zh: a party of an imported case
NO_REQUEST = "原文没有另写，见纠纷简要情况"  # zh: what an imported case says of its requests
MEDIATOR, AGREED = "sys", "达成调解协议"  # zh: how the data call the mediator's closing words
ENDING = re.compile("(就此|我们|最终|一致|现)达成|达成(了)?(以下|如下)")  # zh: words of an agreement
SUCCESS, GOES_ON = "调解成功", "有待继续调解"  # zh: as printed on the form
FIRST_DAY = datetime(
    2000, 1, 1, tzinfo=UTC
)  # of the identifiers, which must not depend on when a file is read


class LineRefused(ValueError):
    """A line that is not a mediation; `column` names what is wrong with it."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(frozen=True)
class Turn:
    speaker: str
    text: str
    strategy: str = ""


@dataclass(frozen=True)
class Row:
    """A published mediation as it will be taken in. `notes`: what somebody should look at afterwards."""

    number: int
    id: UUID
    category: str
    brief: str
    parties: list[PartyDetails]
    invited: list[str]
    turns: list[Turn]
    notes: list[str] = field(default_factory=list)

    @property
    def result(self) -> str:
        said = [turn for turn in self.turns if turn.speaker == MEDIATOR]
        is_agreed = any(AGREED in turn.strategy or ENDING.search(turn.text) for turn in said)
        return SUCCESS if is_agreed else GOES_ON

    @property
    def points(self) -> list[str]:
        """The seven points of a record, as far as the dialogue holds them: 1, 5 and 7 it never does."""
        own = [turn for turn in self.turns if turn.speaker == MEDIATOR]
        opening, rest = own[:1], own[1:]
        ending = [turn for turn in rest if AGREED in turn.strategy or ENDING.search(turn.text)]
        facts = [turn for turn in self.turns if turn in rest and turn not in ending or self._is_invited(turn)]
        told = [turn for turn in self.turns if turn.speaker != MEDIATOR and not self._is_invited(turn)]
        return ["", _lines(opening), _lines(told), _lines(facts), "", _lines(ending), ""]

    def _is_invited(self, turn: Turn) -> bool:
        return turn.speaker != MEDIATOR and _bare(turn.speaker) in {_bare(name) for name in self.invited}


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers from 1; blank ones are left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def read(number: int, line: bytes) -> Row:
    """One line; raises LineRefused saying what is wrong with it."""
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except ValueError:
        raise LineRefused("", _("不是一行完整的 JSON。")) from None
    if not isinstance(found, dict):
        raise LineRefused("", _("不是一行完整的 JSON。"))
    notes: list[str] = []
    turns = _turns(found.get("dialog"))
    kind, brief = _text(found, "event_type"), _text(found, "event_description")
    if kind not in CATEGORIES:
        notes.append(_("不认识的纠纷类型“%(kind)s”，记作其他。") % {"kind": kind})
    parties, invited = _people(_text(found, "disputing_parties"), turns, notes)
    digest = blake2b(line.strip(), digest_size=9).digest()
    command = uuid7_at(FIRST_DAY, int.from_bytes(digest))
    return Row(number, command, CATEGORIES.get(kind, OTHER), brief, parties, invited, turns, notes)


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip():
        raise LineRefused(name, _("没有填写。"))
    return value.strip()


def _turns(given: Any) -> list[Turn]:
    if not isinstance(given, list) or not given:
        raise LineRefused("dialog", _("没有对话。"))
    turns = []
    for each in given:
        if not isinstance(each, dict) or not all(
            isinstance(each.get(key), str) for key in ("speaker", "text")
        ):
            raise LineRefused("dialog", _("对话里有一句没有写明谁说了什么。"))
        words = each["text"].strip().strip('“”"').strip()
        turns.append(Turn(each["speaker"].strip(), words, str(each.get("strategy") or "")))
    return turns


def _people(names: str, turns: list[Turn], notes: list[str]) -> tuple[list[PartyDetails], list[str]]:
    parties: list[PartyDetails] = []
    invited: list[str] = []
    for name in [each.strip() for each in re.split("[,，、;；]", names) if each.strip()]:
        if name in UNNAMED:
            notes.append(_("当事人里的“%(name)s”不是名字，没有登记。") % {"name": name})
        elif INVITED.search(name) and not name.endswith("负责人）"):  # zh: a party's own post in brackets
            invited.append(name)
        else:
            parties.append(_party(name, "respondent" if parties else "applicant"))
            if not any(_speaks(name, turn) for turn in turns):
                notes.append(_("“%(name)s”没有发言，仍登记为当事人，请核对。") % {"name": name})
    if not parties:
        raise LineRefused("disputing_parties", _("没有写明当事人。"))
    if len(parties) == 1:
        parties.append(PartyDetails(name=UNKNOWN, side="respondent"))
        notes.append(_("原文没有写明对方，请补上。"))
    return parties, invited


def _party(name: str, side: str) -> PartyDetails:
    """A name may carry a post in brackets behind it: 杨某（某公司负责人）."""
    found = re.fullmatch("([^（(]+)[（(]([^）)]+)[）)]", name)
    plain, post = found.groups() if found else (name, "")
    is_person = "代表" in plain  # zh: the representative of a body
    is_body = BODY.search(plain) is not None and not is_person
    return PartyDetails(name=plain.strip(), side=side, is_body=is_body, occupation=post.strip()[:40])


def _bare(name: str) -> str:
    """A name without what stands in brackets, and without the number behind one of several."""
    return re.sub("[（(][^（()）]*[）)]", "", name).strip().rstrip("0123456789")


def _speaks(name: str, turn: Turn) -> bool:
    """Whether a turn is theirs or a relative's: 杨某 by 杨某家属, but never 李某 by 李某某."""
    return re.search(re.escape(_bare(name)) + "(?!某)", _bare(turn.speaker)) is not None  # zh: part of a name


def _lines(turns: list[Turn]) -> str:
    who = {MEDIATOR: "调解员"}  # zh: written into the record
    said = [f"{who.get(turn.speaker, turn.speaker)}：{turn.text}" for turn in turns]  # zh: the same
    return "\n".join(said)
