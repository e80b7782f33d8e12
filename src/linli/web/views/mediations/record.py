"""The record of a mediation: seven points, each saved by itself, and what came of two people writing at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from linli.cases.actions import CommandError, StaleCase
from linli.kit.text import clean
from linli.mediation.actions import calendars, papers, talks
from linli.mediation.models import CompanionRole, Paper, PaperKind, SittingKind, SittingState
from linli.mediation.rules.papers import POINTS
from linli.people.access import requires
from linli.people.models import Person
from linli.web.forms.papers import PaperForm
from linli.web.forms.pressed import Attempt

from .file import MediationFile
from .page import section
from .sheets import Sent, Sheet, answer, reads

LONGEST = 8000
WRITTEN = len(POINTS) - 1  # the last point is the signatures themselves
ASKS = (
    gettext_noop("各方听清楚了没有、有没有疑问。"),
    gettext_noop("调解的原则、谁来调解、问过回避没有。"),
    gettext_noop("每一方怎么说，尽量用原话。"),
    gettext_noop("看到、问到、核对过的事实。"),
    gettext_noop("不履行会怎样、打官司要多久多少钱，都要说到。"),
    gettext_noop("达成的内容；调不成就记原因，和仲裁、行政、诉讼途径。"),
)
PHRASES: tuple[tuple[str, ...], ...] = (
    (
        gettext_noop("调解员已向各方宣读权利义务告知书，各方表示听清楚，没有疑问。"),
        gettext_noop("各方同意不公开调解。"),
    ),
    (
        gettext_noop("说明调解自愿、平等，不违背法律，不收费；不影响各方通过仲裁、行政、诉讼维权。"),
        gettext_noop("介绍调解员和记录人，询问是否申请回避，各方都不申请。"),
    ),
    (gettext_noop("申请方："), gettext_noop("对方：")),
    (
        gettext_noop("各方对上述事实没有异议。"),
        gettext_noop("各方同到现场查看："),
    ),
    (
        gettext_noop("已告知协议有约束力，应当按约定履行；不履行的，另一方可以起诉。"),
        gettext_noop("已告知生效后三十日内可以共同申请司法确认，确认后可以申请强制执行。"),
        gettext_noop("已告知调不成时仲裁、行政、诉讼的途径、大致时间和费用。"),
    ),
    (
        gettext_noop("各方自愿达成协议，内容见调解协议书。"),
        gettext_noop("各方分歧较大，没有达成协议；已告知可以通过仲裁、行政、诉讼途径解决。"),
    ),
)


@dataclass(frozen=True)
class Point:
    """One point of the record, and who wrote it last."""

    number: int
    title: str
    ask: str
    text: str
    phrases: list[str]
    who: Person | None
    at: datetime | None
    is_open: bool


@section
def record(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    paper = current(file)
    points = _points(paper)
    said = talks.released(file.case.pk)
    last = max((point.at for point in points if point.at), default=None)
    return {
        "record": paper,
        "record_at": _held_at(paper),
        "points": points,
        "points_written": sum(1 for point in points if point.text),
        "record_saved": next((point for point in points if point.at and point.at == last), None),
        "may_record": may_write(file),
        "record_signed": file.signatures_under(paper) if paper else [],
        "released": [(file.party(each.party), each) for each in said],
        "phrases_longest": LONGEST,
    }


def _held_at(paper: Paper | None) -> datetime | None:
    try:
        at = parse_datetime(str(paper.content.get("at", ""))) if paper else None
    except ValueError:
        return None
    return timezone.make_aware(at) if at is not None and timezone.is_naive(at) else at


def current(file: MediationFile) -> Paper | None:
    found = file.papers_of(PaperKind.RECORD)
    return found[-1] if found else None


def may_write(file: MediationFile) -> bool:
    return file.may_mediate and file.may_once_ready("write")


def _points(paper: Paper | None) -> list[Point]:
    texts = _texts(paper)
    written = _written_by(paper)
    first_empty = next((number for number, text in enumerate(texts, start=1) if not text), 0)
    return [
        Point(
            number=number,
            title=_(POINTS[number - 1]),
            ask=_(ASKS[number - 1]),
            text=texts[number - 1],
            phrases=[_(phrase) for phrase in PHRASES[number - 1]],
            who=written[number - 1][0],
            at=written[number - 1][1],
            is_open=number == first_empty,
        )
        for number in range(1, WRITTEN + 1)
    ]


def _texts(paper: Paper | None) -> list[str]:
    found = [str(text or "") for text in paper.content.get("points") or []] if paper else []
    return [*found, *[""] * len(POINTS)][: len(POINTS)]


def _written_by(paper: Paper | None) -> list[tuple[Person | None, datetime | None]]:
    """Who changed each point last, and when, from the versions kept."""
    written: list[tuple[Person | None, datetime | None]] = [(None, None)] * len(POINTS)
    if paper is None:
        return written
    versions = Paper.objects.filter(case_id=paper.case_id, lineage=paper.lineage).order_by("version")
    before = [""] * len(POINTS)
    for version in versions.select_related("author"):
        texts = _texts(version)
        for place, text in enumerate(texts):
            if text != before[place]:
                written[place] = (version.author, version.at)
        before = texts
    return written


# Writing ----------------------------------------------------------------------------------------


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@reads("record")
def head(request: HttpRequest, file: MediationFile) -> HttpResponse:
    """Time, place and who came; the first save begins the record."""
    if not may_write(file):
        raise Http404
    paper = current(file)
    content = dict(paper.content) if paper else _begun(file)
    form = PaperForm(
        PaperKind.RECORD, data=request.POST if request.method == "POST" else None, content=content
    )
    sheet = Sheet(
        title=_("调解记录：时间、地点、参加的人"),
        label=_("保存") if paper else _("开始记录"),
        icon="device-floppy",
        form=form,
    )

    def do(sent: Sent) -> Paper:
        return save(file, paper, form.content, paper.version if paper else None)

    return answer(request, file, sheet, do, done=_("记录已保存。"), then="record")


def _begun(file: MediationFile) -> dict[str, Any]:
    """What is known already of the session that is written down."""
    joint = [s for s in file.sittings if s.kind == SittingKind.JOINT and s.state != SittingState.CANCELLED]
    past = [s for s in joint if s.starts_at <= file.at]
    sitting = past[-1] if past else joint[0] if joint else None
    helpers = [c.name for c in file.companions if c.role == CompanionRole.HELPER]
    begins = timezone.localtime(sitting.starts_at if sitting else file.at)
    return {
        "at": begins.strftime("%Y-%m-%dT%H:%M"),
        "place": calendars.where(sitting) if sitting else "",
        "invited": helpers,
    }


def save(file: MediationFile, paper: Paper | None, content: dict[str, Any], seen: int | None) -> Paper:
    return papers.write(
        case=file.case.pk,
        kind=PaperKind.RECORD,
        content=content,
        lineage=paper.lineage if paper else None,
        seen=seen,
        is_joint=True,
        by=file.post,
        at=file.at,
    )


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@reads("record")
def point(request: HttpRequest, file: MediationFile, point: int) -> HttpResponse:
    """Saves one point. Where somebody else wrote the same point meanwhile, both texts are shown."""
    if not 1 <= point <= WRITTEN or not may_write(file):
        raise Http404
    anchor = f"{reverse('web:mediation', args=[file.number])}#point-{point}"
    if request.method == "GET":
        return redirect(anchor)
    paper = current(file)
    mine = clean(request.POST.get("text", "")).strip()
    texts = _texts(paper)
    why = _question(request, file, paper, point, mine)
    if len(mine) > LONGEST:
        said = _("太长了，最多 %(most)d 个字。") % {"most": LONGEST}
        return _ask(request, file, paper, point, mine, "refused", 422, said)
    if why:
        return _ask(request, file, paper, point, mine, why, 409)
    if mine == texts[point - 1]:
        return redirect(anchor)
    texts[point - 1] = mine
    content = {**(paper.content if paper else _begun(file)), "points": texts}
    try:
        save(file, paper, content, paper.version if paper else None)
    except StaleCase:
        return _ask(request, file, _newest(file), point, mine, "clash", 409)
    except CommandError as error:
        return _ask(request, file, paper, point, mine, "refused", 409, str(error))
    return redirect(anchor)


def _question(request: HttpRequest, file: MediationFile, paper: Paper | None, point: int, mine: str) -> str:
    """What has to be asked before this is saved: `clash`, `voids`, or nothing."""
    if paper is None:
        return ""
    if _clashes(paper, point, mine, request.POST.get("seen", "")):
        return "clash"
    is_changed = mine != _texts(paper)[point - 1]
    voids = is_changed and file.signatures_under(paper) and "confirmed" not in request.POST
    return "voids" if voids else ""


def _newest(file: MediationFile) -> Paper | None:
    found = Paper.objects.current().filter(case_id=file.case.pk, kind=PaperKind.RECORD)
    return found.select_related("author").order_by("at").last()


def _clashes(paper: Paper, point: int, mine: str, seen: str) -> bool:
    """Whether this very point was changed, to something else, since the version the writer began from."""
    if seen == str(paper.version):
        return False
    theirs = _texts(paper)[point - 1]
    before = Paper.objects.filter(
        case_id=paper.case_id, lineage=paper.lineage, version=int(seen) if seen.isdecimal() else 0
    ).first()
    return theirs not in (mine, _texts(before)[point - 1])


def _ask(
    request: HttpRequest,
    file: MediationFile,
    paper: Paper | None,
    point: int,
    mine: str,
    why: str,
    status: int,
    refusal: str = "",
) -> HttpResponse:
    """What was written and what stands now, side by side, and the two ways on."""
    written = _written_by(paper)[point - 1]
    context = {
        "file": file,
        "matter": file.matter,
        "number": point,
        "title": _(POINTS[point - 1]),
        "mine": mine,
        "theirs": _texts(paper)[point - 1],
        "who": written[0],
        "when_written": written[1],
        "seen": paper.version if paper else 0,
        "why": why,
        "refusal": refusal,
        "signed": len(file.signatures_under(paper)) if paper else 0,
    }
    return render(request, "web/mediations/point.html", context, status=status)
