#!/usr/bin/env python3
"""Times the nightly job beside the same scorecard written by hand in DuckDB and in Polars.

    cargo build --release && python3 tests/bench/nightly/bench.py

One command: it makes a virtual environment with the peers, writes seeded exports, runs every contender
as a whole process turn by turn, compares their tables to 1e-9 and prints seconds, CPU seconds and peak
memory, medians of several rounds, with ratios. Everything lies below target/bench. Takes about half an
hour and 5 GB of disk with the defaults; a smoke check takes seconds:

    python3 tests/bench/nightly/bench.py --accounts 20000 --rounds 1
"""
import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[2]
AS_OF = dt.date(2026, 10, 31)
PUBLISHING = ("drawing up", "publishing")
SCENARIOS = ["nightly", "readings", "compare", "panel", "events", "fixed", "insights", "contract"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--panel-accounts", type=int, help="accounts of the panel; a tenth of the most by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS + ["large"], default=SCENARIOS,
                        help="large scores 100 million usage rows and is left out unless named")
    parser.add_argument("--binary", type=Path, default=PROJECT / "target/release/healthscore")
    parser.add_argument("--work", type=Path, default=PROJECT / "target/bench")
    parser.add_argument("--alone", action="store_true", help="leave the peers out")
    return parser.parse_args()


def in_environment(work):
    """Starts this command again inside its virtual environment, which is made on the first run."""
    folder = work / "venv"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        (folder / "ready").write_text("")
    os.execv(python, [python, __file__, *sys.argv[1:]])


def process(command, log):
    """Runs a whole process: its wall and CPU seconds, peak memory in MB, and what it printed."""
    with open(log, "w") as out:
        begun = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT,
                                 env={**os.environ, "POLARS_MAX_THREADS": str(options.threads),
                                      "RAYON_NUM_THREADS": str(options.threads)})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
    text = Path(log).read_text()
    # 4: done, with findings.
    if child.returncode not in (0, 4):
        sys.exit(f"{' '.join(map(str, command))} failed:\n{text}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "user": usage.ru_utime,
            "memory": usage.ru_maxrss / 1024, "text": text}


def ours(job, data, out, *extra):
    command = [options.binary, "run", HERE / f"{job}.toml", "--exports", data, "--out", out, "--timings", *extra]
    found = process(command, out.parent / "ours.log")
    found |= {"compute": [0.0, 0.0], "publish": [0.0, 0.0], "drivers": 0.0, "rows": 0.0, "dates": 0.0}
    for name, wall, cpu in timed(found["text"]):
        stage = found["publish" if name.startswith(PUBLISHING) else "compute"]
        stage[0] += wall
        stage[1] += cpu
        found["drivers"] += cpu if name.endswith("drivers") else 0.0
        found["rows"] += cpu if name.startswith(("reading", "measuring")) else 0.0
        found["dates"] += cpu if name.startswith(("scoring", "comparing", "finding", *PUBLISHING)) else 0.0
    exports = found["text"].split("rows skipped")[1].splitlines()[1:]
    found["rows read"] = sum(int(line.split()[1]) for line in exports if line.startswith("  "))
    return found


def timed(text):
    """Yields the stages of a run with their seconds and CPU seconds."""
    table = text.split("Where the time went\n")[1].splitlines()[1:]
    for line in table:
        if not line.startswith("  ") or line.startswith("  in all"):
            break
        yield line[2:42].strip(), *map(float, line[42:].split()[:2])


def insights(accounts):
    """What the shipped nightly job spends on trends, drivers, signals and lists, against scoring.

    The exports are the sample's with so many accounts and every tenth of their people: less use to
    measure makes the insights weigh more, not less, and leaves them the same number of accounts.
    """
    folder = options.work / f"sample-{accounts}"
    if not (folder / "ready").exists():
        log = options.work / "sample.log"
        process([options.binary, "sample", "--out", folder, "--accounts", accounts, "--months", 6], log)
        code = f"""
import polars as pl
from pathlib import Path
for part in sorted(Path({str(folder)!r}).glob("usage/*/*.parquet")):
    kept = pl.scan_parquet(part, hive_partitioning=False).filter(pl.col("user_id").hash(0) % 10 == 0).collect()
    kept.write_parquet(part)
"""
        process([sys.executable, "-c", code], log)
        (folder / "ready").write_text("")
    command = [options.binary, "run", HERE / "insights.toml", "--exports", folder,
               "--out", options.work / "out/insights", "--timings"]
    rounds = [process(command, options.work / "insights.log") for _ in range(options.rounds)]
    shares = []
    for one in rounds:
        stages = [(name, cpu) for name, _, cpu in timed(one["text"])]
        of_insights = sum(cpu for name, cpu in stages if name.startswith(("comparing", "finding", "drawing up")))
        before = [name for name, _ in stages].index("comparing")
        shares.append((of_insights, sum(cpu for _, cpu in stages[:before])))
    mine, scoring = (median(share[n] for share in shares) for n in range(2))
    print(f"\nThe shipped nightly job with insights, {accounts:,} accounts")
    print(f"  CPU s up to the scores {scoring:.1f}, of the insights {mine:.1f} (lists and portfolio "
          f"included): {mine / scoring:.2f} (aim 0.50); {median(one['memory'] for one in rounds):,.0f} MB")


def contract(accounts):
    """What the uniqueness of keys, and rules on every row of usage and tickets, add to a run.

    User seconds are compared: those of the kernel vary more from run to run than the checks cost.
    """
    data = exports(accounts, 90)
    keyless = options.work / "keyless"
    keyless.mkdir(exist_ok=True)
    written = (HERE / "exports.toml").read_text()
    for key in ['key = ["account_id", "day"]\n', 'key = ["ticket_id"]\n']:
        written = written.replace(key, "")
    (keyless / "exports.toml").write_text(written)
    for name in ["measures.toml", "model.toml"]:
        (keyless / name).write_text((HERE / name).read_text())
    (keyless / "keyless.toml").write_text((HERE / "nightly.toml").read_text())
    jobs = {"neither": keyless / "keyless.toml", "unique keys": HERE / "nightly.toml", "and rules": HERE / "rules.toml"}
    runs = {name: [] for name in jobs}
    for _ in range(options.rounds):
        for name, job in jobs.items():
            command = [options.binary, "run", job, "--exports", data, "--out", options.work / "out/contract",
                       "--as-of", AS_OF.isoformat()]
            runs[name].append(process(command, options.work / "contract.log"))
    user = {name: median(one["user"] for one in rounds) for name, rounds in runs.items()}
    memory = {name: median(one["memory"] for one in rounds) for name, rounds in runs.items()}
    print(f"\nThe contract of the rows, {accounts:,} accounts, 90 days of usage")
    for name in jobs:
        print(f"  {name:<24}{user[name]:>8.2f} user s{memory[name]:>8.0f} MB")
    print(f"  the uniqueness of keys adds {100 * (user['unique keys'] / user['neither'] - 1):.1f} %, "
          f"rules add {100 * (user['and rules'] / user['unique keys'] - 1):.1f} % (aim at most 25)")


def peer(script, kind, data, out, dates):
    found = process([sys.executable, HERE / script, kind, data, out, options.threads, *dates], out.parent / "peer.log")
    return found | json.loads(found["text"].splitlines()[-1])


def scan(kind, data):
    """Decodes the columns that the scorecard reads, and nothing else."""
    files, columns = {
        "nightly": ("usage/*.parquet", ["account_id", "day", "events", "active_users", "minutes", "errors"]),
        "events": ("events/*.parquet", ["account_id", "user_id", "feature", "occurred_at"]),
    }[kind]
    code = f"""
import polars as pl
pl.scan_parquet({str(data / files)!r}).select({columns!r}).select(pl.all().null_count()).collect(engine="streaming")
"""
    return process([sys.executable, "-c", code], data / "scan.log")


def medians(rounds):
    numbers = [key for key, value in rounds[0].items() if isinstance(value, (int, float))]
    found = {key: median(one[key] for one in rounds) for key in numbers}
    for stage in ["compute", "publish"]:
        if stage in rounds[0]:
            found[stage] = [median(one[stage][n] for one in rounds) for n in range(2)]
    return found


def helper(script, *words):
    """Runs a helper by itself: a process starts with the memory of the one that starts it."""
    done = subprocess.run([sys.executable, HERE / script, *map(str, words)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stdout)
    return done.stdout


def exports(accounts, days, kind="nightly"):
    folder = options.work / f"{kind}-{accounts}-{days}"
    helper("make_exports.py", folder, accounts, days, kind)
    return folder


def show(title, found):
    print(f"\n{title}")
    print(f"  {'':<24}{'wall s':>8}{'CPU s':>8}{'MB':>8}   compute s / CPU   publish s / CPU")
    for name, one in found.items():
        stages = "".join("   {:>7.2f} / {:<7.2f}".format(*one[s]) for s in ["compute", "publish"] if s in one)
        print(f"  {name:<24}{one['wall']:>8.2f}{one['cpu']:>8.2f}{one['memory']:>8.0f}{stages}")
    sys.stdout.flush()


def ratios(found):
    mine = found["healthscore"]
    peers = {name: one for name, one in found.items() if name.startswith(("DuckDB", "Polars"))}
    if peers:
        faster = min(one["compute"][1] for one in peers.values())
        whole = min(one["compute"][1] + one["publish"][1] for one in peers.values())
        leaner = min(one["memory"] for one in peers.values())
        print(f"  CPU of compute against the faster peer: {mine['compute'][1] / faster:.2f} (aim 0.50)")
        print(f"  CPU of compute and publish: {(mine['compute'][1] + mine['publish'][1]) / whole:.2f} (aim 0.70)")
        print(f"  memory against the leaner peer: {mine['memory'] / leaner:.2f} (aim below 1)")
    if "bare scan" in found:
        print(f"  CPU against a bare scan of the usage columns: {mine['cpu'] / found['bare scan']['cpu']:.1f}")


def turns(title, kind, job, data, dates, extra=(), with_peers=True):
    """Lets the contenders run turn by turn, compares what they wrote, and returns medians."""
    out = options.work / "out"
    contenders = {"healthscore": lambda: ours(job, data, out / "ours", *extra)}
    if with_peers and not options.alone:
        contenders["DuckDB by hand"] = lambda: peer("by_duckdb.py", kind, data, out / "duckdb", dates)
        contenders["Polars by hand"] = lambda: peer("by_polars.py", kind, data, out / "polars", dates)
    if not options.alone:
        contenders["bare scan"] = lambda: scan(kind, data)
    for folder in ["ours", "duckdb", "polars"]:
        (out / folder).mkdir(parents=True, exist_ok=True)
    rounds = [{name: run() for name, run in contenders.items()} for _ in range(options.rounds)]
    if "DuckDB by hand" in contenders:
        numbers = [int(helper("same.py", out / "ours" / job, out / name, *dates)) for name in ["duckdb", "polars"]]
        title += f"; {sum(numbers):,} numbers equal to 1e-9"
    found = {name: medians([one[name] for one in rounds]) for name in contenders}
    show(title, found)
    ratios(found)
    return found


def main():
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {options.threads} threads for each; load {load:.1f} at the start; "
          f"medians of {options.rounds} rounds")
    today = [AS_OF.isoformat()]
    at = ["--as-of", AS_OF.isoformat()]
    most = max(options.accounts)
    single = {}
    if {"nightly", "readings", "compare"} & set(options.scenarios):
        for accounts in options.accounts:
            data = exports(accounts, 90)
            if "nightly" in options.scenarios or "compare" in options.scenarios:
                title = f"One date, {accounts:,} accounts, 90 days of usage"
                single[accounts] = turns(title, "nightly", "nightly", data, today, at)
    if len(single) > 1:
        few, many = (single[n]["healthscore"]["cpu"] for n in (min(single), max(single)))
        print(f"\nFrom {min(single):,} to {max(single):,} accounts: {many / few:.1f} times the CPU (aim 13)")
    if "readings" in options.scenarios:
        data = exports(most, 90)
        turns(f"The same with the readings before tonight's, {most:,} accounts", "nightly", "readings", data, today, at,
              with_peers=False)
    if "compare" in options.scenarios:
        data = exports(most, 180)
        found = turns(f"Three comparison dates, {most:,} accounts, 180 days of usage", "nightly", "compare", data,
                      today, at, with_peers=False)
        mine, one = found["healthscore"], single[most]["healthscore"]
        print(f"  CPU against the single date: {(mine['cpu'] - mine['drivers']) / one['cpu']:.2f} without drivers "
              f"(aim 2.2), {mine['cpu'] / one['cpu']:.2f} with them ({mine['drivers']:.2f} CPU s)")
    if "panel" in options.scenarios:
        accounts = options.panel_accounts or max(1, most // 10)
        data = exports(accounts, 455)
        ends = month_ends(AS_OF, 12)
        panel = turns(f"Twelve month ends, {accounts:,} accounts, 455 days of usage", "nightly", "nightly", data, ends,
                      ["--from", ends[0], "--to", ends[-1], "--every", "month"])
        one = turns(f"One of them, {accounts:,} accounts", "nightly", "nightly", data, today, at, with_peers=False)
        mine, one = panel["healthscore"], one["healthscore"]
        print(f"  CPU of the panel against twelve single runs: {mine['cpu'] / (12 * one['cpu']):.2f} (aim about 0.45)")
        rows = one["rows"] * mine["rows read"] / one["rows read"]
        print(f"  CPU of the panel against its rows at the single run's cost of a row ({rows:.2f}) and twelve times scoring "
              f"and publishing ({12 * one['dates']:.2f}): {mine['cpu'] / (rows + 12 * one['dates']):.2f} (aim 1.15)")
    if "events" in options.scenarios:
        accounts = max(1, most // 10)
        data = exports(accounts, 28, "events")
        turns(f"Single events with users and features, {accounts:,} accounts", "events", "events", data, today, at)
    if "fixed" in options.scenarios:
        data = exports(10, 90)
        found = turns("Ten accounts", "nightly", "nightly", data, today, at)
        print(f"  a run on ten accounts: {1000 * found['healthscore']['wall']:.0f} ms (aim 200)")
    if "insights" in options.scenarios:
        insights(min(most, 100_000))
    if "contract" in options.scenarios:
        contract(most)
    if "large" in options.scenarios:
        data = exports(most, 300 * 1_000_000 // most)
        turns(f"100 million usage rows, {most:,} accounts", "nightly", "nightly", data, today, at)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def month_ends(last, n):
    ends = []
    day = last
    for _ in range(n):
        ends.append(day.isoformat())
        day = day.replace(day=1) - dt.timedelta(days=1)
    return ends[::-1]


options = arguments()
if __name__ == "__main__":
    options.work.mkdir(parents=True, exist_ok=True)
    in_environment(options.work)
    sys.path.insert(0, str(HERE))
    main()
