"""`linli webhooks`: which there are and how they stand; `linli webhooks replay ID …` sends again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.table import Table

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.notify.actions import sending, webhooks
from linli.notify.models import Webhook
from linli.people.access import SYSTEM

BAD_INPUT = 2


class Command(BaseCommand):
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("事件通知：有哪些，送得怎样；replay 再送一遍")
        parser.add_argument("what", nargs="?", choices=["list", "replay"], default="list")
        parser.add_argument("webhook", nargs="?", default="", metavar="ID")
        parser.add_argument("--from", dest="position", type=int, metavar="N", help=_("从这个序号起都再送"))
        parser.add_argument("--dead", action="store_true", help=_("再送全部送不到的"))
        parser.add_argument("--delivery", default="", metavar="UUID", help=_("再送其中一条"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "list":
            self._list()
            return
        webhook = _found(options["webhook"])
        try:
            n = _replay(webhook, options)
        except webhooks.WebhookRefused as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        said = ngettext("%(n)d 个序号会由后台再送。", "%(n)d 个序号会由后台再送。", n)
        self.stdout.write(said % {"n": n})

    def _list(self) -> None:
        at, head = clock.now(), ledger.head()
        table = Table("ID", _("名称"), _("状态"), _("没看的事件"), _("还没送"), _("送不到"))
        for webhook in Webhook.objects.select_related("grant__person", "grant__organisation").order_by(
            "made_at"
        ):
            is_blind = sending.actor_of(webhook, at) is None
            state = _("岗位已结束") if is_blind else _("启用")
            table.add_row(
                str(webhook.pk),
                webhook.name,
                state if webhook.is_active else _("已停用"),
                str(max(0, head - webhook.position)),
                str(webhook.deliveries.filter(due_at__isnull=False).count()),
                str(webhook.deliveries.filter(dead_at__isnull=False).count()),
            )
        console = Console(width=150)
        with console.capture() as shown:
            console.print(table)
        self.stdout.write(shown.get(), ending="")


def _replay(webhook: Webhook, options: dict[str, Any]) -> int:
    """How many places or letters are sent again."""
    asked = [options["position"] is not None, options["dead"], bool(options["delivery"])]
    if sum(asked) != 1:
        raise CommandError(_("请给 --from、--dead、--delivery 其中一个。"), returncode=BAD_INPUT)
    at = clock.now()
    if options["position"] is not None:
        return webhooks.replay(webhook=webhook, position=options["position"], by=SYSTEM, at=at)
    if options["dead"]:
        return webhooks.replay_dead(webhook=webhook, by=SYSTEM, at=at)
    row = webhook.deliveries.filter(pk=_uuid(options["delivery"]), dead_at__isnull=False).first()
    if row is None:
        raise CommandError(_("这个通知没有这条送不到的。"), returncode=BAD_INPUT)
    return webhooks.replay_dead(webhook=webhook, by=SYSTEM, at=at, deliveries=[row])


def _found(written: str) -> Webhook:
    webhook = Webhook.objects.filter(pk=_uuid(written)).first()
    if webhook is None:
        raise CommandError(_("没有这个通知。运行 linli webhooks 看有哪些。"), returncode=BAD_INPUT)
    return webhook


def _uuid(written: str) -> UUID:
    """The id, or one that nothing has."""
    try:
        return UUID(written)
    except ValueError:
        return UUID(int=0)
