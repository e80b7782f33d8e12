"""What a witness, or anybody who keeps a receipt, asks the log: its checkpoints, proofs and keys. Plain text."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ledger import notes
from linli.ledger.actions import keys
from linli.people.access import public

LARGEST = 20_000


@public
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint with whoever signed it; `?witnessed=1`: the newest that a witness has signed."""
    found = ledger.latest_witnessed() if request.GET.get("witnessed") else ledger.latest()
    if found is None:
        raise Http404
    return _text(ledger.note_of(found))


@public
@require_safe
def consistency(request: HttpRequest) -> HttpResponse:
    """`?from=OLD&to=NEW`: that the first NEW leaves only add to the first OLD; a hash a line."""
    old, new = _count(request, "from"), _count(request, "to")
    try:
        return _text(_lines(ledger.consistency(old, new)))
    except LookupError:
        raise Http404 from None


@public
@require_safe
def inclusion(request: HttpRequest) -> HttpResponse:
    """`?position=N&size=M`: that the N-th leaf stands under the checkpoint of M leaves; a hash a line."""
    position, size = _count(request, "position"), _count(request, "size")
    try:
        return _text(_lines(ledger.inclusion(position, size)))
    except LookupError:
        raise Http404 from None


@public
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The public key of the log, then those of its witnesses, a line each."""
    return _text("".join(f"{each}\n" for each in [keys.public(), *keys.witnesses()]))


@public
@csrf_exempt  # no session is looked at: the signature in the body says who it is from
@require_POST
def cosignatures(request: HttpRequest) -> HttpResponse:
    """Takes a checkpoint back with the signature of a witness that is known here."""
    if len(request.body) > LARGEST:
        return _text("too long\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        written = request.body.decode()
        ledger.take_cosignatures(written=written, at=clock.now(), known=keys.witnesses())
    except (UnicodeDecodeError, ledger.Refused) as error:
        return _text(f"{error}\n", HTTPStatus.UNPROCESSABLE_ENTITY)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _count(request: HttpRequest, name: str) -> int:
    try:
        return notes.number(request.GET.get(name, ""))
    except notes.NoteError:
        raise Http404 from None


def _lines(hashes: list[bytes]) -> str:
    return "".join(f"{notes.encoded(each)}\n" for each in hashes)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    return response
