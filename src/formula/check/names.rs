//! What the names in a formula mean.

use std::ops::Range;
use std::sync::Arc;

use chrono_tz::Tz;
use indexmap::{IndexMap, IndexSet};

use super::{Checked, Checker, Place};
use crate::config::nearest;
use crate::formula::calendar::Calendar;
use crate::formula::parse::FormulaError;
use crate::formula::tree::{Expr, Kind, Literal, Node};

/// The names a formula may use.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// What the names belong to, for messages: "export `tickets`".
    pub of: String,
    /// Columns with their types.
    pub columns: IndexMap<String, Kind>,
    /// Names that stand for an expression over the columns.
    pub derived: IndexMap<String, Expr>,
    /// Columns that are there but cannot be used, with the reason.
    pub unusable: IndexMap<String, String>,
    /// Date columns that are stored as instants; [`instant_name`] is the column with the moment.
    pub instants: IndexSet<String>,
    /// How hours are counted.
    pub clock: Clock,
    /// What `account.NAME` may mean, where there are rows and not only accounts.
    pub account: Option<Arc<Scope>>,
    /// What `job.currency` means.
    pub currency: Option<String>,
}

/// How hours are counted.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The zone whose days and opening hours count; UTC when nothing says otherwise.
    pub zone: Tz,
    /// When work is done, where that is declared.
    pub calendar: Option<Arc<Calendar>>,
}

/// What the name of a column of moments begins with.
const AT: &str = "__at_";

/// Returns the column that holds the moments of a column of dates.
#[must_use]
pub fn instant_name(column: &str) -> String {
    format!("{AT}{column}")
}

/// Returns the column by which people know the one that holds its moments; any other is its own.
#[must_use]
pub fn shown_name(column: &str) -> &str {
    column.strip_prefix(AT).unwrap_or(column)
}

/// Returns what a name means whatever it is given to, and so cannot be the name of anything else.
#[must_use]
pub fn reserved(name: &str) -> Option<&'static str> {
    match name {
        "as_of" => Some("`as_of` is the date that a score speaks about"),
        _ if name.starts_with("__") => Some("names that begin with `__` are the program's own"),
        _ => None,
    }
}

impl Scope {
    /// Returns every name that a formula may say.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns
            .keys()
            .chain(self.derived.keys())
            .map(String::as_str)
    }

    /// Returns whether some of its names have a dot in them.
    pub(super) fn is_dotted(&self) -> bool {
        self.names().any(|name| name.contains('.'))
    }

    /// Returns what a name stands for, or why it stands for nothing.
    fn meaning(&self, name: &str, span: &Range<usize>) -> Checked {
        if let Some(kind) = self.columns.get(name) {
            return Ok(Expr {
                node: Node::Column(name.to_owned()),
                kind: *kind,
                span: span.clone(),
            });
        }
        if let Some(derived) = self.derived.get(name) {
            return Ok(derived.clone());
        }
        if let Some(reason) = self.unusable.get(name) {
            let title = format!("column `{name}` of {} cannot be used: {reason}", self.of);
            return Err(FormulaError::new(span.clone(), title));
        }
        let error = FormulaError::new(span.clone(), format!("{} has no column `{name}`", self.of));
        Err(match nearest(name, self.names()) {
            Some(help) => error.help(help),
            None => error,
        })
    }

    /// Returns the moment that a name stands for among the arguments of a function of hours.
    fn moment(&self, name: &str, span: &Range<usize>) -> Checked {
        let found = self.meaning(name, span)?;
        if self.instants.contains(name) {
            return Ok(Expr {
                node: Node::Column(instant_name(name)),
                kind: Kind::Instant,
                ..found
            });
        }
        if found.kind == Kind::Date {
            let title = format!("`{name}` holds dates, and hours lie between instants");
            return Err(FormulaError::new(span.clone(), title)
                .help("DATEDIFF('day', …) counts the days between two dates"));
        }
        Ok(found)
    }
}

impl Checker<'_> {
    /// Returns the same checker for the arguments of a function that counts hours.
    pub(super) fn of_moments(&self) -> Self {
        Self {
            moments: true,
            ..*self
        }
    }

    pub(super) fn name(&self, name: &str, span: Range<usize>, place: Place) -> Checked {
        if name.eq_ignore_ascii_case("as_of") {
            let (node, kind) = if self.moments {
                (Node::EndOfAsOf(self.scope.clock.zone), Kind::Instant)
            } else {
                (Node::AsOf, Kind::Date)
            };
            return Ok(Expr { node, kind, span });
        }
        let found = self.within(self.scope, name, &span)?;
        if place == Place::Outside {
            return Err(FormulaError::new(
                span,
                format!("`{name}` has one value a row, but a measure needs one value an account"),
            )
            .help(format!(
                "put it inside an aggregate, such as SUM({name}) or LATEST({name})"
            )));
        }
        Ok(found)
    }

    /// Returns what `of.name` means: the row's account, or the job.
    pub(super) fn qualified(&self, of: &str, name: &str, span: Range<usize>) -> Checked {
        match (of, name) {
            ("account", _) => self.of_account(name, span),
            ("job", "currency") => {
                let node = match &self.scope.currency {
                    Some(currency) => Node::Literal(Literal::Text(currency.clone())),
                    None => Node::Cast(Box::new(Expr {
                        node: Node::Literal(Literal::Null),
                        kind: Kind::Null,
                        span: span.clone(),
                    })),
                };
                Ok(Expr {
                    node,
                    kind: Kind::Text,
                    span,
                })
            }
            ("job", _) => Err(FormulaError::new(span, format!("a job has no `{name}` for formulas"))
                .help("valid here: `job.currency`")),
            _ => Err(FormulaError::new(
                span,
                format!("`{of}.{name}` names a table; a formula reads one export, so write the column alone"),
            )
            .help("`account.NAME` is a measure or column of the row's account")),
        }
    }

    fn of_account(&self, name: &str, span: Range<usize>) -> Checked {
        let Some(account) = &self.scope.account else {
            let title = format!("`account.{name}` is understood in a measure with `from` only");
            return Err(FormulaError::new(span, title).help(format!(
                "where there are no rows of an export, write `{name}` alone"
            )));
        };
        let found = self.within(account, name, &span)?;
        if found.kind == Kind::List {
            let title = format!("`{name}` is a list, which rows cannot read");
            return Err(FormulaError::new(span, title)
                .help("compare lists in a formula over measures, with LIST_EXCEPT"));
        }
        Ok(found.rebuilt(&mut |mut part| {
            if let Node::Column(column) = part.node {
                part.node = Node::OfAccount(column);
            }
            part
        }))
    }

    fn within(&self, scope: &Scope, name: &str, span: &Range<usize>) -> Checked {
        if self.moments {
            scope.moment(name, span)
        } else {
            scope.meaning(name, span)
        }
    }
}
