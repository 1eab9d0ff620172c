//! From score to probability, always fitted on decisions that had closed before the first date it
//! is tried on.

use chrono::Datelike;
use rayon::prelude::*;

use super::board::{Board, Numbers};
use super::design::{Design, Target};
use super::evaluate::ALL;
use super::figures::{About, Figures, Size};
use crate::stats::{
    self, Clusters, ISOTONIC_EVENTS, Isotonic, LogisticMap, Origin, Refused, bootstrap,
};

/// Out-of-time probabilities of a candidate, with the rows they are of.
#[derive(Debug, Clone, Default)]
struct Predicted {
    /// The rows of the board.
    rows: Vec<usize>,
    /// Whether each has the event.
    event: Vec<bool>,
    /// Probability of the event.
    probability: Vec<f64>,
}

/// Bins of reliability and its error.
pub const BINS: usize = 10;

/// Returns the probability of an event of every row that an earlier map could speak about.
///
/// # Errors
/// When no quarter has enough closed decisions before it.
fn predict(
    board: &Board,
    design: &Design,
    candidate: usize,
    target: Target,
    lead: u32,
) -> Result<Predicted, Refused> {
    let rows = board.common(lead);
    let event = board.events(&rows, target);
    let health = &board.standings[candidate].score;
    let risk: Vec<f64> = rows
        .iter()
        .filter_map(|row| health[*row])
        .map(|health| target.risk(health))
        .collect();
    let day = |date: chrono::NaiveDate| date.num_days_from_ce();
    let period: Vec<i32> = rows.iter().map(|row| board.quarter[*row]).collect();
    let as_of: Vec<i32> = rows.iter().map(|row| day(board.rows[*row].as_of)).collect();
    let closed: Vec<i32> = rows
        .iter()
        .zip(&as_of)
        .map(|(row, as_of)| day(board.rows[*row].closed).max(*as_of))
        .collect();
    let folds = stats::walk_forward(&period, &as_of, &closed, design.gap_days, Origin::Expanding)?;
    let mut predicted = Predicted::default();
    for fold in folds {
        let pick = |n: &usize| (risk[*n], event[*n]);
        let (risks, events): (Vec<f64>, Vec<bool>) = fold.train.iter().map(pick).unzip();
        let clusters = fold.train.iter().map(|n| board.cluster[rows[*n]]);
        if stats::enough(&events, &clusters.collect::<Vec<_>>()).is_err() {
            continue;
        }
        let n = events.iter().filter(|event| **event).count();
        let map: Box<dyn Fn(f64) -> f64> = if n >= ISOTONIC_EVENTS {
            let map = Isotonic::fit(&risks, &events, None)?;
            Box::new(move |risk| map.at(risk))
        } else {
            let map = LogisticMap::fit(&risks, &events, None)?;
            Box::new(move |risk| map.at(risk))
        };
        for n in fold.test {
            predicted.rows.push(rows[n]);
            predicted.event.push(event[n]);
            predicted.probability.push(map(risk[n]));
        }
    }
    if predicted.rows.is_empty() {
        return Err(Refused::FewEvents { found: 0 });
    }
    Ok(predicted)
}

/// Adds Brier score, log loss, calibration line and error, and the reliability table of every
/// candidate; returns the out-of-time probability of churn that each gives to every row of the
/// board, where there is one.
pub fn of_candidates(board: &Board, design: &Design, figures: &mut Figures) -> Vec<Numbers> {
    let mut of_churn = vec![vec![None; board.rows.len()]; board.candidates.len()];
    for lead in board.leads.iter().copied() {
        let all = Target::ALL.into_iter();
        let all: Vec<(Target, usize)> = all
            .flat_map(|target| (0..board.candidates.len()).map(move |own| (target, own)))
            .collect();
        let predicted: Vec<Result<Predicted, Refused>> = (all.par_iter())
            .map(|(target, candidate)| predict(board, design, *candidate, *target, lead))
            .collect();
        let nothing = Predicted::default();
        let said: Vec<(&[f64], &[bool])> = (predicted.iter())
            .map(|own| own.as_ref().unwrap_or(&nothing))
            .map(|own| (&own.probability[..], &own.event[..]))
            .collect();
        let errors = stats::expected_calibration_errors(&said, BINS, design.seed);
        for (place, ((target, candidate), error)) in all.iter().zip(errors).enumerate() {
            let (target, candidate) = (*target, *candidate);
            let about = About {
                candidate: board.candidates[candidate].name.clone(),
                target: target.word(),
                lead_days: Some(lead),
                slice: ALL.to_owned(),
                slice_value: "out_of_time".to_owned(),
            };
            let own = predicted[place].as_ref().map_err(Clone::clone);
            if let (Target::Churn, Ok(own)) = (target, &own) {
                for (row, probability) in own.rows.iter().zip(&own.probability) {
                    of_churn[candidate][*row] = Some(*probability);
                }
            }
            // The first candidate is the one in force.
            let in_force = predicted[place - candidate].as_ref().ok();
            let in_force = in_force.filter(|_| candidate > 0);
            let judged = own.and_then(|own| judge(board, own, in_force, error, &about, figures));
            if let Err(refused) = judged {
                let size = Size { n: 0, events: 0 };
                for name in ["brier", "brier_skill", "log_loss", "log_loss_skill"] {
                    figures.estimate(&about, name, size, Err(refused.clone()));
                }
            }
        }
    }
    of_churn
}

fn judge(
    board: &Board,
    predicted: &Predicted,
    in_force: Option<&Predicted>,
    error: Result<stats::CalibrationError, Refused>,
    about: &About,
    figures: &mut Figures,
) -> Result<(), Refused> {
    let Predicted {
        event, probability, ..
    } = predicted;
    let cluster = board.clusters(&predicted.rows);
    let size: Size = stats::enough(event, &cluster)?.into();
    let brier = stats::brier(probability, event, None)?;
    let loss = stats::log_loss(probability, event, None)?;
    let mut rows = vec![
        stats::brier_rows(probability, event)?,
        stats::log_loss_rows(probability, event)?,
    ];
    // The rows are common to all candidates, and so are the quarters that can be spoken about.
    let in_force = in_force.filter(|own| own.rows == predicted.rows);
    // Everybody gets the base rate of these rows, which nobody knew beforehand.
    let base_rate = vec![size.events as f64 / size.n as f64; event.len()];
    let others = [Some(&base_rate), in_force.map(|own| &own.probability)];
    for probability in others.into_iter().flatten() {
        rows.push(stats::brier_rows(probability, event)?);
        rows.push(stats::log_loss_rows(probability, event)?);
    }
    let labels: Vec<f64> = event
        .iter()
        .map(|event| f64::from(u8::from(*event)))
        .collect();
    let mut columns: Vec<&[f64]> = vec![&labels, probability];
    columns.extend(in_force.map(|own| own.probability.as_slice()));
    let clusters = Clusters::new(&cluster, &columns)?;
    let statistics = rows
        .iter()
        .map(|rows| clusters.mean(rows, None))
        .collect::<Result<Vec<_>, _>>()?;
    let found = bootstrap(&clusters, &statistics, &board.draws);
    for (name, resampled, scored) in [("brier", &found[0], brier), ("log_loss", &found[1], loss)] {
        figures.estimate(about, name, size, resampled.estimate());
        figures.value(
            about,
            &format!("{name}_of_base_rate"),
            size,
            Ok(scored.base),
        );
        figures.value(about, &format!("{name}_skill"), size, Ok(scored.skill));
    }
    let others = ["minus_base_rate", "minus_in_force"];
    for (pair, other) in found[2..].chunks(2).zip(others) {
        for (n, name) in ["brier", "log_loss"].iter().enumerate() {
            let difference = found[n].minus(&pair[n]).estimate();
            figures.estimate(about, &format!("{name}_{other}"), size, difference);
        }
    }
    match stats::calibration_line(probability, event) {
        Ok(line) => {
            figures.estimate(about, "calibration_intercept", size, Ok(line.intercept));
            figures.estimate(about, "calibration_slope", size, Ok(line.slope));
            figures.estimate(
                about,
                "calibration_in_the_large",
                size,
                Ok(line.in_the_large),
            );
        }
        Err(refused) => figures.value(about, "calibration_slope", size, Err(refused)),
    }
    let error = error?;
    figures.value(about, "calibration_error", size, Ok(error.value));
    figures.remark(&format!("{} bins", error.bins));
    figures.value(
        about,
        "calibration_error_if_perfect",
        size,
        Ok(error.if_perfect),
    );
    for (n, bin) in stats::reliability(probability, event, BINS)?
        .iter()
        .enumerate()
    {
        let about = About {
            slice: "probability_bin".to_owned(),
            slice_value: format!("{:02}", n + 1),
            ..about.clone()
        };
        let size = Size {
            n: bin.n as u64,
            events: bin.events as u64,
        };
        figures.value(&about, "mean_probability", size, Ok(bin.mean_probability));
        figures.estimate(&about, "observed_rate", size, Ok(bin.rate));
    }
    Ok(())
}
