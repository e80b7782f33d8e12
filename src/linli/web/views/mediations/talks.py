"""Separate talks: seen by the mediator who held them, and by nobody else unless that party releases one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from linli.cases.actions import BadData
from linli.mediation.actions import talks as actions
from linli.mediation.models import Party, Talk
from linli.people.access import requires
from linli.web.forms.pressed import Attempt, PressedForm, moment_in, number_in, text_in

from .acting import Press, press
from .file import MediationFile
from .page import section


class TalkForm(PressedForm):
    party = forms.ChoiceField(label=gettext_lazy("和哪一方"), widget=forms.RadioSelect)
    held_at = forms.CharField(
        label=gettext_lazy("什么时候"), widget=forms.TextInput(attrs={"type": "datetime-local"})
    )
    text = forms.CharField(
        label=gettext_lazy("说了什么"), widget=forms.Textarea(attrs={"rows": 4, "maxlength": actions.LONGEST})
    )

    def __init__(self, file: MediationFile, attempt: Attempt | None) -> None:
        now = timezone.localtime(file.at).strftime("%Y-%m-%dT%H:%M")
        super().__init__("talk", attempt, initial={"held_at": now})
        field = self.fields["party"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(party.number), party.name) for party in file.parties]


@section
def talks(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """What the reader was told alone; nothing at all for whoever does not mediate, the recorder among them."""
    if not file.is_mediator:
        return {"talk_form": None, "talks": []}
    held: list[tuple[Party | None, Talk]] = [(file.party(each.party), each) for each in file.talks]
    form = TalkForm(file, attempt) if file.case.is_open else None
    return {"talk_form": form, "talks": held}


@requires("mediation.mediate")
@require_POST
def notes(request: HttpRequest, number: str) -> HttpResponse:
    return press(request, number, "talk", _note, done=_("已记下，只有您看得到。"), then="alone")


def _note(pressed: Press) -> Talk:
    problems: dict[str, str] = {}
    held_at = moment_in(pressed.posted, "held_at", problems)
    party = number_in(pressed.posted, "party")
    if party is None:
        problems["party"] = _("请选是哪一方说的。")
    if held_at is None:
        problems.setdefault("held_at", _("请写谈话的时间。"))
    if problems or party is None or held_at is None:
        raise BadData(problems)
    return actions.talk(
        case=pressed.case.pk,
        party=party,
        text=text_in(pressed.posted, "text"),
        held_at=held_at,
        **pressed.command,
    )
