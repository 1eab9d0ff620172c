//! How many of each band left.

use super::canvas::{Align, Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet, extent, in_words};
use super::style::{self, GAP, Shape, Unit};
use super::{Bands, Caption, Chart, Figure, listed, no_data};

/// The churn rate of each band, with its interval.
#[derive(Debug, Clone)]
pub struct ChurnByBand {
    /// The bands, and groups without a score.
    pub bands: Bands,
    /// A row per band.
    pub rows: Vec<BandChurn>,
    /// The rate of all of them, 0 to 1.
    pub base_rate: Option<f64>,
}

/// The churn of a band.
#[derive(Debug, Clone)]
pub struct BandChurn {
    /// Decisions that ended in leaving.
    pub churned: u64,
    /// All decisions.
    pub accounts: u64,
    /// Their rate, 0 to 1.
    pub rate: Figure,
    /// The rate weighted by amount, 0 to 1.
    pub amount_rate: Option<f64>,
}

/// Height of a line of text below the columns and within them.
const LINE: f64 = 22.0;

/// How the rate weighted by amount looks.
const WEIGHTED: Shape = Shape::Diamond;

impl ChurnByBand {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        if self.rows.iter().all(|row| row.accounts == 0) {
            return no_data(caption, "no renewal was decided");
        }
        let mut sheet = Sheet::new(caption, Room::USUAL, &[]);
        let body = sheet.body;
        let weighted = style::points(style::INK, WEIGHTED);
        let base = Stroke::reference(style::INK);
        let interval = Stroke::new(style::INK, style::MEDIUM);
        let mut keys = vec![(Key::Line(interval), "interval of the rate".to_owned())];
        if self.rows.iter().any(|row| row.amount_rate.is_some()) {
            keys.push((
                Key::Point(weighted, true),
                "rate weighted by amount".to_owned(),
            ));
        }
        if let Some(rate) = self.base_rate {
            let text = format!("all bands: {}", Unit::Share.value(rate));
            keys.push((Key::Line(base), text));
        }
        let name = Type::new(style::LABEL, style::INK).align(Align::Middle);
        let small = Type::new(style::VALUE, style::MUTED).align(Align::Middle);
        let width = (body.width() - 80.0) / self.rows.len() as f64 - GAP;
        let texts: Vec<(Vec<String>, Vec<String>)> = self
            .bands
            .names()
            .zip(&self.rows)
            .map(|(band, row)| {
                let (left, of) = (style::count(row.churned), style::count(row.accounts));
                let counts = small.wrap(&format!("{left} of {of}"), width, 2);
                (name.wrap(band, width, 2), counts)
            })
            .collect();
        let lines = texts
            .iter()
            .map(|(names, counts)| names.len() + counts.len());
        let names_height = lines.max().unwrap_or(2) as f64 * LINE;
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let mut area = Area {
            left: body.left,
            top: body.top + legend + sheet::Y_NAME + GAP,
            right: body.right,
            bottom: body.bottom - names_height - 40.0,
        };
        let rates = self.rows.iter().filter_map(|row| row.rate.as_ref().ok());
        let rates = rates.flat_map(extent);
        let others = self.rows.iter().filter_map(|row| row.amount_rate);
        let all = rates.chain(others).chain(self.base_rate);
        let y = Scale::from_zero(all, (area.bottom, area.top), 5.0, 0.0);
        area.left += sheet::gutter(&y, Unit::Share);
        sheet.y_axis(area, &y, Unit::Share, "Share that left");
        let column = area.width() / self.rows.len() as f64;
        let bar = (column * 0.45).min(110.0);
        for (place, (names, counts)) in texts.iter().enumerate() {
            let x = area.left + column * (place as f64 + 0.5);
            let names = names.iter().map(|line| (line, name));
            let counts = counts.iter().map(|line| (line, small));
            for (line, (text, look)) in names.chain(counts).enumerate() {
                let y = area.bottom + 18.0 + LINE * line as f64;
                sheet.canvas.text((x, y), text, look);
            }
            let column = Area {
                left: x - bar / 2.0,
                right: x + bar / 2.0,
                ..area
            };
            self.draw_column(&mut sheet, column, &y, place, width);
        }
        sheet.base_line(area);
        if let Some(rate) = self.base_rate {
            let at = y.at(rate);
            sheet
                .canvas
                .line(&[(area.left, at), (area.right, at)], base);
        }
        let bottom = body.bottom;
        sheet.x_name(
            area,
            bottom,
            "Band at the time, worst first, and how many of it left",
        );
        sheet.finish(&[self.words()])
    }

    /// Draws the rate of the band at `place`, or within `width` why there is none.
    fn draw_column(
        &self,
        sheet: &mut Sheet<'_>,
        column: Area,
        y: &Scale,
        place: usize,
        width: f64,
    ) {
        let row = &self.rows[place];
        let (x, _) = column.middle();
        let value = Type::new(style::LABEL, style::INK).bold();
        let small = Type::new(style::VALUE, style::MUTED).align(Align::Middle);
        match &row.rate {
            Ok(rate) => {
                let rated = Area {
                    top: y.at(rate.value),
                    ..column
                };
                sheet.canvas.rectangle(rated, self.bands.colour(place));
                if let Some((low, high)) = rate.interval {
                    sheet.upright_interval(
                        x,
                        y.at(low),
                        y.at(high),
                        Stroke::new(style::INK, style::MEDIUM),
                    );
                }
                let text = Unit::Share.value(rate.value);
                let above = (x + GAP * 0.8, y.at(rate.value) - 12.0);
                sheet.canvas.text(above, &text, value);
            }
            Err(reason) => {
                let lines = small.wrap(reason, width, 4);
                let from = column.bottom - LINE * lines.len() as f64;
                for (line, text) in lines.iter().enumerate() {
                    let at = (x, from + LINE * line as f64);
                    sheet.canvas.text(at, text, small);
                }
            }
        }
        if let Some(rate) = row.amount_rate {
            let at = (column.left - 2.0 * GAP, y.at(rate));
            sheet.canvas.marker(at, WEIGHTED, style::INK, true);
        }
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let sentences = self.bands.names().zip(&self.rows).map(|(band, row)| {
            let rate = match &row.rate {
                Ok(rate) => in_words(rate, |value| Unit::Share.value(value)),
                Err(reason) => format!("no rate ({reason})"),
            };
            let weighted = row.amount_rate.map_or_else(String::new, |rate| {
                format!(", weighted by amount {}", Unit::Share.value(rate))
            });
            let (left, of) = (style::count(row.churned), style::count(row.accounts));
            format!("{band}: {left} of {of}, {rate}{weighted}")
        });
        listed("Share that left by band", sentences)
    }
}
