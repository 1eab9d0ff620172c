//! Promises about the codebase: who may use whom, and that no test file is forgotten.

use std::path::Path;

use crate::harness::files_below;

/// The stages in reading order, as `lib.rs` lists them; a stage uses earlier ones only.
fn stages() -> Vec<String> {
    let lib =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .map(|name| name.trim_end_matches(';').to_owned())
        .collect()
}

/// Returns the modules of this crate that a source text names.
fn used(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn a_stage_never_uses_a_later_one() {
    let stages = stages();
    let place = |name: &str| {
        stages
            .iter()
            .position(|stage| stage == name)
            .unwrap_or_else(|| panic!("`{name}` is not in lib.rs"))
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files_below(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let stage = inside
            .iter()
            .next()
            .unwrap()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        if ["main", "lib"].contains(&stage.as_str()) {
            continue;
        }
        for other in used(&std::fs::read_to_string(&file).unwrap()) {
            assert!(
                place(&other) <= place(&stage),
                "{} uses the later stage `{other}`",
                inside.display()
            );
        }
    }
}

#[test]
fn only_the_stages_that_may_touch_the_outside_do() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // What is forbidden, and who may use it all the same.
    let rules: [(&[&str], &[&str]); 4] = [
        (
            &[
                "println!",
                "eprint",
                "std::env::",
                "Local::now",
                "Utc::now",
                "SystemTime",
            ],
            &["cli", "main"],
        ),
        (
            &["std::fs", "fs::"],
            &["config", "exports", "publish", "cli"],
        ),
        (
            &["polars"],
            &[
                "formula",
                "exports",
                "panel",
                "measures",
                "population",
                "scores",
                "insights",
                "tables",
                "publish",
                "jobs",
                "sample",
                "cli",
            ],
        ),
        (&["crate::outcomes"], &["backtest", "jobs"]),
    ];
    for file in files_below(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let stage = inside
            .iter()
            .next()
            .unwrap()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (words, allowed) in rules {
            for word in words {
                assert!(
                    allowed.contains(&stage.as_str()) || !code.contains(word),
                    "{} uses {word}",
                    inside.display()
                );
            }
        }
    }
}

#[test]
fn every_test_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let module = name.trim_end_matches(".rs");
        if !["main", "snapshots"].contains(&module) {
            assert!(
                main.contains(&format!("mod {module};")),
                "tests/it/{name} is not listed in main.rs"
            );
        }
    }
}
