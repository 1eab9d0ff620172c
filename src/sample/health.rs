//! Latent health: what an account is truly like, month by month, in each of the five categories.

use rand_pcg::Pcg64;

use crate::sample::random::{self, Purpose, stream};
use crate::sample::timeline::{Day, Timeline};

pub const CATEGORIES: [&str; 5] = ["usage", "adoption", "lifecycle", "support", "commercial"];
pub const USAGE: usize = 0;
pub const ADOPTION: usize = 1;
pub const LIFECYCLE: usize = 2;
pub const SUPPORT: usize = 3;
pub const COMMERCIAL: usize = 4;

/// The weights of the model in force, as shipped.
pub const SHIPPED_WEIGHTS: [f64; 5] = [0.30, 0.20, 0.15, 0.20, 0.15];
/// The weights by which health truly decides over a renewal.
pub const TRUE_WEIGHTS: [f64; 5] = [0.10, 0.30, 0.05, 0.45, 0.10];
/// How far a review lets a weight move at once.
pub const STEP_PER_REVIEW: f64 = 0.05;
/// Below this tenure lifecycle matters; above it the other categories share its weight.
pub const LIFECYCLE_DAYS: Day = 180;

/// Over how many months support counts in a decision.
pub const SUPPORT_MONTHS: i32 = 3;

/// How much of a month's standing carries over to the next. Adoption turns slowly, support fast:
/// what support will be at a renewal can be seen only in the last months before it.
pub const PERSISTENCE: [f64; 5] = [0.90, 0.97, 0.90, 0.75, 0.90];
/// The same for the part that all categories have in common.
pub const SHARED_PERSISTENCE: f64 = 0.90;
/// The correlation of the categories with each other.
pub const SHARED: f64 = 0.32;

// A logistic curve gives the left-skewed spread of health: many good accounts, a tail of poor ones.
const CENTRE: f64 = 1.42;
const SPREAD: f64 = 3.15;

/// Months before the first one covered: the earliest decisions look back on them.
const LEAD_IN: i32 = 6;
/// Months after the last one covered, for decisions taken before their contractual date.
const LEAD_OUT: i32 = 4;

pub type Levels = [f64; 5];

/// Health in each month, 0–100, higher is healthier.
pub struct Health {
    months: Vec<Levels>,
}

impl Health {
    /// Draws the path of an ordinary account.
    pub fn drawn(seed: u64, number: u32, timeline: &Timeline) -> Health {
        let mut rng = stream(seed, number, Purpose::Health);
        let mut shared = random::normal(&mut rng);
        let mut own: Levels = std::array::from_fn(|_| random::normal(&mut rng));
        let mut months = Vec::new();
        for _ in -LEAD_IN..timeline.months as i32 + LEAD_OUT {
            months.push(own.map(|own| level(shared, own)));
            shared = next(&mut rng, shared, SHARED_PERSISTENCE);
            own = std::array::from_fn(|category| {
                next(&mut rng, own[category], PERSISTENCE[category])
            });
        }
        Health { months }
    }

    /// Returns a path written by hand: each turn gives months before the end and the level from then on.
    pub fn scripted(turns: &[(u32, Levels)], timeline: &Timeline) -> Health {
        let last = timeline.months as i32 - 1;
        let level_in = |month: i32| {
            let reached = turns
                .iter()
                .rev()
                .find(|turn| last - turn.0 as i32 <= month);
            reached.or(turns.first()).map_or([70.0; 5], |turn| turn.1)
        };
        Health {
            months: (-LEAD_IN..timeline.months as i32 + LEAD_OUT)
                .map(level_in)
                .collect(),
        }
    }

    /// Returns the levels in a month by its number; months out of reach give the nearest one held.
    pub fn in_month(&self, month: i32) -> Levels {
        let last = self.months.len() as i32 - 1;
        self.months[(month + LEAD_IN).clamp(0, last) as usize]
    }

    /// Returns the levels that settle a decision when taken on a day.
    ///
    /// Support counts as it was over some months: customers remember a bad quarter, not a bad week.
    pub fn settled_on(&self, timeline: &Timeline, day: Day) -> Levels {
        let month = timeline.month_of(day);
        let mut levels = self.in_month(month);
        let quarter =
            (month - SUPPORT_MONTHS + 1..=month).map(|month| self.in_month(month)[SUPPORT]);
        levels[SUPPORT] = quarter.sum::<f64>() / f64::from(SUPPORT_MONTHS);
        levels
    }

    /// Returns the levels on a day.
    pub fn on(&self, timeline: &Timeline, day: Day) -> Levels {
        self.in_month(timeline.month_of(day))
    }
}

/// Returns the overall health under the shipped weights.
pub fn overall(levels: &Levels) -> f64 {
    weighted(levels, &SHIPPED_WEIGHTS)
}

/// Returns the overall health under weights that one review has brought nearer to the true ones.
pub fn reviewed(levels: &Levels) -> f64 {
    let step = |category: usize| {
        let distance = TRUE_WEIGHTS[category] - SHIPPED_WEIGHTS[category];
        distance.clamp(-STEP_PER_REVIEW, STEP_PER_REVIEW)
    };
    weighted(
        levels,
        &std::array::from_fn(|category| SHIPPED_WEIGHTS[category] + step(category)),
    )
}

/// Returns the health that truly decides, given the account's tenure in days.
pub fn decisive(levels: &Levels, tenure: Day) -> f64 {
    let mut weights = TRUE_WEIGHTS;
    if tenure >= LIFECYCLE_DAYS {
        weights[LIFECYCLE] = 0.0;
    }
    weighted(levels, &weights)
}

fn weighted(levels: &Levels, weights: &Levels) -> f64 {
    let sum: f64 = levels
        .iter()
        .zip(weights)
        .map(|(level, weight)| level * weight)
        .sum();
    sum / weights.iter().sum::<f64>()
}

fn next(rng: &mut Pcg64, now: f64, persistence: f64) -> f64 {
    persistence * now + (1.0 - persistence * persistence).sqrt() * random::normal(rng)
}

fn level(shared: f64, own: f64) -> f64 {
    let standing = SHARED.sqrt() * shared + (1.0 - SHARED).sqrt() * own;
    100.0 / (1.0 + (-CENTRE - SPREAD * standing).exp())
}
