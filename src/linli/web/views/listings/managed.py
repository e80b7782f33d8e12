"""The lists of the administration: units, people, categories, rules, the calendar, committees, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linli.documents.actions.listings import Asked, Listing, walk
from linli.documents.render.tables import Column, Kind, Row, Rows
from linli.kit.lists import listed
from linli.mediation.actions import templates
from linli.mediation.models import Committee, FormTemplate
from linli.people import actions as people_actions
from linli.people.models import Change
from linli.web.forms.manage import functions
from linli.web.forms.manage_mediation import procedure_label
from linli.web.templatetags.manage import full_name, limit_words
from linli.web.views.manage import calendar, categories, history, organisations, people, rules
from linli.web.views.manage.mediation import committees, forms, lists
from linli.web.views.manage.pages import is_county_wide

SIZE = 200


def _words(asked: Asked) -> str:
    return " ".join(QueryDict(asked.query).get("q", "").split())[:80]


def _units(asked: Asked) -> Iterator[Rows]:
    """The units that are looked for; without words the whole tree, in its order."""
    query, area = _words(asked), organisations.in_area(asked.post).select_related("parent")
    found = area.filter(organisations.fits(query)) if query else area
    for batch in walk(found, ("path", "id"), size=1000):
        yield [
            (
                unit.code,
                unit.name,
                unit.name_en,
                unit.get_kind_display(),
                unit.parent.code if unit.parent else "",
                unit.parent.label if unit.parent else "",
                unit.valid_from,
                unit.valid_until,
            )
            for unit in batch
        ]


def _people(asked: Asked) -> Iterator[Rows]:
    post, at = asked.post, asked.at
    query, show = people.asked_for(QueryDict(asked.query))
    found = people.narrowed(people_actions.people_of(post), query, show, at)
    for batch in walk(found.prefetch_related(people.posts_in(post)), ("username",), size=SIZE):
        yield [
            (
                person.name,
                person.username,
                person.is_active,
                _posts(people.held_by(person.grants.all(), post, at, now=True)),
                person.last_login,
            )
            for person in batch
        ]


def _posts(held: list[people.Held]) -> str:
    return "\n".join(f"{full_name(each.post.organisation)} · {each.role}" for each in held)


def _categories(asked: Asked) -> Iterator[Rows]:
    names = dict(functions())
    yield [
        (
            row.code,
            group.label,
            row.label,
            limit_words(row.limit),
            limit_words(row.unit_limit),
            row.unit.label if row.unit else names.get(row.function, row.function),
            row.get_level_display(),
            row.is_active,
        )
        for group, inside in categories.grouped()
        for row in inside
    ]


def _rules(asked: Asked) -> Iterator[Rows]:
    yield [
        (
            number,
            line.rule.code,
            line.rule.label,
            "\n".join(line.conditions),
            line.target,
            line.rule.why,
            line.rule.is_active,
            line.problem,
        )
        for number, line in enumerate(rules.in_order(), 1)
    ]


def _days(asked: Asked) -> Iterator[Rows]:
    given = QueryDict(asked.query).get("year", "")
    year = int(given) if given.isdecimal() and len(given) == 4 else timezone.localdate(asked.at).year
    yield [
        (day.date, day.is_working, day.label, day.source, day.is_confirmed) for day in calendar.days_of(year)
    ]


def _committees(asked: Asked) -> Iterator[Rows]:
    yield [
        (
            committee.organisation.code,
            committee.label,
            committee.get_kind_display(),
            committee.area.label,
            listed(field.label for field in committee.fields.all()),
            members,
            committee.term_until,
            "\n".join(str(concern.text) for concern in concerns),
        )
        for committee, concerns, members in committees.standing(asked.post, timezone.localdate(asked.at))
    ]


def _chosen(asked: Asked) -> Committee | None:
    return committees.by_code(asked.post, QueryDict(asked.query).get("code", "")[:48])


def _members(asked: Asked) -> Iterator[Rows]:
    committee = _chosen(asked)
    yield [
        (
            committee.label,
            member.person.name,
            member.get_duty_display(),
            member.languages,
            member.since,
        )
        for member in (committees.seated_on(committee) if committee else ())
        if committee
    ]


def _rooms(asked: Asked) -> Iterator[Rows]:
    committee = _chosen(asked)
    yield [
        (committee.label, room.name, room.address, room.is_active)
        for room in (committees.rooms_of(committee) if committee else ())
        if committee
    ]


def _disputes(asked: Asked) -> Iterator[Rows]:
    yield [
        (
            row.code,
            row.label,
            row.field.label if row.field else "",
            procedure_label(row.procedure),
            row.is_active,
        )
        for row in lists.all_disputes()
    ]


def _fields(asked: Asked) -> Iterator[Rows]:
    yield [(row.code, row.label, row.is_active) for row in lists.all_fields()]


def _forms(asked: Asked) -> Iterator[Rows]:
    own = forms.own_templates()
    yield [_form(kind, own.get(kind)) for kind in templates.kinds()]


def _form(kind: str, own: FormTemplate | None) -> Row:
    if own is None:
        return kind, templates.label(kind), False, "", "", None
    return kind, templates.label(kind), True, own.name, own.by.name, own.at


def _changes(asked: Asked) -> Iterator[Rows]:
    for keys in walk(Change.objects.all(), ("-at", "-id"), ("target_kind",), size=SIZE):
        found = Change.objects.filter(pk__in=[key[-1] for key in keys]).order_by("-at", "-id")
        yield [
            (
                entry.at,
                entry.who,
                entry.what,
                entry.name,
                "\n".join(f"{label}: {before} → {after}" for label, before, after in entry.differences),
            )
            for entry in history.entries(found)
        ]


_CODE, _NAME, _ACTIVE = (
    Column("code", _("代码")),
    Column("name", _("名称")),
    Column("is_active", _("启用"), Kind.YES),
)


def _managed(
    name: str,
    label: str | Promise,
    permission: str,
    page: str,
    columns: tuple[Column, ...],
    rows: Callable[[Asked], Iterator[Rows]],
) -> Listing:
    """A list that belongs to the whole county."""
    return Listing(name, label, f"manage.{permission}", page, columns, rows, admits=is_county_wide)


LISTINGS = (
    Listing(
        "units",
        _("单位名单"),
        "manage.organisations",
        "web:manage_organisations",
        (
            _CODE,
            _NAME,
            Column("name_en", _("英文名称")),
            Column("kind", _("种类")),
            Column("parent_code", _("上级代码")),
            Column("parent", _("上级单位")),
            Column("valid_from", _("设立日期"), Kind.DAY),
            Column("valid_until", _("停用日期"), Kind.DAY),
        ),
        _units,
    ),
    Listing(
        "people",
        _("人员和岗位"),
        "manage.people",
        "web:manage_people",
        (
            Column("name", _("姓名")),
            Column("username", _("账号")),
            _ACTIVE,
            Column("posts", _("现在的岗位")),
            Column("last_login", _("上次登录"), Kind.MOMENT),
        ),
        _people,
    ),
    _managed(
        "categories",
        _("类别名单"),
        "categories",
        "web:manage_categories",
        (
            _CODE,
            Column("group", _("大类")),
            Column("name", _("小类")),
            Column("limit", _("总限期")),
            Column("unit_limit", _("单位限期")),
            Column("unit", _("默认单位")),
            Column("level", _("紧急程度")),
            _ACTIVE,
        ),
        _categories,
    ),
    _managed(
        "rules",
        _("派单规则"),
        "rules",
        "web:manage_rules",
        (
            Column("position", _("次序"), Kind.WHOLE),
            _CODE,
            _NAME,
            Column("conditions", _("条件")),
            Column("target", _("派给谁")),
            Column("why", _("为什么")),
            _ACTIVE,
            Column("problem", _("失效的原因")),
        ),
        _rules,
    ),
    _managed(
        "calendar",
        _("工作日历"),
        "calendar",
        "web:manage_calendar",
        (
            Column("date", _("日期"), Kind.DAY),
            Column("is_working", _("上班"), Kind.YES),
            _NAME,
            Column("source", _("依据")),
            Column("is_confirmed", _("已公布"), Kind.YES),
        ),
        _days,
    ),
    Listing(
        "committees",
        _("调解委员会"),
        "manage.mediation",
        "web:manage_mediation",
        (
            _CODE,
            _NAME,
            Column("kind", _("类型")),
            Column("area", _("管辖地方")),
            Column("fields", _("专业领域")),
            Column("members", _("成员"), Kind.WHOLE),
            Column("term_until", _("本届届满"), Kind.DAY),
            Column("concerns", _("要处理的")),
        ),
        _committees,
    ),
    Listing(
        "mediators",
        _("委员和调解员"),
        "manage.mediation",
        "web:manage_mediation",
        (
            Column("committee", _("委员会")),
            Column("name", _("姓名")),
            Column("duty", _("职务")),
            Column("languages", _("会说的话")),
            Column("since", _("任职日期"), Kind.DAY),
        ),
        _members,
    ),
    Listing(
        "rooms",
        _("调解室名单"),
        "manage.mediation",
        "web:manage_mediation",
        (Column("committee", _("委员会")), _NAME, Column("address", _("地址")), _ACTIVE),
        _rooms,
    ),
    _managed(
        "disputes",
        _("纠纷类型"),
        "mediation",
        "web:manage_mediation_lists",
        (_CODE, _NAME, Column("field", _("专业领域")), Column("procedure", _("办理流程")), _ACTIVE),
        _disputes,
    ),
    _managed(
        "fields", _("专业领域"), "mediation", "web:manage_mediation_lists", (_CODE, _NAME, _ACTIVE), _fields
    ),
    _managed(
        "forms",
        _("文书模板"),
        "mediation",
        "web:manage_mediation_forms",
        (
            _CODE,
            _NAME,
            Column("is_own", _("自己的模板"), Kind.YES),
            Column("file", _("文件")),
            Column("by", _("上传人")),
            Column("at", _("上传时间"), Kind.MOMENT),
        ),
        _forms,
    ),
    _managed(
        "changes",
        _("改动记录"),
        "view",
        "web:manage_changes",
        (
            Column("at", _("时间"), Kind.MOMENT),
            Column("who", _("谁改的")),
            Column("what", _("做了什么")),
            Column("name", _("改的是什么")),
            Column("differences", _("前后")),
        ),
        _changes,
    ),
)
