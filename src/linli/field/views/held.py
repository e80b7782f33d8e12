"""At the desk: what came from phones that may no longer act, to release or discard; and whose phones there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.cases import procedures
from linli.cases.actions import CaseNotFound, CommandError
from linli.cases.models import Case
from linli.field import actions
from linli.field.models import Held, Phone
from linli.kit import clock
from linli.orgs.models import Organisation, within
from linli.people.access import Actor, post_of, requires
from linli.service_requests.models import Category

KINDS = {
    "report": lambda: _("上报"),
    "move": lambda: _("办理一步"),
    "visit": lambda: _("回访"),
    "screening": lambda: _("矛盾纠纷排查"),
    "decision": lambda: _("对冲突的决定"),
}


@requires("field.release")
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """What waits, oldest first, and the phones that act below this unit."""
    post = post_of(request)
    waiting = [_shown(row, post) for row in actions.held_for(post)]
    return render(
        request, "field/held.html", {"waiting": waiting, "phones": _phones(post), "at": clock.now()}
    )


def _phones(post: Actor) -> list[Phone]:
    if not post.path:
        return []
    rows = Phone.objects.filter(within("grant__organisation__path", post.path), revoked_at=None)
    return list(rows.select_related("grant__person", "grant__organisation").order_by("enrolled_at")[:200])


def _shown(row: Held, post: Actor) -> dict[str, Any]:
    content = row.sent.content if isinstance(row.sent.content, dict) else {}
    kind = str(content.get("kind", ""))
    given = content.get("data")
    data: dict[str, Any] = given if isinstance(given, dict) else {}
    words = [str(value) for name, value in data.items() if name in WORDS and isinstance(value, str) and value]
    case = content.get("case") if kind in ("move", "visit") else None
    try:
        visible = Case.objects.visible_to(post).filter(pk=UUID(str(case))).first() if case else None
    except ValueError:
        visible = None
    return {
        "row": row,
        "kind": _named(kind, str(content.get("verb", ""))),
        "facts": _facts(data),
        "words": words,
        "case": visible,
        "photos": len(content.get("photos") or []),
        "phone": row.sent.device,
    }


def _named(kind: str, verb: str) -> str:
    """What somebody wants done; of a move, which."""
    move = procedures.latest("service_request").moves.get(verb) if kind == "move" else None
    return str(move.label) if move else KINDS[kind]() if kind in KINDS else kind


def _facts(data: Mapping[str, Any]) -> list[str]:
    """What was chosen beside the words: where, of what sort, what the resident said, how many disputes were found."""
    place = Organisation.objects.filter(code=str(data.get("place", ""))).first()
    category = Category.objects.filter(code=str(data.get("category", ""))).first()
    found = data.get("found")
    told = [
        place.label if place else "",
        category.label if category else "",
        str(data.get("month", "")),
        _("发现 %(n)d 起") % {"n": found} if isinstance(found, int) else "",
        ANSWERS[data["satisfied"]]() if str(data.get("satisfied")) in ANSWERS else "",
    ]
    return [each for each in told if each]


ANSWERS = {
    "yes": lambda: _("满意"),
    "partly": lambda: _("基本满意"),
    "no": lambda: _("不满意"),
    "away": lambda: _("没见到人"),
}
WORDS = frozenset({"text", "address", "note", "result", "finding", "reason"})


@requires("field.release")
@require_POST
def decision(request: HttpRequest, held_id: UUID) -> HttpResponse:
    """Releases or discards what waits."""
    post, at = post_of(request), clock.now()
    try:
        if request.POST.get("choice") == "release":
            actions.release(held_id=held_id, by=post, at=at)
            messages.success(request, _("已放行：按原来的岗位办了，时间从现在算。"))
        else:
            actions.discard(held_id=held_id, reason=request.POST.get("reason", ""), by=post, at=at)
            messages.success(request, _("没有办。内容和理由都留着。"))
    except CaseNotFound:
        if not Held.objects.within_reach(post).filter(pk=held_id).exists():
            raise Http404 from None
        messages.error(request, _("它跟着的那一件还没有，或者已经看不到了。请先处理前面的。"))
    except CommandError as error:
        messages.error(request, str(error))
    return redirect("field:held")


@requires("field.release")
@require_POST
def revocation(request: HttpRequest, phone_id: UUID) -> HttpResponse:
    """Gives a lost phone up: it forgets what it holds as soon as it is heard of, and acts no more."""
    post = post_of(request)
    if not post.path:
        raise Http404
    rows = Phone.objects.filter(within("grant__organisation__path", post.path))
    phone = get_object_or_404(rows.select_related("grant__person"), pk=phone_id)
    actions.give_up_lost(phone=phone, at=clock.now())
    messages.success(request, _("已停用这部手机，这个人要重新登录。手机没发完的会交到这里，由人决定。"))
    return redirect("field:held")
