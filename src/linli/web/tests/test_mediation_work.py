"""Sessions, the record and separate talks, as their mediators, and everybody else, see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import Cast
from django.test import Client

from linli.kit.ids import uuid7
from linli.mediation.actions import talks
from linli.mediation.models import Booking, Invitation, Paper, PaperKind, Sitting, Talk

Desk = Callable[[str], Client]
pytestmark = pytest.mark.django_db

SESSION = {"with_whom": "joint", "day": "2026-10-08", "begins": "09:00", "ends": "10:30"}
STRANGERS = ("village_chair", "supervisor", "centre", "handler", "administrator", "outsider")


def at(case: Any, path: str = "") -> str:
    return f"/desk/mediations/{case.number}" + (f"/{path}" if path else "")


def page(client: Client, case: Any) -> str:
    response = client.get(at(case))
    assert response.status_code == 200
    return str(response.content.decode())


def send(client: Client, case: Any, path: str, **data: Any) -> Any:
    return client.post(at(case, path), {"command_id": str(uuid7()), **data})


@pytest.fixture
def mediator(desk: Desk, in_talks: Any) -> Client:
    return desk("mediator")


@pytest.fixture
def recorder(desk: Desk, in_talks: Any) -> Client:
    return desk("second_mediator")


# Sessions ---------------------------------------------------------------------------------------


def test_plans_a_session_and_asks_everybody(mediator: Client, in_talks: Any) -> None:
    response = send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="绿林村村委会")
    assert response.status_code == 302
    sitting = Sitting.objects.get(case_id=in_talks.pk)
    assert sitting.place == "绿林村村委会"
    assert Invitation.objects.filter(sitting=sitting.id).count() == 2
    shown = page(mediator, in_talks)
    assert "第 1 次会面" in shown
    assert "还没有回音" in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": ""}, "请选日期"),
        ({"day": "2026-02-30"}, "2026-02-30"),
        ({"begins": "25:00"}, "请写时间"),
        ({"ends": "08:00"}, "结束时间要在开始时间之后"),
        ({"day": "2026-09-01"}, "已经过去"),
        ({"place": ""}, "请选会议室，或者写明地点"),
        ({"room": "nonsense"}, "没有这个会议室"),
        ({"with_whom": ""}, "请选和谁"),
        ({"with_whom": "7"}, "请选要单独谈话的一方"),
    ],
)
def test_says_what_is_wrong_with_a_session(
    mediator: Client, in_talks: Any, changes: dict[str, str], said: str
) -> None:
    posted = {**SESSION, "room": "elsewhere", "place": "村委会", **changes}
    response = send(mediator, in_talks, "sessions", **posted)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Sitting.objects.exists()


def test_a_room_is_not_given_twice(mediator: Client, in_talks: Any, desk: Desk, committee: Any) -> None:
    from linli.mediation.models import Room

    room = Room.objects.get(organisation_id=committee.pk)
    send(mediator, in_talks, "sessions", **SESSION, room=str(room.pk))
    again = send(
        mediator, in_talks, "sessions", **{**SESSION, "begins": "10:00", "ends": "11:00"}, room=str(room.pk)
    )
    assert again.status_code == 422
    assert "已经有人用" in again.content.decode()
    taken = mediator.get(at(in_talks, "sessions/rooms"), {"day": "2026-10-08"}).content.decode()
    assert "09:00—10:30" in taken


def test_cancels_a_session_and_frees_its_time(mediator: Client, in_talks: Any) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    sitting = Sitting.objects.get()
    assert Booking.objects.exists()
    assert send(mediator, in_talks, f"sessions/{sitting.id}/cancellation").status_code == 302
    assert not Booking.objects.exists()
    assert "已取消" in page(mediator, in_talks)


def test_notes_an_answer_given_by_telephone(mediator: Client, in_talks: Any) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    sitting = Sitting.objects.get()
    path = f"sessions/{sitting.id}/replies"
    assert send(mediator, in_talks, path, party="2", answer="unable", note="在外地").status_code == 302
    assert "来不了" in page(mediator, in_talks)
    wrong = send(mediator, in_talks, path, party="2", answer="")
    assert wrong.status_code == 422
    assert "请选能来还是来不了" in wrong.content.decode()


def test_marks_a_session_as_held(mediator: Client, in_talks: Any, watch: Any) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    sitting = Sitting.objects.get()
    watch.at = sitting.ends_at
    assert "这次开过了" in page(mediator, in_talks)
    assert send(mediator, in_talks, f"sessions/{sitting.id}/holding").status_code == 302
    sitting.refresh_from_db()
    assert sitting.state == "held"


def test_a_session_comes_as_a_calendar_file(mediator: Client, in_talks: Any) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    sitting = Sitting.objects.get()
    response = mediator.get(at(in_talks, f"sessions/{sitting.id}.ics"))
    assert response["Content-Type"].startswith("text/calendar")
    assert in_talks.number in response.content.decode()
    assert "李秀英" not in response.content.decode()


def test_nobody_but_the_mediator_learns_of_a_separate_session(
    mediator: Client, recorder: Client, in_talks: Any
) -> None:
    before = page(recorder, in_talks)
    posted = {**SESSION, "with_whom": "1", "room": "elsewhere", "place": "李家"}
    assert send(mediator, in_talks, "sessions", **posted).status_code == 302
    sitting = Sitting.objects.get()
    assert "与李秀英单独谈话" in page(mediator, in_talks)
    assert "单独谈话" not in page(recorder, in_talks)
    assert _plain(before) == _plain(page(recorder, in_talks))
    for path in (f"sessions/{sitting.id}/cancellation", f"sessions/{sitting.id}/replies"):
        assert send(recorder, in_talks, path, party="1", answer="coming").status_code == 404
    assert recorder.get(at(in_talks, f"sessions/{sitting.id}.ics")).status_code == 404
    calendar = recorder.get("/desk/mediations/calendar", {"week": "2026-10-08"}).content.decode()
    assert in_talks.title not in calendar


def test_whoever_keeps_the_record_arranges_no_separate_talk(recorder: Client, in_talks: Any) -> None:
    posted = {**SESSION, "with_whom": "1", "room": "elsewhere", "place": "李家"}
    assert send(recorder, in_talks, "sessions", **posted).status_code == 422


def _plain(shown: str) -> str:
    """A page without what differs by chance, and without its own list of who opened it."""
    shown = re.sub(r"[0-9a-f-]{36}|\b[0-9A-Za-z]{64}\b", "", shown)
    return re.sub(r'<section[^>]*aria-labelledby="(readings|seen?|who)".*?</section>', "", shown, flags=re.S)


# The calendar -----------------------------------------------------------------------------------


def test_the_calendar_shows_my_week(mediator: Client, in_talks: Any) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    shown = mediator.get("/desk/mediations/calendar", {"week": "2026-10-08"}).content.decode()
    assert "09:00—10:30" in shown
    assert in_talks.number in shown
    for odd in ("x", "2026-13-40", "1900-01-01"):
        assert mediator.get("/desk/mediations/calendar", {"week": odd}).status_code == 200


def test_the_address_of_the_calendar_is_shown_once_and_renewed(
    mediator: Client, in_talks: Any, client: Client
) -> None:
    def address() -> str:
        response = mediator.post("/desk/mediations/calendar", {"command_id": str(uuid7())})
        found = re.search(r"/calendars/(\w+)\.ics", response.content.decode())
        assert found
        return found[0]

    first = address()
    assert client.get(first).status_code == 200
    assert first not in mediator.get("/desk/mediations/calendar").content.decode()
    second = address()
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    mediator.post("/desk/mediations/calendar/removal")
    assert client.get(second).status_code == 404
    assert client.get("/calendars/ABCDEFGHJKMNPQRSTVWXYZ2345.ics").status_code == 404


# The record -------------------------------------------------------------------------------------


def record(case: Any) -> Paper:
    return Paper.objects.current().get(case_id=case.pk, kind=PaperKind.RECORD)


def test_each_point_is_saved_by_itself(mediator: Client, in_talks: Any) -> None:
    assert send(mediator, in_talks, "record/points/1", seen="0", text="双方已听清。").status_code == 302
    assert send(mediator, in_talks, "record/points/5", seen="1", text="已告知风险。").status_code == 302
    points = record(in_talks).content["points"]
    assert (points[0], points[4]) == ("双方已听清。", "已告知风险。")
    shown = page(mediator, in_talks)
    assert "已记 2 点" in shown
    assert "程立新" in shown


def test_two_people_may_write_different_points_at_once(
    mediator: Client, recorder: Client, in_talks: Any
) -> None:
    send(mediator, in_talks, "record/points/1", seen="0", text="一")
    send(mediator, in_talks, "record/points/2", seen="1", text="程写的")
    send(recorder, in_talks, "record/points/3", seen="1", text="余写的")
    assert record(in_talks).content["points"][:3] == ["一", "程写的", "余写的"]


def test_the_same_point_written_twice_shows_both_and_loses_neither(
    mediator: Client, recorder: Client, in_talks: Any
) -> None:
    send(mediator, in_talks, "record/points/1", seen="0", text="原来的")
    send(mediator, in_talks, "record/points/1", seen="1", text="程改的")
    response = send(recorder, in_talks, "record/points/1", seen="1", text="余改的")
    shown = response.content.decode()
    assert response.status_code == 409
    assert "程改的" in shown
    assert "余改的" in shown
    assert "程立新" in shown
    assert record(in_talks).content["points"][0] == "程改的"
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen
    assert send(recorder, in_talks, "record/points/1", seen=seen[1], text="合在一起").status_code == 302
    assert record(in_talks).content["points"][0] == "合在一起"


def test_the_head_of_the_record_asks_for_time_and_place(mediator: Client, in_talks: Any) -> None:
    assert mediator.get(at(in_talks, "record")).status_code == 200
    wrong = send(mediator, in_talks, "record", at="", place="", invited="", result="")
    assert wrong.status_code == 422
    assert "请填写地点" in wrong.content.decode()
    right = send(
        mediator, in_talks, "record", at="2026-09-30T17:00", place="第一调解室", invited="陶金枝", result=""
    )
    assert right.status_code == 302
    assert record(in_talks).content["invited"] == ["陶金枝"]


def test_a_point_that_is_too_long_is_not_cut(mediator: Client, in_talks: Any) -> None:
    response = send(mediator, in_talks, "record/points/1", seen="0", text="长" * 8001)
    assert response.status_code == 422
    assert "长" * 8001 in response.content.decode()


@pytest.mark.parametrize("point", ["0", "7", "99"])
def test_there_are_six_points_to_write(mediator: Client, in_talks: Any, point: str) -> None:
    assert send(mediator, in_talks, f"record/points/{point}", seen="0", text="x").status_code == 404


# Separate talks ---------------------------------------------------------------------------------

SECRET = "其实八百块就行，先把管子改了"


def tell(client: Client, case: Any, **changes: str) -> Any:
    posted = {"party": "1", "held_at": "2026-09-30T16:30", "text": SECRET, **changes}
    return send(client, case, "talks", **posted)


def test_a_talk_is_seen_by_its_mediator_alone(
    mediator: Client, recorder: Client, in_talks: Any, desk: Desk
) -> None:
    before = _plain(page(recorder, in_talks))
    assert tell(mediator, in_talks).status_code == 302
    assert SECRET in page(mediator, in_talks)
    shown = page(recorder, in_talks)
    assert SECRET not in shown
    assert "单独谈话" not in shown
    assert before == _plain(shown)
    for name in ("chair", *STRANGERS):
        response = desk(name).get(at(in_talks))
        assert response.status_code == 404 or SECRET not in response.content.decode()


def test_a_second_mediator_does_not_see_the_talks_of_the_first(
    mediator: Client, in_talks: Any, desk: Desk, cast: Cast, watch: Any
) -> None:
    from linli.mediation import actions as mediations

    tell(mediator, in_talks)
    mediations.appoint(
        case=in_talks.pk,
        mediators=[cast.people["mediator"], cast.people["second_mediator"]],
        recorder=None,
        chosen_by_parties=False,
        by=cast["chair"],
        at=watch.on(minutes=1),
        command_id=uuid7(),
    )
    shown = page(desk("second_mediator"), in_talks)
    assert "记一次单独谈话" in shown
    assert SECRET not in shown


def test_a_released_talk_joins_the_record(
    mediator: Client, recorder: Client, in_talks: Any, watch: Any
) -> None:
    from linli.people.access import Actor

    tell(mediator, in_talks)
    talk = Talk.objects.get()
    talks.release_talk(
        case=in_talks.pk,
        talk=talk.id,
        party=1,
        by=Actor.party(in_talks.pk),
        at=watch.on(minutes=1),
        command_id=uuid7(),
    )
    assert SECRET in page(recorder, in_talks)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"party": ""}, "请选是哪一方"),
        ({"party": "9"}, "请选是哪一方"),
        ({"text": ""}, "请写下谈话内容"),
        ({"held_at": "2026-10-30T10:00"}, "不能在现在之后"),
        ({"held_at": "tomorrow"}, "没有“tomorrow”这个时间"),
    ],
)
def test_says_what_is_wrong_with_a_talk_and_keeps_it(
    mediator: Client, in_talks: Any, changes: dict[str, str], said: str
) -> None:
    response = tell(mediator, in_talks, **changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    if "text" not in changes:
        assert SECRET in response.content.decode()
    assert not Talk.objects.exists()


def test_whoever_keeps_the_record_notes_no_talk(recorder: Client, in_talks: Any) -> None:
    assert tell(recorder, in_talks).status_code == 409
    assert not Talk.objects.exists()


# Strangers --------------------------------------------------------------------------------------

POSTED = (
    "sessions",
    "record",
    "record/points/1",
    "talks",
    "terms",
    "terms/drafting",
    "failure",
    "suspension",
)
SHOWN = ("record", "terms", "routes", "file.pdf", "file.docx", "papers/new/identity", "sessions/rooms")


@pytest.mark.parametrize("who", STRANGERS)
def test_for_strangers_nothing_of_it_is_there(desk: Desk, in_talks: Any, who: str) -> None:
    client = desk(who)
    for path in SHOWN:
        assert client.get(at(in_talks, path)).status_code == 404, path
    for path in POSTED:
        assert send(client, in_talks, path).status_code == 404, path


def test_the_sessions_of_a_case_are_not_reached_from_another(
    mediator: Client, in_talks: Any, dispute: Callable[..., Any]
) -> None:
    send(mediator, in_talks, "sessions", **SESSION, room="elsewhere", place="村委会")
    sitting = Sitting.objects.get()
    other = dispute(subject="另一件").case
    assert send(mediator, other, f"sessions/{sitting.id}/cancellation").status_code == 404
    assert timedelta(0) < sitting.ends_at - sitting.starts_at
