"""Opening a case outside one's area: asked for with a reason, ended by the clock, told to everybody it concerns."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CommandError
from linli.kit import clock
from linli.people.access import post_of, requires
from linli.privacy.actions import glass as glasses
from linli.web.forms.glass import GlassForm


@requires(glasses.PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def glass(request: HttpRequest) -> HttpResponse:
    """What this post has open now, and the form that opens one more."""
    post, at, problem, status = post_of(request), clock.now(), "", 200
    form = GlassForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                opened = glasses.break_glass(**form.cleaned_data, by=post, at=at)
                return redirect("web:case", opened.case.number)
            except BadData as error:
                for name, message in error.errors.items():
                    form.add_error(name, message)
            except CommandError as error:
                problem, status = str(error), 409
    mine = glasses.current(post, at).select_related("case").order_by("until", "id")
    context = {"form": form, "problem": problem, "open": list(mine), "at": at}
    return render(request, "web/glass.html", context, status=status)
