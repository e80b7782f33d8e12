"""The parties of a mediation and whoever comes with them: noted, corrected, asked, and given their code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.cases.actions import BadData
from linli.kit import codes
from linli.mediation.actions import accepting, registering
from linli.mediation.actions.registering import PartyDetails
from linli.mediation.models import (
    Assent,
    Companion,
    CompanionRole,
    How,
    Matter,
    Paper,
    PaperKind,
    Party,
    Sex,
    Side,
    Signer,
)
from linli.people.access import requires
from linli.web.forms.pressed import Attempt, PressedForm, day_in, is_ticked, number_in, text_in, yes_or_no

from .acting import Press, press
from .file import MediationFile
from .page import section
from .printing import picture
from .sheets import reads

LETTERS = "mediation_letters"
HOWS = [(how.value, how.label) for how in (How.SPOKEN, How.PHONE, How.PAPER, How.TABLET)]
YES_NO = [("yes", gettext_lazy("是")), ("no", gettext_lazy("否"))]


def _line(
    label: Any, most: int, *, required: bool = False, kind: str = "text", hint: Any = ""
) -> forms.CharField:
    attrs = {"maxlength": most, "autocomplete": "off", "data-private": "", "type": kind}
    return forms.CharField(
        label=label, required=required, help_text=hint, widget=forms.TextInput(attrs=attrs)
    )


class PartyForm(PressedForm):
    side = forms.ChoiceField(label=gettext_lazy("哪一方"), choices=Side.choices, widget=forms.RadioSelect)
    name = _line(gettext_lazy("姓名或名称"), 50, required=True)
    is_body = forms.BooleanField(label=gettext_lazy("是单位"), required=False)
    phone = _line(gettext_lazy("联系电话"), 32, kind="tel")
    address = _line(gettext_lazy("单位或住址"), 120)
    sex = forms.ChoiceField(label=gettext_lazy("性别"), required=False)
    ethnicity = _line(gettext_lazy("民族"), 20)
    born_on = _line(gettext_lazy("出生日期"), 10, kind="date")
    occupation = _line(gettext_lazy("职业或职务"), 40)

    def __init__(self, name: str, attempt: Attempt | None, party: Party | None = None) -> None:
        initial: dict[str, Any] = {"side": Side.RESPONDENT.value}
        if party is not None:
            initial = {each: getattr(party, each) for each in PARTY_FIELDS}
            initial["born_on"] = party.born_on.isoformat() if party.born_on else ""
        super().__init__(name, attempt, initial=initial)
        self.choose("sex", [("", str(_("不写"))), *Sex.choices])
        if party is not None:
            del self.fields["side"]


PARTY_FIELDS = ("name", "is_body", "phone", "address", "sex", "ethnicity", "occupation")


class CompanionForm(PressedForm):
    role = forms.ChoiceField(label=gettext_lazy("是什么人"), choices=CompanionRole.choices)
    party = forms.ChoiceField(
        label=gettext_lazy("和哪一方一起"),
        required=False,
        help_text=gettext_lazy("协助调解的人不属于哪一方。"),
    )
    name = _line(gettext_lazy("姓名"), 50, required=True)
    phone = _line(gettext_lazy("联系电话"), 32, kind="tel")
    relation = _line(gettext_lazy("关系或身份"), 40, hint=gettext_lazy("例如：儿子；村干部；律师"))
    has_authority = forms.BooleanField(label=gettext_lazy("有授权委托书"), required=False)

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        super().__init__("companion-new", attempt)
        self.choose("party", [("", str(_("不属于哪一方"))), *((str(p.number), p.name) for p in file.present)])


class AnswerForm(PressedForm):
    """What one party said to one question, noted by staff."""

    answer = forms.ChoiceField(label=gettext_lazy("怎么说"), widget=forms.RadioSelect)
    how = forms.ChoiceField(
        label=gettext_lazy("怎么问到的"), choices=HOWS, widget=forms.RadioSelect, initial=How.SPOKEN.value
    )

    def __init__(self, name: str, attempt: Attempt | None, yes: str, no: str) -> None:
        super().__init__(name, attempt)
        self.choose("answer", [("yes", yes), ("no", no)])


@dataclass(frozen=True)
class HelperCard:
    """Somebody asked to help, and what each party said to it (人民调解法 20)."""

    companion: Companion
    said: list[tuple[Party, Assent | None, AnswerForm | None]]


@dataclass(frozen=True)
class PartyCard:
    """A party with what is known of them and what may be done."""

    party: Party
    companions: list[Companion]
    willing: Assent | None
    rights: Assent | None
    rights_paper: Paper | None
    edit: PartyForm | None
    ask_rights: AnswerForm | None
    identity: PressedForm | None
    code: PressedForm | None

    @property
    def has_rights(self) -> bool:
        return self.rights_paper is not None or (self.rights is not None and self.rights.answer)


@dataclass
class Parties:
    cards: list[PartyCard] = field(default_factory=list)
    helpers: list[HelperCard] = field(default_factory=list)


@section
def parties(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """The parties, and the forms of whoever keeps the case."""
    may = file.may_edit or (file.may_mediate and file.case.is_open)
    found = Parties([_card(file, party, attempt, may) for party in file.parties])
    helpers = [each for each in file.companions if each.role == CompanionRole.HELPER]
    found.helpers = [_helper(file, each, attempt, may) for each in helpers]
    return {
        "parties": found,
        "party_form": PartyForm("party-new", attempt) if may else None,
        "companion_form": CompanionForm(file, attempt) if may else None,
        "rights_text": file.papers_of(PaperKind.RIGHTS)[-1:],
    }


def _card(file: MediationFile, party: Party, attempt: Attempt | None, may: bool) -> PartyCard:
    n = party.number
    may = may and party.withdrawn_at is None
    rights = file.answer(n, Matter.RIGHTS)
    signed = _signed_rights(file, n)
    knows = signed is not None or (rights is not None and rights.answer)
    ask = may and not knows and file.case.state != "consent_check"
    return PartyCard(
        party=party,
        companions=[each for each in file.companions if each.party == n],
        willing=file.answer(n, Matter.WILLING),
        rights=rights,
        rights_paper=signed,
        edit=PartyForm(f"party-{n}", attempt, party) if may else None,
        ask_rights=AnswerForm(f"rights-{n}", attempt, _("已听清，无疑问"), _("还没有")) if ask else None,
        identity=PressedForm(f"identity-{n}", attempt) if may and not party.is_identity_seen else None,
        code=PressedForm(f"code-{n}", attempt) if may else None,
    )


def _signed_rights(file: MediationFile, number: int) -> Paper | None:
    for paper in file.papers_of(PaperKind.RIGHTS):
        for each in file.signatures_under(paper):
            if each.signer == Signer.PARTY and each.party == number:
                return paper
    return None


def _helper(file: MediationFile, companion: Companion, attempt: Attempt | None, may: bool) -> HelperCard:
    said: list[tuple[Party, Assent | None, AnswerForm | None]] = []
    for party in file.present:
        answered = file.answer(party.number, Matter.HELPER, companion.id)
        name = f"helper-{companion.id}-{party.number}"
        form = AnswerForm(name, attempt, _("同意"), _("不同意")) if may and answered is None else None
        said.append((party, answered, form))
    return HelperCard(companion, said)


# What is pressed --------------------------------------------------------------------------------


def _plain(errors: BadData) -> BadData:
    """Problems of a party by the plain names of its form."""
    return BadData({name.rsplit(".", 1)[-1]: said for name, said in errors.errors.items()})


def details_in(pressed: Press, side: str) -> PartyDetails:
    posted, wrong = pressed.posted, {}  # type: ignore[var-annotated]
    born_on = day_in(posted, "born_on", wrong)
    if wrong:
        raise BadData(wrong)
    return PartyDetails(
        name=text_in(posted, "name"),
        side=side,
        is_body=is_ticked(posted, "is_body"),
        sex=text_in(posted, "sex"),
        ethnicity=text_in(posted, "ethnicity"),
        born_on=born_on,
        occupation=text_in(posted, "occupation"),
        address=text_in(posted, "address"),
        phone=text_in(posted, "phone"),
    )


def _saying(do: Callable[[Press], Any]) -> Callable[[Press], Any]:
    def done(pressed: Press) -> Any:
        try:
            return do(pressed)
        except BadData as error:
            raise _plain(error) from error

    return done


@requires("mediation.accept")
@require_POST
def new_party(request: HttpRequest, number: str) -> HttpResponse:
    """One party more, on either side."""

    def add(pressed: Press) -> Party:
        side = text_in(pressed.posted, "side")
        if side not in Side.values:
            raise BadData({"side": _("请选是哪一方。")})
        given = details_in(pressed, side)
        return registering.add_party(case=pressed.case.pk, details=given, **pressed.who)

    return press(request, number, "party-new", _saying(add), done=_("已加上这一方。"), then="parties")


@requires("mediation.accept")
@require_POST
def party(request: HttpRequest, number: str, party: int) -> HttpResponse:
    """Corrects what is known of a party."""

    def correct(pressed: Press) -> Party:
        known = Party.objects.filter(case_id=pressed.case.pk, number=party).first()
        given = details_in(pressed, known.side if known else Side.APPLICANT.value)
        return registering.correct_party(case=pressed.case.pk, number=party, details=given, **pressed.who)

    return press(request, number, f"party-{party}", _saying(correct), done=_("已改好。"), then="parties")


@requires("mediation.accept")
@require_POST
def identity(request: HttpRequest, number: str, party: int) -> HttpResponse:
    """Notes that a party's papers were seen; no copy of them is kept here."""

    def see(pressed: Press) -> Any:
        return registering.see_identity(case=pressed.case.pk, number=party, **pressed.who)

    return press(request, number, f"identity-{party}", see, done=_("已记下：核对过证件。"), then="parties")


@requires("mediation.accept")
@require_POST
def answers(request: HttpRequest, number: str, party: int, matter: str) -> HttpResponse:
    """What a party said to a question, noted by staff: willing, rights, mediator, public."""
    if matter not in (Matter.WILLING, Matter.RIGHTS, Matter.MEDIATOR, Matter.PUBLIC):
        matter = Matter.WILLING
    form, anchor = f"{matter}-{party}", "acceptance" if matter == Matter.WILLING else "parties"
    return press(request, number, form, _note(party, matter), done=_("已记下他怎么说。"), then=anchor)


@requires("mediation.accept")
@require_POST
def helper_answers(request: HttpRequest, number: str, companion_id: UUID, party: int) -> HttpResponse:
    """Whether a party agrees that somebody helps."""
    form = f"helper-{companion_id}-{party}"
    do = _note(party, Matter.HELPER, companion_id)
    return press(request, number, form, do, done=_("已记下他怎么说。"), then="parties")


def _note(party: int, matter: str, about: UUID | None = None) -> Callable[[Press], Assent]:
    def note(pressed: Press) -> Assent:
        answered, how = yes_or_no(pressed.posted, "answer"), text_in(pressed.posted, "how")
        wrong = {}
        if answered is None:
            wrong["answer"] = _("请选一项。")
        if how not in How.values:
            wrong["how"] = _("请选是怎么问到的。")
        if answered is None or wrong:
            raise BadData(wrong)
        return accepting.answer(
            case=pressed.case.pk,
            party=party,
            matter=matter,
            answer=answered,
            how=how,
            about=about,
            **pressed.who,
        )

    return note


@requires("mediation.accept")
@require_POST
def companions(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody who comes along: agent, representative, guardian, or a helper with everybody's consent."""

    def add(pressed: Press) -> Companion:
        posted = pressed.posted
        beside = number_in(posted, "party")
        known = Party.objects.filter(case_id=pressed.case.pk, number=beside).first() if beside else None
        return registering.add_companion(
            case=pressed.case.pk,
            role=text_in(posted, "role"),
            name=text_in(posted, "name"),
            party=known.number if known else None,
            side=known.side if known else "",
            phone=text_in(posted, "phone"),
            relation=text_in(posted, "relation"),
            has_authority=is_ticked(posted, "has_authority"),
            **pressed.who,
        )

    return press(request, number, "companion-new", _saying(add), done=_("已加上这个人。"), then="parties")


# The code of a party ----------------------------------------------------------------------------


@requires("mediation.accept")
@require_POST
def code(request: HttpRequest, number: str, party: int) -> HttpResponse:
    """Gives a party a new code, on a letter shown once; a code they had is dead from now on."""

    def renew(pressed: Press) -> Any:
        registering.renew_code(case=pressed.case.pk, number=party, **pressed.who)
        kept = request.session.get(LETTERS, [])
        request.session[LETTERS] = [*kept[-9:], f"{pressed.case.pk}:{party}"]
        return pressed.case.number

    def letter_of(number: str) -> str:
        return reverse("web:mediation_letter", args=[number, party])

    return press(request, number, f"code-{party}", renew, then=letter_of)


@requires("mediation.accept")
@require_safe
@reads("letter")
def letter(request: HttpRequest, file: MediationFile, party: int) -> HttpResponse:
    """The letter to a party with their code, once; afterwards no member of staff can see it again."""
    kept: list[str] = request.session.get(LETTERS, [])
    key, found = f"{file.case.pk}:{party}", file.party(party)
    if key not in kept or found is None:
        messages.info(request, _("查询码只在生成后显示一次。要再给，请重新生成，原来的就不能用了。"))
        return redirect("web:mediation", file.number)
    request.session[LETTERS] = [each for each in kept if each != key]
    secret = codes.pretty(registering.party_code(file.case.pk, party))
    address = request.build_absolute_uri(reverse("portal:track"))
    context = {
        "file": file,
        "matter": file.matter,
        "party": found,
        "code": secret,
        "address": address,
        "picture": picture(address),
        "at": file.at,
    }
    response = render(request, "web/mediations/letter.html", context)
    response["Cache-Control"] = "no-store"
    return response
