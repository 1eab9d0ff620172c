//! The checked expression: every name resolved, every type known.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::calendar::Calendar;

/// The type of a value. Integers and decimals are numbers that sum exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit whole number.
    Integer,
    /// A number with a fixed count of decimals, such as money.
    Decimal,
    /// A double.
    Float,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A local date; instants have become dates before most of a formula sees them.
    Date,
    /// A moment, as only the functions that count hours see it.
    Instant,
    /// Different texts in their order.
    List,
    /// The literal NULL, which fits everywhere.
    Null,
}

impl Kind {
    /// Returns whether arithmetic is defined.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Self::Integer | Self::Decimal | Self::Float | Self::Null
        )
    }

    /// Returns the type that holds values of both, if they can be compared at all.
    #[must_use]
    pub fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Self::Null, kind) | (kind, Self::Null) => Some(kind),
            (a, b) if a.is_number() && b.is_number() => Some(Self::Float),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "whole number",
            Self::Decimal => "decimal",
            Self::Float => "number",
            Self::Text => "text",
            Self::Boolean => "true/false",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::List => "list",
            Self::Null => "NULL",
        })
    }
}

/// A constant of the formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A whole number.
    Integer(i64),
    /// A double.
    Float(f64),
    /// Text in single quotes.
    Text(String),
    /// TRUE or FALSE.
    Boolean(bool),
    /// `DATE '2026-01-31'`.
    Date(NaiveDate),
    /// NULL.
    Null,
}

/// `+`, `-`, `*` and `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// `=`, `<>`, `<`, `<=`, `>` and `>=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scalar {
    Coalesce,
    NullIf,
    Least,
    Greatest,
    Round,
    Abs,
    DateDiff,
    DateAdd,
    HoursBetween,
    Concat,
    Lower,
    Upper,
    Left,
    ListExcept,
    ListSize,
}

/// A function of many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Aggregate {
    CountRows,
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    Median,
    StdDev,
    Latest,
    LatestRow,
    RegrSlope,
    ListDistinct,
}

/// An expression with its type and its place in the formula's text (bytes).
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// What its values are.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Node {
    Column(String),
    /// A measure or column of the account that the row belongs to.
    OfAccount(String),
    AsOf,
    /// The moment at which the as-of date ends in a zone.
    EndOfAsOf(Tz),
    Literal(Literal),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    IsTrue(Box<Expr>, bool),
    In(Box<Expr>, Vec<Expr>),
    Like(Box<Expr>, String),
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    Cast(Box<Expr>),
    Call(Scalar, Vec<Expr>),
    /// Working hours from one moment to another, on the clocks of a zone.
    BusinessHours(Arc<Calendar>, Tz, Box<Expr>, Box<Expr>),
    Aggregate(Aggregate, Vec<Expr>, Option<Box<Expr>>),
}

impl Expr {
    /// Calls `visit` with this expression and everything below it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        match &self.node {
            Node::Column(_)
            | Node::OfAccount(_)
            | Node::AsOf
            | Node::EndOfAsOf(_)
            | Node::Literal(_) => {}
            Node::Negate(x)
            | Node::Not(x)
            | Node::IsNull(x)
            | Node::IsTrue(x, _)
            | Node::Like(x, _)
            | Node::Cast(x) => {
                x.walk(visit);
            }
            Node::Arithmetic(_, a, b)
            | Node::Compare(_, a, b)
            | Node::BusinessHours(_, _, a, b)
            | Node::And(a, b)
            | Node::Or(a, b) => {
                a.walk(visit);
                b.walk(visit);
            }
            Node::In(x, list) => {
                x.walk(visit);
                list.iter().for_each(|item| item.walk(visit));
            }
            Node::Case(arms, otherwise) => {
                for (when, then) in arms {
                    when.walk(visit);
                    then.walk(visit);
                }
                if let Some(otherwise) = otherwise {
                    otherwise.walk(visit);
                }
            }
            Node::Call(_, arguments) => arguments.iter().for_each(|argument| argument.walk(visit)),
            Node::Aggregate(_, arguments, filter) => {
                arguments.iter().for_each(|argument| argument.walk(visit));
                if let Some(filter) = filter {
                    filter.walk(visit);
                }
            }
        }
    }

    /// Returns the names of the columns it reads, each once, in order of appearance.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        self.named(|node| match node {
            Node::Column(name) => Some(name),
            _ => None,
        })
    }

    /// Returns the measures and columns of the row's account that it reads, each once.
    #[must_use]
    pub fn of_account(&self) -> Vec<&str> {
        self.named(|node| match node {
            Node::OfAccount(name) => Some(name),
            _ => None,
        })
    }

    fn named<'a>(&'a self, name_of: impl Fn(&'a Node) -> Option<&'a String>) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        self.walk(&mut |expr| {
            if let Some(name) = name_of(&expr.node)
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        });
        names
    }

    /// Returns the same expression with every part replaced by what `change` makes of it, from the
    /// leaves up.
    #[must_use]
    pub fn rebuilt(&self, change: &mut impl FnMut(Expr) -> Expr) -> Expr {
        let mut boxed = |inner: &Expr| Box::new(inner.rebuilt(change));
        let node = match &self.node {
            Node::Column(_)
            | Node::OfAccount(_)
            | Node::AsOf
            | Node::EndOfAsOf(_)
            | Node::Literal(_) => self.node.clone(),
            Node::Negate(x) => Node::Negate(boxed(x)),
            Node::Not(x) => Node::Not(boxed(x)),
            Node::IsNull(x) => Node::IsNull(boxed(x)),
            Node::IsTrue(x, wanted) => Node::IsTrue(boxed(x), *wanted),
            Node::Like(x, pattern) => Node::Like(boxed(x), pattern.clone()),
            Node::Cast(x) => Node::Cast(boxed(x)),
            Node::Arithmetic(op, a, b) => Node::Arithmetic(*op, boxed(a), boxed(b)),
            Node::Compare(op, a, b) => Node::Compare(*op, boxed(a), boxed(b)),
            Node::BusinessHours(calendar, zone, a, b) => {
                Node::BusinessHours(calendar.clone(), *zone, boxed(a), boxed(b))
            }
            Node::And(a, b) => Node::And(boxed(a), boxed(b)),
            Node::Or(a, b) => Node::Or(boxed(a), boxed(b)),
            Node::In(x, list) => Node::In(boxed(x), list.iter().map(|item| *boxed(item)).collect()),
            Node::Case(arms, otherwise) => Node::Case(
                arms.iter()
                    .map(|(when, then)| (*boxed(when), *boxed(then)))
                    .collect(),
                otherwise.as_ref().map(|otherwise| boxed(otherwise)),
            ),
            Node::Call(function, arguments) => Node::Call(
                *function,
                arguments.iter().map(|argument| *boxed(argument)).collect(),
            ),
            Node::Aggregate(aggregate, arguments, filter) => Node::Aggregate(
                *aggregate,
                arguments.iter().map(|argument| *boxed(argument)).collect(),
                filter.as_ref().map(|filter| boxed(filter)),
            ),
        };
        change(Expr {
            node,
            kind: self.kind,
            span: self.span.clone(),
        })
    }
}
