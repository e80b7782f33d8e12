"""What of a request everybody may see, and what only with its reporter's consent."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from linli.cases.actions import effects, finding
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, CaseQuerySet, Referral
from linli.cases.procedures import predicates
from linli.kit import coordinates, text
from linli.kit.sealing import Unread
from linli.privacy.actions import consents
from linli.privacy.models import Matter
from linli.service_requests.models import Channel, Request, RequestType

KIND = "service_request"
NEVER = (RequestType.ACCUSATION.value,)
# Where the mere place and day may tell a neighbour who it was: quarrels, hardship, remarks on officials.
WITH_CONSENT_ONLY = ("dispute.", "livelihood.", "opinion.")
HIDDEN = "*"


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


def published(cases: CaseQuerySet | None = None, *, is_test: bool | None = False) -> CaseQuerySet:
    """The requests whose course is public: no accusation, no kept identity, nothing reported in confidence.

    What was referred to mediation is no longer. Tests of other systems are never among the real ones, nor these
    among them: `is_test` asks for tests, None for both. The second lock takes this rule over (`ops/securing`).
    """
    every = Case.objects.all() if cases is None else cases
    own = Request.objects.filter(case_id=OuterRef("pk"))
    sensitive = Q()
    for prefix in WITH_CONSENT_ONLY:
        sensitive |= Q(category__startswith=prefix)
    every = every.filter(kind=KIND, accused_path="", is_identity_kept=False, is_locked=False)
    is_one = Q(channel=Channel.OPEN311_TEST)
    if is_test is not None:
        every = every.filter(is_one if is_test else ~is_one)
    return (
        every.filter(Exists(own.exclude(request_type__in=NEVER)))
        .filter(~sensitive | Exists(own.filter(may_publish=True)))
        .exclude(Exists(Referral.objects.filter(case_id=OuterRef("pk"))))
    )


def public_view(case: Case, request: Request) -> PublicRequest:
    """What is shown of a published request; names and personal numbers of its reporter are masked."""
    if not request.may_publish:
        if case.lon is None or case.lat is None:
            return PublicRequest(case)
        lon, lat = coordinates.square(case.lon, case.lat)
        return PublicRequest(case, lon=lon, lat=lat)
    return PublicRequest(
        case,
        title=masked(case.title, request),
        text=masked(request.text, request),
        address=masked(case.address, request),
        lon=case.lon,
        lat=case.lat,
        has_consent=True,
    )


def masked(words: str, request: Request) -> str:
    """The words without the reporter's name and telephone, and without anything that looks like a personal number."""
    words = text.mask(words, text.mask_candidates(words))
    for told in (request.contact_name, request.contact_phone):
        if isinstance(told, Unread):  # nobody can tell where the name stands
            return HIDDEN * 3 if words else ""
        if len(told) > 1:
            words = words.replace(told, HIDDEN * len(told))
    return words


# Taking consent back ----------------------------------------------------------------------------


def install() -> None:
    """Makes the moves that end a publication known to the procedure files."""
    predicates.add("published", _is_published, lambda: _("原话本来就没有公开。"))
    effects.add("withhold", _withhold)
    finding.show(KIND, _shown)


def _is_published(case: Case, clocks: object, at: object) -> bool:
    return Request.objects.filter(pk=case.pk, may_publish=True).exists()


def _withhold(turn: Turn) -> None:
    """Takes consent back: the words are public no more, and when it was taken back is kept."""
    Request.objects.filter(pk=turn.case.pk).update(may_publish=False)
    consents.consent(
        case_id=turn.case.pk,
        matter=Matter.PUBLICATION,
        is_given=False,
        channel=turn.case.channel,
        at=turn.received_at,
        noted_by=turn.actor.person_id,
    ).save(force_insert=True)
    finding.hide(turn.case)


def _shown(case: Case) -> str:
    """What everybody may find a case by, once its title was corrected or something in it erased."""
    request = Request.objects.filter(pk=case.pk, may_publish=True).first()
    if request is None or case.accused_path or case.is_identity_kept:
        return ""
    opening = case.events.filter(number=1).first()
    said = request.text if opening is not None and opening.data else ""
    return "\n".join(masked(part, request) for part in (case.title, said, case.address))
