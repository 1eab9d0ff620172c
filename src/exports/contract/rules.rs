//! What must hold of every row.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{Column, Rule};
use crate::config::Problems;
use crate::exports::file::{Breach, RuleFile, Text};
use crate::formula::{self, Aggregates, Expr, Kind, Node, Scope};

/// Names under which the program itself sets rows aside.
const TAKEN: [&str; 3] = ["key_missing", "repeated_key", BEFORE_PARENT];

/// The rule of which every table has one, where it can be told.
pub const BEFORE_PARENT: &str = "before_parent";

impl Resolver<'_> {
    pub(super) fn rules(
        &self,
        columns: &IndexMap<String, Column>,
        scope: &Scope,
        problems: &mut Problems,
    ) -> Vec<Rule> {
        self.file
            .rules
            .iter()
            .filter_map(|(name, rule)| self.rule(name, rule, columns, scope, problems))
            .filter(|rule| rule.otherwise != Breach::Ignore)
            .collect()
    }

    fn rule(
        &self,
        name: &Text,
        rule: &RuleFile,
        columns: &IndexMap<String, Column>,
        scope: &Scope,
        problems: &mut Problems,
    ) -> Option<Rule> {
        let text = &rule.must;
        if TAKEN.contains(&name.get_ref().as_str()) {
            let title = format!("the program has a rule `{name}` of its own");
            problems.push(
                self.source
                    .problem(name.span(), title)
                    .help("give yours another name"),
            );
            return None;
        }
        let checked = formula::parse(text.get_ref())
            .and_then(|parsed| formula::check(&parsed, scope, Aggregates::Refused));
        let must = match checked {
            Ok(must) => must,
            Err(error) => {
                problems.push(formula::problem(self.source, text, &error));
                return None;
            }
        };
        let wrong = |title: String| self.source.problem(text.span(), title);
        if must.kind != Kind::Boolean {
            let title = format!("a rule needs a condition, found a {}", must.kind);
            problems.push(wrong(title).help("write what must hold, such as `amount >= 0`"));
            return None;
        }
        if reads_as_of(&must) {
            let title = format!("rule `{name}` reads `as_of`, and a row breaks a rule or not");
            problems.push(wrong(title).help(
                "rows and cells after the as-of date are out of sight anyway; `fresh_within` is about age",
            ));
            return None;
        }
        if let Some(column) = must
            .columns()
            .into_iter()
            .find(|column| !columns.contains_key(*column))
        {
            let title = format!("rule `{name}` rests on `{column}`, which is not in the files");
            problems.push(wrong(title).help("a rule speaks of the row's own columns"));
            return None;
        }
        Some(Rule {
            name: name.get_ref().clone(),
            must,
            text: text.get_ref().clone(),
            otherwise: rule.otherwise,
        })
    }
}

fn reads_as_of(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= matches!(expr.node, Node::AsOf | Node::EndOfAsOf(_)));
    found
}
