"""Reports that came when too many came at once: looked at by a person, then taken in or declined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from linli.cases.actions import CommandError
from linli.kit import clock
from linli.people.access import Actor, post_of, requires
from linli.portal import actions
from linli.portal.models import Held
from linli.service_requests.models import Category

SIZE = 30
REASONS: dict[str, Promise] = {
    "unproven": gettext_lazy("没有脚本，同一地址发得多"),
    "unproven-county": gettext_lazy("没有脚本，全县同时发得多"),
    "address": gettext_lazy("同一地址发得太多"),
    "neighbourhood": gettext_lazy("同一网络发得太多"),
    "county": gettext_lazy("全县同时发得太多"),
}
WHYS: dict[str, Promise] = {
    "spam": gettext_lazy("广告或刷屏"),
    "repeated": gettext_lazy("同样的已经收下"),
    "empty": gettext_lazy("看不出是什么事"),
    "abuse": gettext_lazy("只有辱骂"),
}


@dataclass(frozen=True)
class Row:
    """A held report as the list shows it."""

    held: Held
    text: str
    category: str
    reasons: list[str]


@requires("case.accept")
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """What waits in the area of the post, the oldest first."""
    rows = actions.waiting_for(post_of(request))
    found = list(rows.order_by("at", "id")[: SIZE + 1])
    names = {each.pk: each.label for each in Category.objects.filter(level__isnull=False)}
    context = {
        "rows": [_row(each, names) for each in found[:SIZE]],
        "more": len(found) > SIZE,
        "whys": WHYS.items(),
    }
    response = render(request, "web/held.html", context)
    response["Cache-Control"] = "no-store, private"
    return response


def _row(each: Held, names: dict[str, str]) -> Row:
    said = [str(REASONS.get(reason, reason)) for reason in each.reasons]
    category = names.get(each.content.get("category", ""), "")
    return Row(each, str(each.content.get("text", "")), category, said)


@requires("case.accept")
@require_POST
def taking(request: HttpRequest) -> HttpResponse:
    """Takes in what is ticked; each becomes a case, as of the moment it was sent."""
    post, done = post_of(request), 0
    for each in _ticked(request.POST, post):
        try:
            actions.release(held=each, by=post, at=clock.now())
        except (CommandError, actions.AlreadyDecided) as error:
            messages.warning(request, str(error))
        else:
            done += 1
    if done:
        messages.success(request, ngettext("收下了 %(n)d 件。", "收下了 %(n)d 件。", done) % {"n": done})
    return redirect("web:held")


@requires("case.accept")
@require_POST
def declining(request: HttpRequest) -> HttpResponse:
    """Declines what is ticked, with a reason its sender reads."""
    post, why = post_of(request), request.POST.get("why", "")
    ticked = _ticked(request.POST, post)
    if why not in actions.WHY_DECLINED:
        messages.error(request, _("请选不收下的理由。"))
        return redirect("web:held")
    try:
        done = actions.decline(held=ticked, why=why, by=post, at=clock.now())
    except actions.AlreadyDecided as error:
        messages.warning(request, str(error))
    else:
        said = ngettext(
            "%(n)d 件没有收下，查询码下写明了理由。", "%(n)d 件没有收下，查询码下写明了理由。", done
        )
        messages.success(request, said % {"n": done})
    return redirect("web:held")


def _ticked(post: QueryDict, actor: Actor) -> Sequence[Held]:
    """The reports somebody ticked, of those that wait in their area; 404 where one is of another."""
    try:
        keys = {UUID(each) for each in post.getlist("held")[:SIZE]}
    except ValueError as error:
        raise Http404 from error
    found = list(actions.waiting_for(actor).filter(pk__in=keys))
    if len(found) != len(keys) or not keys:
        raise Http404
    return found
