//! The accounts whose score moved most, and what moved it.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Shape, Unit};
use super::{Caption, Chart, listed, no_data};

/// The largest movers with their drivers as stacked signed points.
#[derive(Debug, Clone)]
pub struct LargestMovers {
    /// The causes that points are given to.
    pub causes: Vec<String>,
    /// The accounts in the order they are shown.
    pub accounts: Vec<Mover>,
    /// Decimals of a shown score.
    pub decimals: usize,
}

/// An account whose score moved.
#[derive(Debug, Clone)]
pub struct Mover {
    /// Its name.
    pub account: String,
    /// What the tables call it; empty where that is its name.
    pub id: String,
    /// Score at the comparison date.
    pub before: f64,
    /// Score now.
    pub now: f64,
    /// The change, as published.
    pub change: f64,
    /// Signed points per cause; they sum to the change.
    pub points: Vec<f64>,
}

/// Least height of an account's row.
const ROW: f64 = 50.0;
/// Greatest height of an account's row.
const HIGH_ROW: f64 = 72.0;
/// Height of its bar.
const BAR: f64 = 26.0;
/// Width of the names.
const NAMES: f64 = 290.0;
/// Width of the changes.
const CHANGES: f64 = 90.0;

impl LargestMovers {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        if self.accounts.is_empty() {
            return no_data(caption, "no score moved");
        }
        let rows = self.accounts.len() as f64;
        let legend_most = 34.0 + 28.0 * (self.causes.len() as f64 / 2.0).ceil();
        let rest = legend_most + sheet::X_AXIS;
        let room = Room {
            least: rows * ROW + rest,
            most: rows * HIGH_ROW + rest,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let mut keys: Vec<(Key, String)> = self
            .causes
            .iter()
            .enumerate()
            .map(|(place, cause)| {
                let key = Key::Fill(style::series(place).colour);
                (key, format!("{} {cause}", letter(place)))
            })
            .collect();
        let net = style::points(style::INK, Shape::Diamond);
        keys.push((Key::Point(net, true), "change of the score".to_owned()));
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let area = Area {
            left: body.left + NAMES,
            top: body.top + legend + GAP,
            right: body.right - CHANGES,
            bottom: body.bottom - sheet::X_AXIS,
        };
        let signed = |mover: &Mover, sign: f64| -> f64 {
            let of_sign = mover.points.iter().filter(|points| **points * sign > 0.0);
            of_sign.sum()
        };
        let ends = self
            .accounts
            .iter()
            .flat_map(|mover| [signed(mover, 1.0), signed(mover, -1.0), mover.change, 0.0]);
        let x = Scale::over(ends, (area.left, area.right), 8.0, 0.0);
        sheet.x_axis(area, &x, Unit::Points, "Points of the health score");
        let zero = x.at(0.0);
        let row = area.height() / rows;
        for (place, mover) in self.accounts.iter().enumerate() {
            let y = area.top + row * (place as f64 + 0.5);
            let name = Type::new(style::LABEL, style::INK);
            let small = Type::new(style::SMALL, style::MUTED);
            let path = format!(
                "{} → {}",
                style::grouped(mover.before, self.decimals),
                style::grouped(mover.now, self.decimals)
            );
            let path = match mover.id.as_str() {
                "" => path,
                id => format!("{} · {path}", small.fit(id, NAMES / 2.0)),
            };
            let name_text = name.fit(&mover.account, NAMES - 2.0 * GAP);
            sheet.canvas.text((body.left, y - 9.0), &name_text, name);
            sheet.canvas.text((body.left, y + 12.0), &path, small);
            self.draw_bar(&mut sheet, &x, y, &mover.points);
            let at = (x.at(mover.change), y + BAR / 2.0 + 4.0);
            sheet.canvas.marker(at, Shape::Diamond, style::INK, true);
            let change = Type::new(style::LABEL, style::INK).bold().align(Align::End);
            let text = self.change(mover.change);
            sheet.canvas.text((body.right, y), &text, change);
        }
        let stroke = Stroke::new(style::INK, style::THIN);
        sheet
            .canvas
            .line(&[(zero, area.top), (zero, area.bottom)], stroke);
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let sentences = self.accounts.iter().map(|mover| {
            let causes = self.causes.iter().zip(&mover.points);
            let causes = causes.filter(|(_, points)| **points != 0.0);
            let causes = causes.map(|(cause, points)| format!("{cause} {}", self.change(*points)));
            let id = match mover.id.as_str() {
                "" => String::new(),
                id => format!(" ({id})"),
            };
            format!(
                "{}{id} {} ({})",
                mover.account,
                self.change(mover.change),
                causes.collect::<Vec<_>>().join(", ")
            )
        });
        listed("Change of the score in points, and its causes", sentences)
    }

    /// Returns a change as the tables have it: with its sign and all of its decimals.
    fn change(&self, points: f64) -> String {
        let text = style::grouped(points, self.decimals);
        let is_zero = !text.chars().any(|c| ('1'..='9').contains(&c));
        match points > 0.0 && !is_zero {
            true => format!("+{text}"),
            false => text,
        }
    }

    /// Stacks the signed points of an account from zero outwards, around the height `y`.
    fn draw_bar(&self, sheet: &mut Sheet<'_>, x: &Scale, y: f64, points: &[f64]) {
        let mut reached = [0.0, 0.0];
        for (cause, points) in points.iter().enumerate() {
            if *points == 0.0 || !points.is_finite() {
                continue;
            }
            let side = &mut reached[usize::from(*points > 0.0)];
            let (from, to) = (x.at(*side), x.at(*side + points));
            *side += points;
            let segment = Area {
                left: from.min(to) + 0.5,
                top: y - BAR / 2.0,
                right: from.max(to) - 0.5,
                bottom: y + BAR / 2.0,
            };
            let ground = style::series(cause).colour;
            sheet.canvas.rectangle(segment, ground);
            let look = Type::new(style::SMALL, style::text_on(ground)).align(Align::Middle);
            let long = format!("{} {}", letter(cause), self.change(*points));
            let texts = [long, letter(cause)];
            let fits = |text: &&String| look.width(text) + 6.0 <= segment.width();
            if let Some(text) = texts.iter().find(fits) {
                sheet.canvas.text(segment.middle(), text, look);
            }
        }
    }
}

/// Returns the letter that stands for a cause in the bars.
fn letter(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    match place / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}
