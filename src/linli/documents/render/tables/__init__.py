"""Rows to files, batch by batch: CSV, XLSX and Parquet. Reads no table and keeps no more than a few batches."""

from __future__ import annotations

from pathlib import Path

from .cells import Column, Kind, Row, Rows, Style, Writer

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
__all__ = ["TYPES", "Column", "Kind", "Row", "Rows", "Style", "Writer", "begin"]


def begin(form: str, path: Path, columns: list[Column], style: Style) -> Writer:
    """Opens a new file of that form; rows are handed over in batches, and `close` makes it whole."""
    if form == "csv":
        from .csv import CsvWriter

        return CsvWriter(path, columns, style)
    if form == "xlsx":
        from .excel import ExcelWriter

        return ExcelWriter(path, columns, style)
    from .parquet import ParquetTable  # loads pyarrow, which only those who want it should pay for

    return ParquetTable(path, columns, style)
