"""`linli doctor` names each fault, says what to do, and fails; warnings alone do not."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from django.core.management import call_command
from django.db.migrations.executor import MigrationExecutor

from linli.cases.models import CalendarDay, Delivery
from linli.cases.procedures import calendar
from linli.kit import clock, sealing
from linli.kit.ids import uuid7
from linli.kit.sealing import keys
from linli.ledger import actions as ledger
from linli.ledger import notes
from linli.ledger.models import Cosignature
from linli.ops import diagnosis, working
from linli.ops.demo import seeding
from linli.orgs.models import Organisation
from linli.people.models import Person
from linli.service_requests.models import RoutingRule

WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(32))


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    settings.DIST = tmp_path
    (tmp_path / "manifest.json").write_text("{}")


@pytest.fixture
def _well(town: Any, settings: Any) -> None:
    """A county in order: the worker at work, an administrator, two years of calendar."""
    settings.SECOND_FACTOR = True
    seeding.install_calendar()
    CalendarDay.objects.filter(date__year=2027).update(is_confirmed=True)
    CalendarDay.objects.get_or_create(
        date=date(2027, 10, 1), defaults={"is_working": False, "name_zh": "国庆节", "name_en": "National Day"}
    )
    calendar.forget()
    Person.objects.create_superuser("head", "spring-rice-9-boats", name="管立")
    functions = Organisation.objects.values_list("function", flat=True)
    RoutingRule.objects.exclude(function__in=functions).update(is_active=False)
    working.beat(NOW)
    log(NOW)
    sign(NOW)


def log(at: datetime) -> None:
    ledger.leaf_for(kind="read", subject=uuid7(), record={}, at=at).save(force_insert=True)
    ledger.sequence()
    ledger.make_checkpoint(at=at)


def sign(at: datetime) -> None:
    """What a witness does."""
    newest = ledger.latest()
    assert newest is not None
    text = notes.Note.parse(newest.note).text
    written = newest.note + notes.cosign(text, WITNESS, int(at.timestamp())).line
    ledger.take_cosignatures(written=written, at=at, known=[WITNESS.key])


def diagnose() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_all_is_well() -> None:
    code, said = diagnose()
    remarks = [line for line in said.splitlines() if line.lstrip().startswith("!")]
    other = [
        line for line in remarks if "行级策略" not in line
    ]  # test_row_security has a database with policies
    assert (code, "✗" in said, other) == (0, False, []), said


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize("silence", [timedelta(minutes=3), timedelta(days=3)])
def test_a_silent_worker_fails(silence: timedelta) -> None:
    working.beat(NOW - silence)
    code, said = diagnose()
    assert (code, "linli worker" in said) == (1, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_witness_that_went_away_is_told_and_then_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    for hours, code, mark in ((0, 0, "✓ 见证"), (2, 0, "! 见证"), (5, 1, "✗ 见证")):
        later = NOW + timedelta(hours=hours)
        working.beat(later)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        assert (diagnose()[0], mark in diagnose()[1]) == (code, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_log_under_another_key_than_it_began_with_fails(settings: Any, tmp_path: Path) -> None:
    settings.LOG_KEY = tmp_path / "another.key"
    for at in (NOW, NOW + timedelta(minutes=1)):
        code, said = diagnose()
        assert (code, "日志换了密钥" in said) == (1, True)
        log(at)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_no_witness_is_a_warning_unless_one_is_wanted(settings: Any) -> None:
    Cosignature.objects.all().delete()
    assert (diagnose()[0], "! 见证  没有见证" in diagnose()[1]) == (0, True)
    settings.WITNESSES = [str(WITNESS.key)]
    assert (diagnose()[0], "从没有会签过" in diagnose()[1]) == (1, True)
    settings.WITNESS_REQUIRED = True
    assert (diagnose()[0], "还没有见证会签" in diagnose()[1]) == (1, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_leaves_nobody_signs_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.leaf_for(kind="read", subject=uuid7(), record={}, at=NOW).save(force_insert=True)
    ledger.sequence()
    later = NOW + timedelta(minutes=6)
    working.beat(later)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (diagnose()[0], "日志没有签到最新" in diagnose()[1]) == (1, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_migration_not_applied_fails_and_hides_what_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_given: [object()])
    code, said = diagnose()
    assert (code, "linli migrate" in said, "后台" in said) == (1, True, False)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_stuck_delivery_fails_with_its_error(report: Any) -> None:
    report()
    Delivery.objects.update(due_at=NOW + timedelta(hours=9), attempts=6, error="ValueError: no such thing")
    code, said = diagnose()
    assert (code, "no such thing" in said) == (1, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_late_delivery_fails(report: Any) -> None:
    report()
    Delivery.objects.update(due_at=NOW - timedelta(hours=1))
    assert diagnose()[0] == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_broken_routing_rule_fails_with_its_name() -> None:
    rule = RoutingRule.objects.get(code="wages")  # to human resources, which this small town has not
    rule.is_active = True
    rule.save()
    code, said = diagnose()
    assert (code, rule.name_zh in said) == (1, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_calendar_that_ends_soon_warns_and_one_that_has_ended_fails() -> None:
    CalendarDay.objects.filter(date__year=2027).delete()
    diagnosed = diagnosis.horizon(NOW + timedelta(days=60))
    assert (diagnosed.is_fault, bool(diagnosed.advice)) == (False, True)
    assert diagnosis.horizon(NOW + timedelta(days=200)).is_fault


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_demonstration_accounts_warn_without_failing() -> None:
    Person.objects.update(is_demo=True)
    code, said = diagnose()
    assert (code, "!" in said) == (0, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_full_disk_and_missing_pages_fail(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.DIST = tmp_path / "nowhere"
    assert diagnose()[0] == 1
    settings.DIST = tmp_path
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1000})())
    code, said = diagnose()
    assert (code, str(settings.VAR) in said) == (1, True)


def test_a_database_out_of_reach_fails_once_and_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = diagnose()  # without the mark pytest keeps the database away
    assert (code, "DATABASE_URL" in said, said.count("✗")) == (1, True, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("_well")
def test_a_check_that_breaks_is_itself_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise ValueError("out of order")

    monkeypatch.setattr(diagnosis, "broken_rules", breaks)
    code, said = diagnose()
    assert (code, "out of order" in said) == (1, True)


@pytest.mark.parametrize(
    ("host", "sslmode", "has_password", "is_well"),
    [
        ("", "", False, True),
        ("/run/postgresql", "", False, True),
        ("127.0.0.1", "", False, True),
        ("db.example", "verify-full", True, True),
        ("db.example", "verify-full", False, False),
        ("db.example", "require", True, False),
        ("db.example", "", True, False),
        ("10.0.0.7", "prefer", False, False),
    ],
)
def test_a_database_over_the_network_is_encrypted_known_and_signed_in_to(
    host: str, sslmode: str, has_password: bool, is_well: bool
) -> None:
    finding = diagnosis.line_to(host, sslmode=sslmode, has_password=has_password)
    assert finding.is_fault is not is_well


@pytest.mark.django_db
def test_the_line_to_the_database_of_the_tests_is_on_this_machine() -> None:
    assert not diagnosis.database_line(NOW).is_fault


@pytest.fixture
def ring(settings: Any, tmp_path: Path) -> Any:
    settings.KEYRING, settings.INTAKE_KEY = tmp_path / "keyring.json", tmp_path / "intake.json"
    settings.CASE_KEYS = tmp_path / "case-keys"
    keys.forget()
    yield sealing.keyring()
    keys.forget()


@pytest.mark.django_db
def test_keys_are_well_or_it_says_what_to_do(ring: sealing.Keyring, settings: Any, report: Any) -> None:
    assert not diagnosis.keys(NOW).advice
    settings.KEYRING.chmod(0o644)
    assert "chmod 600" in diagnosis.keys(NOW).advice
    settings.KEYRING.chmod(0o600)
    report(contact_name="周婶")
    keys.write(ring.with_new_key("sm4-gcm"))
    assert diagnosis.keys(NOW).is_warning
    keys.write(sealing.keyring().without(1))
    assert diagnosis.keys(NOW).is_fault
    settings.KEYRING.unlink()
    keys.forget()
    assert diagnosis.keys(NOW).is_fault


@pytest.mark.django_db
def test_a_mediation_without_its_keys_is_a_fault(ring: sealing.Keyring, dispute: Any, settings: Any) -> None:
    dispute()
    assert not diagnosis.keys(NOW).is_fault
    shutil.rmtree(settings.CASE_KEYS)
    assert "linli keys copy" in diagnosis.keys(NOW).advice
