"""Every text people read exists in Chinese and in English; `linli.kit.messages` says what a fault is."""

from __future__ import annotations

import re
from pathlib import Path

from linli.kit import messages

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"
# Comments, and regular expressions that read Chinese rather than show it.
UNSHOWN = re.compile(r"/\*.*?\*/|//[^\n]*|/[^/\n]*[\u3400-\u9fff][^/\n]*/[a-z]*", re.DOTALL)


def bare_in_scripts(folder: Path) -> list[str]:
    """Chinese text in scripts, which get their words from the page (data attributes) instead."""
    files = [path for suffix in ("*.ts", "*.js") for path in sorted(folder.rglob(suffix))]
    return [
        path.name for path in files if messages.HAN.search(UNSHOWN.sub("", path.read_text(encoding="utf-8")))
    ]


def test_every_text_stands_in_both_languages() -> None:
    faults = messages.check()
    assert not faults, "\n".join(faults)


def test_scripts_take_their_words_from_the_page() -> None:
    assert bare_in_scripts(FRONTEND) == []


def test_catches_words_in_scripts(tmp_path: Path) -> None:
    (tmp_path / "good.ts").write_text(
        "// 说明\nconst words = this.dataset.words; /* 说明 */\n", encoding="utf-8"
    )
    (tmp_path / "bad.ts").write_text('show("已收到");\n', encoding="utf-8")
    assert bare_in_scripts(tmp_path) == ["bad.ts"]
