//! Promises about the codebase: who may use whom, and that no test file is forgotten.

use std::path::{Path, PathBuf};

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

/// Returns every source file with its stage and its text.
fn sources() -> Vec<(String, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let described = |file: PathBuf| {
        let inside = file.strip_prefix(&source).unwrap().display().to_string();
        let stage = inside
            .split('/')
            .next()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        (inside, stage, std::fs::read_to_string(&file).unwrap())
    };
    files_below(&source).into_iter().map(described).collect()
}

#[test]
fn a_stage_never_uses_a_later_one() {
    let stages = stages();
    let place = |name: &str| {
        let found = stages.iter().position(|stage| stage == name);
        found.unwrap_or_else(|| panic!("`{name}` is not in lib.rs"))
    };
    for (file, stage, text) in sources() {
        if ["main", "lib"].contains(&stage.as_str()) {
            continue;
        }
        for other in used(&text) {
            assert!(
                place(&other) <= place(&stage),
                "{file} uses the later stage `{other}`"
            );
        }
    }
}

#[test]
fn only_the_stages_that_may_touch_the_outside_do() {
    const OUTSIDE: &[&str] = &[
        "println!",
        "eprint",
        "std::env::",
        "Local::now",
        "Utc::now",
        "SystemTime",
    ];
    const WITHOUT_FRAMES: &[&str] = &[
        "domain", "config", "trail", "stats", "main", "model", "charts",
    ];
    for (file, stage, text) in sources() {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join("\n");
        let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let is = |stages: &[&str]| stages.contains(&stage.as_str());
        assert!(
            is(&["cli", "main"]) || !says(OUTSIDE),
            "{file} prints, or asks the clock or the environment"
        );
        assert!(
            is(&["config", "exports", "publish", "cli"]) || !says(&["std::fs", "fs::"]),
            "{file} touches files"
        );
        assert!(
            !is(WITHOUT_FRAMES) || !says(&["polars"]),
            "{file} knows a data frame"
        );
    }
}

#[test]
fn every_test_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let module = name.trim_end_matches(".rs");
        if !module.starts_with('.') && !["main", "snapshots"].contains(&module) {
            assert!(
                main.contains(&format!("mod {module};")),
                "tests/it/{name} is not listed in main.rs"
            );
        }
    }
}

#[test]
fn tests_and_program_share_one_build() {
    let features = |edges: &str| -> Vec<String> {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--offline", "--prefix", "none"])
            .args(["--format", "{p} {f}", "--edges", edges])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| line.trim_end_matches(" (*)").to_owned())
            .collect()
    };
    let with_tests = features("normal,build,dev");
    assert!(!with_tests.is_empty());
    for package in features("normal,build") {
        assert!(
            with_tests.contains(&package),
            "a dev-dependency changes `{package}`, so that `cargo test` builds it and all above it again"
        );
    }
}
