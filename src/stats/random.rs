//! Seeded random numbers whose values never change with a library's version.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{RngCore, SeedableRng};

/// A generator that belongs to one task of one seed.
///
/// Each resample, permutation or simulation has its own, so results do not depend on which
/// thread runs it.
pub(super) struct Random(Pcg64);

impl Random {
    /// Returns the generator of the `task`-th task under `seed`.
    pub(super) fn new(seed: u64, task: u64) -> Self {
        // PCG's own streams are correlated; the seeding mixes the bits of the state instead.
        Self(Pcg64::seed_from_u64(
            seed.wrapping_add(task.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        ))
    }

    /// Returns two numbers in `0..below`, both from one step of the generator.
    ///
    /// The bias of the multiplication is at most `below`/2³².
    pub(super) fn two_below(&mut self, below: u32) -> (u32, u32) {
        let bits = self.0.next_u64();
        let scale = |half: u64| ((half * u64::from(below)) >> 32) as u32;
        (scale(bits >> 32), scale(bits & 0xFFFF_FFFF))
    }

    /// Returns a number in `0..below`.
    pub(super) fn below(&mut self, below: usize) -> usize {
        ((u128::from(self.0.next_u64()) * below as u128) >> 64) as usize
    }

    /// Returns a number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
