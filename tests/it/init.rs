//! `init`: somebody's own exports, a first configuration, and a run of it.

use std::collections::BTreeMap;

use healthscore::init::{self, FILES, Request, Starter};
use healthscore::jobs::manifest::Moment;
use healthscore::jobs::score_run;
use healthscore::jobs::settings::{self, Overrides};
use healthscore::publish::{self, Lock, PublishError};
use healthscore::trail::Trail;
use polars::prelude::*;

use crate::harness::{World, date, dates, instants};

const TODAY: &str = "2026-03-01";

fn starter(world: &World) -> Starter {
    let request = Request {
        exports: world.path().join("data"),
        data: "data".into(),
        today: date(TODAY),
    };
    init::init(&request, &mut Trail::silent()).unwrap()
}

fn texts(starter: &Starter) -> BTreeMap<&str, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let files = starter.files.iter();
    files
        .map(|file| (file.path.as_str(), text(&file.bytes)))
        .collect()
}

/// Writes the files, runs the job as it stands, and returns the published accounts.
fn run(world: &World, starter: &Starter) -> DataFrame {
    publish::write_beside(world.path(), &starter.files).unwrap();
    let path = world.path().join("nightly.toml");
    let job = settings::load(&path, &Overrides::default(), date(TODAY)).unwrap();
    let mut trail = Trail::silent();
    let lock = Lock::take(&job.folder).unwrap();
    let cards = score_run::score_run(&job, None, &mut trail)
        .unwrap()
        .publish(&job, &lock, &Moment::default(), &mut trail)
        .unwrap();
    let table = cards[0]
        .tables
        .iter()
        .find(|table| table.name == "account_scores");
    table.unwrap().frame().unwrap()
}

fn day(n: usize) -> String {
    let start = date("2025-01-01");
    let day = start + chrono::Days::new((n % 410) as u64);
    day.to_string()
}

fn days(count: usize, step: usize) -> Vec<Option<chrono::NaiveDate>> {
    (0..count).map(|n| day(n * step).parse().ok()).collect()
}

/// Accounts, subscriptions of theirs, usage of those, tickets: under a stranger's names.
fn software_company() -> World {
    let world = World::empty();
    let accounts: Vec<String> = (0..40).map(|n| format!("A-{n:03}")).collect();
    world.export(
        "customers",
        df!(
            "customer_ref" => accounts.clone(),
            "company_name" => (0..40).map(|n| format!("Company {n}")).collect::<Vec<_>>(),
            "signup_date" => vec![Some(date("2025-01-01")); 40],
            "churn_flag" => (0..40).map(|n| n % 5 == 0).collect::<Vec<_>>(),
        ),
    );
    world.export(
        "subscriptions",
        df!(
            "subscription_id" => (0..60).map(|n| format!("S-{n:03}")).collect::<Vec<_>>(),
            "customer_ref" => (0..60).map(|n| accounts[n % 40].clone()).collect::<Vec<_>>(),
            "start_date" => vec![Some(date("2025-01-02")); 60],
            "end_date" => (0..60).map(|n| (n % 7 == 0).then(|| date("2025-11-01"))).collect::<Vec<_>>(),
            "seats" => (0..60i64).map(|n| 5 + n % 9).collect::<Vec<_>>(),
            "mrr" => (0..60).map(|n| 10.5 * f64::from(n % 6)).collect::<Vec<_>>(),
        ),
    );
    world.export(
        "feature_usage",
        df!(
            "usage_id" => (0..3000).map(|n| format!("U-{n:05}")).collect::<Vec<_>>(),
            "subscription_id" => (0..3000).map(|n| format!("S-{:03}", n * n % 60)).collect::<Vec<_>>(),
            "usage_date" => days(3000, 7),
            "feature_name" => (0..3000).map(|n| format!("feature {}", n % 12)).collect::<Vec<_>>(),
            "usage_count" => (0..3000i64).map(|n| n % 13).collect::<Vec<_>>(),
        ),
    );
    world.export(
        "support_tickets",
        df!(
            "ticket_id" => (0..200).map(|n| format!("T-{n:04}")).collect::<Vec<_>>(),
            "customer_ref" => (0..200).map(|n| accounts[n * 3 % 40].clone()).collect::<Vec<_>>(),
            "submitted_at" => days(200, 2),
            "closed_at" => (0..200).map(|n| (n % 4 != 0).then(|| day(n * 2 + 3).parse().unwrap())).collect::<Vec<Option<chrono::NaiveDate>>>(),
            "priority" => (0..200).map(|n| ["urgent", "high", "low"][n % 3]).collect::<Vec<_>>(),
            "satisfaction_score" => (0..200).map(|n| (n % 4 != 0).then_some(1.0 + (n % 5) as f64)).collect::<Vec<_>>(),
        ),
    );
    world
}

#[test]
fn a_software_company_is_understood_and_scored() {
    let world = software_company();
    let starter = starter(&world);
    let texts = texts(&starter);
    insta::assert_snapshot!("init_exports", texts["exports.toml"]);
    assert!(!texts["measures.toml"].contains("churn_flag"));
    assert!(!texts["models/starter.toml"].contains("churn_flag"));
    assert_eq!(starter.leaks, ["accounts.churn_flag"]);
    // The shipped measures stand as they are shipped, and those without data are named.
    assert!(texts["measures.toml"].contains("[measures.open_p1]"));
    assert!(texts["measures.toml"].contains("a table `invoices`: days_late"));
    assert!(!texts["measures.toml"].contains("[measures.days_late]"));
    let scores = run(&world, &starter);
    assert!(scores.height() > 30, "{scores}");
    let bands = scores
        .column("band")
        .unwrap()
        .str()
        .unwrap()
        .unique()
        .unwrap();
    assert!(bands.drop_nulls().len() > 1, "{scores}");
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let world = software_company();
    let (first, second) = (starter(&world), starter(&world));
    assert_eq!(texts(&first), texts(&second));
}

#[test]
fn people_who_post_are_scored_without_contracts() {
    let world = World::empty();
    let n = 2000usize;
    world.export(
        "users",
        df!("id" => (1..=80i64).collect::<Vec<_>>(), "created_at" => vec![Some(date("2025-01-01")); 80]),
    );
    world.export(
        "posts",
        df!(
            "post_id" => (0..n as i64).collect::<Vec<_>>(),
            "author_id" => (0..n).map(|k| 1 + ((k * k) % 80) as i64).collect::<Vec<_>>(),
            "posted_at" => days(n, 3),
        ),
    );
    world.export(
        "friendships",
        df!(
            "user_a" => (0..300).map(|k| 1 + (k * 7 % 80) as i64).collect::<Vec<_>>(),
            "user_b" => (0..300).map(|k| 1 + (k * 11 % 80) as i64).collect::<Vec<_>>(),
            "since" => days(300, 1),
        ),
    );
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    assert!(
        exports.contains("columns.account_id = \"author_id\""),
        "{exports}"
    );
    assert!(
        exports.contains("columns.account_id = \"user_a\""),
        "{exports}"
    );
    assert!(exports.contains("`user_b` names accounts too"), "{exports}");
    assert_eq!(run(&world, &starter).height(), 80);
}

#[test]
fn a_row_a_customer_is_scored_by_what_is_known_today_and_never_by_the_answer() {
    let world = World::empty();
    let n = 300usize;
    world.export(
        "telco_customer_churn",
        df!(
            "customerID" => (0..n).map(|k| format!("{k:04}-X")).collect::<Vec<_>>(),
            "tenure" => (0..n).map(|k| (k % 72) as i64).collect::<Vec<_>>(),
            "Contract" => (0..n).map(|k| ["Month-to-month", "One year", "Two year"][k % 3]).collect::<Vec<_>>(),
            "Customer service calls" => (0..n).map(|k| (k % 6) as i64).collect::<Vec<_>>(),
            "Churn" => (0..n).map(|k| ["Yes", "No", "No"][k % 3]).collect::<Vec<_>>(),
        ),
    );
    let starter = starter(&world);
    let texts = texts(&starter);
    assert!(texts["exports.toml"].contains("LEAK: `churn`"));
    for file in ["measures.toml", "models/starter.toml"] {
        let used = texts[file].lines().filter(|line| !line.starts_with('#'));
        assert!(!used.clone().any(|line| line.contains("churn")), "{file}");
    }
    assert!(texts["measures.toml"].contains("value = \"customer_service_calls\""));
    assert!(texts["nightly.toml"].contains("as_of = \"yesterday\""));
    assert_eq!(run(&world, &starter).height(), n);
}

#[test]
fn an_event_log_with_subscriptions_names_its_accounts_itself() {
    let world = World::empty();
    let n = 4000usize;
    world.export(
        "subscriptions",
        df!(
            "subscription_id" => (0..90).map(|k| format!("s{k}")).collect::<Vec<_>>(),
            "user_id" => (0..90).map(|k| format!("u{}", k % 60)).collect::<Vec<_>>(),
            "started_at" => vec![Some(date("2025-01-01")); 90],
            "ended_at" => (0..90).map(|k| (k % 6 == 0).then(|| date("2025-10-01"))).collect::<Vec<_>>(),
        ),
    );
    world.export(
        "events",
        df!(
            "event_id" => (0..n as i64).collect::<Vec<_>>(),
            "user_id" => (0..n).map(|k| format!("u{}", k * k % 60)).collect::<Vec<_>>(),
            "subscription_id" => (0..n).map(|k| format!("s{}", k % 90)).collect::<Vec<_>>(),
            "event_type" => (0..n).map(|k| ["login", "export", "share"][k % 3]).collect::<Vec<_>>(),
            "timestamp" => days(n, 11),
        ),
    );
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    assert!(
        exports.contains("no table has one row an account"),
        "{exports}"
    );
    assert!(exports.contains("loaded = \"started_at\""), "{exports}");
    assert!(
        exports.contains("eligible = \"active_contract_lines > 0\""),
        "{exports}"
    );
    assert!(run(&world, &starter).height() > 40);
}

#[test]
fn accounts_go_by_other_names_in_other_tables() {
    let world = World::empty();
    let n = 2000usize;
    world.export(
        "subs",
        df!(
            "subscription_id" => (0..80).map(|k| format!("s{k}")).collect::<Vec<_>>(),
            "customer" => (0..80).map(|k| format!("org{k}")).collect::<Vec<_>>(),
            "plan" => (0..80).map(|k| ["basic", "pro"][k % 2]).collect::<Vec<_>>(),
            "started" => days(80, 1),
            "cancelled" => (0..80).map(|k| (k % 4 == 0).then(|| date("2025-10-01"))).collect::<Vec<_>>(),
            "current_period_end" => vec![Some(date("2026-12-31")); 80],
        ),
    );
    for table in ["activity", "cases"] {
        world.export(
            table,
            df!(
                "id" => (0..n as i64).collect::<Vec<_>>(),
                "company_ref" => (0..n).map(|k| format!("org{}", k % 77)).collect::<Vec<_>>(),
                "kind" => (0..n).map(|k| ["login", "export", "share"][k % 3]).collect::<Vec<_>>(),
                "opened" => days(n, 11),
            ),
        );
    }
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    let told = |text: &str| assert!(exports.contains(text), "{text}\n{exports}");
    told("the newest row of each `customer` in subs.parquet stands for it");
    told(
        "account = \"account_id\"   # medium: all of its values are those by which other tables name theirs",
    );
    told("columns.end_date = \"current_period_end\"");
    told("derive.ended_date = \"CAST(cancelled_at AS DATE)\"");
    assert_eq!(run(&world, &starter).height(), 60, "a quarter has ended");
}

#[test]
fn short_names_are_understood_and_what_is_cancelled_ends() {
    let world = World::empty();
    let n = 3000usize;
    world.export(
        "subs",
        df!(
            "sub_ref" => (0..90).map(|k| format!("s{k}")).collect::<Vec<_>>(),
            "company_ref" => (0..90).map(|k| format!("c{k}")).collect::<Vec<_>>(),
            "mrr" => (0..90).map(|k| 10.0 * f64::from(k)).collect::<Vec<_>>(),
            "started" => days(90, 1),
            "cancelled_on" => (0..90).map(|k| (k % 3 == 0).then(|| date("2025-10-01"))).collect::<Vec<_>>(),
        ),
    );
    world.export(
        "activity_log",
        df!(
            "uid" => (0..n as i64).collect::<Vec<_>>(),
            "company_ref" => (0..n).map(|k| format!("c{}", k % 90)).collect::<Vec<_>>(),
            "event" => (0..n).map(|k| ["login", "export", "share"][k % 3]).collect::<Vec<_>>(),
            "happened" => days(n, 11),
        ),
    );
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    assert!(exports.contains("[tables.contracts]"), "{exports}");
    assert!(
        exports.contains("derive.ended_date = \"CAST(cancelled_at AS DATE)\""),
        "{exports}"
    );
    assert_eq!(run(&world, &starter).height(), 60, "a third has ended");
}

#[test]
fn names_dates_and_ids_come_as_they_come() {
    let world = World::empty();
    let n = 1500usize;
    world.export(
        "CRM Accounts",
        df!(
            "Id" => (1000..1050i64).collect::<Vec<_>>(),
            "Company \"Name\"" => (0..50).map(|k| format!("a\n\"{k}\"")).collect::<Vec<_>>(),
            "created" => vec!["2025-01-01"; 50],
            "signed by hand" => vec!["31.01.2025"; 50],
            "IsDeleted" => (0..50).map(|k| k == 7).collect::<Vec<_>>(),
        ),
    );
    for part in 1..=2usize {
        world.export(
            &format!("events-part-0{part}"),
            df!(
                "event \"id\" = 1" => (0..n).map(|k| format!("{part}/{k}")).collect::<Vec<_>>(),
                "account id" => (0..n).map(|k| (1000 + k * k % 50).to_string()).collect::<Vec<_>>(),
                "created_ts" => (0..n).map(|k| 1_740_000_000 + 20_000 * k as i64).collect::<Vec<_>>(),
                "it's; DROP" => vec!["x"; n],
            ),
        );
    }
    world.export(
        "billing/part-0",
        df!(
            "account_id" => (0..400).map(|k| (k % 20 != 0).then_some(1000.0 + (k % 50) as f64)).collect::<Vec<_>>(),
            "bill_day" => (0..400).map(|k| 20_250_101i64 + k % 28 + 100 * (k % 12)).collect::<Vec<_>>(),
            "amount" => (0..400).map(|k| 0.25 * k as f64).collect::<Vec<_>>(),
            "invoice_no" => (0..400i64).collect::<Vec<_>>(),
        ),
    );
    world.export("empty", df!("x" => Vec::<i64>::new()));
    world.write("data/broken.parquet", "not Parquet");
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    let table: toml::Table = exports.parse().unwrap();
    let tables = table["tables"].as_table().unwrap();
    assert_eq!(
        tables["events"]["path"].as_str(),
        Some("events-part*.parquet")
    );
    assert_eq!(
        tables["accounts"]["columns"]["company_name"].as_str(),
        Some("Company \"Name\"")
    );
    assert!(exports.contains("sent as seconds since 1970"), "{exports}");
    assert!(
        exports.contains("sent as a number such as 20260131"),
        "{exports}"
    );
    assert!(
        exports.contains("ids sent as numbers with decimals"),
        "{exports}"
    );
    assert!(
        exports.contains("TODO: `signed by hand` holds days such as 31.01.2025, which are text"),
        "{exports}"
    );
    let left: Vec<&str> = starter
        .left_out
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(left, ["broken.parquet", "empty.parquet"]);
    let scores = run(&world, &starter);
    assert_eq!(scores.height(), 49, "the deleted one is kept out");
}

#[test]
fn folders_of_days_are_events_or_dumps_by_what_they_hold() {
    let world = World::empty();
    let ids: Vec<i64> = (0..30).collect();
    for (n, day) in ["2026-01-01", "2026-01-15", "2026-02-01"]
        .iter()
        .enumerate()
    {
        world.export(
            &format!("customers/dt={day}/x"),
            df!("customer_id" => ids.clone(), "seats" => ids.iter().map(|id| id + n as i64).collect::<Vec<_>>()),
        );
        world.export(
            &format!("logins/dt={day}/x"),
            df!(
                "login_id" => (0..200).map(|k| (1000 * n + k) as i64).collect::<Vec<_>>(),
                "customer_id" => (0..200).map(|k| (k * k % 30) as i64).collect::<Vec<_>>(),
            ),
        );
    }
    let starter = starter(&world);
    let exports = texts(&starter)["exports.toml"].clone();
    assert!(
        exports.contains("path = \"customers/dt={as_of}/*.parquet\""),
        "{exports}"
    );
    assert!(exports.contains("path = \"logins\""), "{exports}");
    // The day stands in the path alone.
    assert!(
        exports.contains("derive.dt = \"CAST(dt_as_sent AS DATE)\""),
        "{exports}"
    );
    assert_eq!(run(&world, &starter).height(), 30);
}

#[test]
fn a_word_that_never_occurs_brings_no_shipped_measure() {
    let world = software_company();
    let frame = df!(
        "ticket_id" => (0..90).map(|n| format!("T-{n:04}")).collect::<Vec<_>>(),
        "customer_ref" => (0..90).map(|n| format!("A-{:03}", n % 40)).collect::<Vec<_>>(),
        "opened_at" => instants(&(0..90).map(|n| if n % 2 == 0 { "2025-06-01T08:00:00" } else { "2026-02-01T08:00:00" }).collect::<Vec<_>>(), Some("UTC")),
        "closed_at" => dates(&[""; 90]),
        "priority" => (0..90).map(|n| ["hot", "cold"][n % 2]).collect::<Vec<_>>(),
    );
    world.export("support_tickets", frame);
    let starter = starter(&world);
    let measures = texts(&starter)["measures.toml"].clone();
    assert!(!measures.contains("[measures.open_p1]"), "{measures}");
    assert!(
        measures.contains("`tickets` in which `priority` is 'P1': open_p1"),
        "{measures}"
    );
    assert!(measures.contains("[measures.open_tickets]"), "{measures}");
}

#[test]
fn nothing_is_overwritten_and_all_that_is_there_is_named() {
    let world = software_company();
    world.write("jobs/exports.toml", "mine");
    world.write("jobs/nightly.toml", "mine too");
    let output = world.command(&["init", "--exports", "data"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("jobs/exports.toml, jobs/nightly.toml"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(world.path().join("jobs/exports.toml")).unwrap(),
        "mine"
    );
    assert!(!world.path().join("jobs/measures.toml").exists());
    let files = starter(&world).files;
    let refused = publish::write_beside(&world.path().join("jobs"), &files);
    assert!(matches!(refused, Err(PublishError::Exists(_))));
    let output = world.command(&["init", "--exports", "data", "--out", "new"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(
            "usage = feature_usage.parquet (3000 rows, by subscription_id through contracts)"
        ),
        "{said}"
    );
    for file in FILES {
        let path = world.path().join("new").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let schema = text.lines().next().unwrap().strip_prefix("#:schema ");
        let schema = path.parent().unwrap().join(schema.unwrap());
        let schema = std::fs::read_to_string(schema).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert!(schema["title"].is_string(), "{file}");
    }
    let job = std::fs::read_to_string(world.path().join("new/nightly.toml")).unwrap();
    assert!(job.contains("data = \"../data\""), "{job}");
}

#[test]
fn a_folder_without_tables_says_what_was_found() {
    let world = World::empty();
    world.write("data/accounts.csv", "a,b");
    let output = world.command(&["init", "--exports", "data"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no Parquet file with rows"), "{said}");
    assert!(said.contains("accounts.csv"), "{said}");
    let output = world.command(&["init", "--exports", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
}
