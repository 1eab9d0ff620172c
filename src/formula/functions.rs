//! The functions a formula may call; anything else is refused with the nearest of these.

use super::tree::{Aggregate, Scalar};

/// A function as the documentation shows it.
#[derive(Debug)]
pub struct Function {
    /// Its name in capitals.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What it gives.
    pub meaning: &'static str,
    pub(super) call: Call,
}

#[derive(Debug)]
pub(super) enum Call {
    Scalar(Scalar, std::ops::RangeInclusive<usize>),
    Aggregate(Aggregate, usize),
    /// It needs a calendar beside its arguments.
    BusinessHours,
}

const fn scalar(
    name: &'static str,
    usage: &'static str,
    meaning: &'static str,
    scalar: Scalar,
    arguments: std::ops::RangeInclusive<usize>,
) -> Function {
    Function {
        name,
        usage,
        meaning,
        call: Call::Scalar(scalar, arguments),
    }
}

const fn aggregate(
    name: &'static str,
    usage: &'static str,
    meaning: &'static str,
    aggregate: Aggregate,
    arguments: usize,
) -> Function {
    Function {
        name,
        usage,
        meaning,
        call: Call::Aggregate(aggregate, arguments),
    }
}

/// Every function, in the order of the documentation.
pub const FUNCTIONS: &[Function] = &[
    aggregate(
        "COUNT",
        "COUNT(*), COUNT(x), COUNT(DISTINCT x)",
        "rows; rows where x is known; different known values of x",
        Aggregate::Count,
        1,
    ),
    aggregate(
        "SUM",
        "SUM(x)",
        "sum of the known values; NULL when none is known",
        Aggregate::Sum,
        1,
    ),
    aggregate(
        "AVG",
        "AVG(x)",
        "mean of the known values",
        Aggregate::Avg,
        1,
    ),
    aggregate("MIN", "MIN(x)", "smallest known value", Aggregate::Min, 1),
    aggregate("MAX", "MAX(x)", "largest known value", Aggregate::Max, 1),
    aggregate(
        "MEDIAN",
        "MEDIAN(x)",
        "middle of the known values, the mean of two middles",
        Aggregate::Median,
        1,
    ),
    aggregate(
        "STDDEV",
        "STDDEV(x)",
        "sample standard deviation (n − 1); NULL below two values",
        Aggregate::StdDev,
        1,
    ),
    aggregate(
        "LATEST",
        "LATEST(x)",
        "known x of the newest row, by instant and then row key",
        Aggregate::Latest,
        1,
    ),
    aggregate(
        "LATEST_ROW",
        "LATEST_ROW(x)",
        "x of the newest row, even if it is NULL there",
        Aggregate::LatestRow,
        1,
    ),
    aggregate(
        "LIST",
        "LIST(DISTINCT x)",
        "the different known texts, sorted",
        Aggregate::ListDistinct,
        1,
    ),
    aggregate(
        "REGR_SLOPE",
        "REGR_SLOPE(y, x)",
        "slope of the least-squares line of y over x; NULL below two different x",
        Aggregate::RegrSlope,
        2,
    ),
    scalar(
        "COALESCE",
        "COALESCE(a, b, …)",
        "the first that is not NULL",
        Scalar::Coalesce,
        1..=99,
    ),
    scalar(
        "NULLIF",
        "NULLIF(a, b)",
        "NULL where a equals b, else a",
        Scalar::NullIf,
        2..=2,
    ),
    scalar(
        "LEAST",
        "LEAST(a, b, …)",
        "the smallest; NULL where any of them is",
        Scalar::Least,
        1..=99,
    ),
    scalar(
        "GREATEST",
        "GREATEST(a, b, …)",
        "the largest; NULL where any of them is",
        Scalar::Greatest,
        1..=99,
    ),
    scalar(
        "ROUND",
        "ROUND(x), ROUND(x, places)",
        "x rounded, halves away from zero",
        Scalar::Round,
        1..=2,
    ),
    scalar("ABS", "ABS(x)", "x without its sign", Scalar::Abs, 1..=1),
    scalar(
        "DATEDIFF",
        "DATEDIFF('day', a, b), DATEDIFF('hour', a, b)",
        "local days from a to b, or hours with their fractions between two instants; negative when b is earlier",
        Scalar::DateDiff,
        3..=3,
    ),
    scalar(
        "DATEADD",
        "DATEADD('day', n, d)",
        "the date n days after d",
        Scalar::DateAdd,
        3..=3,
    ),
    Function {
        name: "BUSINESS_HOURS",
        usage: "BUSINESS_HOURS(a, b)",
        meaning: "hours between two instants in which the calendar of exports.toml is open",
        call: Call::BusinessHours,
    },
    scalar(
        "CONCAT",
        "CONCAT(a, b, …)",
        "the texts one behind the other; NULL where any of them is",
        Scalar::Concat,
        1..=99,
    ),
    scalar(
        "LOWER",
        "LOWER(x)",
        "x in small letters",
        Scalar::Lower,
        1..=1,
    ),
    scalar("UPPER", "UPPER(x)", "x in capitals", Scalar::Upper, 1..=1),
    scalar(
        "LEFT",
        "LEFT(x, n)",
        "the first n characters of x",
        Scalar::Left,
        2..=2,
    ),
    scalar(
        "LIST_EXCEPT",
        "LIST_EXCEPT(a, b)",
        "what is in list a and not in list b",
        Scalar::ListExcept,
        2..=2,
    ),
    scalar(
        "LIST_SIZE",
        "LIST_SIZE(a)",
        "how many elements a list has",
        Scalar::ListSize,
        1..=1,
    ),
];

/// Returns the function of that name, in whatever case it is written.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .iter()
        .find(|function| function.name.eq_ignore_ascii_case(name))
}
