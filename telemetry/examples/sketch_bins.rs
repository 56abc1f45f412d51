//! Shows that the latency sketch bins alike on the server and in the browser (`cargo xtask test wasm`).
//!
//! Run natively it prints a table, one line `<bits of the latency in hex> <bin>` per value. Compiled for wasm as a
//! `cdylib` it exports `sketch_bin`, which Node asks about the same values.
#![allow(unsafe_code, reason = "an exported function needs its plain name; nothing in it is unsafe")]

use telemetry::sketch::{BINS_PER_DOUBLING, bin_of};

/// The bin of a latency in milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn sketch_bin(latency_ms: f64) -> i32 {
    bin_of(latency_ms)
}

/// Lines of the table; separate from `main`, which a `cdylib` does not use.
pub fn table() -> String {
    let lines = latencies().map(|latency| format!("{:016x} {}\n", latency.to_bits(), bin_of(latency)));
    lines.collect()
}

/// Zero, the extremes, the neighbourhood of every bin's boundary that occurs, and many values between.
fn latencies() -> impl Iterator<Item = f64> {
    let special =
        [0.0, f64::MIN_POSITIVE, 5e-324, 1e-9, 0.1, 1.0 / 3.0, 1.0, 1e3, 86_400_000.0, 1e15, f64::MAX];
    let boundaries = (-22 * BINS_PER_DOUBLING..39 * BINS_PER_DOUBLING).flat_map(|bin| {
        let boundary = (f64::from(bin) / f64::from(BINS_PER_DOUBLING)).exp2();
        // exp2 may be off by a bit or two: both sides of the boundary are among these
        (-4_i64..=4).map(move |step| f64::from_bits(boundary.to_bits().wrapping_add_signed(step)))
    });
    // multiplicative congruential generator: the same values in every run
    let between = (0..20_000).scan(0x2545_f491_4f6c_dd1d_u64, |state, _| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let exponent = (*state >> 58) as i32 - 24;
        Some((1.0 + (*state >> 11) as f64 / (1_u64 << 53) as f64) * f64::from(exponent).exp2())
    });
    special.into_iter().chain(boundaries).chain(between)
}

#[allow(dead_code, reason = "unused where this is compiled as a cdylib")]
fn main() {
    print!("{}", table());
}
