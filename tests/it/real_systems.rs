//! What real systems send, read by the configuration of `jobs/examples`: a few literal rows of each
//! peculiarity, and what has to come out, worked out by hand.

use std::path::Path;

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{World, cell, dates, instants};

/// Returns a world with the configuration of an example, a model of one metric, and no exports yet.
fn world(example: &str, metric: &str) -> World {
    let world = World::empty();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/examples");
    for file in ["exports.toml", "measures.toml"] {
        let text = std::fs::read_to_string(folder.join(example).join(file)).unwrap();
        world.write(file, &text);
    }
    world.write(
        "job.toml",
        "kind = \"score\"\nexports = \"exports.toml\"\nmeasures = \"measures.toml\"\nmodel = \"model.toml\"\ndata = \"data\"\nout = \"out\"\nas_of = \"2026-01-31\"\ntolerance = { refuse = 0.5 }\n",
    );
    world.write(
        "model.toml",
        &format!(
            "name = \"small\"\n[[bands]]\nlabel = \"All\"\nfrom = 0\n[categories.all]\nweight = 1\n[categories.all.metrics.{metric}]\nweight = 1\ncurve = {{ points = [[0, 0], [10, 100]] }}\n"
        ),
    );
    world
}

/// Returns measures of an account on a date; `None` where they are missing.
fn values(world: &World, as_of: &str, account: &str, measures: &[&str]) -> Vec<Option<f64>> {
    let frame = world.run_with(measures, as_of);
    measures
        .iter()
        .map(|measure| match cell(&frame, account, measure) {
            AnyValue::Float64(number) => Some(number),
            AnyValue::Null => None,
            other => panic!("{measure} is {other:?}"),
        })
        .collect()
}

/// Accounts that have been customers since January 2025.
fn accounts(world: &World, ids: &[&str]) {
    let since: Vec<&str> = ids.iter().map(|_| "2025-01-01").collect();
    let frame = df!(
        "account_id" => ids,
        "created_at" => dates(&since),
        "is_customer" => vec![true; ids.len()],
    );
    world.export("accounts", frame);
}

fn at(texts: &[&str]) -> Series {
    let times: Vec<String> = texts
        .iter()
        .map(|text| {
            if text.len() == 10 {
                format!("{text}T09:00:00")
            } else {
                (*text).to_owned()
            }
        })
        .collect();
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    instants(&times, Some("UTC"))
}

/// Seconds since 1970 of moments in UTC, at midnight where they say no time.
fn seconds(texts: &[&str]) -> Vec<Option<i64>> {
    let second = |text: &&str| -> Option<i64> {
        let text = if text.len() == 10 {
            format!("{text}T00:00:00")
        } else {
            (*text).to_owned()
        };
        let time: chrono::NaiveDateTime = text.parse().ok()?;
        Some(time.and_utc().timestamp())
    };
    texts.iter().map(second).collect()
}

#[test]
fn salesforce() {
    let world = world("salesforce", "open_opportunities");
    // Two accounts whose ids differ in a capital, and a third that was merged into the first.
    let since = || at(&["2025-01-01"; 3]);
    world.export(
        "Account",
        df!(
            "Id" => ["001A000000aBcDeIAV", "001A000000aBcDEIAU", "001A000000cccCCIAX"],
            "Name" => ["First", "Second", "First, again"],
            "CreatedDate" => since(),
            "IsDeleted" => [false, false, true],
            "MasterRecordId" => [None, None, Some("001A000000aBcDeIAV")],
            "SystemModstamp" => at(&["2026-02-01", "2026-02-01", "2026-01-15"]),
        ),
    );
    let ends = dates(&["2027-01-01"; 4]);
    world.export(
        "Contract",
        df!(
            "Id" => ["C1", "C2", "C3", "C4"],
            // From the API, from a report, moved by the merge, and deleted on 20 January.
            "AccountId" => ["001A000000aBcDeIAV", "001A000000aBcDE", "001A000000aBcDeIAV", "001A000000aBcDEIAU"],
            "CustomerSignedDate" => dates(&["2025-01-01"; 4]),
            "StartDate" => dates(&["2025-01-01"; 4]),
            "EndDate" => ends,
            "IsDeleted" => [false, false, false, true],
            "SystemModstamp" => at(&["2026-02-01", "2026-02-01", "2026-01-15", "2026-01-20"]),
        ),
    );
    world.export(
        "Opportunity",
        df!(
            "Id" => ["O1", "O2"],
            "AccountId" => ["001A000000aBcDe", "001A000000aBcDe"],
            "CreatedDate" => at(&["2025-12-01"; 2]),
            // Won on 5 February; somebody wrote 10 January into it afterwards.
            "CloseDate" => dates(&["2026-01-10", "2026-03-31"]),
            "IsClosed" => [true, false],
            "IsWon" => [true, false],
            "LastStageChangeDate" => at(&["2026-02-05", "2025-12-01"]),
            "IsDeleted" => [false, true],
        ),
    );
    world.export(
        "usage",
        df!(
            "event_id" => [1i64, 2, 3],
            "crm_id" => ["001A000000cccCCIAX", "001A000000cccCC", "001A000000aBcDeIAV"],
            "day" => dates(&["2026-01-05", "2026-01-20", "2026-01-25"]),
        ),
    );
    let measures = [
        "active_contracts",
        "open_opportunities",
        "won_opportunities_90d",
        "events_28d",
    ];
    let first = |as_of| values(&world, as_of, "001A000000aBcDe", &measures);
    assert_eq!(
        first("2026-01-31"),
        [Some(2.0), Some(1.0), Some(0.0), Some(3.0)]
    );
    assert_eq!(
        first("2026-02-10"),
        [Some(2.0), Some(0.0), Some(1.0), Some(2.0)]
    );
    let second = |as_of| values(&world, as_of, "001A000000aBcDE", &measures[..1]);
    assert_eq!(second("2026-01-19"), [Some(2.0)]);
    assert_eq!(second("2026-01-20"), [Some(1.0)]);
    let frame = world.run_with(&[], "2026-01-31");
    assert_eq!(frame.height(), 2);
}

#[test]
fn zendesk() {
    let world = world("zendesk", "open_tickets");
    accounts(&world, &["ACC-1", "ACC-2"]);
    world.export(
        "organizations",
        df!("id" => [10i64, 20], "external_id" => ["ACC-1", "ACC-2"], "created_at" => at(&["2025-01-01"; 2])),
    );
    // The second requester has no organization.
    world.export(
        "users",
        df!("id" => [1i64, 2, 3], "organization_id" => [Some(10i64), None, Some(20)], "created_at" => at(&["2025-01-01"; 3])),
    );
    world.export(
        "tickets",
        df!(
            "id" => [100i64, 101, 102, 103],
            "requester_id" => [1i64, 1, 2, 3],
            "created_at" => at(&["2026-01-02", "2026-01-25", "2026-01-03", "2026-01-10"]),
            "priority" => ["urgent", "low", "urgent", "normal"],
            "status" => ["closed", "open", "open", "solved"],
            "solved_at" => at(&["2026-01-20", "", "", "2026-02-03"]),
            "reopens" => [1i64, 0, 0, 0],
        ),
    );
    // The first was solved, opened again a week later, solved again and closed.
    world.export(
        "ticket_states",
        df!(
            "ticket_id" => [100i64, 100, 100, 100, 100, 101, 102, 103, 103],
            "status" => ["open", "solved", "open", "solved", "closed", "open", "open", "open", "solved"],
            "valid_from" => at(&["2026-01-02", "2026-01-05", "2026-01-12", "2026-01-20", "2026-02-17", "2026-01-25", "2026-01-03", "2026-01-10", "2026-02-03"]),
            "valid_to" => at(&["2026-01-05", "2026-01-12", "2026-01-20", "2026-02-17", "", "", "", "2026-02-03", ""]),
        ),
    );
    world.export(
        "satisfaction_ratings",
        df!(
            "id" => [1i64, 1, 2, 3, 3],
            "ticket_id" => [100i64, 100, 101, 103, 103],
            "score" => ["offered", "good", "offered", "offered", "bad"],
            "created_at" => at(&["2026-01-21", "2026-01-21", "2026-01-26", "2026-02-03", "2026-02-03"]),
            "updated_at" => at(&["2026-01-21", "2026-01-22", "2026-01-26", "2026-02-03", "2026-02-04"]),
        ),
    );
    let measures = [
        "open_tickets",
        "open_p1",
        "days_to_solve",
        "csat",
        "ratings_asked_for",
    ];
    let first = |as_of| values(&world, as_of, "ACC-1", &measures);
    assert_eq!(first("2026-01-08")[0], Some(0.0));
    assert_eq!(first("2026-01-15")[..3], [Some(1.0), Some(1.0), None]);
    assert_eq!(first("2026-01-21")[3..], [None, Some(1.0)]);
    assert_eq!(
        first("2026-01-31"),
        [Some(1.0), Some(0.0), Some(18.0), Some(100.0), Some(2.0)]
    );
    let second = |as_of| values(&world, as_of, "ACC-2", &measures);
    assert_eq!(
        second("2026-01-31"),
        [Some(1.0), Some(0.0), None, None, None]
    );
    assert_eq!(
        second("2026-02-10"),
        [Some(0.0), Some(0.0), Some(24.0), Some(0.0), Some(1.0)]
    );
    assert_eq!(
        values(&world, "2026-01-31", "ACC-1", &["reopened_tickets"]),
        [Some(1.0)]
    );
    // The ticket that leads nowhere is not lost without a word.
    let cards = world.publish(&Overrides::default()).unwrap();
    let doubts = cards[0].moment.iter();
    let doubts: Vec<_> = doubts
        .map(|doubt| (doubt.finding, doubt.subject.as_str(), doubt.count))
        .collect();
    assert!(
        doubts.contains(&("unresolved_link", "tickets", 1)),
        "{doubts:?}"
    );
}

#[test]
fn segment() {
    let world = world("segment", "events_7d");
    accounts(&world, &["W1", "W2"]);
    // One person in two workspaces, and a robot.
    world.export(
        "users",
        df!(
            "group_id" => ["W1", "W2", "W1", "W1"],
            "user_id" => ["u1", "u1", "bot", "u2"],
            "is_service" => [false, false, true, false],
            "created_at" => at(&["2025-01-01"; 4]),
        ),
    );
    // The first message came twice; that of u2 was sent from a phone that was offline for a week;
    // of u9 nobody knows anything.
    world.export(
        "tracks",
        df!(
            "message_id" => ["m1", "m1", "m2", "m3", "m4", "m5"],
            "context_group_id" => ["W1", "W1", "W2", "W1", "W1", "W1"],
            "user_id" => ["u1", "u1", "u1", "bot", "u2", "u9"],
            "timestamp" => at(&["2026-01-28", "2026-01-28", "2026-01-29", "2026-01-30", "2026-01-27", "2026-01-30"]),
            "received_at" => at(&["2026-01-28", "2026-01-29", "2026-01-29", "2026-01-30", "2026-02-02", "2026-01-30"]),
        ),
    );
    let measures = ["events_7d", "active_users_7d"];
    let of = |as_of, account| values(&world, as_of, account, &measures);
    assert_eq!(of("2026-01-31", "W1"), [Some(2.0), Some(2.0)]);
    assert_eq!(of("2026-02-02", "W1"), [Some(3.0), Some(3.0)]);
    assert_eq!(of("2026-01-31", "W2"), [Some(1.0), Some(1.0)]);
}

#[test]
fn stripe() {
    let world = world("stripe", "invoiced");
    accounts(&world, &["A1", "A2"]);
    world.export(
        "customers",
        df!(
            "id" => ["cus_1", "cus_2", "cus_3"],
            "metadata_account_id" => ["A1", "A1", "A2"],
            "created" => seconds(&["2025-01-01"; 3]),
        ),
    );
    // Paid five days late; charged in yen and still open; void; given up; of the last evening.
    world.export(
        "invoices",
        df!(
            "id" => ["in_1", "in_2", "in_3", "in_4", "in_5"],
            "customer" => ["cus_1", "cus_2", "cus_1", "cus_3", "cus_3"],
            "currency" => ["usd", "jpy", "usd", "eur", "eur"],
            "amount_due" => [12_345i64, 5_000, 100, 20_000, 80],
            "status" => ["paid", "open", "void", "uncollectible", "open"],
            "created" => seconds(&["2026-01-01", "2026-01-05", "2026-01-02", "2025-12-01", "2026-01-31T23:30:00"]),
            "due_date" => seconds(&["2026-01-15", "", "2026-01-16", "2025-12-31", "2026-03-01"]),
            "paid_at" => seconds(&["2026-01-20", "", "", "", ""]),
            "voided_at" => seconds(&["", "", "2026-01-10", "", ""]),
            "marked_uncollectible_at" => seconds(&["", "", "", "2026-01-25", ""]),
        ),
    );
    // Notice was given in January for an end in June.
    world.export(
        "subscriptions",
        df!(
            "id" => ["sub_1"], "customer" => ["cus_2"], "status" => ["active"], "cancel_at_period_end" => [true],
            "created" => seconds(&["2025-06-01"]), "canceled_at" => seconds(&["2026-01-21"]),
            "current_period_end" => seconds(&["2026-06-01"]), "ended_at" => seconds(&[""]),
        ),
    );
    world.export(
        "exchange_rates",
        df!(
            "currency" => ["USD", "JPY", "EUR"], "rate_date" => dates(&["2025-11-30"; 3]),
            "usd_per_unit" => [1.0, 0.0064, 1.25],
        ),
    );
    let notice = ["notices_given", "days_since_notice"];
    let given = |as_of| values(&world, as_of, "A1", &notice);
    assert_eq!(given("2026-01-20"), [Some(0.0), None]);
    assert_eq!(given("2026-01-31"), [Some(1.0), Some(10.0)]);

    let money = ["invoiced", "overdue", "uncollectible_invoices", "days_late"];
    // Dollars and yen are not added up; euros alone are. The last invoice is of 31 January in London.
    let first = |as_of| values(&world, as_of, "A1", &money);
    let second = |as_of| values(&world, as_of, "A2", &money);
    assert_eq!(
        first("2026-01-31"),
        [None, Some(5000.0), Some(0.0), Some(5.0)]
    );
    assert_eq!(
        second("2026-01-24"),
        [Some(200.0), Some(200.0), Some(0.0), None]
    );
    assert_eq!(
        second("2026-01-31"),
        [Some(200.8), Some(200.0), Some(1.0), None]
    );
    world.edit("job.toml", "as_of", "currency = \"USD\"\nas_of");
    // 123.45 dollars, 5000 yen, and until it was void one dollar more.
    assert_eq!(first("2026-01-31")[..2], [Some(123.45 + 32.0), Some(32.0)]);
    assert_eq!(first("2026-01-09")[0], Some(123.45 + 32.0 + 1.0));
    assert_eq!(second("2026-01-31")[..2], [Some(251.0), Some(250.0)]);
    // In Berlin it was February already.
    world.edit("exports.toml", "\"UTC\"", "\"Europe/Berlin\"");
    assert_eq!(second("2026-01-31")[0], Some(250.0));
}

#[test]
fn deleted_rows_and_merged_ids() {
    let world = world("merged_ids", "events_28d");
    accounts(&world, &["N1", "N2"]);
    // N1 was merged into N2 on 20 January.
    world.export(
        "account_ids",
        df!(
            "id" => ["o1", "o1", "o2"], "account_id" => ["N1", "N2", "N2"],
            "valid_from" => dates(&["2025-01-01", "2026-01-20", "2025-01-01"]),
            "valid_to" => dates(&["2026-01-20", "", ""]),
        ),
    );
    world.export(
        "usage",
        df!("event_id" => [1i64, 2, 3], "org_id" => ["o1", "o1", "o2"], "day" => dates(&["2026-01-05", "2026-01-25", "2026-01-10"])),
    );
    world.export(
        "seats",
        df!(
            "seat_id" => [1i64, 2, 3], "org_id" => ["o1", "o1", "o2"], "created_at" => at(&["2025-06-01"; 3]),
            "_fivetran_deleted" => [true, false, false], "_fivetran_synced" => at(&["2026-01-10", "2026-01-30", "2026-01-30"]),
        ),
    );
    world.export(
        "integrations",
        df!("integration_id" => [1i64], "org_id" => ["o2"], "created_at" => at(&["2025-01-01"]), "_ab_cdc_deleted_at" => at(&["2026-01-12"])),
    );
    world.export(
        "goals",
        df!(
            "goal_id" => [1i64, 1, 2], "org_id" => ["o2"; 3], "__deleted" => [false, true, false],
            "extracted_at" => at(&["2025-12-01", "2026-01-18", "2026-01-02"]),
        ),
    );
    let measures = [
        "events_28d",
        "seats_in_use",
        "integrations_active",
        "goals_open",
    ];
    let of = |as_of, account| values(&world, as_of, account, &measures);
    assert_eq!(
        of("2026-01-09", "N1"),
        [Some(1.0), Some(2.0), Some(0.0), Some(0.0)]
    );
    assert_eq!(
        of("2026-01-15", "N1"),
        [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]
    );
    assert_eq!(
        of("2026-01-11", "N2"),
        [Some(1.0), Some(1.0), Some(1.0), Some(2.0)]
    );
    assert_eq!(
        of("2026-01-31", "N1"),
        [Some(0.0), Some(0.0), Some(0.0), Some(0.0)]
    );
    assert_eq!(
        of("2026-01-31", "N2"),
        [Some(3.0), Some(2.0), Some(0.0), Some(1.0)]
    );
}
