"""Parquet with real types, written by row groups. Texts stay what they are: no reader of Parquet calculates."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .cells import Column, Kind, Row, Rows, Style, texts

GROUP = 30_000  # rows
TYPES = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.DAY: pa.date32(),
    Kind.YES: pa.bool_(),
}


class ParquetTable:
    def __init__(self, path: Path, columns: list[Column], style: Style) -> None:
        self.columns = columns
        types = {**TYPES, Kind.MOMENT: pa.timestamp("us", tz=style.zone.key)}
        fields = [
            pa.field(column.name, types[column.kind], metadata={"label": str(column.label)})
            for column in columns
        ]
        self.schema = pa.schema(fields, metadata={"title": style.title})
        self.file = path.open("xb")
        self.writer = pq.ParquetWriter(self.file, self.schema, compression="zstd")
        self.kept: list[Row] = []

    def write(self, rows: Rows) -> None:
        self.kept += rows
        if len(self.kept) >= GROUP:
            self._group()

    def close(self) -> None:
        if self.kept:
            self._group()
        self.writer.close()
        self.file.close()

    def _group(self) -> None:
        arrays = [
            pa.array(_values(column, values), field.type)
            for column, field, values in zip(
                self.columns, self.schema, zip(*self.kept, strict=True), strict=True
            )
        ]
        self.kept = []
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))


def _values(column: Column, values: Iterable[Any]) -> Iterable[Any]:
    if column.kind is not Kind.TEXT:
        return values
    return [None if value == "" else value for value in texts(values).values]
