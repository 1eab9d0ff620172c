//! Training and test rows by time, so that nothing is judged on what it was chosen from.

use super::estimate::{Refused, same_length};

/// How much of the past each fold trains on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// All of it.
    Expanding,
    /// So many periods before the test.
    Rolling(i32),
}

/// One period judged by what had closed before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The period of the test rows.
    pub period: i32,
    /// Rows whose outcome had closed before the earliest as-of date in the test; may be empty.
    pub train: Vec<usize>,
    /// Rows of the period.
    pub test: Vec<usize>,
}

/// Returns one fold per period that has rows, in rising order.
///
/// `period`: number of the period (quarter) a row is judged in. `as_of`: day its risk speaks
/// about. `closed`: day its outcome was final, not before `as_of`. A row trains a fold when `closed` +
/// `gap_days` lies before the earliest `as_of` of the fold's test rows; with [`Origin::Rolling`],
/// also when its period is one of the last so many. Days and periods are whole numbers from any
/// start.
///
/// # Errors
/// When lengths differ.
pub fn walk_forward(
    period: &[i32],
    as_of: &[i32],
    closed: &[i32],
    gap_days: i32,
    origin: Origin,
) -> Result<Vec<Fold>, Refused> {
    same_length(period.len(), as_of.len())?;
    same_length(period.len(), closed.len())?;
    let mut periods = period.to_vec();
    periods.sort_unstable();
    periods.dedup();
    let rows = |keep: &dyn Fn(usize) -> bool| (0..period.len()).filter(|row| keep(*row)).collect();
    Ok(periods
        .into_iter()
        .map(|this| {
            let test: Vec<usize> = rows(&|row| period[row] == this);
            let begins = test.iter().map(|row| as_of[*row]).min().unwrap_or(i32::MIN);
            let recent = |row: usize| match origin {
                Origin::Expanding => true,
                Origin::Rolling(kept) => period[row] >= this.saturating_sub(kept),
            };
            let train = rows(&|row| {
                let was_closed = closed[row].saturating_add(gap_days) < begins;
                was_closed && recent(row)
            });
            Fold {
                period: this,
                train,
                test,
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_outcomes_close_before_the_first_test_score() {
        // Quarterly decisions with a lead of 90 days: the outcome closes 45 days after.
        let period = [0, 0, 1, 1, 2, 2];
        let as_of = [0, 30, 90, 120, 180, 210];
        let closed = [135, 165, 225, 255, 315, 345];
        let folds = walk_forward(&period, &as_of, &closed, 0, Origin::Expanding).unwrap();
        let trained: Vec<&[usize]> = folds.iter().map(|fold| &fold.train[..]).collect();
        // The fold of period 2 begins at day 180; without the rule it would train on all of 0–3.
        assert_eq!(trained, [&[][..], &[], &[0, 1]]);
        assert_eq!(folds[2].test, [4, 5]);
        // A gap takes the later one away: 165 + 15 is not before 180.
        let folds = walk_forward(&period, &as_of, &closed, 15, Origin::Expanding).unwrap();
        assert_eq!(folds[2].train, [0]);
        let folds = walk_forward(&period, &as_of, &closed, 0, Origin::Rolling(1)).unwrap();
        assert_eq!(folds[2].train, [0_usize; 0]);
    }
}
