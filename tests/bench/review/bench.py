#!/usr/bin/env python3
"""Times a review of three years beside the single-date runs that it replaces.

    cargo build --release && python3 tests/bench/review/bench.py

Writes seeded exports (numpy and pyarrow are needed): accounts with yearly terms that end with a quarter,
and usage by account, day and feature. The review looks at twelve quarters at four leads, which are 48 dates;
some of them, evenly spread, are run by themselves as whole processes, and their mean is taken 48 times.
Measured on two cores with 60 million rows: 107 CPU s (74 s on the wall) and 1.4 GB for the review, 4.0 CPU s (3.5 s)
for a date, so 0.56 of the CPU seconds of the 48 runs and 0.44 of their time.
Prints wall and CPU seconds, peak memory and the ratio. A check that takes a minute:

    python3 tests/bench/review/bench.py --accounts 2000 --rows 2000000 --singles 2
"""
import argparse
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[2]
NIGHTLY = HERE.parent / "nightly"
QUARTERS = [dt.date(year, month, day) for year in range(2023, 2027)
            for month, day in [(3, 31), (6, 30), (9, 30), (12, 31)]]
QUARTERS = [end for end in QUARTERS if dt.date(2023, 9, 1) < end < dt.date(2026, 7, 1)]
LEADS = [30, 60, 90, 180]
DATES = sorted(end - dt.timedelta(days=lead) for end in QUARTERS for lead in LEADS)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=60_000_000, help="rows of usage, about")
    parser.add_argument("--singles", type=int, default=4, help="of the 48 dates that are run by themselves")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", type=Path, default=PROJECT / "target/release/healthscore")
    parser.add_argument("--work", type=Path, default=PROJECT / "target/bench")
    return parser.parse_args()


def make(folder, accounts, rows):
    """Writes the exports, unless they are there already."""
    if (folder / "done").exists():
        return
    import numpy as np
    import pyarrow as pa
    sys.path.insert(0, str(NIGHTLY))
    from make_exports import EPOCH, dates, ids, tickets, write
    rng = np.random.default_rng(2026)
    number = np.arange(accounts)
    names = ids(number)
    last = (max(DATES) - EPOCH).days
    first = (min(DATES) - EPOCH).days - 90
    write(folder / "accounts.parquet", {
        "account_id": names,
        "account_name": names,
        "account_type": pa.array(np.full(accounts, "customer")),
        "seats": pa.array(rng.integers(1, 200, accounts)),
        "renewal_date": dates(last + rng.integers(1, 366, accounts)),
    })
    # A term ends every year with the account's own quarter; one in ten is the last. Of those who stay,
    # six in ten pay what they paid, three more, one less.
    habit = rng.beta(2, 4, accounts)
    own = rng.integers(0, 4, accounts)
    lines = []
    for account in number:
        ends = QUARTERS[own[account]::4]
        begins = ends[0] - dt.timedelta(days=365)
        amount = rng.integers(1_000, 100_000)
        for end in ends + [ends[-1] + dt.timedelta(days=365)]:
            lines.append((names[account].as_py(), begins - dt.timedelta(days=20), begins, end, amount))
            begins = end
            amount = int(amount * rng.choice([1, rng.uniform(1.05, 1.3), rng.uniform(0.7, 0.95)], p=[0.6, 0.3, 0.1]))
            if rng.random() < 0.2 - 0.3 * habit[account]:
                break
    whose, signed, begin, end, amount = zip(*lines)
    write(folder / "contracts.parquet", {
        "line_id": pa.array(np.arange(len(lines)).astype("U9")),
        "account_id": pa.array(whose),
        "signed_on": pa.array(signed),
        "starts_on": pa.array(begin),
        "ends_on": pa.array(end),
        "amount": pa.array(amount, pa.int64()),
    })
    features = np.char.add("feature ", np.arange(40).astype("U2"))
    each = rows / (habit.sum() * (last - first + 1))
    month, parts = None, []

    def flush():
        if parts:
            columns = {key: pa.chunked_array([part[key] for part in parts]) for key in parts[0]}
            write(folder / f"usage/{month}.parquet", columns)
            parts.clear()

    for day in range(first, last + 1):
        this = (EPOCH + dt.timedelta(days=day)).strftime("%Y-%m")
        if this != month:
            flush()
            month = this
        there = np.flatnonzero(rng.random(accounts) < habit)
        used = np.minimum(1 + rng.poisson(max(each - 1, 0), len(there)), 40)
        whose = np.repeat(there, used)
        feature = np.arange(len(whose)) - np.repeat(np.cumsum(used) - used, used)
        order = rng.permutation(len(whose))
        whose, feature = whose[order], feature[order]
        count = rng.poisson(5, len(whose))
        parts.append({
            "account_id": names.take(pa.array(whose)),
            "feature": pa.array(features).take(pa.array(feature)),
            "day": dates(np.full(len(whose), day)),
            "events": pa.array(count.astype("int32")),
            "active_users": pa.array((1 + rng.poisson(3, len(whose))).astype("int32")),
            "minutes": pa.array((count * 2).astype("int32")),
            "errors": pa.array(rng.binomial(count, 0.02).astype("int32")),
        })
    flush()
    tickets(folder, rng, names, last, last - first)
    (folder / "done").write_text("")


def process(options, *words):
    """Runs a whole process: its wall and CPU seconds, and peak memory in MB."""
    log = options.work / "review.log"
    with open(log, "w") as out:
        begun = time.perf_counter()
        child = subprocess.Popen([str(options.binary), *map(str, words)], stdout=out, stderr=subprocess.STDOUT,
                                 env={**os.environ, "POLARS_MAX_THREADS": str(options.threads),
                                      "RAYON_NUM_THREADS": str(options.threads)})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    # 4: done, with findings.
    if child.returncode not in (0, 4):
        sys.exit(f"{words} failed:\n{log.read_text()}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    data = options.work / f"review-{options.accounts}-{options.rows}"
    # In a process of its own: one starts with the memory of the one that starts it.
    if os.fork() == 0:
        make(data, options.accounts, options.rows)
        os._exit(0)
    if os.wait()[1]:
        sys.exit("the exports could not be written")
    print(f"{options.accounts:,} accounts, about {options.rows:,} rows of usage, {len(DATES)} dates; "
          f"load {os.getloadavg()[0]:.1f}")
    out = options.work / "out"
    wall, cpu, memory = process(options, "run", HERE / "review.toml", "--exports", data, "--out", out)
    print(f"review        {wall:8.1f} s, {cpu:8.1f} CPU s, {memory:6.0f} MB")
    step = len(DATES) / options.singles
    some = [DATES[int(step * (n + 0.5))] for n in range(options.singles)]
    runs = [process(options, "run", HERE / "nightly.toml", "--exports", data, "--out", out, "--as-of", day)
            for day in some]
    one = [sum(run[n] for run in runs) / len(runs) for n in range(2)]
    print(f"one date      {one[0]:8.1f} s, {one[1]:8.1f} CPU s, {max(run[2] for run in runs):6.0f} MB (mean of {len(runs)})")
    print(f"the review against {len(DATES)} of them: {wall / (len(DATES) * one[0]):.2f} of the wall, "
          f"{cpu / (len(DATES) * one[1]):.2f} of the CPU seconds (aim 0.25); memory (aim below 8192 MB) {memory:.0f}")


if __name__ == "__main__":
    main()
