"""GeoReport v2 with other people's eyes: a public client, and a schema that says what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from georeport import GeoReport  # type: ignore[import-untyped]

from linli.api.open311 import urls
from linli.api.tests.open311_world import FORMATS, World, build_world, keep_the_county  # noqa: F401

pytestmark = pytest.mark.django_db
SCHEMA = Path(urls.__file__).with_name("openapi.json")
UNTOLD = {"photo", "nothing"}


@pytest.fixture(params=FORMATS)
def client(request: pytest.FixtureRequest, world: World) -> GeoReport:
    address = f"{world.url}/open311/v2"
    return GeoReport(address, jurisdiction="990001", output_format=str(request.param))


def test_a_public_client_reads_services_and_their_definitions(client: GeoReport) -> None:
    services = {service["service_code"]: service for service in client.get_service_list()}
    assert services["facility.street_lamp"]["type"] == "realtime"
    definition = client.get_service_definition("facility.street_lamp")
    assert definition["service_code"] == "facility.street_lamp"


def test_a_public_client_reads_requests_and_one_of_them(client: GeoReport, world: World) -> None:
    lamps = client.get_service_requests(service_code="facility.street_lamp", status="closed")
    numbers = {request["service_request_id"] for request in lamps}
    assert numbers == {world.cases["shown"].number, world.cases["silent"].number}
    one = client.get_service_request(world.cases["shown"].number)
    assert one["status"] == "closed"
    assert one["service_request_id"] == world.cases["shown"].number


def test_the_schema_is_served(world: World) -> None:
    assert world.http.get(f"{world.url}/open311/openapi.json").json() == json.loads(SCHEMA.read_text())


def test_the_schema_has_every_route_and_no_other(world: World) -> None:
    written = {re.sub(r"\{\w+\}", "{}", path) for path in json.loads(SCHEMA.read_text())["paths"]}
    routes = {
        "/" + re.sub(r"<\w+:\w+>", "{}", str(route.pattern))
        for route in urls.endpoint(False)
        if route.name not in UNTOLD
    }
    assert written == routes
