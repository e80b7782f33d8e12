"""What everybody may read: units and their outlines, categories, the published figures."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Query

from linli.cases.actions import board
from linli.measures import actions as measures
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, within
from linli.portal.views.county import county_of
from linli.portal.views.figures import Row, rows_of
from linli.portal.views.month import Summary
from linli.service_requests.models import Category, Question

from . import questions, schemas, shapes
from .door import visit_of
from .operations import PUBLIC, READ, operation
from .problems import Problem, invalid

TERRITORY = (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)
ROUGHLY = {Kind.COUNTY: 30.0, Kind.TOWNSHIP: 10.0}
UNITS = gettext_lazy("单位和网格")
LISTS = gettext_lazy("类别")
FIGURES = gettext_lazy("统计")


@operation(
    "GET",
    "/organisations",
    id="list_organisations",
    scope=PUBLIC,
    tag=UNITS,
    summary=gettext_lazy("单位和网格，按树的次序"),
    description=gettext_lazy("parent 是上级的代码：只列它的直接下级。kind 是类型。"),
    query=questions.UnitQuery,
    response=schemas.Units,
    pages=True,
)
def list_organisations(request: HttpRequest, asked: Query[questions.UnitQuery]) -> dict[str, Any]:
    units = Organisation.objects.standing().filter(within("path", county_of(request).path))
    if asked.kind:
        units = units.filter(kind=asked.kind)
    if asked.parent:
        units = units.filter(parent__code=asked.parent)
    if after := shapes.uncovered(asked.after):
        units = units.filter(path__gt=after)
    found = list(units.select_related("parent").order_by("path")[: asked.limit + 1])
    more = shapes.cursor(found[asked.limit - 1].path) if len(found) > asked.limit else ""
    return {
        "organisations": [_unit(each) for each in found[: asked.limit]],
        "next": shapes.turned(request, more),
    }


@operation(
    "GET",
    "/organisations/{code}",
    id="get_organisation",
    scope=PUBLIC,
    tag=UNITS,
    summary=gettext_lazy("一个单位或网格"),
    response=schemas.Unit,
    problems=("not-found",),
)
def get_organisation(request: HttpRequest, code: str) -> dict[str, Any]:
    return _unit(_standing(request, code))


@operation(
    "GET",
    "/organisations/{code}/boundaries",
    id="get_boundaries",
    scope=PUBLIC,
    tag=UNITS,
    summary=gettext_lazy("下级的边界（GeoJSON，WGS-84）"),
    description=gettext_lazy("一个单位各部分的边界；网格给出全村各网格的。is_sketch：示意，不是法定界线。"),
    response=schemas.Boundaries,
    problems=("not-found",),
    has_etag=True,
)
def get_boundaries(request: HttpRequest, code: str) -> dict[str, Any]:
    unit = _standing(request, code)
    if unit.kind not in TERRITORY:
        raise Http404
    visit_of(request).headers["ETag"] = lookup.boundaries_etag("api", code)
    parent = unit.parent_id if unit.kind == Kind.GRID else unit.pk
    parts = Organisation.objects.standing().filter(parent=parent, kind__in=TERRITORY)
    return lookup.boundaries_geojson(parts, simplify=ROUGHLY.get(Kind(unit.kind), 5.0))


@operation(
    "GET",
    "/places",
    id="find_place",
    scope=PUBLIC,
    tag=UNITS,
    summary=gettext_lazy("一个点在哪个网格"),
    description=gettext_lazy("lon、lat 是 WGS-84 的经纬度。点在本县以外时是 404。"),
    query=questions.PointQuery,
    response=schemas.Place,
    problems=("not-found",),
)
def find_place(request: HttpRequest, asked: Query[questions.PointQuery]) -> dict[str, Any]:
    found = lookup.locate(asked.lon, asked.lat)
    if found is None:
        raise Problem("not-found", _("这个点不在本县范围内。"))
    place = Organisation.objects.get(pk=found.id)
    line = Organisation.objects.filter(path__in=place.ancestor_paths).order_by("path")
    return {"place": shapes.unit(place), "line": [shapes.unit(each) for each in line]}


@operation(
    "GET",
    "/categories",
    id="list_categories",
    scope=PUBLIC,
    tag=LISTS,
    summary=gettext_lazy("可以反映什么，分两级"),
    response=schemas.Categories,
)
def list_categories(request: HttpRequest) -> dict[str, Any]:
    asked = Question.objects.order_by("position", "code")
    rows = Category.objects.filter(is_active=True).prefetch_related(Prefetch("questions", asked))
    return {
        "categories": [
            {
                "code": row.code,
                "parent": row.parent_id,
                "name": row.label,
                "hint": row.hint,
                "advice": row.advice,
                "level": row.level,
                "limit": row.limit,
                "unit_limit": row.unit_limit,
                "photo": row.photo,
                "questions": [_question(each) for each in row.questions.all()],
            }
            for row in rows.order_by("position", "code")
        ]
    }


@operation(
    "GET",
    "/statistics",
    id="get_statistics",
    scope=PUBLIC,
    tag=FIGURES,
    summary=gettext_lazy("一个月公布的数字"),
    description=gettext_lazy("month 形如 2026-09；不写就是最近公布的一个月。小于 10 的数不公布，是 null。"),
    query=questions.MonthQuery,
    response=schemas.Figures,
    problems=("not-found",),
)
def get_statistics(request: HttpRequest, asked: Query[questions.MonthQuery]) -> dict[str, Any]:
    rows = measures.published(county=county_of(request), at=visit_of(request).at)
    chosen = next((row for row in rows if asked.month in {"", f"{row.month:%Y-%m}"}), None)
    if chosen is None:
        raise Problem("not-found", _("这个月没有公布的数字。"))
    shown = Summary(chosen)
    names = ("accepted", "due", "on_time", "late", "rate", "closed", "reworked", "reopened", "on_hold")
    return {
        "month": f"{chosen.month:%Y-%m}",
        "months": [f"{row.month:%Y-%m}" for row in rows],
        **{name: getattr(shown, name) for name in names},
        "towns": [_part(row) for row in rows_of(shown.counts["towns"])],
        "categories": [_part(row) for row in rows_of(shown.counts["categories"])],
    }


@operation(
    "GET",
    "/statistics/board",
    id="get_board",
    scope=READ,
    tag=FIGURES,
    summary=gettext_lazy("本岗位范围内在办事项的数字"),
    response=schemas.BoardOut,
    problems=("not-allowed",),
)
def get_board(request: HttpRequest) -> dict[str, Any]:
    visit = visit_of(request)
    if not visit.actor.may("board.view"):
        raise Problem("not-allowed")
    totals, _rows = board.totals(actor=visit.actor, kind=shapes.REQUEST, at=visit.at)
    return {name: getattr(totals, name) for name in schemas.BoardOut.model_fields}


def _standing(request: HttpRequest, code: str) -> Organisation:
    units = Organisation.objects.standing().filter(within("path", county_of(request).path))
    found = units.filter(code=code).select_related("parent").first()
    if found is None:
        raise Http404
    return found


def unit_of(code: str, name: str) -> Organisation | None:
    """The standing unit a parameter names; None where it is empty, a problem where there is none."""
    if not code:
        return None
    found = Organisation.objects.standing().filter(code=code).first()
    if found is None:
        raise invalid({name: _("没有这个代码的单位。")})
    return found


def _unit(unit: Organisation) -> dict[str, Any]:
    return {
        "id": str(unit.pk),
        "code": unit.code,
        "name": unit.label,
        "kind": unit.kind,
        "function": unit.function,
        "parent": unit.parent.code if unit.parent else None,
        "area": unit.area,
        "phone": unit.phone,
        "supervision_phone": unit.supervision_phone,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "code": question.code,
        "text": question.label,
        "hint": question.hint,
        "datatype": question.datatype,
        "is_required": question.is_required,
        "is_answerable": question.is_answerable,
        "values": [{"code": code, "name": name} for code, name in question.choices.items()],
    }


def _part(row: Row) -> dict[str, Any]:
    names = ("accepted", "due", "late", "rate")
    return {"name": row.label, **{name: getattr(row, name) for name in names}}
