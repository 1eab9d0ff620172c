//! Seeded draws: every account has its own streams, so that no account's data depend on another's.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Poisson, StandardNormal};
use rand_pcg::Pcg64;

/// What a stream of draws is for. A new draw in one of them leaves the others as they were.
#[derive(Clone, Copy)]
pub enum Purpose {
    Portfolio = 1,
    Health,
    Contracts,
    Usage,
    Tickets,
    Surveys,
    Milestones,
    Stakeholders,
    Interactions,
    Invoices,
    Dirt,
    Returns,
    Users,
    Integrations,
    Rollouts,
    RolloutTickets,
    Trainings,
    Goals,
    Reviews,
    Opportunities,
    Risks,
    Changes,
    Notes,
    ManualScores,
    Rates,
}

/// Returns the stream of draws that belongs to one account and one purpose.
pub fn stream(seed: u64, number: u32, purpose: Purpose) -> Pcg64 {
    // Odd constants spread neighbouring accounts and purposes over the whole range of seeds.
    let account = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let purpose = (purpose as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
    Pcg64::seed_from_u64(seed ^ account ^ purpose.rotate_left(17))
}

/// Returns true with the given probability, and always uses exactly one draw.
pub fn chance(rng: &mut Pcg64, probability: f64) -> bool {
    uniform(rng) < probability
}

/// Returns a number in [0, 1).
pub fn uniform(rng: &mut Pcg64) -> f64 {
    rng.random::<f64>()
}

/// Returns a number between the two ends.
pub fn between(rng: &mut Pcg64, low: f64, high: f64) -> f64 {
    low + (high - low) * uniform(rng)
}

/// Returns a whole number of days (or other units) between the two ends, both included.
pub fn whole(rng: &mut Pcg64, low: i32, high: i32) -> i32 {
    rng.random_range(low..=high)
}

/// Returns a draw from the standard normal distribution.
pub fn normal(rng: &mut Pcg64) -> f64 {
    StandardNormal.sample(rng)
}

/// Returns a count with the given mean; a mean of zero or less gives zero.
pub fn count(rng: &mut Pcg64, mean: f64) -> u32 {
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(rng) as u32)
}

/// Returns one of the values, each with its share; shares sum to one.
pub fn pick<T: Copy>(rng: &mut Pcg64, values: &[(T, f64)]) -> T {
    let mut left = uniform(rng);
    for &(value, share) in values {
        if left < share {
            return value;
        }
        left -= share;
    }
    values[values.len() - 1].0
}

/// Returns one of the values, all equally likely.
pub fn any<T: Copy>(rng: &mut Pcg64, values: &[T]) -> T {
    values[rng.random_range(0..values.len())]
}
