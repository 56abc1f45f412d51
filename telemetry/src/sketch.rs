//! Counts latencies in bins of fixed relative width, so that percentiles can be read from sums of counts.
//!
//! Merging adds counts, exactly and in any order, and a percentile is within 0.55 % ([`RELATIVE_ERROR`]) of the
//! one that sorting all values would give. The same value falls into the same bin on every machine, wasm
//! included: binning compares integers and computes nothing in floating point.
//!
//! The bins are those of OpenTelemetry's base-2 exponential histogram at scale 6, lower bound included: bin `b`
//! holds `γ^b ≤ ms < γ^(b+1)` with `γ = 2^(1/64)`. Between 2^-20 ms (about 1 ns) and 2^37 ms (about 4 years) that
//! holds as it stands; what is smaller or larger counts in the lowest or the highest bin, and zero has its own.

mod sum;

pub use sum::SketchSum;

/// Bins per doubling of the latency: `2^scale` of the exponential histogram, scale 6.
pub const BINS_PER_DOUBLING: i32 = 64;

/// The bin of a latency of zero. Lower than every other bin.
pub const ZERO_BIN: i32 = i32::MIN;

/// The lowest bin: starts at 2^-20 ms and also takes every smaller value above zero.
pub const MIN_BIN: i32 = -20 * BINS_PER_DOUBLING;

/// The highest bin: ends at 2^37 ms and also takes every larger value.
pub const MAX_BIN: i32 = 37 * BINS_PER_DOUBLING - 1;

/// An [`estimate`] is off by at most this part of the true value: `(γ − 1) / (γ + 1)`, rounded up.
pub const RELATIVE_ERROR: f64 = 0.005_416;

const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const EXPONENT_BIAS: i32 = 1023;

/// The 52 mantissa bits of 2^(i/64), correctly rounded: where bin i of a doubling starts.
#[rustfmt::skip]
const STARTS: [u64; 64] = [
    0x0_0000_0000_0000, 0x0_2c9a_3e77_8061, 0x0_59b0_d315_8574, 0x0_8745_1875_9bc8,
    0x0_b558_6cf9_890f, 0x0_e3ec_32d3_d1a2, 0x1_1301_d012_5b51, 0x1_429a_aea9_2de0,
    0x1_72b8_3c7d_517b, 0x1_a35b_eb6f_cb75, 0x1_d487_3168_b9aa, 0x2_063b_8862_8cd6,
    0x2_387a_6e75_6238, 0x2_6b45_65e2_7cdd, 0x2_9e9d_f51f_dee1, 0x2_d285_a6e4_030b,
    0x3_06fe_0a31_b715, 0x3_3c08_b264_16ff, 0x3_71a7_373a_a9cb, 0x3_a7db_34e5_9ff7,
    0x3_dea6_4c12_3422, 0x4_160a_21f7_2e2a, 0x4_4e08_6061_892d, 0x4_86a2_b5c1_3cd0,
    0x4_bfda_d536_2a27, 0x4_f9b2_769d_2ca7, 0x5_342b_569d_4f82, 0x5_6f47_36b5_27da,
    0x5_ab07_dd48_5429, 0x5_e76f_15ad_2148, 0x6_247e_b03a_5585, 0x6_6238_8255_2225,
    0x6_a09e_667f_3bcd, 0x6_dfb2_3c65_1a2f, 0x7_1f75_e8ec_5f74, 0x7_5feb_5642_67c9,
    0x7_a114_73eb_0187, 0x7_e2f3_36cf_4e62, 0x8_2589_994c_ce13, 0x8_68d9_9b44_92ed,
    0x8_ace5_422a_a0db, 0x8_f1ae_9915_7736, 0x9_3737_b0cd_c5e5, 0x9_7d82_9fde_4e50,
    0x9_c491_82a3_f090, 0xa_0c66_7b5d_e565, 0xa_5503_b23e_255d, 0xa_9e6b_5579_fdbf,
    0xa_e89f_995a_d3ad, 0xb_33a2_b84f_15fb, 0xb_7f76_f2fb_5e47, 0xb_cc1e_904b_c1d2,
    0xc_199b_dd85_529c, 0xc_67f1_2e57_d14b, 0xc_b720_dcef_9069, 0xd_072d_4a07_897c,
    0xd_5818_dcfb_a487, 0xd_a9e6_03db_3285, 0xd_fc97_337b_9b5f, 0xe_502e_e78b_3ff6,
    0xe_a4af_a2a4_90da, 0xe_fa1b_ee61_5a27, 0xf_5076_5b6e_4540, 0xf_a7c1_819e_90d8,
];

/// For the top six mantissa bits: the first bin that a value with these bits can be in. A sixty-fourth of a
/// doubling spans at most 1.45 bins, so the true bin is this one or one of the next two.
const FIRST_GUESS: [u8; 64] = {
    let mut table = [0; 64];
    let mut top = 0;
    while top < 64 {
        let lowest = (top as u64) << (MANTISSA_BITS - 6);
        let mut bin = 0;
        while bin < 63 && STARTS[bin + 1] <= lowest {
            bin += 1;
        }
        table[top] = bin as u8;
        top += 1;
    }
    table
};

/// The bin of a latency in milliseconds: [`ZERO_BIN`], or `MIN_BIN..=MAX_BIN`. Greater latencies never have lower
/// bins. Validation lets neither negative values nor NaN come here; should one come, it counts as zero.
#[inline]
pub fn bin_of(latency_ms: f64) -> i32 {
    if latency_ms <= 0.0 || latency_ms.is_nan() {
        return ZERO_BIN;
    }
    let bits = latency_ms.to_bits();
    // Subnormal numbers and infinity have exponents beyond either end, so they need no case of their own.
    let exponent = (bits >> MANTISSA_BITS) as i32 - EXPONENT_BIAS;
    let mantissa = bits & MANTISSA;
    let guess = usize::from(FIRST_GUESS[(mantissa >> (MANTISSA_BITS - 6)) as usize]);
    let past_next = i32::from(guess < 63 && mantissa >= STARTS[(guess + 1) & 63]);
    let past_second = i32::from(guess < 62 && mantissa >= STARTS[(guess + 2) & 63]);
    let bin = exponent * BINS_PER_DOUBLING + guess as i32 + past_next + past_second;
    bin.clamp(MIN_BIN, MAX_BIN)
}

/// The milliseconds that a bin spans, `lower ≤ ms < upper`; `(0, 0)` for [`ZERO_BIN`]. A number that is no bin is
/// read as the nearest one.
pub fn bounds(bin: i32) -> (f64, f64) {
    if bin == ZERO_BIN {
        return (0.0, 0.0);
    }
    let bin = bin.clamp(MIN_BIN, MAX_BIN);
    (start_of(bin), start_of(bin + 1))
}

fn start_of(bin: i32) -> f64 {
    let exponent = (bin.div_euclid(BINS_PER_DOUBLING) + EXPONENT_BIAS) as u64;
    f64::from_bits(exponent << MANTISSA_BITS | STARTS[bin.rem_euclid(BINS_PER_DOUBLING) as usize])
}

/// The latency in milliseconds that stands for all of a bin: `2·lower·upper / (lower + upper)`, whose relative
/// error is the same at both ends and nowhere greater: `(γ − 1) / (γ + 1)`. It is the estimate of DDSketch (Masson,
/// Rim, Lee: "DDSketch", PVLDB 12(12), 2019, section 2.1).
pub fn estimate(bin: i32) -> f64 {
    let (lower, upper) = bounds(bin);
    if upper == 0.0 { 0.0 } else { 2.0 * lower * upper / (lower + upper) }
}

/// Why a blob is not a sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SketchError {
    /// Written by a version that this one does not know.
    #[error("unknown sketch version {0}")]
    Version(u8),
    #[error("the sketch ends early")]
    Truncated,
    #[error("the sketch has bytes after its end")]
    Trailing,
    /// A number is longer than it has to be, or does not fit 64 bits.
    #[error("a number in the sketch is malformed")]
    Number,
    /// A bin is outside the scale or not above the one before it.
    #[error("a bin of the sketch is out of range or out of order")]
    Bin,
    /// A bin is there although it counts nothing.
    #[error("a bin of the sketch is empty")]
    Empty,
}

/// How many latencies fell into which bin.
///
/// Only bins that count something take space: ten bytes each. Counts stop at `u64::MAX` instead of wrapping, which
/// keeps merging independent of order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Ascending. Two arrays, because the search then reads two bytes a step.
    bins: Vec<i16>,
    /// Beside `bins`; never zero.
    counts: Vec<u64>,
    zeros: u64,
    /// Of all bins and `zeros`.
    total: u64,
}

/// The first byte of a blob.
const VERSION: u8 = 1;

impl Sketch {
    pub const fn new() -> Self {
        Self { bins: Vec::new(), counts: Vec::new(), zeros: 0, total: 0 }
    }

    /// Counts one latency, in milliseconds.
    #[inline]
    pub fn add(&mut self, latency_ms: f64) {
        self.add_n(bin_of(latency_ms), 1);
    }

    /// Counts `n` latencies in a bin of [`bin_of`]. A number that is no bin is read as the nearest one.
    #[inline]
    pub fn add_n(&mut self, bin: i32, n: u64) {
        if n == 0 {
            return;
        }
        self.total = self.total.saturating_add(n);
        if bin == ZERO_BIN {
            self.zeros = self.zeros.saturating_add(n);
            return;
        }
        let bin = bin.clamp(MIN_BIN, MAX_BIN) as i16;
        match self.bins.binary_search(&bin) {
            Ok(at) => self.counts[at] = self.counts[at].saturating_add(n),
            Err(at) => {
                self.bins.insert(at, bin);
                self.counts.insert(at, n);
            }
        }
    }

    /// Adds all counts of `other`. Exact, and the same in whatever order sketches are merged.
    pub fn merge(&mut self, other: &Self) {
        // A few values into many bins: searching beats rewriting.
        if other.bins.len() * 8 <= self.bins.len() {
            for (bin, n) in other.bins() {
                self.add_n(bin, n);
            }
            return;
        }
        let mut merging = Merging::into(self, other.bins.len());
        for (&bin, &n) in other.bins.iter().zip(&other.counts) {
            merging.push(bin, n);
        }
        *self = merging.finish(other.zeros);
    }

    /// Adds all counts of an encoded sketch, without building that one.
    ///
    /// # Errors
    /// As [`Sketch::decode`]; then nothing was added.
    pub fn merge_encoded(&mut self, blob: &[u8]) -> Result<(), SketchError> {
        let mut reader = Reader::open(blob)?;
        let mut merging = Merging::into(self, reader.bins_left);
        while let Some((bin, n)) = reader.next_bin()? {
            merging.push(bin, n);
        }
        *self = merging.finish(reader.zeros);
        Ok(())
    }

    /// How many latencies were counted.
    pub const fn count(&self) -> u64 {
        self.total
    }

    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The latency in milliseconds that `p` percent of the values do not exceed, by nearest rank: the value at place
    /// `ceil(p/100 · count)` of the sorted values, at least the first; within [`RELATIVE_ERROR`] of it. `None` where
    /// nothing was counted. `p` is taken at six decimals and between 0 and 100; NaN reads as 0.
    pub fn percentile(&self, p: f64) -> Option<f64> {
        percentile(p, self.total, self.bins())
    }

    /// Every bin that counts something with its count, ascending, [`ZERO_BIN`] first.
    pub fn bins(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let zeros = (self.zeros > 0).then_some((ZERO_BIN, self.zeros));
        let others = self.bins.iter().zip(&self.counts).map(|(&bin, &n)| (i32::from(bin), n));
        zeros.into_iter().chain(others)
    }

    /// The sketch as bytes: a version, then LEB128 numbers: count of zeros, number of bins, and for each bin its
    /// distance from the one before (the first: its number, zigzag) and its count. Each sketch has one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(4 + 3 * self.bins.len());
        blob.push(VERSION);
        write_number(&mut blob, self.zeros);
        write_number(&mut blob, self.bins.len() as u64);
        let mut before = None;
        for (&bin, &n) in self.bins.iter().zip(&self.counts) {
            write_number(
                &mut blob,
                match before {
                    None => zigzag(bin),
                    Some(before) => bin.abs_diff(before).into(),
                },
            );
            write_number(&mut blob, n);
            before = Some(bin);
        }
        blob
    }

    /// Reads what [`Sketch::encode`] wrote, and only that: what decodes encodes to the same bytes again.
    ///
    /// # Errors
    /// Anything else is a [`SketchError`]; no input makes this panic or allocate more than ten times its size.
    pub fn decode(blob: &[u8]) -> Result<Self, SketchError> {
        let mut sketch = Self::new();
        sketch.merge_encoded(blob)?;
        Ok(sketch)
    }
}

/// The value at the nearest rank of `p` percent in ascending bins that count `total`.
fn percentile(p: f64, total: u64, bins: impl Iterator<Item = (i32, u64)>) -> Option<f64> {
    // In integers: 0.55 · 100 would already be 55.00000000000001 and its ceiling 56.
    const ONE: f64 = 1e6;
    let millionths = (p.clamp(0.0, 100.0) * ONE).round() as u128;
    let rank = (millionths * u128::from(total)).div_ceil(100 * ONE as u128).max(1) as u64;
    let mut seen = 0u64;
    for (bin, n) in bins {
        seen = seen.saturating_add(n);
        if rank <= seen {
            return Some(estimate(bin));
        }
    }
    // Nothing was counted; else the counts add up to the total, at which both sums stop alike.
    None
}

/// A sketch being merged with ascending bins: takes each from whichever side is lower.
struct Merging<'a> {
    from: &'a Sketch,
    next: usize,
    merged: Sketch,
}

impl<'a> Merging<'a> {
    fn into(from: &'a Sketch, more: usize) -> Self {
        let room = from.bins.len() + more;
        let merged = Sketch {
            bins: Vec::with_capacity(room),
            counts: Vec::with_capacity(room),
            zeros: from.zeros,
            total: from.total,
        };
        Self { from, next: 0, merged }
    }

    fn push(&mut self, bin: i16, n: u64) {
        let Self { from, next, merged } = self;
        let mut n_here = n;
        while let Some(&theirs) = from.bins.get(*next)
            && theirs <= bin
        {
            let count = from.counts[*next];
            *next += 1;
            if theirs == bin {
                n_here = n.saturating_add(count);
                break;
            }
            merged.bins.push(theirs);
            merged.counts.push(count);
        }
        merged.bins.push(bin);
        merged.counts.push(n_here);
        merged.total = merged.total.saturating_add(n);
    }

    fn finish(self, zeros: u64) -> Sketch {
        let Self { from, next, mut merged } = self;
        merged.bins.extend_from_slice(&from.bins[next..]);
        merged.counts.extend_from_slice(&from.counts[next..]);
        merged.zeros = merged.zeros.saturating_add(zeros);
        merged.total = merged.total.saturating_add(zeros);
        merged
    }
}

/// An encoded sketch, read bin by bin.
struct Reader<'a> {
    rest: &'a [u8],
    zeros: u64,
    bins_left: usize,
    before: Option<i16>,
}

impl<'a> Reader<'a> {
    fn open(blob: &'a [u8]) -> Result<Self, SketchError> {
        let (&version, mut rest) = blob.split_first().ok_or(SketchError::Truncated)?;
        if version != VERSION {
            return Err(SketchError::Version(version));
        }
        let zeros = read_number(&mut rest)?;
        let bins = read_number(&mut rest)?;
        // A bin takes at least two bytes, so a claim that cannot be true reserves no memory.
        let bins_left = usize::try_from(bins).map_err(|_| SketchError::Truncated)?;
        if bins_left > rest.len() / 2 {
            return Err(SketchError::Truncated);
        }
        Ok(Self { rest, zeros, bins_left, before: None })
    }

    fn next_bin(&mut self) -> Result<Option<(i16, u64)>, SketchError> {
        if self.bins_left == 0 {
            return if self.rest.is_empty() { Ok(None) } else { Err(SketchError::Trailing) };
        }
        self.bins_left -= 1;
        let number = read_number(&mut self.rest)?;
        let bin = match self.before {
            None => Some(unzigzag(number)),
            Some(_) if number == 0 => return Err(SketchError::Bin),
            Some(before) => i64::try_from(number).ok().and_then(|gap| gap.checked_add(before.into())),
        };
        let bin = bin
            .filter(|bin| (i64::from(MIN_BIN)..=i64::from(MAX_BIN)).contains(bin))
            .ok_or(SketchError::Bin)? as i16;
        let count = read_number(&mut self.rest)?;
        if count == 0 {
            return Err(SketchError::Empty);
        }
        self.before = Some(bin);
        Ok(Some((bin, count)))
    }
}

/// 0, −1, 1, −2 … as 0, 1, 2, 3 …
fn zigzag(bin: i16) -> u64 {
    let bin = i64::from(bin);
    ((bin << 1) ^ (bin >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -i64::from(number & 1 == 1)
}

fn write_number(blob: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        blob.push(number as u8 | 0x80);
        number >>= 7;
    }
    blob.push(number as u8);
}

/// Takes one LEB128 number from the front; only the shortest form of it is one.
#[inline]
fn read_number(rest: &mut &[u8]) -> Result<u64, SketchError> {
    match **rest {
        [byte, ref tail @ ..] if byte < 0x80 => {
            *rest = tail;
            Ok(byte.into())
        }
        _ => read_long_number(rest),
    }
}

fn read_long_number(rest: &mut &[u8]) -> Result<u64, SketchError> {
    let mut number = 0;
    for (at, &byte) in rest.iter().enumerate() {
        let shift = 7 * at as u32;
        if shift == 63 && byte > 1 {
            return Err(SketchError::Number);
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            *rest = &rest[at + 1..];
            return if byte == 0 && at > 0 { Err(SketchError::Number) } else { Ok(number) };
        }
    }
    Err(SketchError::Truncated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Latencies as they occur, over the whole scale, and exact bin starts, which sit on an edge.
    fn latency() -> impl Strategy<Value = f64> {
        prop_oneof![
            1 => Just(0.0),
            8 => 0.01..20_000.0,
            4 => (-19.9..36.9).prop_map(f64::exp2),
            2 => (MIN_BIN..=MAX_BIN).prop_map(|bin| bounds(bin).0),
        ]
    }

    fn sketch_of(values: &[f64]) -> Sketch {
        let mut sketch = Sketch::new();
        values.iter().for_each(|&ms| sketch.add(ms));
        sketch
    }

    fn any_sketch() -> impl Strategy<Value = Sketch> {
        let bin = prop_oneof![Just(ZERO_BIN), MIN_BIN..=MAX_BIN];
        let count = prop_oneof![4 => 1..1000u64, 1 => 1..u64::MAX, 1 => Just(u64::MAX)];
        prop::collection::vec((bin, count), 0..60).prop_map(|bins| {
            let mut sketch = Sketch::new();
            bins.into_iter().for_each(|(bin, n)| sketch.add_n(bin, n));
            sketch
        })
    }

    #[test]
    fn the_table_holds_the_powers_of_the_64th_root_of_two() {
        for (i, &mantissa) in STARTS.iter().enumerate() {
            let start = f64::from_bits((EXPONENT_BIAS as u64) << MANTISSA_BITS | mantissa);
            let exact = (i as f64 / 64.0).exp2();
            assert!((start - exact).abs() <= 2.0 * f64::EPSILON, "{i}: {start} {exact}");
        }
    }

    #[test]
    fn a_bin_starts_at_its_lower_bound_and_ends_before_its_upper() {
        for bin in MIN_BIN..=MAX_BIN {
            let (lower, upper) = bounds(bin);
            assert_eq!(bin_of(lower), bin);
            assert_eq!(bin_of(upper.next_down()), bin);
            assert_eq!(bin_of(upper), (bin + 1).min(MAX_BIN));
        }
    }

    #[test]
    fn the_estimate_is_within_the_stated_error_of_both_bounds() {
        for bin in MIN_BIN..=MAX_BIN {
            let (lower, upper) = bounds(bin);
            assert!((estimate(bin) - lower) / lower <= RELATIVE_ERROR);
            assert!((upper - estimate(bin)) / upper <= RELATIVE_ERROR);
        }
    }

    #[test]
    fn odd_numbers_have_bins_too() {
        for zero in [0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(bin_of(zero), ZERO_BIN);
        }
        for tiny in [f64::MIN_POSITIVE, f64::from_bits(1), 1e-9] {
            assert_eq!(bin_of(tiny), MIN_BIN);
        }
        for huge in [f64::MAX, f64::INFINITY, 2f64.powi(37)] {
            assert_eq!(bin_of(huge), MAX_BIN);
        }
        assert_eq!(bin_of(1.0), 0);
        assert_eq!(bin_of(2.0), 64);
        assert_eq!(bounds(ZERO_BIN), (0.0, 0.0));
        assert_eq!(bounds(i32::MAX), bounds(MAX_BIN));
        assert_eq!(bounds(ZERO_BIN + 1), bounds(MIN_BIN));
        assert_eq!(estimate(ZERO_BIN), 0.0);
    }

    #[test]
    fn ranks_are_exact_where_floating_point_would_slip() {
        let mut sketch = Sketch::new();
        sketch.add_n(bin_of(1.0), 55);
        sketch.add_n(bin_of(1000.0), 45);
        assert_eq!(sketch.percentile(55.0), Some(estimate(bin_of(1.0))));
        assert_eq!(sketch.percentile(55.000_001), Some(estimate(bin_of(1000.0))));
    }

    #[test]
    fn an_empty_sketch_has_no_percentile() {
        assert_eq!(Sketch::new().percentile(50.0), None);
        assert_eq!(Sketch::new().encode(), [VERSION, 0, 0]);
        assert_eq!(Sketch::decode(&[VERSION, 0, 0]), Ok(Sketch::new()));
    }

    #[test]
    fn a_percentile_outside_0_to_100_is_the_nearest_one() {
        let sketch = sketch_of(&[1.0, 2.0, 3.0]);
        assert_eq!(sketch.percentile(-5.0), sketch.percentile(0.0));
        assert_eq!(sketch.percentile(200.0), sketch.percentile(100.0));
        assert_eq!(sketch.percentile(f64::NAN), sketch.percentile(0.0));
    }

    #[test]
    fn counts_stop_at_the_maximum() {
        let mut sketch = Sketch::new();
        sketch.add_n(0, u64::MAX);
        sketch.add_n(0, 5);
        sketch.add_n(64, 5);
        assert_eq!(sketch.count(), u64::MAX);
        assert_eq!(sketch.percentile(100.0), Some(estimate(0)));
        assert_eq!(Sketch::decode(&sketch.encode()), Ok(sketch));
    }

    #[test]
    fn the_encoding_never_changes() {
        let blob = [1, 1, 3, 127, 2, 64, 1, 0x80, 0x05, 0x80, 0x01];
        let mut sketch = Sketch::new();
        [(ZERO_BIN, 1), (-64, 2), (0, 1), (640, 128)].into_iter().for_each(|(bin, n)| sketch.add_n(bin, n));
        assert_eq!(sketch.encode(), blob);
        assert_eq!(Sketch::decode(&blob), Ok(sketch));
    }

    #[test]
    fn malformed_blobs_are_refused_by_name() {
        let cases: [(&[u8], SketchError); 12] = [
            (&[], SketchError::Truncated),
            (&[2, 0, 0], SketchError::Version(2)),
            (&[1, 0], SketchError::Truncated),
            (&[1, 0, 0, 0], SketchError::Trailing),
            (&[1, 0, 1, 0], SketchError::Truncated),
            (&[1, 0, 1, 0, 0], SketchError::Empty),
            (&[1, 0, 2, 0, 1, 0, 1], SketchError::Bin),
            (&[1, 0, 1, 0xff, 0xff, 0x03, 1], SketchError::Bin),
            (&[1, 0, 2, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1], SketchError::Bin),
            (&[1, 0x80, 0x00, 0], SketchError::Number),
            (&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0], SketchError::Number),
            (&[1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f], SketchError::Truncated),
        ];
        for (blob, error) in cases {
            assert_eq!(Sketch::decode(blob), Err(error), "{blob:?}");
        }
    }

    #[test]
    fn a_failed_merge_adds_nothing() {
        let mut sketch = sketch_of(&[1.0, 5.0]);
        let before = sketch.clone();
        let mut blob = sketch_of(&[2.0, 3.0]).encode();
        blob.push(0);
        assert_eq!(sketch.merge_encoded(&blob), Err(SketchError::Trailing));
        assert_eq!(sketch, before);
    }

    proptest! {
        #[test]
        fn percentiles_are_near_those_of_the_sorted_values(
            mut values in prop::collection::vec(latency(), 1..400),
            any_p in 0.0..100.0f64,
        ) {
            let sketch = sketch_of(&values);
            values.sort_by(f64::total_cmp);
            for (p, rank) in [
                (0.0, 1),
                (50.0, values.len().div_ceil(2)),
                (95.0, (values.len() * 95).div_ceil(100)),
                (99.0, (values.len() * 99).div_ceil(100)),
                (100.0, values.len()),
            ] {
                let exact = values[rank - 1];
                let read = sketch.percentile(p).unwrap();
                prop_assert!((read - exact).abs() <= exact * RELATIVE_ERROR, "p{p}: {read}, exactly {exact}");
            }
            prop_assert!(sketch.percentile(any_p) <= sketch.percentile(100.0));
            prop_assert_eq!(sketch.count(), values.len() as u64);
        }

        #[test]
        fn every_latency_lies_in_its_bin(ms in latency()) {
            let bin = bin_of(ms);
            let (lower, upper) = bounds(bin);
            prop_assert!(lower <= ms && (ms < upper || ms == 0.0));
        }

        #[test]
        fn greater_latencies_never_have_lower_bins(a in any::<f64>(), b in any::<f64>()) {
            let (a, b) = (a.abs(), b.abs());
            prop_assert!((a <= b && bin_of(a) <= bin_of(b)) || (a >= b && bin_of(a) >= bin_of(b)));
        }

        #[test]
        fn merging_does_not_depend_on_order_or_partition(
            values in prop::collection::vec((latency(), 0..5usize), 0..300),
            mut order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
        ) {
            let whole = sketch_of(&values.iter().map(|&(ms, _)| ms).collect::<Vec<_>>());
            let parts: Vec<Sketch> = (0..5)
                .map(|part| sketch_of(&values.iter().filter(|v| v.1 == part).map(|v| v.0).collect::<Vec<_>>()))
                .collect();
            let mut forward = Sketch::new();
            order.iter().for_each(|&part| forward.merge(&parts[part]));
            order.reverse();
            let mut backward = Sketch::new();
            order.iter().for_each(|&part| backward.merge_encoded(&parts[part].encode()).unwrap());
            prop_assert_eq!(&forward, &whole);
            prop_assert_eq!(&backward, &whole);
        }

        #[test]
        fn merging_does_not_depend_on_order_even_at_the_maximum(a in any_sketch(), b in any_sketch()) {
            let (mut ab, mut ba, mut encoded) = (a.clone(), b.clone(), a.clone());
            ab.merge(&b);
            ba.merge(&a);
            encoded.merge_encoded(&b.encode()).unwrap();
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(&ab, &encoded);
            let sum = a.bins().chain(b.bins()).fold(0u64, |sum, (_, n)| sum.saturating_add(n));
            prop_assert_eq!(ab.count(), sum);
        }

        #[test]
        fn a_sketch_survives_encoding(sketch in any_sketch()) {
            prop_assert_eq!(Sketch::decode(&sketch.encode()), Ok(sketch));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(mut blob in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Sketch::decode(&blob);
            if let Some(first) = blob.first_mut() {
                *first = VERSION;
            }
            if let Ok(sketch) = Sketch::decode(&blob) {
                prop_assert_eq!(sketch.encode(), blob);
            }
        }

        #[test]
        fn a_damaged_sketch_never_panics(sketch in any_sketch(), at in any::<prop::sample::Index>(), to: u8) {
            let mut blob = sketch.encode();
            let at = at.index(blob.len());
            blob[at] = to;
            if let Ok(other) = Sketch::decode(&blob) {
                let _ = other.percentile(99.0);
                prop_assert_eq!(other.encode(), &blob[..]);
            }
            prop_assert!(Sketch::decode(&blob[..at]).is_err());
        }
    }
}
