"""How somebody on the staff wants to be told, beside the inbox."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from linli.notify.models import Wish
from linli.people.access import post_of, requires

from .shell import person_of


def _time() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time", "class": "ll-auto"}, format="%H:%M")


class TellingForm(forms.Form):
    """Ways, quiet hours and language."""

    by_push = forms.BooleanField(label=gettext_lazy("手机提醒"), required=False)
    by_sms = forms.BooleanField(label=gettext_lazy("短信发到工作电话"), required=False)
    by_email = forms.BooleanField(label=gettext_lazy("电子邮件"), required=False)
    by_week = forms.BooleanField(label=gettext_lazy("每周简报发到电子邮件"), required=False)
    quiet_from = forms.TimeField(label=gettext_lazy("安静时段从"), required=False, widget=_time())
    quiet_until = forms.TimeField(
        label=gettext_lazy("到"),
        required=False,
        widget=_time(),
        help_text=gettext_lazy("这段时间里只有紧急的会提醒，其余的等到结束再发。"),
    )
    language = forms.ChoiceField(label=gettext_lazy("用哪种语言"), choices=settings.LANGUAGES)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("quiet_from")) != bool(given.get("quiet_until")):
            self.add_error("quiet_until", _("开始和结束要一起填，或者都不填。"))
        return given


@requires("work.view")
@require_http_methods(["GET", "POST"])
def telling(request: HttpRequest) -> HttpResponse:
    """The form; everything is told in the inbox besides."""
    person_id = person_of(post_of(request))
    wish = Wish.objects.filter(person_id=person_id).first() or Wish(person_id=person_id)
    known = {name: getattr(wish, name) for name in TellingForm.base_fields}
    form = TellingForm(request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        Wish.objects.update_or_create(person_id=person_id, defaults=form.cleaned_data)
        messages.success(request, _("记下了。"))
        return redirect("web:telling")
    return render(request, "web/telling.html", {"form": form}, status=422 if form.errors else 200)
