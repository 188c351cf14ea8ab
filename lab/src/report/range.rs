//! What an axis reaches from and to.

/// The least that a logarithmic axis shows: the library takes what is smaller for 1e-10.
pub(super) const LEAST_LOGARITHMIC: f64 = 1e-9;

/// From the smallest value that is shown to the largest, which differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// Of the finite values; none if there is none. Of one value, or of values that are equal, a range around it.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        // Beyond, there is nothing to see, and the ticks of an axis lose their meaning.
        let finite = values.into_iter().filter(|value| value.abs() < 1e15);
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (value.min(low), value.max(high))
        });
        if low > high {
            return None;
        }
        let least = 1e-9 * low.abs().max(high.abs()).max(1e-6);
        if high - low > least {
            return Some(Range { low, high });
        }
        let half = if low == 0.0 { 0.5 } else { 0.5 * low.abs() };
        Some(Range {
            low: low - half,
            high: high + half,
        })
    }

    /// With 0, where everything is above it or below it.
    pub(super) fn with_zero(self) -> Self {
        Range {
            low: self.low.min(0.0),
            high: self.high.max(0.0),
        }
    }

    /// With a share of its width added at either end.
    pub(super) fn widened(self, low: f64, high: f64) -> Self {
        let width = self.high - self.low;
        Range {
            low: self.low - low * width,
            high: self.high + high * width,
        }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Range {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// Whether its ends are more than this factor apart, so that what is low in it is seen on a logarithmic axis
    /// alone, and that axis shows all of it.
    pub(super) fn spans(self, times: f64) -> bool {
        self.low >= LEAST_LOGARITHMIC && self.high / self.low > times
    }

    /// With a share of its width on a logarithmic axis added at either end. Both ends are above 0.
    pub(super) fn widened_logarithmically(self, share: f64) -> Self {
        let powers = Range {
            low: self.low.log10(),
            high: self.high.log10(),
        };
        let powers = powers.widened(share, share);
        Range {
            low: 10_f64.powf(powers.low),
            high: 10_f64.powf(powers.high),
        }
    }

    /// One range for charts side by side, so that they can be compared; none if one of them would be squashed in
    /// it.
    pub(super) fn shared(ranges: &[Range]) -> Option<Range> {
        let all = ranges.iter().copied().reduce(Range::with)?;
        let smallest = ranges
            .iter()
            .map(|range| range.high - range.low)
            .fold(f64::INFINITY, f64::min);
        (all.high - all.low <= 6.0 * smallest).then_some(all)
    }
}
