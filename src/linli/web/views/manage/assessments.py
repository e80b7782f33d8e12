"""Impact assessments: what a sensitive form needs before it is switched on, written by one and signed by another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from linli.cases.actions import BadData, NotAllowed
from linli.kit import clock
from linli.people.access import requires
from linli.privacy.actions import assessments as actions
from linli.privacy.actions import register
from linli.privacy.models import Assessment

from .pages import add_errors, county_post, show


class AssessmentForm(forms.Form):
    """The three questions of article 56, about one form."""

    subject = forms.ChoiceField(label=gettext_lazy("评估什么"))
    purpose = forms.CharField(
        label=gettext_lazy("处理目的、方式是否合法、正当、必要"), widget=forms.Textarea(attrs={"rows": 4})
    )
    effects = forms.CharField(
        label=gettext_lazy("对个人权益的影响和安全风险"), widget=forms.Textarea(attrs={"rows": 4})
    )
    measures = forms.CharField(
        label=gettext_lazy("保护措施是否合法、有效、与风险相适应"), widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forms_ = [(each, actions.label_of(each)) for each in register.sensitive_forms()]
        self.fields["subject"].choices = forms_  # type: ignore[attr-defined]


@requires("manage.categories")
@require_http_methods(["GET", "HEAD", "POST"])
def assessments(request: HttpRequest) -> HttpResponse:
    """Every assessment, newest first, and the form for one more."""
    post, at = county_post(request), clock.now()
    form = AssessmentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        parts = {name: form.cleaned_data[name] for name in actions.PARTS}
        try:
            actions.write(subject=form.cleaned_data["subject"], parts=parts, by=post, at=at)
        except BadData as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("写好了，请别人签发。"))
            return redirect("web:manage_assessments")
    rows = Assessment.objects.select_related("made_by", "signed_by").order_by("-made_at", "-id")[:100]
    found = [
        {
            "row": row,
            "label": actions.label_of(row.subject),
            "is_current": row.register == register.fingerprint(),
            "may_sign": row.signed_at is None and row.made_by_id != post.person_id,
        }
        for row in rows
    ]
    return show(request, "assessments", {"form": form, "found": found, "at": at}, refused=form.is_bound)


@requires("manage.categories")
@require_POST
def signing(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Signs what somebody else wrote."""
    post = county_post(request)
    try:
        actions.sign(assessment_id=assessment_id, by=post, at=clock.now())
    except Assessment.DoesNotExist:
        raise Http404 from None
    except NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("签发了，两年内有效。"))
    return redirect("web:manage_assessments")
