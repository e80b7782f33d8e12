"""What of a request everybody may see, and what only with its reporter's consent."""

from __future__ import annotations

from dataclasses import dataclass

from linli.cases.models import Case, CaseQuerySet
from linli.kit import coordinates, text
from linli.service_requests.models import Request, RequestType

KIND = "service_request"
NEVER = (RequestType.ACCUSATION.value,)


@dataclass(frozen=True)
class PublicRequest:
    """A request as a stranger sees it: words, exact place and photos only where the reporter agreed.

    Without consent the point is that of a square half a kilometre wide. WGS-84.
    """

    case: Case
    title: str = ""
    text: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    has_consent: bool = False


def published(cases: CaseQuerySet | None = None) -> CaseQuerySet:
    """The requests whose course is public: no accusation, no kept identity, nothing reported in confidence."""
    every = Case.objects.all() if cases is None else cases
    secret = Request.objects.filter(request_type__in=NEVER).values("case_id")
    return every.filter(kind=KIND, accused_path="", is_identity_kept=False).exclude(pk__in=secret)


def public_view(case: Case, request: Request) -> PublicRequest:
    """What is shown of a published request; personal numbers in its words are masked."""
    if not request.may_publish:
        if case.lon is None or case.lat is None:
            return PublicRequest(case)
        lon, lat = coordinates.square(case.lon, case.lat)
        return PublicRequest(case, lon=lon, lat=lat)
    return PublicRequest(
        case,
        title=_masked(case.title),
        text=_masked(request.text),
        address=_masked(case.address),
        lon=case.lon,
        lat=case.lat,
        has_consent=True,
    )


def _masked(words: str) -> str:
    return text.mask(words, text.mask_candidates(words))
