//! Calls: which function, with how many arguments, of which types.

use sqlparser::ast::{
    DuplicateTreatment, Expr as Sql, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned as _,
    Value,
};

use super::{Checked, Checker, Place};
use crate::config::nearest;
use crate::formula::functions::{self, Call, FUNCTIONS};
use crate::formula::parse::FormulaError;
use crate::formula::tree::{Aggregate, Expr, Kind, Literal, Node, Scalar};

impl Checker<'_> {
    pub(super) fn function(
        &self,
        call: &sqlparser::ast::Function,
        span: std::ops::Range<usize>,
        place: Place,
    ) -> Checked {
        let err = |title: String| FormulaError::new(span.clone(), title);
        let name = call.name.to_string();
        let Some(function) = functions::find(&name) else {
            let at = self.parsed.bytes(call.name.span());
            let error = FormulaError::new(at, format!("there is no function {name}"));
            let names = FUNCTIONS
                .iter()
                .map(|function| function.name)
                .chain(["CASE", "CAST"]);
            return Err(match nearest(&name, names) {
                Some(help) => error.help(help),
                None => error,
            });
        };
        let usage = format!("it is called {}", function.usage);
        let (sql_arguments, distinct) = match &call.args {
            FunctionArguments::List(list) if list.clauses.is_empty() => (
                list.args.as_slice(),
                list.duplicate_treatment == Some(DuplicateTreatment::Distinct),
            ),
            _ => {
                return Err(err(format!(
                    "the arguments of {} are not understood",
                    function.name
                ))
                .help(usage));
            }
        };
        if call.over.is_some() || !call.within_group.is_empty() || call.null_treatment.is_some() {
            return Err(err(format!(
                "{} takes no OVER, WITHIN GROUP or NULLS clause here",
                function.name
            ))
            .help("the window of a measure is its key `window`"));
        }
        let is_aggregate = matches!(function.call, Call::Aggregate(..));
        if !is_aggregate && (call.filter.is_some() || distinct) {
            return Err(err(format!(
                "{} is not an aggregate, so it takes no DISTINCT or FILTER",
                function.name
            )));
        }
        let miscounted = |n: usize| {
            err(format!("{} does not take {n} arguments", function.name)).help(usage.clone())
        };
        match &function.call {
            Call::Scalar(scalar, arity) => {
                let (scalar, arguments) = match (scalar, unit_of(sql_arguments)) {
                    (Scalar::DateDiff, Some("hour")) => (
                        Scalar::HoursBetween,
                        self.of_moments().arguments(sql_arguments, place)?,
                    ),
                    _ => (*scalar, self.arguments(sql_arguments, place)?),
                };
                if !arity.contains(&arguments.len()) {
                    return Err(miscounted(arguments.len()));
                }
                self.scalar(scalar, function.name, arguments, span)
            }
            Call::BusinessHours => {
                let arguments = self.of_moments().arguments(sql_arguments, place)?;
                let [from, to] = <[Expr; 2]>::try_from(arguments)
                    .map_err(|arguments| miscounted(arguments.len()))?;
                self.business_hours(from, to, span)
            }
            Call::Aggregate(aggregate, arity) => {
                match place {
                    Place::Outside => {}
                    Place::Row => {
                        return Err(err(format!("{} is an aggregate, and there is one row here", function.name))
                            .help("an aggregate belongs to a measure with `from`; make one and use its name"));
                    }
                    Place::Inside => {
                        return Err(err(format!(
                            "{} stands inside another aggregate",
                            function.name
                        ))
                        .help("make the inner one a measure of its own"));
                    }
                }
                let filter = call
                    .filter
                    .as_ref()
                    .map(|filter| {
                        self.of(filter, Place::Inside, Kind::Boolean, "FILTER")
                            .map(Box::new)
                    })
                    .transpose()?;
                let star = matches!(
                    sql_arguments,
                    [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
                );
                if star && *aggregate == Aggregate::Count && !distinct {
                    return Ok(Expr {
                        node: Node::Aggregate(Aggregate::CountRows, vec![], filter),
                        kind: Kind::Integer,
                        span,
                    });
                }
                let arguments = self.arguments(sql_arguments, Place::Inside)?;
                if arguments.len() != *arity {
                    return Err(miscounted(arguments.len()));
                }
                let aggregate = match (aggregate, distinct) {
                    (Aggregate::Count, true) => Aggregate::CountDistinct,
                    (Aggregate::ListDistinct, true) => Aggregate::ListDistinct,
                    (Aggregate::ListDistinct, false) => {
                        return Err(err("a list holds different values".to_owned()).help(usage));
                    }
                    (_, true) => {
                        return Err(err(format!(
                            "DISTINCT is understood in COUNT and LIST only, not in {}",
                            function.name
                        )));
                    }
                    (aggregate, false) => *aggregate,
                };
                self.aggregate(aggregate, function.name, arguments, filter, span)
            }
        }
    }

    fn scalar(
        &self,
        scalar: Scalar,
        name: &str,
        arguments: Vec<Expr>,
        span: std::ops::Range<usize>,
    ) -> Checked {
        let kind = match scalar {
            Scalar::Coalesce | Scalar::Least | Scalar::Greatest => {
                let mut kind = Kind::Null;
                for argument in &arguments {
                    kind = self.same(kind, argument)?;
                }
                kind
            }
            Scalar::NullIf => {
                self.comparable(&arguments[0], &arguments[1])?;
                arguments[0].kind
            }
            Scalar::Abs => {
                self.expect(&arguments[0], Kind::Float, name)?;
                arguments[0].kind
            }
            Scalar::Round => {
                self.expect(&arguments[0], Kind::Float, name)?;
                if let Some(places) = arguments.get(1)
                    && !matches!(places.node, Node::Literal(Literal::Integer(0..=9)))
                {
                    return Err(FormulaError::new(
                        places.span.clone(),
                        "ROUND takes 0 to 9 places, written as a number",
                    ));
                }
                Kind::Float
            }
            Scalar::DateDiff => {
                self.unit(&arguments[0], &["day", "hour"], name)?;
                self.expect(&arguments[1], Kind::Date, name)?;
                self.expect(&arguments[2], Kind::Date, name)?;
                Kind::Integer
            }
            Scalar::HoursBetween => {
                self.expect(&arguments[1], Kind::Instant, name)?;
                self.expect(&arguments[2], Kind::Instant, name)?;
                Kind::Float
            }
            Scalar::DateAdd => {
                self.unit(&arguments[0], &["day"], name)?;
                self.expect(&arguments[1], Kind::Float, name)?;
                self.expect(&arguments[2], Kind::Date, name)?;
                Kind::Date
            }
            Scalar::Concat => {
                for argument in &arguments {
                    self.text(argument, name)?;
                }
                Kind::Text
            }
            Scalar::ListExcept => {
                self.expect(&arguments[0], Kind::List, name)?;
                self.expect(&arguments[1], Kind::List, name)?;
                Kind::List
            }
            Scalar::ListSize => {
                self.expect(&arguments[0], Kind::List, name)?;
                Kind::Integer
            }
            Scalar::Left => {
                self.expect(&arguments[0], Kind::Text, name)?;
                if !matches!(arguments[1].node, Node::Literal(Literal::Integer(0..))) {
                    let title = "LEFT takes the number of characters, written as a number";
                    return Err(FormulaError::new(arguments[1].span.clone(), title));
                }
                Kind::Text
            }
            Scalar::Lower | Scalar::Upper => {
                self.expect(&arguments[0], Kind::Text, name)?;
                Kind::Text
            }
        };
        Ok(Expr {
            node: Node::Call(scalar, arguments),
            kind,
            span,
        })
    }

    fn aggregate(
        &self,
        aggregate: Aggregate,
        name: &str,
        arguments: Vec<Expr>,
        filter: Option<Box<Expr>>,
        span: std::ops::Range<usize>,
    ) -> Checked {
        use Aggregate as A;
        let x = arguments[0].kind;
        let kind = match aggregate {
            A::CountRows | A::Count | A::CountDistinct => Kind::Integer,
            A::Latest | A::LatestRow => x,
            A::ListDistinct => {
                self.text(&arguments[0], name)?;
                Kind::List
            }
            A::Min | A::Max => {
                if x == Kind::Boolean {
                    return Err(FormulaError::new(
                        arguments[0].span.clone(),
                        format!("{name} is not defined for true/false"),
                    )
                    .help("count with COUNT(*) FILTER (WHERE …)"));
                }
                x
            }
            A::Sum | A::Avg | A::Median | A::StdDev | A::RegrSlope => {
                for argument in &arguments {
                    if argument.kind == Kind::Boolean {
                        return Err(FormulaError::new(
                            argument.span.clone(),
                            format!("{name} needs a number, found true/false"),
                        )
                        .help("count the true ones with COUNT(*) FILTER (WHERE …)"));
                    }
                    self.expect(argument, Kind::Float, name)?;
                }
                // A sum of whole numbers may leave the range of 64 bits.
                if aggregate == A::Sum && x != Kind::Integer {
                    x
                } else {
                    Kind::Float
                }
            }
        };
        Ok(Expr {
            node: Node::Aggregate(aggregate, arguments, filter),
            kind,
            span,
        })
    }

    fn arguments(
        &self,
        arguments: &[FunctionArg],
        place: Place,
    ) -> Result<Vec<Expr>, FormulaError> {
        arguments
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr, place),
                other => Err(FormulaError::new(
                    self.parsed.bytes(other.span()),
                    format!("`{other}` is not understood as an argument"),
                )),
            })
            .collect()
    }

    fn business_hours(&self, from: Expr, to: Expr, span: std::ops::Range<usize>) -> Checked {
        self.expect(&from, Kind::Instant, "BUSINESS_HOURS")?;
        self.expect(&to, Kind::Instant, "BUSINESS_HOURS")?;
        let clock = &self.scope.clock;
        let Some(calendar) = clock.calendar.clone() else {
            return Err(
                FormulaError::new(span, "nothing says which hours are business hours")
                    .help("give [calendar] in exports.toml, with `weekdays` and `hours`"),
            );
        };
        Ok(Expr {
            node: Node::BusinessHours(calendar, clock.zone, from.into(), to.into()),
            kind: Kind::Float,
            span,
        })
    }

    fn unit(&self, unit: &Expr, valid: &[&str], by: &str) -> Result<(), FormulaError> {
        if let Node::Literal(Literal::Text(text)) = &unit.node
            && valid.iter().any(|valid| text.eq_ignore_ascii_case(valid))
        {
            return Ok(());
        }
        let valid: Vec<String> = valid.iter().map(|unit| format!("'{unit}'")).collect();
        Err(FormulaError::new(
            unit.span.clone(),
            format!("{by} counts in {} only", valid.join(" or ")),
        ))
    }

    fn text(&self, argument: &Expr, by: &str) -> Result<(), FormulaError> {
        if matches!(argument.kind, Kind::Text | Kind::Null) {
            return Ok(());
        }
        let title = format!("{by} needs a text, found a {}", argument.kind);
        Err(FormulaError::new(argument.span.clone(), title)
            .help("CAST(… AS VARCHAR) turns other values into text"))
    }
}

/// Returns the unit that a call counts in, if its first argument is one.
fn unit_of(arguments: &[FunctionArg]) -> Option<&'static str> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Sql::Value(value))) = arguments.first()? else {
        return None;
    };
    let Value::SingleQuotedString(unit) = &value.value else {
        return None;
    };
    ["day", "hour"]
        .into_iter()
        .find(|known| unit.eq_ignore_ascii_case(known))
}
