//! What a condition says about each column by itself: enough to see that two conditions cannot
//! hold together, or that one holds wherever another does.
//!
//! Only comparisons of a column with a constant, joined by AND, are understood; everything else is
//! taken to be possible, so that no sound condition is ever called impossible.

use indexmap::IndexMap;

use super::tree::{Comparison, Expr, Literal, Node};

/// Returns whether no row can fulfil all of the conditions.
#[must_use]
pub fn contradict(conditions: &[&Expr]) -> bool {
    let parts: Vec<&Expr> = conditions.iter().flat_map(|each| conjuncts(each)).collect();
    if parts.iter().any(|part| part.node == FALSE) {
        return true;
    }
    bounds(&parts).values().any(Bounds::is_empty)
}

/// Returns whether every row that fulfils the premises surely fulfils the conclusion.
#[must_use]
pub fn imply(premises: &[&Expr], conclusion: &Expr) -> bool {
    let premises: Vec<&Expr> = premises.iter().flat_map(|each| conjuncts(each)).collect();
    let known = bounds(&premises);
    conjuncts(conclusion).into_iter().all(|part| {
        let is_premise = || {
            premises
                .iter()
                .any(|premise| placeless(premise) == placeless(part))
        };
        let is_within = || {
            comparison(part).is_some_and(|(column, wanted)| {
                known
                    .get(column)
                    .is_some_and(|known| known.is_within(&wanted))
            })
        };
        part.node == TRUE || is_premise() || is_within()
    })
}

const TRUE: Node = Node::Literal(Literal::Boolean(true));
const FALSE: Node = Node::Literal(Literal::Boolean(false));

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.node {
        Node::And(a, b) => [conjuncts(a), conjuncts(b)].concat(),
        _ => vec![expr],
    }
}

/// Returns the expression without the places of its parts, so that only the meaning is compared.
fn placeless(expr: &Expr) -> Expr {
    expr.rebuilt(&mut |part| Expr { span: 0..0, ..part })
}

/// The values a column may have.
#[derive(Debug, Clone, PartialEq)]
enum Bounds {
    /// From a number to a number; `true` where the end itself is left out.
    Number { low: (f64, bool), high: (f64, bool) },
    /// One text; nothing where two were asked for.
    Text(Option<String>),
}

impl Bounds {
    fn is_empty(&self) -> bool {
        match self {
            Self::Number { low, high } => low.0 > high.0 || (low.0 == high.0 && (low.1 || high.1)),
            Self::Text(text) => text.is_none(),
        }
    }

    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number { low: a, high: b }, Self::Number { low: c, high: d }) => Self::Number {
                low: if c.0 > a.0 || (c.0 == a.0 && c.1) {
                    *c
                } else {
                    *a
                },
                high: if d.0 < b.0 || (d.0 == b.0 && d.1) {
                    *d
                } else {
                    *b
                },
            },
            (Self::Text(a), Self::Text(b)) if a == b => self.clone(),
            _ => Self::Text(None),
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.meet(other) == *self
    }
}

fn bounds<'a>(parts: &[&'a Expr]) -> IndexMap<&'a str, Bounds> {
    let mut known: IndexMap<&str, Bounds> = IndexMap::new();
    for (column, found) in parts.iter().filter_map(|part| comparison(part)) {
        let both = known
            .get(column)
            .map_or_else(|| found.clone(), |known| known.meet(&found));
        known.insert(column, both);
    }
    known
}

/// Returns what a comparison of a column with a constant leaves of the column's values.
fn comparison(part: &Expr) -> Option<(&str, Bounds)> {
    let Node::Compare(op, a, b) = &part.node else {
        return None;
    };
    match (&a.node, &b.node) {
        (Node::Column(name), _) => Some((name, allowed(*op, b)?)),
        (_, Node::Column(name)) => Some((name, allowed(turned(*op), a)?)),
        _ => None,
    }
}

fn turned(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn allowed(op: Comparison, constant: &Expr) -> Option<Bounds> {
    if let (Comparison::Equal, Node::Literal(Literal::Text(text))) = (op, &constant.node) {
        return Some(Bounds::Text(Some(text.clone())));
    }
    let number = number(constant)?;
    let (lowest, highest) = ((f64::NEG_INFINITY, false), (f64::INFINITY, false));
    let (low, high) = match op {
        Comparison::Equal => ((number, false), (number, false)),
        Comparison::Less => (lowest, (number, true)),
        Comparison::LessOrEqual => (lowest, (number, false)),
        Comparison::Greater => ((number, true), highest),
        Comparison::GreaterOrEqual => ((number, false), highest),
        Comparison::NotEqual => return None,
    };
    Some(Bounds::Number { low, high })
}

fn number(constant: &Expr) -> Option<f64> {
    match &constant.node {
        Node::Literal(Literal::Integer(number)) => Some(*number as f64),
        Node::Literal(Literal::Float(number)) => Some(*number),
        Node::Negate(inner) => number(inner).map(|number| -number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{Aggregates, Kind, Scope, check, parse};

    fn condition(text: &str) -> Expr {
        let scope = Scope {
            columns: [
                ("x".to_owned(), Kind::Float),
                ("y".to_owned(), Kind::Float),
                ("band".to_owned(), Kind::Text),
            ]
            .into(),
            ..Scope::default()
        };
        check(&parse(text).unwrap(), &scope, Aggregates::Refused).unwrap()
    }

    #[test]
    fn conditions_that_leave_nothing_contradict() {
        let contradicts = |a: &str, b: &str| contradict(&[&condition(a), &condition(b)]);
        assert!(contradicts("x > 3", "x <= 3"));
        assert!(contradicts("x BETWEEN 1 AND 2", "y = 1 AND 5 < x"));
        assert!(contradicts("band = 'Critical'", "band = 'Healthy'"));
        assert!(contradicts("x > 3", "FALSE"));
        assert!(!contradicts("x >= 3", "x <= 3"));
        assert!(!contradicts("x > 3", "y <= 3"));
        assert!(!contradicts("x > 3", "x <= 3 OR y = 1"));
    }

    #[test]
    fn a_narrower_condition_implies_a_wider_one() {
        let implies = |a: &str, b: &str| imply(&[&condition(a)], &condition(b));
        assert!(implies("x < 60", "x < 90"));
        assert!(implies("x < 90", "x < 90"));
        assert!(implies("x + y > 2 AND x > 1", "x + y  > 2"));
        assert!(implies("x < 60", "TRUE"));
        assert!(!implies("x < 90", "x < 60"));
        assert!(!implies("x <= 90", "x < 90"));
        assert!(!implies("x < 60", "x < 90 AND y > 1"));
        assert!(!implies("x < 60 OR y > 2", "x < 90"));
    }
}
