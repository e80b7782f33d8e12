"""Looking for disputes (排查): which villages and grids were gone through in a month, and what was found."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CommandError
from linli.kit import clock
from linli.mediation.actions import screening as actions
from linli.mediation.actions.screening import Screened
from linli.orgs.models import Organisation
from linli.people.access import Actor, post_of, requires

MONTHS_BACK = 24


class RoundForm(forms.Form):
    """A round of one place and month. It asks how many disputes there are, never who has them."""

    place = forms.ChoiceField(label=gettext_lazy("在哪里排查"))
    month = forms.CharField(label=gettext_lazy("月份"), widget=forms.TextInput(attrs={"type": "month"}))
    found = forms.IntegerField(
        label=gettext_lazy("发现几起纠纷"),
        min_value=0,
        max_value=actions.MOST,
        initial=0,
        help_text=gettext_lazy("没有发现就填 0，也要登记。"),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "ll-auto"}),
        error_messages={"required": gettext_lazy("请填发现几起，没有就填 0。")},
    )
    note = forms.CharField(
        label=gettext_lazy("说明"),
        required=False,
        max_length=actions.NOTE_LENGTH,
        help_text=gettext_lazy("只写怎么排查的、哪一类纠纷；不写人名、电话和证件号码。"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, places: list[Organisation], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(place.pk), place.label) for place in places]
        if len(places) != 1:
            field.choices = [("", _("请选择")), *field.choices]

    def clean_month(self) -> date:
        month = _month(self.cleaned_data["month"])
        if month is None:
            raise forms.ValidationError(_("请写成 2026-09 这样的月份。"))
        return month


@requires("mediation.screen")
@require_http_methods(["GET", "POST"])
def rounds(request: HttpRequest) -> HttpResponse:
    """The month, village by village, with its grids where it is one village; a form for whoever records a round."""
    post, at = post_of(request), clock.now()
    this = timezone.localtime(at).date().replace(day=1)
    month = month_asked(request.GET.get("month", ""), at)
    unit = post.organisation
    rows = actions.rounds_of(unit, month) if unit else []
    places = _offered(rows)
    form = RoundForm(
        places,
        request.POST if request.method == "POST" else None,
        initial={
            "month": f"{month:%Y-%m}",
            "place": str(places[0].pk) if len(rows) == 1 and places else request.GET.get("place", ""),
        },
    )
    if request.method == "POST" and form.is_valid():
        response = _record(request, form, places, post, at)
        if response is not None:
            return response
    context = {**_summary(rows), "form": form, "month": month, "this": this, "unit": unit}
    context |= {"before": _month_before(month), "after": _month_after(month)}
    context |= {"may_register": post.may("mediation.register")}
    return render(
        request, "web/screening/rounds.html", context, status=422 if request.method == "POST" else 200
    )


def _offered(rows: list[Screened]) -> list[Organisation]:
    """The places a round may be recorded of: one village with its grids, of many the villages."""
    every = [*rows, *rows[0].grids] if len(rows) == 1 else rows
    return [row.place for row in every if row.place.valid_until is None]


def _record(
    request: HttpRequest, form: RoundForm, places: list[Organisation], post: Actor, at: datetime
) -> HttpResponse | None:
    given = form.cleaned_data
    place = next(place for place in places if str(place.pk) == given["place"])
    try:
        made = actions.record_round(
            place=place, month=given["month"], found=given["found"], note=given["note"], by=post, at=at
        )
    except BadData as error:
        for name, problem in error.errors.items():
            form.add_error(name if name in form.fields else None, problem)
        return None
    except CommandError as error:
        form.add_error(None, str(error))
        return None
    if not made.found:
        messages.success(request, _("已登记：%(place)s没有发现纠纷。") % {"place": place.label})
    else:
        said = ngettext(
            "已登记：%(place)s发现 %(n)d 起。请把每一起登记成一件。",
            "已登记：%(place)s发现 %(n)d 起。请把每一起登记成一件。",
            made.found,
        )
        messages.success(request, said % {"place": place.label, "n": made.found})
    return redirect(f"{reverse('web:screening')}?month={made.month:%Y-%m}")


def _summary(rows: list[Screened]) -> dict[str, Any]:
    """Villages that stand, gone through or not; whoever works in one grid alone is told of that grid."""
    counted = [row for row in rows if row.is_standing]
    undone = [row for row in counted if not row.is_done]
    return {
        "rows": rows,
        "many": len(rows) > 1,
        "one": rows[0] if len(rows) == 1 else None,
        "undone": undone,
        "whole": len(counted),
        "done_count": len(counted) - len(undone),
        "found_count": sum(row.found for row in rows),
    }


def month_asked(typed: str, at: datetime) -> date:
    """The month asked for, or the present one when it lies ahead or too far back."""
    this = timezone.localtime(at).date().replace(day=1)
    month = _month(typed) or this
    is_near = month <= this and (this.year - month.year) * 12 + this.month - month.month <= MONTHS_BACK
    return month if is_near else this


def _month(typed: str) -> date | None:
    try:
        return parse_date(f"{typed}-01") if len(typed) == len("2026-09") else None
    except ValueError:
        return None


def _month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _month_after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
