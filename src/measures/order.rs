//! In which order measures are resolved: each behind those it is made from.

use indexmap::IndexMap;

use super::catalog::Catalog;
use super::file::MeasuresFile;
use crate::config::{Problems, Source, Spanned};
use crate::formula::{self, Parsed};
use crate::panel::ACCOUNT_ID;

/// A measure as parsed, with what it is made from.
pub(super) struct ParsedMeasure<'a> {
    pub(super) key: &'a Spanned<String>,
    pub(super) formula: Parsed,
    /// Rows that count.
    pub(super) condition: Option<Parsed>,
    /// The measures and account columns it is made from.
    pub(super) parts: Vec<String>,
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
        let is_column = catalog.scope.columns.contains_key(name.get_ref())
            || catalog.scope.derived.contains_key(name.get_ref());
        let reserved = formula::reserved(name.get_ref())
            .or((name.get_ref() == ACCOUNT_ID).then_some("`account_id` is the account"));
        if let (Some(meaning), false) = (reserved, is_column) {
            let title = format!("`{name}` cannot be the name of a measure: {meaning}");
            let problem = source.problem(name.span(), title);
            problems.push(problem.help("give the measure another name"));
        }
        if is_column {
            problems.push(
                source
                    .problem(name.span(), format!("`{name}` is also an account column"))
                    .label("one name must mean one thing")
                    .help("give the measure another name"),
            );
        }
        let mut parse = |text: &Spanned<String>| match formula::parse(text.get_ref()) {
            Ok(formula) => Some(formula),
            Err(error) => {
                problems.push(formula::problem(source, text, &error));
                None
            }
        };
        let formula = parse(&measure.value);
        let condition = measure.condition.as_ref().map(parse);
        let (Some(formula), Some(condition)) = (
            formula,
            condition.map_or(Some(None), |parsed| parsed.map(Some)),
        ) else {
            continue;
        };
        // The plain names in a measure over an export are its columns, not other measures.
        let parts = if measure.from.is_none() {
            formula.names()
        } else {
            let of_rows = [Some(&formula), condition.as_ref()];
            of_rows
                .into_iter()
                .flatten()
                .flat_map(Parsed::account_names)
                .collect()
        };
        parsed.insert(
            name.get_ref().as_str(),
            ParsedMeasure {
                key: name,
                formula,
                condition,
                parts,
            },
        );
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
                .help("one of them must be made without the others"),
        );
        done.retain(|name| !circle.contains(name));
    }
    done
}
