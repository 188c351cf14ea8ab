//! What an axis reaches from and to.

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

    /// One range for charts side by side, so that they can be compared; none if one of them would be squashed in it.
    pub(super) fn shared(ranges: &[Range]) -> Option<Range> {
        let all = ranges.iter().copied().reduce(Range::with)?;
        let smallest = ranges
            .iter()
            .map(|range| range.high - range.low)
            .fold(f64::INFINITY, f64::min);
        (all.high - all.low <= 6.0 * smallest).then_some(all)
    }
}
