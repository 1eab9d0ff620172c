//! From the parser's tree to the checked one: names, types, and where an aggregate may stand.

mod calls;
mod names;

use chrono::NaiveDate;
use sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr as Sql, UnaryOperator, Value};

use super::parse::{FormulaError, Parsed, dotted};
use super::tree::{Arithmetic, Comparison, Expr, Kind, Literal, Node};

pub use names::{Clock, Scope, instant_name, reserved, shown_name};

/// Where a formula stands, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregates {
    /// Many rows become one value: every column stands inside an aggregate.
    Required,
    /// One row becomes one value.
    Refused,
}

/// Checks a parsed formula against the names it may use.
///
/// # Errors
/// When a name, a type or a function does not fit, or an aggregate stands where it may not.
pub fn check(parsed: &Parsed, scope: &Scope, aggregates: Aggregates) -> Result<Expr, FormulaError> {
    let checker = Checker {
        parsed,
        scope,
        moments: false,
    };
    let place = match aggregates {
        Aggregates::Required => Place::Outside,
        Aggregates::Refused => Place::Row,
    };
    checker.expr(&parsed.sql, place)
}

/// Where within the formula an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One row: aggregates are refused.
    Row,
    /// Outside every aggregate: columns are refused.
    Outside,
    /// Inside an aggregate: one row, and no second aggregate.
    Inside,
}

struct Checker<'a> {
    parsed: &'a Parsed,
    scope: &'a Scope,
    /// Whether names of instants mean the moments themselves and not their dates.
    moments: bool,
}

type Checked = Result<Expr, FormulaError>;

impl Checker<'_> {
    fn expr(&self, sql: &Sql, place: Place) -> Checked {
        let span = self.parsed.span(sql);
        let make = |node, kind| {
            Ok(Expr {
                node,
                kind,
                span: span.clone(),
            })
        };
        let err = |title: String| Err(FormulaError::new(span.clone(), title));
        match sql {
            Sql::Nested(inner) => self.expr(inner, place),
            Sql::Identifier(name) => self.name(&name.value, span, place),
            Sql::Value(value) => {
                let (literal, kind) = literal(&value.value).ok_or_else(|| {
                    FormulaError::new(
                        span.clone(),
                        format!("`{value}` is not a number, text, TRUE, FALSE or NULL"),
                    )
                })?;
                make(Node::Literal(literal), kind)
            }
            Sql::TypedString(typed) if typed.data_type == DataType::Date => {
                let text = typed.value.to_string();
                let text = text.trim_matches('\'');
                match text.parse::<NaiveDate>() {
                    Ok(date) => make(Node::Literal(Literal::Date(date)), Kind::Date),
                    Err(_) => err(format!("`{text}` is not a date of the form 2026-01-31")),
                }
            }
            Sql::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => {
                let inner = self.of(expr, place, Kind::Boolean, "NOT")?;
                make(Node::Not(inner.into()), Kind::Boolean)
            }
            Sql::UnaryOp {
                op: UnaryOperator::Plus,
                expr,
            } => self.number(expr, place, "+"),
            Sql::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => {
                let inner = self.number(expr, place, "-")?;
                let kind = inner.kind;
                make(Node::Negate(inner.into()), kind)
            }
            Sql::BinaryOp { left, op, right } => self.binary(sql, left, op, right, place),
            Sql::IsNull(x) => make(Node::IsNull(self.expr(x, place)?.into()), Kind::Boolean),
            Sql::IsNotNull(x) => {
                let inner = Expr {
                    node: Node::IsNull(self.expr(x, place)?.into()),
                    kind: Kind::Boolean,
                    span: span.clone(),
                };
                make(Node::Not(inner.into()), Kind::Boolean)
            }
            Sql::IsTrue(x) | Sql::IsNotTrue(x) | Sql::IsFalse(x) | Sql::IsNotFalse(x) => {
                let wanted = matches!(sql, Sql::IsTrue(_) | Sql::IsNotTrue(_));
                let inner = self.of(x, place, Kind::Boolean, "IS TRUE")?;
                let is = Expr {
                    node: Node::IsTrue(inner.into(), wanted),
                    kind: Kind::Boolean,
                    span: span.clone(),
                };
                if matches!(sql, Sql::IsNotTrue(_) | Sql::IsNotFalse(_)) {
                    make(Node::Not(is.into()), Kind::Boolean)
                } else {
                    Ok(is)
                }
            }
            Sql::InList {
                expr,
                list,
                negated,
            } => {
                let inner = self.expr(expr, place)?;
                let items = list
                    .iter()
                    .map(|item| self.expr(item, place))
                    .collect::<Result<Vec<_>, _>>()?;
                for item in &items {
                    self.comparable(&inner, item)?;
                }
                self.negatable(Node::In(inner.into(), items), *negated, span)
            }
            Sql::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let (inner, low, high) = (
                    self.expr(expr, place)?,
                    self.expr(low, place)?,
                    self.expr(high, place)?,
                );
                self.comparable(&inner, &low)?;
                self.comparable(&inner, &high)?;
                let compare = |op, bound: Expr| Expr {
                    node: Node::Compare(op, inner.clone().into(), bound.into()),
                    kind: Kind::Boolean,
                    span: span.clone(),
                };
                let (from, to) = (
                    compare(Comparison::GreaterOrEqual, low),
                    compare(Comparison::LessOrEqual, high),
                );
                self.negatable(Node::And(from.into(), to.into()), *negated, span)
            }
            Sql::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => {
                let inner = self.of(expr, place, Kind::Text, "LIKE")?;
                match self.expr(pattern, place)?.node {
                    Node::Literal(Literal::Text(pattern)) => {
                        self.negatable(Node::Like(inner.into(), pattern), *negated, span)
                    }
                    _ => err("the pattern of LIKE must be text in single quotes".into()),
                }
            }
            Sql::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let operand = operand
                    .as_ref()
                    .map(|operand| self.expr(operand, place))
                    .transpose()?;
                let mut arms = Vec::new();
                let mut kind = Kind::Null;
                for arm in conditions {
                    let when = match &operand {
                        None => self.of(&arm.condition, place, Kind::Boolean, "WHEN")?,
                        Some(operand) => {
                            let value = self.expr(&arm.condition, place)?;
                            self.comparable(operand, &value)?;
                            let span = value.span.clone();
                            Expr {
                                node: Node::Compare(
                                    Comparison::Equal,
                                    operand.clone().into(),
                                    value.into(),
                                ),
                                kind: Kind::Boolean,
                                span,
                            }
                        }
                    };
                    let then = self.expr(&arm.result, place)?;
                    kind = self.same(kind, &then)?;
                    arms.push((when, then));
                }
                let otherwise = else_result
                    .as_ref()
                    .map(|otherwise| self.expr(otherwise, place))
                    .transpose()?;
                if let Some(otherwise) = &otherwise {
                    kind = self.same(kind, otherwise)?;
                }
                make(Node::Case(arms, otherwise.map(Box::new)), kind)
            }
            Sql::Cast {
                kind: CastKind::Cast | CastKind::TryCast,
                expr,
                data_type,
                format: None,
                array: false,
            } => {
                let kind = cast_target(data_type).ok_or_else(|| {
                    FormulaError::new(span.clone(), format!("cannot CAST to {data_type}"))
                        .help("valid here: DOUBLE, BIGINT, VARCHAR, BOOLEAN, DATE")
                })?;
                let inner = self.expr(expr, place)?;
                if inner.kind == Kind::List && !matches!(kind, Kind::Text) {
                    let title = "a list can be CAST to VARCHAR only";
                    return Err(FormulaError::new(inner.span, title)
                        .help("LIST_SIZE(…) is the number of its elements"));
                }
                if kind == Kind::Date && !matches!(inner.kind, Kind::Text | Kind::Date | Kind::Null)
                {
                    let error = FormulaError::new(
                        inner.span,
                        format!("a {} cannot be read as a date", inner.kind),
                    );
                    return Err(error.help("text of the form 2026-01-31 can; numbers of seconds since 1970 can where exports.toml says so: epoch = { … = \"seconds\" }"));
                }
                make(Node::Cast(inner.into()), kind)
            }
            Sql::Function(function) => self.function(function, span, place),
            Sql::CompoundIdentifier(parts) => match parts.as_slice() {
                [of, name]
                    if !self.scope.is_dotted()
                        || ["account", "job"].contains(&of.value.as_str()) =>
                {
                    self.qualified(&of.value, &name.value, span)
                }
                _ if self.scope.is_dotted() => self.name(&dotted(sql), span, place),
                _ => err(format!("`{sql}` is not understood as a name")),
            },
            Sql::Subquery(_) | Sql::Exists { .. } | Sql::InSubquery { .. } => err(
                "a formula cannot hold a query; make the inner part a measure of its own".into(),
            ),
            _ => err(format!("`{sql}` is not supported in a formula")),
        }
    }

    fn binary(
        &self,
        whole: &Sql,
        left: &Sql,
        op: &BinaryOperator,
        right: &Sql,
        place: Place,
    ) -> Checked {
        let span = self.parsed.span(whole);
        let (a, b) = (self.expr(left, place)?, self.expr(right, place)?);
        let arithmetic = match op {
            BinaryOperator::Plus => Some(Arithmetic::Add),
            BinaryOperator::Minus => Some(Arithmetic::Subtract),
            BinaryOperator::Multiply => Some(Arithmetic::Multiply),
            BinaryOperator::Divide => Some(Arithmetic::Divide),
            _ => None,
        };
        if let Some(arithmetic) = arithmetic {
            for side in [&a, &b] {
                if side.kind == Kind::Date {
                    return Err(FormulaError::new(
                        side.span.clone(),
                        format!("`{op}` is not defined for a date"),
                    )
                    .help("use DATEDIFF('day', earlier, later) for the days between two dates"));
                }
                self.expect(side, Kind::Float, &op.to_string())?;
            }
            // Sums of whole numbers stay whole; products could leave the range of 64 bits.
            let whole = [a.kind, b.kind]
                .iter()
                .all(|kind| matches!(kind, Kind::Integer | Kind::Null));
            let stays_whole = matches!(arithmetic, Arithmetic::Add | Arithmetic::Subtract);
            let kind = if whole && stays_whole {
                Kind::Integer
            } else {
                Kind::Float
            };
            return Ok(Expr {
                node: Node::Arithmetic(arithmetic, a.into(), b.into()),
                kind,
                span,
            });
        }
        let comparison = match op {
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::NotEqual),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let node = if let Some(comparison) = comparison {
            self.comparable(&a, &b)?;
            Node::Compare(comparison, a.into(), b.into())
        } else {
            match op {
                BinaryOperator::And | BinaryOperator::Or => {
                    self.expect(&a, Kind::Boolean, &op.to_string())?;
                    self.expect(&b, Kind::Boolean, &op.to_string())?;
                    if *op == BinaryOperator::And {
                        Node::And(a.into(), b.into())
                    } else {
                        Node::Or(a.into(), b.into())
                    }
                }
                _ => {
                    return Err(FormulaError::new(
                        span,
                        format!("the operator `{op}` is not supported in a formula"),
                    )
                    .help("valid here: + - * / = <> < <= > >= AND OR NOT"));
                }
            }
        };
        Ok(Expr {
            node,
            kind: Kind::Boolean,
            span,
        })
    }

    fn of(&self, sql: &Sql, place: Place, kind: Kind, by: &str) -> Checked {
        let expr = self.expr(sql, place)?;
        self.expect(&expr, kind, by)?;
        Ok(expr)
    }

    fn number(&self, sql: &Sql, place: Place, by: &str) -> Checked {
        self.of(sql, place, Kind::Float, by)
    }

    fn negatable(&self, node: Node, negated: bool, span: std::ops::Range<usize>) -> Checked {
        let expr = Expr {
            node,
            kind: Kind::Boolean,
            span: span.clone(),
        };
        Ok(if negated {
            Expr {
                node: Node::Not(expr.into()),
                kind: Kind::Boolean,
                span,
            }
        } else {
            expr
        })
    }

    fn expect(&self, expr: &Expr, kind: Kind, by: &str) -> Result<(), FormulaError> {
        let fits = if kind == Kind::Float {
            expr.kind.is_number()
        } else {
            expr.kind == kind || expr.kind == Kind::Null
        };
        if fits {
            return Ok(());
        }
        let error = FormulaError::new(
            expr.span.clone(),
            format!("{by} needs a {kind}, found a {}", expr.kind),
        );
        Err(match (kind, expr.kind) {
            (Kind::Boolean, Kind::Integer) => error.help("compare it, such as `… = 1`"),
            (Kind::Date, Kind::Text) => error.help("write DATE '2026-01-31', or CAST(… AS DATE)"),
            (_, Kind::Text) => error.help("CAST(… AS DOUBLE) turns text into a number"),
            _ => error,
        })
    }

    fn comparable(&self, a: &Expr, b: &Expr) -> Result<(), FormulaError> {
        let common = a.kind.common(b.kind);
        if common == Some(Kind::List) {
            let error = FormulaError::new(b.span.clone(), "lists cannot be compared");
            return Err(error.help("compare their sizes, such as LIST_SIZE(LIST_EXCEPT(a, b)) = 0"));
        }
        if common.is_some() {
            return Ok(());
        }
        let error = FormulaError::new(
            b.span.clone(),
            format!("a {} cannot be compared with a {}", a.kind, b.kind),
        );
        Err(match (a.kind, b.kind) {
            (Kind::Date, Kind::Text) | (Kind::Text, Kind::Date) => {
                error.help("write a date as DATE '2026-01-31'")
            }
            _ => error,
        })
    }

    fn same(&self, kind: Kind, expr: &Expr) -> Result<Kind, FormulaError> {
        kind.common(expr.kind).ok_or_else(|| {
            FormulaError::new(
                expr.span.clone(),
                format!(
                    "the other choices are a {kind}, but this one is a {}",
                    expr.kind
                ),
            )
        })
    }
}

fn literal(value: &Value) -> Option<(Literal, Kind)> {
    Some(match value {
        Value::Number(digits, _) => match digits.parse::<i64>() {
            Ok(integer) => (Literal::Integer(integer), Kind::Integer),
            Err(_) => (Literal::Float(digits.parse().ok()?), Kind::Float),
        },
        Value::SingleQuotedString(text) => (Literal::Text(text.clone()), Kind::Text),
        Value::Boolean(truth) => (Literal::Boolean(*truth), Kind::Boolean),
        Value::Null => (Literal::Null, Kind::Null),
        _ => return None,
    })
}

fn cast_target(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float(_) | DataType::Real => {
            Some(Kind::Float)
        }
        DataType::BigInt(_) | DataType::Int(_) | DataType::Integer(_) => Some(Kind::Integer),
        DataType::Varchar(_) | DataType::Text | DataType::String(_) => Some(Kind::Text),
        DataType::Boolean | DataType::Bool => Some(Kind::Boolean),
        DataType::Date => Some(Kind::Date),
        _ => None,
    }
}
