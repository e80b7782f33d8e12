"""Everything the case page shows, gathered in few statements and turned into words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Exists, F, OuterRef, Subquery, Value
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from linli.cases import actions
from linli.cases.actions.feed import may_read
from linli.cases.models import Case, CaseQuerySet, Clock, Event, OrderedCase, Task, case_numbered
from linli.cases.procedures import Procedure
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Line as CalcLine
from linli.cases.procedures.limits import moment_words, remaining
from linli.cases.procedures.story import Line, mentioned, story
from linli.kit import codes
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.models import Grant
from linli.privacy.actions import glass as glasses
from linli.privacy.actions import reads
from linli.privacy.models import Glass, Group
from linli.service_requests.actions import contacts, told
from linli.service_requests.models import Category, Request

from . import kinds
from .rows import Due

JOINED = ("case__place__parent__parent", "case__holder", "accused")
WORKER = "grid_worker"


@dataclass
class CaseFile:
    """A case as one post sees it at one moment."""

    case: Case
    request: Request | None
    post: Actor
    at: datetime
    events: list[Event]
    clocks: list[Clock]
    tasks: list[Task]
    names: dict[str, str] = field(default_factory=dict)
    worker: tuple[str, str] | None = None
    glass: Glass | None = None

    @property
    def procedure(self) -> Procedure:
        return self.case.procedure

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What was answered to the questions of the category it was reported under."""
        said = self.events[0].data or {} if self.events else {}
        return told(str(said.get("category", "")), said.get("answers", {}))

    @property
    def via(self) -> str:
        """The program that passed it on."""
        return str((self.events[0].data or {}).get("via", "")) if self.events else ""

    @property
    def stage_task(self) -> Task | None:
        return next((task for task in self.tasks if task.is_stage), None)


def find(number: str, post: Actor) -> tuple[Case, Request | None]:
    """The case with that number and what its reporter said; 404 for a stranger and for nothing alike."""
    wanted = codes.normalise_number(number)
    if not wanted:
        raise Http404
    return _found(wanted, Case.objects.visible_to(post))


def reach(number: str, post: Actor, at: datetime) -> tuple[Case, Request | None, Glass | None]:
    """The same; or a case outside the post's area, with the breaking of the glass by which it is open now."""
    try:
        return *find(number, post), None
    except Http404:
        opened = glasses.through(post, number, at)
        if opened is None:
            raise
    cases, glass = opened
    return *_found(codes.normalise_number(number), cases), glass


def _found(wanted: str, among: CaseQuerySet) -> tuple[Case, Request | None]:
    visible = among.numbered(wanted)
    category = Category.objects.filter(code=OuterRef("case__category"))
    found = (
        Request.objects.filter(pk=case_numbered(wanted), case__in=visible)
        .select_related(*JOINED)
        .annotate(
            category_zh=Subquery(category.values("name_zh")[:1]),
            category_en=Subquery(category.values("name_en")[:1]),
            group_zh=Subquery(category.values("parent__name_zh")[:1]),
            group_en=Subquery(category.values("parent__name_en")[:1]),
            is_ordered=Exists(OrderedCase.objects.filter(case=OuterRef("case_id"))),
        )
        .first()
    )
    if found is not None:
        return found.case, found
    case = visible.select_related("place__parent__parent", "holder").first()
    if case is None:
        raise Http404
    return case, None


def load(number: str, post: Actor, at: datetime) -> CaseFile:
    """The file of a case, complete but for what the forms offer."""
    case, request, glass = reach(number, post, at)
    events = list(
        Event.objects.filter(case_id=case.pk)
        .select_related("person", "organisation", "unit")
        .order_by("number")
    )
    clocks = list(Clock.objects.filter(case_id=case.pk).select_related("organisation").order_by("number"))
    tasks = list(Task.objects.filter(case_id=case.pk).select_related("organisation").order_by("number"))
    file = CaseFile(case, request, post, at, events, clocks, tasks, glass=glass)
    _name(file)
    return file


def _name(file: CaseFile) -> None:
    """Names of the units the events mention, and the grid worker of the place, from one statement."""
    ids = [found for text in mentioned(file.events, file.procedure) if (found := _uuid(text))]
    columns = ("id", "what", "name", "name_en", "phone")
    named = Organisation.objects.filter(pk__in=ids).annotate(what=Value("unit", CharField()))
    people = (
        Grant.objects.active(file.at)
        .filter(role=WORKER, organisation=file.case.place)
        .annotate(
            what=Value("worker", CharField()),
            name=F("person__name"),
            name_en=Value("", CharField()),
            phone=F("person__work_phone"),
        )
    )
    for unit_id, what, name, name_en, phone in named.values_list(*columns).union(
        people.values_list(*columns), all=True
    ):
        if what == "worker":
            file.worker = (name, phone)
        else:
            file.names[str(unit_id)] = Organisation(name=name, name_en=name_en).label


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# Who may read what -------------------------------------------------------------------------------


def contact_refusal(file: CaseFile) -> str:
    """Why this post does not see who reported; empty when it does."""
    if file.glass is not None and file.case.is_identity_kept:
        return _("反映人要求保密，越出管辖打开时看不到。")
    return contacts.contact_refusal(file.case, file.post)


@dataclass(frozen=True)
class Hidden:
    """Something kept from this post, and why."""

    what: str
    why: str


def hidden(file: CaseFile) -> list[Hidden]:
    kept = []
    if kinds.is_mediation(file.case):
        kept.append(Hidden(_("当事人、谈话和文书"), _("只有本案调解员和点名的人看得到。")))
    elif file.request is not None and (refusal := contact_refusal(file)):
        kept.append(Hidden(_("反映人姓名、电话"), refusal))
    notes: dict[str, int] = {}
    for event in file.events:
        if not may_read(event, file.post):
            unit = event.organisation.label if event.organisation else ""
            notes[unit] = notes.get(unit, 0) + 1
    for unit, n in notes.items():
        what = ngettext("%(unit)s内部备注 %(n)d 条", "%(unit)s内部备注 %(n)d 条", n) % {"unit": unit, "n": n}
        kept.append(Hidden(what, _("只对写它的单位、它的上级和审计可见。")))
    who = _("任何工作人员都看不到，只有反映人自己有。")
    if kinds.is_mediation(file.case):
        who = _("任何工作人员都看不到，只有当事人自己有。")
    if file.case.kind != kinds.VETO:
        kept.append(Hidden(_("查询码"), who))
    return kept


def note(file: CaseFile, what: str) -> None:
    """Notes that this post is shown the case, and by which breaking of the glass if it lies outside its area."""
    reads.note(
        case=file.case,
        by=file.post,
        what=what,
        groups=groups(file),
        at=file.at,
        purpose="glass" if file.glass else "",
        glass=file.glass.id if file.glass else None,
    )


def groups(file: CaseFile) -> list[Group]:
    """What of the case its page shows this post."""
    found = [Group.HISTORY]
    if kinds.is_mediation(file.case):
        return found
    found.append(Group.WORDS)
    told = file.request
    if told is not None and (told.contact_name or told.contact_phone) and not contact_refusal(file):
        found.append(Group.CONTACT)
    if photos(file):
        found.append(Group.PHOTOS)
    return found


# The story ---------------------------------------------------------------------------------------


def lines(file: CaseFile, events: Iterable[Event] | None = None, *, public_only: bool = False) -> list[Line]:
    """What happened, as far as this post may read it."""
    shown = file.events if events is None else events
    return [
        story(event, file.procedure, "staff", file.names)
        for event in shown
        if may_read(event, file.post) and (event.is_public or not public_only)
    ]


def since(file: CaseFile, version: int) -> list[Line]:
    """What happened after somebody opened a form at that version."""
    return lines(file, [event for event in file.events if event.number > version])


def whose_turn(file: CaseFile) -> Line | None:
    """What the case waits for now, and at which desk."""
    task, case = file.stage_task, file.case
    if not case.is_open:
        return None
    label = str(case.stage.label)
    where = task.organisation.label if task else ""
    mine = (
        task is not None
        and task.organisation_id == file.post.organisation_id
        and task.role in file.post.duties
    )
    title = _("等您：%(what)s") if mine else _("现在：%(what)s")
    running = _pressing(file)
    until = _due(running, file.at).words if running else ""
    return Line(
        number=0,
        icon="circle-dot",
        title=title % {"what": label},
        at=file.at,
        where=" · ".join(filter(None, (where, until))),
        facts=(str(case.stage.next),),
        state="now",
    )


def _pressing(file: CaseFile) -> Clock | None:
    running = [clock for clock in file.clocks if clock.is_running and clock.due_at]
    return min(running, key=lambda clock: clock.due_at or file.at, default=None)


# Clocks ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Face:
    """A clock on the page: whose it is, how long is left, and how the date was worked out."""

    label: str
    owner: str
    due: Due
    source: str
    calc: list[CalcLine]
    is_promise: bool


def faces(file: CaseFile) -> list[Face]:
    """The unit's clocks that run, most pressing first, then the resident's."""
    promise = file.procedure.promise.name
    own = [clock for clock in file.clocks if clock.name != promise and clock.stopped_at is None]
    own.sort(key=lambda clock: (clock.due_at is None, clock.due_at or file.at))
    total = [clock for clock in file.clocks if clock.name == promise][-1:]
    return [_face(file, clock) for clock in [*own[:3], *total]]


def _face(file: CaseFile, clock: Clock) -> Face:
    rule = file.procedure.clocks[clock.name]
    derivation = actions.derive(file.case.pk, clock, file.events)
    label = str(rule.label)
    if clock.name == "unit" and clock.organisation_id != file.post.organisation_id:
        label = _("承办单位的时钟")
    return Face(
        label=label,
        owner=clock.organisation.label if clock.organisation and not rule.is_promise else "",
        due=_due(clock, file.at),
        source=str(rule.source),
        calc=derivation.lines(),
        is_promise=rule.is_promise,
    )


def _due(clock: Clock, at: datetime) -> Due:
    known = current()
    if clock.due_at is None or clock.paused_at is not None:
        return Due(_("限期暂停"), _("恢复办理后接着算"), "paused")
    moment = moment_words(clock.due_at, at, known)
    if clock.stopped_at is not None:
        kept = clock.stopped_at < clock.due_at
        return Due(
            _("按时完成") if kept else _("超期完成"), _("限期 %(moment)s") % {"moment": moment}, "done"
        )
    left = remaining(clock.due_at, at, known)
    state = "late" if left.is_late else "soon" if left.is_soon else ""
    text = _("%(moment)s 到期") if left.is_late else _("%(moment)s 前")
    return Due(left.words, text % {"moment": moment}, state, clock.is_provisional)


# People ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contact:
    """Somebody to ask: what they do here, their name and telephone."""

    role: str
    name: str
    phone: str = ""


def people(file: CaseFile) -> list[Contact]:
    """The grid worker of the place, and who last decided and worked on it."""
    found = []
    if file.worker:
        found.append(Contact(pgettext("role", "网格员"), *file.worker))
    for role, verbs in ((_("调度"), DECIDES), (_("经办"), WORKS), (_("核查"), CHECKS)):
        person = next(
            (event.person for event in reversed(file.events) if event.verb in verbs and event.person), None
        )
        if person is not None:
            name = (
                _("%(name)s（您）") % {"name": person.name}
                if person.pk == file.post.person_id
                else person.name
            )
            found.append(Contact(role, name, person.work_phone))
    return found


DECIDES = frozenset({"accept", "dispatch", "reassign", "rule"})
WORKS = frozenset({"acknowledge", "progress", "feedback", "self_handle"})
CHECKS = frozenset({"verify", "fail_check"})


def photos(file: CaseFile) -> list[dict[str, Any]]:
    """Every photo with who took it and when, in order."""
    found = []
    for event in file.events:
        who = event.person.name if event.person else pgettext("role", "反映人")
        for photo in (event.data or {}).get("photos", ()):
            found.append({"id": photo, "who": who, "at": event.at})
    return found
