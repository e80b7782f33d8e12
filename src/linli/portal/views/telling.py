"""How the reporter of a case wants to be told, chosen on the page of its code."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from linli.kit import text
from linli.notify.actions import notices
from linli.people.access import public
from linli.portal.views.tickets import TRACK, case_id_of


@public
@require_POST
def telling(request: HttpRequest) -> HttpResponse:
    """Keeps a number or an address, or forgets it; nothing but that there is news is ever sent there."""
    case_id = case_id_of(request, TRACK)
    if case_id is None:
        raise Http404
    channel, address = request.POST.get("channel", ""), request.POST.get("address", "").strip()
    done = "told" if _is_fit(channel, address) else "untold"
    if done == "told":
        language = get_language() or "zh-hans"
        notices.choose(case_id=case_id, channel=channel, address=address, language=language)
    return HttpResponseRedirect(f"{reverse('portal:track')}?done={done}#telling", status=HTTPStatus.SEE_OTHER)


def _is_fit(channel: str, address: str) -> bool:
    if channel == "":
        return True
    if channel == "sms":
        return text.is_phone(address)
    try:
        validate_email(address)
    except ValidationError:
        return False
    return channel == "email" and len(address) <= 254
