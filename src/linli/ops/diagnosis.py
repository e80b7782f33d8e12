"""What `linli doctor` looks at, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases.models import Delivery
from linli.cases.procedures import calendar
from linli.ops.working import last_beat
from linli.people.models import Person
from linli.service_requests.actions import broken_rules

STUCK_ATTEMPTS = 5
LATE_DELIVERY = timedelta(minutes=10)
SILENT_WORKER = timedelta(minutes=2)
LEAST_DISK = 1_000_000_000
HORIZON = timedelta(days=60)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `advice` says what to do; empty when all is well. A warning does not fail the check."""

    name: str
    state: str
    advice: str = ""
    is_warning: bool = False


def examine(at: datetime) -> list[Finding]:
    """Every check in turn; one that cannot run is itself a finding."""
    findings = []
    for check in CHECKS:
        try:
            findings.append(check(at))
        except Exception as error:  # the point of a doctor is to survive what it looks for
            advice = _("检查没有做成，请先解决上面的问题，再运行 linli doctor。")
            findings.append(Finding(check.__name__, type(error).__name__, advice))
    return findings


def database(at: datetime) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(_("数据库"), connection.vendor)


def migrations(at: datetime) -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding(_("数据表"), _("有 %(n)d 步没有更新") % {"n": len(missing)}, _("运行 linli migrate。"))
    return Finding(_("数据表"), _("最新"))


def worker(at: datetime) -> Finding:
    beat = last_beat()
    if beat is None or at - beat > SILENT_WORKER:
        state = _("没有动静") if beat is None else _("最后一次动静在 %(at)s") % {"at": _local(beat)}
        return Finding(_("后台"), state, _("启动 linli worker；提醒、超期上报和消息都靠它。"))
    return Finding(_("后台"), _("在工作"))


def deliveries(at: datetime) -> Finding:
    stuck = Delivery.objects.filter(due_at__isnull=False, attempts__gte=STUCK_ATTEMPTS).count()
    late = Delivery.objects.filter(due_at__lt=at - LATE_DELIVERY).count()
    if stuck or late:
        errors = Delivery.objects.filter(attempts__gte=STUCK_ATTEMPTS).values_list("error", flat=True)[:1]
        state = _("%(stuck)d 条多次失败，%(late)d 条迟了") % {"stuck": stuck, "late": late}
        advice = _("看后台是否在运行；最近的错误：%(error)s") % {"error": next(iter(errors), "—")}
        return Finding(_("待送出"), state, advice)
    return Finding(_("待送出"), _("没有积压"))


def disk(at: datetime) -> Finding:
    free = shutil.disk_usage(settings.VAR).free
    state = _("剩余 %(gb).1f GB") % {"gb": free / 1e9}
    if free < LEAST_DISK:
        return Finding(_("磁盘"), state, _("清理或扩大 %(path)s 所在的磁盘。") % {"path": settings.VAR})
    return Finding(_("磁盘"), state)


def horizon(at: datetime) -> Finding:
    until = calendar.current().confirmed_until
    state = _("已公布到 %(day)s") % {"day": until} if until else _("没有公布的年份")
    if until is None or until < (at + HORIZON).date():
        advice = _("在“管理—日历”录入下一年的放假通知；在此之前算出的日期标为暂定。")
        return Finding(_("日历"), state, advice, is_warning=until is not None and until >= at.date())
    return Finding(_("日历"), state)


def routing(at: datetime) -> Finding:
    broken = broken_rules()
    if broken:
        rule, reason = broken[0]
        advice = _("在“管理—派单规则”改正：%(rule)s：%(reason)s") % {"rule": rule.label, "reason": reason}
        return Finding(_("派单规则"), _("%(n)d 条坏了") % {"n": len(broken)}, advice)
    return Finding(_("派单规则"), _("都可用"))


def demonstration(at: datetime) -> Finding:
    if Person.objects.filter(is_demo=True, is_active=True).exists():
        advice = _("正式使用前请换一个空的数据库：演示账号的口令是公开的。")
        return Finding(_("演示账号"), _("有"), advice, is_warning=True)
    return Finding(_("演示账号"), _("没有"))


def _local(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


CHECKS: list[Callable[[datetime], Finding]] = [
    database,
    migrations,
    worker,
    deliveries,
    disk,
    horizon,
    routing,
    demonstration,
]
