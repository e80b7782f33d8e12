"""After the agreement: what is performed, what is not, the court, and the visit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData
from linli.documents.forms import takes_photos
from linli.mediation.actions import agreeing
from linli.mediation.models import Bar, Confirmation, Instalment, Matter, PaperKind, Party
from linli.people.access import requires
from linli.web.forms.papers import PaperForm
from linli.web.forms.pressed import Attempt, PressedForm, text_in

from .acting import Press
from .endings import EverybodyForm, RouteForm, choose, note_answers, pressed_by, route_in, simple
from .file import MediationFile
from .page import section
from .sheets import Sent, Sheet, answer, reads

REMARK = 1000
LONGEST_EXTENSION = 30


class CourtForm(EverybodyForm):
    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        def said(party: Party) -> bool | None:
            found = file.answer(party.number, Matter.CONFIRMATION)
            return found.answer if found else None

        super().__init__("apply_confirmation", file, attempt, _("%(name)s愿意共同申请吗"), said)
        self.fields["court"] = forms.CharField(
            label=_("向哪个法院申请"), widget=forms.TextInput(attrs={"maxlength": 80})
        )
        self.order_fields(["court", "how"])


class ResultForm(PressedForm):
    result = forms.ChoiceField(label=gettext_lazy("法院的结果"), widget=forms.RadioSelect)

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        super().__init__("note_confirmation", attempt)
        needs = file.procedure.moves["note_confirmation"].needs
        choose(self, "result", [(v, str(label)) for need in needs for v, label in need.choices])


# What the page shows ----------------------------------------------------------------------------


@section
def performance(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    may = file.may_once_ready
    return {
        "instalments": [(file.party(each.party), each) for each in file.instalments],
        "overdue": {each.id for each in file.instalments if _is_late(file, each)},
        "may_perform": may("perform"),
        "complete_form": PressedForm("complete", attempt) if file.may("complete") else None,
        "breach_form": RouteForm("breach", file, attempt) if may("breach") else None,
        "may_follow_up": may("follow_up"),
        "confirmation_until": _window(file),
        "confirmation_words": dict(Confirmation.choices).get(file.matter.confirmation, ""),
        "bar_words": dict(Bar.choices).get(file.matter.bar, ""),
        "court_form": CourtForm(file, attempt) if may("apply_confirmation") and _is_open(file) else None,
        "result_form": ResultForm(file, attempt) if file.may("note_confirmation") else None,
        "is_after": file.matter.effective_at is not None,
    }


def _is_late(file: MediationFile, row: Instalment) -> bool:
    return row.done_on is None and row.due_on < timezone.localtime(file.at).date()


def _is_open(file: MediationFile) -> bool:
    return file.matter.confirmation == Confirmation.OPEN


def _window(file: MediationFile) -> Any:
    running = [clock for clock in file.clocks if clock.name == "confirmation"]
    return running[-1].due_at if running else None


# Performance ------------------------------------------------------------------------------------


class DoneForm(forms.Form):
    done_on = forms.DateField(
        label=gettext_lazy("哪天做到的"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(
        label=gettext_lazy("说明"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("例如：转账记录已看过；现场看过。"),
    )


@requires("mediation.mediate")
@takes_photos
@require_http_methods(["GET", "POST"])
@reads("performance")
def instalment(request: HttpRequest, file: MediationFile, instalment_id: UUID) -> HttpResponse:
    """Notes that one thing was done, when, and the proof."""
    row = next((each for each in file.instalments if each.id == instalment_id), None)
    if row is None or not file.may_once_ready("perform"):
        raise Http404
    party = file.party(row.party)
    today = timezone.localtime(file.at).date()
    form = DoneForm(request.POST if request.method == "POST" else None, initial={"done_on": today})
    sheet = Sheet(
        title=_("记下履行：%(what)s") % {"what": row.what},
        label=_("已履行"),
        form=form,
        lead=_("%(name)s，约定 %(day)s 以前。") % {"name": party.name if party else "", "day": row.due_on},
        photos=_("履行凭证：收条、转账记录、现场照片"),
    )

    def do(sent: Sent) -> Any:
        given = form.cleaned_data
        if given["done_on"] > today:
            raise BadData({"done_on": _("不能写以后的日期。")})
        return agreeing.perform(
            instalment=row.id,
            done_on=given["done_on"],
            note=given["note"],
            photos=sent.photos,
            **sent.command,
        )

    return answer(request, file, sheet, do, done=_("已记下履行。"), then="performance")


def _court(pressed: Press) -> dict[str, Any]:
    court = text_in(pressed.posted, "court")
    if not court:
        raise BadData({"court": _("请写法院名称。")})
    said = note_answers(pressed, Matter.CONFIRMATION, None)
    if False in said:
        raise BadData({"__all__": _("司法确认要双方共同申请，有一方不愿意就不能申请。")})
    return {"court": court[:80]}


def _result(pressed: Press) -> dict[str, Any]:
    result = text_in(pressed.posted, "result")
    if not result:
        raise BadData({"result": _("请选法院的结果。")})
    return {"result": result}


mediates = requires("mediation.mediate")
completion = mediates(simple("complete", gettext_lazy("已记下：全部履行。"), "performance"))
breach = mediates(pressed_by("breach", route_in, gettext_lazy("已记下，并告知了途径。"), "performance"))
court = mediates(pressed_by("apply_confirmation", _court, gettext_lazy("已记下：申请司法确认。"), "court"))
result = mediates(pressed_by("note_confirmation", _result, gettext_lazy("已记下法院的结果。"), "court"))


# The visit --------------------------------------------------------------


@requires("mediation.mediate")
@require_http_methods(["GET", "POST"])
@reads("follow_up")
def follow_up(request: HttpRequest, file: MediationFile) -> HttpResponse:
    if not file.may_once_ready("follow_up"):
        raise Http404
    content = {
        "reason": file.matter.subject,
        "visitor": file.post.name,
        "at": timezone.localtime(file.at).strftime("%Y-%m-%dT%H:%M"),
    }
    form = PaperForm(
        PaperKind.FOLLOW_UP, data=request.POST if request.method == "POST" else None, content=content
    )
    sheet = Sheet(title=_("回访"), label=_("记下回访"), icon="users", form=form)

    def do(sent: Sent) -> Any:
        return agreeing.follow_up(content=form.content, **sent.command)

    return answer(request, file, sheet, do, done=_("回访已记下，归入卷宗。"), then="performance")
