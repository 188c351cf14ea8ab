//! Mean and deviation of a column's numbers, which need not be in memory together.

/// Numbers that are looked at as one. As many are in memory, and of more what they come to: sums of parts, which are the same however
/// the rows arrive.
const PART: usize = 1 << 15;

/// The most numbers of a sample.
const SAMPLE: usize = 1 << 12;

/// The numbers of a column, in the order of the rows.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Whether all stay in memory, for their median or most frequent one.
    keeps_all: bool,
    recent: Vec<f64>,
    before: Vec<Part>,
    sample: Vec<f64>,
    /// Every so many, a power of two.
    stride: usize,
    count: usize,
}

/// What a part of the numbers comes to.
#[derive(Debug, Clone, Copy)]
struct Part {
    count: usize,
    first: f64,
    mean: f64,
    /// 0 where all are the same.
    deviation: f64,
}

impl Numbers {
    pub(super) fn new(keeps_all: bool) -> Self {
        Numbers {
            keeps_all,
            stride: 1,
            ..Numbers::default()
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn extend(&mut self, numbers: &[f64]) {
        // Every so many of all, wherever these begin.
        let mut next = self.count.next_multiple_of(self.stride) - self.count;
        while next < numbers.len() {
            self.sample.push(numbers[next]);
            next += self.stride;
            if self.sample.len() > SAMPLE {
                let mut place = 0;
                self.sample.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
                let count = self.count + next;
                next = count.next_multiple_of(self.stride) - self.count;
            }
        }
        self.count += numbers.len();
        self.recent.extend_from_slice(numbers);
        while !self.keeps_all && self.recent.len() > PART {
            self.before.push(Part::of(&self.recent[..PART]));
            self.recent.drain(..PART);
        }
    }

    /// Adds the same number so many times.
    pub(super) fn fill(&mut self, number: f64, count: usize) {
        match self.before.is_empty() {
            true => self.recent.resize(self.recent.len() + count, number),
            false if count > 0 => self.before.push(Part {
                count,
                first: number,
                mean: number,
                deviation: 0.0,
            }),
            false => {}
        }
    }

    /// Some of them from all over, in no order.
    pub(super) fn sample(&self) -> &[f64] {
        &self.sample
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        let recent = (!self.recent.is_empty()).then(|| Part::of(&self.recent));
        self.before.iter().copied().chain(recent)
    }

    /// Whether all are the same.
    pub(super) fn are_the_same(&self) -> bool {
        let mut parts = self.parts();
        let Some(first) = parts.next() else {
            return true;
        };
        first.deviation == 0.0
            && parts.all(|part| part.deviation == 0.0 && part.first == first.first)
    }

    pub(super) fn mean(&self) -> f64 {
        if self.before.is_empty() {
            return mean(&self.recent);
        }
        let parts: Vec<Part> = self.parts().collect();
        let count: usize = parts.iter().map(|part| part.count).sum();
        let share = |part: &Part| part.mean * (part.count as f64 / count as f64);
        parts.iter().map(share).sum()
    }

    /// Mean and standard deviation (of the population); the deviation is 1 where all are the same, and where there is none.
    pub(super) fn mean_and_deviation(&self) -> (f64, f64) {
        if self.before.is_empty() {
            return mean_and_deviation(&self.recent);
        }
        if self.are_the_same() {
            return (self.before[0].first, 1.0);
        }
        let mean = self.mean();
        let parts: Vec<Part> = self.parts().collect();
        let count: usize = parts.iter().map(|part| part.count).sum();
        let sizes = |part: &Part| [part.deviation, (part.mean - mean).abs()];
        let largest = parts.iter().flat_map(sizes).fold(0.0, f64::max);
        let squares = |part: &Part| {
            let [within, between] = sizes(part).map(|size| (size / largest).powi(2));
            (within + between) * (part.count as f64 / count as f64)
        };
        let variance: f64 = parts.iter().map(squares).sum();
        (mean, largest * variance.sqrt())
    }

    /// See [`median_and_range`]. All are in memory.
    pub(super) fn median_and_range(&self) -> (f64, f64) {
        median_and_range(&self.recent)
    }

    /// All are in memory.
    pub(super) fn median(&self) -> f64 {
        quantile(&sorted(&self.recent), 0.5)
    }

    /// The smallest of the most frequent ones. All are in memory.
    pub(super) fn most_frequent(&self) -> f64 {
        let sorted = sorted(&self.recent);
        let runs = sorted.chunk_by(|a, b| a == b);
        let longest = runs.rev().max_by_key(|run| run.len()); // of equals, `max_by_key` takes the last
        longest.map_or(f64::NAN, |run| run[0])
    }
}

impl Part {
    fn of(numbers: &[f64]) -> Self {
        let first = numbers[0];
        let (mean, deviation) = mean_and_deviation(numbers);
        let are_the_same = numbers.iter().all(|number| *number == first);
        Part {
            count: numbers.len(),
            first,
            mean,
            deviation: if are_the_same { 0.0 } else { deviation },
        }
    }
}

/// Mean and standard deviation (of the population); the deviation is 1 where all numbers are the same,
/// so that `(number - mean) / deviation` is exactly 0, and where there is none.
pub(super) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let Some(&first) = numbers.first() else {
        return (0.0, 1.0);
    };
    if numbers.iter().all(|number| *number == first) {
        return (first, 1.0);
    }
    let mean = mean(numbers);
    // Squares of differences that are as large as 1 neither overflow nor vanish.
    let largest = numbers
        .iter()
        .map(|number| (number - mean).abs())
        .fold(0.0, f64::max);
    let squares: f64 = numbers
        .iter()
        .map(|number| ((number - mean) / largest).powi(2))
        .sum();
    (mean, largest * (squares / numbers.len() as f64).sqrt())
}

/// Median and interquartile range; where that is 0, half of the whole range, and 1 where all numbers are the same or there is none
/// (Holzmuller et al. 2024, RealMLP).
pub(super) fn median_and_range(numbers: &[f64]) -> (f64, f64) {
    let Some(&first) = numbers.first() else {
        return (0.0, 1.0);
    };
    let sorted = sorted(numbers);
    let range = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
    let whole = sorted[sorted.len() - 1] - sorted[0];
    match (range > 0.0, whole > 0.0) {
        (true, _) => (quantile(&sorted, 0.5), range),
        (false, true) => (quantile(&sorted, 0.5), whole / 2.0),
        (false, false) => (first, 1.0),
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The quantile of sorted numbers, between two of them in proportion, as NumPy has it by default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_many_numbers_come_to_what_all_of_them_do() {
        let numbers: Vec<f64> = (0..3 * PART + 17)
            .map(|k| 1e6 + ((k * 7919) % 10_007) as f64 * 0.37)
            .collect();
        let mut parts = Numbers::new(false);
        numbers.chunks(1_001).for_each(|some| parts.extend(some));
        let mut whole = Numbers::new(true);
        whole.extend(&numbers);
        for count in [0, 1_000] {
            parts.fill(parts.mean(), count);
            whole.fill(whole.mean(), count);
            let ((mean, deviation), (expected, spread)) =
                (parts.mean_and_deviation(), whole.mean_and_deviation());
            assert!((mean - expected).abs() < 1e-12 * expected.abs(), "{mean}");
            assert!((deviation - spread).abs() < 1e-10 * spread, "{deviation}");
        }
        assert!(!parts.are_the_same() && parts.sample().len() > SAMPLE / 2);
        let mut same = Numbers::new(false);
        (0..5).for_each(|_| same.extend(&[0.1; PART / 2]));
        assert_eq!(
            (same.are_the_same(), same.mean_and_deviation()),
            (true, (0.1, 1.0))
        );
    }

    #[test]
    fn parts_do_not_depend_on_how_the_numbers_arrive() {
        let numbers: Vec<f64> = (0..2 * PART + 5).map(|k| (k as f64).sin()).collect();
        let read = |chunk: usize| {
            let mut read = Numbers::new(false);
            numbers.chunks(chunk).for_each(|some| read.extend(some));
            let (mean, deviation) = read.mean_and_deviation();
            (mean.to_bits(), deviation.to_bits(), read.sample().to_vec())
        };
        assert!(
            [1, 777, PART, numbers.len()]
                .into_iter()
                .all(|chunk| read(chunk) == read(64))
        );
    }
}
