"""The scorecard by hand in Polars, streaming: `by_polars.py KIND DATA OUT THREADS DATE…`; prints its seconds as JSON."""
import datetime as dt
import json
import os
import sys
import time
from pathlib import Path

kind, data, out, threads, *dates = sys.argv[1:]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl  # noqa: E402

from scorecard import Model, pieces  # noqa: E402

model = Model("events_model.toml" if kind == "events" else "model.toml")
col, when = pl.col, pl.when


def days(n):
    return dt.timedelta(days=n)


def usage(d):
    recent = col("day") > d - days(28)
    before = (col("day") <= d - days(28)) & (col("day") > d - days(56))
    active = col("events") > 0
    return (
        pl.scan_parquet(f"{data}/usage/*.parquet")
        .filter((col("day") <= d) & (col("day") > d - days(90)))
        .group_by("account_id")
        .agg(
            (recent & active).sum().alias("active_days"),
            (before & active).sum().alias("active_days_before"),
            when(recent).then("events").sum().cast(pl.Int64).alias("events_28d"),
            col("events").sum().cast(pl.Int64).alias("events_90d"),
            when(recent).then("minutes").sum().cast(pl.Int64).alias("minutes"),
            when(recent).then("errors").sum().cast(pl.Int64).alias("errors"),
            when(recent).then("active_users").max().alias("peak_users"),
            when(active).then("day").max().alias("last_day"),
        )
    )


def tickets(d):
    recent = col("opened_on") > d - days(90)
    is_open = col("closed").is_null()
    return (
        pl.scan_parquet(f"{data}/tickets.parquet")
        .filter(col("opened_on") <= d)
        .with_columns(when(col("closed_on") <= d).then("closed_on").alias("closed"))
        .group_by("account_id")
        .agg(
            recent.sum().alias("tickets_90d"),
            is_open.sum().alias("open_tickets"),
            (is_open & (col("priority") == "P1")).sum().alias("open_p1"),
            when(recent).then((col("closed") - col("opened_on")).dt.total_days()).mean().alias("resolution_days"),
            when(recent & ~is_open).then("satisfaction").mean().alias("satisfaction"),
        )
    )


def over(a, b):
    b = col(b).fill_null(0) if isinstance(b, str) else b
    return col(a).fill_null(0) / when(b != 0).then(b)


def nightly(d):
    seats = col("seats")
    return (
        accounts()
        .join(usage(d), on="account_id", how="left")
        .join(tickets(d), on="account_id", how="left")
        .select(
            "account_id",
            col("active_days").fill_null(0),
            over("active_days", "active_days_before").alias("usage_trend"),
            (pl.lit(d) - col("last_day")).dt.total_days().alias("silent_days"),
            over("peak_users", seats).alias("seat_use"),
            over("minutes", "events_28d").alias("minutes_per_event"),
            over("events_28d", "events_90d").alias("recent_share"),
            over("errors", "events_28d").alias("error_rate"),
            col("open_p1").fill_null(0),
            col("open_tickets").fill_null(0),
            "resolution_days",
            "satisfaction",
            (col("renewal_date") - pl.lit(d)).dt.total_days().alias("days_to_renewal"),
            over("tickets_90d", seats).alias("tickets_per_seat"),
        )
    )


def events(d):
    day = col("occurred_at").dt.date()
    week = col("day") > d - days(7)
    seen = (
        pl.scan_parquet(f"{data}/events/*.parquet")
        .with_columns(day.alias("day"))
        .filter((col("day") <= d) & (col("day") > d - days(28)))
        .group_by("account_id")
        .agg(
            col("user_id").n_unique().alias("users_28d"),
            col("user_id").filter(week).n_unique().alias("users_7d"),
            col("feature").n_unique().alias("features_28d"),
            pl.len().alias("events_28d"),
        )
    )
    return (
        accounts()
        .join(seen, on="account_id", how="left")
        .select(
            "account_id",
            over("users_28d", col("seats")).alias("users_per_seat"),
            over("users_7d", "users_28d").alias("weekly_share"),
            col("features_28d").fill_null(0),
            over("events_28d", "users_28d").alias("events_per_user"),
        )
    )


def accounts():
    return pl.scan_parquet(f"{data}/accounts.parquet").filter(col("account_type") != "test")


def scored(column, curve):
    found, below = pieces(curve)
    value = col(column)
    expr = when(value.is_null()).then(None)
    for x, y, slope in found:
        expr = expr.when(value >= x).then(y + (value - x) * slope)
    return expr.otherwise(below).cast(pl.Float64)


def compute(date):
    d = dt.date.fromisoformat(date)
    measures = events(d) if kind == "events" else nightly(d)
    frame = measures.with_columns(scored(m, curve).alias(f"s_{m}") for _, m, _, curve in model.metrics())
    categories = []
    for category, (_, of) in model.categories.items():
        has = sum(when(col(f"s_{m}").is_not_null()).then(w).otherwise(0.0) for m, (w, _) in of.items())
        points = sum((w * col(f"s_{m}")).fill_null(0.0) for m, (w, _) in of.items())
        categories += [(points / when(has > 0).then(has)).alias(f"c_{category}"), has.alias(f"h_{category}")]
    weights = [(c, w) for c, (w, _) in model.categories.items()]
    has = sum(when(col(f"c_{c}").is_not_null()).then(w).otherwise(0.0) for c, w in weights)
    points = sum((w * col(f"c_{c}")).fill_null(0.0) for c, w in weights)
    band = pl.lit(None, pl.String)
    for start, label in reversed(model.bands):
        band = when(col("shown") >= start).then(pl.lit(label)).otherwise(band)
    return (
        frame.with_columns(categories)
        .with_columns((points / when(has > 0).then(has)).alias("score"), has.alias("has"))
        .with_columns((((col("score") * 1e9).round() / 1e8 + 0.5).floor() / 10).alias("shown"))
        .with_columns(band.alias("band"))
        .collect(engine="streaming")
    )


def publish(date, scores):
    folder = Path(out) / f"as_of={date}"
    folder.mkdir(parents=True, exist_ok=True)

    def write(name, frame):
        frame.sink_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=3, engine="streaming")

    lazy = scores.lazy()
    write("account_scores", lazy.select(
        "account_id", col("score").alias("health_score"), col("shown").alias("score_shown"), "band"
    ).sort("account_id"))
    parts = []
    for n, (c, (w, _)) in enumerate(model.categories.items()):
        weight = when(col(f"c_{c}").is_not_null()).then(w / col("has"))
        parts.append(lazy.select(
            "account_id", pl.lit(n).alias("n"), pl.lit(c).alias("category"), col(f"c_{c}").alias("score"),
            weight.alias("weight"), (weight * col(f"c_{c}")).alias("contribution"),
        ))
    write("category_scores", pl.concat(parts).sort("account_id", "n").drop("n"))
    parts = []
    for n, (c, m, w, _) in enumerate(model.metrics()):
        score = col(f"s_{m}")
        weight = when(score.is_not_null()).then(model.categories[c][0] / col("has") * (w / col(f"h_{c}")))
        parts.append(lazy.select(
            "account_id", pl.lit(n).alias("n"), pl.lit(c).alias("category"), pl.lit(m).alias("metric"),
            col(m).cast(pl.Float64).alias("value"), score.alias("score"), weight.alias("weight"),
            (weight * score).alias("contribution"),
        ))
    write("metric_scores", pl.concat(parts).sort("account_id", "n").drop("n"))


seconds = {"compute": [0.0, 0.0], "publish": [0.0, 0.0]}
for date in dates:
    for name in ["compute", "publish"]:
        wall, cpu = time.perf_counter(), time.process_time()
        if name == "compute":
            scores = compute(date)
        else:
            publish(date, scores)
        seconds[name][0] += time.perf_counter() - wall
        seconds[name][1] += time.process_time() - cpu
print(json.dumps(seconds))
