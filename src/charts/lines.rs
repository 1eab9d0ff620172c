//! Figures of several candidates along an axis of named places: ranking by lead, and stability
//! from period to period.

use super::canvas::{Align, Area, Point, Stroke, Type};
use super::sheet::{self, Room, Scale, Sheet, extent, in_words, spread};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, Estimate, Figure, listed, no_data};

/// How well each candidate ranks (AUC), by days before the decision.
#[derive(Debug, Clone)]
pub struct RankingByLead {
    /// The candidates.
    pub candidates: Vec<String>,
    /// The one in force, drawn strongest and with its values.
    pub in_force: Option<usize>,
    /// The leads in the order they are shown.
    pub leads: Vec<LeadRanking>,
}

/// The ranking at one lead.
#[derive(Debug, Clone)]
pub struct LeadRanking {
    /// Days before the decision.
    pub lead_days: u32,
    /// What it rests on, such as "64 left of 812"; may be empty.
    pub note: String,
    /// The AUC per candidate.
    pub auc: Vec<Figure>,
}

/// A figure of each candidate, period by period.
#[derive(Debug, Clone)]
pub struct Stability {
    /// The candidates.
    pub candidates: Vec<String>,
    /// The one in force, drawn strongest and with its values.
    pub in_force: Option<usize>,
    /// Name of the figure, as the axis says it.
    pub figure: String,
    /// What the periods are, as the axis says it.
    pub period: String,
    /// The value that says nothing, such as an AUC of 0.5.
    pub reference: Option<f64>,
    /// The greatest value that the figure can have, such as an AUC of 1.
    pub most: Option<f64>,
    /// The periods in the order they are shown.
    pub periods: Vec<PeriodFigures>,
}

/// The figures of one period.
#[derive(Debug, Clone)]
pub struct PeriodFigures {
    /// Such as `2026-Q1`.
    pub period: String,
    /// What it rests on; may be empty.
    pub note: String,
    /// The figure per candidate.
    pub values: Vec<Figure>,
}

/// An AUC of a ranking that knows nothing.
const CHANCE: f64 = 0.5;
/// Greatest width of the labels at the lines' ends.
const ENDS: f64 = 250.0;
/// Height of the places' names and notes below the axis.
const PLACES: f64 = 52.0;
/// From this width on a place has room for a value.
const VALUED: f64 = 60.0;
/// Distance of two labels at the lines' ends.
const APART: f64 = 22.0;

impl RankingByLead {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let places = self.leads.iter().map(|lead| Place {
            name: lead.lead_days.to_string(),
            note: &lead.note,
            values: &lead.auc,
        });
        Lines {
            candidates: &self.candidates,
            in_force: self.in_force,
            y_name: "AUC (0.5 = chance, 1 = every leaver ranked below every stayer)",
            x_name: "Days before the decision",
            what: "days before",
            reference: Some(CHANCE),
            most: Some(1.0),
            places: places.collect(),
        }
        .draw(caption)
    }
}

impl Stability {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let places = self.periods.iter().map(|period| Place {
            name: period.period.clone(),
            note: &period.note,
            values: &period.values,
        });
        Lines {
            candidates: &self.candidates,
            in_force: self.in_force,
            y_name: &self.figure,
            x_name: &self.period,
            what: "",
            reference: self.reference,
            most: self.most,
            places: places.collect(),
        }
        .draw(caption)
    }
}

struct Place<'a> {
    name: String,
    note: &'a str,
    values: &'a [Figure],
}

struct Lines<'a> {
    candidates: &'a [String],
    in_force: Option<usize>,
    y_name: &'a str,
    x_name: &'a str,
    /// Word after a place's name in the notes.
    what: &'a str,
    reference: Option<f64>,
    most: Option<f64>,
    places: Vec<Place<'a>>,
}

impl Lines<'_> {
    fn draw(&self, caption: &Caption) -> Chart {
        let estimates = self.places.iter().flat_map(|place| place.values);
        let estimates: Vec<_> = estimates.filter_map(|value| value.as_ref().ok()).collect();
        let notes = self.refusals();
        if estimates.is_empty() {
            let figures = self.places.iter().flat_map(|place| place.values);
            let mut reasons = figures.filter_map(|value| value.as_ref().err());
            let reason = reasons.next().map(String::as_str);
            return no_data(caption, reason.unwrap_or("no figure was computed"));
        }
        let label = Type::new(style::VALUE, style::INK);
        let needed = self.candidates.len() as f64 * APART + sheet::Y_NAME + PLACES + 30.0;
        let mut sheet = Sheet::new(caption, Room::at_least(needed), &notes);
        let body = sheet.body;
        let ends = sheet::widest(self.candidates, label.bold(), ENDS);
        let mut area = Area {
            left: body.left,
            top: body.top + sheet::Y_NAME,
            right: body.right - ends - 5.0 * GAP,
            bottom: body.bottom - PLACES - 30.0,
        };
        let values = estimates.iter().flat_map(|estimate| extent(estimate));
        let values: Vec<f64> = values.chain(self.reference).collect();
        let span = values.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b))
            - values.iter().fold(f64::INFINITY, |a, b| a.min(*b));
        // The reference stands clear of the frame, and the highest interval leaves room for its
        // value, but the axis ends where the figure does.
        let highest = values.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        let below = self.reference.map(|reference| reference - span * 0.05);
        let above = (highest + span * 0.05).min(self.most.unwrap_or(f64::INFINITY));
        let values = values.into_iter().chain(below).chain([above]);
        let y = Scale::over(values, (area.bottom, area.top), 8.0, 0.0);
        area.left += sheet::gutter(&y, Unit::Ratio);
        sheet.y_axis(area, &y, Unit::Ratio, self.y_name);
        sheet.base_line(area);
        if let Some(reference) = self.reference {
            let at = y.at(reference);
            let stroke = Stroke::reference(style::INK);
            sheet
                .canvas
                .line(&[(area.left, at), (area.right, at)], stroke);
        }
        let column = area.width() / self.places.len() as f64;
        self.draw_places(&mut sheet, area, column);
        sheet.x_name(area, body.bottom, self.x_name);

        let place_of = self.places_of(area, &y);
        let mut ends: Vec<(usize, Point)> = Vec::new();
        for candidate in self.drawing_order() {
            self.draw_line(&mut sheet, candidate, &y, &place_of);
        }
        for candidate in self.drawing_order() {
            self.draw_points(&mut sheet, candidate, &y, &place_of);
            let mut points = (0..self.places.len()).filter_map(|place| place_of(place, candidate));
            ends.extend(points.next_back().map(|at| (candidate, at)));
        }
        self.draw_ends(&mut sheet, area, &ends);
        sheet.finish(&[self.words()])
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> String {
        let sentences = self.places.iter().map(|place| {
            let figures = self
                .candidates
                .iter()
                .zip(place.values)
                .map(|(name, figure)| {
                    let text = match figure {
                        Ok(estimate) => in_words(estimate, |value| Unit::Ratio.value(value)),
                        Err(reason) => format!("none ({reason})"),
                    };
                    format!("{name} {text}")
                });
            let figures = figures.collect::<Vec<_>>().join(", ");
            format!("{}: {figures}", place.name)
        });
        listed(&format!("{} by {}", self.y_name, self.x_name), sentences)
    }

    /// Returns where the figure of a candidate stands. Candidates stand side by side within a
    /// place, so that their intervals do not cover each other.
    fn places_of(&self, area: Area, y: &Scale) -> impl Fn(usize, usize) -> Option<Point> {
        let column = area.width() / self.places.len() as f64;
        let count = self.candidates.len() as f64;
        let apart = (column * 0.6 / count.max(1.0)).min(APART);
        let y = *y;
        move |place, candidate| {
            let estimate = self.estimate(place, candidate)?;
            let shift = (candidate as f64 - (count - 1.0) / 2.0) * apart;
            let x = area.left + column * (place as f64 + 0.5) + shift;
            Some((x, y.at(estimate.value)))
        }
    }

    fn estimate(&self, place: usize, candidate: usize) -> Option<&Estimate> {
        self.places[place].values.get(candidate)?.as_ref().ok()
    }

    /// Draws the line of a candidate and its intervals; a place without a figure interrupts it.
    fn draw_line(
        &self,
        sheet: &mut Sheet<'_>,
        candidate: usize,
        y: &Scale,
        place_of: impl Fn(usize, usize) -> Option<Point>,
    ) {
        let look = style::series(candidate);
        let is_in_force = self.in_force == Some(candidate);
        let width = if is_in_force {
            style::STRONG
        } else {
            style::MEDIUM
        };
        let whisker = Stroke::new(look.colour, width * 0.7);
        let points: Vec<Option<Point>> = (0..self.places.len())
            .map(|place| place_of(place, candidate))
            .collect();
        for run in points.split(Option::is_none) {
            let run: Vec<Point> = run.iter().copied().flatten().collect();
            let stroke = Stroke::new(look.colour, width).dashed(look.dash);
            sheet.canvas.line(&run, stroke);
        }
        for (place, at) in points.iter().enumerate() {
            let interval = self.estimate(place, candidate).and_then(|it| it.interval);
            if let (Some((x, _)), Some((low, high))) = (at, interval) {
                sheet.upright_interval(*x, y.at(low), y.at(high), whisker);
            }
        }
    }

    /// Draws the points of a candidate; the one in force has its values written.
    fn draw_points(
        &self,
        sheet: &mut Sheet<'_>,
        candidate: usize,
        y: &Scale,
        place_of: impl Fn(usize, usize) -> Option<Point>,
    ) {
        let look = style::series(candidate);
        let value = Type::new(style::SMALL, style::INK).bold();
        let value = value.align(Align::Middle);
        let is_read_first = self.in_force == Some(candidate) || self.candidates.len() == 1;
        for place in 0..self.places.len() {
            let (Some(at), Some(estimate)) =
                (place_of(place, candidate), self.estimate(place, candidate))
            else {
                continue;
            };
            sheet.canvas.marker(at, look.shape, look.colour, false);
            if is_read_first && self.has_room_for_values(sheet) {
                let [_, _, high] = extent(estimate);
                let above = y.at(high).min(at.1 - style::MARKER) - 12.0;
                let text = Unit::Ratio.value(estimate.value);
                sheet.canvas.text_if_free((at.0, above), &text, value);
            }
        }
    }

    /// Holds if a column is as wide as a value.
    fn has_room_for_values(&self, sheet: &Sheet<'_>) -> bool {
        sheet.body.width() / self.places.len() as f64 > VALUED
    }

    /// Returns the candidates with the one in force last, so that it lies above the others.
    fn drawing_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.candidates.len()).collect();
        order.sort_by_key(|candidate| self.in_force == Some(*candidate));
        order
    }

    /// Returns a note for each reason why figures are missing; one for all candidates where they
    /// agree.
    fn refusals(&self) -> Vec<String> {
        let mut refused: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for place in &self.places {
            let reasons: Vec<_> = place
                .values
                .iter()
                .filter_map(|v| v.as_ref().err())
                .collect();
            let all_agree = reasons.len() == place.values.len()
                && reasons.windows(2).all(|pair| pair[0] == pair[1]);
            let named = self.candidates.iter().map(String::as_str).zip(place.values);
            let named = named.filter_map(|(name, value)| Some((name, value.as_ref().err()?)));
            let shown = if all_agree { 1 } else { reasons.len() };
            for (name, reason) in named.take(shown) {
                let who = if all_agree { "" } else { name };
                match refused
                    .iter_mut()
                    .find(|note| (note.0, note.1) == (who, reason))
                {
                    Some(note) => note.2.push(&place.name),
                    None => refused.push((who, reason, vec![&place.name])),
                }
            }
        }
        let note = |(who, reason, places): &(&str, &str, Vec<&str>)| {
            let at = format!("{} {}", places.join(", "), self.what);
            let who = if who.is_empty() {
                ""
            } else {
                &format!(", {who},")
            };
            format!("Not shown{who} at {}: {reason}", at.trim_end())
        };
        refused.iter().map(note).collect()
    }

    fn draw_places(&self, sheet: &mut Sheet<'_>, area: Area, column: f64) {
        let name = Type::new(style::VALUE, style::INK).align(Align::Middle);
        let note = Type::new(style::SMALL, style::MUTED).align(Align::Middle);
        let mut free_from = [f64::NEG_INFINITY; 2];
        let has_notes = column > note.width("999 of 9,999");
        for (place, this) in self.places.iter().enumerate() {
            let x = area.left + column * (place as f64 + 0.5);
            let note_text = if has_notes { this.note } else { "" };
            let texts = [
                (this.name.as_str(), area.bottom + 18.0, name),
                (note_text, area.bottom + 39.0, note),
            ];
            for ((text, y, look), free) in texts.into_iter().zip(&mut free_from) {
                let text = look.fit(text, (column - GAP).max(look.width("2026-Q4")));
                let half = look.width(&text) / 2.0;
                if x - half >= *free {
                    sheet.canvas.text((x, y), &text, look);
                    *free = x + half + GAP / 2.0;
                }
            }
        }
    }

    /// Writes each candidate's name where its line ends.
    fn draw_ends(&self, sheet: &mut Sheet<'_>, area: Area, ends: &[(usize, Point)]) {
        let label = Type::new(style::VALUE, style::INK);
        let wanted: Vec<f64> = ends.iter().map(|(_, (_, y))| *y).collect();
        let places = spread(&wanted, APART, area.top, area.bottom - GAP);
        let left = area.right + 4.0 * GAP;
        for ((candidate, (x, y)), place) in ends.iter().zip(places) {
            let look = style::series(*candidate);
            let is_in_force = self.in_force == Some(*candidate);
            let text = if is_in_force { label.bold() } else { label };
            let leader = Stroke::new(look.colour, style::THIN);
            let bend = (area.right + GAP, *y);
            let start = (x + style::MARKER * 1.6, *y);
            let points = [start, bend, (left - 2.0 * GAP, place)];
            sheet.canvas.line(&points, leader);
            let at = (left - GAP * 1.2, place);
            sheet.canvas.marker(at, look.shape, look.colour, false);
            let name = text.fit(&self.candidates[*candidate], sheet.body.right - left);
            sheet.canvas.text((left, place), &name, text);
        }
    }
}
