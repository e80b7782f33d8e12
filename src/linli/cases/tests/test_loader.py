"""A wrong procedure file is refused, and the refusal names the table and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils.translation import override

from linli.cases.procedures import ProcedureError, all_procedures, parse

RIGHT = """
kind = "lamp"
version = 1
label = { zh = "路灯", en = "Lamps" }
source = "test"
initial = "reported"

[clocks.total]
label = { zh = "总时钟", en = "Total" }
limit = "5wd"
warn = "24h"
owner = "place"
promise = true
source = "test"

[clocks.unit]
label = { zh = "单位", en = "Unit" }
limit = "3wd"
source = "test"

[states.reported]
label = { zh = "待派", en = "Reported" }
public = { zh = "待派", en = "Reported" }
next = { zh = "派单", en = "It is dispatched" }
desk = { role = "dispatcher", at = "place", why = "to_dispatch" }

[states.sent]
label = { zh = "已派", en = "Sent" }
public = { zh = "已派", en = "Sent" }
next = { zh = "办结", en = "It is closed" }
desk = { role = "handler", at = "holder", why = "to_work" }

[states.closed]
label = { zh = "办结", en = "Closed" }
public = { zh = "办结", en = "Closed" }
next = { zh = "无", en = "Nothing" }
open = false

[opening]
label = { zh = "上报", en = "Report" }
done = { zh = "上报", en = "Reported" }
icon = "plus"
event = "lamp.reported"
may = "case.report"
starts = ["total"]

[moves.send]
label = { zh = "派单", en = "Send" }
done = { zh = "派给", en = "Sent to" }
icon = "send"
event = "lamp.sent"
from = ["reported"]
to = "sent"
may = "case.dispatch"
relation = "desk"
when = ["not_grouped"]
does = ["assign"]
starts = ["unit"]
tells = ["unit"]
needs = [{ name = "unit", kind = "unit", label = { zh = "单位", en = "Unit" } }]

[moves.close]
label = { zh = "办结", en = "Close" }
done = { zh = "办结", en = "Closed" }
icon = "check"
event = "lamp.closed"
from = ["sent"]
to = "closed"
may = "case.work"
relation = "holder"
stops = ["*"]
answers = ["to_work"]

[moves.clock_warned]
label = { zh = "快到期", en = "Due soon" }
done = { zh = "快到期", en = "Due soon" }
icon = "clock"
event = "clock.warned"
from = ["*"]
may = "system"

[moves.clock_missed]
label = { zh = "超期", en = "Late" }
done = { zh = "超期", en = "Late" }
icon = "clock"
event = "clock.missed"
from = ["*"]
may = "system"
does = ["mark_late"]
asks = { role = "supervisor", at = "above", why = "escalated" }

[moves.clock_rederived]
label = { zh = "重算", en = "Derived again" }
done = { zh = "重算", en = "Derived again" }
icon = "clock"
event = "clock.rederived"
from = ["*"]
may = "system"
does = ["rederive"]

[whys]
to_dispatch = { zh = "待派", en = "To send" }
to_work = { zh = "待办", en = "To do" }
escalated = { zh = "上呈", en = "Escalated" }
"""

Change = Callable[[str], str]


def put(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def test_nobody_but_the_reporter_is_spoken_to_as_the_reporter() -> None:
    for procedure in all_procedures().values():
        if procedure.kind != "service_request":
            continue  # how others stand is shown to those concerned alone
        for state in procedure.states.values():
            assert "您" not in state.told_others.zh, state.name
            assert not {"you", "your"} & set(state.told_others.en.lower().split()), state.name


CIRCLE = """
[moves.send_back]
label = { zh = "退回", en = "Back" }
done = { zh = "退回", en = "Back" }
icon = "back"
event = "lamp.back"
from = ["sent"]
to = "sent"
may = "case.work"

[moves.clock_warned]"""

CLOSING = 'from = ["sent"]\nto = "closed"'

WRONG: dict[str, tuple[Change, str]] = {
    "a misspelt state": (put('to = "sent"', 'to = "snet"'), r"moves\.send: 'snet' is not one of"),
    "a misspelt origin": (put('from = ["sent"]', 'from = ["snet"]'), r"moves\.close: 'snet'"),
    "a misspelt first state": (put('initial = "reported"', 'initial = "new"'), "initial: 'new'"),
    "a state nobody reaches": (put('to = "sent"', 'to = "closed"'), r"states\.sent: no move leads there"),
    "a dead end": (put(CLOSING, 'from = ["reported"]\nto = "closed"'), r"states\.sent: a dead end"),
    "a circle without a way out": (
        lambda text: put("[moves.clock_warned]", CIRCLE)(
            put(CLOSING, 'from = ["reported"]\nto = "closed"')(text)
        ),
        r"states\.sent: a dead end",
    ),
    "no state that closes": (put("open = false\n", ""), "states: none closes the case"),
    "a move from nowhere": (put('from = ["reported"]\n', ""), r"moves\.send: comes from no state"),
    "an unknown key": (
        put('kind = "lamp"', 'kind = "lamp"\ncolour = "red"'),
        "procedure: unknown key colour",
    ),
    "an unknown key in a state": (
        put("open = false", "open = false\nshut = true"),
        r"states\.closed: unknown key shut",
    ),
    "an unknown key in a need": (
        put('kind = "unit", label', 'kind = "unit", size = 3, label'),
        r"moves\.send\.needs: unknown key size",
    ),
    "a missing key": (put('event = "lamp.sent"\n', ""), r"moves\.send: event is missing"),
    "a label in one language": (
        put('label = { zh = "派单", en = "Send" }', 'label = { zh = "派单" }'),
        r"moves\.send\.label: needs zh and en",
    ),
    "a clock never started": (put('starts = ["unit"]\n', ""), r"clocks\.unit: no move starts it"),
    "a clock that is none": (put('starts = ["unit"]', 'starts = ["unti"]'), r"moves\.send: 'unti'"),
    "a stop of no clock": (put('stops = ["*"]', 'stops = ["totla"]'), r"moves\.close: 'totla'"),
    "a limit nobody can count": (put('limit = "3wd"', 'limit = "3 days"'), r"clocks\.unit"),
    "a warning nobody can count": (put('warn = "24h"', 'warn = "a day"'), r"clocks\.total"),
    "two promises": (
        put('limit = "3wd"', 'limit = "3wd"\npromise = true'),
        "exactly one must be the promise",
    ),
    "a promise that does not matter": (
        put("promise = true", 'promise = true\nmissed = "nothing"'),
        "missing it must escalate",
    ),
    "a promise that starts late": (put('starts = ["total"]', ""), "no move starts it|runs from the opening"),
    "an unknown predicate": (put('when = ["not_grouped"]', 'when = ["sunny"]'), r"moves\.send: 'sunny'"),
    "an unknown effect": (put('does = ["assign"]', 'does = ["explode"]'), r"moves\.send: 'explode'"),
    "an effect without its need": (
        put('name = "unit", kind', 'name = "who", kind'),
        r"moves\.send\.needs: assign works with 'unit'",
    ),
    "a noun twice": (
        lambda text: put('event = "lamp.closed"', 'event = "lamp.closed"\nnoun = "lamps"')(
            put('event = "lamp.sent"', 'event = "lamp.sent"\nnoun = "lamps"')(text)
        ),
        "noun 'lamps'",
    ),
    "a noun that is no address": (
        put('event = "lamp.sent"', 'event = "lamp.sent"\nnoun = "Two words"'),
        "noun 'Two words'",
    ),
    "an unknown relation": (put('relation = "desk"', 'relation = "friend"'), r"moves\.send: 'friend'"),
    "an unknown audience": (put('tells = ["unit"]', 'tells = ["press"]'), r"moves\.send: 'press'"),
    "an unknown kind of need": (
        put('kind = "unit", label', 'kind = "colour", label'),
        r"moves\.send\.needs: 'colour'",
    ),
    "a need asked twice": (
        put("needs = [{", 'needs = [{ name = "unit", kind = "line", label = { zh = "一", en = "One" } }, {'),
        r"moves\.send\.needs: a name stands twice",
    ),
    "a choice without choices": (
        put('name = "unit", kind = "unit"', 'name = "unit", kind = "choice"'),
        "choices go with",
    ),
    "a minimum above the maximum": (
        put('kind = "unit", label', 'kind = "unit", minimum = 9, maximum = 3, label'),
        "the minimum is above the maximum",
    ),
    "a permission nobody has": (
        put('may = "case.dispatch"', 'may = "case.dipsatch"'),
        r"moves\.send\.may: 'case\.dipsatch'",
    ),
    "a desk whose role nobody has": (
        put('role = "handler"', 'role = "wizard"'),
        r"states\.sent\.desk\.role: 'wizard'",
    ),
    "a desk nowhere": (put('at = "holder"', 'at = "moon"'), r"states\.sent\.desk: 'moon'"),
    "a reason without a name": (
        put('why = "to_work"', 'why = "to_rest"'),
        r"states\.sent\.desk\.why: 'to_rest'",
    ),
    "an answer to nothing": (
        put('answers = ["to_work"]', 'answers = ["to_rest"]'),
        r"moves\.close\.answers: 'to_rest'",
    ),
    "two moves with one event": (
        put('event = "lamp.closed"', 'event = "lamp.sent"'),
        "event 'lamp.sent': 2 moves append it",
    ),
    "no word for a missed clock": (
        lambda text: (
            text[: text.index("[moves.clock_missed]")] + text[text.index("[moves.clock_rederived]") :]
        ),
        r"moves\.clock_missed is missing",
    ),
    "another state without a state": (
        put('tells = ["unit"]', 'to_when = { grouped = "nowhere" }'),
        r"moves\.send: 'nowhere'",
    ),
}


def test_takes_a_right_file() -> None:
    procedure = parse(RIGHT)
    assert (procedure.kind, len(procedure.moves), procedure.promise.name) == ("lamp", 5, "total")


@pytest.mark.parametrize("fault", WRONG)
def test_refuses(fault: str) -> None:
    change, message = WRONG[fault]
    with pytest.raises(ProcedureError, match=message):
        parse(change(RIGHT))


def test_refuses_a_file_under_a_wrong_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.apps import apps

    from linli.cases.procedures import loader

    folder = tmp_path / "procedures"
    folder.mkdir()
    (folder / "lamp.2.toml").write_text(RIGHT, encoding="utf-8")

    class Config:
        path = str(tmp_path)

    monkeypatch.setattr(apps, "get_app_configs", lambda: [Config()])
    with pytest.raises(ProcedureError, match=r"lamp\.2\.toml: should be lamp\.1\.toml"):
        loader.all_procedures.__wrapped__()


def test_a_source_is_told_in_the_readers_language_or_quoted_as_it_stands() -> None:
    both = RIGHT.replace(
        'promise = true\nsource = "test"', 'promise = true\nsource = { zh = "民法典", en = "Civil Code" }', 1
    )
    clocks = parse(both).clocks
    with override("en"):
        assert (str(clocks["total"].source), str(clocks["unit"].source)) == ("Civil Code", "test")
    with override("zh-hans"):
        assert str(clocks["total"].source) == "民法典"


def test_every_source_of_ours_is_told_in_both_languages() -> None:
    ours = ("service_request", "mediation", "veto_proposal")
    for procedure in (each for each in all_procedures().values() if each.kind.startswith(ours)):
        for source in (procedure.source, *(clock.source for clock in procedure.clocks.values())):
            assert source.zh != source.en, f"{procedure.kind} {procedure.version}: {source.zh}"
