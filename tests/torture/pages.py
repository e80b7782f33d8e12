"""Writes what was found into docs/trust.md, between marks, so that nothing there is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRUST = ROOT / "docs" / "trust.md"
FIGURES = ROOT / "tests" / "torture" / "figures.json"
MARKS = "<!-- {name}: written by `make torture-pages` -->", "<!-- end of {name} -->"


def put(text: str, name: str, body: str) -> str:
    """The page with this body between the marks of that name."""
    begin, end = (mark.format(name=name) for mark in MARKS)
    before, _begin, rest = text.partition(begin)
    _old, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"docs/trust.md has no marks for {name}")
    return f"{before}{begin}\n\n{body}\n\n{end}{after}"


def faults() -> str:
    """The table of planted faults, by area."""
    from torture.faults import AREAS, every
    from torture.plants import IN_PARTS

    lines = ["| fault (`PLANT=…`) | what is broken | the guard that catches it |", "|---|---|---|"]
    known = list(every().values())
    for area, label in AREAS.items():
        mine = sorted((fault for fault in known if fault.area == area), key=lambda fault: fault.name)
        lines.append(f"| **{label}** ({len(mine)}) | | |")
        lines += [f"| `{one.name}` | {one.says} | {one.guarded} |" for one in mine]
    lines.append(f"| **the whole harness** ({len(IN_PARTS)}) | | |")
    for one in IN_PARTS.values():
        seen = "" if one.seen else " (planted, but no run so far was long enough to catch it)"
        lines.append(f"| `{one.name}` | {one.says} | {one.guarded}{seen} |")
    return "\n".join(lines)


def figures(found: dict[str, Any]) -> str:
    from torture.profiles import AMOUNTS
    from torture.report import rows

    lines = ["| what | done | found |", "|---|---|---|"]
    lines += [f"| {what} | {done} | {said} |" for what, done, said in rows(found)]
    machine = found["machine"]
    about = (
        f"`{found['command']}`, {found['at']}, {found['minutes']} minutes on {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}, PostgreSQL {machine['postgresql']}, "
        f"Python {machine['python']}."
    )
    missing = [name for name in AMOUNTS[found["profile"]] if name not in found["parts"]]
    rest = f"Not reached in that run: {', '.join(missing)}." if missing else ""
    return "\n\n".join(part for part in (about, found.get("note", ""), "\n".join(lines), rest) if part)


def written(text: str) -> str:
    """The page as it should stand."""
    text = put(text, "planted faults", faults())
    if FIGURES.exists():
        text = put(text, "figures", figures(json.loads(FIGURES.read_text(encoding="utf-8"))))
    return text


if __name__ == "__main__":
    import sys

    import django

    django.setup()
    if len(sys.argv) > 1:  # what `make torture PROFILE=long` has written
        FIGURES.write_text(Path(sys.argv[1]).read_text(encoding="utf-8"), encoding="utf-8")
    TRUST.write_text(written(TRUST.read_text(encoding="utf-8")), encoding="utf-8")
