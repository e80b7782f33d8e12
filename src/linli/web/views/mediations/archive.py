"""The file: every paper in its order, what is still missing, each to read and to print, and the whole of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.documents import views as documents_views
from linli.documents.forms import takes_photos
from linli.documents.models import Attachment
from linli.mediation.actions import agreeing, dossier, papers, reading
from linli.mediation.models import CompanionRole, Paper, PaperKind
from linli.mediation.rules.papers import missing_signatures
from linli.people.access import post_of, requires
from linli.web.forms.papers import PaperForm
from linli.web.forms.pressed import Attempt, PressedForm

from .acting import Press, press
from .agreement import fingerprint
from .file import MediationFile, find
from .page import section
from .sheets import Sent, Sheet, answer, reads

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OWN_PAGES = (PaperKind.RECORD, PaperKind.AGREEMENT, PaperKind.ORAL, PaperKind.APPLICATION)
OFFERED = tuple(kind for kind in PaperKind if kind not in OWN_PAGES)
ONE_PARTY = (PaperKind.AUTHORITY, PaperKind.LEGAL_AID)
JOINT = (PaperKind.RIGHTS, PaperKind.PERFORMANCE, PaperKind.CONFIRMATION)
STAFF, EVERYBODY = "staff", "everybody"
ONCE = (PaperKind.REGISTER, PaperKind.RIGHTS, PaperKind.CLOSING)


@section
def archive(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    may_write = file.may_edit and file.may_once_ready("write")
    return {
        "file_lines": dossier.contents(file.matter),
        "paper_kinds": [kind for kind in OFFERED if kind not in ONCE or not file.papers_of(kind)],
        "may_write_papers": may_write,
        "archive_form": PressedForm("archiving", attempt) if file.may("archive") else None,
        "may_archive_once_ready": file.may_once_ready("archive"),
        "own_page_of": {
            PaperKind.RECORD: reverse("web:mediation_record", args=[file.number]),
            PaperKind.AGREEMENT: reverse("web:mediation_terms", args=[file.number]),
        },
    }


# Papers -----------------------------------------------------------------------------------------


class OwnedForm(PaperForm):
    """A paper, and whose it is, where only one party and the mediators are to see it."""

    def __init__(self, kind: PaperKind, file: MediationFile, owner: int | None, **options: Any) -> None:
        super().__init__(kind, parties=file.present, **options)
        choices = [(str(party.number), party.name) for party in file.present]
        if kind in ONE_PARTY:
            choices = [("", _("请选择")), *choices]
        else:
            choices = [(STAFF, _("只有调解员和记录人")), (EVERYBODY, _("各方都能看")), *choices]
        usual = EVERYBODY if kind in JOINT else STAFF
        self.fields["owner"] = forms.ChoiceField(
            label=_("给谁看"),
            choices=choices,
            initial=str(owner) if owner else "" if kind in ONE_PARTY else usual,
            help_text=_("选了一方，就只有调解员、记录人和这一方看得到。"),
        )

    @property
    def owner(self) -> int | None:
        given = self.cleaned_data.get("owner") or ""
        return int(given) if given.isdecimal() else None

    @property
    def is_joint(self) -> bool:
        return self.cleaned_data.get("owner") == EVERYBODY


@requires("mediation.accept")
@takes_photos
@require_http_methods(["GET", "POST"])
@reads("paper")
def new_paper(request: HttpRequest, file: MediationFile, kind: str) -> HttpResponse:
    """A form for each kind of paper, filled with what is known already."""
    if kind not in OFFERED or not (file.may_edit and file.may_once_ready("write")):
        raise Http404
    wanted = PaperKind(kind)
    asked = request.GET.get("party", "")
    owner = int(asked) if asked.isdecimal() and len(asked) < 4 else None
    if owner is not None and file.party(owner) is None:
        raise Http404
    return _paper_sheet(request, file, wanted, None, _known(file, wanted, owner), owner)


@requires("mediation.accept")
@takes_photos
@require_http_methods(["GET", "POST"])
@reads("paper")
def edition(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    """A changed word makes a new version, and voids what was signed."""
    paper = file.paper(paper_id)
    if paper is None or paper.kind in OWN_PAGES or not (file.may_edit and file.may_once_ready("write")):
        raise Http404
    return _paper_sheet(request, file, PaperKind(paper.kind), paper, paper.content, paper.party)


def _paper_sheet(
    request: HttpRequest,
    file: MediationFile,
    kind: PaperKind,
    paper: Paper | None,
    content: dict[str, Any],
    owner: int | None,
) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = OwnedForm(kind, file, owner, data=data, content=content)
    if paper is not None:
        del form.fields["owner"]
    signed = len(file.signatures_under(paper)) if paper else 0
    if signed:
        form.fields["confirmed"] = forms.BooleanField(label=_("我知道已有的签名会作废，要请各方重签"))
    sheet = Sheet(
        title=str(kind.label),
        label=_("归入卷宗") if paper is None else _("保存为新的一稿"),
        icon="file-text",
        form=form,
        photos=_("照片：复印件、原件、现场"),
    )

    def do(sent: Sent) -> Paper:
        held = form.owner if paper is None else paper.party
        return papers.write(
            case=file.case.pk,
            kind=kind,
            content={**form.content, "photos": paper.content.get("photos", [])} if paper else form.content,
            lineage=paper.lineage if paper else None,
            seen=paper.version if paper else None,
            party=held,
            is_joint=form.is_joint if paper is None else paper.is_joint,
            photos=sent.photos,
            by=file.post,
            at=file.at,
        )

    return answer(request, file, sheet, do, done=_("已归入卷宗。"), then="file")


def _known(file: MediationFile, kind: PaperKind, owner: int | None) -> dict[str, Any]:
    """What the case says already, so that nobody writes it twice."""
    today = timezone.localtime(file.at).date().isoformat()
    now = timezone.localtime(file.at).strftime("%Y-%m-%dT%H:%M")
    matter = file.matter
    makers = [each.person.name for each in file.mediators]
    known: dict[str, Any] = {"date": today, "at": now, "filled_on": today}
    known |= {"registrar": file.post.name, "visitor": file.post.name, "investigators": makers}
    known |= {"brief": matter.brief, "facts": matter.brief, "requests": matter.requests}
    known |= {"category": matter.category.label, "source": matter.get_source_display()}
    known |= {"entrusted_by": matter.entrusted_name, "reason": matter.subject}
    known |= {"handler": "、".join(makers), "court": matter.court}  # zh: on an official paper
    if kind == PaperKind.IDENTITY:
        known["documents"] = [{"name": party.name} for party in file.present]
    if kind == PaperKind.PERFORMANCE:
        known["performance"] = dossier.performance_of(file.case.pk)
    if kind == PaperKind.CONFIRMATION:
        known["papers"] = [
            _("人民调解协议书"),
            _("调委会主持调解的证明"),
            _("双方的身份证明、住址和联系方式"),
        ]
    if kind == PaperKind.CLOSING:
        known["result"] = dict(file.matter._meta.get_field("outcome").flatchoices).get(matter.outcome, "")
    if kind == PaperKind.AUTHORITY:
        agent = next((c for c in file.companions if c.role == CompanionRole.AGENT), None)
        principal = file.party(agent.party) if agent else None
        known |= {"agent": agent.name if agent else "", "relation": agent.relation if agent else ""}
        known["principal"] = principal.name if principal else ""
    return known


@requires("case.view")
@require_safe
@reads("paper")
def paper(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    """The exact text, its versions, and who signed it."""
    found = file.paper(paper_id) or get_object_or_404(Paper, case_id=file.case.pk, id=paper_id)
    versions = Paper.objects.filter(case_id=file.case.pk, lineage=found.lineage).order_by("-version")
    context = {
        "file": file,
        "matter": file.matter,
        "paper": found,
        "fingerprint": fingerprint(found),
        "signed": file.signatures_under(found),
        "lacking": missing_signatures(found),
        "versions": list(versions.select_related("author")),
        "photos": _photos_of(found),
        "may_sign": file.may_mediate and found.is_current and file.case.is_open,
        "may_edit": file.may_edit and found.is_current and found.kind not in OWN_PAGES,
    }
    return render(request, "web/mediations/paper.html", context)


def _photos_of(found: Paper) -> list[str]:
    return [str(each) for each in found.content.get("photos") or []]


@requires("case.view")
@require_safe
@reads("paper")
def paper_pdf(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    found = get_object_or_404(Paper, case_id=file.case.pk, id=paper_id)
    return _download(dossier.paper_pdf(found, file.at), f"{found.get_kind_display()}.pdf", "application/pdf")


@requires("case.view")
@require_safe
@reads("paper")
def paper_docx(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    found = get_object_or_404(Paper, case_id=file.case.pk, id=paper_id)
    return _download(dossier.paper_docx(found), f"{found.get_kind_display()}.docx", WORD)


def _download(content: bytes, name: str, content_type: str) -> HttpResponse:
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)


# The whole file ---------------------------------------------------------------------------------


@requires("case.view")
@require_safe
@reads("dossier")
def file_pdf(request: HttpRequest, file: MediationFile) -> HttpResponse:
    return _download(dossier.dossier_pdf(file.case.pk, file.at), _name(file, "pdf"), "application/pdf")


@requires("case.view")
@require_safe
@reads("dossier")
def file_docx(request: HttpRequest, file: MediationFile) -> HttpResponse:
    return _download(dossier.dossier_docx(file.case.pk, file.at), _name(file, "docx"), WORD)


def _name(file: MediationFile, ending: str) -> str:
    return f"{file.matter.file_number or file.number}.{ending}"


@requires("mediation.mediate")
@require_POST
def archiving(request: HttpRequest, number: str) -> HttpResponse:
    def do(pressed: Press) -> Any:
        return agreeing.archive(case=pressed.case.pk, version=pressed.version, **pressed.command)

    return press(request, number, "archiving", do, done=_("已归档。"), then="file")


# Photos of papers and signatures ----------------------------------------------------------------


@requires("case.view")
@require_safe
@reads("photo")
def photo(request: HttpRequest, file: MediationFile, photo_id: UUID) -> HttpResponse:
    return documents_views.serve(get_object_or_404(Attachment, case_id=file.case.pk, id=photo_id), "full")


@requires("case.view")
@require_safe
def thumbnail(request: HttpRequest, number: str, photo_id: UUID) -> HttpResponse:
    """Part of a page whose opening was noted, so it is not noted again."""
    matter = find(number)
    if not reading.may_read(matter.case_id, post_of(request)):
        raise Http404
    found = get_object_or_404(Attachment, case_id=matter.case_id, id=photo_id)
    return documents_views.serve(found, "thumbnail")
