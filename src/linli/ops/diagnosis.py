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
from django.utils.translation import gettext_noop, ngettext

from linli.cases.models import Delivery
from linli.cases.procedures import calendar
from linli.kit import sealing
from linli.ledger import actions as ledger
from linli.mediation.models import Mediation
from linli.notify.actions import sending
from linli.notify.models import WebhookDelivery
from linli.ops import securing
from linli.ops.working import last_beat
from linli.people.models import Grant, Person
from linli.service_requests.actions import broken_rules

STUCK_ATTEMPTS = 5
LATE_DELIVERY = timedelta(minutes=10)
SILENT_WORKER = timedelta(minutes=2)
UNSIGNED = timedelta(minutes=5)
LONG_FEED = 10_000  # events, a minute's work at most
LEAST_DISK = 1_000_000_000
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
HORIZON = timedelta(days=60)


@dataclass(frozen=True)
class Finding:
    """How one thing stands. `advice` says what to do; empty when all is well. A warning does not fail the check."""

    state: str
    advice: str = ""
    is_warning: bool = False

    @property
    def is_fault(self) -> bool:
        return bool(self.advice) and not self.is_warning


@dataclass(frozen=True)
class Check:
    """One thing looked at; `needs` is the check that must be well before this one can be made."""

    name: str
    look: Callable[[datetime], Finding]
    needs: str = ""


def examine(at: datetime) -> list[tuple[str, Finding]]:
    """Every check in turn with its name; where one cannot be made, that is the finding."""
    found: list[tuple[str, Finding]] = []
    faulty: set[str] = set()
    for check in CHECKS:
        if check.needs in faulty:
            faulty.add(check.name)
            continue
        finding = _looked(check, at)
        if finding.is_fault:
            faulty.add(check.name)
        found.append((_(check.name), finding))
    return found


def _looked(check: Check, at: datetime) -> Finding:
    try:
        return check.look(at)
    except Exception as error:  # the point of a doctor is to survive what it looks for
        reason = (str(error).strip().splitlines() or [""])[0]
        advice = _("检查没有做成：%(reason)s") % {"reason": reason}
        return Finding(type(error).__name__, advice)


def database(at: datetime) -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        advice = _("看数据库是否在运行、DATABASE_URL 是否写对：%(reason)s") % {"reason": reason}
        return Finding(_("连不上"), advice)
    return Finding(connection.vendor)


def migrations(at: datetime) -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding(_("有 %(n)d 步没有更新") % {"n": len(missing)}, _("运行 linli migrate。"))
    return Finding(_("最新"))


def worker(at: datetime) -> Finding:
    beat = last_beat()
    if beat is None or at - beat > SILENT_WORKER:
        state = _("没有动静") if beat is None else _("最后一次动静在 %(at)s") % {"at": _local(beat)}
        return Finding(state, _("启动 linli worker；提醒、超期上报和消息都靠它。"))
    return Finding(_("在工作"))


def deliveries(at: datetime) -> Finding:
    stuck = Delivery.objects.filter(due_at__isnull=False, attempts__gte=STUCK_ATTEMPTS)
    late = Delivery.objects.filter(due_at__lt=at - LATE_DELIVERY, attempts__lt=STUCK_ATTEMPTS).count()
    if first := stuck.order_by("-attempts").first():
        state = _("%(stuck)d 条多次失败，%(late)d 条迟了") % {"stuck": stuck.count(), "late": late}
        words = {"name": first.reaction, "error": first.error or "—"}
        return Finding(
            state, _("%(name)s 的错误：%(error)s。排除以后后台会自己再送；看日志里的详情。") % words
        )
    if late:
        return Finding(_("%(late)d 条迟了") % {"late": late}, _("看 linli worker 是否在运行。"))
    return Finding(_("没有积压"))


def feed(at: datetime) -> Finding:
    """Whether events get their places, and how far webhooks are behind."""
    unplaced, head = ledger.waiting(), ledger.head()
    behind = max((head - webhook.position for webhook in sending.active()), default=0)
    if max(unplaced, behind) > LONG_FEED:
        state = _("%(unplaced)d 个事件没有排上，通知落后 %(behind)d 个") % {
            "unplaced": unplaced,
            "behind": behind,
        }
        return Finding(state, _("看 linli worker 是否在运行；刚导入许多旧件的，等它排完。"), is_warning=True)
    return Finding(_("排到第 %(head)d 个") % {"head": head})


def witness(at: datetime) -> Finding:
    """Whether the log is signed, and whether somebody elsewhere keeps watch over it."""
    newest, watch = ledger.latest(), ledger.watch(at)
    if not ledger.is_signed_here():
        advice = _("把另外保管的日志密钥放回 %(path)s：旧回执和见证只认它。")
        return Finding(_("日志换了密钥"), advice % {"path": settings.LOG_KEY})
    if ledger.head() > (newest.size if newest else 0) and (newest is None or at - newest.made_at > UNSIGNED):
        advice = _("看 linli worker 是否在运行、日志里有没有错误；怀疑有改动的，运行 linli verify。")
        return Finding(_("日志没有签到最新"), advice)
    if watch.is_expected and watch.seen_at is None:
        return Finding(_("还没有见证会签"), _("启动 linli witness；在此之前，调解内容不给工作人员看。"))
    if watch.seen_at is not None:
        state = _("会签到第 %(size)d 条，%(at)s") % {"size": watch.size, "at": _local(watch.seen_at)}
        if watch.is_stopped(at):
            return Finding(state, _("见证停了太久，调解内容不给工作人员看：看 linli witness 为什么停了。"))
        if watch.is_missed(at):
            return Finding(
                state, _("看 linli witness 为什么停了；停得太久，调解内容就看不了。"), is_warning=True
            )
        return Finding(state)
    if settings.WITNESSES:
        return Finding(_("设了见证，但从没有会签过"), _("看 linli witness 是否在运行、公钥是否一致。"))
    advice = _("在另一个单位运行 linli witness，掌管这台机器的人才不能悄悄改记录（docs/trust.md）。")
    return Finding(_("没有见证"), advice, is_warning=True)


def webhooks(at: datetime) -> Finding:
    """Dead letters, and webhooks that nothing can go to."""
    rows = sending.active()
    dead = WebhookDelivery.objects.filter(dead_at__isnull=False)
    if first := dead.select_related("webhook").order_by("dead_at").first():
        state = ngettext("%(n)d 条送不到", "%(n)d 条送不到", n := dead.count()) % {"n": n}
        advice = _(
            "先看“%(name)s”（%(error)s）：在“管理—事件通知”查明原因再补送，或者 linli webhooks replay。"
        )
        words = {"name": first.webhook.name, "error": f"{first.error} {first.status or ''}".strip()}
        return Finding(state, advice % words, is_warning=True)
    if blind := [row for row in rows if sending.actor_of(row, at) is None]:
        advice = _("“%(name)s”的岗位已结束，什么也收不到：在“管理—事件通知”换一个岗位，或者停用。")
        return Finding(
            _("%(n)d 个停着") % {"n": len(blind)}, advice % {"name": blind[0].name}, is_warning=True
        )
    return Finding(ngettext("%(n)d 个通知", "%(n)d 个通知", len(rows)) % {"n": len(rows)})


def keys(at: datetime) -> Finding:
    """Whether what is sealed can be opened. The keys are in no backup, on purpose: the advice says where they lie."""
    try:
        ring = sealing.keyring()
    except sealing.KeyringError as error:
        advice = _("反映照常接收，加密的内容打不开：%(reason)s。把另外保管的钥匙串放回去。")
        return Finding(_("取不到"), advice % {"reason": error})
    if not settings.KEYRING_COMMAND and settings.KEYRING.stat().st_mode & 0o077:
        return Finding(_("别人也能读"), _("运行 chmod 600 %(path)s。") % {"path": settings.KEYRING})
    used = sealing.rotation.in_use()
    if lost := sum(n for number, n in used.items() if number not in ring.keys):
        advice = _("把含有旧密钥的钥匙串放回去；备份里没有密钥，要另外保管。")
        return Finding(_("%(n)d 处打不开") % {"n": lost}, advice)
    if gone := _without_keys():
        advice = _("把另外保管的案件密钥放回 %(path)s（linli keys copy 存的那份）。")
        return Finding(_("%(n)d 件调解没有密钥") % {"n": gone}, advice % {"path": settings.CASE_KEYS})
    state = _("第 %(n)d 把，不在备份里，请另外保管") % {"n": ring.current_id}
    if waiting := sum(n for number, n in used.items() if number != ring.current_id):
        advice = _("运行 linli keys rotate：还有 %(n)d 处用着旧密钥。") % {"n": waiting}
        return Finding(state, advice, is_warning=True)
    return Finding(state)


def _without_keys() -> int:
    return len(set(Mediation.objects.values_list("pk", flat=True)) - set(sealing.vault.cases()))


def disk(at: datetime) -> Finding:
    free = shutil.disk_usage(settings.VAR).free
    state = _("剩余 %(gb).1f GB") % {"gb": free / 1e9}
    if free < LEAST_DISK:
        return Finding(state, _("清理或扩大 %(path)s 所在的磁盘。") % {"path": settings.VAR})
    return Finding(state)


def pages(at: datetime) -> Finding:
    if not (settings.DIST / "manifest.json").exists():
        return Finding(_("样式和脚本没有生成"), _("在源码目录运行 make frontend，或重装 linli。"))
    return Finding(_("齐全"))


def horizon(at: datetime) -> Finding:
    known = calendar.load()
    until, today = known.confirmed_until, timezone.localdate(at)
    state = _("已公布到 %(day)s") % {"day": until} if until else _("没有公布的年份")
    if until is None or until < today + HORIZON:
        advice = _("在“管理—日历”录入下一年的放假通知；在此之前算出的日期标为暂定。")
        return Finding(state, advice, is_warning=until is not None and until >= today)
    return Finding(state)


def routing(at: datetime) -> Finding:
    broken = broken_rules()
    if broken:
        rule, reason = broken[0]
        advice = _("在“管理—派单规则”改正：%(rule)s：%(reason)s") % {"rule": rule.label, "reason": reason}
        return Finding(_("%(n)d 条坏了") % {"n": len(broken)}, advice)
    return Finding(_("都可用"))


def administration(at: datetime) -> Finding:
    held = Grant.objects.active(at).filter(role="administrator").exists()
    if not held and not Person.objects.filter(is_superuser=True, is_active=True).exists():
        return Finding(_("还没有"), _("运行 linli createsuperuser。"), is_warning=True)
    return Finding(_("有"))


def second_lock(at: datetime) -> Finding:
    """Whether the application runs as a role the policies hold, and whether every table has its policy."""
    if connection.vendor != "postgresql":
        return Finding(_("只有 PostgreSQL 才有"))
    if missing := securing.unguarded():
        state = _("%(n)d 张表没有行级策略，例如 %(table)s") % {"n": len(missing), "table": missing[0]}
        return Finding(state, _("用数据表所有者的身份运行 linli secure。"), is_warning=True)
    if not securing.is_guarded():
        advice = _("应用是以数据表所有者的身份连接的：运行 linli secure，再把 DATABASE_URL 换成它建的角色。")
        return Finding(_("没有起作用"), advice, is_warning=True)
    return Finding(_("起作用"))


def database_line(at: datetime) -> Finding:
    """Whether what goes to a database on another machine is sealed on the way, and both ends know each other."""
    if connection.vendor != "postgresql":
        return Finding(_("在本机"))
    connection.ensure_connection()
    line = connection.connection.info
    sslmode = line.get_parameters().get("sslmode", "")
    return line_to(line.host, sslmode=sslmode, has_password=bool(line.password))


def line_to(host: str, *, sslmode: str, has_password: bool) -> Finding:
    """What is to be said of such a connection; a socket, or this machine itself, is no network."""
    if not host or host.startswith("/") or host in THIS_MACHINE:
        return Finding(_("在本机"))
    if sslmode != "verify-full":
        advice = _(
            "在 DATABASE_URL 后面加 ?sslmode=verify-full（和 sslrootcert），否则内容在网络上可以被看见或改动。"
        )
        return Finding(_("经过网络，没有核对证书"), advice)
    if not has_password:
        return Finding(_("经过网络，没有口令"), _("给数据库角色设口令，写进 DATABASE_URL。"))
    return Finding(_("经过网络，加密并核对证书"))


def second_factors(at: datetime) -> Finding:
    if not settings.SECOND_FACTOR:
        return Finding(
            _("没有要求"), _("去掉 LINLI_SECOND_FACTOR=false：管得宽的岗位光有密码不够。"), is_warning=True
        )
    return Finding(_("所有岗位都要求") if settings.SECOND_FACTOR_ALL else _("按岗位要求"))


def demonstration(at: datetime) -> Finding:
    if Person.objects.filter(is_demo=True, is_active=True).exists():
        advice = _("正式使用前请换一个空的数据库：演示账号的口令是公开的。")
        return Finding(_("有"), advice, is_warning=True)
    return Finding(_("没有"))


def _local(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


DATABASE, TABLES = gettext_noop("数据库"), gettext_noop("数据表")
CHECKS = (
    Check(DATABASE, database),
    Check(gettext_noop("数据库连线"), database_line, needs=DATABASE),
    Check(TABLES, migrations, needs=DATABASE),
    Check(gettext_noop("后台"), worker, needs=TABLES),
    Check(gettext_noop("待送出"), deliveries, needs=TABLES),
    Check(gettext_noop("事件次序"), feed, needs=TABLES),
    Check(gettext_noop("见证"), witness, needs=TABLES),
    Check(gettext_noop("事件通知"), webhooks, needs=TABLES),
    Check(gettext_noop("派单规则"), routing, needs=TABLES),
    Check(gettext_noop("密钥"), keys, needs=TABLES),
    Check(gettext_noop("日历"), horizon, needs=TABLES),
    Check(gettext_noop("系统管理员"), administration, needs=TABLES),
    Check(gettext_noop("行级策略"), second_lock, needs=TABLES),
    Check(gettext_noop("第二道验证"), second_factors),
    Check(gettext_noop("演示账号"), demonstration, needs=TABLES),
    Check(gettext_noop("磁盘"), disk),
    Check(gettext_noop("页面文件"), pages),
)
