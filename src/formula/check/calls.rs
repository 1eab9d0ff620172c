//! Calls: which function, with how many arguments, of which types.

use sqlparser::ast::{
    DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned as _,
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
        match &function.call {
            Call::Scalar(scalar, arity) => {
                if call.filter.is_some() || distinct {
                    return Err(err(format!(
                        "{} is not an aggregate, so it takes no DISTINCT or FILTER",
                        function.name
                    )));
                }
                let arguments = self.arguments(sql_arguments, place)?;
                if !arity.contains(&arguments.len()) {
                    return Err(err(format!(
                        "{} does not take {} arguments",
                        function.name,
                        arguments.len()
                    ))
                    .help(usage));
                }
                self.scalar(*scalar, function.name, arguments, span)
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
                    return Err(err(format!(
                        "{} does not take {} arguments",
                        function.name,
                        arguments.len()
                    ))
                    .help(usage));
                }
                let aggregate = match (aggregate, distinct) {
                    (Aggregate::Count, true) => Aggregate::CountDistinct,
                    (_, true) => {
                        return Err(err(format!(
                            "DISTINCT is understood in COUNT only, not in {}",
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
                match &arguments[0].node {
                    Node::Literal(Literal::Text(unit)) if unit.eq_ignore_ascii_case("day") => {}
                    _ => {
                        return Err(FormulaError::new(
                            arguments[0].span.clone(),
                            "DATEDIFF counts in 'day' only",
                        ));
                    }
                }
                self.expect(&arguments[1], Kind::Date, name)?;
                self.expect(&arguments[2], Kind::Date, name)?;
                Kind::Integer
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
                if aggregate == A::Sum { x } else { Kind::Float }
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
}
