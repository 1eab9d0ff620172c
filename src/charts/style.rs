//! Colours, type, sizes and number formats: the only place where a chart's look is decided.

use plotters::style::RGBColor as Colour;

/// Width of every picture in pixels.
pub(super) const WIDTH: f64 = 1200.0;
/// Least height; long lists make a picture taller, never smaller in type.
pub(super) const HEIGHT: f64 = 700.0;
/// Free space around everything; the last tick label of an axis ends within it.
pub(super) const MARGIN: f64 = 36.0;
/// Space between things that belong together.
pub(super) const GAP: f64 = 10.0;

/// Families of the text in an SVG; the first is the one in the program, the rest stand in for it.
pub(super) const FAMILIES: &str = "Noto Sans, Segoe UI, Helvetica Neue, Arial, sans-serif";
/// Size of the finding above the picture.
pub(super) const TITLE: f64 = 27.0;
/// Size of the line that says what is shown.
pub(super) const SUBTITLE: f64 = 19.0;
/// Size of axis names and labels of things.
pub(super) const LABEL: f64 = 18.0;
/// Size of ticks and values.
pub(super) const VALUE: f64 = 17.0;
/// Size in long lists, notes and the foot; legible at half the size.
pub(super) const SMALL: f64 = 15.0;
/// Height of a line of text as a multiple of its size.
pub(super) const LEADING: f64 = 1.4;

/// Thickness of what is read first: intervals in force, outlines of the comparison.
pub(super) const STRONG: f64 = 3.0;
/// Thickness of series and whiskers.
pub(super) const MEDIUM: f64 = 2.0;
/// Thickness of axes, grid and leader lines.
pub(super) const THIN: f64 = 1.0;
/// Dash and gap of a line of reference.
pub(super) const REFERENCE_DASH: (f64, f64) = (8.0, 5.0);
/// Dash and gap of a second line of reference.
pub(super) const DOTS: (f64, f64) = (2.0, 4.0);
/// Half the extent of a marker.
pub(super) const MARKER: f64 = 6.5;
/// Half the extent of a whisker's end.
pub(super) const WHISKER: f64 = 5.0;

/// Behind everything.
pub(super) const PAPER: Colour = Colour(255, 255, 255);
/// Text and what must stand out.
pub(super) const INK: Colour = Colour(33, 37, 41);
/// Secondary text; still seven to one against the paper.
pub(super) const MUTED: Colour = Colour(82, 88, 94);
/// Axes and reference lines.
pub(super) const RULE: Colour = Colour(120, 126, 132);
/// Grid lines.
pub(super) const GRID: Colour = Colour(224, 227, 230);
/// The ground of bars that carry no meaning of their own.
pub(super) const GROUND: Colour = Colour(240, 242, 244);
/// What is neither good nor bad.
pub(super) const PLAIN: Colour = Colour(0, 114, 178);
/// What got worse, or is above a limit.
pub(super) const WORSE: Colour = Colour(213, 94, 0);
/// What got better.
pub(super) const BETTER: Colour = Colour(0, 114, 178);

/// Okabe and Ito's colours, told apart by readers with any colour vision; the yellow is left out
/// because it vanishes on paper.
const SERIES: [Colour; 7] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(230, 159, 0),
    Colour(86, 180, 233),
    Colour(60, 60, 60),
];

/// From worst to best; no reader has to tell red from green.
const RANKED: [Colour; 5] = [
    Colour(213, 94, 0),
    Colour(230, 159, 0),
    Colour(240, 228, 120),
    Colour(86, 180, 233),
    Colour(0, 114, 178),
];

/// Groups outside the order: not scored, new, gone.
const UNRANKED: [Colour; 3] = [
    Colour(150, 155, 160),
    Colour(190, 194, 198),
    Colour(110, 115, 120),
];

/// How the points of a series look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A disc.
    Disc,
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle pointing up.
    Up,
    /// A triangle pointing down.
    Down,
}

/// How a series looks: colour, shape and line tell it apart, each alone where possible.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeriesStyle {
    /// Colour of line, points and label.
    pub colour: Colour,
    /// Shape of the points.
    pub shape: Shape,
    /// Lengths of dash and gap; `None` is a continuous line.
    pub dash: Option<(f64, f64)>,
}

/// Returns the look of the series with this number; shapes and colours come round at different
/// lengths, so the first 35 differ.
pub(super) fn series(number: usize) -> SeriesStyle {
    const SHAPES: [Shape; 5] = [
        Shape::Disc,
        Shape::Square,
        Shape::Diamond,
        Shape::Up,
        Shape::Down,
    ];
    const DASHES: [Option<(f64, f64)>; 4] =
        [None, Some((10.0, 5.0)), Some((3.0, 4.0)), Some((16.0, 4.0))];
    SeriesStyle {
        colour: SERIES[number % SERIES.len()],
        shape: SHAPES[number % SHAPES.len()],
        dash: DASHES[number % DASHES.len()],
    }
}

/// Returns the look of points that belong to no series.
pub(super) fn points(colour: Colour, shape: Shape) -> SeriesStyle {
    SeriesStyle {
        colour,
        shape,
        dash: None,
    }
}

/// Returns the colour of place `rank` among `of` bands, worst first.
pub(super) fn ranked(rank: usize, of: usize) -> Colour {
    let last = RANKED.len() - 1;
    match of {
        0 | 1 => RANKED[last],
        3 => RANKED[[0, 1, last][rank.min(2)]],
        4 => RANKED[[0, 1, 3, last][rank.min(3)]],
        _ => {
            let place = rank.min(of - 1) as f64 * last as f64 / (of - 1) as f64;
            let below = (place.floor() as usize).min(last);
            let above = (below + 1).min(last);
            mix(RANKED[below], RANKED[above], place - place.floor())
        }
    }
}

/// Returns the colour of the group with this number outside the order.
pub(super) fn unranked(number: usize) -> Colour {
    UNRANKED[number % UNRANKED.len()]
}

/// Returns `colour` at this strength on paper: 0 is paper, 1 the full colour.
pub(super) fn tint(colour: Colour, strength: f64) -> Colour {
    mix(PAPER, colour, strength)
}

/// Returns the ground of a cell that holds this share of its row: a little is seen to be there,
/// and the most still carries text.
pub(super) fn shaded(colour: Colour, share: f64) -> Colour {
    tint(colour, 0.18 + 0.62 * share.sqrt())
}

fn mix(from: Colour, to: Colour, share: f64) -> Colour {
    let share = share.clamp(0.0, 1.0);
    let between = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round();
    Colour(
        between(from.0, to.0) as u8,
        between(from.1, to.1) as u8,
        between(from.2, to.2) as u8,
    )
}

/// Returns the colour of text on `ground`: ink or paper, whichever contrasts more.
///
/// # References
/// WCAG 2.2, relative luminance and contrast ratio.
pub(super) fn text_on(ground: Colour) -> Colour {
    let luminance = |colour: Colour| {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
    };
    let contrast = |text: Colour| {
        let (a, b) = (luminance(text), luminance(ground));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    };
    if contrast(INK) >= contrast(PAPER) {
        INK
    } else {
        PAPER
    }
}

/// What a number counts, which decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit<'a> {
    /// Things: `1,234`.
    Count,
    /// Points of a score: `61.4`.
    Points,
    /// A share from 0 to 1: `45 %`.
    Share,
    /// A figure without unit: `0.62`.
    Ratio,
    /// A multiple of something: `2.4×`.
    Multiple,
    /// An amount in this currency, an ISO code, or in one that is named elsewhere: `€1.2M`.
    Money(&'a str),
}

impl Unit<'_> {
    /// Returns a value as it stands beside a mark.
    pub(super) fn value(self, value: f64) -> String {
        if !value.is_finite() {
            return "n/a".to_owned();
        }
        match self {
            Self::Count => grouped(value, 0),
            Self::Points => trimmed(value, 1),
            Self::Share if (value * 100.0).abs() < 9.95 => {
                format!("{} %", trimmed(value * 100.0, 1))
            }
            Self::Share => format!("{} %", grouped(value * 100.0, 0)),
            Self::Ratio => grouped(value, 2),
            Self::Multiple => format!("{}×", grouped(value, 1)),
            Self::Money(currency) => money(value, currency, None),
        }
    }

    /// Returns a change, with its sign.
    pub(super) fn change(self, value: f64) -> String {
        let text = match self {
            Self::Ratio => grouped(value, 3),
            _ => self.value(value),
        };
        if value > 0.0 && text.chars().any(|c| ('1'..='9').contains(&c)) {
            format!("+{text}")
        } else {
            text
        }
    }

    /// Returns a tick of an axis whose ticks are `step` apart.
    pub(super) fn tick(self, value: f64, step: f64) -> String {
        match self {
            Self::Count | Self::Points => grouped(value, decimals(step)),
            Self::Share => format!("{} %", grouped(value * 100.0, decimals(step * 100.0))),
            Self::Ratio => grouped(value, decimals(step)),
            Self::Multiple => format!("{}×", grouped(value, decimals(step))),
            Self::Money(currency) => money(value, currency, Some(step)),
        }
    }
}

/// Returns a whole number with its thousands apart: `1,234`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number with so many decimals, thousands apart and a true minus; never `−0`, and `n/a`
/// where there is none.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Like `grouped`, without a fraction of zeros.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = grouped(value, decimals);
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.chars().all(|c| c == '0') => match whole {
            "−0" => "0".to_owned(),
            whole => whole.to_owned(),
        },
        _ => text,
    }
}

/// Returns how many decimals tell apart ticks that are `step` apart.
fn decimals(step: f64) -> usize {
    let is_whole = |places: &usize| {
        let scaled = step * 10_f64.powi(*places as i32);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    };
    (0..6).find(is_whole).unwrap_or(6)
}

/// Returns an amount in thousands, millions or billions; `step` of an axis decides the decimals.
fn money(value: f64, currency: &str, step: Option<f64>) -> String {
    let symbol = match currency {
        "EUR" => "€".to_owned(),
        "USD" => "$".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        "" => String::new(),
        other => format!("{other} "),
    };
    const UNITS: [(f64, &str); 4] = [(1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    // An amount that would round up to a thousand of its unit is written in the next one.
    let (unit, letter) = UNITS
        .into_iter()
        .find(|(unit, _)| value.abs() >= unit * 0.9995)
        .unwrap_or((1.0, ""));
    let shown = value.abs() / unit;
    let number = match step {
        Some(step) => trimmed(shown, decimals(step / unit)),
        None if letter.is_empty() => grouped(shown, 0),
        None if shown < 99.95 => trimmed(shown, 1),
        None => grouped(shown, 0),
    };
    let is_zero = number.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    format!("{sign}{symbol}{number}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let cases = [
            (Unit::Count.value(1_234_567.0), "1,234,567"),
            (Unit::Count.value(999.0), "999"),
            (Unit::Points.value(61.0), "61"),
            (Unit::Points.value(61.44), "61.4"),
            (Unit::Points.change(-12.0), "−12"),
            (Unit::Points.change(0.04), "0"),
            (Unit::Points.value(-0.04), "0"),
            (Unit::Points.change(3.5), "+3.5"),
            (Unit::Share.value(0.45), "45 %"),
            (Unit::Share.value(0.0345), "3.5 %"),
            (Unit::Share.value(0.0999), "10 %"),
            (Unit::Ratio.value(0.625_01), "0.63"),
            (Unit::Ratio.change(0.0123), "+0.012"),
            (Unit::Multiple.value(2.44), "2.4×"),
            (Unit::Money("EUR").value(1_234_567.0), "€1.2M"),
            (Unit::Money("EUR").value(999_700.0), "€1M"),
            (Unit::Money("USD").value(-820_400.0), "−$820k"),
            (Unit::Money("CHF").value(950.0), "CHF 950"),
            (Unit::Money("EUR").value(0.0), "€0"),
            (Unit::Ratio.value(f64::NAN), "n/a"),
            (Unit::Share.tick(0.05, 0.025), "5.0 %"),
            (Unit::Ratio.tick(0.5, 0.1), "0.5"),
            (Unit::Ratio.tick(0.525, 0.025), "0.525"),
            (Unit::Multiple.tick(4.0, 1.0), "4×"),
            (Unit::Share.tick(0.3, 0.1), "30 %"),
            (Unit::Money("EUR").tick(1_500_000.0, 500_000.0), "€1.5M"),
            (Unit::Money("EUR").tick(500_000.0, 500_000.0), "€500k"),
        ];
        for (shown, expected) in cases {
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn bands_run_from_the_worst_colour_to_the_best() {
        for of in 2..9 {
            let colours: Vec<Colour> = (0..of).map(|rank| ranked(rank, of)).collect();
            assert_eq!((colours[0], colours[of - 1]), (RANKED[0], RANKED[4]));
            assert!(colours.windows(2).all(|pair| pair[0] != pair[1]), "{of}");
        }
    }

    #[test]
    fn text_is_legible_on_its_ground() {
        assert_eq!(text_on(PAPER), INK);
        assert_eq!(text_on(INK), PAPER);
        assert_eq!(text_on(BETTER), PAPER);
        assert_eq!(text_on(RANKED[2]), INK);
    }
}
