"""Who changed what, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from linli.cases.models import CalendarDay
from linli.kit.lists import clauses, listed
from linli.kit.templatetags.linli import moment
from linli.mediation.models import Category as Dispute
from linli.mediation.models import Committee, CommitteeKind, Duty, Member, Room
from linli.orgs.models import Organisation
from linli.people.access import requires, roles
from linli.people.models import Change, Grant, Person
from linli.portal.models import Article, ArticleKind
from linli.service_requests.models import Category, RoutingRule
from linli.web.views import paging

from .pages import county_post, show

SHOWN = 8
POST = "grant"  # the field that holds the id of a post
SIZE = 30

WHATS = {
    "category.added": gettext_noop("新增类别"),
    "category.edited": gettext_noop("修改类别"),
    "article.added": gettext_noop("新增文章"),
    "article.edited": gettext_noop("修改文章"),
    "article.withdrawn": gettext_noop("撤下文章"),
    "article.restored": gettext_noop("恢复文章"),
    "rule.added": gettext_noop("新增规则"),
    "rule.edited": gettext_noop("修改规则"),
    "rule.moved": gettext_noop("调整规则次序"),
    "rule.confirmed": gettext_noop("接手规则"),
    "day.added": gettext_noop("日历加一天"),
    "day.changed": gettext_noop("日历改一天"),
    "day.removed": gettext_noop("日历删一天"),
    "year.confirmed": gettext_noop("确认全年日历"),
    "year.imported": gettext_noop("导入放假通知"),
    "account.opened": gettext_noop("开通账号"),
    "account.edited": gettext_noop("修改账号资料"),
    "account.closed": gettext_noop("停用账号"),
    "account.reopened": gettext_noop("启用账号"),
    "account.password_set": gettext_noop("重设初始密码"),
    "held.released": gettext_noop("收下等着看的反映"),
    "held.declined": gettext_noop("不收下等着看的反映"),
    "account.factors_cleared": gettext_noop("清除第二道验证"),
    "post.granted": gettext_noop("授予岗位"),
    "post.revoked": gettext_noop("撤销岗位"),
    "unit.described": gettext_noop("修改单位资料"),
    "committee.founded": gettext_noop("设立调委会"),
    "committee.edited": gettext_noop("修改调委会资料"),
    "member.added": gettext_noop("成员就任"),
    "member.changed": gettext_noop("修改成员资料"),
    "member.ended": gettext_noop("成员离任"),
    "room.added": gettext_noop("添加调解室"),
    "room.edited": gettext_noop("修改调解室"),
    "field.added": gettext_noop("新增专业领域"),
    "field.edited": gettext_noop("修改专业领域"),
    "field.moved": gettext_noop("调整专业领域次序"),
    "dispute.added": gettext_noop("新增纠纷类型"),
    "dispute.edited": gettext_noop("修改纠纷类型"),
    "dispute.moved": gettext_noop("调整纠纷类型次序"),
    "form.replaced": gettext_noop("换上自己的文书模板"),
    "form.restored": gettext_noop("换回自带的文书模板"),
    "webhook.added": gettext_noop("新增事件通知"),
    "webhook.edited": gettext_noop("修改事件通知"),
    "webhook.rotated": gettext_noop("换新密钥"),
    "webhook.key_dropped": gettext_noop("停用旧密钥"),
    "webhook.key_shown": gettext_noop("查看密钥"),
    "webhook.tried": gettext_noop("试送一次"),
    "webhook.replayed": gettext_noop("补送"),
    "export.made": gettext_noop("导出名单"),
    "export.fetched": gettext_noop("下载导出的名单"),
    "restore": gettext_noop("用备份恢复数据库"),
    "issue_key": gettext_noop("发放密钥"),
    "revoke_key": gettext_noop("停用密钥"),
    "assessment.written": gettext_noop("写影响评估"),
    "assessment.signed": gettext_noop("签发影响评估"),
}
OWN_FIELDS = {
    "when": gettext_noop("条件"),
    "author": gettext_noop("制定人"),
    "days": gettext_noop("天数"),
    "organisation": gettext_noop("单位代码"),
    "organisation_name": gettext_noop("单位"),
    "person": gettext_noop("成员"),
    "room": gettext_noop("调解室"),
    "fields": gettext_noop("专业领域"),
    "file": gettext_noop("文件"),
    "listing": gettext_noop("名单"),
    "rows": gettext_noop("行数"),
    "filters": gettext_noop("筛选"),
    "called": gettext_noop("名称"),
    "key": gettext_noop("第几个密钥"),
    "letters": gettext_noop("再送几条"),
    "from_position": gettext_noop("从哪个序号起"),
    "grant": gettext_noop("岗位"),
    "kinds": gettext_noop("哪些案件"),
    "events": gettext_noop("哪些事件"),
    "url": gettext_noop("地址"),
    "scopes": gettext_noop("能做什么"),
    "per_minute": gettext_noop("每分钟最多几次"),
    "register": gettext_noop("登记册指纹"),
    "reasons": gettext_noop("缘由"),
    "made_at": gettext_noop("备份时间"),
    "log": gettext_noop("日志条数"),
}
MODELS = (
    Category,
    Article,
    RoutingRule,
    CalendarDay,
    Person,
    Grant,
    Organisation,
    Dispute,
    Committee,
    Member,
    Room,
)


@dataclass(frozen=True)
class Entry:
    """A line of history: when, who, what, on what, and what was before and after."""

    at: datetime
    who: str
    what: str
    name: str
    href: str
    differences: list[tuple[str, str, str]]


def of(kind: str, key: object) -> list[Entry]:
    """The latest changes of one thing, newest first."""
    return entries(Change.objects.filter(target_kind=kind, target_id=str(key)).order_by("-at", "-id")[:SHOWN])


def entries(changes: QuerySet[Change]) -> list[Entry]:
    """In words; posts are named in one statement more, where there are any."""
    found = list(changes.select_related("by"))
    posts = _posts(found)
    return [
        Entry(
            at=change.at,
            who=change.by.name if change.by else _("系统"),
            what=_(WHATS[change.what]) if change.what in WHATS else change.what,
            name=change.target_name or (change.target_id if change.target_kind == "backup" else ""),
            href=_href(change),
            differences=list(_differences(change, posts)),
        )
        for change in found
    ]


@requires("manage.view")
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Everything that was changed in the administration of the county, newest first."""
    county_post(request)
    wanted = paging.older(Change.objects.all(), paging.Key.parse(request.GET.get("after", "")))
    rows = list(wanted.order_by("-at", "-id").values_list("at", "id")[: SIZE + 1])
    more = str(paging.Key(*rows[SIZE - 1])) if len(rows) > SIZE else ""
    found = Change.objects.filter(pk__in=[pk for _at, pk in rows[:SIZE]]).order_by("-at", "-id")
    return show(request, "changes", {"entries": entries(found), "more": more, "size": SIZE})


def _posts(changes: list[Change]) -> dict[str, str]:
    """The posts named by their ids: whose, which role, where."""
    ids = {str(said.get(POST) or "") for change in changes for said in (change.before, change.after)}
    wanted = [pk for each in ids if (pk := _id(each)) is not None]
    grants = Grant.objects.filter(pk__in=wanted).select_related("person", "organisation") if wanted else []
    return {
        str(grant.pk): " · ".join([grant.person.name, _role(grant.role), grant.organisation.label])
        for grant in grants
    }


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _differences(change: Change, posts: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    names = [*change.after, *(name for name in change.before if name not in change.after)]
    for name in names:
        before, after = change.before.get(name), change.after.get(name)
        if before != after and (before or after or isinstance(after, bool)):
            old, new = (_said(name, posts.get(str(each), each)) for each in (before, after))
            yield _field(name), old, new


@cache
def _labels() -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for model in MODELS:
        for field in model._meta.concrete_fields:
            labels.setdefault(field.name, field.verbose_name)
    return labels


def _field(name: str) -> str:
    if name in OWN_FIELDS:
        return _(OWN_FIELDS[name])
    return str(_labels().get(name, name))


def _said(name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name in SAYINGS:
        return SAYINGS[name](value)
    if isinstance(value, list):
        return listed(value)
    if isinstance(value, dict):
        return clauses(f"{key} {listed(each)}" for key, each in value.items()) or "—"
    return str(value)


def _role(value: Any) -> str:
    role = roles().get(str(value))
    return role.label if role else str(value)


def _moment(value: Any) -> str:
    found = parse_datetime(str(value))
    return moment(found, "plain") if found else str(value)


def _choice(*labels: type[TextChoices]) -> Callable[[Any], str]:
    return lambda value: next((str(each(value).label) for each in labels if value in each.values), str(value))


SAYINGS: dict[str, Callable[[Any], str]] = {
    "role": _role,
    "valid_from": _moment,
    "valid_until": _moment,
    "published_at": _moment,
    "made_at": _moment,
    "kind": _choice(CommitteeKind, ArticleKind),
    "duty": _choice(Duty),
}


PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "category": ("manage_category", ()),
    "rule": ("manage_rule", ()),
    "article": ("manage_article", ()),
    "person": ("manage_person", ()),
    "unit": ("manage_unit", ()),
    "committee": ("manage_committee", ()),
    "webhook": ("manage_webhook", ()),
    "field": ("manage_mediation_entry", ("fields",)),
    "dispute": ("manage_mediation_entry", ("disputes",)),
}
LISTS = {
    "export": "exports",
    "form": "manage_mediation_forms",
    "key": "manage_keys",
    "assessment": "manage_assessments",
}


def _href(change: Change) -> str:
    """The page of what was changed, or the list it stands in; "" where this reader has none."""
    if change.target_kind in PAGES:
        name, before = PAGES[change.target_kind]
        return reverse(f"web:{name}", args=[*before, change.target_id])
    if change.target_kind in LISTS:
        return reverse(f"web:{LISTS[change.target_kind]}")
    if change.target_kind in ("day", "year"):
        return reverse("web:manage_calendar_year", args=[int(change.target_id[:4])])
    return ""
