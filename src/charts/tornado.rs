//! What a figure owes to each weight, threshold and metric.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet, extent, in_words};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, Figure, listed, no_data};

/// One variable at a time: how far each change moves a headline figure.
#[derive(Debug, Clone)]
pub struct Tornado {
    /// Name of the change, as the axis says it, such as "Change of the AUC".
    pub figure: String,
    /// The variables in the order they are shown.
    pub rows: Vec<TornadoRow>,
}

/// A variable and what came of changing it.
#[derive(Debug, Clone)]
pub struct TornadoRow {
    /// Its name, such as "Weight of Product usage".
    pub variable: String,
    /// What was tried.
    pub effects: Vec<Effect>,
}

/// A change of a variable and its effect.
#[derive(Debug, Clone)]
pub struct Effect {
    /// What was done, such as "+5 points" or "off".
    pub step: String,
    /// How far the figure moved.
    pub change: Figure,
}

/// Height of an effect's bar with the space below it.
const BAR: f64 = 22.0;
/// Few bars are drawn so many times as high.
const STRETCH: f64 = 1.8;
/// Space between two variables.
const BETWEEN: f64 = 8.0;

impl Tornado {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let effects: usize = self.rows.iter().map(|row| row.effects.len()).sum();
        if effects == 0 {
            return no_data(caption, "nothing was varied");
        }
        let rows = self.rows.len() as f64;
        let needed = effects as f64 * BAR + rows * BETWEEN;
        let rest = 50.0 + sheet::X_AXIS;
        let room = Room {
            least: needed + rest,
            most: needed * STRETCH + rest,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let keys = [
            (Key::Fill(style::BETTER), "the figure rises".to_owned()),
            (Key::Fill(style::WORSE), "the figure falls".to_owned()),
            (
                Key::Line(Stroke::new(style::INK, style::MEDIUM)),
                "interval of the change".to_owned(),
            ),
        ];
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let name = Type::new(style::VALUE, style::INK);
        let small = Type::new(style::SMALL, style::MUTED);
        let value = Type::new(style::SMALL, style::INK);
        let all = || self.rows.iter().flat_map(|row| &row.effects);
        let names = sheet::widest(self.rows.iter().map(|row| &row.variable), name, 320.0);
        let steps = sheet::widest(all().map(|effect| &effect.step), small, 130.0);
        let values = value.width("+0.000");
        let area = Area {
            left: body.left + names + steps + 3.5 * GAP,
            top: body.top + legend + GAP,
            right: body.right - values - 2.0 * GAP,
            bottom: body.bottom - sheet::X_AXIS,
        };
        let changes = all().filter_map(|effect| effect.change.as_ref().ok());
        let ends = changes.flat_map(extent).chain([0.0]);
        let x = Scale::over(ends, (area.left, area.right), 6.0, 0.0);
        // Room that the rows leave is shared out among them.
        let stretch = (area.height() / needed).clamp(1.0, STRETCH);
        let (bar, between) = (BAR * stretch, BETWEEN * stretch);
        let area = Area {
            bottom: area.top + needed * stretch,
            ..area
        };
        sheet.x_axis(area, &x, Unit::Ratio, &self.figure);
        let zero = x.at(0.0);
        let mut y = area.top + between / 2.0;
        for row in &self.rows {
            let middle = y + bar * row.effects.len() as f64 / 2.0;
            let name_text = name.fit(&row.variable, names + 1.0);
            sheet.canvas.text((body.left, middle), &name_text, name);
            for effect in &row.effects {
                let at = y + bar / 2.0;
                let step = small.fit(&effect.step, steps + 1.0);
                let step_at = (area.left - 1.5 * GAP, at);
                sheet.canvas.text(step_at, &step, small.align(Align::End));
                match &effect.change {
                    Ok(change) => {
                        let end = x.at(change.value);
                        let this = Area {
                            left: zero.min(end),
                            top: at - bar * 0.36,
                            right: zero.max(end),
                            bottom: at + bar * 0.36,
                        };
                        let is_fall = change.value < 0.0;
                        let colour = if is_fall { style::WORSE } else { style::BETTER };
                        sheet.canvas.rectangle(this, colour);
                        if let Some((low, high)) = change.interval {
                            let stroke = Stroke::new(style::INK, style::MEDIUM);
                            sheet.level_interval(at, x.at(low), x.at(high), stroke);
                        }
                        let text = Unit::Ratio.change(change.value);
                        let look = value.align(Align::End);
                        sheet.canvas.text((body.right, at), &text, look);
                    }
                    Err(reason) => {
                        let text = small.fit(reason, area.width() - GAP);
                        sheet.canvas.text((area.left + GAP, at), &text, small);
                    }
                }
                y += bar;
            }
            y += between;
        }
        let stroke = Stroke::new(style::INK, style::THIN);
        sheet
            .canvas
            .line(&[(zero, area.top), (zero, area.bottom)], stroke);
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let sentences = self.rows.iter().map(|row| {
            let effects = row.effects.iter().map(|effect| {
                let change = match &effect.change {
                    Ok(change) => in_words(change, |value| Unit::Ratio.change(value)),
                    Err(reason) => format!("none ({reason})"),
                };
                format!("{} {change}", effect.step)
            });
            let effects = effects.collect::<Vec<_>>().join(", ");
            format!("{}: {effects}", row.variable)
        });
        listed(&self.figure, sentences)
    }
}
