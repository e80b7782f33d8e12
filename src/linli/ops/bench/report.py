"""The figures as a table, each beside what it has to reach."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

Row = tuple[str, str, str, str]
SHARE, STATEMENTS, CASE_STATEMENTS, SLOWER, MICROSECONDS, MEGABYTES = 0.20, 8, 12, 1.5, 30, 200
EXPORT_SECONDS, EXPORT_MEGABYTES = 60, 300
VERIFY_SECONDS = 30
FIGURES_MS, COUNTING = 150, 0.10
LOST_PERCENT = 15  # of the speed of intake, by everything that guards it

SEARCH = {"search": 150, "search_sqlite": 100}  # milliseconds at most: PostgreSQL, SQLite


def machine(postgresql: str) -> dict[str, Any]:
    """What was measured on."""
    memory = next(
        line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")
    )
    processor = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory.split()[1]) / 1e6, 1),
        "processor": processor[0].split(":")[1].strip() if processor else platform.machine(),
        "python": platform.python_version(),
        "postgresql": postgresql,
    }


def rows(found: dict[str, Any]) -> Iterator[Row]:
    """Lines of the table: what, how much, what it must reach, whether it does."""
    if "intake" in found:
        yield from _intake(found["intake"])
    if "pages" in found:
        yield from _pages(found["pages"])
    if "lookup" in found:
        spent = found["lookup"]["microseconds"]
        what = _("定位到网格，%(n)d 个多边形") % {"n": found["lookup"]["polygons"]}
        yield what, f"{spent} µs", f"≤ {MICROSECONDS} µs", mark(is_reached=spent <= MICROSECONDS)
    yield from _ledgers(found)
    for form, one in found.get("exports", {}).items():
        yield _export(form, one)
    if "measures" in found:
        yield from _measures(found["measures"])
    for name, most in SEARCH.items():
        for one in found.get(name, {}).get("found", []):
            yield _searched(found[name], one, most)


def _beside(found: dict[str, Any]) -> Iterator[Row]:
    labels = {
        "guarded": _("受理一件，日志、密封和行级策略"),
        "counted": _("受理一件，再加各种限量"),
        "busy": _("受理一件，忙时限量由数据库计数"),
        "receipts": _("受理一件，再取签名的回执"),
    }
    bare = found["without"]["processor_ms"]
    for name, label in labels.items():
        one = found[name]
        said = f"{bare} → {one['processor_ms']} ms, {one['lost_percent']} %"
        if name == "receipts":  # a page of its own, after intake
            yield label, said, "", ""
        else:
            yield label, said, f"≤ {LOST_PERCENT} %", mark(is_reached=one["lost_percent"] <= LOST_PERCENT)


def _ledgers(found: dict[str, Any]) -> Iterator[Row]:
    if "beside" in found:
        yield from _beside(found["beside"])
    for name in ("ledger", "ledger_sqlite"):
        if name in found:
            yield from _ledger(name, found[name])


def _ledger(name: str, one: dict[str, Any]) -> Iterator[Row]:
    what = _("日志，%(database)s：核对 %(events)s 条") % {
        "database": "SQLite" if name.endswith("sqlite") else "PostgreSQL",
        "events": f"{one['events']:,}",
    }
    said = _("%(together_s).1f 秒（%(jobs)d 个进程；一个进程 %(alone_s).1f 秒），%(faults)d 处不对") % one
    is_reached = one["together_s"] < VERIFY_SECONDS and not one["faults"]
    yield what, said, _("少于 %(seconds)d 秒") % {"seconds": VERIFY_SECONDS}, mark(is_reached=is_reached)
    said = _("排序 %(order_s).1f 秒，成树并签名 %(sign_s).1f 秒，一份证明 %(proof_ms).2f ms") % one
    yield _("日志：排序、签名、证明"), said, "", ""


def _measures(found: dict[str, Any]) -> Iterator[Row]:
    for size in found["read"]:
        for name in FIGURES:
            one = size[name]
            what = _("数字 · %(page)s，%(size)s 件，合计 %(rows)s 行") % {
                "page": _label(name),
                "size": f"{size['size']:,}",
                "rows": f"{size['rows']:,}",
            }
            said = _("中位 %(p50_ms).0f ms，p95 %(p95_ms).0f ms") % one
            is_reached = one["p95_ms"] <= FIGURES_MS
            yield what, said, f"p95 ≤ {FIGURES_MS} ms", mark(is_reached=is_reached)
    cost = found["intake"]
    said = _("%(with).0f 件/秒，不计数时 %(without).0f 件/秒，慢 %(percent).1f%%") % {
        **cost,
        "percent": 100 * cost["cost"],
    }
    is_reached = cost["cost"] <= COUNTING
    yield _("一边受理一边计数，8 个客户端"), said, f"≤ {COUNTING:.0%}", mark(is_reached=is_reached)


def mark(*, is_reached: bool) -> str:
    return _("达到") if is_reached else _("未达到")


def _searched(found: dict[str, Any], one: dict[str, Any], most: int) -> Row:
    share = found["shares"][one["word"]]
    what = _("搜“%(word)s”（%(share)s），%(level)s，第 %(page)d 页，%(cases)s 件") % {
        "word": one["word"],
        "share": f"{share:.3%}",
        "level": _label(one["level"]),
        "page": one["page"],
        "cases": f"{found['cases']:,}",
    }
    said = _("%(rows)d 行，中位 %(p50_ms).0f ms，p95 %(p95_ms).0f ms；整页 p95 %(page_p95_ms).0f ms")
    return what, said % one, f"p95 ≤ {most} ms", mark(is_reached=one["p95_ms"] <= most)


def _export(form: str, one: dict[str, Any]) -> Row:
    what = _("导出 %(form)s，%(rows)s 行 %(columns)d 列") % {**one, "form": form, "rows": f"{one['rows']:,}"}
    said = (
        _("%(seconds).1f 秒，%(per_second)d 行/秒，内存最多 %(memory_mb).0f MB，文件 %(file_mb).0f MB") % one
    )
    is_reached = one["seconds"] < EXPORT_SECONDS and one["memory_mb"] < EXPORT_MEGABYTES
    wanted = _("少于 %(seconds)d 秒、%(memory)d MB") % {"seconds": EXPORT_SECONDS, "memory": EXPORT_MEGABYTES}
    return what, said, wanted, mark(is_reached=is_reached)


def _intake(found: dict[str, Any]) -> Iterator[Row]:
    for clients in (1, 8, 32):
        one = found[f"clients_{clients}"]
        what = _("受理（HTTP 到入库），%(n)d 个客户端") % {"n": clients}
        said = _(
            "%(rate).0f 件/秒，中位 %(p50).0f ms，p99 %(p99).0f ms；pgbench %(limit).0f，占 %(share).2f"
        ) % {
            "rate": one["per_second"],
            "p50": one["p50_ms"],
            "p99": one["p99_ms"],
            "limit": one["pgbench"],
            "share": one["share"],
        }
        is_bound = clients == 8
        yield (
            what,
            said,
            f"≥ {SHARE:.2f}" if is_bound else "",
            mark(is_reached=one["share"] >= SHARE) if is_bound else "",
        )
    yield _("受理一件的 SQL 语句"), str(found["statements"]), "", ""
    yield _memory(found["memory"])


def _memory(found: dict[str, float]) -> Row:
    said = _("%(web).0f MB（全部进程合计 %(all).0f MB）") % {"web": found["web_mb"], "all": found["all_mb"]}
    return _("网页进程的内存"), said, f"≤ {MEGABYTES} MB", mark(is_reached=found["web_mb"] <= MEGABYTES)


def _pages(found: list[dict[str, Any]]) -> Iterator[Row]:
    first = found[0]
    for size in found:
        for name in NAMES:
            yield _page(name, size, first)
        yield _memory(size["memory"])


def _page(name: str, size: dict[str, Any], first: dict[str, Any]) -> Row:
    one, most = size[name], CASE_STATEMENTS if name == "case" else STATEMENTS
    said = _("%(rows)d 行，%(n)d 条语句，中位 %(p50).1f ms，p99 %(p99).1f ms") % {
        "rows": one["rows"],
        "n": one["statements"],
        "p50": one["p50_ms"],
        "p99": one["p99_ms"],
    }
    is_same = name not in ("case", "tracking") and one["rows"] == first[name]["rows"]
    wanted, is_reached = f"≤ {most}", one["statements"] <= most
    if is_same and size is not first:
        slower = one["p99_ms"] / first[name]["p99_ms"]
        said += f"（× {slower:.2f}）"
        wanted += f"，p99 ≤ × {SLOWER}"
        is_reached = is_reached and slower <= SLOWER
    if name == "tracking":
        wanted, is_reached = "", True
    return f"{_label(name)}，{size['cases']:,}", said, wanted, mark(is_reached=is_reached) if wanted else ""


def _label(name: str) -> str:
    labels = {
        "cases": _("在办事项"),
        "all": _("全部事项，含已办结"),
        "work": _("我的工作"),
        "case": _("一件事项"),
        "tracking": _("查进度"),
        "county": _("县"),
        "township": _("乡镇"),
        "grid": _("网格"),
        "village": _("村"),
        "department": _("部门"),
        "map": _("地图"),
        "areas": _("地图的轮廓和深浅"),
        "behind": _("数字背后的事项"),
        "few": _("很少几件"),
    }
    return " · ".join(labels[part] for part in name.split("_"))


FIGURES = ("county", "township", "village", "grid", "department", "map", "areas", "behind", "behind_few")
LEVELS = ("county", "township", "grid")
NAMES = (*(f"{page}_{level}" for page in ("cases", "all", "work") for level in LEVELS), "case", "tracking")
