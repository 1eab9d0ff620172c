//! The axis of scores, and columns over it in the colours of the bands.

use super::Bands;
use super::canvas::Area;
use super::sheet::{Scale, Sheet};
use super::style::{self, Unit};

/// A horizontal axis of scores.
pub(super) struct ScoreAxis<'a> {
    /// From points to pixels.
    pub x: Scale,
    bands: &'a Bands,
    thresholds: &'a [f64],
}

impl<'a> ScoreAxis<'a> {
    /// Returns the axis from `low` to `high` points across `area`; `thresholds` are the lowest
    /// scores of every ranked band but the first.
    pub(super) fn new(
        bands: &'a Bands,
        thresholds: &'a [f64],
        (low, high): (f64, f64),
        area: Area,
    ) -> Self {
        let step = if high - low > 50.0 { 10.0 } else { 5.0 };
        Self {
            x: Scale::fixed((low, high), (area.left, area.right), step),
            bands,
            thresholds,
        }
    }

    /// Draws ticks and name below `area`.
    pub(super) fn draw(&self, sheet: &mut Sheet<'_>, area: Area) {
        sheet.x_ticks(area, &self.x, Unit::Points, "Health score (points)");
    }

    /// Draws a column over the scores from `low` to `high`; a threshold inside divides it.
    pub(super) fn column(
        &self,
        sheet: &mut Sheet<'_>,
        (low, high): (f64, f64),
        (top, bottom): (f64, f64),
    ) {
        let inside = self.thresholds.iter().copied();
        let mut edges = vec![low];
        edges.extend(inside.filter(|from| low < *from && *from < high));
        edges.push(high);
        for pair in edges.windows(2) {
            let part = Area {
                left: self.x.at(pair[0]) + style::THIN,
                top,
                right: self.x.at(pair[1]) - style::THIN,
                bottom,
            };
            let below = self.thresholds.iter().filter(|from| **from <= pair[0]);
            let place = below.count().min(self.bands.ranked.len().saturating_sub(1));
            sheet.canvas.rectangle(part, self.bands.colour(place));
        }
    }
}
