"""`python -m api.data_out.parquet_process`: reads a table as lines of JSON, writes it as Parquet.

A process of its own: pyarrow takes 50 MB. The first line is the columns (pairs of a name and a
kind, see `api.data_out.flat_table`) and the metadata of the file; each other one a batch of rows,
by column; the last one is `END`. Without it the input was cut off: the exit code is 1, and the
output has no end either. A row group is written as soon as it is full.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.data_out import END
from service import process_bounds

# Rows of a row group: some MB in memory.
GROUP = 5_000
LIMIT_BYTES = 2 * 2**30
_TYPES = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "json": pa.string(),
    "time": pa.timestamp("us", "UTC"),
    "floats": pa.list_(pa.float64()),
}
_NUMBERS = frozenset({"int", "float", "time", "floats"})


class _NoPandas(MetaPathFinder):
    """Lets pyarrow find no pandas: it looks for it with the first array, and it takes 50 MB."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse pandas, and leave all else to the next finder."""
        del path, target
        if fullname == "pandas":
            raise ImportError(f"{fullname} is not needed here")


def main() -> None:
    """Write the file of the table on stdin to stdout."""
    process_bounds.bound(data_bytes=LIMIT_BYTES)
    lines, out = sys.stdin.buffer, sys.stdout.buffer
    pa.set_memory_pool(pa.system_memory_pool())  # the others keep what was freed
    head = json.loads(lines.readline())
    sys.meta_path.insert(0, _NoPandas())
    pairs = [(name, _TYPES[kind]) for name, kind in head["columns"]]
    schema = pa.schema(pairs, metadata=head["metadata"])
    # Numbers hardly repeat: a dictionary of them takes room in the file and in memory.
    words: Any = [name for name, kind in head["columns"] if kind not in _NUMBERS]
    file = pa.PythonFile(out, "w")
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=words) as writer:
        out.flush()  # its reader waits for the first bytes
        group: list[pa.RecordBatch] = []
        while (line := lines.readline()) != END:
            if not line:
                os._exit(1)  # no end of the file is written
            group.append(_batch(json.loads(line), schema))
            if sum(batch.num_rows for batch in group) >= GROUP:
                writer.write_table(pa.Table.from_batches(group))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group))
    out.flush()


def _batch(columns: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return columns as arrays, which take a tenth of the memory."""
    arrays = [_array(values, own.type) for values, own in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_float64(kind):  # JSON's 1 is a number, too
        return pa.array([None if v is None else float(v) for v in values], kind)
    return pa.array(values, kind)


if __name__ == "__main__":
    main()
