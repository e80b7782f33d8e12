"""At the desk: what came from phones that may no longer act, to release or discard; and whose phones there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from linli.kit import clock, text
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
    rows = actions.held_for(post)
    named = Named.by(rows, post)
    waiting = [_shown(row, named) for row in rows]
    return render(
        request, "field/held.html", {"waiting": waiting, "phones": _phones(post), "at": clock.now()}
    )


def _phones(post: Actor) -> list[Phone]:
    if not post.path:
        return []
    rows = Phone.objects.filter(within("grant__organisation__path", post.path), revoked_at=None)
    return list(rows.select_related("grant__person", "grant__organisation").order_by("enrolled_at")[:200])


@dataclass(frozen=True)
class Named:
    """What the items that wait name: cases the post may see, places and categories, asked once for all of them."""

    cases: dict[str, Case]
    places: dict[str, Organisation]
    categories: dict[str, Category]

    @classmethod
    def by(cls, rows: Iterable[Held], post: Actor) -> Named:
        contents = [_content(row) for row in rows]
        datas = [_data(content) for content in contents]
        cases = {each for each in map(_case_of, contents) if each is not None}
        places, categories = ({_code(data, name) for data in datas} for name in ("place", "category"))
        seen = Case.objects.visible_to(post).in_bulk(cases)
        return cls(
            {str(key): case for key, case in seen.items()},
            Organisation.objects.in_bulk(places, field_name="code"),
            Category.objects.in_bulk(categories),
        )


def _content(row: Held) -> dict[str, Any]:
    return row.sent.content if isinstance(row.sent.content, dict) else {}


def _data(content: Mapping[str, Any]) -> dict[str, Any]:
    given = content.get("data")
    return given if isinstance(given, dict) else {}


def _code(data: Mapping[str, Any], name: str) -> str:
    return text.clean(str(data.get(name, "")))


def _case_of(content: Mapping[str, Any]) -> UUID | None:
    if content.get("kind") not in ("move", "visit") or not content.get("case"):
        return None
    try:
        return UUID(str(content["case"]))
    except ValueError:
        return None


def _shown(row: Held, named: Named) -> dict[str, Any]:
    content = _content(row)
    data, kind = _data(content), str(content.get("kind", ""))
    words = [str(value) for name, value in data.items() if name in WORDS and isinstance(value, str) and value]
    return {
        "row": row,
        "kind": _named(kind, str(content.get("verb", ""))),
        "facts": _facts(data, named),
        "words": words,
        "case": named.cases.get(str(_case_of(content))),
        "photos": len(content.get("photos") or []),
        "phone": row.sent.device,
    }


def _named(kind: str, verb: str) -> str:
    """What somebody wants done; of a move, which."""
    move = procedures.latest("service_request").moves.get(verb) if kind == "move" else None
    return str(move.label) if move else KINDS[kind]() if kind in KINDS else kind


def _facts(data: Mapping[str, Any], named: Named) -> list[str]:
    """What was chosen beside the words: where, of what sort, what the resident said, how many disputes were found."""
    place, category = named.places.get(_code(data, "place")), named.categories.get(_code(data, "category"))
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
