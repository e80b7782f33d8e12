"""The ways a mediation pauses, goes on or ends without an agreement, and the routes parties are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.cases.actions import BadData
from linli.mediation.actions import accepting, agreeing, mediating
from linli.mediation.models import How, Matter, Party
from linli.mediation.rules.conditions import extension_proposal
from linli.people.access import requires
from linli.web.forms.pressed import Attempt, PressedForm, number_in, text_in, yes_or_no

from .acting import Press, press
from .file import MediationFile
from .page import section
from .sheets import reads

REMARK = 1000
LONGEST_EXTENSION = 30


def choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class RouteForm(PressedForm):
    """Why it ends here, and which routes the parties were told."""

    route = forms.ChoiceField(label=gettext_lazy("告知的途径"))
    remark = forms.CharField(
        label=gettext_lazy("情况说明"), widget=forms.Textarea(attrs={"rows": 3, "maxlength": REMARK})
    )

    def __init__(self, verb: str, file: MediationFile, attempt: Attempt | None) -> None:
        super().__init__(verb, attempt)
        offered = [
            (value, str(label))
            for need in file.procedure.moves[verb].needs
            if need.name == "route"
            for value, label in need.choices
        ]
        choose(self, "route", [("", str(_("请选择"))), *offered])


class RemarkForm(PressedForm):
    remark = forms.CharField(
        label=gettext_lazy("为什么"), widget=forms.Textarea(attrs={"rows": 2, "maxlength": REMARK})
    )


class WithdrawalForm(PressedForm):
    party = forms.ChoiceField(label=gettext_lazy("哪一方不再调解"), widget=forms.RadioSelect)
    remark = forms.CharField(
        label=gettext_lazy("怎么说的"), widget=forms.Textarea(attrs={"rows": 2, "maxlength": REMARK})
    )

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        super().__init__("note_withdrawal", attempt)
        choose(self, "party", [(str(party.number), party.name) for party in file.present])


class EverybodyForm(PressedForm):
    """What each party said to one question, noted by the mediator; those who answered before are not asked again."""

    how = forms.ChoiceField(
        label=gettext_lazy("怎么说的"),
        choices=[(how.value, how.label) for how in (How.SPOKEN, How.PHONE, How.PAPER)],
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        name: str,
        file: MediationFile,
        attempt: Attempt | None,
        question: str,
        said: Callable[[Party], bool | None],
    ) -> None:
        super().__init__(name, attempt, initial={"how": How.SPOKEN.value})
        self.said = [(party, said(party)) for party in file.present]
        for party, known in self.said:
            if known is None:
                self.fields[f"party-{party.number}"] = forms.ChoiceField(
                    label=question % {"name": party.name},
                    choices=[("yes", _("同意")), ("no", _("不同意"))],
                    widget=forms.RadioSelect,
                    required=False,
                )
        if all(known is not None for _party, known in self.said):
            del self.fields["how"]


class ExtensionForm(EverybodyForm):
    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        about = extension_proposal(file.case)

        def said(party: Party) -> bool | None:
            found = file.answer(party.number, Matter.EXTENSION, about)
            return found.answer if found else None

        super().__init__("extend", file, attempt, _("%(name)s同意延长吗"), said)
        self.fields["limit"] = forms.IntegerField(
            label=_("延长几天"),
            initial=15,
            widget=forms.NumberInput(attrs={"min": 1, "max": LONGEST_EXTENSION, "class": "ll-auto"}),
        )
        self.order_fields(["limit", "how"])


# What the page shows ----------------------------------------------------------------------------


@section
def steps(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """What may be done besides, in the order of the procedure."""
    may = file.may_once_ready
    return {
        "fail_form": RouteForm("fail", file, attempt) if may("fail") else None,
        "routes_form": RouteForm("tell_routes", file, attempt) if may("tell_routes") else None,
        "suspend_form": RemarkForm("suspend", attempt) if may("suspend") else None,
        "resume_form": PressedForm("resume", attempt) if may("resume") else None,
        "extend_form": ExtensionForm(file, attempt) if may("extend") else None,
        "withdrawal_form": WithdrawalForm(file, attempt) if may("note_withdrawal") else None,
    }


# What is pressed --------------------------------------------------------------------------------


def simple(verb: str, done: object, then: str) -> Callable[[HttpRequest, str], HttpResponse]:
    """A button that asks for nothing."""
    return pressed_by(verb, lambda pressed: {}, done, then)


def pressed_by(
    verb: str, read: Callable[[Press], dict[str, Any]], done: object, then: str
) -> Callable[[HttpRequest, str], HttpResponse]:
    """The view of a step: what `read` makes of the form goes to the action of that name."""
    module = mediating if hasattr(mediating, verb) else agreeing

    def do(pressed: Press) -> Any:
        given = read(pressed)
        return getattr(module, verb)(
            case=pressed.case.pk, version=pressed.version, **pressed.command, **given
        )

    def view(request: HttpRequest, number: str) -> HttpResponse:
        return press(request, number, verb, do, done=str(done), then=then)

    return require_POST(view)


def route_in(pressed: Press) -> dict[str, Any]:
    route, remark = text_in(pressed.posted, "route"), text_in(pressed.posted, "remark")
    problems = {}
    if not route:
        problems["route"] = _("请选告知了哪条途径。")
    if not remark:
        problems["remark"] = _("请写明情况。")
    if problems:
        raise BadData(problems)
    return {"route": route, "remark": remark[:REMARK]}


def _remark(pressed: Press) -> dict[str, Any]:
    remark = text_in(pressed.posted, "remark")
    if not remark:
        raise BadData({"remark": _("请写明情况。")})
    return {"remark": remark[:REMARK]}


def _withdrawal(pressed: Press) -> dict[str, Any]:
    party = number_in(pressed.posted, "party")
    if party is None:
        raise BadData({"party": _("请选是哪一方。")})
    return {"party": party, **_remark(pressed)}


def _extension(pressed: Press) -> dict[str, Any]:
    days = number_in(pressed.posted, "limit")
    if not days or days > LONGEST_EXTENSION:
        raise BadData({"limit": _("请填 1 到 %(most)d 天。") % {"most": LONGEST_EXTENSION}})
    note_answers(pressed, Matter.EXTENSION, extension_proposal(pressed.case))
    return {"days": days}


def note_answers(pressed: Press, matter: Matter, about: UUID | None) -> list[bool]:
    """Keeps what each party said. A no is kept only together with what follows from it."""
    said = []
    how = text_in(pressed.posted, "how") or How.SPOKEN.value
    for party in Party.objects.present().filter(case_id=pressed.case.pk):
        answered = yes_or_no(pressed.posted, f"party-{party.number}")
        if answered is None:
            continue
        said.append(answered)
        accepting.answer(
            case=pressed.case.pk,
            party=party.number,
            matter=matter,
            answer=answered,
            how=how,
            about=about,
            **pressed.who,
        )
    return said


mediates = requires("mediation.mediate")
suspension = mediates(pressed_by("suspend", _remark, gettext_lazy("已中止，期限暂停。"), "steps"))
resumption = mediates(simple("resume", gettext_lazy("已恢复，期限接着算。"), "steps"))
extension = mediates(pressed_by("extend", _extension, gettext_lazy("各方同意，期限已延长。"), "steps"))
failure = mediates(pressed_by("fail", route_in, gettext_lazy("已结束，并告知了其他途径。"), "steps"))
telling = requires("mediation.accept")(
    pressed_by("tell_routes", route_in, gettext_lazy("已记下告知的途径。"), "steps")
)
withdrawal = requires("mediation.accept")(
    pressed_by("note_withdrawal", _withdrawal, gettext_lazy("已记下当事人不再调解。"), "steps")
)


@requires("case.view")
@require_safe
@reads("routes")
def routes(request: HttpRequest, file: MediationFile) -> HttpResponse:
    """The other routes of the law on one page, to be printed for a party."""
    wanted = request.GET.get("party", "")
    party = file.party(int(wanted)) if wanted.isdecimal() and len(wanted) < 4 else None
    context = {"file": file, "matter": file.matter, "case": file.case, "party": party, "at": file.at}
    return render(request, "web/mediations/routes.html", context)
