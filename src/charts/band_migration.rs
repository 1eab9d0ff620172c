//! From which band to which: the matrix of moves.

use super::canvas::{Align, Area, Type};
use super::sheet::{Key, Room, Sheet};
use super::style::{self, GAP};
use super::{Bands, Caption, Chart, listed, no_data};

/// How many accounts went from each band (rows) to each band (columns).
#[derive(Debug, Clone)]
pub struct BandMigration {
    /// The bands, and groups outside their order.
    pub bands: Bands,
    /// Accounts per band they came from and band they are in; a row may end before the last of them.
    pub counts: Vec<Vec<u64>>,
    /// Accounts per band before.
    pub before: Vec<u64>,
    /// Accounts per band now.
    pub now: Vec<u64>,
    /// When "before" was.
    pub before_label: String,
    /// When "now" is.
    pub now_label: String,
}

/// Least height of a cell.
const CELL: f64 = 62.0;
/// Greatest height of a cell.
const HIGH_CELL: f64 = 86.0;
/// Greatest width of a cell.
const WIDEST: f64 = 170.0;
/// Width of a row's name.
const NAMES: f64 = 190.0;

/// What a move means.
#[derive(Clone, Copy, PartialEq)]
enum Move {
    Up,
    Down,
    Stayed,
    Outside,
}

impl BandMigration {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let names: Vec<&String> = self.bands.names().collect();
        if self.counts.iter().flatten().all(|count| *count == 0) {
            return no_data(caption, "no account is in a band at both dates");
        }
        let label = Type::new(style::LABEL, style::INK);
        let muted = Type::new(style::VALUE, style::MUTED);
        let space = style::WIDTH - 2.0 * style::MARGIN - NAMES;
        let columns = self.counts.iter().map(Vec::len).max().unwrap_or(0);
        let width = (space / (columns + 1) as f64).min(WIDEST);
        let words = label.align(Align::Middle);
        let heads = names.iter().take(columns);
        let heads = heads.map(|name| words.wrap(name, width - GAP, 3));
        let heads: Vec<Vec<String>> = heads.collect();
        let most_lines = heads.iter().map(Vec::len).max().unwrap_or(1);
        let line_height = label.size * 1.25;
        let head = 56.0 + line_height * most_lines as f64;
        let foot = 56.0;
        let rows = names.len() as f64;
        let room = Room {
            least: head + CELL * rows + foot,
            most: head + HIGH_CELL * rows + foot,
        };
        let mut sheet = Sheet::new(caption, room, &[]);
        let body = sheet.body;
        let height = (body.height() - head - foot) / rows;
        let left = body.left + NAMES;
        let top = body.top + head;
        let column = |place: usize| left + width * (place as f64 + 0.5);
        let row = |place: usize| top + height * (place as f64 + 0.5);
        let largest = self.counts.iter().flatten().max().copied().unwrap_or(0);
        let largest = format!("▼ {}", style::count(largest));
        let sizes = [style::SUBTITLE, style::VALUE, style::SMALL];
        let size = sizes
            .into_iter()
            .find(|size| Type::new(*size, style::INK).bold().width(&largest) + GAP < width)
            .unwrap_or(style::SMALL);
        let count_look = Type::new(size, style::INK).align(Align::Middle);

        let now = format!("Band on {} →", self.now_label);
        let before = format!("Band on {} ↓", self.before_label);
        sheet
            .canvas
            .text((left + GAP, body.top + 16.0), &now, muted);
        sheet.canvas.text((body.left, top - 22.0), &before, muted);
        let total = muted.align(Align::Middle);
        sheet
            .canvas
            .text((column(columns), top - 22.0), "All", total);
        for (place, name) in names.iter().enumerate() {
            let lines = heads.get(place).map_or(&[][..], Vec::as_slice);
            for (line, text) in lines.iter().enumerate() {
                let up = (lines.len() - 1 - line) as f64 * line_height;
                sheet
                    .canvas
                    .text((column(place), top - 22.0 - up), text, words);
            }
            let lines = label.wrap(name, NAMES - GAP, 2);
            for (line, text) in lines.iter().enumerate() {
                let down = (line as f64 - (lines.len() - 1) as f64 / 2.0) * line_height;
                sheet
                    .canvas
                    .text((body.left, row(place) + down), text, label);
            }
            for (totals, at) in [
                (&self.before, (column(columns), row(place))),
                (
                    &self.now,
                    (column(place), row(names.len()) - height / 2.0 + 26.0),
                ),
            ] {
                if let Some(total) = totals.get(place) {
                    sheet.canvas.text(at, &style::count(*total), count_look);
                }
            }
        }
        let all_at = (body.left, row(names.len()) - height / 2.0 + 26.0);
        sheet.canvas.text(all_at, "All", muted);
        for (from, counts) in self.counts.iter().enumerate() {
            for to in 0..counts.len() {
                let (x, y) = (column(to), row(from));
                let cell = Area {
                    left: x - width / 2.0 + 2.0,
                    top: y - height / 2.0 + 2.0,
                    right: x + width / 2.0 - 2.0,
                    bottom: y + height / 2.0 - 2.0,
                };
                self.draw_cell(&mut sheet, cell, (from, to), count_look);
            }
        }
        let keys = [
            (Key::Fill(colour(Move::Up)), "▲ to a better band".to_owned()),
            (
                Key::Fill(colour(Move::Down)),
                "▼ to a worse band".to_owned(),
            ),
            (Key::Fill(colour(Move::Stayed)), "same band".to_owned()),
        ];
        let legend_left = left + GAP + muted.width(&now) + 4.0 * GAP;
        sheet.legend(
            legend_left.min(body.left + 460.0),
            body.top + 2.0,
            body.right,
            &keys,
        );
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let names: Vec<&String> = self.bands.names().collect();
        let moves = self.counts.iter().enumerate().flat_map(|(from, counts)| {
            let names = &names;
            counts
                .iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
                .map(move |(to, count)| {
                    let name = |place: usize| names.get(place).map_or("?", |name| name.as_str());
                    format!("{} → {} {}", name(from), name(to), style::count(*count))
                })
        });
        let words = format!("Accounts from {} to {}", self.before_label, self.now_label);
        listed(&words, moves)
    }

    /// Draws how many went `from` one band `to` another.
    fn draw_cell(
        &self,
        sheet: &mut Sheet<'_>,
        cell: Area,
        (from, to): (usize, usize),
        count_look: Type,
    ) {
        let count = self.counts[from][to];
        let of = self.before.get(from).copied().unwrap_or(0).max(1);
        let share = (count as f64 / of as f64).min(1.0);
        let step = self.step(from, to);
        let ground = match count {
            0 => style::GROUND,
            _ => style::shaded(colour(step), share),
        };
        sheet.canvas.rectangle(cell, ground);
        let sign = match step {
            Move::Up => "▲ ",
            Move::Down => "▼ ",
            Move::Stayed | Move::Outside => "",
        };
        if count == 0 {
            let look = Type::new(style::VALUE, style::MUTED).align(Align::Middle);
            sheet.canvas.text(cell.middle(), "0", look);
        } else {
            let mut look = count_look.bold();
            look.colour = style::text_on(ground);
            let text = format!("{sign}{}", style::count(count));
            sheet.canvas.text(cell.middle(), &text, look);
        }
    }

    fn step(&self, from: usize, to: usize) -> Move {
        let ranked = self.bands.ranked.len();
        if from == to {
            Move::Stayed
        } else if from >= ranked || to >= ranked {
            Move::Outside
        } else if to > from {
            Move::Up
        } else {
            Move::Down
        }
    }
}

fn colour(step: Move) -> plotters::style::RGBColor {
    match step {
        Move::Up => style::BETTER,
        Move::Down => style::WORSE,
        Move::Stayed | Move::Outside => style::RULE,
    }
}
