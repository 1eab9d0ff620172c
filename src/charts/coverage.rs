//! How much of each category is known.

use super::canvas::{Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, listed, no_data};

/// The share of each category that is backed by data.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// A row per category.
    pub rows: Vec<CoverageRow>,
    /// The date that `before` speaks about; without it no comparison is drawn.
    pub compared: Option<String>,
    /// The share that a score needs.
    pub required: Option<f64>,
}

/// A category and its coverage.
#[derive(Debug, Clone)]
pub struct CoverageRow {
    /// Its name.
    pub category: String,
    /// Share with data, 0 to 1.
    pub share: Option<f64>,
    /// The same at the comparison date.
    pub before: Option<f64>,
    /// What the share counts, such as "812 of 900 accounts"; may be empty.
    pub note: String,
}

/// Least height of a row.
const ROW: f64 = 34.0;
/// Greatest height of a row.
const HIGH_ROW: f64 = 90.0;
/// Greatest width of the names, and of the notes.
const TEXTS: f64 = 300.0;

impl Coverage {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        if self.rows.is_empty() {
            return no_data(caption, "the model has no category");
        }
        let rows = self.rows.len() as f64;
        let rest = 80.0 + sheet::X_AXIS;
        let room = Room {
            least: rows * ROW + rest,
            most: rows * HIGH_ROW + rest,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let name = Type::new(style::LABEL, style::INK);
        let note = Type::new(style::SMALL, style::MUTED);
        let names = sheet::widest(self.rows.iter().map(|row| &row.category), name, TEXTS);
        let notes = sheet::widest(self.rows.iter().map(|row| &row.note), note, TEXTS);
        let mut keys = vec![(
            Key::Fill(style::PLAIN),
            caption.as_of.format("%Y-%m-%d").to_string(),
        )];
        let before = Stroke::new(style::INK, style::STRONG);
        if let Some(date) = &self.compared {
            keys.push((Key::Line(before), date.clone()));
        }
        let limit = Stroke::reference(style::WORSE);
        if let Some(required) = self.required {
            let text = format!("needed for a score: {}", Unit::Share.value(required));
            keys.push((Key::Line(limit), text));
        }
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let value = Type::new(style::VALUE, style::INK);
        let area = Area {
            left: body.left + names + 2.0 * GAP,
            top: body.top + legend + GAP,
            right: body.right - notes - value.width("100 %") - 3.0 * GAP,
            bottom: body.bottom - sheet::X_AXIS,
        };
        let x = Scale::fixed((0.0, 1.0), (area.left, area.right), 0.2);
        sheet.x_axis(area, &x, Unit::Share, "Share with data");
        let row = area.height() / rows;
        let thickness = (row * 0.55).min(34.0);
        for (place, this) in self.rows.iter().enumerate() {
            let y = area.top + row * (place as f64 + 0.5);
            let name_text = name.fit(&this.category, names + 1.0);
            sheet.canvas.text((body.left, y), &name_text, name);
            let note_text = note.fit(&this.note, notes + 1.0);
            sheet.canvas.text((body.right - notes, y), &note_text, note);
            let bar = |share: f64| Area {
                left: area.left,
                top: y - thickness / 2.0,
                right: x.at_most(share),
                bottom: y + thickness / 2.0,
            };
            sheet.canvas.rectangle(bar(1.0), style::GROUND);
            let share = this.share.filter(|share| share.is_finite());
            let at = (area.right + GAP, y);
            match share {
                Some(share) => {
                    sheet.canvas.rectangle(bar(share), style::PLAIN);
                    sheet
                        .canvas
                        .text(at, &Unit::Share.value(share), value.bold());
                }
                None => {
                    let look = Type::new(style::VALUE, style::MUTED);
                    sheet.canvas.text((area.left + GAP, y), "no data", look);
                }
            }
            if let (Some(_), Some(share)) = (&self.compared, this.before) {
                let at = x.at_most(share);
                let ends = [
                    (at, y - thickness / 2.0 - 4.0),
                    (at, y + thickness / 2.0 + 4.0),
                ];
                sheet.canvas.line(&ends, before);
            }
        }
        if let Some(required) = self.required {
            let at = x.at_most(required);
            sheet
                .canvas
                .line(&[(at, area.top), (at, area.bottom)], limit);
        }
        sheet.finish(&self.words())
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> Vec<String> {
        let sentences = self.rows.iter().map(|row| {
            let share = row
                .share
                .map_or("no data".to_owned(), |share| Unit::Share.value(share));
            let was = match (&self.compared, row.before) {
                (Some(date), Some(share)) => format!(" (on {date}: {})", Unit::Share.value(share)),
                _ => String::new(),
            };
            format!("{} {share}{was}", row.category)
        });
        let mut said = vec![listed("Share with data", sentences)];
        said.extend(
            self.required
                .map(|share| format!("A score needs {}", Unit::Share.value(share))),
        );
        said
    }
}
