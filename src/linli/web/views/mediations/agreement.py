"""The terms: written or oral, changed with open eyes once somebody has signed, and offered for signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from linli.cases.actions import BadData
from linli.kit.lists import listed
from linli.mediation.actions import accepting, agreeing, papers
from linli.mediation.models import How, Matter, Paper, PaperKind
from linli.mediation.rules.texts import text_of
from linli.people.access import requires
from linli.web.forms.papers import PaperForm
from linli.web.forms.pressed import Attempt, PressedForm

from .acting import Press, press
from .file import MediationFile
from .page import section
from .sheets import Sent, Sheet, answer, reads


class TermsForm(PaperForm):
    """The terms, with the question that comes before signatures are voided."""

    def __init__(self, kind: PaperKind, signed: int, seen: int, **options: Any) -> None:
        self.signed = signed
        super().__init__(kind, **options)
        self.fields["seen"] = forms.CharField(required=False, widget=forms.HiddenInput, initial=str(seen))
        if signed:
            self.fields["confirmed"] = forms.BooleanField(
                required=False, label=_("我知道已有的签名会作废，要请各方看着改过的地方重签")
            )

    def clean(self) -> None:
        super().clean()
        if self.signed and not self.cleaned_data.get("confirmed"):
            self.add_error("confirmed", _("改动会让已有的签名作废，请先勾选。"))


@section
def agreement(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    paper = current(file)
    may_write = file.may_mediate and file.case.state in ("in_mediation", "agreement_written")
    return {
        "agreement": paper,
        "agreement_is_oral": paper is not None and paper.kind == PaperKind.ORAL,
        "agreement_fingerprint": fingerprint(paper) if paper else "",
        "agreement_signed": file.signatures_under(paper) if paper else [],
        "agreement_instalments": _instalments(file, paper),
        "may_write_terms": may_write,
        "may_speak_terms": file.may_mediate and file.case.state == "in_mediation",
        "may_draft": file.may("draft"),
        "draft_form": PressedForm("drafting", attempt) if file.may("draft") else None,
        "redraft_form": PressedForm("redrafting", attempt) if file.may("redraft") else None,
        "is_in_effect": file.matter.effective_at is not None,
    }


def current(file: MediationFile) -> Paper | None:
    """The written terms, or else the oral ones."""
    found = file.papers_of(PaperKind.AGREEMENT) or file.papers_of(PaperKind.ORAL)
    return found[-1] if found else None


def fingerprint(paper: Paper) -> str:
    """The first eight characters, as they can be compared by eye."""
    return f"{paper.sha256[:4]} {paper.sha256[4:8]}"


def _instalments(file: MediationFile, paper: Paper | None) -> list[tuple[Any, Mapping[str, Any]]]:
    rows = paper.content.get("instalments") or [] if paper else []
    return [(file.party(row.get("party")), {**row, "due_on": day_of(row.get("due_on"))}) for row in rows]


def day_of(text: Any) -> date | None:
    try:
        return parse_date(str(text or ""))
    except ValueError:
        return None


# Writing ----------------------------------------------------------------------------------------


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@reads("agreement")
def terms(request: HttpRequest, file: MediationFile) -> HttpResponse:
    """The written terms; the button `preview` shows the exact text instead of saving it."""
    if not file.may_mediate or file.case.state not in ("in_mediation", "agreement_written"):
        raise Http404
    found = file.papers_of(PaperKind.AGREEMENT)
    paper = found[-1] if found else None
    form = _form(request, file, PaperKind.AGREEMENT, paper)
    if request.method == "POST" and "preview" in request.POST:
        return _preview(request, file, form)
    sheet = Sheet(
        title=_("改协议条款") if paper else _("写协议条款"),
        label=_("保存为新的一稿"),
        icon="device-floppy",
        form=form,
        template="web/mediations/terms.html",
        more={"paper": paper, "fingerprint": fingerprint(paper) if paper else "", "signed": form.signed},
    )

    def do(sent: Sent) -> Paper:
        return _write(file, PaperKind.AGREEMENT, form, paper)

    return answer(request, file, sheet, do, done=_("已保存。各方签之前，还可以再改。"), then="agreement")


def _form(request: HttpRequest, file: MediationFile, kind: PaperKind, paper: Paper | None) -> TermsForm:
    today = timezone.localtime(file.at).date().isoformat()
    content = dict(paper.content) if paper else {"date": today, "copies": _copies(len(file.present) + 1)}
    signed = len(file.signatures_under(paper)) if paper else 0
    return TermsForm(
        kind,
        signed,
        paper.version if paper else 0,
        parties=file.present,
        data=request.POST if request.method == "POST" else None,
        content=content,
    )


def _copies(count: int) -> str:
    """One copy each party and one for the committee, in the numerals of the form."""
    numerals = "零一二三四五六七八九十"  # zh: printed on the agreement
    return numerals[count] if count < len(numerals) else str(count)


def _write(file: MediationFile, kind: PaperKind, form: TermsForm, paper: Paper | None) -> Paper:
    """Saved unless somebody saved other terms since this form was opened; then both are shown."""
    seen = form.data.get("seen", "")
    begun = int(seen) if seen.isdecimal() and len(seen) < 9 else 0
    if paper is not None and begun != paper.version:
        form.data = {**form.data, "seen": str(paper.version)}
        raise BadData(
            {
                "seen": _("您写的时候，%(who)s已经存了第 %(n)s 稿，在上面；请看过再存，您写的都还在。")
                % {"who": paper.author.name if paper.author else "", "n": paper.version}
            }
        )
    return papers.write(
        case=file.case.pk,
        kind=kind,
        content=form.content,
        lineage=paper.lineage if paper else None,
        seen=paper.version if paper else None,
        is_joint=True,
        by=file.post,
        at=file.at,
    )


def _preview(request: HttpRequest, file: MediationFile, form: TermsForm) -> HttpResponse:
    """The exact text as it would be signed, without saving it."""
    form.is_valid()
    text = text_of(PaperKind.AGREEMENT, form.content, file.matter)
    carried = [
        (name, value) for name, values in request.POST.lists() for value in values if name != "preview"
    ]
    context = {
        "file": file,
        "matter": file.matter,
        "text": text,
        "carried": [(name, value) for name, value in carried if name != "csrfmiddlewaretoken"],
    }
    return render(request, "web/mediations/preview.html", context)


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@reads("agreement")
def oral(request: HttpRequest, file: MediationFile) -> HttpResponse:
    """An oral agreement: the mediator writes down the content, every party says it needs no document."""
    if not file.may_mediate or file.case.state != "in_mediation":
        raise Http404
    found = file.papers_of(PaperKind.ORAL)
    paper = found[-1] if found else None
    form = _form(request, file, PaperKind.ORAL, paper)
    said = [(party, file.answer(party.number, Matter.ORAL)) for party in file.present]
    for party, _answer in said:
        form.fields[f"yes_{party.number}"] = forms.BooleanField(
            required=False, label=_("%(name)s当面同意不用书面协议") % {"name": party.name}
        )
    sheet = Sheet(
        title=_("口头协议"),
        label=_("记下口头协议，今天生效"),
        icon="message-2",
        form=form,
        lead=_(
            "各方认为不用书面的，可以口头达成；调解员记下内容，从达成之日起生效（人民调解法第二十八、三十条）。"
        ),
    )

    def do(sent: Sent) -> Any:
        refusing = [p.name for p, _a in said if not form.cleaned_data.get(f"yes_{p.number}")]
        if refusing:
            raise BadData(
                {"__all__": _("%(who)s还没有同意口头协议；要书面就写协议书。") % {"who": listed(refusing)}}
            )
        for party, _said in said:
            _agrees_orally(file, party.number)
        _write(file, PaperKind.ORAL, form, paper)
        return agreeing.agree_orally(**sent.command)

    return answer(request, file, sheet, do, done=_("口头协议已记下，今天生效。"), then="performance")


def _agrees_orally(file: MediationFile, party: int) -> None:
    accepting.answer(
        case=file.case.pk,
        party=party,
        matter=Matter.ORAL,
        answer=True,
        how=How.SPOKEN,
        by=file.post,
        at=file.at,
    )


# Asking for signatures --------------------------------------------------------------------------


@requires("mediation.mediate")
@require_POST
def drafting(request: HttpRequest, number: str) -> HttpResponse:
    def do(pressed: Press) -> Any:
        return agreeing.draft(case=pressed.case.pk, version=pressed.version, **pressed.command)

    return press(request, number, "drafting", do, done=_("已请各方签字。"), then="signatures")


@requires("mediation.mediate")
@require_POST
def redrafting(request: HttpRequest, number: str) -> HttpResponse:
    def do(pressed: Press) -> Any:
        return agreeing.redraft(case=pressed.case.pk, version=pressed.version, remark="", **pressed.command)

    return press(request, number, "redrafting", do, done=_("回到调解，可以改条款了。"), then="agreement")
