//! The JSON Schemas: committed copies are current, explain every key, accept what the program
//! accepts and refuse what its reader refuses.

use std::path::{Path, PathBuf};

use healthscore::config::{self, Problems, Source};
use healthscore::jobs::schemas::FileKind;
use serde_json::{Map, Value, json};

use crate::harness::files_below;

const REFRESH: &str = "cargo run -- schema --out jobs/schemas";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(kind: FileKind) -> Value {
    serde_json::from_str(&kind.schema()).unwrap()
}

/// Returns every shipped file with the kind that its first line names.
fn shipped() -> Vec<(PathBuf, FileKind)> {
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    let kind_of = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let named = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("#:schema "));
        let named = named.unwrap_or_else(|| {
            panic!(
                "{}: the first line names no schema, such as `#:schema ./schemas/job.json`",
                path.display()
            )
        });
        let schema = path.parent().unwrap().join(named).canonicalize().unwrap();
        let kind = FileKind::ALL
            .into_iter()
            .find(|kind| schema == root().join(format!("jobs/schemas/{}.json", kind.word())));
        (path, kind.expect("a schema that is not ours"))
    };
    files_below(&root().join("jobs"))
        .into_iter()
        .filter(is_toml)
        .map(kind_of)
        .collect()
}

/// Returns TOML as the JSON that an editor checks: dates become text.
fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, as_json(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Says where a value is not what the schema wants, by the words that our schemas use.
fn misfit(schema: &Value, value: &Value, root: &Value, at: &str) -> Option<String> {
    let rules = schema.as_object().unwrap();
    let list = |rule: &Value| rule.as_array().unwrap().clone();
    rules.iter().find_map(|(word, rule)| {
        let wrong =
            |is_wrong: bool| is_wrong.then(|| format!("{at}: {word} {rule}, found {value}"));
        let fits = |schema: &Value| misfit(schema, value, root, at).is_none();
        match word.as_str() {
            "title" | "description" | "default" | "examples" | "format" | "definitions"
            | "$schema" => None,
            "$ref" => {
                let name = rule
                    .as_str()
                    .unwrap()
                    .strip_prefix("#/definitions/")
                    .unwrap();
                misfit(&root["definitions"][name], value, root, at)
            }
            "type" => wrong(match rule.as_str().unwrap() {
                "object" => !value.is_object(),
                "array" => !value.is_array(),
                "string" => !value.is_string(),
                "boolean" => !value.is_boolean(),
                "integer" => !value.is_i64(),
                "number" => !value.is_number(),
                other => panic!("the test does not know the type {other}"),
            }),
            "const" => wrong(rule != value),
            "enum" => wrong(!list(rule).contains(value)),
            "pattern" => wrong(value.as_str().is_some_and(|text| {
                !regex::Regex::new(rule.as_str().unwrap())
                    .unwrap()
                    .is_match(text)
            })),
            "minimum" => wrong(value.as_f64() < rule.as_f64()),
            "maximum" => wrong(value.as_f64() > rule.as_f64()),
            "minItems" => wrong(value.as_array()?.len() < rule.as_u64().unwrap() as usize),
            "maxItems" => wrong(value.as_array()?.len() > rule.as_u64().unwrap() as usize),
            "items" => value
                .as_array()?
                .iter()
                .enumerate()
                .find_map(|(n, item)| misfit(rule, item, root, &format!("{at}[{n}]"))),
            "required" => wrong(
                !list(rule)
                    .iter()
                    .all(|key| value.get(key.as_str().unwrap()).is_some()),
            ),
            "properties" => rule.as_object().unwrap().iter().find_map(|(key, rule)| {
                misfit(rule, value.get(key)?, root, &format!("{at}.{key}"))
            }),
            "additionalProperties" => value.as_object()?.iter().find_map(|(key, value)| {
                let is_named = rules
                    .get("properties")
                    .is_some_and(|named| named.get(key).is_some());
                let at = format!("{at}.{key}");
                match rule {
                    _ if is_named => None,
                    Value::Bool(true) => None,
                    Value::Bool(false) => Some(format!("{at}: no such key")),
                    rule => misfit(rule, value, root, &at),
                }
            }),
            "propertyNames" => value
                .as_object()?
                .keys()
                .find_map(|key| misfit(rule, &json!(key), root, &format!("{at}.{key}"))),
            "allOf" => list(rule)
                .iter()
                .find_map(|part| misfit(part, value, root, at)),
            "anyOf" => wrong(!list(rule).iter().any(fits)),
            "oneOf" => wrong(list(rule).iter().filter(|part| fits(part)).count() != 1),
            other => panic!("the test does not know the word {other}"),
        }
    })
}

fn misfit_of(kind: FileKind, text: &str) -> Option<String> {
    let schema = schema(kind);
    let value = as_json(toml::from_str::<toml::Table>(text).unwrap().into());
    misfit(&schema, &value, &schema, "")
}

#[test]
fn committed_schemas_are_current() {
    for kind in FileKind::ALL {
        let path = root().join(format!("jobs/schemas/{}.json", kind.word()));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == kind.schema(),
            "jobs/schemas/{}.json is not current; refresh all with `{REFRESH}`",
            kind.word()
        );
    }
}

#[test]
fn every_key_is_explained() {
    fn walk(schema: &Value, at: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let says = property["description"].as_str().unwrap_or_default();
            assert!(says.len() > 3, "{at}.{key} has no doc comment");
        }
        match schema {
            Value::Object(parts) => parts
                .iter()
                .for_each(|(key, part)| walk(part, &format!("{at}.{key}"))),
            Value::Array(parts) => parts.iter().for_each(|part| walk(part, at)),
            _ => {}
        }
    }
    for kind in FileKind::ALL {
        walk(&schema(kind), kind.word());
    }
}

#[test]
fn shipped_files_name_their_schema_and_satisfy_it() {
    let shipped = shipped();
    assert!(shipped.len() > 10);
    for (path, kind) in shipped {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(misfit_of(kind, &text), None, "{}", path.display());
    }
}

/// Returns whether the file's reader refuses the text.
fn reader_refuses(kind: FileKind, text: &str) -> bool {
    let source = Source {
        path: "example.toml".into(),
        text: text.into(),
    };
    let mut problems = Problems::default();
    match kind {
        FileKind::Exports => {
            config::parse::<healthscore::exports::file::ExportsFile>(&source, &mut problems);
        }
        FileKind::Measures => {
            config::parse::<healthscore::measures::file::MeasuresFile>(&source, &mut problems);
        }
        FileKind::Model => {
            config::parse::<healthscore::model::file::ModelFile>(&source, &mut problems);
        }
        FileKind::Test => {
            config::parse::<healthscore::jobs::row_tests::file::TestsFile>(&source, &mut problems);
        }
        FileKind::Job => {
            config::parse::<healthscore::jobs::file::JobFile>(&source, &mut problems);
        }
    }
    !problems.0.is_empty()
}

#[test]
fn a_schema_accepts_what_runs_and_refuses_what_the_reader_refuses() {
    // An example of several files is a folder, with each under the name that the job gives it.
    let kind_of = |folder: &str, file: &Path| match (file.to_str().unwrap(), folder) {
        ("exports.toml", _) => FileKind::Exports,
        ("measures.toml", _) => FileKind::Measures,
        ("model.toml" | "other.toml", _) => FileKind::Model,
        ("job.toml", _) => FileKind::Job,
        (_, "exports") => FileKind::Exports,
        (_, "measures") => FileKind::Measures,
        (_, "models") => FileKind::Model,
        _ => FileKind::Job,
    };
    let mut refused = 0;
    for folder in ["exports", "measures", "models", "jobs", "reviews"] {
        for example in files_below(&root().join(format!("tests/fixtures/{folder}"))) {
            let text = std::fs::read_to_string(&example).unwrap();
            let kind = kind_of(folder, Path::new(example.file_name().unwrap()));
            let found = misfit_of(kind, &text);
            if reader_refuses(kind, &text) {
                refused += 1;
                assert!(found.is_some(), "{} slips through", example.display());
            } else if example.to_string_lossy().contains("/valid/") {
                assert_eq!(found, None, "{}", example.display());
            }
        }
    }
    assert!(refused > 5, "{refused}");
}
