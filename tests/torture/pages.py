"""Writes what was found into docs/trust.md, between marks, so that nothing there is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torture.profiles import AMOUNTS

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
        lines.append(f"| `{one.name}` | {one.says} | {one.guarded} |")
    return "\n".join(lines)


def figures(found: dict[str, Any]) -> str:
    from torture.report import rows

    lines = ["| what | done | found |", "|---|---|---|"]
    lines += [f"| {what} | {done} | {said} |" for what, done, said in rows(found)]
    machine = found["machine"]
    about = (
        f"`{found['command']}`, {found['at']}, {found['minutes']} minutes on {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}, PostgreSQL {machine['postgresql']}, "
        f"Python {machine['python']}."
    )
    when: dict[str, list[str]] = {}
    for name, one in found["parts"].items():
        if "at" in one:
            when.setdefault(str(one["at"]), []).append(name)
    apart = "; ".join(f"{', '.join(names)}: {at}" for at, names in when.items())
    missing = [name for name in AMOUNTS[found["profile"]] if name not in found["parts"]]
    rest = f"Not run through: {', '.join(missing)}." if missing else ""
    if apart:
        rest = f"Part by part; {apart}. {rest}".strip()
    return "\n\n".join(part for part in (about, found.get("note", ""), "\n".join(lines), rest) if part)


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Several runs of single parts as one: of a part that was run twice, the later counts."""
    runs = sorted(runs, key=lambda run: str(run["at"]))
    parts = {name: {"at": run["at"], **one} for run in runs for name, one in run["parts"].items()}
    order = [name for name in AMOUNTS[runs[0]["profile"]] if name in parts]
    notes = " ".join(run["note"] for run in runs if run.get("note"))
    return {
        **runs[-1],
        "minutes": round(sum(run["minutes"] for run in runs)),
        "parts": {name: parts[name] for name in order},
        **({"note": notes} if notes else {}),
    }


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
    if len(sys.argv) > 1:  # what `make torture PROFILE=long` has written, in one run or part by part
        runs = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
        FIGURES.write_text(json.dumps(together(runs), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    TRUST.write_text(written(TRUST.read_text(encoding="utf-8")), encoding="utf-8")
