//! Whether a probability means what it says.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, listed, no_data};

/// Observed churn against predicted probability, with Wilson intervals and the diagonal.
#[derive(Debug, Clone)]
pub struct Reliability {
    /// A curve per candidate.
    pub curves: Vec<ReliabilityCurve>,
}

/// The bins of one candidate.
#[derive(Debug, Clone)]
pub struct ReliabilityCurve {
    /// Its name.
    pub candidate: String,
    /// Its bins, rising.
    pub bins: Vec<ReliabilityBin>,
}

/// Accounts that were given about the same probability.
#[derive(Debug, Clone, Copy)]
pub struct ReliabilityBin {
    /// Mean predicted probability, 0 to 1.
    pub predicted: f64,
    /// Share that left, 0 to 1.
    pub observed: f64,
    /// Interval of that share.
    pub interval: Option<(f64, f64)>,
    /// How many accounts.
    pub accounts: u64,
}

impl Reliability {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let bins = || self.curves.iter().flat_map(|curve| &curve.bins);
        if bins().next().is_none() {
            return no_data(caption, "no candidate has a calibrated probability");
        }
        let mut sheet = Sheet::new(caption, Room::USUAL, &[]);
        let body = sheet.body;
        let diagonal = Stroke::reference(style::INK);
        let mut keys: Vec<_> = self
            .curves
            .iter()
            .enumerate()
            .map(|(place, curve)| (Key::Series(style::series(place)), curve.candidate.clone()))
            .collect();
        keys.push((Key::Line(diagonal), "observed = predicted".to_owned()));
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let mut area = Area {
            left: body.left,
            top: body.top + legend + sheet::Y_NAME + GAP,
            right: body.right,
            bottom: body.bottom - sheet::X_AXIS,
        };
        let values = bins().flat_map(|bin| {
            let (low, high) = bin.interval.unwrap_or((bin.observed, bin.observed));
            [bin.predicted, bin.observed, low, high]
        });
        let y = Scale::from_zero(values, (area.bottom, area.top), 6.0, 0.0);
        area.left += sheet::gutter(&y, Unit::Share);
        let predicted = bins().map(|bin| bin.predicted);
        let x = Scale::from_zero(predicted, (area.left, area.right), 8.0, 0.0);
        sheet.y_axis(area, &y, Unit::Share, "Share that left, with its interval");
        sheet.x_axis(area, &x, Unit::Share, "Predicted probability of leaving");
        let end = x.high().min(y.high());
        let ends = [(area.left, area.bottom), (x.at(end), y.at(end))];
        sheet.canvas.line(&ends, diagonal);
        for (place, curve) in self.curves.iter().enumerate() {
            let look = style::series(place);
            let stroke = Stroke::new(look.colour, style::MEDIUM);
            let at = |bin: &ReliabilityBin| (x.at(bin.predicted), y.at(bin.observed));
            let points: Vec<_> = curve.bins.iter().map(at).collect();
            sheet.canvas.line(&points, stroke.dashed(look.dash));
            for bin in &curve.bins {
                let at = at(bin);
                if let Some((low, high)) = bin.interval {
                    sheet.upright_interval(at.0, y.at(low), y.at(high), stroke);
                }
                sheet.canvas.marker(at, look.shape, look.colour, false);
            }
        }
        // How many accounts stand behind a point; where points crowd, the words have them all.
        let small = Type::new(style::SMALL, style::MUTED).align(Align::Middle);
        for bin in self.curves.iter().take(1).flat_map(|curve| &curve.bins) {
            let (_, high) = bin.interval.unwrap_or((bin.observed, bin.observed));
            let text = format!("n {}", style::count(bin.accounts));
            let at = (x.at(bin.predicted), y.at(high) - 12.0);
            let half = small.width(&text) / 2.0 + 3.0;
            // A neighbour's interval would run through the number.
            let is_crossed = bins().any(|other| {
                let (low, high) = other.interval.unwrap_or((other.observed, other.observed));
                let apart = (x.at(other.predicted) - at.0).abs();
                let is_beside = y.at(high) < at.1 + 8.0 && y.at(low) > at.1 - 8.0;
                apart < half && is_beside
            });
            if self.curves.len() == 1 && !is_crossed {
                sheet.canvas.text_if_free(at, &text, small);
            }
        }
        sheet.finish(&self.words())
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> Vec<String> {
        self.curves
            .iter()
            .map(|curve| {
                let bins = curve.bins.iter().map(|bin| {
                    let interval = bin.interval.map_or_else(String::new, |(low, high)| {
                        format!(
                            " ({} to {})",
                            Unit::Share.value(low),
                            Unit::Share.value(high)
                        )
                    });
                    format!(
                        "predicted {}, observed {}{interval}, {} accounts",
                        Unit::Share.value(bin.predicted),
                        Unit::Share.value(bin.observed),
                        style::count(bin.accounts)
                    )
                });
                listed(&curve.candidate, bins)
            })
            .collect()
    }
}
