//! How the scores of those who stayed differ from the scores of those who left.

use super::canvas::{Align, Area, Stroke, Type};
use super::score_axis::ScoreAxis;
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Bands, Caption, Chart, listed, no_data};

/// The score distributions of those who stayed and those who left.
#[derive(Debug, Clone)]
pub struct StayedAndLeft {
    /// Adjoining bins of the score, rising.
    pub bins: Vec<OutcomeBin>,
    /// How many stayed.
    pub stayed: u64,
    /// How many left.
    pub left: u64,
    /// The bands.
    pub bands: Bands,
    /// The lowest score of every ranked band but the first.
    pub thresholds: Vec<f64>,
}

/// The shares of both groups in a bin of the score.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeBin {
    /// Lower end in points.
    pub low: f64,
    /// Upper end in points.
    pub high: f64,
    /// Share of those who stayed, 0 to 1.
    pub stayed: f64,
    /// Share of those who left, 0 to 1.
    pub left: f64,
}

impl StayedAndLeft {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else {
            return no_data(caption, "no renewal was decided");
        };
        let mut sheet = Sheet::new(caption, Room::USUAL, &[]);
        let body = sheet.body;
        let keys: Vec<_> = self
            .bands
            .ranked
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let range = self.bands.range(&self.thresholds, place);
                (
                    Key::Fill(self.bands.colour(place)),
                    format!("{name} {range}"),
                )
            })
            .collect();
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let top = body.top + legend;
        let height = (body.bottom - sheet::X_AXIS - top) / 2.0;
        let shares = self.bins.iter().flat_map(|bin| [bin.stayed, bin.left]);
        let shares: Vec<f64> = shares.collect();
        let groups = [("stayed", self.stayed), ("left", self.left)];
        for (panel, (group, count)) in groups.into_iter().enumerate() {
            let mut area = Area {
                left: body.left,
                top: top + height * panel as f64 + sheet::Y_NAME + GAP,
                right: body.right,
                bottom: top + height * (panel + 1) as f64 - GAP,
            };
            let y = Scale::from_zero(shares.iter().copied(), (area.bottom, area.top), 4.0, 0.0);
            area.left += sheet::gutter(&y, Unit::Share);
            let ends = (first.low, last.high);
            let scores = ScoreAxis::new(&self.bands, &self.thresholds, ends, area);
            let name = format!("Share of the {} who {group}", style::count(count));
            sheet.y_axis(area, &y, Unit::Share, &name);
            if count == 0 {
                let look = Type::new(style::LABEL, style::MUTED).align(Align::Middle);
                sheet
                    .canvas
                    .text(area.middle(), &format!("nobody {group}"), look);
            }
            for bin in &self.bins {
                let share = if panel == 0 { bin.stayed } else { bin.left };
                if !share.is_finite() {
                    continue;
                }
                let ends = (y.at(share), area.bottom);
                scores.column(&mut sheet, (bin.low, bin.high), ends);
            }
            let line = Stroke::new(style::RULE, style::THIN).dashed(Some(style::REFERENCE_DASH));
            for from in &self.thresholds {
                let at = scores.x.at_most(*from);
                sheet
                    .canvas
                    .line(&[(at, area.top), (at, area.bottom)], line);
            }
            if panel == 0 {
                sheet.base_line(area);
            } else {
                scores.draw(&mut sheet, area);
            }
        }
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let bins = self.bins.iter().map(|bin| {
            format!(
                "{}–{} points: {} of those who stayed, {} of those who left",
                Unit::Points.value(bin.low),
                Unit::Points.value(bin.high),
                Unit::Share.value(bin.stayed),
                Unit::Share.value(bin.left)
            )
        });
        let heading = format!(
            "{} stayed, {} left",
            style::count(self.stayed),
            style::count(self.left)
        );
        listed(&heading, bins)
    }
}
