//! How many of the leavers the lowest scores would have caught.

use super::canvas::{Area, Stroke, Type};
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Caption, Chart, listed, no_data};

/// Cumulative capture and lift, worst scores first.
#[derive(Debug, Clone)]
pub struct Capture {
    /// A curve per candidate.
    pub candidates: Vec<CaptureCurve>,
    /// The share of accounts that the team can work, 0 to 1.
    pub capacity: Option<f64>,
}

/// The curve of one candidate.
#[derive(Debug, Clone)]
pub struct CaptureCurve {
    /// Its name.
    pub candidate: String,
    /// Its points, rising.
    pub points: Vec<CapturePoint>,
}

/// What is caught by working the worst accounts up to a share.
#[derive(Debug, Clone, Copy)]
pub struct CapturePoint {
    /// Share of accounts worked, 0 to 1.
    pub worked: f64,
    /// Share of the leavers among them, 0 to 1.
    pub captured: f64,
    /// Captured over worked; `None` where nothing is worked.
    pub lift: Option<f64>,
}

/// Up to so many points, each is marked.
const MARKED: usize = 25;
/// A candidate's words name at most so many points.
const SAID: usize = 20;

impl Capture {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        if self.candidates.iter().all(|curve| curve.points.is_empty()) {
            return no_data(caption, "nobody left, so there is nothing to capture");
        }
        let mut sheet = Sheet::new(caption, Room::USUAL, &[]);
        let body = sheet.body;
        let chance = Stroke::reference(style::INK);
        let capacity = Stroke::reference(style::RULE).dashed(Some(style::DOTS));
        let mut keys: Vec<_> = self
            .candidates
            .iter()
            .enumerate()
            .map(|(place, curve)| (Key::Series(style::series(place)), curve.candidate.clone()))
            .collect();
        keys.push((Key::Line(chance), "accounts in random order".to_owned()));
        if let Some(share) = self.capacity {
            let text = format!("the team can work {}", Unit::Share.value(share));
            keys.push((Key::Line(capacity), text));
        }
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let top = body.top + legend + sheet::Y_NAME + GAP;
        let bottom = body.bottom - sheet::X_AXIS;
        let split = body.left + body.width() * 0.55;
        let left_area = Area {
            left: body.left + Type::new(style::VALUE, style::INK).width("100 %") + GAP,
            top,
            right: split - 2.0 * GAP,
            bottom,
        };
        let lifts = self.candidates.iter().flat_map(|curve| &curve.points);
        let lifts = lifts.filter_map(|point| point.lift);
        // The line of random order stands clear of the frame.
        let lift = Scale::from_zero(lifts.chain([1.2]), (bottom, top), 5.0, 0.0);
        let right_area = Area {
            left: split + 3.0 * GAP + sheet::gutter(&lift, Unit::Multiple),
            right: body.right,
            ..left_area
        };
        let share = Scale::fixed((0.0, 1.0), (bottom, top), 0.2);
        let panels = [
            (left_area, share, Unit::Share, "Share of the leavers caught"),
            (right_area, lift, Unit::Multiple, "Lift over random order"),
        ];
        for (panel, (area, y, unit, name)) in panels.into_iter().enumerate() {
            let x = Scale::fixed((0.0, 1.0), (area.left, area.right), 0.2);
            sheet.y_axis(area, &y, unit, name);
            sheet.x_axis(
                area,
                &x,
                Unit::Share,
                "Accounts worked, lowest scores first",
            );
            let random = if panel == 0 { [0.0, 1.0] } else { [1.0, 1.0] };
            let random = [(area.left, y.at(random[0])), (area.right, y.at(random[1]))];
            sheet.canvas.line(&random, chance);
            if let Some(share) = self.capacity {
                let at = x.at_most(share);
                sheet
                    .canvas
                    .line(&[(at, area.top), (at, area.bottom)], capacity);
            }
            for (place, curve) in self.candidates.iter().enumerate() {
                let look = style::series(place);
                let value = |point: &CapturePoint| match panel {
                    0 => Some(point.captured),
                    _ => point.lift,
                };
                let points = curve.points.iter().filter_map(|point| {
                    value(point).map(|value| (x.at(point.worked), y.at(value)))
                });
                let points: Vec<_> = points.collect();
                let stroke = Stroke::new(look.colour, style::STRONG).dashed(look.dash);
                sheet.canvas.line(&points, stroke);
                if points.len() <= MARKED {
                    for at in points {
                        sheet.canvas.marker(at, look.shape, look.colour, false);
                    }
                }
            }
        }
        sheet.finish(&self.words())
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> Vec<String> {
        self.candidates
            .iter()
            .map(|curve| {
                let every = curve.points.len().div_ceil(SAID).max(1);
                let points = curve.points.iter().step_by(every).map(|point| {
                    let lift = point.lift.map_or_else(String::new, |lift| {
                        format!(" (lift {})", Unit::Multiple.value(lift))
                    });
                    format!(
                        "{} worked catch {}{lift}",
                        Unit::Share.value(point.worked),
                        Unit::Share.value(point.captured)
                    )
                });
                listed(&curve.candidate, points)
            })
            .collect()
    }
}
