"""Compares the tables that two contenders wrote to 1e-9: `same.py FOLDER FOLDER DATE…`; prints how many numbers."""
import sys
from pathlib import Path

import polars as pl

TABLES = [
    ("account_scores", ["account_id"], ["health_score", "score_shown"]),
    ("category_scores", ["account_id", "category"], ["score", "weight", "contribution"]),
    ("metric_scores", ["account_id", "metric"], ["value", "score", "weight", "contribution"]),
]


def fail(text):
    print(text)
    sys.exit(1)


def same(a, b, dates):
    compared = 0
    for date in dates:
        for table, keys, numbers in TABLES:
            left, right = (pl.read_parquet(folder / f"as_of={date}/{table}.parquet").sort(keys) for folder in (a, b))
            if not left.select(keys).equals(right.select(keys)):
                fail(f"{table} of {date}: {a} and {b} do not speak of the same rows")
            for column in numbers:
                x, y = left[column].cast(pl.Float64), right[column].cast(pl.Float64)
                apart = (((x - y).abs() > 1e-9) | (x.is_null() != y.is_null())).fill_null(False)
                if apart.any():
                    row = apart.arg_true()[0]
                    fail(f"{table}.{column} of {date}, {left.select(keys).row(row)}: {x[row]} and {y[row]}")
                compared += len(x)
            if table == "account_scores" and not left["band"].equals(right["band"]):
                fail(f"bands of {date}: {a} and {b} differ")
    return compared


a, b, *dates = sys.argv[1:]
print(same(Path(a), Path(b), dates))
