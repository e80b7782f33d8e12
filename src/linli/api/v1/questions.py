"""What programs ask and send, as types; the reference is drawn from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja.schema import Schema
from pydantic import BeforeValidator, ConfigDict, Field, FiniteFloat, Strict, StringConstraints

from linli.cases.actions.board import SHOWN
from linli.cases.actions.criteria import DUES
from linli.service_requests.models import RequestType

MOST, USUAL = 200, 50


def _text_only(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError
    return value


Text = Annotated[str, Strict()]
Said = Annotated[Text, Field(max_length=2000)]
Flag = Annotated[bool, Strict()]
Number = Annotated[FiniteFloat, Strict()]
Id = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
]
Moment = Annotated[datetime, BeforeValidator(_text_only, json_schema_input_type=str)]
Day = Annotated[date, BeforeValidator(_text_only, json_schema_input_type=str)]
Limit = Annotated[int, Field(ge=1, le=MOST)]


class Given(Schema):
    """A body: a field nobody asked for is refused, so that nothing is set by accident."""

    model_config = ConfigDict(extra="forbid")


# Questions in the address -----------------------------------------------------------------------


class Page(Schema):
    """`after` is the cursor a page before gave."""

    after: Annotated[str, Field(max_length=200)] = ""
    limit: Limit = USUAL


class CaseFilters(Page):
    q: Annotated[str, Field(max_length=100)] = ""
    place: Annotated[str, Field(max_length=64)] = ""
    unit: Annotated[str, Field(max_length=64)] = ""
    category: Annotated[str, Field(max_length=64)] = ""
    state: Annotated[str, Field(max_length=32)] = ""
    channel: Annotated[str, Field(max_length=16)] = ""
    due: Literal[("", *DUES)] = ""  # type: ignore[valid-type]
    since: date | None = None
    until: date | None = None
    open: Literal["open", "closed", "all"] = "open"
    sort: Literal["urgent", "newest"] = "urgent"


class RequestFilters(CaseFilters):
    level: Literal["", "normal", "urgent"] = ""
    board: Literal[("", *SHOWN)] = ""  # type: ignore[valid-type]


class EventQuery(Schema):
    after: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class UnitQuery(Page):
    kind: Literal[
        "", "county", "township", "village", "community", "grid", "department", "centre", "committee"
    ] = ""
    parent: Annotated[str, Field(max_length=32)] = ""


class PointQuery(Schema):
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class MonthQuery(Schema):
    month: Annotated[str, Field(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")] = ""


class PurposeQuery(Schema):
    purpose: Literal["mediating", "sealing", "checking", "answering", "archiving"]


# Bodies -----------------------------------------------------------------------------------------


class RequestIn(Given):
    text: Annotated[Text, Field(min_length=5, max_length=2000)]
    category: Annotated[Text, Field(max_length=48)]
    request_type: Literal[tuple(RequestType.values)] = "help"  # type: ignore[valid-type]
    place: Annotated[Text, Field(max_length=32)] = ""
    lon: Annotated[Number, Field(ge=-180, le=180)] | None = None
    lat: Annotated[Number, Field(ge=-90, le=90)] | None = None
    title: Annotated[Text, Field(max_length=60)] = ""
    address: Annotated[Text, Field(max_length=200)] = ""
    contact_name: Annotated[Text, Field(max_length=50)] = ""
    contact_phone: Annotated[Text, Field(max_length=32)] = ""
    is_identity_kept: Flag = False
    may_publish: Flag = False
    accused: Annotated[Text, Field(max_length=32)] = ""
    photos: Annotated[list[Id], Field(max_length=6)] = []
    answers: Annotated[
        dict[str, Said | Annotated[list[Said], Field(max_length=50)]], Field(max_length=50)
    ] = {}
