"""Writes seeded exports of N accounts: accounts, daily usage, tickets, and usage as single events.

Usage has a row for about a third of the days, an account more or less by its own habit; the rows of
a day stand together, its accounts in no order, as a warehouse loads them. The same seed, accounts and
days give the same files.
"""
import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = dt.date(2026, 10, 31)
EPOCH = dt.date(1970, 1, 1)
ROW_GROUP = 1_000_000


def ids(numbers):
    """Account ids as text, from their numbers."""
    return pa.array(np.char.add("ACC-", np.char.zfill(numbers.astype("U7"), 7)))


def write(path, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=ROW_GROUP)


def dates(days):
    return pa.array(days.astype("int32")).cast(pa.date32())


def make(folder: Path, accounts: int, days: int, events: bool, seed: int = 2026):
    """Writes the exports below `folder`, unless they are there already."""
    done = folder / "done"
    if done.exists():
        return
    rng = np.random.default_rng(seed)
    last = (AS_OF - EPOCH).days
    numbers = np.arange(accounts)
    names = ids(numbers)
    seats = rng.integers(1, 200, accounts)
    write(folder / "accounts.parquet", {
        "account_id": names,
        "account_name": pa.array(np.char.add("Customer ", numbers.astype("U7"))),
        "account_type": pa.array(np.where(rng.random(accounts) < 0.01, "test", "customer")),
        "seats": pa.array(seats),
        "renewal_date": dates(last + rng.integers(1, 366, accounts)),
    })
    habit = rng.beta(2, 4, accounts)
    if events:
        people(folder, rng, names, habit, seats, last, days)
    else:
        usage(folder, rng, names, habit, seats, last, days)
        tickets(folder, rng, names, last, days)
    done.write_text("")


def usage(folder, rng, names, habit, seats, last, days):
    month = None
    parts = []

    def flush():
        if parts:
            columns = {key: pa.chunked_array([part[key] for part in parts]) for key in parts[0]}
            write(folder / f"usage/{month}.parquet", columns)
            parts.clear()

    for day in range(last - days + 1, last + 1):
        this = (EPOCH + dt.timedelta(days=day)).strftime("%Y-%m")
        if this != month:
            flush()
            month = this
        there = rng.permutation(np.flatnonzero(rng.random(len(habit)) < habit))
        n = len(there)
        count = rng.poisson(20, n)
        parts.append({
            "account_id": names.take(pa.array(there)),
            "day": dates(np.full(n, day)),
            "events": pa.array(count.astype("int32")),
            "active_users": pa.array(np.minimum(1 + rng.poisson(5, n), seats[there]).astype("int32")),
            "minutes": pa.array((count * rng.integers(0, 5, n)).astype("int32")),
            "errors": pa.array(rng.binomial(count, 0.02).astype("int32")),
        })
    flush()


def tickets(folder, rng, names, last, days):
    n = max(1, len(names) * 5 * days // 91)
    whose = rng.integers(0, len(names), n)
    opened = np.sort(last - days + 1 + rng.integers(0, days, n))
    closed = opened + rng.integers(0, 30, n)
    is_open = (closed > last) | (rng.random(n) < 0.02)
    rated = ~is_open & (rng.random(n) < 0.6)
    write(folder / "tickets.parquet", {
        "ticket_id": pa.array(np.arange(n)),
        "account_id": names.take(pa.array(whose)),
        "opened_on": dates(opened),
        "closed_on": pa.array(closed.astype("int32"), mask=is_open).cast(pa.date32()),
        "priority": pa.array(rng.choice(["P1", "P2", "P3", "P4"], n, p=[0.05, 0.2, 0.45, 0.3])),
        "satisfaction": pa.array(rng.integers(1, 6, n), mask=~rated),
    })


def people(folder, rng, names, habit, seats, last, days):
    """Single events: a day's users of an account are few of its seats, each with some events."""
    for day in range(last - days + 1, last + 1):
        there = np.flatnonzero(rng.random(len(habit)) < habit)
        whose = rng.permutation(np.repeat(there, 1 + rng.poisson(3, len(there))))
        n = len(whose)
        person = (rng.random(n) ** 2 * np.minimum(seats[whose], 40)).astype("int64")
        feature = rng.integers(0, 30, n)
        moment = day * 86_400_000_000 + np.sort(rng.integers(0, 86_400_000_000, n))
        write(folder / f"events/{EPOCH + dt.timedelta(days=day)}.parquet", {
            "account_id": names.take(pa.array(whose)),
            "user_id": pa.array(whose * 1000 + person),
            "feature": pa.array(np.char.add("feature ", np.arange(30).astype("U2"))).take(pa.array(feature)),
            "occurred_at": pa.array(moment).cast(pa.timestamp("us", "UTC")),
        })


if __name__ == "__main__":
    folder, accounts, days, kind = sys.argv[1:]
    make(Path(folder), int(accounts), int(days), kind == "events")
