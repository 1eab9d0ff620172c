//! From text to the parser's own tree, with byte positions for messages.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{BinaryOperator, Expr as Sql, Spanned as _, Value, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span, Token};

/// What is wrong with a formula, and where in its text (bytes).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title}")]
pub struct FormulaError {
    /// The place in the formula.
    pub span: Range<usize>,
    /// What is wrong, in one sentence.
    pub title: String,
    /// What to do next.
    pub help: Option<String>,
}

impl FormulaError {
    pub(super) fn new(span: Range<usize>, title: impl Into<String>) -> Self {
        Self {
            span,
            title: title.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A formula whose grammar is right; its names and types are not yet checked.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub(super) sql: Sql,
    pub(super) text: String,
}

/// Parses a formula.
///
/// # Errors
/// When the text is not one SQL expression.
pub fn parse(text: &str) -> Result<Parsed, FormulaError> {
    let fail = |error: sqlparser::parser::ParserError| {
        let message = error.to_string();
        let message = message.trim_start_matches("sql parser error: ");
        let (title, at) = match message.rsplit_once(" at Line: ") {
            Some((title, place)) => (title, located(text, place)),
            None => (message, text.len()),
        };
        let start = at.min(text.len().saturating_sub(1));
        FormulaError::new(
            start..(start + 1).min(text.len().max(1)),
            format!("not a SQL expression: {title}"),
        )
    };
    let mut parser = Parser::new(&GenericDialect {})
        .with_recursion_limit(64)
        .try_with_sql(text)
        .map_err(fail)?;
    let sql = parser.parse_expr().map_err(fail)?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(FormulaError::new(
            bytes(text, next.span),
            format!(
                "unexpected `{}` after the end of the expression",
                next.token
            ),
        )
        .help("a formula is one expression, without SELECT and without a semicolon"));
    }
    Ok(Parsed {
        sql,
        text: text.to_owned(),
    })
}

impl Parsed {
    /// Returns the names it mentions, each once: columns, or other measures.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        struct Names(Vec<String>);
        impl Visitor for Names {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &Sql) -> ControlFlow<()> {
                let name = match expr {
                    Sql::Identifier(name) => name.value.clone(),
                    Sql::CompoundIdentifier(_) => dotted(expr),
                    _ => return ControlFlow::Continue(()),
                };
                if !self.0.contains(&name) {
                    self.0.push(name);
                }
                ControlFlow::Continue(())
            }
        }
        let mut names = Names(Vec::new());
        let _ = self.sql.visit(&mut names);
        names.0
    }

    /// Returns the names it mentions as `account.NAME`, each once.
    #[must_use]
    pub fn account_names(&self) -> Vec<String> {
        struct Names(Vec<String>);
        impl Visitor for Names {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &Sql) -> ControlFlow<()> {
                if let Sql::CompoundIdentifier(parts) = expr
                    && let [of, name] = parts.as_slice()
                    && of.value == "account"
                    && !self.0.contains(&name.value)
                {
                    self.0.push(name.value.clone());
                }
                ControlFlow::Continue(())
            }
        }
        let mut names = Names(Vec::new());
        let _ = self.sql.visit(&mut names);
        names.0
    }

    /// Returns the names that are compared with texts, each with those texts, in order of
    /// appearance.
    #[must_use]
    pub fn compared_texts(&self) -> Vec<(String, Vec<String>)> {
        struct Texts(Vec<(String, Vec<String>)>);
        impl Texts {
            fn add<'a>(&mut self, of: &Sql, texts: impl Iterator<Item = &'a Sql>) {
                let Sql::Identifier(name) = of else { return };
                let texts: Vec<String> = texts.filter_map(text_of).collect();
                if !texts.is_empty() {
                    self.0.push((name.value.clone(), texts));
                }
            }
        }
        impl Visitor for Texts {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &Sql) -> ControlFlow<()> {
                match expr {
                    Sql::BinaryOp {
                        left,
                        op: BinaryOperator::Eq,
                        right,
                    } => self.add(left, std::iter::once(&**right)),
                    Sql::InList {
                        expr,
                        list,
                        negated: false,
                    } => self.add(expr, list.iter()),
                    Sql::Case {
                        operand: Some(operand),
                        conditions,
                        ..
                    } => self.add(operand, conditions.iter().map(|arm| &arm.condition)),
                    _ => {}
                }
                ControlFlow::Continue(())
            }
        }
        let mut texts = Texts(Vec::new());
        let _ = self.sql.visit(&mut texts);
        texts.0
    }

    /// Returns where a part of the parser's tree stands.
    pub(super) fn span(&self, sql: &Sql) -> Range<usize> {
        bytes(&self.text, sql.span())
    }

    pub(super) fn bytes(&self, span: Span) -> Range<usize> {
        bytes(&self.text, span)
    }
}

fn text_of(sql: &Sql) -> Option<String> {
    match sql {
        Sql::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns a name of several parts as it is written.
pub(super) fn dotted(name: &Sql) -> String {
    match name {
        Sql::CompoundIdentifier(parts) => {
            let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            parts.join(".")
        }
        other => other.to_string(),
    }
}

fn located(text: &str, place: &str) -> usize {
    let mut numbers = place
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(line), Some(column)) => offset(text, Location { line, column }),
        _ => 0,
    }
}

fn bytes(text: &str, span: Span) -> Range<usize> {
    if span.start.line == 0 {
        return 0..text.len();
    }
    let start = offset(text, span.start);
    start
        ..offset(text, span.end)
            .max(start + 1)
            .min(text.len().max(start + 1))
}

/// Returns the byte at a line and column, both counted in characters from one.
fn offset(text: &str, at: Location) -> usize {
    if at.line == 1 && text.is_ascii() {
        return usize::try_from(at.column.saturating_sub(1))
            .map_or(text.len(), |column| column.min(text.len()));
    }
    let line_start: usize = text
        .split_inclusive('\n')
        .take(at.line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let line = &text[line_start.min(text.len())..];
    let within: usize = line
        .chars()
        .take(at.column.saturating_sub(1) as usize)
        .map(char::len_utf8)
        .sum();
    line_start + within
}
