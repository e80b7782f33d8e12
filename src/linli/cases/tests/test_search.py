"""What a search finds is what stands in the visible texts, no more and no less, on either database."""

from __future__ import annotations

import os
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.db import connection

from linli.cases.actions import Opening, bulk, finding, integrity
from linli.cases.models import Case, CaseText, Event, Partner
from linli.cases.models.search import Key, about, matching, newest, plans, search
from linli.kit import text
from linli.kit.ids import uuid7
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor, roles

pytestmark = pytest.mark.django_db

Report = Callable[..., Any]
Move = Callable[..., Event]

TREES = int(os.environ.get("LINLI_SEARCH_TREES", "7"))
LETTERS = "路灯路灯坏了门口小学\U00020bb7\ue863LEDled12，。 ＡＢ％_*\"'😀"
QUERIES = (
    "路灯",
    "灯",
    "灯坏",
    "路灯 小学",
    "led",
    "1",
    "坏了",
    "\U00020bb7",
    "\ue863口",
    "ＡＢ",
    "门口 坏",
    "灯路灯坏了",
)


# The oracle: what a person with a pencil would find.


def plain(words: str) -> str:
    lower = unicodedata.normalize("NFKC", words).lower()
    return "".join(c if c.isalnum() or unicodedata.category(c) == "Co" else " " for c in lower)


def oracle(actor: Actor, query: str, **narrowed: Any) -> list[Case]:
    found = []
    for case in Case.objects.visible_to(actor).filter(**narrowed).order_by("-received_at", "-pk"):
        parts = [case.number, case.title, case.address]
        for event in case.events.exclude(verb="note", is_public=False):
            parts += [
                value for name, value in event.data.items() if name in ("text", "note", "result", "reason")
            ]
        whole = plain("\n".join(parts))
        if all(term in whole for term in plain(query).split()):
            found.append(case)
    return found


# Random worlds


def words(dice: random.Random, longest: int) -> str:
    return "".join(dice.choice(LETTERS) for _n in range(dice.randint(1, longest)))


def tree(dice: random.Random) -> list[Organisation]:
    units: list[Organisation] = []
    for number in range(dice.randint(4, 12)):
        above = dice.choice(units) if units else None
        code = f"{dice.getrandbits(40):x}"
        path = f"{above.path if above else ''}{code}/"
        units.append(
            Organisation.objects.create(
                code=code,
                name=f"单位{number}",
                kind=Kind.VILLAGE,
                parent=above,
                path=path,
                valid_from=date(2020, 1, 1),
            )
        )
    return units


def populate(dice: random.Random, units: list[Organisation], count: int) -> None:
    histories = []
    for _n in range(count):
        opening = Opening(
            kind="service_request",
            title=words(dice, 12),
            channel="portal",
            place=dice.choice(units),
            address=words(dice, 8),
            accused_path=dice.choice(units).path if dice.random() < 0.2 else "",
        )
        at = NOW - timedelta(hours=dice.randint(1, 8))  # many at the same moment
        steps = [bulk.Step("record_dispatch", at, unit=dice.choice(units))] if dice.random() < 0.6 else []
        if steps and dice.random() < 0.5:
            steps.append(bulk.Step("record_closing", at, data={"result": words(dice, 20)}))
        case_id = UUID(int=uuid7().int >> 64 << 64 | 0b10 << 62 | dice.getrandbits(62))
        histories.append(bulk.History(case_id, opening, at, None, steps, data={"text": words(dice, 40)}))
    bulk.store(bulk.record(histories, at=NOW))
    for history in histories:
        if dice.random() < 0.3:
            helper = dice.choice(units)
            Partner.objects.create(case_id=history.case_id, organisation=helper, path=helper.path, since=NOW)


def anybody(dice: random.Random, units: list[Organisation]) -> Actor:
    unit = dice.choice(units)
    role = dice.choice([name for name, role in roles().items() if role.reach])
    return Actor(kind="staff", role=role, path=unit.path, organisation_id=unit.pk)


def pages(actor: Actor, query: str, size: int, **narrowed: Any) -> Iterator[Case]:
    after = None
    while True:
        found = newest(Case.objects.visible_to(actor).filter(**narrowed), query, after=after, size=size)
        yield from found
        if len(found) < size:
            return
        after = Key(found[-1].received_at, found[-1].pk)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Short walks, and dice instead of costs, so that every way is taken many times; counts them."""
    taken: Counter[str] = Counter()
    dice = random.Random(7)
    other = plans._Search._other_way

    def toss(self: Any, after: Key) -> Any:
        costs = dice.choice([(0.001, 9e9, 9e9), (9e9, 0.001, 9e9), (9e9, 9e9, 0.001)])
        for name, cost in zip(("WALKING", "INDEXED", "LOOKED_UP"), costs, strict=True):
            monkeypatch.setattr(plans, name, cost)
        monkeypatch.setattr(plans, "GATHERED", dice.choice((1, 3, 9_999)))
        rows = other(self, after)
        if rows is None or rows.query.is_empty():
            taken["walk" if rows is None else "few"] += 1
        else:
            taken["rows" if "EXISTS" in str(rows.query) else "index"] += 1
        return rows

    monkeypatch.setattr(plans, "FIRST_WALK", 7)
    monkeypatch.setattr(plans, "LONGEST_WALK", 20)
    monkeypatch.setattr(plans, "CHEAP", 0)
    monkeypatch.setattr(plans, "MOST_IDS", 9)
    monkeypatch.setattr(plans._Search, "_other_way", toss)
    return taken


def test_the_pages_of_a_search_are_what_the_oracle_finds(ways: Counter[str]) -> None:
    found = 0
    for seed in range(TREES):
        dice = random.Random(seed)
        units = tree(dice)
        populate(dice, units, dice.randint(10, 50))
        for _n in range(12):
            actor, query = anybody(dice, units), dice.choice([*QUERIES, words(dice, 3)])
            narrowed = dice.choice([{}, {"is_open": True}])
            if not text.terms(query):
                assert not search(Case.objects.visible_to(actor), query).exists()
                continue
            wanted = oracle(actor, query, **narrowed)
            assert list(pages(actor, query, dice.randint(1, 5), **narrowed)) == wanted, (seed, query)
            mine = Case.objects.visible_to(actor).filter(**narrowed)
            assert set(search(mine, query)) == set(wanted), (seed, query)
            found += len(wanted)
    assert found > TREES * 10
    assert min(ways[way] for way in ("walk", "index", "few", "rows")) > TREES / 2


def test_the_index_alone_misses_nothing(town: Town) -> None:
    dice = random.Random(3)
    populate(dice, [town["grid"]], 40)
    for query in QUERIES:
        wanted = text.terms(query)
        whole = {row.pk for row in CaseText.objects.all() if all(term in row.words for term in wanted)}
        assert set(matching(CaseText, wanted).values_list("pk", flat=True)) == whole


# What is searched


def test_number_title_address_and_words_are_found(report: Report, cast: Cast) -> None:
    case = report(address="绿林村三组12号").case
    mine = Case.objects.visible_to(cast["dispatcher"])
    for query in (
        case.number,
        case.number.lower(),
        "三盏路灯",
        "晚自习",
        "灯",
        "三组12",
        "路灯 学生",
        "村部，门前",
    ):
        expected = [] if query == "村部，门前" and "村部门前" not in case.title + "x" else [case]
        assert newest(mine, query, size=5) == expected, query
    for query in ("路学", "盏灯", "晚自习 猫", "不存在"):
        assert newest(mine, query, size=5) == [], query


def test_what_is_said_later_is_found_but_no_internal_note(report: Report, move: Move, cast: Cast) -> None:
    case = report().case
    move(case, "note", "dispatcher", note="内部商量一句话：电工请假。", reader="internal")
    move(case, "note", "dispatcher", note="公开说明一句话：备件在路上。", reader="public")
    move(case, "accept", "dispatcher")
    mine = Case.objects.visible_to(cast["dispatcher"])
    assert newest(mine, "备件在路上", size=5) == [case]
    assert newest(mine, "电工请假", size=5) == []
    assert newest(mine, "公开说明 路灯", size=5) == [case]


def test_no_personal_number_finds_anybody(report: Report, cast: Cast) -> None:
    case = report(
        text="路灯坏了，打我电话13800000000，身份证110101199003074514。",
        contact_name="欧阳无敌",
        contact_phone="13911112222",
    ).case
    mine = Case.objects.visible_to(cast["dispatcher"])
    assert newest(mine, "打我电话", size=5) == [case]
    for query in ("13800000000", "38000", "110101199003074514", "19900307", "欧阳无敌", "13911112222"):
        assert newest(mine, query, size=5) == [], query


def test_a_mediation_is_found_by_its_title_alone(dispute: Any, cast: Cast) -> None:
    case = dispute().case
    mine = Case.objects.visible_to(cast["centre"])
    assert newest(mine, "邻里纠纷", size=5) == [case]
    for query in ("返潮", "墙根", "雨水管", "排水", "李秀英", "0712"):
        assert newest(mine, query, size=5) == []


def test_whoever_is_accused_finds_nothing(report: Report, town: Town, cast: Cast) -> None:
    case = report(request_type="accusation", accused=town["east"]).case
    assert newest(Case.objects.visible_to(cast["supervisor"]), "路灯", size=5) == [case]
    assert newest(Case.objects.visible_to(cast["dispatcher"]), "路灯", size=5) == []


def test_what_is_erased_is_found_no_more(report: Report, move: Move, cast: Cast) -> None:
    case = report(may_publish=True).case
    move(case, "note", "dispatcher", note="不该写下的一句话。", reader="public")
    mine, everybody = Case.objects.visible_to(cast["dispatcher"]), Case.objects.all()
    assert newest(mine, "不该写下", size=5) == [case]
    assert integrity.erase(case_id=case.pk, number=2)
    assert newest(mine, "不该写下", size=5) == []
    assert newest(mine, "晚自习", size=5) == newest(everybody, "晚自习", size=5, column="shown") == [case]
    assert integrity.erase(case_id=case.pk, number=1)
    for column in ("words", "shown"):
        assert newest(everybody, "晚自习", size=5, column=column) == []
        assert newest(everybody, "路灯", size=5, column=column) == [case]  # the title still says it
    row = CaseText.objects.get(pk=case.pk)
    assert "晚自" not in f"{row.words}{row.grams}{row.shown}{row.shown_grams}"
    assert "ascii" if connection.vendor == "postgresql" else not _indexed("晚自")


def _indexed(pair: str) -> bool:
    """Whether SQLite's index still knows a pair."""
    with connection.cursor() as cursor:
        token = "".join(f"{ord(character):04x}" for character in pair)
        cursor.execute(
            "SELECT count(*) FROM cases_casetext_index WHERE cases_casetext_index MATCH %s", [token]
        )
        return bool(cursor.fetchone()[0])


def test_everybody_finds_only_what_was_published(report: Report, move: Move) -> None:
    shown = report(
        may_publish=True, text="村部路灯不亮，打13800000000，找欧阳无敌。", contact_name="欧阳无敌"
    ).case
    report(text="村部路灯不亮。")
    withheld = report(may_publish=True, text="村部路灯不亮。").case
    move(withheld, "withhold", "dispatcher", reason="写有他人隐私")
    report(may_publish=True, is_identity_kept=True, text="村部路灯不亮。")
    move(shown, "note", "dispatcher", note="村部电工来过。", reader="public")
    everybody = Case.objects.all()
    assert newest(everybody, "路灯", size=9, column="shown") == [shown]
    for query in ("电工", "13800000000", "欧阳", shown.number):
        assert newest(everybody, query, size=9, column="shown") == []
    move(shown, "correct", "dispatcher", title="水泵漏油", reason="写错了标题。")
    assert newest(everybody, "水泵", size=9, column="shown") == [shown]


def test_a_corrected_title_replaces_the_one_before(report: Report, move: Move, cast: Cast) -> None:
    case = report(title="健身器材松动").case
    move(case, "correct", "dispatcher", title="凉亭漏雨", reason="与照片不符，更正。")
    mine = Case.objects.visible_to(cast["dispatcher"])
    assert newest(mine, "凉亭", size=5) == newest(mine, "与照片不符", size=5) == [case]
    assert newest(mine, "健身器材", size=5) == []


# What people type


@pytest.mark.parametrize(
    "query",
    ["", " ", "😀", "%", "_", "*", "'", '"', "\x00", "，。", "()", "-", "\\", "\u200b", "；--"],
)
def test_a_query_without_words_finds_nothing(report: Report, cast: Cast, query: str) -> None:
    report()
    assert newest(Case.objects.visible_to(cast["dispatcher"]), query, size=5) == []


@pytest.mark.parametrize(
    "query",
    [
        "路灯 AND 学生",
        "NEAR(路灯 学生)",
        "路灯*",
        'words : "路灯"',
        "路%灯",
        "路_灯",
        "'; DROP TABLE cases_case; --",
        "{路灯}",
        "路灯\x00坏",
        "灯" * 5000,
        "? " * 5000 + "x",
        "猫 " * 5000,
        "\ud800路灯",
        "1 OR 1=1",
    ],
)
def test_whatever_is_typed_means_nothing_but_itself(report: Report, cast: Cast, query: str) -> None:
    case = report().case
    mine = Case.objects.visible_to(cast["dispatcher"])
    expected = [case] if set(plain(query).split()) <= {"路灯", "路", "灯"} else []
    assert newest(mine, query, size=5) == list(search(mine, query)) == expected


def test_a_search_writes_no_word_to_the_log(
    report: Report, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    report()
    with caplog.at_level("DEBUG", logger="linli"):
        newest(Case.objects.visible_to(cast["dispatcher"]), "晚自习", size=5)
    assert "晚自习" not in caplog.text


def test_an_estimate_is_asked_of_the_database(report: Report, cast: Cast) -> None:
    report()
    assert 0 <= about(Case.objects.visible_to(cast["dispatcher"])) < plans.MANY


def test_the_words_of_imported_cases_are_those_of_living_ones(report: Report, move: Move, town: Town) -> None:
    case = report(address="三组").case
    move(case, "note", "dispatcher", note="公开的一句话。", reader="public")
    stored = CaseText.objects.get(pk=case.pk)
    made = finding.text_of(Case.objects.get(pk=case.pk), case.events.order_by("number"))
    assert (stored.words, stored.shown, stored.at) == (made.words, made.shown, made.at)
