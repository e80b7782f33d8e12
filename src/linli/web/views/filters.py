"""The filters above lists: what was asked for, which choices there are, and what each does to a query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import CharField, F, IntegerField, Q, QuerySet, Value
from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.cases.actions import board
from linli.cases.actions.criteria import DUES, SOON_DAYS, Criteria, due_within, in_category
from linli.cases.models import Case, CaseQuerySet
from linli.cases.models.search import search
from linli.mediation.models import Category as Dispute
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import Actor
from linli.service_requests.models import Category, Level

from . import kinds, sources

PLACES = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
UNITS = (Kind.DEPARTMENT, Kind.CENTRE)
KIND = kinds.REQUEST
DISPUTE = "dispute:"  # before the code of a kind of dispute, where all categories stand together


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    group: str = ""


@dataclass(frozen=True)
class Options:
    """What a list can be narrowed to: categories, places and units, from one statement."""

    categories: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    disputes: dict[str, str] = field(default_factory=dict)
    places: list[Choice] = field(default_factory=list)
    units: list[Choice] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)

    def category(self, code: str) -> str:
        """A category in words: 公共设施 · 路灯."""
        if code.startswith(DISPUTE):
            return self.disputes.get(code.removeprefix(DISPUTE), "")
        words = [self.categories.get(self.parents.get(code, ""), ""), self.categories.get(code, "")]
        return " · ".join(filter(None, words))

    def category_of(self, case: Case) -> str:
        """The category of a case in words, from the list of its kind."""
        return self.category_words(case.kind, case.category)

    def category_words(self, kind: str, code: str) -> str:
        """A category of cases of a kind in words."""
        if kind in kinds.MEDIATIONS:
            return self.disputes.get(code, code)
        return self.category(code) or code

    @property
    def category_choices(self) -> list[Choice]:
        """Groups first as a choice of their own, then what is in them; kinds of dispute last."""
        choices = []
        for code, name in self.categories.items():
            if code in self.parents:
                continue
            choices.append(Choice(code, _("%(group)s（全部）") % {"group": name}, name))
            inside = [child for child, parent in self.parents.items() if parent == code]
            choices += [Choice(child, self.categories[child], name) for child in inside]
        group = _("人民调解")
        return choices + [Choice(DISPUTE + code, name, group) for code, name in self.disputes.items()]


def scope_of(post: Actor) -> str:
    """The path of the area a post looks at: its own, or for a department that of the unit it serves."""
    unit = post.organisation
    if unit is not None and unit.kind in UNITS and unit.path.count("/") > 1:
        return unit.path.rstrip("/").rpartition("/")[0] + "/"
    return post.path


def options_for(post: Actor, chosen: str = "", *, units: bool = False) -> Options:
    """Categories, places and units a list of this post can be narrowed to."""
    scope = scope_of(post)
    wanted = _places(scope, chosen)
    if units:
        wanted |= Q(kind__in=UNITS) & (within("path", scope) | Q(path__in=[]) | Q(parent__kind=Kind.COUNTY))
    places = Organisation.objects.standing().filter(wanted)
    rows = places.annotate(what=F("kind"), above=F("parent__code"), place=Value(0, IntegerField()))
    columns = ("what", "code", "above", "name", "name_en", "path", "place")
    categories = Category.objects.filter(is_active=True).annotate(
        what=Value("category", CharField()), path=Value("", CharField())
    )
    disputes = Dispute.objects.filter(is_active=True).annotate(
        what=Value("dispute", CharField()), above=Value("", CharField()), path=Value("", CharField())
    )
    every = categories.values_list(
        "what", "code", "parent_id", "name_zh", "name_en", "path", "position"
    ).union(
        disputes.values_list("what", "code", "above", "name_zh", "name_en", "path", "position"),
        rows.values_list(*columns),
        all=True,
    )
    return _sorted_out(list(every))


def _places(scope: str, chosen: str) -> Q:
    """Towns of the county, and the villages of the town at hand; all villages once the scope is a town."""
    if scope.count("/") > 1:
        return Q(kind__in=PLACES) & within("path", scope)
    near = Q(parent__code=chosen) | Q(parent__children__code=chosen) if chosen else Q(pk=None)
    villages = Q(kind__in=(Kind.VILLAGE, Kind.COMMUNITY)) & near
    return (Q(kind=Kind.TOWNSHIP) | villages) & within("path", scope) if scope else Q(pk=None)


def _sorted_out(rows: list[tuple[Any, ...]]) -> Options:
    english = (get_language() or "").startswith("en")
    found = Options()
    labels = {row[1]: row[4] if english and row[4] else row[3] for row in rows if row[0] != "dispute"}
    for what, code, above, name, name_en, path, _place in sorted(
        set(rows), key=lambda row: (row[6], row[5], row[1])
    ):
        if what == "dispute":
            found.disputes[code] = name_en if english and name_en else name
            continue
        if what == "category":
            found.categories[code] = labels[code]
            if above:
                found.parents[code] = above
            continue
        found.paths[code] = path
        choice = Choice(code, labels[code], labels.get(above, "") if path.count("/") > 2 else "")
        (found.units if what in UNITS else found.places).append(choice)
    return found


@dataclass(frozen=True)
class Filter:
    """One condition in force, in words, and the parameter that holds it."""

    name: str
    label: str


@dataclass(frozen=True)
class Filters:
    """What the address asks for; unknown values count as not asked."""

    query: str = ""
    kind: str = ""
    place: str = ""
    category: str = ""
    due: str = ""
    why: str = ""
    state: str = ""
    level: str = ""
    unit: str = ""
    channel: str = ""
    since: date | None = None
    until: date | None = None
    board: str = ""  # a figure of the board, whose cases these are
    of: str = ""  # what else counts them (`sources`)
    open: str = "open"
    sort: str = "urgent"

    @classmethod
    def read(cls, given: QueryDict) -> Filters:
        def one(name: str, allowed: Iterable[str] | None = None, otherwise: str = "") -> str:
            value = given.get(name, "").strip()[:64]
            return value if allowed is None or value in allowed else otherwise

        return cls(
            query=given.get("q", "").strip()[:100],
            kind=one("kind", kinds.KINDS),
            place=one("place"),
            category=one("category"),
            due=one("due", DUES),
            why=one("why"),
            state=one("state"),
            level=one("level", Level.values),
            unit=one("unit"),
            channel=one("channel", kinds.channels()),
            since=_day(given.get("since", "")),
            until=_day(given.get("until", "")),
            board=one("board", board.LISTED),
            of=one("of"),
            open=one("open", ("open", "closed", "all"), "open"),
            sort=one("sort", ("urgent", "newest"), "urgent"),
        )

    @property
    def by_urgency(self) -> bool:
        """Closed cases have nothing that falls due, so lists that hold them are by receipt; so is what was searched."""
        return self.sort == "urgent" and self.open == "open" and not self.query

    def cases(
        self, cases: CaseQuerySet, options: Options, at: datetime, *, is_searched: bool = True
    ) -> CaseQuerySet:
        """The cases that fit, whatever list they stand in; the words apart where a page of the newest is searched."""
        where = self.about("", options) & sources.cases_of(self.of)
        if self.unit:
            where &= _inside("holder_path", self.unit, options)
        criteria = Criteria(
            query=self.query if is_searched else "",
            kinds=kinds.KINDS[self.kind] if self.kind else (),
            state=self.state,
            level=self.level,
            channel=self.channel,
            due=self.due,
            since=self.since,
            until=self.until,
            figure=self.board,
            figure_kind=KIND,
            open=self.open,
            where=where,
        )
        return criteria.of(cases, at)

    def about(self, prefix: str, options: Options) -> Q:
        """Place and category, on cases or on what belongs to them."""
        wanted = Q()
        if self.category.startswith(DISPUTE):
            wanted &= in_category(self.category.removeprefix(DISPUTE), kinds.MEDIATIONS, prefix)
        elif self.category:
            wanted &= in_category(self.category, (KIND,), prefix, and_below=True)
        if self.place:
            wanted &= _inside(f"{prefix}place_path", self.place, options)
        return wanted

    def tasks(self, tasks: QuerySet[Any], options: Options, at: datetime) -> QuerySet[Any]:
        """The tasks of a desk that fit."""
        if self.why:
            tasks = tasks.filter(why=self.why)
        tasks = tasks.filter(self.about("case__", options)).filter(due_within(self.due, "urgent_at", at))
        if self.query:
            found = search(CaseQuerySet(tasks.model._meta.get_field("case").related_model), self.query)
            tasks = tasks.filter(case__in=found)
        return tasks

    def in_force(self, options: Options) -> list[Filter]:
        """The conditions in words, for the line above a list and for a list without a result."""
        named = {
            "q": self.query,
            "kind": kinds.kinds().get(self.kind, ""),
            "place": _label(options.places, self.place),
            "category": options.category(self.category) or self.category,
            "due": str(dues().get(self.due, "")),
            "why": str(kinds.whys().get(self.why, self.why)),
            "state": str(kinds.states(self.kind).get(self.state, "")) or kinds.state_words(self.state),
            "level": str(Level(self.level).label) if self.level else "",
            "unit": _label(options.units, self.unit),
            "channel": kinds.channels().get(self.channel, ""),
            "since": _("%(day)s 以后") % {"day": self.since} if self.since else "",
            "board": figures().get(self.board, ""),
            "of": sources.words(self.of),
            "until": _("%(day)s 以前") % {"day": self.until} if self.until else "",
        }
        return [Filter(name, label) for name, label in named.items() if label]


def dues() -> dict[str, str]:
    return {
        "late": _("已超期"),
        "today": _("今天到期"),
        "soon": _("%(n)d 个工作日内") % {"n": SOON_DAYS},
    }


def figures() -> dict[str, str]:
    """What the figures of the supervisor's board count, in words."""
    return {
        "open": _("看板：在办"),
        "late": _("看板：超期"),
        "soon": _("看板：1 个工作日内到期"),
        "returned": _("看板：退回 2 次以上"),
        "ruling": _("看板：等裁定"),
        "held": _("看板：挂账"),
        "reopened": _("看板：重开过"),
        "supervised": _("看板：督办没回复"),
        "calm": _("看板：没有超期"),
        "span0": _("看板：超期 2 个工作日以内"),
        "span1": _("看板：超期 3–5 个工作日"),
        "span2": _("看板：超期 6–10 个工作日"),
        "span3": _("看板：超期 10 个工作日以上"),
    }


def _inside(name: str, code: str, options: Options) -> Q:
    """Rows below the unit with that code; a unit outside the choices is asked for by its code alone."""
    path = options.paths.get(code)
    return within(name, path) if path else Q(**{f"{name}__contains": f"/{code}/"})


def _label(choices: list[Choice], value: str) -> str:
    return next((choice.label for choice in choices if choice.value == value), value)


def _day(text: str) -> date | None:
    try:
        return parse_date(text[:10])
    except ValueError:
        return None
