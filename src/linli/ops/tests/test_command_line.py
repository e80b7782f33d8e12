"""`linli` answers in the reader's language, and says plainly what is wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from rich.console import Console

from linli.ops import __main__ as command_line
from linli.ops import serving
from linli.ops.demo import showing
from linli.people.models import Person


@pytest.fixture(autouse=True)
def _language_after() -> Iterator[None]:
    with translation.override(None):
        yield


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, language: str = "zh_CN.UTF-8") -> int:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", language)
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    return int(ended.value.code or 0)


def test_help_lists_our_commands_in_chinese(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert run(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    assert "打开网站" in said
    assert all(f"  {name} " in said for name in list(command_line.commands()))


def test_help_lists_our_commands_in_english(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert run(monkeypatch, "--help", language="en_GB.UTF-8") == 0
    assert "the web server" in capsys.readouterr().out


def test_starts_with_an_empty_environment(tmp_path: Path) -> None:
    package = Path(command_line.__file__).parents[2]
    environment = {"LINLI_VAR": str(tmp_path), "PYTHONPATH": str(package), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "linli.ops", "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert "the web server" in done.stdout


def test_every_command_of_the_package_is_listed() -> None:
    from django.core.management import get_commands

    ours = {name for name, app in get_commands().items() if app == "linli.ops"}
    listed = {name.replace("-", "_") for name in command_line.commands()}  # a module's name has no hyphen
    assert ours <= listed <= set(get_commands())


@pytest.mark.parametrize("name", list(command_line.commands()))
def test_every_command_explains_itself_in_both_languages(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    said = []
    for language in ("zh_CN.UTF-8", "en_GB.UTF-8"):
        assert run(monkeypatch, name, "--help", language=language) == 0
        said.append(capsys.readouterr().out)
    if name not in ("migrate", "createsuperuser"):  # Django's own
        assert said[0] != said[1]


@pytest.mark.parametrize(
    ("given", "word"), [("doctr", "linli doctor"), ("xyzzy", "linli --help"), ("", "worker")]
)
def test_an_unknown_or_missing_command_is_answered(
    given: str, word: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert run(monkeypatch, *([given] if given else [])) == 2
    assert word in capsys.readouterr().err


def test_says_its_version(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("linli ")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("zh_CN.UTF-8", "zh-hans"), ("en_GB.UTF-8", "en"), ("C.UTF-8", "en"), ("de_DE", "en"), ("", "en")],
)
def test_the_terminal_says_which_language(language: str, expected: str) -> None:
    assert command_line.language({"LANG": language}) == expected
    assert command_line.language({"LANGUAGE": "zh_CN:en", "LANG": language}) == "zh-hans"


def test_a_taken_port_is_refused_with_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=str(port)) as refused:
            serving.check_port("127.0.0.1", port)
        named = int(str(refused.value).rsplit(" ", 1)[1])
        serving.check_port("127.0.0.1", named)


@pytest.mark.parametrize(
    ("host", "port", "word"), [("nowhere.invalid", 8000, "nowhere.invalid"), ("127.0.0.1", 70_000, "70000")]
)
def test_an_impossible_address_is_refused(host: str, port: int, word: str) -> None:
    with pytest.raises(CommandError, match=word):
        serving.check_port(host, port)


def test_addresses_can_be_typed_into_a_browser() -> None:
    assert serving.address("0.0.0.0", 80) == "http://127.0.0.1:80/"
    assert serving.address("::1", 8000) == "http://[::1]:8000/"


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demonstration_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, told: signal.Signals
) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
        running.append(subprocess.Popen(sleeping, start_new_session=True))  # noqa: S603
        return running[-1]

    monkeypatch.setattr(showing, "_start", start)
    monkeypatch.setattr(showing, "_wait_until_answering", lambda *_: os.kill(os.getpid(), told))
    before = signal.getsignal(told)
    showing.serve(Console(file=StringIO()), "127.0.0.1", 8000)
    assert len(running) == 2
    assert all(process.poll() is not None for process in running)
    assert signal.getsignal(told) == before


@pytest.mark.django_db
def test_opens_an_administrators_account_without_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "spring-rice-9-boats")
    arguments = ["--noinput", "--username", "head", "--name", "管立"]
    call_command("createsuperuser", *arguments, stdout=StringIO())
    person = Person.objects.get(username="head")
    assert (person.name, person.is_superuser, person.check_password("spring-rice-9-boats")) == (
        "管立",
        True,
        True,
    )
    with pytest.raises(CommandError):
        call_command("createsuperuser", *arguments, stdout=StringIO())
