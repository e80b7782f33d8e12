"""What phone and server say to each other."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import CommandError
from linli.field import actions, wire
from linli.field.actions import Envelope, Result, carrying
from linli.field.models import Phone, State
from linli.kit import clock
from linli.kit.ids import is_uuid7
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group

from .doors import token_required, unless_given_up

PRIVATE = {"Cache-Control": "private, no-store"}


class _Unreadable(ValueError):
    pass


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError, RequestDataTooBig, MultiPartParserError):
        raise _Unreadable from None
    if not isinstance(found, dict):
        raise _Unreadable
    return found


def _refused(why: str, status: int = 400, **more: Any) -> JsonResponse:
    return JsonResponse({"why": why, **more}, status=status, headers=PRIVATE)


def _bytes(given: Any) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise _Unreadable from None


@requires("field.use")
@require_POST
def phones(request: HttpRequest) -> HttpResponse:
    """Takes a phone in: its token, the server's share of its key, and the key to seal for."""
    try:
        given = _read(request)
        phone_id = UUID(str(given.get("id")))
        verifier = _bytes(given.get("verifier"))
        name = str(given.get("name", ""))
        enrolled = actions.enrol(
            phone_id=phone_id, name=name, verifier=verifier, by=post_of(request), at=clock.now()
        )
    except CommandError as error:
        return _refused(str(error), 422)
    except ValueError:
        return _refused(_("这部手机没有登记成，请再试一次。"))
    return JsonResponse(
        {
            "token": enrolled.token,
            "share": base64.b64encode(enrolled.share).decode(),
            "seal_for": base64.b64encode(wire.public_key()).decode(),
            "version": wire.CURRENT,
        },
        status=201,
        headers=PRIVATE,
    )


@token_required
@require_POST
def opening(request: HttpRequest, phone: Phone) -> HttpResponse:
    """The server's share for the right PIN; else how many guesses are left."""
    try:
        verifier = _bytes(_read(request).get("verifier"))
    except _Unreadable:
        return _refused(_("请再试一次。"))
    opened = actions.open_with(phone=phone, verifier=verifier, at=clock.now())
    if opened.share is None:
        return JsonResponse({"left": opened.guesses_left}, status=403 if opened.guesses_left else 410)
    return JsonResponse({"share": base64.b64encode(opened.share).decode(), "left": opened.guesses_left})


@token_required
@require_POST
def batches(request: HttpRequest, phone: Phone) -> HttpResponse:
    """Takes commands in, each with its own result. `is_revoked` tells the phone to send what is left, then forget."""
    try:
        given = _read(request).get("commands", [])
        if not isinstance(given, list) or len(given) > actions.MOST:
            raise _Unreadable
        envelopes = [_envelope(each) for each in given]
    except _Unreadable:
        return _refused(_("这一批看不懂。"))
    at = clock.now()
    results = actions.receive(phone=phone, envelopes=envelopes, at=at)
    told = {
        UUID(each.answer["case"]): (Group.HISTORY,)
        for each in results
        if each.state == State.CONFLICT and each.answer.get("case")
    }
    if told:  # a conflict says what others did
        reads.note_many(shown=told, by=actions.actor_of(phone, at), what="phone", at=at)
    return JsonResponse(
        {
            "results": [_result(result) for result in results],
            "at": at.isoformat(),
            "is_revoked": not phone.may_act(at),
        }
    )


def _envelope(given: Any) -> Envelope:
    if (
        not isinstance(given, dict)
        or type(given.get("version")) is not int
        or not 0 < given["version"] < 10**6
    ):
        raise _Unreadable
    try:
        command_id = UUID(str(given.get("id")))
    except ValueError:
        raise _Unreadable from None
    if not is_uuid7(command_id):
        raise _Unreadable
    return Envelope(command_id, given["version"], _bytes(given.get("sealed")))


def _result(result: Result) -> dict[str, Any]:
    return {**result.answer, "id": str(result.id), "state": result.state}


@token_required
@require_http_methods(["GET", "PUT"])
def parcel(request: HttpRequest, phone: Phone, parcel_id: UUID) -> HttpResponse:
    """GET: how much is here. PUT: a piece from `Upload-Offset`; `Upload-Length`, `Upload-Digest` are of the whole."""
    if request.method == "GET":
        known = phone.parcels.filter(pk=parcel_id).first()
        return JsonResponse({"got": known.got if known else 0, "done": bool(known and known.done_at)})
    try:
        kept = actions.put(
            parcel_id=parcel_id,
            phone=phone,
            size=int(request.headers.get("Upload-Length", "")),
            sha256=request.headers.get("Upload-Digest", ""),
            offset=int(request.headers.get("Upload-Offset", "")),
            piece=request.body,
            at=clock.now(),
        )
    except actions.WrongPlace as error:
        return JsonResponse({"got": error.got, "done": False}, status=409)
    except (CommandError, ValueError, RequestDataTooBig) as error:
        return _refused(str(error) if isinstance(error, CommandError) else _("请再试一次。"), 422)
    except OSError:
        return _refused(_("服务器上暂时存不下，过后会再传。"), 503)
    return JsonResponse({"got": kept.got, "done": kept.done_at is not None})


# To be read by whoever is signed in ----------------------------------------------------------------


@unless_given_up
@requires("field.use")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """The cases to carry, noted first; 304 where nothing has changed, which is all that a poll costs."""
    post, at = post_of(request), clock.now()
    found = carrying.cases_of(post, at)
    if _is_known(request, carrying.tag_of(found, post)):
        return HttpResponse(status=304)
    shown = dict.fromkeys((case.pk for case in found), (Group.HISTORY, Group.WORDS))
    reads.note_many(shown=shown, by=post, what="phone", at=at)
    return _carried(carrying.carried_cases(post, at, found))


@requires("field.use")
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    post = post_of(request)
    found = carrying.screened(post, clock.now())
    if _is_known(request, carrying.reference_tag(post, found)):
        return HttpResponse(status=304)
    return _carried(carrying.reference(post, found))


def _is_known(request: HttpRequest, tag: str) -> bool:
    return f'"{tag}"' in request.headers.get("If-None-Match", "")


def _carried(carried: carrying.Carried) -> JsonResponse:
    return JsonResponse(carried.content, headers={**PRIVATE, "ETag": f'"{carried.tag}"'})


@requires("field.use")
@require_safe
def refused(request: HttpRequest, command_id: UUID) -> HttpResponse:
    """What somebody wrote that was refused, so that they can put it right: the phone itself cannot read it again."""
    sent = actions.refused_of(command_id, actions.person_of(post_of(request)))
    if sent is None:
        return _refused(_("没有这一条。"), 404)
    return JsonResponse({"content": sent.content}, headers=PRIVATE)


@requires("field.use")
@require_safe
def refused_photo(request: HttpRequest, command_id: UUID, photo_id: UUID) -> HttpResponse:
    """A photo of what was refused, for its author: it left the phone when the answer came."""
    person_id = actions.person_of(post_of(request))
    found = actions.refused_photo(command_id=command_id, photo_id=photo_id, person_id=person_id)
    if found is None:
        return _refused(_("没有这一条。"), 404)
    told = {**PRIVATE, "Content-Disposition": "attachment"}
    return HttpResponse(found, content_type="application/octet-stream", headers=told)


@requires("field.use")
@require_http_methods(["GET", "POST"])
def own_phones(request: HttpRequest) -> HttpResponse:
    """The phones of whoever is signed in; POST gives one up."""
    person_id = actions.person_of(post_of(request))
    mine = Phone.objects.of(person_id)
    if request.method == "POST":
        try:
            phone = mine.filter(pk=UUID(str(_read(request).get("id")))).first()
        except ValueError:
            phone = None
        if phone is None:
            return _refused(_("没有这部手机。"), 404)
        actions.revoke(phone=phone, at=clock.now())
    rows = mine.order_by("-enrolled_at")[:10]
    said = [
        {
            "id": str(row.pk),
            "name": row.name,
            "since": row.enrolled_at.isoformat(),
            "is_revoked": bool(row.revoked_at),
        }
        for row in rows
    ]
    return JsonResponse({"phones": said}, headers=PRIVATE)
