"""Webhooks as an administrator keeps them: set up, changed, given a new key, tried out, sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from linli.cases.procedures import all_procedures
from linli.cases.procedures.model import Label
from linli.kit import text
from linli.kit.lists import clauses
from linli.ledger import actions as ledger
from linli.notify.actions import signing
from linli.notify.models import Webhook, WebhookDelivery
from linli.notify.senders import addresses
from linli.people.access import Actor, roles
from linli.people.actions import grants_in, note_change
from linli.people.models import Grant, GrantQuerySet

NAME_LENGTH = 80
URL_FAULTS = {
    "url": gettext_noop("请填完整的地址，只用字母、数字和常用符号，不超过 500 字。"),
    "scheme": gettext_noop("地址要以 https:// 开头。"),
    "userinfo": gettext_noop("地址里不能写账号和口令。"),
    "host": gettext_noop("请写域名或普通写法的网络地址。"),
    "port": gettext_noop("这个端口不能用。"),
}


class WebhookRefused(Exception):
    """Something that cannot be done with a webhook; `errors` says what, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(clauses(errors.values()))
        self.errors = dict(errors)


def posts(*, by: Actor, at: datetime) -> GrantQuerySet:
    """The posts of the area a webhook may look through: those that may open cases at all."""
    seeing = [role.name for role in roles().values() if role.reach and "case.view" in role.permissions]
    found: GrantQuerySet = grants_in(by).active(at).filter(role__in=seeing)
    return found.select_related("person", "organisation__parent").order_by("organisation__path", "role", "id")


def add(*, changes: Mapping[str, Any], by: Actor, at: datetime) -> Webhook:
    """A new webhook, which is told of what happens from now on. Raises WebhookRefused."""
    given = _checked(changes, by, at)
    webhook = Webhook(**given, position=ledger.head(), made_by_id=by.person_id, made_at=at)
    with transaction.atomic():
        webhook.save(force_insert=True)
        _note(webhook, "webhook.added", by, at, after=described(webhook))
    return webhook


def edit(*, webhook: Webhook, changes: Mapping[str, Any], by: Actor, at: datetime) -> Webhook:
    """Changes what is given. Raises WebhookRefused. A webhook that is started again goes on where it stopped."""
    with transaction.atomic():
        webhook = _locked(webhook)
        before = described(webhook)
        for name, value in _checked(changes, by, at, kept=webhook.grant).items():
            setattr(webhook, name, value)
        after = described(webhook)
        if after == before:
            raise WebhookRefused({"": _("没有改动。")})
        if after["url"] != before["url"] or after["is_active"] != before["is_active"]:
            webhook.failures, webhook.rest_until = 0, None
        webhook.save()
        _note(webhook, "webhook.edited", by, at, before=before, after=after)
    return webhook


def rotate(*, webhook: Webhook, by: Actor, at: datetime) -> Webhook:
    """A new key from now on; the one before signs, too, for a week."""
    with transaction.atomic():
        webhook = _locked(webhook)
        webhook.key_version += 1
        webhook.previous_until = at + signing.OVERLAP
        webhook.save(update_fields=["key_version", "previous_until"])
        _note(webhook, "webhook.rotated", by, at, after={"key": webhook.key_version})
    return webhook


def drop_previous(*, webhook: Webhook, by: Actor, at: datetime) -> Webhook:
    """The key before stops signing at once, as when it has become known. Raises WebhookRefused when none does."""
    with transaction.atomic():
        webhook = _locked(webhook)
        if len(signing.versions(webhook, at)) == 1:
            raise WebhookRefused({"": _("现在只有一个密钥在用。")})
        webhook.previous_until = None
        webhook.save(update_fields=["previous_until"])
        _note(webhook, "webhook.key_dropped", by, at, before={"key": webhook.key_version - 1})
    return webhook


def reveal(*, webhook: Webhook, by: Actor, at: datetime) -> str:
    """The newest key as its receiver enters it; that somebody has looked is noted."""
    _note(webhook, "webhook.key_shown", by, at, after={"key": webhook.key_version})
    return signing.written(signing.secret(webhook, webhook.key_version))


def ping(*, webhook: Webhook, by: Actor, at: datetime) -> WebhookDelivery:
    """A trial, sent with the next round of the worker. Raises WebhookRefused for one that is stopped."""
    if not webhook.is_active:
        raise WebhookRefused({"": _("它已经停用，先启用再试。")})
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(rest_until=None)
        delivery = WebhookDelivery.objects.create(webhook=webhook, made_at=at, due_at=at)
        _note(webhook, "webhook.tried", by, at)
    return delivery


def replay(*, webhook: Webhook, position: int, by: Actor, at: datetime) -> int:
    """Sends everything it is to know from that position on, delivered or not; returns how many places that is.

    Raises WebhookRefused for a position that is not there. Receivers know what they have by the same ids.
    """
    with transaction.atomic():
        webhook = _locked(webhook)
        if not 1 <= position <= webhook.position:
            said = _("请填 1 到 %(last)d 之间的序号。") % {"last": webhook.position}
            raise WebhookRefused({"position": said})
        places = webhook.position - position + 1
        _again(webhook.deliveries.filter(position__gte=position), at)
        Webhook.objects.filter(pk=webhook.pk).update(position=position - 1, rest_until=None)
        _note(webhook, "webhook.replayed", by, at, after={"from_position": position})
    return places


def replay_dead(
    *, webhook: Webhook, by: Actor, at: datetime, deliveries: Sequence[WebhookDelivery] | None = None
) -> int:
    """Sends dead letters again: these, or all; returns how many."""
    with transaction.atomic():
        dead = webhook.deliveries.filter(dead_at__isnull=False)
        if deliveries is not None:
            dead = dead.filter(pk__in=[delivery.pk for delivery in deliveries])
        n = _again(dead, at)
        if n:
            Webhook.objects.filter(pk=webhook.pk).update(rest_until=None)
            _note(webhook, "webhook.replayed", by, at, after={"letters": n})
    return n


def described(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the history of changes says it."""
    return {
        "called": webhook.name,
        "url": webhook.url,
        "kinds": webhook.kinds,
        "events": webhook.events,
        "grant": str(webhook.grant_id),
        "is_active": webhook.is_active,
    }


def kinds() -> dict[str, Label]:
    """Kinds of cases by their labels."""
    return {procedure.kind: procedure.label for procedure in all_procedures().values()}


def events() -> dict[str, Label]:
    """Kinds of events, of whatever kind of case, by what the story of a case calls them."""
    found: dict[str, Label] = {}
    for procedure in all_procedures().values():
        for move in [procedure.opening, *procedure.moves.values()]:
            found.setdefault(move.event, move.done)
    return found


def _checked(
    changes: Mapping[str, Any], by: Actor, at: datetime, kept: Grant | None = None
) -> dict[str, Any]:
    """The fields as they are stored. Raises WebhookRefused with every fault at once."""
    errors: dict[str, str] = {}
    name = " ".join(text.clean(str(changes["name"])).split())
    if not name or len(name) > NAME_LENGTH:
        errors["name"] = _("请填名称，不超过 %(n)d 字。") % {"n": NAME_LENGTH}
    url = str(changes["url"]).strip()
    try:
        addresses.parse(url)
    except addresses.Refused as error:
        errors["url"] = str(_(URL_FAULTS[error.why]))
    if set(changes["kinds"]) - set(kinds()):
        errors["kinds"] = _("没有这种案件。")
    if set(changes["events"]) - set(events()):
        errors["events"] = _("没有这种事件。")
    grant = changes["grant"]
    if grant is None or (grant != kept and not posts(by=by, at=at).filter(pk=grant.pk).exists()):
        errors["grant"] = _("请从列出的岗位里选一个。")
    if errors:
        raise WebhookRefused(errors)
    asked = {which: sorted(set(changes[which])) for which in ("kinds", "events")}
    return {"name": name, "url": url, "grant": grant, "is_active": bool(changes["is_active"]), **asked}


def _again(rows: Any, at: datetime) -> int:
    n: int = rows.update(due_at=at, done_at=None, dead_at=None, attempts=0, status=None, error="")
    return n


def _locked(webhook: Webhook) -> Webhook:
    rows = Webhook.objects.select_for_update(of=("self",)).select_related(
        "grant__person", "grant__organisation"
    )
    return rows.get(pk=webhook.pk)


def _note(webhook: Webhook, what: str, by: Actor, at: datetime, **said: Any) -> None:
    note_change(by=by, at=at, what=what, target=("webhook", webhook.pk, webhook.name), **said)
