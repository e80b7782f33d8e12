"""Three phones, a network that loses, doubles and delays, and the real server: what must hold after any sequence.

The machine writes commands on phones, sends what is left in any order and in parts, loses requests and answers, turns
the phones' clocks, lets time pass until limits end, and revokes phones. What must be true is checked as it goes and
once all have a network again.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from conftest import NOW, Cast, Town
from django.db import transaction
from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event
from linli.field import actions
from linli.field.actions import Envelope, carrying
from linli.field.models import Held, Phone, Sent
from linli.kit.ids import uuid7
from linli.people.access import Actor

from .device import FINAL, Device

WORKERS = ("grid_worker", "sibling_worker", "officer")
MOST_GIVEN_UP = 2  # of one example: the more, the less is left to conflict


@dataclass(frozen=True)
class Start:
    """What an example finds: phones, a case in the hands of the village, and how many cases there were before it."""

    devices: list[Device]
    case: UUID
    cases: int
    at: datetime


class PhonesMachine(RuleBasedStateMachine):
    """`town`, `cast` and `taken`, a count of steps by rule, are set by the test."""

    town: Town
    cast: Cast
    taken: Counter[str]
    first: Start | None = None
    frame: transaction.Atomic | None = None

    def __init__(self) -> None:
        super().__init__()
        self.at = NOW
        self.is_changed = True
        start = self.begin()
        self.at, self.case, self.cases_before = start.at, start.case, start.cases
        self.devices = [replace(device, outbox={}, answers={}) for device in start.devices]
        self.written: dict[UUID, dict[str, Any]] = {}
        self.acknowledged: dict[UUID, str] = {}
        self.dues: dict[UUID, Any] = {}
        self.copies: list[tuple[Device, list[Envelope]]] = []
        self.given_up: list[Device] = []
        self.serial = 0

    def begin(self) -> Start:
        """All begin at one start; what an example writes is taken back, so that the last is as fast as the first."""
        kind = type(self)
        kind.first = kind.first or self.start()
        self.frame = transaction.atomic()
        self.frame.__enter__()
        return kind.first

    def start(self) -> Start:
        cases_before = Case.objects.count()
        devices = [self.phone(self.cast[name]) for name in WORKERS]
        case = self._open_in_the_hands_of_the_village()
        return Start(devices, case, cases_before, self.at)

    def end(self) -> None:
        if self.frame is not None:
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    def phone(self, by: Actor) -> Device:
        return Device.enrol(by, self.at)

    def _open_in_the_hands_of_the_village(self) -> UUID:
        from linli.service_requests import actions as service_requests

        key = uuid7()
        submission = service_requests.Submission(
            text="桥头护栏松了，小孩老爱靠。",
            category="facility.street_lamp",
            request_type="help",
            channel="grid",
            place=self.town["grid"],
        )
        service_requests.submit(submission=submission, by=self.cast["officer"], at=self.at, command_id=key)
        self._desk(key, "accept")
        self._desk(key, "dispatch", unit=str(self.town["village"].pk))
        return key

    def _desk(self, case: UUID, verb: str, **data: Any) -> None:
        self.at += timedelta(minutes=1)
        self.is_changed = True
        cases.advance(
            case=case, verb=verb, by=self.cast["dispatcher"], at=self.at, command_id=uuid7(), data=data
        )

    def _words(self) -> str:
        self.serial += 1
        return f"第{self.serial}次记下：到现场看过，已经处理。"

    def _noted(self, key: UUID, words: str, case: UUID) -> None:
        self.written[key] = {"words": words, "case": case}

    # What people do on their phones -------------------------------------------------------------

    @initialize(years=st.integers(-10, 10), hours=st.integers(-200, 200))
    def morning(self, years: int, hours: int) -> None:
        """Each has something to send before anything happens."""
        for phone in range(2):
            self._report(phone, years, self._words())
        self._work("progress", hours)

    @rule(phone=st.integers(0, 2), years=st.integers(-10, 10), same=st.booleans())
    def report(self, phone: int, years: int, same: bool) -> None:
        self._step("report")
        self._report(phone, years, "同样的话：井盖松了，走过去会响。" if same else self._words())

    def _report(self, phone: int, years: int, words: str) -> None:
        device = self.devices[phone]
        place = self.town["grid2" if phone == 1 else "grid"]
        made = (self.at + timedelta(days=365 * years)).isoformat()
        key = device.report(place.code, text=words, made_at=made)
        self._noted(key, words, key)

    @rule(
        verb=st.sampled_from(["acknowledge", "progress", "feedback", "note"]),
        hours=st.integers(-200, 200),
        follows=st.booleans(),
    )
    def work(self, verb: str, hours: int, follows: bool) -> None:
        """The village officer works on the case in the village's hands, having seen it as it was some time ago."""
        self._step("work")
        self._work(verb, hours, follows=follows)

    def _work(self, verb: str, hours: int, *, follows: bool = False) -> None:
        device, words = self.devices[2], self._words()
        data: dict[str, Any] = {
            "acknowledge": {},
            "progress": {"note": words},
            "feedback": {"result": words},
        }.get(verb, {"note": words, "reader": "internal"})
        made = (self.at + timedelta(hours=hours)).isoformat()
        seen = Case.objects.values_list("version", flat=True).get(pk=self.case)
        after = list(device.outbox)[-1:] if follows else []
        key = device.move(self.case, verb, seen, made_at=made, after=after, **data)
        self._noted(key, "" if verb == "acknowledge" else words, self.case)

    @rule(phone=st.integers(0, 1))
    def verify(self, phone: int) -> None:
        """A grid worker checks on site, on a copy that may be old."""
        self._step("verify")
        device, words = self.devices[phone], self._words()
        key = device.move(self.case, "verify", 3, finding=words)
        if phone == 0:  # the other grid's worker never had to do with it, and is refused
            self._noted(key, words, self.case)
        else:
            self.written[key] = {"words": "", "case": self.case}

    @rule(phone=st.integers(0, 2))
    def look(self, phone: int) -> None:
        """A phone asks what it may take along: open, of its own area, moved within a week, and nothing else."""
        self._step("look")
        post, since = self.cast[WORKERS[phone]], self.at - timedelta(days=carrying.KEPT_DAYS)
        found = carrying.cases_of(post, self.at)
        for case in found:
            assert case.is_open, "a phone takes a case along that is closed"
            assert case.place_path.startswith(post.path), "a phone takes a case along that lies elsewhere"
            assert case.state_since >= since, "a phone takes an old case along"
        is_open, path, moved = Case.objects.values_list("is_open", "place_path", "state_since").get(
            pk=self.case
        )
        is_own = is_open and path.startswith(post.path) and moved >= since
        is_there = self.case in {each.pk for each in found}
        is_full = len(found) == carrying.MOST
        assert is_there == is_own or (is_full and not is_there), "a case of its own is not on the phone"

    @rule(phone=st.integers(0, 1))
    def revoke(self, phone: int) -> None:
        """A phone is given up with all that it has not sent, and its owner goes on with another."""
        self._step("revoke")
        if len(self.given_up) < MOST_GIVEN_UP:
            self.at += timedelta(minutes=1)
            old = self.devices[phone]
            actions.revoke(phone=old.phone, at=self.at)
            self.given_up.append(old)
            self.devices[phone] = self.phone(self.cast[WORKERS[phone]])

    @rule(hours=st.integers(1, 72))
    def time(self, hours: int) -> None:
        """Limits end while nobody has a network."""
        self._step("time")
        self.at += timedelta(hours=hours)

    @rule(verb=st.sampled_from(["reassign", "back", "arrange"]))
    def office(self, verb: str) -> None:
        """Meanwhile, at the desk: the case goes elsewhere, or comes back."""
        self._step("office")
        state, holder = Case.objects.values_list("state", "holder_id").get(pk=self.case)
        unit = "east_works" if verb == "reassign" else "village"
        if verb == "arrange" and state == "feedback_given":
            self._desk(self.case, "arrange_check")
        elif (
            verb != "arrange"
            and holder != self.town[unit].pk
            and state in {"dispatched", "acknowledged", "in_progress", "rework"}
        ):
            self._desk(self.case, "reassign", unit=str(self.town[unit].pk), reason="按职责重新派给承办单位。")

    # What the network does ------------------------------------------------------------------------

    @precondition(lambda self: self._is_anything_left)
    @rule(
        which=st.integers(0, 2),
        data=st.data(),
        is_heard=st.sampled_from([True, True, False]),
        times=st.integers(1, 3),
    )
    def arrive(self, which: int, data: Any, is_heard: bool, times: int) -> None:
        """Some of what is left goes out, in any order, maybe doubled; the answer may be lost."""
        self._step("arrive")
        device, chosen = self._chosen(which, data)
        kept = dict(device.outbox)
        for _ in range(times):
            device.outbox.update({key: kept[key] for key in chosen})
            self._compare(device.send(self.at, *chosen))
        if not is_heard:
            device.outbox.update({key: kept[key] for key in chosen})

    @precondition(lambda self: self._is_anything_left)
    @rule(which=st.integers(0, 2))
    def piecemeal(self, which: int) -> None:
        """All that is left of a phone goes out, each command in a request of its own."""
        self._step("piecemeal")
        device = self._one_with_something_left(which)
        for key in list(device.outbox):
            self.at += timedelta(seconds=5)
            self._compare(device.send(self.at, key))

    @precondition(lambda self: self._is_anything_left)
    @rule(which=st.integers(0, 2), data=st.data())
    def hole(self, which: int, data: Any) -> None:
        """Some of what is left goes out and does not arrive, or not for long."""
        self._step("hole")
        self._lose_request(*self._chosen(which, data))

    @property
    def _is_anything_left(self) -> bool:
        return any(device.outbox for device in self.devices)

    def _one_with_something_left(self, which: int) -> Device:
        left = [device for device in self.devices if device.outbox]
        return left[which % len(left)]

    def _chosen(self, which: int, data: Any) -> tuple[Device, list[UUID]]:
        """A phone and what it sends of what is left, in any order; the network may deliver it again, or late."""
        device = self._one_with_something_left(which)
        keys = list(device.outbox)
        chosen: list[UUID] = data.draw(st.permutations(keys))[: data.draw(st.integers(1, len(keys)))]
        self.at += timedelta(seconds=30)
        self.copies.append((device, [device.outbox[key] for key in chosen]))
        return device, chosen

    @precondition(lambda self: bool(self.copies))
    @rule(which=st.integers(0, 31))
    def straggler(self, which: int) -> None:
        """What was thought lost, or was answered long ago, arrives at last; nobody waits for the answer."""
        self._step("straggler")
        device, batch = self.copies[which % len(self.copies)]
        self.at += timedelta(seconds=30)
        self._compare({result.id: result for result in device.deliver(batch, self.at)})

    def _lose_request(self, device: Device, chosen: list[UUID]) -> None:
        """The server never hears of it, so nothing may leave the outbox."""

    def _compare(self, found: dict[UUID, Any]) -> None:
        """The answer to a command stays what it was first."""
        self.is_changed = True
        for key, result in found.items():
            if result.state in FINAL:
                said = f"{result.state} {json.dumps(result.answer, sort_keys=True, default=str)}"
                assert self.acknowledged.setdefault(key, said) == said, (
                    "a command was answered twice differently"
                )

    # What must hold ---------------------------------------------------------------------------------

    def _step(self, name: str) -> None:
        self.taken[name] += 1

    @invariant()
    def the_history_holds(self) -> None:
        """Asked again only where something has reached the server."""
        if self.is_changed:
            self.is_changed = False
            self._limits_never_move_back()
            self._no_event_precedes_its_case()

    def _limits_never_move_back(self) -> None:
        for case_id, due in Clock.objects.filter(case_id=self.case, name="total").values_list(
            "case_id", "due_at"
        ):
            known = self.dues.get(case_id)
            assert known is None or due >= known, "a limit moved back"
            self.dues[case_id] = due

    def _no_event_precedes_its_case(self) -> None:
        reports = [key for key, what in self.written.items() if what["case"] == key]
        events = Event.objects.filter(case_id__in=[self.case, *reports])
        assert not events.filter(at__gt=F("received_at")).exists(), "an event lies after its receipt"
        received_at = Case.objects.values_list("received_at", flat=True).get(pk=self.case)
        early = events.filter(case_id=self.case, at__lt=received_at)
        assert not early.exists(), "a backdated event precedes its case"
        numbers = (
            Event.objects.filter(case_id=self.case).order_by("number").values_list("received_at", flat=True)
        )
        assert list(numbers) == sorted(numbers), "the history is not in the order of receipt"

    def teardown(self) -> None:
        """Everybody has a network: all is sent, once more and then again, and counted."""
        try:
            self.at += timedelta(hours=1)
            for device in (*self.given_up, *self.devices):
                kept = dict(device.outbox)
                for _ in range(2):
                    self._compare(device.send(self.at))
                    assert not device.outbox, "a command waits for what has long been here"
                    device.outbox.update(kept)
                device.outbox.clear()
            self._nothing_is_lost()
            self._nothing_is_twice()
        finally:
            self.end()

    def _nothing_is_lost(self) -> None:
        sent = {row.pk: row for row in Sent.objects.filter(pk__in=self.written)}
        assert set(sent) == set(self.written), "a command was lost"
        held = set(Held.objects.values_list("sent_id", flat=True))
        said: dict[UUID, str] = {}
        for key, what in self.written.items():
            if not what["words"]:
                continue
            if sent[key].state == "refused" or key in held:
                assert what["words"] in str(sent[key].content), "what was not taken was not kept"
                continue
            if what["case"] not in said:
                events = Event.objects.filter(case_id=what["case"]).values_list("data", flat=True)
                said[what["case"]] = str(list(events))
            assert what["words"] in said[what["case"]], "what somebody wrote is nowhere"

    def _nothing_is_twice(self) -> None:
        reports = [key for key, what in self.written.items() if what["case"] == key]
        held = set(Held.objects.filter(sent_id__in=reports).values_list("sent_id", flat=True))
        made = [key for key in reports if key not in held]
        assert Case.objects.filter(pk__in=made).count() == len(made), "a report was lost"
        assert Case.objects.count() == self.cases_before + len(made) + 1, "a report stands twice"
        phones = [device.phone.pk for device in (*self.given_up, *self.devices)]
        assert Phone.objects.filter(pk__in=phones).count() == len(phones)
        events = [
            str(data) for data in Event.objects.filter(case_id=self.case).values_list("data", flat=True)
        ]
        for what in self.written.values():
            if what["words"] and what["case"] == self.case:
                assert sum(what["words"] in data for data in events) <= 1, "something stands twice"
