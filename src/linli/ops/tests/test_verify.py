"""`linli verify` says what was changed and where, what a witness vouches for, and what it cannot know."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from linli.cases.models import Case, Event
from linli.ledger import actions as ledger
from linli.ledger import witness
from linli.ledger.actions import verifying
from linli.ledger.models import Leaf
from linli.ops.management.commands import verify as command
from linli.ops.tests.test_tampering import Log, log, rechain, resign, store  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db


def verified(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    with translation.override("zh-hans"):
        try:
            call_command("verify", *arguments, stdout=out)
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def kept(log: Log, tmp_path: Path) -> str:  # noqa: F811
    """The witness's own file."""
    kept = witness.Store(tmp_path / "witness")
    for entry in log.kept:
        kept.keep(entry.note, at=Case.objects.first().received_at)  # type: ignore[union-attr]
    return str(tmp_path / "witness")


def test_an_untouched_log_verifies_and_says_what_that_rests_on(log: Log, kept: str) -> None:  # noqa: F811
    code, said = verified()
    assert (code, f"核对了 {log.size} 条记录，0 处不对" in said) == (0, True)
    assert "存在这里的会签能被删掉" in said
    code, said = verified("--from-witness", kept)
    assert (code, f"见证留底到第 {log.size} 条" in said) == (0, True)


def test_a_change_is_named_with_its_case(log: Log) -> None:  # noqa: F811
    case_id, number = log.keys[1]
    store(Event.objects.get(case_id=case_id, number=number), data={"note": "改过的话。"})
    code, said = verified()
    assert code == 1
    assert f"✗ {Case.objects.get(pk=case_id).number} 第 {number} 条：说过的话被改了" in said


def test_what_was_made_to_fit_is_found_by_the_witness_alone(log: Log, kept: str) -> None:  # noqa: F811
    case_id, number = log.keys[-1]
    Event.objects.filter(case_id=case_id, number=number).delete()
    Leaf.objects.filter(case_id=case_id, number=number).delete()
    rechain(case_id)
    resign()
    assert verified()[0] == 0
    code, said = verified("--from-witness", kept)
    assert code == 1
    assert f"日志第 {log.size} 条" in said
    assert "末尾被截掉" in said


def test_newer_rows_are_said_to_have_the_chain_alone(log: Log, kept: str, report: Any) -> None:  # noqa: F811
    report()
    code, said = verified("--from-witness", kept)
    assert (code, "更新的 1 条只有链在保护" in said) == (0, True)


def test_programs_read_it_as_json(log: Log, kept: str) -> None:  # noqa: F811
    Leaf.objects.filter(position=2).delete()
    code, said = verified("--from-witness", kept, "--json")
    found = json.loads(said)
    assert (code, found["witnessed"], found["size"]) == (1, log.size, log.size)
    assert {"unlogged", "hole"} <= {fault["what"] for fault in found["faults"]}


def test_a_file_that_is_no_witness_is_refused(log: Log, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "nothing.jsonl").write_text("")
    (tmp_path / "other.jsonl").write_text("{}\n")
    for name in ("missing", "nothing.jsonl", "other.jsonl"):
        with pytest.raises(CommandError):
            verified("--from-witness", str(tmp_path / name))


def test_what_is_no_event_is_named_by_its_kind() -> None:
    assert set(ledger.sources()) - {ledger.EVENT} == set(command.kinds())
    subject = uuid4()
    assert command.where(verifying.Fault("changed", "claim", subject, 1)) == f"提出的个人信息要求 {subject}："


def test_neighbouring_positions_are_told_together() -> None:
    assert list(verifying.runs([1, 2, 3, 7, 9, 10])) == [(1, 3), (7, 7), (9, 10)]
    assert list(verifying.runs([])) == []
