//! What comes up for renewal, month by month, and in which band it is.

use super::canvas::{Align, Area, Type};
use super::sheet::{self, Key, Room, Scale, Sheet};
use super::style::{self, GAP, Unit};
use super::{Bands, Caption, Chart, listed, no_data};

/// Renewals ahead by month and band, with the amount; a panel per currency.
#[derive(Debug, Clone)]
pub struct RenewalsAhead {
    /// The bands, and groups without a score.
    pub bands: Bands,
    /// A panel per currency; amounts of different currencies are never added.
    pub currencies: Vec<CurrencyRenewals>,
}

/// The renewals in one currency.
#[derive(Debug, Clone)]
pub struct CurrencyRenewals {
    /// ISO code.
    pub currency: String,
    /// The months, rising; all panels of a chart have the same.
    pub months: Vec<RenewalMonth>,
}

/// The renewals of a month.
#[derive(Debug, Clone)]
pub struct RenewalMonth {
    /// Such as `2026-12`.
    pub month: String,
    /// Amount up for renewal.
    pub amount: f64,
    /// Accounts up for renewal.
    pub accounts: u64,
    /// The amount per band.
    pub by_band: Vec<f64>,
}

/// Least height of a panel's columns.
const PANEL: f64 = 200.0;
/// Space above the columns for the name of the axis.
const HEAD: f64 = sheet::Y_NAME + GAP;
/// Space within a panel above its highest column for the sums.
const SUMS: f64 = 46.0;
/// Space below the columns: the months.
const FOOT: f64 = 34.0;

impl RenewalsAhead {
    /// Draws the chart.
    #[must_use]
    pub fn draw(&self, caption: &Caption) -> Chart {
        let has_months = |panel: &&CurrencyRenewals| !panel.months.is_empty();
        let panels: Vec<_> = self.currencies.iter().filter(has_months).collect();
        if panels.is_empty() {
            return no_data(caption, "no contract with a renewal date lies ahead");
        }
        let count = panels.len() as f64;
        let legend_most = 30.0 * (self.bands.len() as f64 / 4.0).ceil();
        let needed = legend_most + count * (PANEL + HEAD + FOOT) + 30.0;
        let mut sheet = Sheet::new(caption, Room::at_least(needed), &[]);
        let body = sheet.body;
        let names = self.bands.names().enumerate();
        let keys: Vec<_> = names
            .map(|(place, name)| {
                // Where colours do not tell, the order in the columns does.
                let text = match place {
                    0 => format!("{name} (bottom)"),
                    _ if place + 1 == self.bands.len() => format!("{name} (top)"),
                    _ => name.clone(),
                };
                (Key::Fill(self.bands.colour(place)), text)
            })
            .collect();
        let legend = sheet.legend(body.left, body.top, body.right, &keys);
        let top = body.top + legend;
        let height = (body.bottom - 30.0 - top) / count;
        for (place, panel) in panels.iter().enumerate() {
            let area = Area {
                top: top + height * place as f64 + HEAD,
                bottom: top + height * (place + 1) as f64 - FOOT,
                ..body
            };
            self.draw_panel(&mut sheet, area, panel);
        }
        let bottom = body.bottom;
        sheet.x_name(body, bottom, "Month of the renewal");
        sheet.finish(&self.words())
    }

    /// Returns what the picture shows, in words and numbers.
    fn words(&self) -> Vec<String> {
        let panels = self
            .currencies
            .iter()
            .filter(|panel| !panel.months.is_empty());
        panels
            .map(|panel| {
                let unit = Unit::Money(&panel.currency);
                let months = panel.months.iter().map(|month| {
                    let bands = self.bands.names().zip(&month.by_band);
                    let bands = bands.filter(|(_, amount)| **amount != 0.0);
                    let bands =
                        bands.map(|(name, amount)| format!("{name} {}", unit.value(*amount)));
                    format!(
                        "{}: {} of {} accounts ({})",
                        month.month,
                        unit.value(month.amount),
                        style::count(month.accounts),
                        bands.collect::<Vec<_>>().join(", ")
                    )
                });
                listed(&format!("Renewals in {}", panel.currency), months)
            })
            .collect()
    }

    fn draw_panel(&self, sheet: &mut Sheet<'_>, mut area: Area, panel: &CurrencyRenewals) {
        let unit = Unit::Money(&panel.currency);
        let amounts = panel.months.iter().map(|month| {
            let stacked: f64 = month.by_band.iter().filter(|amount| **amount > 0.0).sum();
            stacked.max(month.amount) * (1.0 + SUMS / (area.height() - SUMS))
        });
        let y = Scale::from_zero(amounts, (area.bottom, area.top), 4.0, 0.0);
        area.left += sheet::gutter(&y, unit);
        let column = area.width() / panel.months.len() as f64;
        let width = (column * 0.72).min(90.0);
        let tick = Type::new(style::VALUE, style::MUTED).align(Align::Middle);
        let small = Type::new(style::SMALL, style::MUTED).align(Align::Middle);
        let in_full = |month: &RenewalMonth| match month.accounts {
            1 => "1 account".to_owned(),
            count => format!("{} accounts", style::count(count)),
        };
        // Narrow columns carry bare numbers; then the axis says what they are.
        let is_wide = panel
            .months
            .iter()
            .all(|month| small.width(&in_full(month)) + 4.0 < column);
        let (sum_unit, sum_size) = match is_wide {
            true => (unit, style::VALUE),
            false => (Unit::Money(""), style::SMALL),
        };
        let sum = Type::new(sum_size, style::INK).bold().align(Align::Middle);
        let accounts = |month: &RenewalMonth| match is_wide {
            true => in_full(month),
            false => style::count(month.accounts),
        };
        let name = match is_wide {
            true => format!("Amount up for renewal ({})", panel.currency),
            false => format!(
                "Amount up for renewal ({}) and number of accounts",
                panel.currency
            ),
        };
        sheet.y_axis(area, &y, unit, &name);
        let all = panel.months.iter().flat_map(|month| &month.by_band);
        let widths = all.map(|amount| small.width(&unit.value(*amount)));
        let has_labels = widths.fold(0.0, f64::max) + 4.0 <= width;
        let mut free_from = [f64::NEG_INFINITY; 3];
        for (place, month) in panel.months.iter().enumerate() {
            let x = area.left + column * (place as f64 + 0.5);
            let mut reached = 0.0;
            for (band, amount) in month.by_band.iter().enumerate() {
                if *amount <= 0.0 || !amount.is_finite() {
                    continue;
                }
                let segment = Area {
                    left: x - width / 2.0,
                    top: y.at(reached + amount) + 0.5,
                    right: x + width / 2.0,
                    bottom: y.at(reached) - 0.5,
                };
                reached += amount;
                let ground = self.bands.colour(band);
                sheet.canvas.rectangle(segment, ground);
                let look = Type::new(style::SMALL, style::text_on(ground)).align(Align::Middle);
                let text = unit.value(*amount);
                let is_all = *amount == month.amount;
                if has_labels && segment.height() >= 20.0 && !is_all {
                    sheet.canvas.text(segment.middle(), &text, look);
                }
            }
            let above = y.at(reached.max(0.0));
            let texts = [
                (month.month.clone(), area.bottom + 18.0, tick),
                (sum_unit.value(month.amount), above - 30.0, sum),
                (accounts(month), above - 12.0, small),
            ];
            for ((text, at, look), free) in texts.into_iter().zip(&mut free_from) {
                let half = look.width(&text) / 2.0;
                // Where columns are narrow, a text that would touch its neighbour is left out.
                if x - half >= *free {
                    sheet.canvas.text((x, at), &text, look);
                    *free = x + half + 2.0;
                }
            }
        }
        sheet.base_line(area);
    }
}
