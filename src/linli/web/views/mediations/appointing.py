"""Who mediates: appointed or chosen, withdrawn or replaced; and which officers may read besides them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from linli.cases.actions import BadData
from linli.mediation.actions import mediating, reading
from linli.mediation.actions.mediating import Eligible
from linli.mediation.models import WhyEnded
from linli.orgs.models import lineage
from linli.people.access import requires, roles, roles_with_permission
from linli.people.models import Grant, Person
from linli.web.forms.pressed import Attempt, PressedForm, id_in, text_in

from . import gate
from .acting import Press, press
from .file import MediationFile
from .page import section

BARS = [each for each in WhyEnded.choices if each[0] != WhyEnded.REPLACED]


class AppointForm(PressedForm):
    """One or several mediators, and who keeps the record."""

    mediators = forms.MultipleChoiceField(
        label=gettext_lazy("调解员（可以几名）"), widget=forms.CheckboxSelectMultiple
    )
    recorder = forms.ChoiceField(label=gettext_lazy("记录人"), required=False)
    chosen = forms.ChoiceField(
        label=gettext_lazy("怎么定的"),
        choices=[("no", gettext_lazy("委员会指定")), ("yes", gettext_lazy("各方当事人选定"))],
        widget=forms.RadioSelect,
        initial="no",
    )

    def __init__(self, file: MediationFile, eligible: list[Eligible], attempt: Attempt | None) -> None:
        initial = {
            "mediators": [str(each.person_id) for each in file.mediators],
            "recorder": str(file.recorders[0].person_id) if file.recorders else "",
            "chosen": "yes" if any(each.is_chosen_by_parties for each in file.mediators) else "no",
        }
        super().__init__("appoint", attempt, initial=initial)
        offered = [(str(each.person.pk), _described(each)) for each in eligible]
        field = self.fields["mediators"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = offered
        names = [(str(each.person.pk), each.person.name) for each in eligible]
        self.choose("recorder", [("", str(_("不另设"))), *names])


def _described(each: Eligible) -> str:
    load = ngettext("手上 %(n)d 件", "手上 %(n)d 件", each.load) % {"n": each.load}
    return " · ".join(filter(None, (each.person.name, load, str(each.languages))))


class BarForm(PressedForm):
    """Somebody who may not mediate this case."""

    person = forms.ChoiceField(label=gettext_lazy("谁回避"))
    why = forms.ChoiceField(label=gettext_lazy("为什么"), choices=BARS, widget=forms.RadioSelect)

    def __init__(self, people: dict[str, str], attempt: Attempt | None) -> None:
        super().__init__("bar", attempt)
        self.choose("person", [("", str(_("请选择"))), *people.items()])


class ReaderForm(PressedForm):
    """An officer who may read this case, and why."""

    person = forms.ChoiceField(label=gettext_lazy("谁"))
    why = forms.CharField(label=gettext_lazy("为什么要看"), widget=forms.TextInput(attrs={"maxlength": 120}))

    def __init__(self, people: list[tuple[str, str]], attempt: Attempt | None) -> None:
        super().__init__("reader", attempt)
        self.choose("person", [("", str(_("请选择"))), *people])


@section
def appointing(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """Who mediates now, and the forms of whoever decides it."""
    decides = file.may_once_ready("appoint") or file.may_once_ready("replace")
    may_bar = file.case.is_open and (
        file.may_mediate or (file.is_of_committee and file.post.may("mediation.appoint"))
    )
    eligible = mediating.eligible(file.case, timezone.localtime(file.at).date()) if decides or may_bar else []
    people = {str(each.person_id): each.person.name for each in file.assignments}
    people |= {str(each.person.pk): each.person.name for each in eligible}
    names = may_bar
    return {
        "eligible": eligible,
        "appoint_form": AppointForm(file, eligible, attempt) if decides else None,
        "begin_form": PressedForm("begin", attempt) if file.may_once_ready("begin") else None,
        "may_begin": file.may("begin"),
        "is_first": file.case.state == "accepted",
        "bar_form": BarForm(people, attempt) if may_bar and people else None,
        "reader_form": ReaderForm(_officers(file), attempt) if names else None,
    }


def _officers(file: MediationFile) -> list[tuple[str, str]]:
    """Who may be named: those at the committee, at the units above it, and above the place."""
    units = {*lineage(file.case.holder_path), *lineage(file.case.place_path)}
    known = {each.person_id for each in file.assignments} | {each.person_id for each in file.readers}
    grants = (
        Grant.objects.active(file.at)
        .filter(Q(organisation__path__in=units), role__in=roles_with_permission("case.view"))
        .select_related("person", "organisation")
        .order_by("organisation__path", "person__name")
    )
    found: dict[str, str] = {}
    for grant in grants[:200]:
        if grant.person_id not in known:
            role = roles()[grant.role].label
            found.setdefault(str(grant.person_id), f"{grant.person.name} · {grant.organisation.label} {role}")
    return list(found.items())


def _person(found: UUID | None) -> Person:
    person: Person | None = Person.objects.filter(pk=found).first() if found else None
    if person is None:
        raise BadData({"person": _("请从名单里选一个人。")})
    return person


@requires("mediation.appoint")
@require_POST
def appointment(request: HttpRequest, number: str) -> HttpResponse:
    """Appoints the mediators, or puts others in their place."""

    def do(pressed: Press) -> str:
        ids = [UUID(each) for each in pressed.posted.getlist("mediators") if _is_uuid(each)]
        people = list(Person.objects.filter(pk__in=ids))
        if not people:
            raise BadData({"mediators": _("请至少选一名调解员。")})
        mediating.appoint(
            case=pressed.case.pk,
            mediators=people,
            recorder=Person.objects.filter(pk=id_in(pressed.posted, "recorder")).first(),
            chosen_by_parties=pressed.posted.get("chosen") == "yes",
            **pressed.command,
        )
        if gate.must_say_why(pressed.matter, pressed.post):  # others mediate from now on
            return reverse("web:case", args=[pressed.case.number])
        return reverse("web:mediation", args=[pressed.case.number]) + "#appointing"

    return press(request, number, "appoint", do, done=_("调解员已定，会通知各方。"), then=str)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@requires("mediation.mediate")
@require_POST
def beginning(request: HttpRequest, number: str) -> HttpResponse:
    """Begins the mediation, once everybody knows their rights."""

    def do(pressed: Press) -> Any:
        return mediating.begin(case=pressed.case.pk, version=pressed.version, **pressed.command)

    return press(request, number, "begin", do, done=_("调解开始了。"), then="sessions")


@requires("mediation.accept")
@require_POST
def barrier(request: HttpRequest, number: str) -> HttpResponse:
    """Notes why somebody withdraws: they cannot come back to this case."""

    def do(pressed: Press) -> Any:
        person, why = _person(id_in(pressed.posted, "person")), text_in(pressed.posted, "why")
        if why not in dict(BARS):
            raise BadData({"why": _("请选为什么回避。")})
        mediating.bar(case=pressed.case.pk, person=person, why=why, **pressed.command)
        return pressed.case.number

    return press(request, number, "bar", do, done=_("已记下回避。少了人，请另定调解员。"), then=_after)


@requires("mediation.accept")
@require_POST
def reader(request: HttpRequest, number: str) -> HttpResponse:
    """Names an officer who may read this case, with the reason."""

    def do(pressed: Press) -> Any:
        person, why = _person(id_in(pressed.posted, "person")), text_in(pressed.posted, "why")
        if len(why) < 2:
            raise BadData({"why": _("请写明为什么要看，当事人可以问。")})
        return reading.name_reader(case=pressed.case.pk, person=person, why=why[:120], **pressed.who)

    return press(request, number, "reader", do, done=_("已点名。他每次打开都有记录。"), then="seen")


def _after(number: str) -> str:
    """Whoever withdrew sees the case no more: the generic page says the rest."""
    return reverse("web:case", args=[number])
