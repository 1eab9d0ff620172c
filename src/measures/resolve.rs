//! From `measures.toml` as written to the catalogue: every formula checked against what it may read.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;

use super::catalog::{Catalog, Definition, Measure, RowMeasure, Summary, Written, summary_name};
use super::file::{Constant, MeasureFile, MeasuresFile};
use super::order::{ParsedMeasure, in_order, parse_all};
use crate::config::{Problems, Source, Spanned};
use crate::domain::{DayCount, Window};
use crate::exports::contract::{ACCOUNTS, Contract, Observed};
use crate::formula::{self, Aggregates, Expr, Kind, Node, Parsed, Scope};

/// Resolves `measures.toml` against the contract of the exports.
///
/// What is wrong goes to `problems`; what hangs on something wrong is left out without a second
/// report.
pub fn resolve(
    file: &MeasuresFile,
    source: &Source,
    contract: &Contract,
    problems: &mut Problems,
) -> Catalog {
    let accounts = contract
        .tables
        .get(ACCOUNTS)
        .map(|table| table.scope.clone())
        .unwrap_or_default();
    let mut catalog = Catalog {
        measures: IndexMap::new(),
        unavailable: IndexMap::new(),
        declared: file
            .measures
            .keys()
            .map(|name| name.get_ref().clone())
            .collect(),
        scope: Scope {
            of: "the list of measures and account columns".into(),
            ..accounts
        },
        source: source.clone(),
    };
    let parsed = parse_all(file, source, &catalog, problems);
    for name in in_order(&parsed, source, problems) {
        let written = &file.measures[name.as_str()];
        let resolver = Resolver {
            source,
            contract,
            catalog: &catalog,
            key: parsed[name.as_str()].key,
            parsed: &parsed[name.as_str()],
            written,
        };
        match resolver.measure(problems) {
            Resolved::Measure(measure) => {
                catalog.scope.columns.insert(name.clone(), measure.kind);
                catalog.measures.insert(name, *measure);
            }
            Resolved::Unavailable(reason) => {
                catalog.unavailable.insert(name, reason);
            }
            Resolved::Wrong => {}
        }
    }
    catalog
}

enum Resolved {
    Measure(Box<Measure>),
    Unavailable(String),
    Wrong,
}

struct Resolver<'a> {
    source: &'a Source,
    contract: &'a Contract,
    catalog: &'a Catalog,
    key: &'a Spanned<String>,
    parsed: &'a ParsedMeasure<'a>,
    written: &'a MeasureFile,
}

impl Resolver<'_> {
    fn measure(&self, problems: &mut Problems) -> Resolved {
        let before = problems.0.len();
        if let Some(unready) = self.unready() {
            return unready;
        }
        let definition = match &self.written.from {
            Some(from) => self.rows(from.get_ref(), problems).map(Definition::Rows),
            None => self.formula(problems).map(Definition::Formula),
        };
        let kind = match &definition {
            Some(Definition::Rows(rows)) => rows.outer.kind,
            Some(Definition::Formula(expr)) => expr.kind,
            None => return Resolved::Wrong,
        };
        let definition = definition.expect("it was just looked at");
        if let Some(better) = &self.written.better
            && !kind.is_number()
            && kind != Kind::Boolean
        {
            let title = format!("a {kind} has no direction, so `better` has no place here");
            problems.push(self.source.problem(better.span(), title));
        }
        if problems.0.len() > before {
            return Resolved::Wrong;
        }
        let window = self.written.from.as_ref().map(|_| self.window());
        Resolved::Measure(Box::new(Measure {
            name: self.key.get_ref().clone(),
            label: self
                .written
                .label
                .clone()
                .unwrap_or_else(|| self.key.get_ref().replace('_', " ")),
            unit: self.written.unit.clone(),
            description: self.written.description.clone(),
            better: self.written.better.as_ref().map(|better| *better.get_ref()),
            timing: self.written.timing,
            kind: published(kind),
            definition,
            written: Written {
                from: self
                    .written
                    .from
                    .as_ref()
                    .map(|from| from.get_ref().clone()),
                window,
                condition: self.condition_as_written(),
                value: self.written.value.get_ref().clone(),
                none: self
                    .written
                    .none
                    .as_ref()
                    .map(|none| none.get_ref().clone()),
            },
        }))
    }

    /// Returns what rows fulfil to count: what the table says of all its measures, and the measure.
    fn condition_as_written(&self) -> Option<String> {
        let from = self.written.from.as_ref();
        let table = from.and_then(|from| self.contract.tables.get(from.get_ref()));
        let of_table = table.and_then(|table| table.condition.as_ref());
        let own = self.written.condition.as_ref().map(Spanned::get_ref);
        match (of_table, own) {
            (Some((of_table, _)), Some(own)) => Some(format!("({of_table}) AND ({own})")),
            (Some((of_table, _)), None) => Some(of_table.clone()),
            (None, own) => own.cloned(),
        }
    }

    /// Says why the measure cannot be resolved through no fault of its own, if that is so.
    fn unready(&self) -> Option<Resolved> {
        let (contract, catalog) = (self.contract, self.catalog);
        if let Some(from) = &self.written.from
            && !contract.tables.contains_key(from.get_ref())
        {
            return Some(if contract.is_declared(from.get_ref()) {
                Resolved::Wrong
            } else {
                Resolved::Unavailable(format!(
                    "the export `{from}` is not configured in {}",
                    contract.source.path.display()
                ))
            });
        }
        let parts = &self.parsed.parts;
        if let Some(reason) = parts.iter().find_map(|name| catalog.unavailable.get(name)) {
            return Some(Resolved::Unavailable(reason.clone()));
        }
        // What is wrong with a part has been reported there.
        let is_wrong =
            |name: &String| !catalog.measures.contains_key(name) && catalog.declared.contains(name);
        let without_accounts = !contract.tables.contains_key(ACCOUNTS)
            && (self.written.from.is_none() || !parts.is_empty());
        (without_accounts || parts.iter().any(is_wrong)).then_some(Resolved::Wrong)
    }

    fn window(&self) -> Window {
        Window {
            days: self.written.window.as_ref().map(|window| *window.get_ref()),
            offset: self
                .written
                .offset
                .as_ref()
                .map_or(DayCount(0), |offset| *offset.get_ref()),
        }
    }

    fn formula(&self, problems: &mut Problems) -> Option<Expr> {
        let rows_only = [
            self.written
                .window
                .as_ref()
                .map(|window| (window.span(), "window")),
            self.written
                .offset
                .as_ref()
                .map(|offset| (offset.span(), "offset")),
            self.written
                .condition
                .as_ref()
                .map(|condition| (condition.span(), "where")),
            self.written.none.as_ref().map(|none| (none.span(), "none")),
        ];
        for (span, key) in rows_only.into_iter().flatten() {
            problems.push(
                self.source
                    .problem(
                        span,
                        format!(
                            "`{key}` belongs to a measure over an export, and `{}` has no `from`",
                            self.key
                        ),
                    )
                    .help("add `from = \"…\"`, or take this key away"),
            );
        }
        self.check(
            &self.written.value,
            &self.parsed.formula,
            &self.catalog.scope,
            Aggregates::Refused,
            problems,
        )
    }

    fn rows(&self, from: &str, problems: &mut Problems) -> Option<RowMeasure> {
        let table = &self.contract.tables[from];
        let scope = if self.parsed.parts.is_empty() {
            Cow::Borrowed(&table.scope)
        } else {
            Cow::Owned(Scope {
                account: Some(Arc::new(self.catalog.scope.clone())),
                ..table.scope.clone()
            })
        };
        let value = self.check(
            &self.written.value,
            &self.parsed.formula,
            &scope,
            Aggregates::Required,
            problems,
        );
        let condition = self.written.condition.as_ref().and_then(|text| {
            let parsed = self.parsed.condition.as_ref()?;
            let expr = self.check(text, parsed, &scope, Aggregates::Refused, problems)?;
            if expr.kind != Kind::Boolean {
                problems.push(self.source.problem(
                    text.span(),
                    format!("`where` needs a condition, found a {}", expr.kind),
                ));
            }
            Some(expr)
        });
        let condition = match (&table.condition, condition) {
            (Some((_, of_table)), Some(own)) => Some(Expr {
                kind: Kind::Boolean,
                span: own.span.clone(),
                node: Node::And(of_table.clone().into(), own.into()),
            }),
            (Some((_, of_table)), None) => Some(of_table.clone()),
            (None, own) => own,
        };
        let timed = table.time.is_some();
        for span in [
            self.written.window.as_ref().map(Spanned::span),
            self.written.offset.as_ref().map(Spanned::span),
        ]
        .into_iter()
        .flatten()
        {
            if !timed {
                problems.push(
                    self.source
                        .problem(span, format!("export `{from}` has no `time`, so there is nothing to measure a window by"))
                        .help(format!("give `time = \"…\"` in [tables.{from}]")),
                );
            }
        }
        if let Some(window) = self
            .written
            .window
            .as_ref()
            .filter(|window| window.get_ref().0 == 0)
        {
            problems.push(
                self.source
                    .problem(window.span(), "a window has at least one day")
                    .help("`1d` is the as-of date alone"),
            );
        }
        if let Some(none) = &self.written.none {
            if matches!(table.observed, Observed::Undeclared) {
                problems.push(
                    self.source
                        .problem(none.span(), format!("`none` needs to know which accounts `{from}` covers"))
                        .help(format!("give `observed = \"all\"` or `observed = \"any row\"` in [tables.{from}] of exports.toml")),
                );
            }
            if let Some(value) = &value
                && !fits(none.get_ref(), value.kind)
            {
                problems.push(self.source.problem(
                    none.span(),
                    format!("`none` must be a {} like the value", published(value.kind)),
                ));
            }
        }
        let mut summaries = Vec::new();
        let outer = split(&value?, &mut summaries);
        Some(RowMeasure {
            table: from.to_owned(),
            window: self.window(),
            condition,
            summaries,
            outer,
            none: self
                .written
                .none
                .as_ref()
                .map(|none| none.get_ref().clone()),
        })
    }

    fn check(
        &self,
        text: &Spanned<String>,
        parsed: &Parsed,
        scope: &Scope,
        aggregates: Aggregates,
        problems: &mut Problems,
    ) -> Option<Expr> {
        match formula::check(parsed, scope, aggregates) {
            Ok(expr) => Some(expr),
            Err(error) => {
                problems.push(formula::problem(self.source, text, &error));
                None
            }
        }
    }
}

/// Numbers are published as doubles, whatever they were summed as.
fn published(kind: Kind) -> Kind {
    if kind.is_number() { Kind::Float } else { kind }
}

fn fits(constant: &Constant, kind: Kind) -> bool {
    match constant {
        Constant::Boolean(_) => kind == Kind::Boolean,
        Constant::Number(_) => kind.is_number(),
        Constant::Text(_) => kind == Kind::Text,
        Constant::List(_) => kind == Kind::List,
    }
}

/// Takes the aggregates out of a formula and leaves a column in the place of each.
fn split(expr: &Expr, summaries: &mut Vec<Summary>) -> Expr {
    expr.rebuilt(&mut |part| {
        let Node::Aggregate(aggregate, arguments, filter) = part.node else {
            return part;
        };
        let summary = Summary {
            aggregate,
            arguments,
            filter: filter.map(|filter| *filter),
        };
        let n = summaries
            .iter()
            .position(|known| *known == summary)
            .unwrap_or_else(|| {
                summaries.push(summary);
                summaries.len() - 1
            });
        let kind = if part.kind == Kind::Decimal {
            Kind::Float
        } else {
            part.kind
        };
        Expr {
            node: Node::Column(summary_name(n)),
            kind,
            span: part.span,
        }
    })
}
