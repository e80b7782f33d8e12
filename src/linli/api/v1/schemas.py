"""What programs are answered, as types; the reference is drawn from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from ninja.schema import Schema


class UnitRef(Schema):
    code: str
    name: str


class CodeName(Schema):
    code: str
    name: str


class CaseRow(Schema):
    """A case as a list shows it."""

    number: str
    kind: str
    state: str
    state_name: str
    category: CodeName
    level: str
    channel: str
    place: UnitRef | None
    holder: UnitRef | None
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    is_open: bool
    is_late: bool
    is_paused: bool
    version: int


class RequestRow(CaseRow):
    title: str


class Requests(Schema):
    requests: list[RequestRow]
    next: str | None


class Disputes(Schema):
    disputes: list[CaseRow]
    next: str | None


class ClockOut(Schema):
    name: str
    label: str
    is_promise: bool
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    missed_at: datetime | None


class Contact(Schema):
    name: str
    phone: str


class EventOut(Schema):
    number: int
    verb: str
    label: str
    at: datetime
    state: str
    by: str
    unit: UnitRef | None
    is_public: bool
    data: dict[str, Any]


class CaseOut(CaseRow):
    clocks: list[ClockOut]
    history: list[EventOut]


class RequestOut(CaseOut):
    title: str
    request_type: str
    text: str
    address: str
    lon: float | None
    lat: float | None
    may_publish: bool
    contact: Contact | None
    contact_refusal: str
    photos: list[str]


class DisputeOut(CaseOut):
    file_number: str
    source: str
    accepted_on: date | None
    ended_on: date | None
    outcome: str
    may_open: bool


class PartyOut(Schema):
    number: int
    side: str
    is_body: bool
    name: str
    phone: str
    has_withdrawn: bool


class SittingOut(Schema):
    id: str
    kind: str
    party: int | None
    place: str
    starts_at: datetime
    ends_at: datetime
    state: str


class PaperOut(Schema):
    id: str
    kind: str
    version: int
    party: int | None
    text: str
    at: datetime


class InstalmentOut(Schema):
    id: str
    party: int
    what: str
    amount: str | None
    due_on: date
    done_on: date | None


class RemarkOut(Schema):
    event: int
    text: str


class ContentOut(Schema):
    """The content of a dispute; that it was opened, by whom and for what has been written down."""

    number: str
    subject: str
    brief: str
    requests: list[str]
    parties: list[PartyOut]
    mediators: list[str]
    sessions: list[SittingOut]
    papers: list[PaperOut]
    instalments: list[InstalmentOut]
    remarks: list[RemarkOut]


class MoveOut(Schema):
    noun: str
    verb: str
    label: str
    href: str
    is_main: bool
    body: dict[str, Any]


class MovesOut(Schema):
    number: str
    state: str
    version: int
    moves: list[MoveOut]
    desk_only: list[str]


class Moved(Schema):
    """What a move came to. `version` is what the next `If-Match` names."""

    number: str
    event: int | None
    verb: str
    state: str
    version: int
    at: datetime


class Received(Schema):
    """A request that was taken in. The tracking code is for the reporter, and is shown here only."""

    number: str
    tracking_code: str
    state: str
    version: int
    received_at: datetime
    place: UnitRef
    suggested_unit: UnitRef | None


class Uploaded(Schema):
    id: str
    name: str
    width: int
    height: int


class Unit(Schema):
    id: str
    code: str
    name: str
    kind: str
    function: str
    parent: str | None
    area: str
    phone: str
    supervision_phone: str


class Units(Schema):
    organisations: list[Unit]
    next: str | None


class Place(Schema):
    """Where a point lies: the smallest unit around it, and those it belongs to, the county first."""

    place: UnitRef
    line: list[UnitRef]


class Feature(Schema):
    type: Literal["Feature"]
    id: str
    properties: dict[str, Any]
    geometry: dict[str, Any]


class Boundaries(Schema):
    type: Literal["FeatureCollection"]
    features: list[Feature]


class QuestionOut(Schema):
    """What is worth knowing about a request; one that is not answerable tells whoever reports something."""

    code: str
    text: str
    hint: str
    datatype: str
    is_required: bool
    is_answerable: bool
    values: list[CodeName]


class CategoryOut(Schema):
    code: str
    parent: str | None
    name: str
    hint: str
    advice: str
    level: str
    limit: str
    unit_limit: str
    photo: str
    questions: list[QuestionOut]


class Categories(Schema):
    categories: list[CategoryOut]


class FeedEntry(Schema):
    position: int
    case: str
    kind: str
    number: int
    verb: str
    label: str
    state: str
    at: datetime
    received_at: datetime
    by: str
    organisation: str | None
    unit: str | None
    is_public: bool
    data: dict[str, Any] | None


class Events(Schema):
    """`next` goes on from here, whether or not this page holds anything; `is_last`: there was nothing more."""

    events: list[FeedEntry]
    next: int
    is_last: bool


class PartFigures(Schema):
    name: str
    accepted: int | None
    due: int | None
    late: int | None
    rate: float | None


class Figures(Schema):
    """The published figures of a month. A number below ten is hidden: null."""

    month: str
    months: list[str]
    accepted: int | None
    due: int | None
    on_time: int | None
    late: int | None
    rate: float | None
    closed: int | None
    reworked: int | None
    reopened: int | None
    on_hold: int | None
    towns: list[PartFigures]
    categories: list[PartFigures]


class BoardOut(Schema):
    """How open requests stand in the area of this post."""

    open: int
    late: int
    soon: int
    returned: int
    ruling: int
    held: int
    reopened: int
    supervised: int
