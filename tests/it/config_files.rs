//! Every rule of a configuration file has one accepted and one rejected example; the rejected one
//! comes with its exact message.
//!
//! An example is the file that the rule is about, or a folder with all files that differ from the
//! plain ones (`fixtures/base`).

use std::path::{Path, PathBuf};

use crate::harness::World;

const KINDS: [&str; 5] = ["exports", "measures", "models", "jobs", "reviews"];

fn place_of(kind: &str) -> &'static str {
    match kind {
        "exports" => "exports.toml",
        "measures" => "measures.toml",
        "models" => "model.toml",
        "jobs" => "job.toml",
        "reviews" => "review.toml",
        other => panic!("no such kind: {other}"),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn examples(kind: &str, verdict: &str) -> Vec<PathBuf> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    entries(&fixtures.join(kind).join(verdict))
}

fn rule_of(example: &Path) -> String {
    example.file_stem().unwrap().to_string_lossy().into_owned()
}

fn run(kind: &str, example: &Path) -> (World, std::process::Output) {
    let world = World::base();
    let copy = |to: &str, from: &Path| world.write(to, &std::fs::read_to_string(from).unwrap());
    if example.is_dir() {
        for file in entries(example) {
            copy(&file.file_name().unwrap().to_string_lossy(), &file);
        }
    } else {
        copy(place_of(kind), example);
    }
    let job = if kind == "reviews" {
        "review.toml"
    } else {
        "job.toml"
    };
    let output = world.command(&["run", job]);
    (world, output)
}

#[test]
fn every_rule_has_an_accepted_and_a_rejected_example() {
    for kind in KINDS {
        let names = |verdict| -> Vec<String> {
            examples(kind, verdict)
                .iter()
                .map(|path| rule_of(path))
                .collect()
        };
        assert_eq!(names("valid"), names("invalid"), "{kind}");
        assert!(!names("valid").is_empty());
    }
}

#[test]
fn accepted_examples_run() {
    let mut refused = Vec::new();
    for kind in KINDS {
        for example in examples(kind, "valid") {
            let (_, output) = run(kind, &example);
            if !matches!(output.status.code(), Some(0 | 4)) {
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                refused.push(format!("{}: {error}", example.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn rejected_examples_say_what_to_do_and_publish_nothing() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/config_files");
    settings.set_prepend_module_to_snapshot(false);
    for kind in KINDS {
        for example in examples(kind, "invalid") {
            let (world, output) = run(kind, &example);
            assert!(
                !world.path().join("out").exists(),
                "{} published",
                example.display()
            );
            let status = output.status.code().unwrap();
            let message = world.without_paths(&String::from_utf8(output.stderr).unwrap());
            // The date on which a test runs is none of its business.
            let message = regex_today(&message);
            let name = format!("{kind}__{}", rule_of(&example));
            settings.bind(|| {
                insta::assert_snapshot!(
                    name,
                    format!("exit status {status}\n\n{}", message.trim_end())
                )
            });
        }
    }
}

fn regex_today(message: &str) -> String {
    match message.split_once("today is ") {
        Some((before, after)) => format!("{before}today is <today>{}", &after[10..]),
        None => message.to_owned(),
    }
}

#[test]
fn a_metric_whose_export_is_not_configured_is_an_error_of_the_model() {
    let world = World::base();
    world.edit(
        "exports.toml",
        "[tables.tickets]\npath = \"tickets.parquet\"",
        "[tables.cases]\npath = \"tickets.parquet\"",
    );
    let output = world.command(&["run", "job.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains(
            "metric `open_tickets` cannot be computed: the export `tickets` is not configured"
        ),
        "{message}"
    );
    assert!(message.contains("model.toml:14"), "{message}");
}

#[test]
fn problems_of_several_files_come_in_one_run() {
    let world = World::base();
    world.edit("exports.toml", "time = \"signed_on\"", "time = \"signed\"");
    world.edit("measures.toml", "closed_at IS NULL", "closed IS NULL");
    world.edit("model.toml", "weight = 0.4", "weight = 0.3");
    let message = String::from_utf8(world.command(&["run", "job.toml"]).stderr).unwrap();
    for file in ["exports.toml:", "measures.toml:", "model.toml:"] {
        assert!(message.contains(file), "{message}");
    }
    assert!(message.contains("3 problems"), "{message}");
}
