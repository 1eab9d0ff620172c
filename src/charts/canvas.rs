//! A picture as a list of shapes and texts, and the two ways to draw it: SVG and PNG.
//!
//! Plotters' back ends draw the shapes of both from the same whole coordinates, finer than a
//! pixel; the bitmap is then averaged down, which smooths its edges. Letters come last, so no
//! shape ever covers one. Plotters sets them without their side bearings, hence the bitmap's
//! are set here from the outlines.

use std::fmt::Debug;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::prelude::{DrawingBackend, FontFamily, FontStyle, IntoFont, ShapeStyle, TextStyle};
use plotters::style::{Color, RGBColor as Colour};

use super::style::{self, Shape};
use crate::domain::one_line;

/// A place in pixels, from the upper left corner.
pub(super) type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn middle(self) -> Point {
        (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        )
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub colour: Colour,
    pub width: f64,
    /// Lengths of dash and gap; `None` is a continuous line.
    pub dash: Option<(f64, f64)>,
}

impl Stroke {
    pub(super) fn new(colour: Colour, width: f64) -> Self {
        Self {
            colour,
            width,
            dash: None,
        }
    }

    /// Returns how a line of reference is drawn.
    pub(super) fn reference(colour: Colour) -> Self {
        Self::new(colour, style::MEDIUM).dashed(Some(style::REFERENCE_DASH))
    }

    pub(super) fn dashed(self, dash: Option<(f64, f64)>) -> Self {
        Self { dash, ..self }
    }
}

/// Where a text stands relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub size: f64,
    pub bold: bool,
    pub colour: Colour,
    pub align: Align,
}

impl Type {
    pub(super) fn new(size: f64, colour: Colour) -> Self {
        Self {
            size,
            bold: false,
            colour,
            align: Align::Start,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// Returns the width of `text` in pixels.
    pub(super) fn width(self, text: &str) -> f64 {
        let font = font(self.bold);
        let units: f32 = text.chars().map(|c| advance(font, c)).sum();
        f64::from(units) * self.size / em(font)
    }

    /// Returns `text` without what could break out of its place, cut in the middle to fit
    /// `width`: names often differ at their ends.
    pub(super) fn fit(self, text: &str, width: f64) -> String {
        let text = clean(text);
        if self.width(&text) <= width {
            return text;
        }
        let letters: Vec<char> = text.chars().collect();
        let cut = |kept: usize| -> String {
            let tail = kept / 3;
            let head: String = letters[..kept - tail].iter().collect();
            let tail: String = letters[letters.len() - tail..].iter().collect();
            format!("{}…{}", head.trim_end(), tail.trim_start())
        };
        (0..letters.len())
            .rev()
            .map(cut)
            .find(|text| self.width(text) <= width)
            .unwrap_or_default()
    }

    /// Returns `text` in lines of at most `width`, about equally long, at most so many; the last
    /// one is cut.
    pub(super) fn wrap(self, text: &str, width: f64, most: usize) -> Vec<String> {
        let text = clean(text);
        let mut lines = self.broken(&text, width);
        if lines.len() > most {
            let rest = lines.split_off(most.saturating_sub(1)).join(" ");
            lines.push(self.fit_start(&rest, width));
        } else if lines.len() > 1 {
            let narrower = [0.6, 0.7, 0.8, 0.9].map(|share| self.broken(&text, width * share));
            let equal = narrower
                .into_iter()
                .find(|other| other.len() == lines.len());
            lines = equal.unwrap_or(lines);
        }
        lines.iter().map(|line| self.fit(line, width)).collect()
    }

    /// Breaks `text` between words where a line would exceed `width`.
    fn broken(self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// Returns the beginning of `text` that fits.
    fn fit_start(self, text: &str, width: f64) -> String {
        let letters: Vec<char> = text.chars().collect();
        (0..letters.len())
            .rev()
            .map(|kept| {
                letters[..kept]
                    .iter()
                    .collect::<String>()
                    .trim_end()
                    .to_owned()
                    + "…"
            })
            .find(|text| self.width(text) <= width)
            .unwrap_or_default()
    }
}

/// Returns `text` in one line, without what turns its direction or what XML cannot hold.
pub(super) fn clean(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    one_line(&words.join(" ")).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[derive(Debug, Clone)]
enum Mark {
    Rectangle(Area, Colour),
    Line(Vec<Point>, Stroke),
    Polygon(Vec<Point>, Colour),
    Disc(Point, f64, Colour),
}

#[derive(Debug, Clone)]
struct Label {
    text: String,
    left: f64,
    baseline: f64,
    place: f64,
    look: Type,
}

/// A picture before it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    /// Height in pixels; the width is always the same.
    pub height: f64,
    marks: Vec<Mark>,
    labels: Vec<Label>,
}

/// Whole coordinates per pixel.
pub(super) const FINE: f64 = 3.0;
/// Pixels from the corner within which everything is drawn.
const FAR: f64 = 10_000.0;
/// Height of capitals as a share of the type's size.
const CAPITALS: f64 = 0.714;

impl Canvas {
    pub(super) fn new(height: f64) -> Self {
        Self {
            height: height.ceil(),
            marks: Vec::new(),
            labels: Vec::new(),
        }
    }

    pub(super) fn rectangle(&mut self, area: Area, colour: Colour) {
        let corners = [(area.left, area.top), (area.right, area.bottom)];
        if corners.iter().all(is_finite) && area.width() > 0.0 && area.height() > 0.0 {
            self.marks.push(Mark::Rectangle(area, colour));
        }
    }

    pub(super) fn line(&mut self, points: &[Point], stroke: Stroke) {
        let near = |(x, y): &Point| (x.clamp(-FAR, FAR), y.clamp(-FAR, FAR));
        let points: Vec<Point> = points.iter().filter(|at| is_finite(at)).map(near).collect();
        match stroke.dash {
            None => self.marks.push(Mark::Line(points, stroke)),
            Some(pattern) => {
                for dash in dashes(&points, pattern) {
                    self.marks.push(Mark::Line(dash, stroke));
                }
            }
        }
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, colour: Colour) {
        if points.iter().all(is_finite) {
            self.marks.push(Mark::Polygon(points, colour));
        }
    }

    /// Draws a marker; a hollow one shows the paper inside.
    pub(super) fn marker(&mut self, at: Point, shape: Shape, colour: Colour, hollow: bool) {
        if !is_finite(&at) {
            return;
        }
        self.shape(at, shape, style::MARKER, colour);
        if hollow {
            self.shape(at, shape, style::MARKER - 2.5, style::PAPER);
        }
    }

    fn shape(&mut self, (x, y): Point, shape: Shape, r: f64, colour: Colour) {
        // Shapes of one extent look equally large when their areas are alike.
        let square = r * 0.9;
        let diamond = r * 1.25;
        let corners = match shape {
            Shape::Disc => return self.marks.push(Mark::Disc((x, y), r, colour)),
            Shape::Square => vec![
                (x - square, y - square),
                (x + square, y - square),
                (x + square, y + square),
                (x - square, y + square),
            ],
            Shape::Diamond => vec![
                (x, y - diamond),
                (x + diamond, y),
                (x, y + diamond),
                (x - diamond, y),
            ],
            Shape::Up => vec![
                (x, y - diamond),
                (x + diamond, y + r * 0.9),
                (x - diamond, y + r * 0.9),
            ],
            Shape::Down => vec![
                (x, y + diamond),
                (x - diamond, y - r * 0.9),
                (x + diamond, y - r * 0.9),
            ],
        };
        self.polygon(corners, colour);
    }

    /// Writes `text` with the middle of its capitals at this height.
    pub(super) fn text(&mut self, (x, y): Point, text: &str, look: Type) {
        let text = clean(text);
        if text.is_empty() || !is_finite(&(x, y)) || x.abs().max(y.abs()) > FAR {
            return;
        }
        let width = look.width(&text);
        let left = match look.align {
            Align::Start => x,
            Align::Middle => x - width / 2.0,
            Align::End => x - width,
        };
        self.labels.push(Label {
            text,
            left,
            baseline: y + look.size * CAPITALS / 2.0,
            place: x,
            look,
        });
    }

    /// Writes `text` unless it would touch one that is there already.
    pub(super) fn text_if_free(&mut self, at: Point, text: &str, look: Type) {
        let before = self.labels.len();
        self.text(at, text, look);
        let Some((new, others)) = self
            .labels
            .split_last()
            .filter(|_| self.labels.len() > before)
        else {
            return;
        };
        let new = new.area();
        if others.iter().any(|other| touch(new, other.area())) {
            self.labels.pop();
        }
    }

    /// Returns the picture as SVG; `id` makes its references unique within a page.
    pub(super) fn svg(&self, id: &str, title: &str, description: &str) -> String {
        let mut body = String::new();
        let size = self.fine_size();
        let mut backend = SVGBackend::with_string(&mut body, size);
        self.paint(&mut backend, |backend, points, style| {
            sure(backend.draw_path(points.iter().copied(), style));
        });
        for label in &self.labels {
            // The inverse of what the back end does to sizes and of its shift from the top.
            let size = label.look.size * FINE;
            let weight = if label.look.bold {
                FontStyle::Bold
            } else {
                FontStyle::Normal
            };
            let font = (FontFamily::Name(style::FAMILIES), size * 1.24, weight).into_font();
            let look = TextStyle::from(font)
                .color(&label.look.colour)
                .pos(label.look.align.into());
            let top = label.baseline * FINE - size * 0.76;
            let at = ((label.place * FINE).round() as i32, top.round() as i32);
            sure(backend.draw_text(&label.text, &look, at));
        }
        sure(backend.present());
        drop(backend);
        let (_, rest) = body.split_once('>').unwrap_or_default();
        let id: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>{rest}",
            style::WIDTH,
            self.height,
            size.0,
            size.1,
            escaped(title),
            escaped(description),
        )
    }

    /// Returns the picture as PNG.
    pub(super) fn png(&self) -> Vec<u8> {
        let (width, height) = (style::WIDTH as usize, self.height as usize);
        let fine = self.fine_size();
        let mut large = vec![255; fine.0 as usize * fine.1 as usize * 3];
        let mut backend = BitMapBackend::with_buffer(&mut large, fine);
        self.paint(&mut backend, |backend, points, style| {
            for pair in points.windows(2) {
                sure(backend.draw_line(pair[0], pair[1], style));
            }
            // Thick segments meet in a disc; their own ends would leave a notch.
            for joint in points.iter().skip(1).rev().skip(1) {
                sure(backend.draw_circle(*joint, style.stroke_width / 2, style, true));
            }
        });
        sure(backend.present());
        drop(backend);
        let mut pixels = averaged(&large, width, height, FINE as usize);
        for label in &self.labels {
            set(&mut pixels, width, label);
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Large even areas pack best unfiltered.
        encoder.set_filter(png::FilterType::NoFilter);
        encoder.set_compression(png::Compression::Default);
        sure(
            encoder
                .write_header()
                .and_then(|mut writer| writer.write_image_data(&pixels)),
        );
        bytes
    }

    fn fine_size(&self) -> (u32, u32) {
        ((style::WIDTH * FINE) as u32, (self.height * FINE) as u32)
    }

    fn paint<B: DrawingBackend>(
        &self,
        backend: &mut B,
        path: impl Fn(&mut B, &[(i32, i32)], &ShapeStyle),
    ) where
        B::ErrorType: 'static,
    {
        // What lies far outside ends there; the back ends would lose themselves beyond.
        let coordinate = |pixel: f64| (pixel.clamp(-FAR, FAR) * FINE).round() as i32;
        let fine = |(x, y): Point| (coordinate(x), coordinate(y));
        let (right, bottom) = self.fine_size();
        let paper = style::PAPER.filled();
        sure(backend.draw_rect((0, 0), (right as i32, bottom as i32), &paper, true));
        for mark in &self.marks {
            match mark {
                Mark::Rectangle(area, colour) => sure(backend.draw_rect(
                    fine((area.left, area.top)),
                    fine((area.right, area.bottom)),
                    &colour.filled(),
                    true,
                )),
                Mark::Line(points, stroke) => {
                    let points: Vec<_> = points.iter().copied().map(fine).collect();
                    let width = (stroke.width * FINE).round() as u32;
                    path(backend, &points, &stroke.colour.stroke_width(width));
                }
                Mark::Polygon(points, colour) => {
                    let points: Vec<_> = points.iter().copied().map(fine).collect();
                    sure(backend.fill_polygon(points, &colour.filled()));
                }
                Mark::Disc(at, radius, colour) => sure(backend.draw_circle(
                    fine(*at),
                    (radius * FINE).round() as u32,
                    &colour.filled(),
                    true,
                )),
            }
        }
    }
}

impl Label {
    /// Returns the space from the feet of the letters to the height of capitals.
    fn area(&self) -> Area {
        Area {
            left: self.left,
            top: self.baseline - self.look.size * CAPITALS,
            right: self.left + self.look.width(&self.text),
            bottom: self.baseline,
        }
    }
}

fn touch(a: Area, b: Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

impl From<Align> for plotters::style::text_anchor::Pos {
    fn from(align: Align) -> Self {
        use plotters::style::text_anchor::{HPos, Pos, VPos};
        let horizontal = match align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        Pos::new(horizontal, VPos::Top)
    }
}

/// Drawing into memory has nothing that could fail.
fn sure<T, E: Debug>(result: Result<T, E>) -> T {
    result.expect("drawing into memory does not fail")
}

fn is_finite((x, y): &Point) -> bool {
    x.is_finite() && y.is_finite()
}

fn escaped(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Cuts a line into dashes; the pattern runs on around corners.
fn dashes(points: &[Point], (dash, gap): (f64, f64)) -> Vec<Vec<Point>> {
    let mut result = Vec::new();
    let mut current: Vec<Point> = points.first().copied().into_iter().collect();
    let mut drawing = true;
    let mut left = dash;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).hypot(y1 - y0);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (
                x0 + (x1 - x0) * done / length,
                y0 + (y1 - y0) * done / length,
            );
            if drawing {
                current.push(at);
                result.push(std::mem::take(&mut current));
            } else {
                current = vec![at];
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        left -= length - done;
        if drawing {
            current.push((x1, y1));
        }
    }
    if current.len() > 1 {
        result.push(current);
    }
    result
}

/// Averages squares of `side` pixels into one.
fn averaged(large: &[u8], width: usize, height: usize, side: usize) -> Vec<u8> {
    // Most of a chart is even ground: blocks of one colour are copied.
    const BLOCK: usize = 20;
    let mut pixels = Vec::with_capacity(width * height * 3);
    let row = width * side * 3;
    let area = (side * side) as u16;
    for rows in large.chunks_exact(row * side) {
        let lines: Vec<&[u8]> = rows.chunks_exact(row).collect();
        for start in (0..width).step_by(BLOCK) {
            let count = BLOCK.min(width - start);
            let range = start * side * 3..(start + count) * side * 3;
            let block = &lines[0][range.clone()];
            let is_even = block[3..] == block[..block.len() - 3]
                && lines.iter().all(|line| line[range.clone()] == *block);
            if is_even {
                pixels.extend_from_slice(&block[..count * 3]);
                continue;
            }
            let mut sums = [0_u16; BLOCK * 3];
            for line in &lines {
                let squares = line[range.clone()].chunks_exact(side * 3);
                for (sum, square) in sums.chunks_exact_mut(3).zip(squares) {
                    for pixel in square.chunks_exact(3) {
                        for (sum, channel) in sum.iter_mut().zip(pixel) {
                            *sum += u16::from(*channel);
                        }
                    }
                }
            }
            let sums = &sums[..count * 3];
            pixels.extend(sums.iter().map(|sum| ((sum + area / 2) / area) as u8));
        }
    }
    pixels
}

fn font(bold: bool) -> &'static FontRef<'static> {
    static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
        [ttf_noto_sans::REGULAR, ttf_noto_sans::BOLD]
            .map(|bytes| sure(FontRef::try_from_slice(bytes)))
    });
    &FONTS[usize::from(bold)]
}

fn em(font: &FontRef<'_>) -> f64 {
    f64::from(font.units_per_em().unwrap_or(1000.0))
}

/// Returns the width of a letter in font units; a letter the font lacks takes a full em, as the
/// ideographs do that a reader's own font will show in the SVG.
fn advance(font: &FontRef<'_>, letter: char) -> f32 {
    match font.glyph_id(letter) {
        GlyphId(0) => font.units_per_em().unwrap_or(1000.0),
        glyph => font.h_advance_unscaled(glyph),
    }
}

/// Sets a label's letters into the pixels.
fn set(pixels: &mut [u8], width: usize, label: &Label) {
    let font = font(label.look.bold);
    let units = label.look.size / em(font);
    let scale = PxScale::from((f64::from(font.height_unscaled()) * units) as f32);
    let Colour(red, green, blue) = label.look.colour;
    let mut x = label.left;
    for letter in label.text.chars() {
        let at = point(x as f32, label.baseline as f32);
        let glyph = font.glyph_id(letter).with_scale_and_position(scale, at);
        x += f64::from(advance(font, letter)) * units;
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, coverage| {
            let column = bounds.min.x as i64 + i64::from(dx);
            let row = bounds.min.y as i64 + i64::from(dy);
            if column < 0 || row < 0 || column >= width as i64 {
                return;
            }
            let first = (row as usize * width + column as usize) * 3;
            let Some(pixel) = pixels.get_mut(first..first + 3) else {
                return;
            };
            for (ground, ink) in pixel.iter_mut().zip([red, green, blue]) {
                let difference = f32::from(ink) - f32::from(*ground);
                *ground = (f32::from(*ground) + difference * coverage.min(1.0)).round() as u8;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Type = Type {
        size: 17.0,
        bold: false,
        colour: style::INK,
        align: Align::Start,
    };

    #[test]
    fn a_name_that_is_too_long_keeps_both_ends() {
        let name = "Northwind Traders International Holding, branch of Lyon";
        let short = LOOK.fit(name, 200.0);
        assert!(LOOK.width(&short) <= 200.0);
        assert!(short.starts_with("Northwind Trad") && short.ends_with("Lyon"));
        assert!(short.contains('…'));
        assert_eq!(LOOK.fit("Northwind", 200.0), "Northwind");
        assert_eq!(LOOK.fit(name, 0.0), "");
    }

    #[test]
    fn a_sentence_is_broken_into_lines_about_equally_long() {
        let text = "Ranking has held since the second quarter of last year, a little lower";
        let width = LOOK.width(text) * 0.95;
        let lines = LOOK.wrap(text, width, 3);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), text);
        assert!(LOOK.width(&lines[1]) > width * 0.4, "{lines:?}");
        let cut = LOOK.wrap(text, width / 4.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…') && LOOK.width(&cut[1]) <= width / 4.0);
    }

    #[test]
    fn outside_text_is_one_line_that_xml_can_hold() {
        let shown = clean("a\u{0}b\r\n c\u{202e}d\u{ffff}");
        assert_eq!(shown, "a\u{fffd}b c\u{fffd}d\u{fffd}");
    }

    #[test]
    fn a_letter_that_the_typeface_lacks_takes_its_place_all_the_same() {
        assert!((LOOK.width("株式") - 2.0 * LOOK.size).abs() < 1e-9);
        let mut canvas = Canvas::new(20.0);
        canvas.text((5.0, 10.0), "株 é", LOOK);
        assert!(canvas.svg("n", "t", "d").contains("株 é"));
        assert!(canvas.png().starts_with(b"\x89PNG"));
    }

    #[test]
    fn capitals_are_centred_at_the_height_asked_for() {
        let mut canvas = Canvas::new(60.0);
        let look = Type::new(20.0, Colour(0, 0, 0));
        canvas.text((10.0, 30.0), "H", look);
        let svg = canvas.svg("n", "t", "d");
        let (_, rest) = svg.split_once("<text x=\"30\" y=\"").unwrap();
        let top: f64 = rest.split_once('"').unwrap().0.parse().unwrap();
        let baseline = top / FINE + 0.76 * 20.0;
        assert!((baseline - (30.0 + CAPITALS * 10.0)).abs() < 0.5);

        let bytes = canvas.png();
        let mut reader = png::Decoder::new(&bytes[..]).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut pixels).unwrap();
        let rows = pixels.chunks_exact(style::WIDTH as usize * 3);
        let inked = rows.map(|row| row.iter().any(|byte| *byte < 128));
        let inked: Vec<usize> = inked
            .enumerate()
            .filter(|row| row.1)
            .map(|row| row.0)
            .collect();
        assert_eq!((inked[0], inked[inked.len() - 1]), (23, 36));
    }

    #[test]
    fn dashes_run_on_around_a_corner() {
        let corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let expected = [
            vec![(0.0, 0.0), (4.0, 0.0)],
            vec![(7.0, 0.0), (10.0, 0.0), (10.0, 1.0)],
            vec![(10.0, 4.0), (10.0, 8.0)],
        ];
        assert_eq!(dashes(&corner, (4.0, 3.0)), expected);
        assert!(dashes(&[], (4.0, 3.0)).is_empty());
    }

    #[test]
    fn fine_pixels_are_averaged() {
        let mut large = vec![200; 4 * 4 * 3];
        large[0] = 0;
        let expected = [150, 200, 200, 200, 200, 200];
        assert_eq!(averaged(&large, 2, 2, 2)[..6], expected);
    }
}
