"""Webhooks: which there are, whether they arrive, their keys, and sending again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.notify.actions import sending, signing
from linli.notify.actions import webhooks as actions
from linli.notify.models import Webhook, WebhookDelivery
from linli.people.access import Actor, requires, roles
from linli.web.forms.manage_webhooks import OFFERED, ReplayForm, WebhookForm, written
from linli.web.views import paging

from . import history
from .pages import add_errors, county_post, show

SIZE = 50
SHOWS = ("all", "waiting", "dead")
FAILING = 3  # failures in a row after which the list says so

ERRORS = {
    "": "",
    "status": gettext_noop("对方没有收下"),
    "redirect": gettext_noop("对方转到别的地址，我们不跟去"),
    "timeout": gettext_noop("超过时间没有答复"),
    "dns": gettext_noop("找不到这个域名"),
    "connect": gettext_noop("连不上"),
    "tls": gettext_noop("证书不对"),
    "broken": gettext_noop("答复不像网页服务"),
    "hidden": gettext_noop("岗位已经看不到这件，没有送"),
    "refused_address": gettext_noop("地址在内网，没有送"),
    "refused_url": gettext_noop("地址不对，没有送"),
    "refused_scheme": gettext_noop("地址不是 https，没有送"),
    "refused_userinfo": gettext_noop("地址里有账号，没有送"),
    "refused_host": gettext_noop("地址不对，没有送"),
    "refused_port": gettext_noop("端口不能用，没有送"),
}


@requires("manage.webhooks")
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    county_post(request)
    at, head = clock.now(), ledger.head()
    waiting = Count("deliveries", filter=Q(deliveries__due_at__isnull=False))
    dead = Count("deliveries", filter=Q(deliveries__dead_at__isnull=False))
    rows = _rows().annotate(waiting=waiting, dead=dead).order_by("-is_active", "name", "id")
    lines = [
        {
            "webhook": webhook,
            "post": _post_words(webhook),
            "is_blind": sending.actor_of(webhook, at) is None,
            "is_failing": webhook.failures >= FAILING,
            "behind": max(0, head - webhook.position),
        }
        for webhook in rows
    ]
    return show(request, "webhooks", {"lines": lines})


@requires("manage.webhooks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponse:
    post, at = county_post(request), clock.now()
    form = WebhookForm(
        _posted(request), grants=list(actions.posts(by=post, at=at)), initial={"is_active": True}
    )
    if request.method == "POST" and form.is_valid():
        try:
            webhook = actions.add(changes=form.changes(), by=post, at=at)
        except actions.WebhookRefused as error:
            add_errors(form, _by_field(error))
        else:
            messages.success(
                request, _("已设好“%(name)s”。把密钥交给对方，再试送一次。") % {"name": webhook.name}
            )
            return redirect("web:manage_webhook", webhook.pk)
    return show(request, "webhook_new", _form_context(form), refused=form.is_bound)


@requires("manage.webhooks")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    post, at = county_post(request), clock.now()
    row = _get(webhook_id)
    grants = [grant for grant in actions.posts(by=post, at=at) if grant.pk != row.grant_id]
    form = WebhookForm(_posted(request), grants=[row.grant, *grants], initial=WebhookForm.values(row))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit(webhook=row, changes=form.changes(), by=post, at=at)
        except actions.WebhookRefused as error:
            add_errors(form, _by_field(error))
        else:
            messages.success(request, _("已保存。"))
            return redirect("web:manage_webhook", row.pk)
    return _page(request, row, form, refused=form.is_bound)


@requires("manage.webhooks")
@require_POST
def key(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Shows the key on the answer to this and nowhere else, makes a new one, or ends the old one."""
    post, at, row = county_post(request), clock.now(), _get(webhook_id)
    what = request.POST.get("do", "")
    if what == "drop":
        return _done(
            request, row, lambda: actions.drop_previous(webhook=row, by=post, at=at), _("旧密钥已停用。")
        )
    if what not in ("show", "new"):
        raise Http404
    if what == "new":
        row = actions.rotate(webhook=row, by=post, at=at)
    secret = actions.reveal(webhook=row, by=post, at=at)
    context = {
        "webhook": row,
        "secret": secret,
        "key_id": signing.key_id(row, row.key_version),
        "is_new": what == "new",
    }
    response = show(request, "webhook_key", context)
    response["Cache-Control"] = "no-store"
    return response


@requires("manage.webhooks")
@require_POST
def trial(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    post, row = county_post(request), _get(webhook_id)
    said = _("已排进去，过几秒刷新就能看到结果。")
    return _done(request, row, lambda: actions.ping(webhook=row, by=post, at=clock.now()), said, "deliveries")


@requires("manage.webhooks")
@require_safe
def deliveries(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    county_post(request)
    row = _get(webhook_id)
    return _log(request, row, ReplayForm())


@requires("manage.webhooks")
@require_POST
def replay(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Sends again: everything from a position on, all dead letters, or one of them."""
    post, at, row = county_post(request), clock.now(), _get(webhook_id)
    if "position" not in request.POST:
        return _again(request, row, post)
    form = ReplayForm(request.POST)
    if form.is_valid():
        try:
            n = actions.replay(webhook=row, position=form.cleaned_data["position"], by=post, at=at)
        except actions.WebhookRefused as error:
            add_errors(form, error.errors)
        else:
            said = ngettext("从那里起的 %(n)d 个序号会再送一遍。", "从那里起的 %(n)d 个序号会再送一遍。", n)
            messages.success(request, said % {"n": n})
            return redirect("web:manage_webhook_deliveries", row.pk)
    return _log(request, row, form, refused=True)


def _again(request: HttpRequest, row: Webhook, post: Actor) -> HttpResponse:
    wanted = request.POST.get("delivery", "")
    chosen = None
    if wanted != "all":
        found = [one for one in row.deliveries.filter(dead_at__isnull=False) if str(one.pk) == wanted]
        if not found:
            raise Http404
        chosen = found
    n = actions.replay_dead(webhook=row, by=post, at=clock.now(), deliveries=chosen)
    messages.success(request, ngettext("%(n)d 条会再送。", "%(n)d 条会再送。", n) % {"n": n})
    return redirect("web:manage_webhook_deliveries", row.pk)


def _page(request: HttpRequest, row: Webhook, form: WebhookForm, *, refused: bool) -> HttpResponse:
    at = clock.now()
    known = signing.versions(row, at)
    context = {
        **_form_context(form),
        "webhook": row,
        "is_blind": sending.actor_of(row, at) is None,
        "key_id": signing.key_id(row, row.key_version),
        "is_overlapping": len(known) > 1,
        "latest": _lines(row.deliveries.order_by("-made_at", "-id")[:5]),
        "dead": row.deliveries.filter(dead_at__isnull=False).count(),
        "history": history.of("webhook", row.pk),
    }
    return show(request, "webhook", context, refused=refused)


def _log(request: HttpRequest, row: Webhook, form: ReplayForm, *, refused: bool = False) -> HttpResponse:
    shown = request.GET.get("show", "all")
    shown = shown if shown in SHOWS else "all"
    found = _narrowed(row.deliveries.all(), shown)
    after = paging.Key.parse(request.GET.get("after", ""))
    if after is not None and after.at is not None:
        found = found.filter(Q(made_at__lt=after.at) | Q(made_at=after.at, id__lt=after.id))
    rows = list(found.order_by("-made_at", "-id")[: SIZE + 1])
    context = {
        "webhook": row,
        "lines": _lines(rows[:SIZE]),
        "show": shown,
        "dead": row.deliveries.filter(dead_at__isnull=False).count(),
        "more": str(paging.Key(rows[SIZE - 1].made_at, rows[SIZE - 1].pk)) if len(rows) > SIZE else "",
        "size": SIZE,
        "form": form,
        "head": ledger.head(),
        "behind": max(0, ledger.head() - row.position),
    }
    return show(request, "webhook_deliveries", context, refused=refused)


def _narrowed(found: QuerySet[WebhookDelivery], shown: str) -> QuerySet[WebhookDelivery]:
    wanted = {"waiting": Q(due_at__isnull=False), "dead": Q(dead_at__isnull=False)}
    return found.filter(wanted[shown]) if shown in wanted else found


def _lines(rows: Any) -> list[dict[str, Any]]:
    """Deliveries with what went wrong in words."""
    return [
        {
            "delivery": row,
            "error": _(ERRORS[row.error]) if ERRORS.get(row.error) else row.error,
            "state": "dead" if row.dead_at else "done" if row.done_at else "waiting",
        }
        for row in rows
    ]


def _done(
    request: HttpRequest, row: Webhook, act: Callable[[], object], said: str, then: str = ""
) -> HttpResponse:
    """Does it, says so or why not, and goes back to the webhook."""
    try:
        act()
    except actions.WebhookRefused as error:
        messages.error(request, " ".join(error.errors.values()))
        then = ""
    else:
        messages.success(request, said)
    return redirect(f"web:manage_webhook{'_' + then if then else ''}", row.pk)


def _form_context(form: WebhookForm) -> dict[str, Any]:
    return {"form": form, "offered": [written(grant) for grant in form.grants[:OFFERED]]}


def _by_field(error: actions.WebhookRefused) -> Mapping[str, str]:
    return {"post" if name == "grant" else name: said for name, said in error.errors.items()}


def _post_words(webhook: Webhook) -> str:
    grant = webhook.grant
    return f"{grant.organisation.label} · {roles()[grant.role].label} · {grant.person.name}"


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _rows() -> QuerySet[Webhook]:
    return Webhook.objects.select_related("grant__person", "grant__organisation__parent")


def _get(webhook_id: UUID) -> Webhook:
    row = _rows().filter(pk=webhook_id).first()
    if row is None:
        raise Http404
    return row
