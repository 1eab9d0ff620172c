//! How the scores lie, and how many accounts are in each band, now and before.

use super::canvas::{Area, Stroke, Type};
use super::score_axis::ScoreAxis;
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Bands, Caption, Chart, listed, no_data};

/// The distribution of scores by band, now and at the comparison date.
#[derive(Debug, Clone)]
pub struct ScoreDistribution {
    /// Adjoining bins of the score, rising.
    pub bins: Vec<ScoreBin>,
    /// The bands, and groups without a score.
    pub bands: Bands,
    /// The lowest score of every ranked band but the first.
    pub thresholds: Vec<f64>,
    /// Accounts per band.
    pub counts: Vec<BandCount>,
    /// The date that `before` speaks about; without it no comparison is drawn.
    pub compared: Option<String>,
}

/// The accounts whose score lies in a bin.
#[derive(Debug, Clone, Copy)]
pub struct ScoreBin {
    /// Lower end in points.
    pub low: f64,
    /// Upper end in points.
    pub high: f64,
    /// Accounts now.
    pub now: u64,
    /// Accounts at the comparison date.
    pub before: Option<u64>,
}

/// The accounts in a band.
#[derive(Debug, Clone, Copy)]
pub struct BandCount {
    /// Accounts now.
    pub now: u64,
    /// Accounts at the comparison date.
    pub before: Option<u64>,
}

/// Least height of a band's row.
const ROW: f64 = 58.0;
/// Share of the width that the histogram takes.
const HISTOGRAM: f64 = 0.62;

impl ScoreDistribution {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else {
            return no_data(caption, "no account has a score");
        };
        let needed = self.counts.len() as f64 * ROW + 80.0;
        let mut sheet = Sheet::new(caption, Room::at_least(needed), &[]);
        let body = sheet.body;
        let split = body.left + body.width() * HISTOGRAM;

        let mut keys = vec![(
            Key::Fill(style::PLAIN),
            format!("{} (colour: band)", caption.as_of.format("%Y-%m-%d")),
        )];
        let outline = Stroke::new(style::INK, style::MEDIUM);
        if let Some(date) = &self.compared {
            keys.push((Key::Line(outline), date.clone()));
        }
        let legend = sheet.legend(body.left, body.top, split, &keys);
        let mut area = Area {
            left: body.left,
            top: body.top + legend + sheet::Y_NAME + GAP,
            right: split,
            bottom: body.bottom - sheet::X_AXIS,
        };
        let counts = self.bins.iter().flat_map(|bin| [Some(bin.now), bin.before]);
        let counts = counts.flatten().map(|count| count as f64);
        let y = Scale::from_zero(counts, (area.bottom, area.top), 5.0, 1.0);
        area.left += sheet::gutter(&y, Unit::Count);
        let ends = (first.low, last.high);
        let scores = ScoreAxis::new(&self.bands, &self.thresholds, ends, area);
        sheet.y_axis(area, &y, Unit::Count, "Accounts");
        for bin in &self.bins {
            let ends = (y.at(bin.now as f64), area.bottom);
            scores.column(&mut sheet, (bin.low, bin.high), ends);
        }
        scores.draw(&mut sheet, area);
        let x = scores.x;
        let steps: Vec<_> = self
            .bins
            .iter()
            .filter_map(|bin| bin.before.map(|count| (bin, y.at(count as f64))))
            .flat_map(|(bin, at)| [(x.at(bin.low), at), (x.at(bin.high), at)])
            .collect();
        if self.compared.is_some() {
            sheet.canvas.line(&steps, outline);
        }
        self.draw_bands(&mut sheet, split);
        sheet.finish(&self.words())
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> [String; 2] {
        let was = |before: Option<u64>| match (&self.compared, before) {
            (Some(_), Some(before)) => format!(" (was {})", style::count(before)),
            _ => String::new(),
        };
        let bands = self.bands.names().zip(&self.counts);
        let bands = bands.map(|(band, count)| {
            format!("{band} {}{}", style::count(count.now), was(count.before))
        });
        let bins = self.bins.iter().map(|bin| {
            let (low, high) = (Unit::Points.value(bin.low), Unit::Points.value(bin.high));
            format!("{low}–{high}: {}{}", style::count(bin.now), was(bin.before))
        });
        [
            listed("Accounts by band", bands),
            listed("Accounts by score", bins),
        ]
    }

    /// Draws a row per band: its bar, the comparison as a stroke, the counts.
    fn draw_bands(&self, sheet: &mut Sheet<'_>, split: f64) {
        let name = Type::new(style::LABEL, style::INK);
        let value = Type::new(style::VALUE, style::INK);
        let muted = Type::new(style::VALUE, style::MUTED);
        let (left, right) = (split + 5.0 * GAP, sheet.body.right);
        let top = sheet.body.top + 2.0 * GAP;
        let rows = self.counts.len().max(1) as f64;
        let row = ((sheet.body.bottom - top) / rows).clamp(ROW, 1.5 * ROW);
        let most_width = counts_width(&self.counts, value, muted);
        let most = self.counts.iter();
        let most = most.flat_map(|count| [count.now, count.before.unwrap_or(0)]);
        let most = most.max().unwrap_or(0).max(1) as f64;
        let scale = Scale::fixed((0.0, most), (left, right - most_width), most);
        for (place, (band, count)) in self.bands.names().zip(&self.counts).enumerate() {
            let y = top + row * place as f64;
            let bar = Area {
                left,
                top: y + 26.0,
                right: scale.at(count.now as f64),
                bottom: y + 46.0,
            };
            let mut end = bar.right;
            let shown = count.before.filter(|_| self.compared.is_some());
            sheet.canvas.rectangle(bar, self.bands.colour(place));
            if let Some(before) = shown {
                let x = scale.at(before as f64);
                let stroke = Stroke::new(style::INK, style::STRONG);
                sheet
                    .canvas
                    .line(&[(x, bar.top - 4.0), (x, bar.bottom + 4.0)], stroke);
                end = end.max(x);
            }
            let name_at = (left, y + 12.0);
            let range = self.bands.range(&self.thresholds, place);
            let band = name.fit(band, right - left - muted.width(&range) - GAP);
            sheet.canvas.text(name_at, &band, name);
            let range_at = (left + name.width(&band) + GAP, y + 12.0);
            sheet.canvas.text(range_at, &range, muted);
            let now = style::count(count.now);
            let at = (end + GAP, (bar.top + bar.bottom) / 2.0);
            sheet.canvas.text(at, &now, value.bold());
            if let Some(before) = shown {
                let at = (at.0 + value.bold().width(&now) + GAP, at.1);
                sheet.canvas.text(at, &was(before), muted);
            }
        }
    }
}

fn was(before: u64) -> String {
    format!("was {}", style::count(before))
}

/// Returns the width of the widest pair of counts, with the space around them.
fn counts_width(counts: &[BandCount], now: Type, before: Type) -> f64 {
    let widths = counts.iter().map(|count| {
        let was = count.before.map_or(0.0, |count| before.width(&was(count)));
        now.bold().width(&style::count(count.now)) + was + 3.0 * GAP
    });
    widths.fold(0.0, f64::max)
}
