"""What every page of the desk carries: how much waits, how much is unread, and the search box."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, IntegerField, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.actions.criteria import end_of_today
from linli.cases.models import Case, Task
from linli.kit import clock, codes
from linli.mediation.models import Assignment
from linli.notify.models import Memo, Message
from linli.people.access import Actor, post_of, requires
from linli.web.views.unwitnessed import unwatched

UNREAD = ""  # stands where a reason stands, in the statement that counts both


@dataclass(frozen=True)
class Counts:
    """What waits for a post, by reason, and what its person has not read."""

    whys: dict[str, int] = field(default_factory=dict)
    late: int = 0
    today: int = 0
    inbox: int = 0

    @property
    def work(self) -> int:
        return sum(self.whys.values())


def waiting(post: Actor) -> QuerySet[Task]:
    """What waits at the desks of this post (index task_desk)."""
    if post.organisation_id is None:
        return Task.objects.none()
    return Task.objects.filter(organisation_id=post.organisation_id, role__in=sorted(post.duties))


def person_of(post: Actor) -> UUID:
    """The account of a member of staff."""
    assert post.person_id is not None
    return post.person_id


def counts_of(post: Actor, at: datetime) -> Counts:
    """Work and unread messages in one statement."""
    number = IntegerField()
    tasks = (
        waiting(post)
        .values("why")
        .annotate(
            n=Count("number"),
            late=Count("number", filter=Q(urgent_at__lte=at)),
            today=Count("number", filter=Q(urgent_at__gt=at, urgent_at__lte=end_of_today(at))),
        )
        .values_list("why", "n", "late", "today")
    )
    unread = [
        sort._default_manager.filter(person_id=person_of(post), read_at=None)
        .annotate(why=Value(UNREAD, CharField()))
        .values("why")
        .annotate(n=Count("id"), late=Value(0, number), today=Value(0, number))
        .values_list("why", "n", "late", "today")
        .order_by()
        for sort in (Message, Memo)
    ]
    rows = list(tasks.order_by().union(*unread, all=True))
    return Counts(
        whys={row[0]: row[1] for row in rows if row[0] != UNREAD},
        late=sum(row[2] for row in rows),
        today=sum(row[3] for row in rows),
        inbox=sum(row[1] for row in rows if row[0] == UNREAD),
    )


def counts(request: HttpRequest) -> Counts:
    """The counts of the present post, asked for once a request."""
    known: Counts | None = getattr(request, "desk_counts", None)
    if known is None:
        known = counts_of(post_of(request), clock.now())
        request.desk_counts = known  # type: ignore[attr-defined]
    return known


class Nav:
    """Which pages the menu offers the present post, with their counts; asks nothing until it is drawn."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def post(self) -> Actor:
        return post_of(self.request)

    @property
    def work(self) -> int:
        return counts(self.request).work

    @property
    def inbox(self) -> int:
        return counts(self.request).inbox

    @property
    def cases(self) -> bool:
        return self.post.may("case.view")

    @property
    def board(self) -> bool:
        return self.post.may("board.view")

    @property
    def measures(self) -> bool:
        return self.post.may("measures.view")

    @property
    def mediates(self) -> bool:
        """Whether the post takes part in mediation; who only watches has the board."""
        return self.post.may("mediation.accept")

    @property
    def watches_mediation(self) -> bool:
        return self.post.may("mediation.view") and not self.mediates

    @property
    def screens(self) -> bool:
        """Whether the post goes through villages or grids; who mediates finds the way beside the disputes."""
        return self.post.may("mediation.screen") and not self.mediates

    @property
    def registers_from(self) -> tuple[str, str]:
        """The page on which the post finds the button to register a dispute, and what it is called."""
        if self.mediates:
            return reverse("web:mediations"), _("我的调解")
        return (
            (reverse("web:screening"), _("矛盾纠纷排查"))
            if self.screens
            else (reverse("web:work"), _("我的工作"))
        )

    @property
    def mediations(self) -> int:
        """The open cases one mediates or keeps the record of."""
        if self.post.person_id is None:
            return 0
        mine = Assignment.objects.current().filter(person_id=self.post.person_id, case__is_open=True)
        return mine.values("case_id").distinct().count()

    @property
    def keys(self) -> bool:
        return self.post.may("key.own")

    @property
    def field(self) -> bool:
        """Whether the post works on the phone without a network."""
        return self.post.may("field.use")

    @property
    def releases(self) -> bool:
        """Whether the post decides about what came from phones that may no longer act."""
        return self.post.may("field.release")

    @property
    def manage(self) -> bool:
        return any(self.post.may(f"manage.{what}") for what in MANAGED)


DESKS = ("web", "field")  # apps whose pages stand in the frame of the desk
MANAGED = ("categories", "rules", "calendar", "organisations", "people")


def desk(request: HttpRequest) -> dict[str, Any]:
    """Context of pages of the desk: `nav`, and whether the county is a demonstration."""
    match = request.resolver_match
    if match is None or match.app_name not in DESKS or not request.user.is_authenticated:
        return {}

    def is_demo() -> bool:
        post = getattr(request, "post", None)
        return bool(post and post.organisation and post.organisation.is_demo)

    return {"nav": Nav(request), "is_demo": SimpleLazyObject(is_demo), "unwatched": unwatched()}


@requires("work.view")
@require_safe
def pulse(request: HttpRequest) -> HttpResponse:
    """The counts for badges that refresh by themselves; 304 while nothing has changed."""
    now = counts(request)
    tag = etag(post_of(request).grant_id, now.work, now.inbox)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return JsonResponse(
        {"counts": {"work": now.work, "inbox": now.inbox}}, headers={"ETag": tag, "Cache-Control": "no-store"}
    )


def etag(*parts: object) -> str:
    """A quoted tag that changes with any of the parts."""
    return f'"{hashlib.sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:24]}"'


@requires("case.view")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """A case number opens its case; anything else is looked for in all matters, open and closed."""
    query = request.GET.get("q", "").strip()[:100]
    number = codes.normalise_number(query)
    if number and Case.objects.visible_to(post_of(request)).numbered(number).exists():
        return redirect("web:case", number)
    return redirect(f"{reverse('web:cases')}?{urlencode({'q': query, 'open': 'all'})}")
