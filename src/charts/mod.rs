//! Plain numbers in, picture out: every chart as SVG and as PNG, from one description.
//!
//! Nothing here computes, sorts or sums a figure. What a chart writes was passed in, so that
//! chart, table and sentence cannot disagree. Rows, candidates and metrics stand in the caller's
//! order; a number that is not finite counts as missing.
//!
//! Colours are told apart by readers with any colour vision, and shape, line or label says the
//! same again. The typeface is in the program; an SVG names it with stand-ins, so that it reads
//! well inside a page. `style` holds every colour, size and number format.

mod band_migration;
mod canvas;
mod capture;
mod churn_by_band;
mod correlation;
mod coverage;
mod largest_movers;
mod lines;
mod metric_power;
mod reliability;
mod renewals_ahead;
mod score_axis;
mod score_distribution;
mod sheet;
mod stayed_and_left;
mod style;
mod tornado;

pub use band_migration::BandMigration;
pub use capture::{Capture, CaptureCurve, CapturePoint};
pub use churn_by_band::{BandChurn, ChurnByBand};
pub use correlation::Correlation;
pub use coverage::{Coverage, CoverageRow};
pub use largest_movers::{LargestMovers, Mover};
pub use lines::{LeadRanking, PeriodFigures, RankingByLead, Stability};
pub use metric_power::{MetricPower, MetricRow};
pub use reliability::{Reliability, ReliabilityBin, ReliabilityCurve};
pub use renewals_ahead::{CurrencyRenewals, RenewalMonth, RenewalsAhead};
pub use score_distribution::{BandCount, ScoreBin, ScoreDistribution};
pub use stayed_and_left::{OutcomeBin, StayedAndLeft};
pub use style::count;
pub use tornado::{Effect, Tornado, TornadoRow};

use plotters::style::RGBColor as Colour;

use crate::domain::AsOf;
use sheet::Sheet;

/// A picture, drawn twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// File name without its ending.
    pub name: String,
    /// What the picture shows, in words and numbers, for whoever does not see it.
    pub alt: String,
    /// The picture as SVG with selectable text; stands alone or inside a page.
    pub svg: String,
    /// The picture as PNG, 1,200 pixels wide and about 700 high, or as high as its rows need.
    pub png: Vec<u8>,
}

/// What stands around a picture.
#[derive(Debug, Clone)]
pub struct Caption {
    /// File name without its ending, unique within a page.
    pub name: String,
    /// The finding, as a sentence.
    pub title: String,
    /// What is shown: of whom, when, counted how.
    pub subtitle: Option<String>,
    /// The tables that hold the numbers.
    pub source: String,
    /// The date the numbers speak about.
    pub as_of: AsOf,
}

/// A figure with its interval, where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower and upper end of its interval.
    pub interval: Option<(f64, f64)>,
}

/// An estimate, or the reason why there is none.
pub type Figure = Result<Estimate, String>;

/// The groups accounts fall into.
#[derive(Debug, Clone, Default)]
pub struct Bands {
    /// Bands of the score, worst first.
    pub ranked: Vec<String>,
    /// Groups outside that order, such as those without a score.
    pub others: Vec<String>,
}

impl Bands {
    /// Returns all names: ranked ones first, then the others.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.ranked.iter().chain(&self.others)
    }

    fn len(&self) -> usize {
        self.ranked.len() + self.others.len()
    }

    fn colour(&self, place: usize) -> Colour {
        match place.checked_sub(self.ranked.len()) {
            None => style::ranked(place, self.ranked.len()),
            Some(other) => style::unranked(other),
        }
    }

    /// Returns the scores of a ranked band in words, given the lowest score of every ranked band
    /// but the first; nothing for the others.
    fn range(&self, thresholds: &[f64], place: usize) -> String {
        let score = |value: &f64| style::Unit::Points.value(*value);
        let from = place.checked_sub(1).and_then(|below| thresholds.get(below));
        let to = thresholds.get(place);
        match (from, to) {
            _ if place >= self.ranked.len() => String::new(),
            (None, None) => String::new(),
            (None, Some(to)) => format!("below {}", score(to)),
            (Some(from), None) => format!("from {}", score(from)),
            (Some(from), Some(to)) => format!("{} to {}", score(from), score(to)),
        }
    }
}

/// Returns the picture that says there is nothing to show, and why.
#[must_use]
pub fn no_data(caption: &Caption, reason: &str) -> Chart {
    let room = sheet::Room {
        least: 200.0,
        most: 260.0,
    };
    let mut sheet = Sheet::new(caption, room, &[]);
    let look = canvas::Type::new(style::SUBTITLE, style::MUTED).align(canvas::Align::Middle);
    let text = format!("No data: {reason}");
    let lines = look.wrap(&text, sheet.body.width() * 0.8, 4);
    let (x, middle) = sheet.body.middle();
    let leading = look.size * style::LEADING;
    sheet.canvas.rectangle(sheet.body, style::GROUND);
    for (place, line) in lines.iter().enumerate() {
        let y = middle + (place as f64 - (lines.len() - 1) as f64 / 2.0) * leading;
        sheet.canvas.text((x, y), line, look);
    }
    sheet.finish(&[text])
}

/// Returns a sentence per item after a heading, for the words of a picture.
fn listed(heading: &str, items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("{heading}: {}.", items.join("; "))
}

#[cfg(test)]
mod tests;
