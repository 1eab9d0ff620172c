//! What all charts share: the sheet with title and foot, scales, axes, legends, labels that keep
//! out of each other's way.

use plotters::style::RGBColor as Colour;

use super::canvas::{Align, Area, Canvas, Point, Stroke, Type};
use super::style::{self, GAP, LEADING, MARGIN, SeriesStyle, Unit};
use super::{Caption, Chart, Estimate};

/// A picture under work: title and foot are set, the body is free.
pub(super) struct Sheet<'a> {
    pub canvas: Canvas,
    /// The space between head and foot.
    pub body: Area,
    caption: &'a Caption,
    notes: Vec<String>,
}

/// The height that a body needs, and beyond which it would stay empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub least: f64,
    pub most: f64,
}

impl Room {
    /// As high as pictures usually are.
    pub(super) const USUAL: Self = Self::at_least(0.0);

    pub(super) const fn at_least(least: f64) -> Self {
        Self {
            least,
            most: f64::INFINITY,
        }
    }
}

/// A sample of what a legend explains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A filled area.
    Fill(Colour),
    /// A line without points.
    Line(Stroke),
    /// A series: its line and its point.
    Series(SeriesStyle),
    /// A point, hollow or not.
    Point(SeriesStyle, bool),
}

/// Most notes a picture takes; the alternative text has all of them.
const NOTES: usize = 4;

impl<'a> Sheet<'a> {
    /// Returns a sheet as high as all are, unless its body needs more than that leaves or has no
    /// use for it; `notes` stand above the foot.
    pub(super) fn new(caption: &'a Caption, room: Room, notes: &[String]) -> Self {
        let title = Type::new(style::TITLE, style::INK).bold();
        let subtitle = Type::new(style::SUBTITLE, style::MUTED);
        let small = Type::new(style::SMALL, style::MUTED);
        let width = style::WIDTH - 2.0 * MARGIN;
        let titles = title.wrap(&caption.title, width, 3);
        let subtitles = caption
            .subtitle
            .as_ref()
            .map_or_else(Vec::new, |text| subtitle.wrap(text, width, 2));
        let mut shown: Vec<String> = notes.to_vec();
        if shown.len() > NOTES {
            let rest = shown.len() - NOTES + 1;
            shown.truncate(NOTES - 1);
            shown.push(format!("… and {rest} more notes of this kind"));
        }
        let height_of = |lines: usize, size: f64| lines as f64 * size * LEADING;
        let head = MARGIN * 0.7
            + height_of(titles.len(), title.size)
            + height_of(subtitles.len(), subtitle.size)
            + GAP * 1.5;
        let foot = MARGIN * 0.6 + height_of(shown.len() + 1, small.size) + GAP;
        let usual = style::HEIGHT - head - foot;
        let body_height = usual.min(room.most).max(room.least);
        let height = (head + body_height + foot).ceil();
        let mut canvas = Canvas::new(height);
        let mut y = MARGIN * 0.7;
        for (lines, look) in [(&titles, title), (&subtitles, subtitle)] {
            for line in lines {
                y += look.size * LEADING;
                canvas.text((MARGIN, y - look.size * LEADING / 2.0), line, look);
            }
        }
        let mut y = height - foot + GAP;
        let line_height = small.size * LEADING;
        for note in &shown {
            canvas.text(
                (MARGIN, y + line_height / 2.0),
                &small.fit(note, width),
                small,
            );
            y += line_height;
        }
        let about = format!(
            "Source: {} · as of {}",
            caption.source,
            caption.as_of.format("%Y-%m-%d")
        );
        canvas.text(
            (MARGIN, y + line_height / 2.0),
            &small.fit(&about, width),
            small,
        );
        let body = Area {
            left: MARGIN,
            top: head,
            right: style::WIDTH - MARGIN,
            bottom: height - foot,
        };
        Self {
            canvas,
            body,
            caption,
            notes: notes.to_vec(),
        }
    }

    /// Draws the sheet; `sentences` say in words and numbers what is on it.
    pub(super) fn finish(self, sentences: &[String]) -> Chart {
        let caption = self.caption;
        let around = [Some(caption.title.clone()), caption.subtitle.clone()];
        let foot = format!(
            "Source: {}, as of {}.",
            caption.source,
            caption.as_of.format("%Y-%m-%d")
        );
        let alt = around
            .into_iter()
            .flatten()
            .chain(sentences.iter().cloned())
            .chain(self.notes)
            .map(|sentence| {
                let ended = sentence.ends_with(['.', '!', '?']);
                if ended { sentence } else { sentence + "." }
            })
            .chain([foot])
            .collect::<Vec<_>>()
            .join(" ");
        let alt = super::canvas::clean(&alt);
        Chart {
            name: caption.name.clone(),
            svg: self.canvas.svg(&caption.name, &caption.title, &alt),
            png: self.canvas.png(),
            alt,
        }
    }

    /// Draws a horizontal axis below `area`: grid, ticks, name.
    pub(super) fn x_axis(&mut self, area: Area, scale: &Scale, unit: Unit<'_>, name: &str) {
        let grid = Stroke::new(style::GRID, style::THIN);
        for x in scale.ticks().into_iter().map(|tick| scale.at(tick)) {
            self.canvas.line(&[(x, area.top), (x, area.bottom)], grid);
        }
        self.x_ticks(area, scale, unit, name);
    }

    /// Draws a horizontal axis without its grid.
    pub(super) fn x_ticks(&mut self, area: Area, scale: &Scale, unit: Unit<'_>, name: &str) {
        let look = Type::new(style::VALUE, style::MUTED).align(Align::Middle);
        for tick in scale.ticks() {
            let at = (scale.at(tick), area.bottom + look.size);
            self.canvas.text(at, &unit.tick(tick, scale.step), look);
        }
        self.base_line(area);
        self.x_name(area, area.bottom + X_AXIS, name);
    }

    /// Writes the name of a horizontal axis so that it ends at `bottom`.
    pub(super) fn x_name(&mut self, area: Area, bottom: f64, name: &str) {
        let look = Type::new(style::LABEL, style::INK).align(Align::Middle);
        let name = look.fit(name, style::WIDTH - 2.0 * MARGIN);
        let free = MARGIN + look.width(&name) / 2.0;
        let x = area.middle().0.clamp(free, style::WIDTH - free);
        self.canvas.text((x, bottom - look.size * 0.6), &name, look);
    }

    /// Draws a vertical axis left of `area`: grid, ticks, and above them the name.
    pub(super) fn y_axis(&mut self, area: Area, scale: &Scale, unit: Unit<'_>, name: &str) {
        self.y_ticks(area, scale, unit);
        self.y_name(area, scale, unit, name);
    }

    /// Draws a vertical axis without its name.
    pub(super) fn y_ticks(&mut self, area: Area, scale: &Scale, unit: Unit<'_>) {
        let look = Type::new(style::VALUE, style::MUTED).align(Align::End);
        let grid = Stroke::new(style::GRID, style::THIN);
        for tick in scale.ticks() {
            let y = scale.at(tick);
            self.canvas.line(&[(area.left, y), (area.right, y)], grid);
            let at = (area.left - GAP, y);
            self.canvas.text(at, &unit.tick(tick, scale.step), look);
        }
    }

    /// Writes the name of a vertical axis above `area`, from where its ticks begin.
    pub(super) fn y_name(&mut self, area: Area, scale: &Scale, unit: Unit<'_>, name: &str) {
        let look = Type::new(style::LABEL, style::INK);
        let left = area.left - gutter(scale, unit);
        let at = (left, area.top - Y_NAME + look.size * 0.6);
        self.canvas
            .text(at, &look.fit(name, area.right - left), look);
    }

    /// Draws the line that an area stands on.
    pub(super) fn base_line(&mut self, area: Area) {
        let stroke = Stroke::new(style::RULE, style::THIN);
        self.canvas.line(
            &[(area.left, area.bottom), (area.right, area.bottom)],
            stroke,
        );
    }

    /// Draws an upright interval with its ends.
    pub(super) fn upright_interval(&mut self, x: f64, from: f64, to: f64, stroke: Stroke) {
        self.canvas.line(&[(x, from), (x, to)], stroke);
        for y in [from, to] {
            let ends = [(x - style::WHISKER, y), (x + style::WHISKER, y)];
            self.canvas.line(&ends, stroke);
        }
    }

    /// Draws a level interval with its ends.
    pub(super) fn level_interval(&mut self, y: f64, from: f64, to: f64, stroke: Stroke) {
        self.canvas.line(&[(from, y), (to, y)], stroke);
        for x in [from, to] {
            let ends = [(x, y - style::WHISKER), (x, y + style::WHISKER)];
            self.canvas.line(&ends, stroke);
        }
    }

    /// Writes a legend from the left, in as many lines as it needs, and returns its height.
    pub(super) fn legend(
        &mut self,
        left: f64,
        top: f64,
        right: f64,
        items: &[(Key, String)],
    ) -> f64 {
        let look = Type::new(style::VALUE, style::INK);
        let line_height = look.size * 1.6;
        let (mut x, mut y) = (left, top + line_height / 2.0);
        for (key, text) in items {
            let text = look.fit(text, ITEM.min(right - left - KEY));
            let width = KEY + look.width(&text);
            if x > left && x + width > right {
                x = left;
                y += line_height;
            }
            self.key((x, y), *key);
            self.canvas.text((x + KEY, y), &text, look);
            x += width + GAP * 2.5;
        }
        y + line_height / 2.0 - top
    }

    fn key(&mut self, (x, y): Point, key: Key) {
        let end = x + KEY - 8.0;
        let middle = ((x + end) / 2.0, y);
        match key {
            Key::Fill(colour) => self.canvas.rectangle(
                Area {
                    left: x + 6.0,
                    top: y - 8.0,
                    right: end,
                    bottom: y + 8.0,
                },
                colour,
            ),
            Key::Line(stroke) => self.canvas.line(&[(x, y), (end, y)], stroke),
            Key::Series(look) => {
                let stroke = Stroke::new(look.colour, style::MEDIUM).dashed(look.dash);
                self.canvas.line(&[(x, y), (end, y)], stroke);
                self.canvas.marker(middle, look.shape, look.colour, false);
            }
            Key::Point(look, hollow) => {
                self.canvas.marker(middle, look.shape, look.colour, hollow);
            }
        }
    }
}

/// Width of a legend's sample with the space behind it.
const KEY: f64 = 38.0;
/// Greatest width of a legend's text.
const ITEM: f64 = 430.0;
/// Height of a horizontal axis: ticks and name.
pub(super) const X_AXIS: f64 = 56.0;
/// Height of the name above a vertical axis.
pub(super) const Y_NAME: f64 = 34.0;

/// Returns the width that the ticks of a vertical axis need.
pub(super) fn gutter(scale: &Scale, unit: Unit<'_>) -> f64 {
    let look = Type::new(style::VALUE, style::MUTED);
    let widths = scale.ticks().into_iter();
    let widths = widths.map(|tick| look.width(&unit.tick(tick, scale.step)));
    widths.fold(0.0, f64::max) + GAP
}

/// Returns the width of the widest of these names, but at most `most`.
pub(super) fn widest<'a>(
    names: impl IntoIterator<Item = &'a String>,
    look: Type,
    most: f64,
) -> f64 {
    let widths = names
        .into_iter()
        .map(|name| look.width(&super::canvas::clean(name)));
    widths.fold(0.0, f64::max).min(most)
}

/// From values to pixels, with ticks at round values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Between two ticks.
    pub step: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Returns a scale over all `values`, widened to round ends, with about `ticks` steps; `start`
    /// and `end` are the pixels of its lower and upper end. Steps are at least `least_step`.
    pub(super) fn over(
        values: impl IntoIterator<Item = f64>,
        (start, end): (f64, f64),
        ticks: f64,
        least_step: f64,
    ) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let (mut low, mut high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, value| {
            (ends.0.min(value), ends.1.max(value))
        });
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // A span that numbers of this size cannot divide into ticks counts as none.
        if high - low <= low.abs().max(high.abs()) * 1e-9 {
            let half = if high == 0.0 { 0.5 } else { high.abs() * 0.5 };
            (low, high) = (low - half, high + half);
        }
        let rough = (high - low) / ticks;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * (1.0 - 1e-9))
            .unwrap_or(power * 10.0)
            .max(least_step);
        Self {
            low: (low / step + 1e-9).floor() * step,
            high: (high / step - 1e-9).ceil() * step,
            step,
            start,
            end,
        }
    }

    /// Like `over`, beginning at zero; values are not negative.
    pub(super) fn from_zero(
        values: impl IntoIterator<Item = f64>,
        pixels: (f64, f64),
        ticks: f64,
        least_step: f64,
    ) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let high = finite.fold(0.0, f64::max);
        let high = if high > 0.0 { high } else { 1.0 };
        Self::over([0.0, high], pixels, ticks, least_step)
    }

    /// Returns the scale from `low` to `high` exactly, or one step long where they are no ends.
    pub(super) fn fixed((low, high): (f64, f64), (start, end): (f64, f64), step: f64) -> Self {
        let are_ends = low.is_finite() && high.is_finite() && low < high;
        let (low, high) = if are_ends { (low, high) } else { (0.0, step) };
        let step = if (high - low) / step > 100.0 {
            (high - low) / 4.0
        } else {
            step
        };
        Self {
            low,
            high,
            step,
            start,
            end,
        }
    }

    /// Returns the value at the upper end.
    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// Returns the pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// Returns the pixel of a value, or of the end that it lies beyond.
    pub(super) fn at_most(&self, value: f64) -> f64 {
        self.at(value.clamp(self.low, self.high))
    }

    /// Returns the round values from end to end.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-9).ceil() as i64;
        let last = (self.high / self.step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * self.step).collect()
    }
}

/// Returns places at least `gap` apart and between `low` and `high` as far as they fit there,
/// near the wanted ones and in their order.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    let mut places = wanted.to_vec();
    let mut least = low;
    for place in &order {
        places[*place] = places[*place].max(least);
        least = places[*place] + gap;
    }
    let mut most = high;
    for place in order.iter().rev() {
        places[*place] = places[*place].min(most);
        most = places[*place] - gap;
    }
    places
}

/// Returns `value` and the ends of its interval.
pub(super) fn extent(estimate: &Estimate) -> [f64; 3] {
    let (low, high) = estimate
        .interval
        .unwrap_or((estimate.value, estimate.value));
    [low, estimate.value, high]
}

/// Returns an estimate in words: `0.62 (0.57 to 0.68)`.
pub(super) fn in_words(estimate: &Estimate, write: impl Fn(f64) -> String) -> String {
    match estimate.interval {
        Some((low, high)) => format!(
            "{} ({} to {})",
            write(estimate.value),
            write(low),
            write(high)
        ),
        None => write(estimate.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_values() {
        let cases: [(&[f64], f64, &[f64]); 5] = [
            (&[0.0, 9.3], 0.0, &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
            (&[0.48, 0.71], 0.0, &[0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75]),
            (&[0.0, 1.0], 1.0, &[0.0, 1.0]),
            (&[], 0.0, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (
                &[f64::NAN, -3.0, 2.0],
                0.0,
                &[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0],
            ),
        ];
        for (values, least, expected) in cases {
            let ticks = Scale::over(values.iter().copied(), (0.0, 1.0), 5.0, least).ticks();
            assert_eq!(ticks.len(), expected.len(), "{ticks:?}");
            for (tick, value) in ticks.iter().zip(expected) {
                assert!((tick - value).abs() < 1e-9, "{ticks:?}");
            }
        }
    }

    #[test]
    fn a_scale_over_one_value_has_room_around_it() {
        for value in [0.0, 7.0, -1e12, 1e-12] {
            let scale = Scale::over([value, value], (10.0, 110.0), 5.0, 0.0);
            assert!((10.0..110.0).contains(&scale.at(value)), "{value}");
            assert!((2..12).contains(&scale.ticks().len()), "{value}");
        }
    }

    #[test]
    fn labels_keep_apart_and_inside() {
        let places = spread(&[50.0, 48.0, 99.0, 98.0, 0.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [58.0, 48.0, 100.0, 90.0, 0.0]);
    }
}
