//! What is said and done about an account beside its score: signals, opportunities, plays.
//!
//! `file` mirrors what is written, `resolve` is the only place that turns it into what is meant.

pub mod file;
mod resolve;
pub mod template;
pub mod words;

use indexmap::{IndexMap, IndexSet};
use serde::{Serialize, Serializer};

use super::health_model::{Condition, hash};
use crate::domain::Comparator;
use crate::formula::Expr;
use file::{OpportunityKind, Role, Severity};
use template::Template;
use words::Word;

pub(super) use resolve::{Parts, resolve};

/// The category of what concerns the account as a whole.
pub const OVERALL: &str = "overall";

/// Everything the model says beside scores.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rules {
    /// Signals in model order; a rule for each category or cap stands here once for each.
    pub signals: Vec<Signal>,
    /// Opportunities in model order.
    pub opportunities: Vec<Opportunity>,
    /// What is done in each band; the first that fits is taken.
    pub plays: Vec<Play>,
    /// What is known of an account for its follow-up.
    pub facts: Facts,
    /// The words the rules use, by name.
    #[serde(skip)]
    pub words: IndexMap<String, Word>,
}

/// A named condition about one account.
#[derive(Debug, Clone, Serialize)]
pub struct Signal {
    /// Its name in the tables.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Its category, or [`OVERALL`].
    pub category: String,
    /// The condition.
    pub when: Condition,
    /// Severities with conditions, in order.
    pub severity_when: Vec<(Severity, Condition)>,
    /// The severity where none of them holds.
    pub severity: Severity,
    /// What was seen.
    pub evidence: Template,
    /// What is to be done.
    pub task: Task,
}

/// Something an account could buy, or do for us.
#[derive(Debug, Clone, Serialize)]
pub struct Opportunity {
    /// Its name in the tables.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Growth, or speaking for us.
    pub kind: OpportunityKind,
    /// The condition.
    pub when: Condition,
    /// What was seen.
    pub evidence: Template,
    /// What it may be worth.
    pub value: Option<Amount>,
    /// What to do.
    pub next_step: String,
    /// Who does it.
    pub owner: Role,
    /// Working days until it is due.
    pub due_days: u32,
}

/// An amount by formula.
#[derive(Debug, Clone)]
pub struct Amount {
    /// As written; it is what the hash sees.
    pub written: String,
    /// As checked.
    pub expr: Expr,
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

/// What is done for an account in a band.
#[derive(Debug, Clone, Serialize)]
pub struct Play {
    /// The band.
    pub band: String,
    /// The weakest category, or any.
    pub weakest: Option<String>,
    /// What is to be done.
    pub task: Task,
}

/// Something to be done, by whom and by when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// What.
    pub action: String,
    /// Who.
    pub owner: Role,
    /// Working days until it is due.
    pub due_days: u32,
    /// Whether it is due before the notice deadline, wherever one lies ahead.
    pub before_renewal: bool,
    /// What is expected of it.
    pub outcome: String,
    /// Working days after the due date on which to look again.
    pub check_days: u32,
}

/// Measures and account columns that say what a follow-up needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Who fills a role for the account.
    pub people: IndexMap<Role, String>,
    /// The yearly amount at stake.
    pub amount: Option<String>,
    /// The currency of amounts.
    pub currency: Option<String>,
    /// The next renewal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_date: Option<String>,
    /// The last day on which notice can be given.
    pub notice_deadline: Option<String>,
}

impl Rules {
    /// Returns the content hash of the rules, beside which that of the scores stays as it is.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(self)
    }

    /// Returns the measures and account columns that the rules read, each once.
    #[must_use]
    pub fn reads(&self) -> Vec<String> {
        let columns = self.expressions().flat_map(Expr::columns);
        let facts = &self.facts;
        let mut names: Vec<String> = columns
            .filter(|name| !self.words.contains_key(*name))
            .map(str::to_owned)
            .chain(facts.people.values().cloned())
            .chain(facts.amount.clone())
            .chain(facts.currency.clone())
            .chain(facts.renewal_date.clone())
            .chain(facts.notice_deadline.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns the comparisons that the rules speak of, rising, each once.
    #[must_use]
    pub fn comparators(&self) -> Vec<Comparator> {
        let mut named: Vec<Comparator> = self.words.values().filter_map(Word::comparator).collect();
        named.sort();
        named.dedup();
        named
    }

    fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let signals = self.signals.iter().flat_map(Signal::expressions);
        let opportunities = self.opportunities.iter().flat_map(|opportunity| {
            [&opportunity.when.expr]
                .into_iter()
                .chain(opportunity.evidence.values())
                .chain(opportunity.value.iter().map(|value| &value.expr))
        });
        signals.chain(opportunities)
    }
}

impl Signal {
    /// Returns the names it is worked out from, each once, in order of appearance.
    #[must_use]
    pub fn reads(&self) -> IndexSet<&str> {
        self.expressions().flat_map(Expr::columns).collect()
    }

    /// Returns what the rule is worked out from: condition, severity, evidence.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let severities = self.severity_when.iter().map(|(_, when)| &when.expr);
        [&self.when.expr]
            .into_iter()
            .chain(severities)
            .chain(self.evidence.values())
    }
}
