"""Receipts to keep: as a file for programs, as a sheet of paper, and a page that checks one without the server."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.actions import receipts
from linli.cases.models import Case
from linli.documents.render import receipts as sheets
from linli.kit import clock
from linli.ledger.actions import keys
from linli.mediation.models import Side
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.county import county_of
from linli.portal.views.disputes.mine import find_mine
from linli.portal.views.tickets import PARTY, TRACK, case_id_of, party_of


@public
@require_safe
def receipt_file(request: HttpRequest, form: str) -> HttpResponse:
    """The receipt of the request this browser follows, with its proof as soon as there is one."""
    case_id = case_id_of(request, TRACK)
    case = Case.objects.select_related("place").filter(pk=case_id).first() if case_id else None
    if case is None:
        raise Http404
    return given(request, case, form)


@public
@require_safe
def dispute_file(request: HttpRequest, form: str) -> HttpResponse:
    """The receipt of an application, for those who applied; nobody else handed anything in."""
    named = party_of(request, PARTY)
    mine = find_mine(named, clock.now()) if named else None
    if mine is None or mine.party.side != Side.APPLICANT:
        raise Http404
    return given(request, mine.case, form)


@public
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Checks a receipt in the browser: nothing is sent, and once it is open it needs no network."""
    context = {"key": keys.public(), "witnesses": keys.witnesses(), "zone": settings.TIME_ZONE}
    return render(request, "portal/receipt_check.html", context)


def given(request: HttpRequest, case: Case, form: str) -> HttpResponse:
    """The receipt of a case as JSON or PDF, to be saved."""
    found = receipts.receipt_of(case)
    if form == "json":
        content, kind = json.dumps(found, ensure_ascii=False, indent=1).encode(), "application/json"
    elif form == "pdf":
        content, kind = sheets.pdf(_sheet(request, case, found), case.received_at), "application/pdf"
    else:
        raise Http404
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="linli-receipt-{case.number}.{form}"'
    return not_kept(response)


def _sheet(request: HttpRequest, case: Case, found: dict[str, Any]) -> sheets.Receipt:
    statement = found["statement"]
    facts = json.loads(statement.split("\n")[1])
    words = json.loads(found.get("said") or "{}").get("text", "")
    marked = statement_marked(statement)
    address = request.build_absolute_uri(reverse("portal:receipt-check"))
    return sheets.Receipt(
        language=get_language() or "zh",
        title=_("回执"),
        author=county_of(request).label,
        number=case.number,
        lead=_(
            "收到了。一经收到，就不能当作没有收到过：这一条已经进了只增不改的日志，任何人删改都会被查出来。"
        ),
        rows=[
            (_("收到"), clock.written(facts["received_at"])),
            *((_label(case, each["clock"]), _due(each)) for each in facts["promises"]),
            (_("日志登记"), facts["leaf"]),
            (_("证明"), _proved(found["proof"])),
        ],
        heading=_("我们收到的"),
        words=words,
        code_heading=_("怎样核对"),
        code_text=_(
            "用手机扫右上角的方块，打开的页面会核对签名，打开以后断了网也行。"
            "用查询码下载的回执文件（JSON）还带着日志的证明，可在 {address} 或用 linli verify-receipt 核对。"
        ).format(address=address),
        code=f"{address}#{marked}",
        foot=_("这张回执上没有查询码，给别人看不会让他查到您的进度。日志的公钥：{key}").format(
            key=found["key"]
        ),
    )


def _label(case: Case, name: str) -> str:
    if name == receipts.ACCEPTING:
        return _("受理，或说明为什么不受理")
    return _("办结并答复") if case.kind == "service_request" else str(case.procedure.clocks[name].label)


def _due(promise: dict[str, Any]) -> str:
    return (
        _("{due} 前").format(due=clock.written(promise["due_at"])) if promise["due_at"] else promise["limit"]
    )


def _proved(proof: dict[str, Any] | None) -> str:
    if proof is None:
        return _("还没有；一分钟以后用查询码再下载一次")
    return _("日志第 {position} 条").format(position=proof["position"])


def statement_marked(statement: str) -> str:
    """The signed statement as it stands behind the # of an address: browsers keep that to themselves."""
    return base64.urlsafe_b64encode(statement.encode()).decode().rstrip("=")
