"""The one way out: to public addresses alone, to the very address that was checked, and never for long."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linli.notify.senders import guarded
from linli.notify.senders.addresses import Refused, check, parse
from linli.notify.tests import listener as behaviours
from linli.notify.tests.listener import Listener

PUBLIC = "93.184.216.34"


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def intranet(settings: Any, listener: Listener) -> None:
    """127.0.0.1 opened by the settings, as a town opens its own network."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_PORTS = [443, 80, listener.port]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Fakes the answers of the resolver, one list a question; the last stays. Gives the questions asked."""
    asked: list[str] = []

    def fake(*answers: list[str]) -> list[str]:
        def getaddrinfo(host: str, port: int, **_options: Any) -> list[Any]:
            asked.append(host)
            now = answers[min(len(asked), len(answers)) - 1]
            if not now:
                raise socket.gaierror
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return fake


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every address a connection is made to; none is made."""
    found: list[tuple[str, int]] = []

    def connect(_line: socket.socket, address: tuple[str, int]) -> None:
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


def post(url: str, **options: Any) -> guarded.Answer:
    return guarded.ask("POST", url, headers={"webhook-id": "evt_1"}, body=b"{}", **options)


# What may be asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/", "scheme"),
        ("ftp://example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1:70/_", "scheme"),
        ("//example.org/", "scheme"),
        ("https://", "host"),
        ("https:///hook", "host"),
        ("https://user@example.org/", "userinfo"),
        ("https://user:pass@example.org/", "userinfo"),
        ("https://example.org@127.0.0.1/", "userinfo"),
        ("https://example.org:22/", "port"),
        ("https://example.org:6379/", "port"),
        ("https://example.org:0/", "port"),
        ("https://example.org:99999/", "url"),
        ("https://example.org:/", "url"),
        ("https://example.org:4 43/", "url"),
        ("https://example.org/#x", "url"),
        ("https://example.org/\r\nHost: evil", "url"),
        ("https://example.org\\@127.0.0.1/", "url"),
        ("https://exam\u3002ple.org/", "url"),
        ("https://ⓔxample.org/", "url"),
        ("https://127.1/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://017700000001/", "host"),
        ("https://127.0.0.1./", "host"),
        ("https://0/", "host"),
        ("https://1.2.3.4.5/", "host"),
        ("https://[::ffff:7f00:1%25eth0]/", "host"),
        ("https://[0:0:0:0:0:0:0:1]/", "host"),
        ("https://[::1/", "url"),
        ("https://-x.org/", "host"),
        ("https://a..org/", "host"),
        ("https://a_b.org/", "host"),
        ("https://example.org/" + "x" * 500, "url"),
    ],
)
def test_odd_addresses_are_no_addresses(url: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(url)
    assert refused.value.why == why


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.org", "example.org", "/"),
        ("https://EXAMPLE.org:8443/a/b?c=d&e=%2F", "example.org:8443", "/a/b?c=d&e=%2F"),
        ("https://xn--fsqu00a.xn--0zwm56d/", "xn--fsqu00a.xn--0zwm56d", "/"),
        (f"https://{PUBLIC}:443/x", PUBLIC, "/x"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]", "/"),
    ],
)
def test_plain_addresses_are_taken_apart(url: str, authority: str, path: str) -> None:
    target = parse(url)
    assert (target.authority, target.path) == (authority, path)


CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:93.184.216.34 ::127.0.0.1
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::5db8:d822 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
2001:db8::1 2002:7f00:1::1 2002:5db8:d822::1 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1
""".split()


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_the_public_internet_is_closed(address: str) -> None:
    with pytest.raises(Refused, match="address"):
        check(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2400:3200::1"]
)
def test_what_is_public_is_open(address: str) -> None:
    assert str(check(address)) == address


def test_an_opened_network_opens_itself_alone_and_no_hidden_form_of_it(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["10.20.0.0/16", "fd12::/48", "::/0", "2002::/16"]
    assert str(check("10.20.3.4")) == "10.20.3.4"
    assert str(check("fd12::5")) == "fd12::5"
    for address in (
        "10.21.0.1",
        "127.0.0.1",
        "::ffff:10.20.3.4",
        "64:ff9b::a14:304",
        "2002:a14:304::1",
        "fe80::1%1",
    ):
        with pytest.raises(Refused):
            check(address)


# Names --------------------------------------------------------------------------------------------


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing(names: Any, called: Any) -> None:
    asked = names([PUBLIC], ["127.0.0.1"])
    with pytest.raises(guarded.Failed, match="connect"):
        post("https://rebind.example/")
    assert (asked, called) == (["rebind.example"], [(PUBLIC, 443)])


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["169.254.169.254", PUBLIC], ["::ffff:10.0.0.1"]]
)
def test_a_name_with_one_closed_address_among_its_answers_is_not_asked(
    names: Any, called: Any, answers: list[str]
) -> None:
    names(answers)
    with pytest.raises(Refused, match="address"):
        post("https://inside.example/")
    assert called == []


def test_a_name_nobody_knows_is_a_failure(names: Any, called: Any) -> None:
    names([])
    with pytest.raises(guarded.Failed, match="dns"):
        post("https://nobody.example/")


def test_a_resolver_that_says_nothing_is_waited_for_no_longer_than_the_rest(
    monkeypatch: pytest.MonkeyPatch, called: Any
) -> None:
    over = threading.Event()

    def slow(*_asked: Any, **_options: Any) -> list[Any]:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(guarded.Failed, match="dns"):
        post("https://slow.example/", seconds=0.2)
    assert time.monotonic() - began < 10
    over.set()


def test_the_next_address_of_a_name_is_tried(names: Any, called: Any) -> None:
    names([PUBLIC, "1.1.1.1", "8.8.8.8", "9.9.9.9"])
    with pytest.raises(guarded.Failed, match="connect"):
        post("https://many.example/")
    assert [address for address, _port in called] == [PUBLIC, "1.1.1.1", "8.8.8.8"]


# Answers ------------------------------------------------------------------------------------------


def at(listener: Listener, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{listener.port}{path}"


def test_a_request_arrives_whole_and_nothing_of_the_environment_with_it(
    intranet: None, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    listener.behaviour = behaviours.status(202)
    answer = post(at(listener, "/hook?a=b"))
    assert answer == guarded.Answer(202, b"ok", True)
    head, _sep, body = listener.requests[0].partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    assert first == "POST /hook?a=b HTTP/1.1"
    assert {row.split(": ")[0]: row.split(": ")[1] for row in rest} == {
        "Host": f"127.0.0.1:{listener.port}",
        "User-Agent": "Linli",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "webhook-id": "evt_1",
        "Content-Length": "2",
    }
    assert body == b"{}"


def test_without_the_setting_this_machine_is_closed(listener: Listener, settings: Any) -> None:
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_PORTS = [listener.port]
    with pytest.raises(Refused, match="address"):
        post(at(listener))
    assert listener.requests == []


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(intranet: None, listener: Listener, code: int) -> None:
    listener.behaviour = behaviours.status(code, f"Location: {at(listener, '/secret')}\r\n")
    with pytest.raises(guarded.Failed, match="redirect") as failed:
        post(at(listener))
    assert failed.value.status == code
    assert len(listener.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (behaviours.silent, "timeout"),
        (behaviours.dribbles, "timeout"),
        (behaviours.endless_head, "broken"),
        (behaviours.says(b"220 mail.example ESMTP\r\n"), "broken"),
        (behaviours.says(b""), "broken"),
        (behaviours.says(b"HTTP/1.1 2000 OK\r\n\r\n"), "broken"),
    ],
)
def test_what_is_no_answer_fails_in_time(
    intranet: None, listener: Listener, behaviour: behaviours.Behaviour, why: str
) -> None:
    listener.behaviour = behaviour
    seconds = 0.4 if why == "timeout" else guarded.TOTAL_SECONDS  # what is wrong is wrong before any limit
    began = time.monotonic()
    with pytest.raises(guarded.Failed, match=why):
        post(at(listener), seconds=seconds)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("behaviour", [behaviours.never_ends, behaviours.five_megabytes])
def test_of_a_long_answer_the_beginning_is_read(
    intranet: None, listener: Listener, behaviour: behaviours.Behaviour
) -> None:
    listener.behaviour = behaviour
    began = time.monotonic()
    answer = post(at(listener), seconds=2)
    assert time.monotonic() - began < 10
    assert (answer.status, answer.is_whole) == (200, False)
    assert 0 < len(answer.body) <= guarded.MOST_BYTES


def test_a_header_that_would_be_two_is_not_sent(intranet: None, listener: Listener) -> None:
    with pytest.raises(Refused):
        guarded.ask("GET", at(listener), headers={"X": "a\r\nHost: b"})
    assert all(b"Host: b" not in request for request in listener.requests)


# TLS ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hook.example, signed by itself, made for this run."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=hook.example -addext subjectAltName=DNS:hook.example -keyout {path} -out {path}.crt"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl on this machine")
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.mark.parametrize(
    ("host", "trusts", "why"),
    [
        ("hook.example", True, ""),
        ("other.example", True, "tls"),
        ("hook.example", False, "tls"),
        ("127.0.0.1", True, "tls"),
    ],
)
def test_the_certificate_must_be_for_the_name_asked(
    intranet: None, listener: Listener, names: Any, certificate: Path, host: str, trusts: bool, why: str
) -> None:
    listener.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listener.context.load_cert_chain(certificate)
    names(["127.0.0.1"])
    context = ssl.create_default_context(cafile=str(certificate)) if trusts else None
    url = f"https://{host}:{listener.port}/"
    if why:
        with pytest.raises(guarded.Failed, match=why):
            post(url, context=context)
        assert listener.requests == []
    else:
        assert post(url, context=context).status == 204
