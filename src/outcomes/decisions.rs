//! Decisions made of contract lines alone.
//!
//! The ends of an account's lines that lie within `together` days of the first of them are one
//! decision, due on that first day. What counts is the account's recurring revenue on the day
//! before it and at the end of the grace, lines that come up in between taken as going on, since
//! they decide for themselves: nothing left is churn, less is a contraction (one product dropped of
//! two, say), more is an expansion. A line that was stopped before its end
//! decides then, and keeps its contractual date. Whoever comes back after the grace is
//! reactivated, on the day of the return.

use chrono::{Days, NaiveDate};

use super::lines::Line;
use super::resolve::Outcomes;
use super::{Decision, Outcome};
use crate::exports::as_of::NEVER;

/// Returns the decisions of all accounts; `lines` are sorted by account and start.
pub(super) fn derive(lines: &[Line], outcomes: &Outcomes, as_of: NaiveDate) -> Vec<Decision> {
    lines
        .chunk_by(|a, b| a.account_id == b.account_id)
        .flat_map(|account| {
            Account {
                lines: account,
                outcomes,
                as_of,
            }
            .decisions()
        })
        .collect()
}

struct Account<'a> {
    lines: &'a [Line],
    outcomes: &'a Outcomes,
    as_of: NaiveDate,
}

fn later(date: NaiveDate, days: i64) -> NaiveDate {
    date.checked_add_days(Days::new(days.unsigned_abs()))
        .unwrap_or(NEVER)
}

fn earlier(date: NaiveDate, days: i64) -> NaiveDate {
    date.checked_sub_days(Days::new(days.unsigned_abs()))
        .unwrap_or(NaiveDate::MIN)
}

/// Returns the revenue of the lines that count, and whether any does.
fn revenue(lines: &[Line], counts: impl Fn(&Line) -> bool) -> (bool, Option<f64>) {
    let on: Vec<&Line> = lines.iter().filter(|line| counts(line)).collect();
    let amounts = on
        .iter()
        .map(|line| line.amount)
        .collect::<Option<Vec<_>>>();
    (!on.is_empty(), amounts.map(|amounts| amounts.iter().sum()))
}

impl Account<'_> {
    fn decisions(&self) -> Vec<Decision> {
        let mut ends: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| line.over() < NEVER)
            .collect();
        ends.sort_by_key(|line| (line.over(), line.line.clone()));
        let mut decisions = Vec::new();
        let mut rest = ends.as_slice();
        while let Some(first) = rest.first() {
            let n = rest
                .iter()
                .take_while(|line| self.outcomes.is_together(first.over(), line.over()))
                .count();
            let (group, others) = rest.split_at(n);
            decisions.push(self.decision(group));
            rest = others;
        }
        decisions.extend(self.returns());
        decisions
    }

    /// Decides about lines that end together.
    fn decision(&self, group: &[&Line]) -> Decision {
        let first = group[0];
        let due = first.over();
        let last = group.last().map_or(due, |line| line.over());
        let grace = later(last, self.outcomes.grace_days);
        let before = revenue(self.lines, |line| line.runs_on(earlier(due, 1))).1;
        // A line that comes up later within the grace is a decision of its own: here it goes on.
        let comes_up_later =
            |line: &Line| line.starts <= last && line.over() > last && line.over() <= grace;
        let (goes_on, after) = revenue(self.lines, |line| {
            line.runs_on(grace) || comes_up_later(line)
        });
        let outcome = if grace > self.as_of {
            Outcome::NotYetDue
        } else if !goes_on {
            Outcome::Churned
        } else {
            compared(before, after)
        };
        let next = self.lines.iter().filter(|line| {
            line.starts >= earlier(due, self.outcomes.together_days)
                && line.starts <= grace
                && line.starts > first.starts
        });
        let known_date = match outcome {
            Outcome::Churned | Outcome::NotYetDue => group
                .iter()
                .filter_map(|line| line.notice.or(line.stopped))
                .min()
                .unwrap_or(grace),
            _ => next.map(|line| line.signed).min().unwrap_or(grace),
        };
        let contractual_date = group
            .iter()
            .map(|line| line.ends)
            .filter(|ends| *ends < NEVER)
            .min()
            .unwrap_or(due);
        Decision {
            decision_id: format!("{}@{contractual_date}", first.account_id),
            account_id: first.account_id.clone(),
            term_start: group.iter().map(|line| line.starts).min(),
            signed: group.iter().map(|line| line.signed).min(),
            contractual_date,
            decision_date: due,
            known_date,
            outcome,
            amount_before: before,
            amount_after: match outcome {
                Outcome::NotYetDue => None,
                Outcome::Churned => Some(0.0),
                _ => after,
            },
            currency: first.currency.clone(),
            reason: group.iter().find_map(|line| line.reason.clone()),
            is_short_term: group.iter().all(|line| line.is_short_term),
        }
    }

    /// Returns the returns of an account that had been gone for longer than the grace.
    fn returns(&self) -> Vec<Decision> {
        let mut over: Option<NaiveDate> = None;
        let mut returns = Vec::new();
        for line in self.lines {
            let gone = over.is_some_and(|over| line.starts > later(over, self.outcomes.grace_days));
            if gone && line.starts <= self.as_of {
                returns.push(Decision {
                    decision_id: format!("{}@{}-return", line.account_id, line.starts),
                    account_id: line.account_id.clone(),
                    term_start: None,
                    signed: None,
                    contractual_date: line.starts,
                    decision_date: line.starts,
                    known_date: line.signed,
                    outcome: Outcome::Reactivated,
                    amount_before: Some(0.0),
                    amount_after: revenue(self.lines, |other| other.runs_on(line.starts)).1,
                    currency: line.currency.clone(),
                    reason: None,
                    is_short_term: line.is_short_term,
                });
            }
            over = Some(over.map_or(line.over(), |over| over.max(line.over())));
        }
        returns
    }
}

/// Compares amounts to the cent; where one is unknown, what goes on counts as renewed.
pub(super) fn compared(before: Option<f64>, after: Option<f64>) -> Outcome {
    let cents = |amount: f64| (amount * 100.0).round() as i64;
    match (before.map(cents), after.map(cents)) {
        (Some(before), Some(after)) if after > before => Outcome::Expanded,
        (Some(before), Some(after)) if after < before => Outcome::Contracted,
        _ => Outcome::Renewed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn line(name: &str, starts: &str, ends: &str, amount: f64) -> Line {
        Line {
            line: name.to_owned(),
            account_id: "A".to_owned(),
            product: None,
            signed: date(starts),
            starts: date(starts),
            ends: date(ends),
            stopped: None,
            notice: None,
            amount: Some(amount),
            currency: Some("EUR".to_owned()),
            is_short_term: false,
            reason: None,
        }
    }

    fn decided(lines: &[Line]) -> Vec<(String, &'static str)> {
        let outcomes = Outcomes {
            lines: None,
            records: None,
            grace_days: 45,
            together_days: 30,
        };
        let mut lines = lines.to_vec();
        lines.sort_by_key(|line| (line.starts, line.ends));
        derive(&lines, &outcomes, date("2026-06-30"))
            .into_iter()
            .map(|decision| (decision.decision_date.to_string(), decision.outcome.word()))
            .collect()
    }

    fn expect(lines: &[Line], expected: &[(&str, &str)]) {
        let found = decided(lines);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(date, outcome)| (date.as_str(), *outcome))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_that_end_within_thirty_days_are_one_decision() {
        let first = line("1", "2025-01-01", "2026-01-01", 100.0);
        let second = line("2", "2025-02-01", "2026-01-31", 50.0);
        let next = line("3", "2026-01-01", "2027-01-01", 150.0);
        expect(
            &[first.clone(), second.clone(), next.clone()],
            &[("2026-01-01", "renewed"), ("2027-01-01", "not_yet_due")],
        );
        let apart = line("2", "2025-02-01", "2026-02-01", 50.0);
        expect(
            &[first, apart, next],
            &[
                ("2026-01-01", "expanded"),
                ("2026-02-01", "contracted"),
                ("2027-01-01", "not_yet_due"),
            ],
        );
    }

    #[test]
    fn a_product_that_is_dropped_contracts_the_account() {
        let dropped = line("1", "2025-01-01", "2026-01-01", 100.0);
        let kept = line("2", "2025-01-01", "2026-12-01", 50.0);
        expect(
            &[dropped, kept],
            &[("2026-01-01", "contracted"), ("2026-12-01", "not_yet_due")],
        );
    }

    #[test]
    fn a_signature_within_the_grace_is_no_churn_and_a_later_one_a_return() {
        let first = line("1", "2025-01-01", "2026-01-01", 100.0);
        let late = line("2", "2026-02-15", "2027-02-15", 100.0);
        expect(
            &[first.clone(), late],
            &[("2026-01-01", "renewed"), ("2027-02-15", "not_yet_due")],
        );
        let too_late = line("2", "2026-02-16", "2027-02-16", 100.0);
        expect(
            &[first, too_late],
            &[
                ("2026-01-01", "churned"),
                ("2027-02-16", "not_yet_due"),
                ("2026-02-16", "reactivated"),
            ],
        );
    }

    #[test]
    fn churn_in_mid_term_decides_when_it_happens_and_keeps_the_contractual_date() {
        let mut stopped = line("1", "2025-01-01", "2026-05-01", 100.0);
        stopped.stopped = Some(date("2025-09-01"));
        stopped.notice = Some(date("2025-08-10"));
        let outcomes = Outcomes {
            lines: None,
            records: None,
            grace_days: 45,
            together_days: 30,
        };
        let decided = derive(&[stopped], &outcomes, date("2026-06-30"));
        assert_eq!(decided.len(), 1);
        assert!(decided[0].is_mid_term());
        assert_eq!(decided[0].decision_date, date("2025-09-01"));
        assert_eq!(decided[0].contractual_date, date("2026-05-01"));
        assert_eq!(decided[0].known_date, date("2025-08-10"));
    }

    #[test]
    fn what_is_worth_more_or_less_is_told_by_the_cent() {
        let first = || line("1", "2025-01-01", "2026-01-01", 100.0);
        let next = |amount| line("2", "2026-01-01", "2027-01-01", amount);
        for (amount, outcome) in [
            (100.004, "renewed"),
            (100.01, "expanded"),
            (99.99, "contracted"),
        ] {
            let found = decided(&[first(), next(amount)]);
            assert_eq!(found[0].1, outcome, "{amount}");
        }
    }

    #[test]
    fn until_the_grace_is_over_nothing_is_decided() {
        let open = line("1", "2025-05-17", "2026-05-17", 100.0);
        expect(&[open], &[("2026-05-17", "not_yet_due")]);
        let closed = line("1", "2025-05-16", "2026-05-16", 100.0);
        expect(&[closed], &[("2026-05-16", "churned")]);
    }
}
