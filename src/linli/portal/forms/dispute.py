"""An application for mediation being written. Like a report, all of it travels in the form from step to step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Self
from uuid import UUID

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linli.documents.render.strokes import checked
from linli.kit.ids import uuid7
from linli.portal.forms.draft import Draft

STEPS = ("willing", "what", "where", "who", "check")
SIDES = ("applicant", "respondent")
MOST = 10  # people on each side
MOST_REQUESTS = 8
LONGEST_DRAWING = 200_000
LEAST_POINTS = 4
PLACE = ("town", "village", "grid", "address", "lon", "lat", "prefer")
STEP_OF = {
    "willing": "willing",
    **dict.fromkeys(("subject", "brief", "requests", "category"), "what"),
    **dict.fromkeys(("place", "point", *PLACE), "where"),
}
LABELS = {
    "willing": gettext_lazy("愿不愿意"),
    "subject": gettext_lazy("纠纷名称"),
    "brief": gettext_lazy("事情经过"),
    "requests": gettext_lazy("您的要求"),
    "category": gettext_lazy("纠纷类型"),
    "place": gettext_lazy("在哪里"),
    "point": gettext_lazy("图上的点"),
    "village": gettext_lazy("村（社区）"),
    "grid": gettext_lazy("网格"),
    "parties": gettext_lazy("当事人"),
    "name": gettext_lazy("姓名或名称"),
    "phone": gettext_lazy("联系电话"),
    "sex": gettext_lazy("性别"),
    "ethnicity": gettext_lazy("民族"),
    "born_on": gettext_lazy("出生日期"),
    "occupation": gettext_lazy("职业或职务"),
    "home": gettext_lazy("单位或住址"),
    "again": gettext_lazy("提交"),
}
_COMMAND = signing.Signer(salt="portal.dispute")
_PERSON_FIELD = re.compile(r"(applicant|respondent)-(\d{1,2})-([a-z]+)")


@dataclass(frozen=True)
class Somebody:
    """One party as typed. `home` is where they live or work; birth dates come as year, month and day."""

    name: str = ""
    body: str = ""
    phone: str = ""
    sex: str = ""
    ethnicity: str = ""
    year: str = ""
    month: str = ""
    day: str = ""
    occupation: str = ""
    home: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, each.name).strip() for each in fields(self) if each.name != "body")

    @property
    def has_more(self) -> bool:
        """Whether anything stands behind the fold of what may be left out."""
        named = ("sex", "ethnicity", "year", "month", "day", "occupation")
        return any(getattr(self, name).strip() for name in named)

    @property
    def born(self) -> str:
        return "-".join(filter(None, (self.year, self.month, self.day)))

    def born_on(self) -> date | None:
        """The day of birth; ValueError where the three numbers are no day."""
        if not (self.year.strip() or self.month.strip() or self.day.strip()):
            return None
        return date(int(self.year), int(self.month), int(self.day))


@dataclass(frozen=True)
class Dispute:
    """The fields of every step, as typed. `command` is signed: whoever could choose it could ask for a receipt."""

    command: str = ""
    willing: str = ""
    subject: str = ""
    brief: str = ""
    category: str = ""
    town: str = ""
    village: str = ""
    grid: str = ""
    address: str = ""
    lon: str = ""
    lat: str = ""
    prefer: str = ""
    proof: str = ""
    requests: tuple[str, ...] = field(default=())
    applicants: tuple[Somebody, ...] = (Somebody(),)
    respondents: tuple[Somebody, ...] = (Somebody(),)

    @classmethod
    def from_post(cls, post: QueryDict) -> Self:
        """The draft as posted; a command that is not ours is replaced by a new one."""
        lists = ("requests", "applicants", "respondents")
        values = {each.name: post.get(each.name, "") for each in fields(cls) if each.name not in lists}
        if command_id_of(values["command"]) is None:
            values["command"] = new_command()
        people = _people(post)
        return cls(
            **values,
            requests=tuple(post.getlist("requests"))[: MOST_REQUESTS * 2],
            applicants=people["applicant"] or (Somebody(),),
            respondents=people["respondent"] or (Somebody(),),
        )

    def hidden(self, step: str) -> list[tuple[str, str]]:
        """Names and values of every field the step does not show, for hidden inputs."""
        shown = {name for name, where in STEP_OF.items() if where == step}
        pairs = [
            (each.name, str(getattr(self, each.name)))
            for each in fields(self)
            if each.name not in (*shown, "proof", "requests", "applicants", "respondents")
        ]
        if step != "what":
            pairs += [("requests", request) for request in self.requests]
        if step != "who":
            pairs += list(self._of_people())
        return [(name, value) for name, value in pairs if value]

    def _of_people(self) -> Iterator[tuple[str, str]]:
        for side in SIDES:
            for n, somebody in enumerate(self.of(side)):
                for each in fields(somebody):
                    yield f"{side}-{n}-{each.name}", getattr(somebody, each.name)

    def of(self, side: str) -> tuple[Somebody, ...]:
        return self.applicants if side == "applicant" else self.respondents

    def with_side(self, side: str, people: Iterable[Somebody]) -> Self:
        if side == "applicant":
            return replace(self, applicants=tuple(people))
        return replace(self, respondents=tuple(people))

    @property
    def everybody(self) -> list[tuple[str, int, Somebody]]:
        """Whoever has been filled in, in the order the application lists them: side, place in the form, words."""
        return [
            (side, n, somebody)
            for side in SIDES
            for n, somebody in enumerate(self.of(side))
            if not somebody.is_empty
        ]

    @property
    def asked(self) -> list[str]:
        return [request.strip() for request in self.requests if request.strip()]

    @property
    def where(self) -> Draft:
        """The place fields, for the chooser that a report uses, too."""
        return Draft(**{name: getattr(self, name) for name in PLACE})

    def at(self, where: Draft) -> Self:
        return replace(self, **{name: getattr(where, name) for name in PLACE})

    @property
    def command_id(self) -> UUID:
        found = command_id_of(self.command)
        assert found is not None
        return found


def _people(post: QueryDict) -> dict[str, tuple[Somebody, ...]]:
    """Everybody posted, in the order of the form; more than fit are kept so that they can be told."""
    known = {each.name for each in fields(Somebody)}
    found: dict[str, dict[int, dict[str, str]]] = {side: {} for side in SIDES}
    for key in post:
        match = _PERSON_FIELD.fullmatch(key)
        if match and match[3] in known and int(match[2]) <= MOST * 2:
            found[match[1]].setdefault(int(match[2]), {})[match[3]] = post.get(key, "")
    return {
        side: tuple(Somebody(**given) for _n, given in sorted(people.items()))
        for side, people in found.items()
    }


def new_command() -> str:
    """A signed id for one application: sent twice, it makes one case."""
    return _COMMAND.sign(str(uuid7()))


def command_id_of(signed: str) -> UUID | None:
    try:
        return UUID(_COMMAND.unsign(signed))
    except (signing.BadSignature, ValueError):
        return None


def problems_of_people(dispute: Dispute, today: date) -> dict[str, str]:
    """What is wrong before mediation itself is asked: dates that are none, and too many people."""
    errors: dict[str, str] = {}
    for side, n, somebody in dispute.everybody:
        try:
            born = somebody.born_on()
        except ValueError:
            errors[f"{side}-{n}-born_on"] = _("没有这一天，请看看年、月、日；不清楚就空着。")
            continue
        if born is not None and not date(1900, 1, 1) <= born <= today:
            errors[f"{side}-{n}-born_on"] = _("出生日期要在 1900 年以后、今天以前。")
    for side in SIDES:
        if sum(each == side for each, _n, _who in dispute.everybody) > MOST:
            errors[f"{side}-0-name"] = ngettext(
                "每一方最多写 %(n)d 人。人多的，推选代表，由调解员登记。",
                "每一方最多写 %(n)d 人。人多的，推选代表，由调解员登记。",
                MOST,
            ) % {"n": MOST}
    return errors


def strokes_of(posted: str) -> list[list[tuple[float, float]]]:
    """What `ll-sign` sent; ValueError for anything that is no drawing, an empty field among them."""
    if len(posted) > LONGEST_DRAWING:
        raise ValueError("too long for a drawing")
    try:
        strokes = checked(json.loads(posted or "[]"))
    except RecursionError:
        raise ValueError("no drawing") from None
    if sum(map(len, strokes)) < LEAST_POINTS:
        raise ValueError("a slip of the finger")
    return strokes
