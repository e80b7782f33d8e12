"""The first page of the administration: what needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linli.cases.actions import recalculation
from linli.cases.models import Task
from linli.cases.procedures.calendar import current
from linli.kit import clock
from linli.kit.lists import listed
from linli.notify.actions import sending
from linli.notify.models import Webhook
from linli.orgs.models import Organisation, within
from linli.people import actions as people
from linli.people.access import Actor, post_of, requires, roles_with_duty
from linli.people.models import Grant
from linli.service_requests import actions as service_requests

from .pages import is_county_wide, show

HORIZON = timedelta(days=60)


@dataclass(frozen=True)
class Attention:
    """One thing to see to: what is wrong, why it matters, and where to put it right."""

    title: str
    why: str
    href: str
    action: str
    is_urgent: bool = False


@dataclass(frozen=True)
class EmptyDesk:
    """A desk at which cases wait and nobody sits."""

    unit: Organisation
    duties: str
    waiting: int
    since: datetime


@requires("manage.view")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    post, at = post_of(request), clock.now()
    wide = is_county_wide(post)
    found = [*_rules(), *_calendar(at), *_clocks(), *_webhooks(post, at)] if wide else []
    return show(
        request,
        "index",
        {
            "attention": [*found, *_accounts(post)],
            "empty_desks": empty_desks(post, at),
        },
    )


def _rules() -> list[Attention]:
    return [
        Attention(
            _("派单规则失效：%(rule)s") % {"rule": rule.label},
            _("%(reason)s这条规则现在被跳过，由后面的规则决定。") % {"reason": reason},
            reverse("web:manage_rule", args=[rule.code]),
            _("去修"),
            is_urgent=True,
        )
        for rule, reason in service_requests.broken_rules()
    ]


def _calendar(at: datetime) -> list[Attention]:
    horizon = current().confirmed_until
    today = timezone.localdate(at)
    if horizon is not None and horizon > today + HORIZON:
        return []
    year = today.year if horizon is None or horizon < today else horizon.year + 1
    known = (
        _("放假安排确认到 %(day)s，以后的日期都是暂定。") % {"day": horizon.isoformat()} if horizon else ""
    )
    return [
        Attention(
            _("%(year)d 年的放假安排还没有确认") % {"year": year},
            known or _("没有一年是确认过的，所有日期都是暂定。"),
            reverse("web:manage_calendar_year", args=[year]),
            _("录入或确认"),
            is_urgent=horizon is None or horizon < today,
        )
    ]


def _clocks() -> list[Attention]:
    if not recalculation.is_behind():
        return []
    return [
        Attention(
            _("日历改过，在走的限期还没有重算"),
            _("后台会自己重算，也可以现在就算。"),
            reverse("web:manage_recalculation"),
            _("现在重算"),
        )
    ]


def _webhooks(post: Actor, at: datetime) -> list[Attention]:
    """Webhooks with dead letters, and such as are told nothing because their post has ended."""
    if not post.may("manage.webhooks"):
        return []
    dead = Count("deliveries", filter=Q(deliveries__dead_at__isnull=False))
    found = []
    for webhook in Webhook.objects.annotate(dead=dead).filter(dead__gt=0).order_by("name"):
        title = ngettext(
            "送给%(name)s的，有 %(n)d 条送不到", "送给%(name)s的，有 %(n)d 条送不到", webhook.dead
        )
        href = f"{reverse('web:manage_webhook_deliveries', args=[webhook.pk])}?show=dead"
        words = {"name": webhook.name, "n": webhook.dead}
        found.append(Attention(title % words, _("对方修好以后，可以一起再送。"), href, _("去看")))
    return found + [
        Attention(
            _("%(name)s的岗位已结束，什么也不通知") % {"name": webhook.name},
            _("换一个岗位并保存，就从停下的地方接着通知。"),
            reverse("web:manage_webhook", args=[webhook.pk]),
            _("换岗位"),
        )
        for webhook in sending.active()
        if sending.actor_of(webhook, at) is None
    ]


def _accounts(post: Actor) -> list[Attention]:
    n = people.people_of(post).filter(last_login=None, is_active=True).count()
    if not n:
        return []
    return [
        Attention(
            ngettext("%(n)d 个账号从没登录过", "%(n)d 个账号从没登录过", n) % {"n": n},
            _("初始密码可能没有送到本人手里，或者账号已经用不着了。"),
            f"{reverse('web:manage_people')}?show=never",
            _("看名单"),
        )
    ]


def empty_desks(post: Actor, at: datetime) -> list[EmptyDesk]:
    """Desks of the area where cases wait and no post does that work any more; three statements."""
    waiting = list(
        Task.objects.filter(within("organisation__path", post.path))
        .values("organisation_id", "role")
        .annotate(n=Count("case_id"), oldest=Min("since"))
    )
    held = set(
        Grant.objects.active(at)
        .filter(within("organisation__path", post.path))
        .values_list("organisation_id", "role")
    )
    empty: dict[UUID, list[Any]] = {}
    for row in waiting:
        if not any((row["organisation_id"], role) in held for role in roles_with_duty(row["role"])):
            empty.setdefault(row["organisation_id"], []).append(row)
    units = Organisation.objects.filter(pk__in=list(empty)).select_related("parent").order_by("path")
    return [
        EmptyDesk(
            unit=unit,
            duties=listed(_duty(row["role"]) for row in empty[unit.pk]),
            waiting=sum(row["n"] for row in empty[unit.pk]),
            since=min(row["oldest"] for row in empty[unit.pk]),
        )
        for unit in units
    ]


def _duty(duty: str) -> str:
    """A duty by the first role that does it."""
    names = roles_with_duty(duty)
    known = {role.name: role.label for role in people.grantable_roles()}
    return known.get(names[-1] if duty == "verifier" else names[0], duty) if names else duty
