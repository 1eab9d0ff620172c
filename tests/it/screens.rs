//! What a person reads at the terminal, kept as reviewed text.

use polars::prelude::*;

use crate::harness::{World, dates};

fn said(world: &World, arguments: &[&str]) -> String {
    let output = world.command(arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = world.without_paths(&String::from_utf8(text).unwrap());
    // Only the time a run took differs from run to run.
    let lines = text.lines().map(|line| {
        let taken = line
            .strip_suffix(" s")
            .and_then(|line| line.rsplit_once(" in "));
        let looked = line.starts_with("nothing published");
        match taken {
            Some((before, _)) => format!("{before} in <time>"),
            None if looked => "nothing published (<time>)".to_owned(),
            None => line.to_owned(),
        }
    });
    format!(
        "{}\n\nexit status {}",
        lines.collect::<Vec<_>>().join("\n"),
        output.status.code().unwrap()
    )
}

#[test]
fn the_summary_of_a_run() {
    insta::assert_snapshot!(said(&World::base(), &["run", "job.toml"]));
}

#[test]
fn the_summary_of_a_run_with_doubts() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_at = \"closed_at\" }\nfresh_within = \"10d\"",
    );
    insta::assert_snapshot!(said(&world, &["run", "job.toml"]));
}

#[test]
fn a_check_of_exports_with_doubts() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "known = { closed_at = \"closed_at\" }",
        "known = { closed_at = \"closed_at\" }\nfresh_within = \"10d\"\nrules = { closed_late = { must = \"closed_at > DATE '2026-01-15'\" } }",
    );
    insta::assert_snapshot!(said(&world, &["check", "job.toml"]));
    world.edit("job.toml", "as_of", "stale = \"refuse\"\nas_of");
    insta::assert_snapshot!(said(&world, &["check", "job.toml", "--footers"]));
}

#[test]
fn what_changed_between_two_runs() {
    let world = World::base();
    let run = |arguments: &[&str]| {
        let output = world.command(&[&["run", "job.toml", "--as-of"], arguments].concat());
        assert!(matches!(output.status.code(), Some(0 | 4)));
    };
    world.edit("job.toml", "\"30d\"", "\"30d\", \"last_scorecard\"");
    run(&["2026-01-10"]);
    // A name that would clear the screen and write over what stands there.
    let hostile = "X\u{1b}[2J\u{202e}";
    world.export(
        "tickets",
        df!(
            "ticket_id" => (0..6).map(|n| format!("T{n}")).collect::<Vec<_>>(), "account_id" => ["A", "A", "A", "A", "B", hostile],
            "opened_at" => dates(&["2026-01-05"; 6]), "closed_at" => dates(&[""; 6]), hostile => [1i64; 6],
        ),
    );
    run(&["2026-01-31"]);
    let said = said(
        &world,
        &[
            "diff",
            "out/job/as_of=2026-01-10",
            "out/job/as_of=2026-01-31",
        ],
    );
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'));
    insta::assert_snapshot!(said);
}

#[test]
fn folders_that_are_no_runs_cannot_be_compared() {
    let world = World::base();
    insta::assert_snapshot!(said(&world, &["diff", "data", "out/job/as_of=2026-01-31"]));
}

#[test]
fn a_quick_look_at_some_accounts() {
    insta::assert_snapshot!(said(
        &World::base(),
        &["run", "job.toml", "--account", "B", "--account", "X"]
    ));
}

/// Returns what a run says of its time. What a stage takes differs from run to run; what is read
/// does not.
fn masked_timings(world: &World, words: &[&str]) -> String {
    let said = said(world, words);
    let (_, table) = said.split_once("Where the time went").unwrap();
    let masked: Vec<String> = table
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split("  ").filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [stage, seconds, cpu] if seconds.trim().parse::<f64>().is_ok() => {
                    assert!(cpu.trim().parse::<f64>().is_ok(), "{line}");
                    format!("  {stage:<40}<seconds>     <CPU>")
                }
                _ => line.to_owned(),
            }
        })
        .collect();
    masked.join("\n")
}

#[test]
fn where_the_time_went() {
    let world = World::base();
    insta::assert_snapshot!(masked_timings(&world, &["run", "job.toml", "--timings"]));
}

#[test]
fn where_the_time_of_a_review_went() {
    let world = crate::review::world(crate::review::PLAIN);
    let said = masked_timings(&world, &["run", "review.toml", "--timings"]);
    for stage in [
        "reading outcomes",
        "scoring the past",
        "ranking",
        "judging metrics",
        "moving one variable at a time",
        "publishing",
        "in all",
    ] {
        let line = format!("  {stage:<40}<seconds>     <CPU>");
        assert!(said.contains(&line), "{stage} is missing:\n{said}");
    }
    // Accounts are read for the outcomes and for the scores.
    assert_eq!(
        said.matches("\n  accounts                            60")
            .count(),
        2,
        "{said}"
    );
    let (_, drawn) = said
        .split_once(" figures were drawn 200 times each: ")
        .unwrap();
    let drawn = drawn.lines().next().unwrap();
    let numbers: Vec<f64> = (drawn.split_whitespace())
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(numbers.len(), 3, "{drawn}");
    assert!(numbers[0] > 0.0, "bootstraps take no time: {drawn}");
}

#[test]
fn the_tree_behind_a_score() {
    let world = World::base();
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    world.write("model.toml", &(model + "\n[[caps]]\nid = \"tickets\"\nwhen = \"open_tickets >= 2\"\nat_most = 49.9\nreason = \"two tickets are open\"\n"));
    insta::assert_snapshot!(said(&world, &["explain", "job.toml", "--account", "A"]));
}

#[test]
fn accounts_that_cannot_be_explained() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "[population]",
        "[population]\nexclude = { north = \"sales_region = 'north'\" }",
    );
    insta::assert_snapshot!(said(&world, &["explain", "job.toml", "--account", "A"]));
    insta::assert_snapshot!(said(&world, &["explain", "job.toml", "--account", "a"]));
}

#[test]
fn a_reference_needs_enough_accounts() {
    insta::assert_snapshot!(said(
        &World::base(),
        &["freeze", "job.toml", "--measure", "seats"]
    ));
}

#[test]
fn the_help_shows_examples_and_exit_statuses() {
    let world = World::empty();
    for command in [
        "run", "check", "backtest", "explain", "diff", "freeze", "init", "schema", "catalog",
        "test", "sample",
    ] {
        assert!(
            said(&world, &[command, "--help"]).contains("Examples:\n  healthscore "),
            "{command}"
        );
    }
    insta::assert_snapshot!(said(&world, &["--help"]));
}
