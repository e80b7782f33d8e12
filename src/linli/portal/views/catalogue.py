"""The catalogue of the open data in DCAT (as DCAT-AP asks for it), as JSON-LD and as Turtle from one tree of nodes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

from linli.measures.formulas import Licence
from linli.measures.formulas.words import sentence
from linli.measures.models import Edition
from linli.orgs.models import Boundary, Organisation

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
EU = "http://publications.europa.eu/resource/authority/"
IANA = "https://www.iana.org/assignments/media-types/"
FORMATS = {"csv": ("text/csv", "CSV"), "json": ("application/json", "JSON")}


@dataclass(frozen=True)
class Ref:
    """A resource by its address, or by a name with one of the prefixes."""

    iri: str


@dataclass(frozen=True)
class Literal:
    """A text in a language, or a value of a datatype."""

    text: str
    language: str = ""
    kind: str = ""


Node = dict[str, Any]  # "id" (an address, or none), "type", and properties: a value or a list of them


@dataclass(frozen=True)
class Site:
    """Where the open data of a county stands; `root` ends with open-data/."""

    county: Organisation
    licence: Licence
    root: str
    home: str


@dataclass(frozen=True)
class Summary:
    """What pages and the catalogue say of an edition. `matters` is None where there are too few to say."""

    month: date
    begins_at: datetime
    ends_at: datetime
    published_at: datetime
    rows: int
    matters: int | None
    csv_size: int
    csv_digest: str
    json_size: int
    json_digest: str

    @property
    def code(self) -> str:
        return f"{self.month:%Y-%m}"


@lru_cache(maxsize=1200)
def summary(edition_id: UUID) -> Summary:
    """Worked out once: an edition never changes."""
    edition = Edition.objects.get(pk=edition_id)
    rows = json.loads(edition.json)["rows"]
    return Summary(
        month=edition.month,
        begins_at=edition.begins_at,
        ends_at=edition.ends_at,
        published_at=edition.published_at,
        rows=len(rows),
        matters=next((row["matters"] for row in rows if row["table"] == "total"), None),
        csv_size=len(edition.csv.encode()),
        csv_digest=edition.csv_digest,
        json_size=len(edition.json.encode()),
        json_digest=edition.json_digest,
    )


def both(zh: str, en: str) -> list[Literal]:
    return [Literal(zh, "zh-Hans"), Literal(en, "en")]


def catalogue(site: Site, editions: Sequence[Summary]) -> list[Node]:
    """The catalogue, the series and each edition as a data set with its two files."""
    county, root = site.county, site.root
    zh, en = county.name, county.name_en or county.name
    about = {
        "dct:publisher": Ref(f"{root}#publisher"),
        "dct:language": [Ref(EU + "language/ZHO"), Ref(EU + "language/ENG")],
        "dct:spatial": _place(county),
    }
    moments = _moments(editions)
    series = {
        "id": f"{root}#requests",
        "type": "dcat:DatasetSeries",
        "dct:title": _said("series", county),
        "dct:description": _said("description", county),
        "dct:accrualPeriodicity": Ref(EU + "frequency/MONTHLY"),
        "dcat:contactPoint": _contact(site),
        "dcat:theme": Ref(EU + "data-theme/GOVE"),
        "dcat:landingPage": {"id": root, "type": "foaf:Document"},
        **about,
        **moments,
    }
    top = {
        "id": f"{root}#catalogue",
        "type": "dcat:Catalog",
        "dct:title": _said("catalogue", county),
        "dct:description": _said("description", county),
        "foaf:homepage": {"id": root, "type": "foaf:Document"},
        "dct:license": Ref(site.licence.uri),
        **about,
        **moments,
        "dcat:dataset": [
            Ref(f"{root}#requests"),
            *(Ref(f"{root}{edition.code}#dataset") for edition in editions),
        ],
    }
    publisher = {
        "id": f"{root}#publisher",
        "type": "foaf:Agent",
        "foaf:name": both(zh, en),
        "dct:type": Ref("http://purl.org/adms/publishertype/LocalAuthority"),
        "foaf:homepage": {"id": site.home, "type": "foaf:Document"},
    }
    licence = {
        "id": site.licence.uri,
        "type": "dct:LicenseDocument",
        "dct:title": both(site.licence.zh, site.licence.en),
    }
    return [top, publisher, licence, series, *(_dataset(site, edition, about) for edition in editions)]


def _said(name: str, county: Organisation, month: str = "") -> list[Literal]:
    zh = {"county": county.name, "month": month}
    return both(*sentence(name, zh, {**zh, "county": county.name_en or county.name}))


def _moments(editions: Sequence[Summary]) -> Node:
    """When the first and the last edition came out; nothing before the first."""
    if not editions:
        return {}
    at = [edition.published_at for edition in editions]
    return {"dct:issued": _moment(min(at)), "dct:modified": _moment(max(at))}


def _moment(at: datetime) -> Literal:
    return Literal(at.isoformat(timespec="seconds"), kind="xsd:dateTime")


def _dataset(site: Site, edition: Summary, about: Node) -> Node:
    county, month = site.county, edition.code
    first = edition.begins_at.astimezone(county.zone).date()
    last = (edition.ends_at - timedelta(microseconds=1)).astimezone(county.zone).date()
    return {
        "id": f"{site.root}{month}#dataset",
        "type": "dcat:Dataset",
        "dct:title": _said("dataset", county, month),
        "dct:description": _said("description", county),
        "dct:identifier": Literal(f"{county.code}-{month}"),
        "dcat:inSeries": Ref(f"{site.root}#requests"),
        "dct:issued": _moment(edition.published_at),
        "dct:modified": _moment(edition.published_at),
        "dct:temporal": {
            "type": "dct:PeriodOfTime",
            "dcat:startDate": Literal(first.isoformat(), kind="xsd:date"),
            "dcat:endDate": Literal(last.isoformat(), kind="xsd:date"),
        },
        "dct:accessRights": Ref(EU + "access-right/PUBLIC"),
        "dct:accrualPeriodicity": Ref(EU + "frequency/NEVER"),
        "dct:conformsTo": {"id": f"{site.root}dictionary.json", "type": "dct:Standard"},
        "dcat:contactPoint": _contact(site),
        "dcat:keyword": [*_said("keyword", county), *_said("keyword_place", county)],
        "dcat:landingPage": {"id": f"{site.root}{month}", "type": "foaf:Document"},
        "dcat:theme": Ref(EU + "data-theme/GOVE"),
        "dcat:distribution": [_distribution(site, edition, kind) for kind in FORMATS],
        **about,
    }


def _distribution(site: Site, edition: Summary, kind: str) -> Node:
    size = {"csv": edition.csv_size, "json": edition.json_size}[kind]
    digest = {"csv": edition.csv_digest, "json": edition.json_digest}[kind]
    media, name = FORMATS[kind]
    address = f"{site.root}{edition.code}"
    return {
        "id": f"{address}#{kind}",
        "type": "dcat:Distribution",
        "dct:title": both(f"{edition.code} {name}", f"{edition.code} {name}"),
        "dcat:accessURL": Ref(f"{address}.{kind}"),
        "dcat:downloadURL": Ref(f"{address}.{kind}"),
        "dcat:mediaType": Ref(IANA + media),
        "dct:format": Ref(f"{EU}file-type/{name}"),
        "dcat:byteSize": Literal(str(size), kind="xsd:nonNegativeInteger"),
        "spdx:checksum": {
            "type": "spdx:Checksum",
            "spdx:algorithm": Ref("spdx:checksumAlgorithm_sha256"),
            "spdx:checksumValue": Literal(digest, kind="xsd:hexBinary"),
        },
        "dct:issued": _moment(edition.published_at),
        "dct:modified": _moment(edition.published_at),
        "dct:license": Ref(site.licence.uri),
        "dct:conformsTo": {"id": f"{site.root}dictionary.json", "type": "dct:Standard"},
        "adms:status": Ref(EU + "distribution-status/COMPLETED"),
    }


def _contact(site: Site) -> Node:
    county = site.county
    node: Node = {
        "id": f"{site.root}#contact",
        "type": "vcard:Organization",
        "vcard:fn": both(county.name, county.name_en or county.name),
        "vcard:hasURL": Ref(site.home),
    }
    digits = "".join(each for each in county.phone if each.isdigit() or each == "+")
    return {**node, "vcard:hasTelephone": Ref(f"tel:{digits}")} if digits else node


def _place(county: Organisation) -> Node:
    """The county, with the rectangle around its outline where that is known."""
    node: Node = {
        "type": "dct:Location",
        "dct:identifier": Literal(county.code),
        "skos:prefLabel": both(county.name, county.name_en or county.name),
    }
    outline = Boundary.objects.filter(organisation=county).first()
    points = list(_points(outline.geometry.get("coordinates", []))) if outline else []
    if not points:
        return node
    west, east = (pick(lon for lon, _lat in points) for pick in (min, max))
    south, north = (pick(lat for _lon, lat in points) for pick in (min, max))
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    ring = ", ".join(f"{lon:.5f} {lat:.5f}" for lon, lat in corners)
    return {**node, "dcat:bbox": Literal(f"POLYGON(({ring}))", kind="geo:wktLiteral")}


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for inner in coordinates:
        yield from _points(inner)


# Two ways to write it ---------------------------------------------------------------------------


def _flat(nodes: Iterable[Node]) -> list[Node]:
    """Every node that has an address by itself, once; where it stood, its address."""
    found: dict[str, Node] = {}

    def flat(value: Any) -> Any:
        if isinstance(value, list):
            return [flat(each) for each in value]
        if not isinstance(value, dict):
            return value
        node = {name: flat(held) for name, held in value.items()}
        if "id" not in node:
            return node
        found.setdefault(node["id"], {}).update(node)
        return Ref(node["id"])

    for node in nodes:
        found.setdefault(node["id"], {})
        flat(node)
    return list(found.values())


def as_jsonld(nodes: Iterable[Node]) -> str:
    tree = {"@context": PREFIXES, "@graph": [_tree(node) for node in _flat(nodes)]}
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def _tree(value: Any) -> Any:
    if isinstance(value, list):
        return [_tree(each) for each in value]
    if isinstance(value, Ref):
        return {"@id": value.iri}
    if isinstance(value, Literal):
        extra = (
            {"@language": value.language} if value.language else {"@type": value.kind} if value.kind else {}
        )
        return {"@value": value.text, **extra}
    named = {"@id": value["id"]} if "id" in value else {}
    rest = {name: _tree(held) for name, held in value.items() if name not in ("id", "type")}
    return {**named, "@type": value["type"], **rest}


def as_turtle(nodes: Iterable[Node]) -> str:
    lines = [f"@prefix {name}: <{address}> ." for name, address in PREFIXES.items()]
    return "\n".join(
        [*lines, "", *(f"{_resource(node['id'])} {_statements(node)} .\n" for node in _flat(nodes))]
    )


def _statements(node: Mapping[str, Any]) -> str:
    found = [f"a {node['type']}"]
    for name, held in node.items():
        if name not in ("id", "type"):
            found.append(
                f"{name} {', '.join(_turtle(each) for each in (held if isinstance(held, list) else [held]))}"
            )
    return " ;\n  ".join(found)


def _turtle(value: Any) -> str:
    if isinstance(value, Ref):
        return _resource(value.iri)
    if isinstance(value, Literal):
        text = json.dumps(value.text, ensure_ascii=False)  # every escape of JSON is one of Turtle
        return text + (f"@{value.language}" if value.language else f"^^{value.kind}" if value.kind else "")
    return f"[ {_statements(value)} ]"


def _resource(iri: str) -> str:
    prefix, _, rest = iri.partition(":")
    if prefix in PREFIXES and not rest.startswith("/"):
        return iri
    return f"<{quote(iri, safe=':/?#[]@!$&()*+,;=%~')}>"
