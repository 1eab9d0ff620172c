"""The scorecard by hand in DuckDB: `by_duckdb.py KIND DATA OUT THREADS DATE…`; prints its seconds as JSON."""
import datetime as dt
import json
import sys
import time
from pathlib import Path

import duckdb

from scorecard import Model, pieces

kind, data, out, threads, *dates = sys.argv[1:]
db = duckdb.connect()
db.execute(f"SET threads = {threads}; SET preserve_insertion_order = false")
model = Model("events_model.toml" if kind == "events" else "model.toml")

USAGE = """
SELECT account_id,
    COUNT(*) FILTER (WHERE day > $d - 28 AND events > 0) AS active_days,
    COUNT(*) FILTER (WHERE day <= $d - 28 AND day > $d - 56 AND events > 0) AS active_days_before,
    SUM(events) FILTER (WHERE day > $d - 28) AS events_28d,
    SUM(events) AS events_90d,
    SUM(minutes) FILTER (WHERE day > $d - 28) AS minutes,
    SUM(errors) FILTER (WHERE day > $d - 28) AS errors,
    MAX(active_users) FILTER (WHERE day > $d - 28) AS peak_users,
    MAX(day) FILTER (WHERE events > 0) AS last_day
FROM read_parquet('{data}/usage/*.parquet')
WHERE day <= $d AND day > $d - 90
GROUP BY account_id
"""
TICKETS = """
SELECT account_id,
    COUNT(*) FILTER (WHERE opened_on > $d - 90) AS tickets_90d,
    COUNT(*) FILTER (WHERE closed IS NULL) AS open_tickets,
    COUNT(*) FILTER (WHERE closed IS NULL AND priority = 'P1') AS open_p1,
    AVG(closed - opened_on) FILTER (WHERE opened_on > $d - 90) AS resolution_days,
    AVG(CASE WHEN closed IS NOT NULL THEN satisfaction END) FILTER (WHERE opened_on > $d - 90) AS satisfaction
FROM (SELECT *, CASE WHEN closed_on <= $d THEN closed_on END AS closed
      FROM read_parquet('{data}/tickets.parquet') WHERE opened_on <= $d)
GROUP BY account_id
"""
NIGHTLY = """
SELECT a.account_id,
    COALESCE(u.active_days, 0) AS active_days,
    COALESCE(u.active_days, 0) / NULLIF(COALESCE(u.active_days_before, 0), 0) AS usage_trend,
    $d - u.last_day AS silent_days,
    COALESCE(u.peak_users, 0) / NULLIF(a.seats, 0) AS seat_use,
    COALESCE(u.minutes, 0) / NULLIF(COALESCE(u.events_28d, 0), 0) AS minutes_per_event,
    COALESCE(u.events_28d, 0) / NULLIF(COALESCE(u.events_90d, 0), 0) AS recent_share,
    COALESCE(u.errors, 0) / NULLIF(COALESCE(u.events_28d, 0), 0) AS error_rate,
    COALESCE(t.open_p1, 0) AS open_p1,
    COALESCE(t.open_tickets, 0) AS open_tickets,
    t.resolution_days,
    t.satisfaction,
    a.renewal_date - $d AS days_to_renewal,
    COALESCE(t.tickets_90d, 0) / NULLIF(a.seats, 0) AS tickets_per_seat
FROM (SELECT * FROM read_parquet('{data}/accounts.parquet') WHERE account_type <> 'test') a
LEFT JOIN ({usage}) u USING (account_id)
LEFT JOIN ({tickets}) t USING (account_id)
"""
EVENTS = """
SELECT a.account_id,
    COALESCE(e.users_28d, 0) / NULLIF(a.seats, 0) AS users_per_seat,
    COALESCE(e.users_7d, 0) / NULLIF(COALESCE(e.users_28d, 0), 0) AS weekly_share,
    COALESCE(e.features_28d, 0) AS features_28d,
    COALESCE(e.events_28d, 0) / NULLIF(COALESCE(e.users_28d, 0), 0) AS events_per_user
FROM (SELECT * FROM read_parquet('{data}/accounts.parquet') WHERE account_type <> 'test') a
LEFT JOIN (
    SELECT account_id,
        COUNT(DISTINCT user_id) AS users_28d,
        COUNT(DISTINCT user_id) FILTER (WHERE day > $d - 7) AS users_7d,
        COUNT(DISTINCT feature) AS features_28d,
        COUNT(*) AS events_28d
    FROM (SELECT account_id, user_id, feature, occurred_at, CAST(occurred_at AS DATE) AS day
          FROM read_parquet('{data}/events/*.parquet'))
    WHERE day <= $d AND day > $d - 28
    GROUP BY account_id
) e USING (account_id)
"""


def scored(column, curve):
    found, below = pieces(curve)
    arms = " ".join(f"WHEN {column} >= {x} THEN {y} + ({column} - {x}) * {slope!r}" for x, y, slope in found)
    return f"CASE WHEN {column} IS NULL THEN NULL {arms} ELSE {below} END::DOUBLE"


def total(parts):
    return " + ".join(f"({part})" for part in parts)


def compute(date):
    day = f"DATE '{date}'"
    fill = lambda sql: sql.replace("{data}", data).replace("$d", day)
    measures = fill(EVENTS if kind == "events" else NIGHTLY)
    measures = measures.replace("{usage}", fill(USAGE)).replace("{tickets}", fill(TICKETS))
    db.execute(f"CREATE OR REPLACE TABLE measures AS {measures}")
    metrics = ", ".join(f"{scored(m, curve)} AS s_{m}" for _, m, _, curve in model.metrics())
    categories, weights = [], []
    for category, (weight, of) in model.categories.items():
        has = total(f"CASE WHEN s_{m} IS NOT NULL THEN {w} ELSE 0 END" for m, (w, _) in of.items())
        points = total(f"COALESCE({w} * s_{m}, 0)" for m, (w, _) in of.items())
        categories.append(f"({points}) / NULLIF({has}, 0) AS c_{category}, {has} AS h_{category}")
        weights.append((category, weight))
    has = total(f"CASE WHEN c_{c} IS NOT NULL THEN {w} ELSE 0 END" for c, w in weights)
    points = total(f"COALESCE({w} * c_{c}, 0)" for c, w in weights)
    shown = "floor(round(score * 1e9) / 1e8 + 0.5) / 10"
    bands = " ".join(f"WHEN shown >= {start} THEN '{label}'" for start, label in model.bands)
    db.execute(f"""
        CREATE OR REPLACE TABLE scores AS
        SELECT *, CASE {bands} END AS band FROM (
            SELECT *, {shown} AS shown FROM (
                SELECT *, ({points}) / NULLIF({has}, 0) AS score, {has} AS has FROM (
                    SELECT *, {", ".join(categories)} FROM (SELECT *, {metrics} FROM measures))))
    """)


def publish(date):
    folder = Path(out) / f"as_of={date}"
    folder.mkdir(parents=True, exist_ok=True)

    def copy(name, sql):
        db.execute(f"COPY ({sql}) TO '{folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")

    copy("account_scores", "SELECT account_id, score AS health_score, shown AS score_shown, band FROM scores ORDER BY account_id")
    parts = [
        f"""SELECT account_id, {n} AS n, '{c}' AS category, c_{c} AS score,
            CASE WHEN c_{c} IS NOT NULL THEN {w} / has END AS weight,
            CASE WHEN c_{c} IS NOT NULL THEN {w} / has * c_{c} END AS contribution FROM scores"""
        for n, (c, (w, _)) in enumerate(model.categories.items())
    ]
    copy("category_scores", f"SELECT * EXCLUDE n FROM ({' UNION ALL '.join(parts)}) ORDER BY account_id, n")
    parts = []
    for n, (c, m, w, _) in enumerate(model.metrics()):
        share = f"{model.categories[c][0]} / has * ({w} / h_{c})"
        parts.append(f"""SELECT account_id, {n} AS n, '{c}' AS category, '{m}' AS metric, {m}::DOUBLE AS value,
            s_{m} AS score, CASE WHEN s_{m} IS NOT NULL THEN {share} END AS weight,
            CASE WHEN s_{m} IS NOT NULL THEN {share} * s_{m} END AS contribution FROM scores""")
    copy("metric_scores", f"SELECT * EXCLUDE n FROM ({' UNION ALL '.join(parts)}) ORDER BY account_id, n")


def timed(what, date):
    wall, cpu = time.perf_counter(), time.process_time()
    what(date)
    return time.perf_counter() - wall, time.process_time() - cpu


seconds = {"compute": [0.0, 0.0], "publish": [0.0, 0.0]}
for date in dates:
    for stage in [compute, publish]:
        for n, second in enumerate(timed(stage, date)):
            seconds[stage.__name__][n] += second
print(json.dumps(seconds))
