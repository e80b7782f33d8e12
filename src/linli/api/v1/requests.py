"""Requests: listed, read, taken in with their photos."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Query

from linli.cases.actions import BadData
from linli.documents import actions as documents
from linli.documents import views as documents_views
from linli.documents.models import Attachment
from linli.kit import codes
from linli.kit.sealing import Unread
from linli.orgs.models import Organisation
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests.actions import Receipt, Submission
from linli.service_requests.actions.contacts import WhereWrong, contact_refusal, place_at
from linli.service_requests.actions.with_photos import submit_with_photos
from linli.service_requests.models import Channel, Request

from . import cases_of, questions, schemas, shapes
from .door import Visit, visit_of
from .lists import unit_of
from .operations import READ, WRITE, operation
from .problems import Problem

TAG = gettext_lazy("服务事项")
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@operation(
    "GET",
    "/requests",
    id="list_requests",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("本岗位看得到的服务事项"),
    description=gettext_lazy(
        "条件和工作台的列表相同。place、unit 是单位代码；category 是类别代码，写上级就包括下级；"
        "due 是到期的远近；q 是要找的字。"
    ),
    query=questions.RequestFilters,
    response=schemas.Requests,
    problems=("not-allowed",),
    pages=True,
)
def list_requests(request: HttpRequest, asked: Query[questions.RequestFilters]) -> dict[str, Any]:
    page = cases_of.page_of(request, cases_of.REQUESTS, asked)
    names = shapes.names_of(page.rows)
    rows = [{**shapes.case_row(case, names), "title": case.title} for case in page.rows]
    return {"requests": rows, "next": shapes.turned(request, page.more)}


@operation(
    "GET",
    "/requests/{number}",
    id="get_request",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("一件服务事项"),
    description=gettext_lazy("反映人的姓名、电话只给需要知道的岗位；不给时 contact_refusal 写明为什么。"),
    response=schemas.RequestOut,
    problems=("not-found",),
    has_etag=True,
    path_examples={"number": "260930-7KQ2"},
)
def get_request(request: HttpRequest, number: str) -> dict[str, Any]:
    visit = visit_of(request)
    case = cases_of.find(request, number, (shapes.REQUEST,))
    said = Request.objects.get(pk=case.pk)
    refusal = contact_refusal(case, visit.actor) or _sealed(said)
    photos = [str(each.id) for each in Attachment.objects.of_case(case.pk)]
    groups = [Group.HISTORY, Group.WORDS]
    groups += [Group.CONTACT] if not refusal and (said.contact_name or said.contact_phone) else []
    reads.note(case=case, by=visit.actor, what="api", groups=groups, at=visit.at)
    visit.headers["ETag"] = shapes.tag(case)
    return {
        **cases_of.full(case, visit.actor),
        "title": case.title,
        "request_type": said.request_type,
        "text": said.text,
        "address": case.address,
        "lon": case.lon,
        "lat": case.lat,
        "may_publish": said.may_publish,
        "contact": None if refusal else {"name": said.contact_name, "phone": said.contact_phone},
        "contact_refusal": refusal,
        "photos": photos,
    }


def _sealed(said: Request) -> str:
    """Why not even those who may know are told who reported: the keys are away."""
    is_away = any(isinstance(each, Unread) for each in (said.contact_name, said.contact_phone))
    return _("加密存放的内容现在打不开。") if is_away else ""


@operation(
    "GET",
    "/requests/{number}/photos/{photo}",
    id="get_photo",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("一张照片"),
    response=None,
    produces="image/jpeg",
    problems=("not-found",),
    path_examples={"number": "260930-7KQ2", "photo": "01923f3c-0000-7000-8000-000000000001"},
)
def get_photo(request: HttpRequest, number: str, photo: str) -> HttpResponse:
    case = cases_of.find(request, number, (shapes.REQUEST,))
    found = (
        Attachment.objects.filter(case_id=case.pk, id=photo).first() if UUID_FORM.fullmatch(photo) else None
    )
    if found is None:
        raise Http404
    visit = visit_of(request)
    reads.note(case=case, by=visit.actor, what="photo", groups=[Group.PHOTOS], at=visit.at)
    return documents_views.serve(found)


@operation(
    "POST",
    "/uploads",
    id="upload_photo",
    scope=WRITE,
    tag=TAG,
    summary=gettext_lazy("先传一张照片"),
    description=gettext_lazy(
        "multipart/form-data，字段 photo。照片里附带的时间、地点和机型都会去掉。"
        "返回的 id 一天内写进 photos，过后就没有了。"
    ),
    status=201,
    response=schemas.Uploaded,
    problems=("unavailable",),
    takes_photo=True,
)
def upload_photo(request: HttpRequest) -> dict[str, Any]:
    visit = visit_of(request)
    assert visit.photo is not None
    name, data = visit.photo
    upload = documents.stage(data=data, name=name, at=visit.at)
    return {"id": str(upload.pk), "name": upload.name, "width": upload.width, "height": upload.height}


@operation(
    "POST",
    "/requests",
    id="create_request",
    scope=WRITE,
    tag=TAG,
    summary=gettext_lazy("登记一件服务事项"),
    description=gettext_lazy(
        "和在工作台登记一样：派单规则、限期、回执都相同。place 是网格、村或乡镇的代码，或者给 lon、lat（WGS-84）。"
        "举报要写 accused：被举报单位的代码。tracking_code 请交给反映人，以后谁也看不到它。"
    ),
    status=201,
    response=schemas.Received,
    problems=("not-allowed", "reused"),
)
def create_request(request: HttpRequest, given: questions.RequestIn) -> dict[str, Any]:
    visit = visit_of(request)
    if not visit.actor.may("case.report"):
        raise Problem("not-allowed", _("您现在的岗位不能登记事项。"))
    receipt = submit_with_photos(
        submission=_submission(visit, given), by=visit.actor, at=visit.at, command_id=visit.command_id
    )
    visit.headers["ETag"] = f'"{receipt.event.number}"'
    visit.headers["Location"] = f"/api/v1/requests/{receipt.case.number}"
    return _received(receipt)


def _submission(visit: Visit, given: questions.RequestIn) -> Submission:
    try:
        place = place_at(given.place or None, given.lon, given.lat)
    except WhereWrong as error:
        raise BadData({"place": str(error)}) from error
    actor = visit.actor
    fields = given.dict(exclude={"place", "accused"})
    return Submission(
        **fields,
        place=place,
        accused=unit_of(given.accused, "accused"),
        channel=Channel.HOTLINE if actor.may("case.report_for") else Channel.GRID,
    )


def _received(receipt: Receipt) -> dict[str, Any]:
    """From the first event alone, so that a request sent again is answered the same."""
    case, event = receipt.case, receipt.event
    suggested = event.facts.get("suggested")
    place = Organisation.objects.get(pk=UUID(event.data["place"]))
    return {
        "number": case.number,
        "tracking_code": codes.pretty(receipt.code),
        "state": event.state,
        "version": event.number,
        "received_at": event.received_at,
        "place": shapes.unit(place),
        "suggested_unit": shapes.unit(Organisation.objects.filter(pk=suggested).first())
        if suggested
        else None,
    }
