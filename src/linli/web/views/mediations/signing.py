"""Signatures and the seal, each under the exact text that was shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData
from linli.documents.forms import takes_photos
from linli.mediation.actions import signing as actions
from linli.mediation.models import How, Paper, PaperKind, Signature, Signer
from linli.mediation.rules.papers import missing_signatures
from linli.people.access import requires
from linli.web.forms.pressed import Attempt

from .agreement import fingerprint
from .file import MediationFile
from .page import section
from .sheets import Sent, Sheet, answer, reads

WIDTH, HEIGHT = 200, 100
SEALED = (PaperKind.AGREEMENT, PaperKind.RIGHTS, PaperKind.REGISTER, PaperKind.FOLLOW_UP, PaperKind.CLOSING)
SIGNED = (
    PaperKind.APPLICATION,
    PaperKind.REGISTER,
    PaperKind.RIGHTS,
    PaperKind.AUTHORITY,
    PaperKind.INVESTIGATION,
    PaperKind.EVIDENCE,
    PaperKind.RECORD,
    PaperKind.AGREEMENT,
    PaperKind.FOLLOW_UP,
    PaperKind.CONFIRMATION,
)


@dataclass(frozen=True)
class Card:
    """Somebody who has signed, or has yet to."""

    name: str
    role: str
    who: str
    signature: Signature | None

    @property
    def path(self) -> str:
        return drawn(self.signature.strokes) if self.signature else ""


def drawn(strokes: list[list[list[float]]]) -> str:
    """Strokes as the data of an SVG path; points outside the field are left out, whoever stored them."""
    parts = []
    for stroke in strokes:
        points = [f"{x * WIDTH:.1f} {y * HEIGHT:.1f}" for x, y in stroke if 0 <= x <= 1 and 0 <= y <= 1]
        if points:
            parts.append("M" + " L".join(points if len(points) > 1 else points * 2))
    return " ".join(parts)


@section
def signatures(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    found = file.papers_of(PaperKind.AGREEMENT)
    paper = found[-1] if found else None
    others = [each for each in file.papers if each.kind in SIGNED and each is not paper]
    return {
        "signing_paper": paper,
        "sign_cards": cards(file, paper) if paper else [],
        "may_sign": file.may_mediate and file.case.state == "agreement_written",
        "may_seal_now": paper is not None and file.may_seal and ready_for_seal(paper),
        "unsigned": [(each, _waiting(file, each)) for each in others],
        "may_sign_papers": file.may_mediate and file.case.is_open,
    }


def cards(file: MediationFile, paper: Paper) -> list[Card]:
    """Every party, the mediators and the recorder, and at last the seal."""
    under = file.signatures_under(paper)
    wanted = file.present if paper.party is None else [p for p in file.present if p.number == paper.party]
    by_party = {each.party: each for each in under if each.signer == Signer.PARTY}
    by_person = {(each.signer, each.person_id): each for each in under}
    found = [Card(p.name, "", f"party-{p.number}", by_party.get(p.number)) for p in wanted]
    for role, who in ((Signer.MEDIATOR, file.mediators), (Signer.RECORDER, file.recorders)):
        found += [
            Card(each.person.name, str(role.label), role.value, by_person.get((role, each.person_id)))
            for each in who
        ]
    if paper.kind in SEALED:
        seal = next((each for each in under if each.signer == Signer.SEAL), None)
        found.append(
            Card(file.case.holder.label if file.case.holder else "", str(Signer.SEAL.label), "seal", seal)
        )
    return found


def ready_for_seal(paper: Paper) -> bool:
    """Whether only the seal is missing."""
    return [signer for signer, _party in missing_signatures(paper)] == [Signer.SEAL]


def _waiting(file: MediationFile, paper: Paper) -> list[str]:
    """Names of the parties who have not signed this paper."""
    return [card.name for card in cards(file, paper) if card.who.startswith("party") and not card.signature]


# Signing ----------------------------------------------------------------------------------------


class SignForm(forms.Form):
    signer = forms.ChoiceField(label=gettext_lazy("谁签"), widget=forms.RadioSelect)
    agent = forms.CharField(
        label=gettext_lazy("代理人姓名"),
        required=False,
        max_length=50,
        help_text=gettext_lazy("由代理人代签才填；要有授权委托书。"),
    )
    strokes = forms.CharField(required=False, widget=forms.HiddenInput)
    sha256 = forms.CharField(widget=forms.HiddenInput)

    def clean_strokes(self) -> list[Any]:
        try:
            strokes = json.loads(self.cleaned_data["strokes"] or "[]")
        except ValueError as error:
            raise forms.ValidationError(_("签名没有传上来，请再签一次。")) from error
        return strokes if isinstance(strokes, list) else []


def _paper(file: MediationFile, paper_id: UUID) -> Paper:
    found = file.paper(paper_id) or Paper.objects.filter(case_id=file.case.pk, id=paper_id).first()
    if found is None:
        raise Http404
    return found


def _newer(file: MediationFile, paper: Paper) -> Paper | None:
    if paper.is_current:
        return None
    return next((each for each in file.papers if each.lineage == paper.lineage), None)


def _choices(file: MediationFile, paper: Paper) -> list[tuple[str, str]]:
    """Who may still sign here: the parties on this screen, and the reader as mediator or recorder."""
    waiting = [card for card in cards(file, paper) if card.signature is None and card.who != "seal"]
    mine = {each.person.name for each in file.my_assignments}
    return [
        (card.who, f"{card.role} {card.name}".strip())
        for card in waiting
        if card.who.startswith("party") or card.name in mine
    ]


@requires("mediation.mediate")
@takes_photos
@require_http_methods(["GET", "POST"])
@reads("signing")
def signing(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    """The exact text, and a field to sign under it, or a photo of the paper that was signed."""
    if not file.may_mediate:
        raise Http404
    paper = _paper(file, paper_id)
    choices = _choices(file, paper)
    who = request.GET.get("who", "") or (choices[0][0] if len(choices) == 1 else "")
    initial = {"signer": who, "sha256": paper.sha256}
    form = SignForm(request.POST if request.method == "POST" else None, initial=initial)
    signer = form.fields["signer"]
    assert isinstance(signer, forms.ChoiceField)
    signer.choices = choices
    sheet = Sheet(
        title=_("签名：%(paper)s") % {"paper": paper.get_kind_display()},
        label=_("签在这份原文下面"),
        icon="signature",
        form=form,
        photos=_("纸上签的，拍照传上来"),
        template="web/mediations/signing.html",
        more={
            "paper": paper,
            "fingerprint": fingerprint(paper),
            "newer": _newer(file, paper),
            "choices": choices,
        },
    )

    def do(sent: Sent) -> Signature:
        return _sign(paper, form, sent)

    anchor = "signatures" if paper.kind == PaperKind.AGREEMENT else "file"
    return answer(request, file, sheet, do, done=_("已签。"), then=anchor)


def _sign(paper: Paper, form: SignForm, sent: Sent) -> Signature:
    given = form.cleaned_data
    is_party = given["signer"].startswith("party-")
    if not given["strokes"] and not sent.photos:
        raise BadData({"strokes": _("请在框里签名，或者把纸上签的拍照传上来。")})
    if sent.photos and not given["strokes"]:
        how = How.PAPER
    else:
        how = How.TABLET if is_party else How.SIGN_IN
    return actions.sign(
        paper=paper.id,
        sha256=given["sha256"],
        signer=Signer.PARTY if is_party else Signer(given["signer"]),
        party=int(given["signer"].removeprefix("party-")) if is_party else None,
        agent=given["agent"] if is_party else "",
        how=how,
        strokes=given["strokes"],
        scan=sent.photos[0] if sent.photos else None,
        **sent.command,
    )


# The seal ---------------------------------------------------------------------------------------


class SealForm(forms.Form):
    sha256 = forms.CharField(widget=forms.HiddenInput)
    is_checked = forms.BooleanField(
        label=gettext_lazy("我看过原文和各方签名，同意加盖委员会印章"),
        error_messages={"required": gettext_lazy("请看过原文再勾选。")},
    )


@requires("mediation.seal")
@require_http_methods(["GET", "POST"])
@reads("sealing")
def seal(request: HttpRequest, file: MediationFile, paper_id: UUID) -> HttpResponse:
    """The committee's seal, by an officer who may, under the text they read."""
    if not file.may_seal:
        raise Http404
    paper = _paper(file, paper_id)
    form = SealForm(request.POST if request.method == "POST" else None, initial={"sha256": paper.sha256})
    committee = file.case.holder.label if file.case.holder else ""
    sheet = Sheet(
        title=_("盖章：%(paper)s") % {"paper": paper.get_kind_display()},
        label=_("盖%(committee)s印章") % {"committee": committee},
        icon="gavel",
        form=form,
        lead=_("盖章以后，协议从最后一个签名或印章的时间起生效。"),
        template="web/mediations/sealing.html",
        more={
            "paper": paper,
            "fingerprint": fingerprint(paper),
            "newer": _newer(file, paper),
            "cards": cards(file, paper),
        },
    )

    def do(sent: Sent) -> Signature:
        return actions.seal(paper=paper.id, sha256=form.cleaned_data["sha256"], **sent.command)

    def then(_signature: Signature) -> str:
        return reverse("web:mediation", args=[file.number]) + "#signatures"

    return answer(request, file, sheet, do, done=_("已盖章。"), then=then)
