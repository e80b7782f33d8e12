"""Asking the parties, the acceptance test, and accepting or declining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.cases.actions import BadData
from linli.cases.procedures import Need
from linli.mediation.actions import accepting
from linli.mediation.models import Assent, Matter, Party
from linli.mediation.rules import QUESTIONS, Question, ground_of
from linli.people.access import requires
from linli.web.forms.pressed import Attempt, PressedForm, text_in, yes_or_no

from .acting import Press, press
from .file import MediationFile
from .page import section
from .parties import YES_NO, AnswerForm
from .sheets import reads

EARLY = ("applied", "diverted", "consent_check")


class AcceptanceForm(PressedForm):
    """The eight questions, each answered yes or no."""

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        known = {True: "yes", False: "no"}
        initial = {name: known[answer] for name, answer in file.matter.test.items() if answer in known}
        super().__init__("test", attempt, initial=initial)
        for question in QUESTIONS:
            self.fields[question.name] = forms.ChoiceField(
                label=question.label, choices=YES_NO, widget=forms.RadioSelect
            )


class DeclineForm(PressedForm):
    """The ground, the route that is right instead, and a word to the parties."""

    ground = forms.ChoiceField(label=gettext_lazy("理由"))
    route = forms.ChoiceField(label=gettext_lazy("该走的途径"))
    remark = forms.CharField(
        label=gettext_lazy("给当事人的说明"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
    )

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        found = _ground(file)
        initial = {"ground": found[0], "route": found[1]} if found else {}
        super().__init__("decline", attempt, initial=initial)
        for name in ("ground", "route"):
            self.choose(name, [("", str(_("请选择"))), *_offered(file, name)])


def _ground(file: MediationFile) -> tuple[str, str] | None:
    """What the answers so far come to: a party's no, or the first answer that forbids acceptance."""
    refused = [file.answer(party.number, Matter.WILLING) for party in file.present]
    if any(said is not None and not said.answer for said in refused):
        return "refused", "court"
    question = _forbidding(file)
    return (question.ground, question.route) if question else None


def _forbidding(file: MediationFile) -> Question | None:
    """The question whose answer forbids acceptance; one that was not asked yet forbids nothing."""
    answers = file.matter.test
    wrong = ground_of(answers)
    return wrong if wrong is not None and wrong.name in answers else None


def _offered(file: MediationFile, name: str) -> list[tuple[str, str]]:
    need = next(need for need in file.procedure.moves["decline"].needs if need.name == name)
    return _choices(need)


def _choices(need: Need) -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in need.choices]


def words(file: MediationFile, name: str, value: str) -> str:
    """A ground or route in words."""
    return dict(_offered(file, name)).get(value, value)


@dataclass(frozen=True)
class Asked:
    """A party, what they said to being mediated, and the form that notes it."""

    party: Party
    said: Assent | None
    form: AnswerForm | None


@section
def acceptance(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """What is asked before the case is accepted; afterwards, what was answered."""
    is_early = file.case.state in EARLY
    asks = is_early and file.may_edit
    asked = [
        Asked(
            party,
            file.answer(party.number, Matter.WILLING),
            AnswerForm(f"willing-{party.number}", attempt, _("愿意"), _("不愿意")) if asks else None,
        )
        for party in file.present
    ]
    question = _forbidding(file)
    return {
        "asked": asked,
        "is_early": is_early,
        "questions": [(each, file.matter.test.get(each.name)) for each in QUESTIONS],
        "forbidding": question,
        "forbidding_ground": words(file, "ground", question.ground) if question else "",
        "forbidding_route": words(file, "route", question.route) if question else "",
        "test_form": AcceptanceForm(file, attempt) if asks else None,
        "accept_form": PressedForm("accept", attempt) if file.may_once_ready("accept") else None,
        "may_accept": file.may("accept"),
        "decline_form": DeclineForm(file, attempt) if file.may_once_ready("decline") else None,
    }


@requires("mediation.accept")
@require_POST
def test(request: HttpRequest, number: str) -> HttpResponse:
    """Keeps the answers to the eight questions; whoever stops half-way loses nothing."""

    def keep(pressed: Press) -> Any:
        given = {q.name: yes_or_no(pressed.posted, q.name) for q in QUESTIONS}
        answered = {name: answer for name, answer in given.items() if answer is not None}
        if not answered:
            raise BadData({QUESTIONS[0].name: _("请至少回答一个问题。")})
        return accepting.set_test(case=pressed.case.pk, answers=answered, **pressed.who)

    return press(request, number, "test", keep, done=_("已记下受理前的回答。"), then="acceptance")


@requires("mediation.accept")
@require_POST
def accept(request: HttpRequest, number: str) -> HttpResponse:
    """Accepts the case: it gets its file number, and its time limit begins."""

    def do(pressed: Press) -> Any:
        return accepting.accept(case=pressed.case.pk, version=pressed.version, **pressed.command)

    return press(request, number, "accept", do, done=_("已受理，期限从今天起算。"), then="appointing")


@requires("mediation.accept")
@require_POST
def decline(request: HttpRequest, number: str) -> HttpResponse:
    """Declines it with the ground and the right route, and offers the notice to print."""

    def do(pressed: Press) -> str:
        ground, route = text_in(pressed.posted, "ground"), text_in(pressed.posted, "route")
        wrong = {}
        if not ground:
            wrong["ground"] = _("请选理由。")
        if not route:
            wrong["route"] = _("请选该走的途径。")
        if wrong:
            raise BadData(wrong)
        remark = text_in(pressed.posted, "remark")
        accepting.decline(case=pressed.case.pk, ground=ground, route=route, remark=remark, **pressed.command)
        return pressed.case.number

    def notice_of(number: str) -> str:
        return reverse("web:mediation_notice", args=[number])

    return press(
        request, number, "decline", do, done=_("已记下不予受理。请把通知交给当事人。"), then=notice_of
    )


@requires("mediation.accept")
@require_safe
@reads("notice")
def notice(request: HttpRequest, file: MediationFile) -> HttpResponse:
    """The notice that a case was not accepted, to print: why, and where to go instead."""
    event = next((event for event in reversed(file.events) if event.verb == "decline"), None)
    if event is None:
        return redirect("web:mediation", file.number)
    context = {
        "file": file,
        "matter": file.matter,
        "case": file.case,
        "event": event,
        "ground": words(file, "ground", event.data.get("ground", "")),
        "route": words(file, "route", event.data.get("route", "")),
        "remarks": file.remarks_on(event),
    }
    return render(request, "web/mediations/notice.html", context)
