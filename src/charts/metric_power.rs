//! What each metric foresees on its own.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet, extent, in_words};
use super::style::{self, GAP, Shape, Unit};
use super::{Caption, Chart, Figure, listed, no_data};

/// The power of each metric with its interval: a forest plot.
#[derive(Debug, Clone)]
pub struct MetricPower {
    /// The metrics in the order they are shown.
    pub metrics: Vec<MetricRow>,
}

/// A metric and how well it ranks alone.
#[derive(Debug, Clone)]
pub struct MetricRow {
    /// Its name.
    pub metric: String,
    /// Its category.
    pub category: String,
    /// Its AUC.
    pub auc: Figure,
    /// Whether it is called predictive, after control of false discoveries.
    pub stands_out: bool,
    /// Such as "12 % missing"; may be empty.
    pub note: String,
}

/// Least height of a row.
const ROW: f64 = 23.0;
/// Greatest height of a row.
const HIGH_ROW: f64 = 42.0;
/// Least width of the plot.
const PLOT: f64 = 360.0;
/// An AUC that knows nothing.
const CHANCE: f64 = 0.5;

impl MetricPower {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        if self.metrics.is_empty() {
            return no_data(caption, "the model has no metric");
        }
        let rows = self.metrics.len() as f64;
        let rest = 60.0 + sheet::X_AXIS;
        let room = Room {
            least: rows * ROW + rest,
            most: rows * HIGH_ROW + rest,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let out = style::points(style::PLAIN, Shape::Disc);
        let wrong = style::points(style::WORSE, Shape::Down);
        let not = style::points(style::MUTED, Shape::Disc);
        let chance = Stroke::reference(style::INK);
        let mut keys = vec![
            (
                Key::Point(out, false),
                "foresees leaving, beyond chance".to_owned(),
            ),
            (
                Key::Point(not, true),
                "cannot be told from chance".to_owned(),
            ),
            (Key::Line(chance), "chance".to_owned()),
        ];
        if self.metrics.iter().any(is_wrong) {
            let text = "the wrong way round, beyond chance".to_owned();
            keys.insert(1, (Key::Point(wrong, false), text));
        }
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let row = ((body.height() - legend - GAP - sheet::X_AXIS) / rows).min(HIGH_ROW);
        let size = if row < 28.0 {
            style::SMALL
        } else {
            style::VALUE
        };
        let name = Type::new(size, style::INK);
        let muted = Type::new(size, style::MUTED);
        let value = name;
        let figures: Vec<String> = self
            .metrics
            .iter()
            .map(|row| match &row.auc {
                Ok(estimate) => match estimate.interval {
                    Some((low, high)) => format!(
                        "{} ({}–{})",
                        Unit::Ratio.value(estimate.value),
                        Unit::Ratio.value(low),
                        Unit::Ratio.value(high)
                    ),
                    None => Unit::Ratio.value(estimate.value),
                },
                Err(_) => String::new(),
            })
            .collect();
        let values = sheet::widest(&figures, value, 200.0);
        let notes = sheet::widest(self.metrics.iter().map(|row| &row.note), muted, 150.0);
        // Names and categories share what the plot leaves them.
        let texts = body.width() - PLOT - values - notes - 7.0 * GAP;
        let names = self.metrics.iter().map(|row| &row.metric);
        let names = sheet::widest(names, name.bold(), texts * 0.62);
        let groups = self.metrics.iter().map(|row| &row.category);
        let groups = sheet::widest(groups, muted, texts - names);
        let group_left = body.left + names + 1.5 * GAP;
        let note_left = body.right - notes;
        let value_left = note_left - values - 1.5 * GAP;
        let area = Area {
            left: group_left + groups + 2.0 * GAP,
            top: body.top + legend + GAP,
            right: value_left - 2.0 * GAP,
            bottom: body.top + legend + GAP + row * rows,
        };
        let aucs = self.metrics.iter().filter_map(|row| row.auc.as_ref().ok());
        let ends = aucs.flat_map(extent).chain([CHANCE - 0.05, CHANCE + 0.05]);
        let x = Scale::over(ends, (area.left, area.right), 5.0, 0.0);
        for place in (0..self.metrics.len()).step_by(2) {
            // Every other row is shaded, to lead the eye from name to value.
            let stripe = Area {
                top: area.top + row * place as f64,
                bottom: area.top + row * (place + 1) as f64,
                ..body
            };
            sheet
                .canvas
                .rectangle(stripe, style::tint(style::GROUND, 0.7));
        }
        sheet.x_axis(
            area,
            &x,
            Unit::Ratio,
            "AUC of the metric alone, with its interval",
        );
        self.draw_chance(&mut sheet, area, row, x.at(CHANCE), chance);
        for (place, (this, figure)) in self.metrics.iter().zip(&figures).enumerate() {
            let y = area.top + row * (place as f64 + 0.5);
            let name_look = if this.stands_out { name.bold() } else { name };
            let name_text = name_look.fit(&this.metric, names + 1.0);
            sheet.canvas.text((body.left, y), &name_text, name_look);
            let group = muted.fit(&this.category, groups + 1.0);
            sheet.canvas.text((group_left, y), &group, muted);
            sheet.canvas.text((value_left, y), figure, value);
            let note = muted.fit(&this.note, notes + 1.0);
            sheet.canvas.text((note_left, y), &note, muted);
            let look = match this.stands_out {
                true if is_wrong(this) => wrong,
                true => out,
                false => not,
            };
            match &this.auc {
                Ok(estimate) => {
                    if let Some((low, high)) = estimate.interval {
                        let stroke = Stroke::new(look.colour, style::MEDIUM);
                        sheet
                            .canvas
                            .line(&[(x.at(low), y), (x.at(high), y)], stroke);
                    }
                    let at = (x.at(estimate.value), y);
                    sheet
                        .canvas
                        .marker(at, look.shape, look.colour, !this.stands_out);
                }
                Err(reason) => {
                    let text = muted.fit(reason, area.width() - GAP);
                    let at = (area.middle().0, y);
                    sheet.canvas.text(at, &text, muted.align(Align::Middle));
                }
            }
        }
        sheet.finish(&[self.words()])
    }

    /// Draws the line of chance beside the metrics that have a figure; a reason stands in its place.
    fn draw_chance(&self, sheet: &mut Sheet<'_>, area: Area, row: f64, x: f64, look: Stroke) {
        let mut from = 0;
        for run in self.metrics.chunk_by(|a, b| a.auc.is_ok() == b.auc.is_ok()) {
            let to = from + run.len();
            if run[0].auc.is_ok() {
                let y = |place: usize| area.top + row * place as f64;
                sheet.canvas.line(&[(x, y(from)), (x, y(to))], look);
            }
            from = to;
        }
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let sentences = self.metrics.iter().map(|row| {
            let figure = match &row.auc {
                Ok(estimate) => in_words(estimate, |value| Unit::Ratio.value(value)),
                Err(reason) => format!("none ({reason})"),
            };
            let verdict = match row.stands_out {
                true if is_wrong(row) => ", stands out the wrong way round",
                true => ", stands out",
                false => "",
            };
            format!("{} {figure}{verdict}", row.metric)
        });
        listed("AUC of each metric alone", sentences)
    }
}

/// Holds if a metric stands out by ranking those who stay below those who leave.
fn is_wrong(row: &MetricRow) -> bool {
    let is_below = |auc: &Figure| auc.as_ref().is_ok_and(|auc| auc.value < CHANCE);
    row.stands_out && is_below(&row.auc)
}
