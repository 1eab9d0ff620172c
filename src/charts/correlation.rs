//! Which metrics say the same.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Room, Sheet};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, listed, no_data};

/// The Spearman correlation of each metric with each other.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The metrics in the order they are shown.
    pub metrics: Vec<String>,
    /// The coefficients, −1 to 1; `None` where there is none.
    pub values: Vec<Vec<Option<f64>>>,
    /// Pairs further from zero than this are marked.
    pub flagged_above: f64,
}

/// Least height of a row.
const ROW: f64 = 20.0;
/// Greatest extent of a cell.
const CELL: f64 = 62.0;
/// From this width on a cell holds its number.
const WRITTEN: f64 = 44.0;
/// Height of the scale of colours with its text.
const KEY: f64 = 56.0;
/// The words name at most so many marked pairs.
const SAID: usize = 40;

impl Correlation {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let count = self.metrics.len();
        if count < 2 {
            return no_data(caption, "it takes two metrics to compare");
        }
        let head = 26.0;
        let room = Room {
            least: count as f64 * ROW + head + KEY,
            most: count as f64 * CELL + head + KEY,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let height = ((body.height() - head - KEY) / count as f64).min(CELL);
        let size = if height < 26.0 {
            style::SMALL
        } else {
            style::VALUE
        };
        let name = Type::new(size, style::INK);
        let number = Type::new(size, style::MUTED);
        let numbers = number.width(&count.to_string()) + GAP;
        let names = sheet::widest(&self.metrics, name, 330.0) + numbers + GAP;
        let width = ((body.width() - names) / count as f64).min(CELL * 1.4);
        let (left, top) = (body.left + names, body.top + KEY + head);
        let every = (number.width("00") * 1.4 / width).ceil().max(1.0) as usize;
        for (place, metric) in self.metrics.iter().enumerate() {
            let y = top + height * (place as f64 + 0.5);
            let x = left + width * (place as f64 + 0.5);
            let text = (place + 1).to_string();
            let at = (body.left + numbers - GAP, y);
            sheet.canvas.text(at, &text, number.align(Align::End));
            let name_text = name.fit(metric, names - numbers - GAP);
            sheet
                .canvas
                .text((body.left + numbers, y), &name_text, name);
            if place % every == 0 {
                let at = (x, top - 13.0);
                sheet.canvas.text(at, &text, number.align(Align::Middle));
            }
        }
        let inset = if width < WRITTEN { 0.25 } else { 1.0 };
        for (row, values) in self.values.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let cell = Area {
                    left: left + width * column as f64 + inset,
                    top: top + height * row as f64 + inset,
                    right: left + width * (column + 1) as f64 - inset,
                    bottom: top + height * (row + 1) as f64 - inset,
                };
                let value = value.filter(|value| value.is_finite());
                let ground = match value {
                    _ if row == column => style::GRID,
                    Some(value) => colour(value),
                    None => style::GROUND,
                };
                sheet.canvas.rectangle(cell, ground);
                let is_flagged =
                    row != column && value.is_some_and(|value| value.abs() > self.flagged_above);
                if is_flagged {
                    outline(&mut sheet, cell);
                }
                let text = match value {
                    _ if row == column => String::new(),
                    Some(value) => Unit::Ratio.value(value),
                    None => "–".to_owned(),
                };
                let mut look = Type::new(style::SMALL, style::text_on(ground));
                look.align = Align::Middle;
                look.bold = is_flagged;
                if width >= WRITTEN || (value.is_none() && width > 12.0) {
                    sheet.canvas.text(cell.middle(), &text, look);
                }
            }
        }
        self.draw_key(&mut sheet);
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let count = self.metrics.len();
        let pairs = (0..count).flat_map(|row| (0..row).map(move |column| (row, column)));
        let flagged: Vec<String> = pairs
            .filter_map(|(row, column)| {
                let value = (*self.values.get(row)?.get(column)?)?;
                let (a, b) = (&self.metrics[column], &self.metrics[row]);
                let text = format!("{a} and {b} {}", Unit::Ratio.value(value));
                (value.abs() > self.flagged_above).then_some(text)
            })
            .collect();
        let limit = Unit::Ratio.value(self.flagged_above);
        match flagged.len() {
            0 => format!("No two of {count} metrics correlate beyond ±{limit}"),
            many => {
                let heading = format!("{many} pairs of {count} metrics correlate beyond ±{limit}");
                listed(&heading, flagged.into_iter().take(SAID))
            }
        }
    }

    /// Draws the scale of colours, and what an outline says.
    fn draw_key(&self, sheet: &mut Sheet<'_>) {
        const STEPS: i32 = 20;
        let look = Type::new(style::VALUE, style::MUTED);
        let (left, top) = (sheet.body.left, sheet.body.top);
        let step = 12.0;
        let start = left + look.width("−1") + GAP;
        for place in 0..STEPS {
            let value = (f64::from(place) + 0.5) * 2.0 / f64::from(STEPS) - 1.0;
            let cell = Area {
                left: start + step * f64::from(place),
                top: top + 4.0,
                right: start + step * f64::from(place + 1),
                bottom: top + 22.0,
            };
            sheet.canvas.rectangle(cell, colour(value));
        }
        let end = start + step * f64::from(STEPS);
        let y = top + 13.0;
        sheet.canvas.text((left, y), "−1", look);
        let label = "+1   Spearman correlation";
        sheet.canvas.text((end + GAP, y), label, look);
        let at = end + GAP + look.width(label) + 4.0 * GAP;
        let sample = Area {
            left: at,
            top: top + 4.0,
            right: at + 22.0,
            bottom: top + 22.0,
        };
        outline(sheet, sample);
        let limit = Unit::Ratio.value(self.flagged_above);
        let text = format!("beyond ±{limit}");
        sheet.canvas.text((at + 22.0 + GAP, y), &text, look);
    }
}

fn outline(sheet: &mut Sheet<'_>, cell: Area) {
    let stroke = Stroke::new(style::INK, style::MEDIUM);
    let (left, top) = (cell.left + 1.0, cell.top + 1.0);
    let (right, bottom) = (cell.right - 1.0, cell.bottom - 1.0);
    let corners = [
        (left, top),
        (right, top),
        (right, bottom),
        (left, bottom),
        (left, top),
    ];
    sheet.canvas.line(&corners, stroke);
}

fn colour(value: f64) -> plotters::style::RGBColor {
    let full = if value < 0.0 {
        style::WORSE
    } else {
        style::BETTER
    };
    style::tint(full, value.abs())
}
