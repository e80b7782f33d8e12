"""The addresses of GeoReport v2. Each answers at the real endpoint and, apart from it, at the one for tests."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from linli.cases.models import CaseNumber, CaseQuerySet
from linli.documents.models import Attachment
from linli.documents.views import serve
from linli.kit import codes
from linli.people.access import public
from linli.service_requests.models import Request

from . import catalogue, discovery, records, taking, tokens
from .asking import Query, query_of, several
from .door import Content, Visit, enter
from .faults import Fault, Refused, told

SCHEMA = Path(__file__).with_name("openapi.json")


@public
@csrf_exempt  # no cookie is read here
def discover(request: HttpRequest, suffix: str, is_test: bool = False) -> HttpResponse:
    return enter(request, suffix, is_test, {"GET": discovery.discovered})


@public
@csrf_exempt
def schema(request: HttpRequest) -> HttpResponse:
    """This interface as an OpenAPI document."""

    def shown(visit: Visit) -> HttpResponse:
        return HttpResponse(SCHEMA.read_bytes(), content_type="application/json")

    return enter(request, "json", False, {"GET": shown})


@public
@csrf_exempt
def services(request: HttpRequest, suffix: str, is_test: bool = False) -> HttpResponse:
    return enter(request, suffix, is_test, {"GET": catalogue.listed})


@public
@csrf_exempt
def service(request: HttpRequest, code: str, suffix: str, is_test: bool = False) -> HttpResponse:
    return enter(request, suffix, is_test, {"GET": lambda visit: catalogue.defined(code)})


@public
@csrf_exempt
def requests(request: HttpRequest, suffix: str, is_test: bool = False) -> HttpResponse:
    """GET finds requests, POST makes one."""
    return enter(request, suffix, is_test, {"GET": _found, "POST": taking.take})


@public
@csrf_exempt
def one(request: HttpRequest, number: str, suffix: str, is_test: bool = False) -> HttpResponse:
    def found(visit: Visit) -> Content:
        return Content("service_requests", _by_number(visit, [codes.normalise_number(number)], [number]))

    return enter(request, suffix, is_test, {"GET": found})


@public
@csrf_exempt
def token(request: HttpRequest, value: str, suffix: str, is_test: bool = False) -> HttpResponse:
    def found(visit: Visit) -> Content:
        behind = tokens.found(visit, value)
        if behind is None:
            raise Refused(Fault(404, _("没有这个 token。")))
        return Content("service_requests", [behind])

    return enter(request, suffix, is_test, {"GET": found})


@public
@csrf_exempt
def photo(request: HttpRequest, photo_id: UUID, is_test: bool = False) -> HttpResponse:
    """A photo whose reporter agreed to publication, for as long as they do."""

    def found(visit: Visit) -> HttpResponse:
        shown = Attachment.objects.filter(id=photo_id, purpose__in=records.SHOWN).public().first()
        if shown is None or not _agreed(visit, shown):
            raise Refused(Fault(404, _("没有这张照片。")))
        response = serve(shown)
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cache-Control"] = "no-cache"
        return response

    return enter(request, "xml", is_test, {"GET": found})


@public
@csrf_exempt
def nothing(request: HttpRequest, rest: str, is_test: bool = False) -> HttpResponse:
    """Any other address below the endpoint, in the format it asks for."""

    def refuse(visit: Visit) -> Content:
        raise Refused(Fault(404, _("这里没有您要的内容。")))

    suffix = "json" if rest.endswith(".json") else "xml"
    return enter(request, suffix, is_test, {"GET": refuse, "POST": refuse})


def _found(visit: Visit) -> Content:
    query = query_of(visit.given, visit.at, catalogue.known())
    if query.numbers:
        asked = several(visit.given, "service_request_id")
        return Content("service_requests", _by_number(visit, query.numbers, asked))
    return Content("service_requests", records.told(visit, _matching(visit, query)))


def _matching(visit: Visit, query: Query) -> CaseQuerySet:
    until = query.until.replace(microsecond=999_999)
    cases = records.visible(visit).filter(received_at__gte=query.since, received_at__lte=until)
    if query.services:
        cases = cases.filter(category__in=query.services)
    wanted = Q()
    for status in query.statuses:
        wanted |= Q(is_open=status == "open")
    ordered = cases.filter(wanted).order_by("-received_at", "-id")
    return ordered[query.first : query.first + query.page_size]


def _by_number(visit: Visit, numbers: list[str], asked: list[str]) -> list[dict[str, object]]:
    """Those of the numbers that can be seen here; 404 where none can. One that cannot be a number is an unknown one."""
    ids = CaseNumber.objects.filter(number__in=[number for number in numbers if number]).values("case_id")
    cases = records.visible(visit).filter(pk__in=ids).order_by("-received_at", "-id")
    found = records.told(visit, cases)
    if not found:
        said = _("没有 service_request_id “%(given)s”。")
        raise Refused(*(Fault(404, said % {"given": told(number)}) for number in asked[:100]))
    return found


def _agreed(visit: Visit, photo: Attachment) -> bool:
    agreed = Request.objects.filter(case_id=photo.case_id, may_publish=True)
    return agreed.filter(case__in=records.visible(visit).filter(pk=photo.case_id)).exists()
