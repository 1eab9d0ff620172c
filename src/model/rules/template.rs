//! Text with places that are filled from the data: `{open_p1} tickets since {oldest_p1_date}`.

use std::ops::Range;

use serde::{Serialize, Serializer};

use crate::formula::Expr;

/// A checked text with places.
#[derive(Debug, Clone)]
pub struct Template {
    /// As written; it is what the hash sees.
    pub written: String,
    /// Its parts in order.
    pub pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// A value of the account.
    Value(Expr, Format),
}

/// How a value is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As its type suggests: whole numbers without decimals, others with one or two, dates as
    /// 2026-01-31, outside text on one line.
    Plain,
    /// With so many decimals.
    Decimals(u8),
    /// A share as a percentage.
    Percent,
    /// An amount with its currency.
    Money,
}

impl Template {
    /// Returns the expressions it is filled from.
    pub fn values(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(expr, _) => Some(expr),
            Piece::Text(_) => None,
        })
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

/// A part of a template as written, with its place in the text (bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    Place(Place<'a>),
}

/// `{formula}` or `{formula:format}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub formula: Range<usize>,
    pub format: Option<(&'a str, Range<usize>)>,
}

/// Splits a template into its parts, or says where a brace has no partner.
pub(super) fn parts(text: &str) -> Result<Vec<Part<'_>>, Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(open) = rest.find(['{', '}']) else {
            parts.push(Part::Text(rest));
            break;
        };
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        let from = at + open;
        let close = text[from + 1..].find(['{', '}']).map(|n| from + 1 + n);
        match close {
            Some(close) if text[from..].starts_with('{') && text[close..].starts_with('}') => {
                parts.push(Part::Place(place(text, from + 1..close)));
                at = close + 1;
            }
            _ => return Err(from..from + 1),
        }
    }
    Ok(parts)
}

fn place(text: &str, inside: Range<usize>) -> Place<'_> {
    let written = &text[inside.clone()];
    let (formula, format) = match written.rsplit_once(':') {
        Some((formula, format)) => {
            let from = inside.end - format.len();
            (formula, Some((format, from..inside.end)))
        }
        None => (written, None),
    };
    Place {
        formula: inside.start..inside.start + formula.len(),
        format,
    }
}

impl Format {
    /// What may stand behind the colon.
    pub(super) const NAMES: [&'static str; 5] = ["0", "1", "2", "percent", "money"];

    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "0" => Some(Self::Decimals(0)),
            "1" => Some(Self::Decimals(1)),
            "2" => Some(Self::Decimals(2)),
            "percent" => Some(Self::Percent),
            "money" => Some(Self::Money),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_places_take_turns() {
        let found = parts("{a} of {b / 2:percent}!").unwrap();
        let place = |formula, format| Part::Place(Place { formula, format });
        let expected = [
            place(1..2, None),
            Part::Text(" of "),
            place(8..13, Some(("percent", 14..21))),
            Part::Text("!"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_brace_without_a_partner_is_found() {
        assert_eq!(parts("a {b"), Err(2..3));
        assert_eq!(parts("a} b"), Err(1..2));
        assert_eq!(parts("{a {b}"), Err(0..1));
    }
}
