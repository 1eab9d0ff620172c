//! In which order measures are resolved: each behind those it is made from.

use indexmap::IndexMap;
use toml::Spanned;

use super::catalog::Catalog;
use super::file::MeasuresFile;
use crate::config::{Problems, Source};
use crate::formula::{self, Parsed};

/// A measure as parsed, with what it is made from.
pub(super) struct ParsedMeasure<'a> {
    pub(super) key: &'a Spanned<String>,
    pub(super) formula: Parsed,
    /// The measures and account columns it is made from.
    parts: Vec<String>,
}

pub(super) type ParsedMeasures<'a> = IndexMap<&'a str, ParsedMeasure<'a>>;

/// Parses every measure; what is not SQL is reported and left out.
pub(super) fn parse_all<'a>(
    file: &'a MeasuresFile,
    source: &Source,
    catalog: &Catalog,
    problems: &mut Problems,
) -> ParsedMeasures<'a> {
    let mut parsed: ParsedMeasures<'a> = IndexMap::new();
    for (name, measure) in &file.measures {
        if name.get_ref() == "as_of"
            || catalog.scope.columns.contains_key(name.get_ref())
            || catalog.scope.derived.contains_key(name.get_ref())
        {
            problems.push(
                source
                    .problem(name.span(), format!("`{name}` is also an account column"))
                    .label("one name must mean one thing")
                    .help("give the measure another name"),
            );
        }
        match formula::parse(measure.value.get_ref()) {
            Ok(formula) => {
                // The names in a measure over an export are its columns, not other measures.
                let parts = if measure.from.is_none() {
                    formula.names()
                } else {
                    Vec::new()
                };
                parsed.insert(
                    name.get_ref().as_str(),
                    ParsedMeasure {
                        key: name,
                        formula,
                        parts,
                    },
                );
            }
            Err(error) => problems.push(formula::problem(source, &measure.value, &error)),
        }
    }
    parsed
}

/// Sorts measures so that each stands behind those it mentions; circles are reported.
pub(super) fn in_order(
    parsed: &ParsedMeasures<'_>,
    source: &Source,
    problems: &mut Problems,
) -> Vec<String> {
    fn visit(
        name: &str,
        parsed: &ParsedMeasures<'_>,
        path: &mut Vec<String>,
        done: &mut Vec<String>,
        circles: &mut Vec<Vec<String>>,
    ) {
        if done.iter().any(|done| done == name) {
            return;
        }
        if let Some(start) = path.iter().position(|step| step == name) {
            circles.push(
                path[start..]
                    .iter()
                    .cloned()
                    .chain([name.to_owned()])
                    .collect(),
            );
            return;
        }
        path.push(name.to_owned());
        for other in &parsed[name].parts {
            if parsed.contains_key(other.as_str()) {
                visit(other, parsed, path, done, circles);
            }
        }
        path.pop();
        done.push(name.to_owned());
    }
    let mut done = Vec::new();
    let mut circles = Vec::new();
    for name in parsed.keys() {
        visit(name, parsed, &mut Vec::new(), &mut done, &mut circles);
    }
    for circle in &circles {
        let key = parsed[circle[0].as_str()].key;
        problems.push(
            source
                .problem(
                    key.span(),
                    format!(
                        "measures define each other in a circle: {}",
                        circle.join(" → ")
                    ),
                )
                .help("one of them must be made from an export"),
        );
        done.retain(|name| !circle.contains(name));
    }
    done
}
