//! What a line drawn through the scores gets right and wrong.

use super::estimate::{Refused, same_length, weights};

/// Weight of the four kinds of row; each row weighs 1 when no weight was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confusion {
    /// Flagged, with the event.
    pub true_positive: f64,
    /// Flagged, without the event.
    pub false_positive: f64,
    /// Not flagged, with the event.
    pub false_negative: f64,
    /// Not flagged, without the event.
    pub true_negative: f64,
}

impl Confusion {
    /// Returns the counts of `flagged` rows against rows with the `event`.
    ///
    /// # Errors
    /// When lengths differ, a weight is negative or not finite, or there are no rows.
    pub fn count(
        flagged: &[bool],
        event: &[bool],
        weight: Option<&[f64]>,
    ) -> Result<Self, Refused> {
        same_length(flagged.len(), event.len())?;
        weights(weight, event.len())?;
        if event.is_empty() {
            return Err(Refused::NoRows);
        }
        let sum = |is_flagged: bool, is_event: bool| {
            let rows = flagged.iter().zip(event).enumerate();
            let mut parts: Vec<f64> = rows
                .filter(|(_, (flagged, event))| **flagged == is_flagged && **event == is_event)
                .map(|(row, _)| weight.map_or(1.0, |weight| weight[row]))
                .collect();
            // In rising order, so that row order cannot show.
            parts.sort_unstable_by(f64::total_cmp);
            parts.iter().sum()
        };
        Ok(Self {
            true_positive: sum(true, true),
            false_positive: sum(true, false),
            false_negative: sum(false, true),
            true_negative: sum(false, false),
        })
    }

    /// Returns the share of the flagged that had the event.
    ///
    /// # Errors
    /// When nothing is flagged.
    pub fn precision(&self) -> Result<f64, Refused> {
        let flagged = self.true_positive + self.false_positive;
        share(self.true_positive, flagged, "flagged")
    }

    /// Returns the share of those with the event that were flagged.
    ///
    /// # Errors
    /// When nothing had the event.
    pub fn recall(&self) -> Result<f64, Refused> {
        let events = self.true_positive + self.false_negative;
        share(self.true_positive, events, "an event")
    }

    /// Returns the harmonic mean of precision and recall.
    ///
    /// # Errors
    /// When nothing is flagged and nothing had the event.
    pub fn f1(&self) -> Result<f64, Refused> {
        let either = 2.0 * self.true_positive + self.false_positive + self.false_negative;
        share(2.0 * self.true_positive, either, "flagged or an event")
    }

    /// Returns Matthews' correlation of flag and event, −1 to 1.
    ///
    /// # Errors
    /// When all or none are flagged, or all or none had the event; other programs print 0 there.
    pub fn mcc(&self) -> Result<f64, Refused> {
        let (tp, fp) = (self.true_positive, self.false_positive);
        let (fn_, tn) = (self.false_negative, self.true_negative);
        // Roots one by one: the product of four large counts would lose digits or overflow.
        let norm = (tp + fp).sqrt() * (tp + fn_).sqrt() * (tn + fp).sqrt() * (tn + fn_).sqrt();
        if norm > 0.0 {
            Ok((tp * tn - fp * fn_) / norm)
        } else {
            Err(Refused::OneValue("flag or every outcome"))
        }
    }
}

fn share(part: f64, whole: f64, what: &'static str) -> Result<f64, Refused> {
    if whole > 0.0 {
        Ok(part / whole)
    } else {
        Err(Refused::Nothing(what))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, pick, read, same, shuffled};
    use super::*;

    #[test]
    fn figures_agree_with_scikit_learn() {
        let fixture = read(include_str!("../../tests/fixtures/stats/confusion.json"));
        for (name, case) in cases(&fixture) {
            let (flagged, event, weight) =
                (case.flags("flagged"), case.flags("event"), case.weight());
            let found = Confusion::count(&flagged, &event, weight.as_deref()).unwrap();
            same(found.precision().unwrap(), case.number("precision"), name);
            same(found.recall().unwrap(), case.number("recall"), name);
            same(found.f1().unwrap(), case.number("f1"), name);
            same(found.mcc().unwrap(), case.number("mcc"), name);
            let order = shuffled(event.len(), 7);
            let weight = weight.map(|weight| pick(&weight, &order));
            let moved = Confusion::count(
                &pick(&flagged, &order),
                &pick(&event, &order),
                weight.as_deref(),
            );
            assert_eq!(moved.unwrap(), found, "{name}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let nobody = Confusion::count(&[false, false], &[true, false], None).unwrap();
        assert_eq!(nobody.precision(), Err(Refused::Nothing("flagged")));
        assert_eq!((nobody.recall(), nobody.f1()), (Ok(0.0), Ok(0.0)));
        assert_eq!(
            nobody.mcc(),
            Err(Refused::OneValue("flag or every outcome"))
        );
        let calm = Confusion::count(&[false, false], &[false, false], None).unwrap();
        assert_eq!(calm.recall(), Err(Refused::Nothing("an event")));
        assert!(calm.f1().is_err());
        assert_eq!(Confusion::count(&[], &[], None), Err(Refused::NoRows));
    }
}
