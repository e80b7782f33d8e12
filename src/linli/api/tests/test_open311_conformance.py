"""GeoReport v2, rule by rule, over a running server in both formats. The names of the tests are the rules.

Written from the specification (http://wiki.open311.org/GeoReport_v2) and from what docs/open311.md adds to it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from linli.api.tests.open311_world import CROWD, FORMATS, World, as_xml, build_world, keep_the_county  # noqa: F401

pytestmark = pytest.mark.django_db

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
SERVICE = "service_code service_name description metadata type keywords group".split()
ATTRIBUTE = "variable code datatype required datatype_description order description values".split()
REQUEST = (
    "service_request_id status status_notes service_name service_code description agency_responsible service_notice"
    " requested_datetime updated_datetime expected_datetime address address_id zipcode lat long media_url"
).split()
TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
LAMP = "facility.street_lamp"


@pytest.fixture(params=FORMATS)
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def w3c(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# Formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["discovery", "services", f"services/{LAMP}", "requests"])
def test_the_suffix_chooses_the_format_and_its_content_type(world: World, suffix: str, address: str) -> None:
    said = world.get(address, suffix, page_size="3")
    assert said.status == 200
    assert said.response.headers["Content-Type"] == TYPES[suffix]


@pytest.mark.parametrize(
    "address", ["discovery", "services", f"services/{LAMP}", "services/livelihood.power", "requests"]
)
def test_both_formats_say_the_same(world: World, address: str) -> None:
    given = {"page_size": "20", "extensions": "true"}
    in_xml, in_json = (world.get(address, suffix, **given).values for suffix in FORMATS)
    assert in_xml == as_xml(in_json)


def test_an_unknown_format_is_404(world: World) -> None:
    for suffix in ("yaml", "html", "XML"):
        assert world.http.get(f"{world.url}/open311/v2/services.{suffix}").status_code == 404


def test_an_unknown_address_is_404_as_an_array_of_errors(world: World, suffix: str) -> None:
    said = world.get("nothing/here", suffix)
    assert (said.status, [str(error["code"]) for error in said.values]) == (404, ["404"])


# Discovery ----------------------------------------------------------------------------------------


def test_discovery_names_changeset_contact_and_key_service(world: World, suffix: str) -> None:
    values = world.get("discovery", suffix).values
    assert TIME.fullmatch(values["changeset"])
    assert values["contact"]
    assert values["key_service"]


def test_discovery_lists_a_production_and_a_test_endpoint_each_with_two_formats(
    world: World, suffix: str
) -> None:
    endpoints = world.get("discovery", suffix).values["endpoints"]
    assert {endpoint["type"] for endpoint in endpoints} == {"production", "test"}
    for endpoint in endpoints:
        assert list(endpoint) == ["specification", "url", "changeset", "type", "formats"]
        assert endpoint["formats"] == ["text/xml", "application/json"]


def test_every_endpoint_discovery_lists_answers_in_both_formats(world: World) -> None:
    for endpoint in world.get("discovery", "json").values["endpoints"]:
        for suffix in FORMATS:
            assert world.http.get(f"{endpoint['url']}/services.{suffix}").status_code == 200


def test_discovery_stands_above_the_endpoints_too(world: World) -> None:
    above = world.http.get(f"{world.url}/open311/discovery.json", headers={"Accept-Language": "en"})
    assert above.json() == world.get("discovery", "json").values


# Services -----------------------------------------------------------------------------------------


def test_every_service_has_every_key_and_the_type_realtime(world: World, suffix: str) -> None:
    services = world.get("services", suffix).values
    assert len(services) > 30
    for service in services:
        assert list(service) == SERVICE
        assert service["type"] == "realtime"
        assert service["service_code"]
        assert service["service_name"]
        assert service["description"]
        assert service["group"]


def test_metadata_is_true_exactly_where_the_definition_has_attributes(world: World) -> None:
    flags = {service["service_code"]: service["metadata"] for service in world.get("services", "json").values}
    in_xml = {service["service_code"]: service["metadata"] for service in world.get("services", "xml").values}
    assert in_xml == {code: "true" if flag else "false" for code, flag in flags.items()}
    for code in [code for code, flag in flags.items() if flag] + ["other.praise", "environment.burning"]:
        assert bool(world.get(f"services/{code}", "xml").values["attributes"]) == flags[code]


def test_service_codes_are_unique(world: World, suffix: str) -> None:
    codes = [service["service_code"] for service in world.get("services", suffix).values]
    assert len(codes) == len(set(codes))


def test_names_and_descriptions_follow_accept_language(world: World, suffix: str) -> None:
    def names(language: str) -> list[str]:
        said = world.get("services", suffix, headers={"Accept-Language": language})
        return [service["service_name"] for service in said.values]

    assert "Street lamps" in names("en-GB,en;q=0.8") or all(name.isascii() for name in names("en"))
    assert names("zh-CN") == names("fr") == names("")
    assert not any(name.isascii() for name in names("zh-CN"))


def test_a_definition_repeats_the_code_and_gives_every_key_of_every_attribute(
    world: World, suffix: str
) -> None:
    definition = world.get(f"services/{LAMP}", suffix).values
    assert definition["service_code"] == LAMP
    assert [str(a["order"]) for a in definition["attributes"]] == ["1", "2", "3", "4"]
    for attribute in definition["attributes"]:
        assert list(attribute) == ATTRIBUTE


def test_all_six_datatypes_are_offered_with_descriptions_that_are_not_empty(
    world: World, suffix: str
) -> None:
    attributes = [
        attribute
        for code in (LAMP, "facility.road", "environment.noise")
        for attribute in world.get(f"services/{code}", suffix).values["attributes"]
    ]
    six = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
    assert {attribute["datatype"] for attribute in attributes} == six
    assert all(attribute["datatype_description"] and attribute["description"] for attribute in attributes)


def test_a_list_has_values_of_key_and_name_and_nothing_else_has(world: World, suffix: str) -> None:
    for attribute in world.get("services/facility.road", suffix).values["attributes"]:
        if attribute["datatype"].endswith("valuelist"):
            assert attribute["values"]
            assert all(list(value) == ["key", "name"] for value in attribute["values"])
        else:
            assert not attribute["values"]


def test_an_attribute_that_is_not_variable_only_tells_something(world: World, suffix: str) -> None:
    told, asked = world.get("services/facility.manhole", suffix).values["attributes"]
    assert (str(told["variable"]).lower(), str(told["required"]).lower()) == ("false", "false")
    assert (str(asked["variable"]).lower(), str(asked["required"]).lower()) == ("true", "true")


@pytest.mark.parametrize("code", ["no.such", "facility", "opinion.misconduct", "%00", "a" * 300, "' or 1=1"])
def test_an_unknown_service_code_is_404(world: World, suffix: str, code: str) -> None:
    said = world.get(f"services/{code}", suffix)
    assert (said.status, str(said.one["code"])) == (404, "404")


# Requests -----------------------------------------------------------------------------------------


def test_every_key_is_present_and_null_or_empty_where_there_is_nothing(world: World, suffix: str) -> None:
    for request in world.get("requests", suffix, page_size="20").values:
        assert list(request) == REQUEST
        assert request["zipcode"] is None


def test_ids_and_codes_are_strings(world: World) -> None:
    for request in world.get("requests", "json", page_size="20").values:
        for name in ("service_request_id", "service_code", "address_id"):
            assert isinstance(request[name], str)


def test_times_are_utc_with_a_z(world: World, suffix: str) -> None:
    for request in world.get("requests", suffix, page_size="200").values:
        for name in ("requested_datetime", "updated_datetime", "expected_datetime"):
            assert TIME.fullmatch(request[name])


def test_only_requests_of_the_last_90_days_by_default(world: World, suffix: str) -> None:
    found = world.get("requests", suffix, service_code=LAMP).values
    assert min(moment(request["requested_datetime"]) for request in found) >= world.at - timedelta(days=90)
    assert world.cases["silent"].number in {request["service_request_id"] for request in found}
    assert world.cases["old"].number not in {request["service_request_id"] for request in found}


def test_at_most_1000_requests_by_default(world: World, suffix: str) -> None:
    assert len(world.get("requests", suffix).values) == 1000


def test_newest_first_in_a_stable_order_and_pages_neither_skip_nor_repeat(world: World, suffix: str) -> None:
    day = {"start_date": w3c(world.at - timedelta(days=81)), "end_date": w3c(world.at - timedelta(days=79))}
    sizes = {"xml": 350, "json": 150}
    last = -(-CROWD // sizes[suffix])
    pages = [
        world.get("requests", suffix, page=str(n), page_size=str(sizes[suffix]), **day).values
        for n in range(1, last + 1)
    ]
    numbers = [request["service_request_id"] for page in pages for request in page]
    assert len(numbers) == len(set(numbers)) == CROWD
    times = [request["requested_datetime"] for page in pages for request in page]
    assert times == sorted(times, reverse=True)
    assert pages[1] == world.get("requests", suffix, page="2", page_size=str(sizes[suffix]), **day).values


def test_a_page_beyond_the_last_is_empty(world: World, suffix: str) -> None:
    said = world.get("requests", suffix, page="90", page_size="1000")
    assert (said.status, said.values) == (200, [])


def test_a_range_of_dates_takes_both_its_ends(world: World, suffix: str) -> None:
    at = w3c(world.cases["road"].received_at)
    found = world.get("requests", suffix, start_date=at, end_date=at).values
    assert [request["service_request_id"] for request in found] == [world.cases["road"].number]


def test_start_date_alone_reaches_90_days_forward_and_end_date_alone_90_days_back(
    world: World, suffix: str
) -> None:
    old = world.cases["old"]
    for name in ("start_date", "end_date"):
        found = world.get("requests", suffix, service_code=LAMP, **{name: w3c(old.received_at)}).values
        assert old.number in {request["service_request_id"] for request in found}
    later = world.get("requests", suffix, end_date=w3c(old.received_at - timedelta(seconds=1))).values
    assert later == []


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S.5Z", "%Y-%m-%dT%H:%M:%S+00:00"]
)
def test_dates_may_be_in_any_w3c_form(world: World, suffix: str, form: str) -> None:
    start = (world.at - timedelta(days=2)).strftime(form)
    assert world.get("requests", suffix, start_date=start).status == 200
    unescaped = f"{world.url}/open311/v2/requests.{suffix}?start_date={start}"
    assert world.http.get(unescaped).status_code == 200


def test_a_range_over_90_days_or_backwards_is_400(world: World, suffix: str) -> None:
    day = timedelta(days=1)
    for start, end in ((world.at - 91 * day, world.at), (world.at, world.at - day)):
        said = world.get("requests", suffix, start_date=w3c(start), end_date=w3c(end))
        assert (said.status, str(said.one["code"])) == (400, "400")


@pytest.mark.parametrize("status", ["open", "closed"])
def test_status_narrows_to_open_or_closed(world: World, suffix: str, status: str) -> None:
    found = world.get("requests", suffix, status=status).values
    assert found
    assert {request["status"] for request in found} == {status}


def test_status_takes_a_list(world: World, suffix: str) -> None:
    start = w3c(world.at - timedelta(days=3))
    both = world.get("requests", suffix, status="open,closed", start_date=start).values
    assert both == world.get("requests", suffix, start_date=start).values
    assert {request["status"] for request in both} == {"open", "closed"}


def test_service_code_narrows_and_takes_a_list(world: World, suffix: str) -> None:
    start = w3c(world.at - timedelta(days=3))
    roads = world.get("requests", suffix, service_code="facility.road", start_date=start).values
    assert [request["service_request_id"] for request in roads] == [world.cases["road"].number]
    both = world.get("requests", suffix, service_code=f"facility.road, {LAMP}", start_date=start).values
    assert {request["service_code"] for request in both} == {"facility.road", LAMP}


def test_an_unknown_service_code_in_a_query_is_404_never_everything(world: World, suffix: str) -> None:
    said = world.get("requests", suffix, service_code=f"{LAMP},no.such,nor.this")
    assert (said.status, [str(error["code"]) for error in said.values]) == (404, ["404", "404"])


def test_an_empty_parameter_is_an_absent_one(world: World, suffix: str) -> None:
    names = (
        "service_request_id service_code start_date end_date status page extensions jurisdiction_id api_key"
    )
    empty = world.get("requests", suffix, page_size="9", **dict.fromkeys(names.split(), ""))
    assert empty.values == world.get("requests", suffix, page_size="9").values
    assert world.get("requests", suffix, service_request_id=" , ,", page_size="9").values == empty.values
    start = w3c(world.at - timedelta(days=3))
    assert world.get("requests", suffix, page_size="", start_date=start).status == 200


def test_service_request_id_takes_a_list_and_overrides_all_else(world: World, suffix: str) -> None:
    numbers = [world.cases[name].number for name in ("old", "road")]
    given = {"service_code": "no.such", "status": "x", "start_date": "y", "page": "-1"}
    found = world.get("requests", suffix, service_request_id=",".join(numbers), **given)
    assert {request["service_request_id"] for request in found.values} == set(numbers)


def test_unknown_ids_among_known_ones_are_left_out_and_none_known_is_404(world: World, suffix: str) -> None:
    known = world.cases["road"].number
    assert len(world.get("requests", suffix, service_request_id=f"{known},260101-00000").values) == 1
    said = world.get("requests", suffix, service_request_id=["260101-00000,,17", "18"])
    assert (said.status, [str(error["code"]) for error in said.values]) == (404, ["404"] * 3)


def test_one_request_is_an_array_of_one(world: World, suffix: str) -> None:
    number = world.cases["shown"].number
    said = world.get(f"requests/{number}", suffix)
    assert said.one == world.get("requests", suffix, service_request_id=number).one
    assert said.one["service_request_id"] == number


@pytest.mark.parametrize("number", ["260101-00000", "17", "%00", "x" * 500, "260101-7K3M%ED%A0%80"])
def test_an_unknown_id_is_404(world: World, suffix: str, number: str) -> None:
    said = world.get(f"requests/{number}", suffix)
    assert (said.status, str(said.one["code"])) == (404, "404")


def test_updated_datetime_of_a_closed_request_is_its_closing(world: World, suffix: str) -> None:
    case = world.cases["shown"]
    found = world.get(f"requests/{case.number}", suffix).one
    assert case.closed_at is not None
    assert (found["status"], found["updated_datetime"]) == ("closed", w3c(case.closed_at))


def test_expected_datetime_is_the_promised_date(world: World, suffix: str) -> None:
    case = world.cases["road"]
    assert case.due_at is not None
    assert world.get(f"requests/{case.number}", suffix).one["expected_datetime"] == w3c(case.due_at)


def test_agency_responsible_is_the_unit_that_handles_it(world: World, suffix: str) -> None:
    found = world.get(f"requests/{world.cases['shown'].number}", suffix).one
    assert found["agency_responsible"] == "Donghe Works"


# Jurisdiction, faults, methods -----------------------------------------------------------------------


@pytest.mark.parametrize("address", ["services", "requests", f"services/{LAMP}", "discovery"])
def test_jurisdiction_absent_empty_or_right_is_accepted_and_wrong_is_404(
    world: World, suffix: str, address: str
) -> None:
    for right in ({}, {"jurisdiction_id": ""}, {"jurisdiction_id": "990001"}):
        assert world.get(address, suffix, page_size="1", **right).status == 200
    said = world.get(address, suffix, jurisdiction_id="boston.gov")
    assert (said.status, str(said.one["code"])) == (404, "404")


def test_errors_are_an_array_with_one_entry_per_fault(world: World, suffix: str) -> None:
    said = world.get("requests", suffix, status="lost", start_date="soon", page="0", page_size="9999")
    assert said.status == 400
    assert [list(error) for error in said.values] == [["code", "description"]] * 4
    assert {str(error["code"]) for error in said.values} == {"400"}
    assert all(error["description"] for error in said.values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "-1"),
        ("page", "NaN"),
        ("page", "1e400"),
        ("page", "1000000000"),
        ("page", "101"),
        ("page", "١"),
        ("page_size", "1001"),
        ("page_size", "0"),
        ("page_size", "1.5"),
        ("start_date", "0000-01-01"),
        ("end_date", "2026-02-30T00:00:00Z"),
        ("end_date", "99999-01-01"),
        ("status", "open;drop table"),
        ("extensions", "maybe"),
        ("start_date", "2026-01-01T00:00:00"),
    ],
)
def test_what_makes_no_sense_is_400(world: World, suffix: str, name: str, value: str) -> None:
    said = world.get("requests", suffix, **{name: value})
    assert (said.status, str(said.one["code"])) == (400, "400")


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31T23:59:59Z"])
def test_the_ends_of_the_calendar_are_dates(world: World, suffix: str, value: str) -> None:
    for name in ("start_date", "end_date"):
        assert world.get("requests", suffix, **{name: value}).values == []


def test_another_method_is_405_and_says_which_are_allowed(world: World, suffix: str) -> None:
    for address, allowed in (("services", "GET, HEAD, OPTIONS"), ("requests", "GET, POST, HEAD, OPTIONS")):
        response = world.http.request("DELETE", f"{world.url}/open311/v2/{address}.{suffix}")
        assert (response.status_code, response.headers["Allow"]) == (405, allowed)
        assert response.headers["Content-Type"] == TYPES[suffix]


def test_head_and_options_are_answered(world: World, suffix: str) -> None:
    address = f"{world.url}/open311/v2/services.{suffix}"
    head = world.http.head(address)
    assert (head.status_code, head.content, head.headers["Content-Type"]) == (200, b"", TYPES[suffix])
    options = world.http.options(address)
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_pages_of_any_origin_may_read_and_none_is_given_a_cookie(world: World, suffix: str) -> None:
    for address in ("discovery", "services", "requests", "nothing"):
        headers = world.get(address, suffix, page_size="1").response.headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
        assert "Set-Cookie" not in headers
    assert "Access-Control-Allow-Origin" not in world.post(suffix, api_key="x").response.headers


# Extensions ------------------------------------------------------------------------------------------


def test_extensions_add_notes_photos_states_and_history(world: World, suffix: str) -> None:
    number = world.cases["shown"].number
    assert "extended_attributes" not in world.get(f"requests/{number}", suffix, extensions="false").one
    more = world.get(f"requests/{number}", suffix, extensions="true").one["extended_attributes"]
    assert list(more) == "title state state_name state_since is_late photos notes history".split()
    assert (more["state"], more["state_name"]) == ("rated", "Rated")
    assert [note["text"][-4:] for note in more["notes"]] == ["灯亮了。", "都亮了。"]
    assert [entry["event"] for entry in more["history"]][:3] == [
        "request.reported",
        "request.accepted",
        "request.dispatched",
    ]
    assert [photo["purpose"] for photo in more["photos"]] == ["report"]


def test_media_url_leads_to_the_photo(world: World, suffix: str) -> None:
    found: dict[str, Any] = world.get(f"requests/{world.cases['shown'].number}", suffix).one
    photo = world.http.get(found["media_url"])
    assert (photo.status_code, photo.headers["Content-Type"]) == (200, "image/jpeg")
    assert photo.content[:3] == b"\xff\xd8\xff"
