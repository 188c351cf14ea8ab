//! Values that may not be what they look like: marks of missing values among numbers, slips, zeros that a number loses.

use super::rows::Spot;
use crate::data::cell::shown;

/// So many times the interquartile range (or the median, if that is more) from the median, a number is hardly one of the others.
const FAR: f64 = 1_000.0;

/// Fewer numbers than this have no range to speak of.
const FEWEST: usize = 10;

/// The numbers of a column that are the first and last in size, and what it has of zeros that numbers lose.
///
/// `S` says where a number is; a [`Spot`] is made of it when it is known which numbers are the last in size.
#[derive(Debug)]
pub(super) struct Extremes<S = Spot> {
    count: usize,
    lowest: Option<End<S>>,
    highest: Option<End<S>>,
    /// How many texts such as `02139` there are, and the first.
    zeros: Option<(usize, S)>,
}

/// The number at one end.
#[derive(Debug)]
struct End<S> {
    number: f64,
    count: usize,
    first: S,
    /// The number that is the end without it.
    next: Option<f64>,
}

impl<S> Default for Extremes<S> {
    fn default() -> Self {
        Extremes {
            count: 0,
            lowest: None,
            highest: None,
            zeros: None,
        }
    }
}

impl Extremes<usize> {
    /// Those of numbers, each known by its place; NaN is none.
    pub(super) fn of(numbers: &[f64]) -> Self {
        Extremes {
            count: numbers.iter().filter(|number| !number.is_nan()).count(),
            lowest: End::of(numbers, f64::INFINITY, |a, b| a < b),
            highest: End::of(numbers, f64::NEG_INFINITY, |a, b| a > b),
            zeros: None,
        }
    }
}

impl<S: Copy> Extremes<S> {
    /// The same with what can be said of each.
    pub(super) fn spotted(self, spot: impl Fn(S) -> Spot) -> Extremes {
        let of_end = |end: End<S>| End {
            number: end.number,
            count: end.count,
            first: spot(end.first),
            next: end.next,
        };
        Extremes {
            count: self.count,
            lowest: self.lowest.map(of_end),
            highest: self.highest.map(of_end),
            zeros: self.zeros.map(|(count, first)| (count, spot(first))),
        }
    }
}

/// Whether a text such as `02139` would be another as a number.
pub(super) fn loses_zeros(text: &str) -> bool {
    let digits = || text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() > 1 && text.starts_with('0') && digits()
}

impl Extremes {
    /// Takes notice of a number that loses zeros, after all before it.
    pub(super) fn add_zeros(&mut self, spot: impl FnOnce() -> Spot) {
        self.zeros.get_or_insert_with(|| (0, spot())).0 += 1;
    }

    /// Adds those of rows that come after these.
    pub(super) fn extend(&mut self, others: Extremes) {
        self.count += others.count;
        End::extend(&mut self.lowest, others.lowest, |a, b| a < b);
        End::extend(&mut self.highest, others.highest, |a, b| a > b);
        self.zeros = match (self.zeros.take(), others.zeros) {
            (Some((count, first)), Some((more, _))) => Some((count + more, first)),
            (own, other) => own.or(other),
        };
    }

    /// Codes such as `02139`, all of one length, lose their zeros as numbers.
    pub(super) fn leading_zeros(&self, column: &str) -> Option<String> {
        let (count, first) = self.zeros.as_ref()?;
        Some(format!(
            "`{}` has {count} values with zeros in front, such as `{}` ({}), which numbers lose; if they are codes, name the column \
             in `categorical` in `[data]`",
            shown(column),
            shown(&first.text),
            first.place
        ))
    }

    /// Numbers of a column that are far from all others, a sentence each; `sample` is some of its numbers.
    pub(super) fn far_off(&self, column: &str, sample: &[f64]) -> Vec<String> {
        let note = |(end, is_mark): (&End<Spot>, bool)| {
            let (text, place) = (shown(&end.first.text), &end.first.place);
            let times = match end.count {
                1 => "once,".to_owned(),
                many => format!("{many} times, first"),
            };
            let fix = match is_mark {
                true => format!(
                    "if it stands for a missing value, add \"{text}\" to `missing_values` in `[data]`"
                ),
                false => "if it is a slip, correct it; `scaling = \"robust\"` in `[data]` bears it"
                    .to_owned(),
            };
            let name = shown(column);
            format!("`{name}` has {text} ({times} {place}), far from its other values; {fix}")
        };
        self.outside(sample).into_iter().map(note).collect()
    }

    /// Numbers far from all others, and whether each looks like a mark of a missing value, all nines.
    fn outside(&self, sample: &[f64]) -> Vec<(&End<Spot>, bool)> {
        let mut found: Vec<(&End<Spot>, bool)> = Vec::new();
        let (Some(lowest), Some(highest)) = (&self.lowest, &self.highest) else {
            return found;
        };
        if self.count < FEWEST || sample.is_empty() {
            return found;
        }
        for (mark, other) in [(lowest, highest), (highest, lowest)] {
            // The others without it, and how far it is from them.
            let Some(next) = mark.next.filter(|_| is_nines(mark.number)) else {
                continue;
            };
            let gap = (next - mark.number).abs();
            if gap.is_finite() && gap > (other.number - next).abs() {
                found.push((mark, true));
            }
        }
        let mut sample = sample.to_vec();
        let mut quantile = |share: usize| {
            let place = share * (sample.len() - 1) / 4;
            *sample.select_nth_unstable_by(place, f64::total_cmp).1
        };
        let [quarter, median, three_quarters] = [quantile(1), quantile(2), quantile(3)];
        let scale = (three_quarters - quarter).max(median.abs());
        for slip in [lowest, highest] {
            let is_known = found.iter().any(|(end, _)| end.number == slip.number);
            if scale > 0.0 && (slip.number - median).abs() > FAR * scale && !is_known {
                found.push((slip, false));
            }
        }
        found
    }
}

impl End<usize> {
    /// That of numbers, which are all beyond a `limit`; NaN is none.
    fn of(numbers: &[f64], limit: f64, is_beyond: impl Fn(f64, f64) -> bool) -> Option<Self> {
        let farther = |end, number| if is_beyond(number, end) { number } else { end };
        let number = fold(numbers, limit, farther);
        let next = fold(numbers, limit, |next, other| {
            if other == number {
                next
            } else {
                farther(next, other)
            }
        });
        Some(End {
            number,
            count: numbers.iter().filter(|other| **other == number).count(),
            first: numbers.iter().position(|other| *other == number)?,
            next: (next != limit).then_some(next),
        })
    }
}

/// What numbers come to where their order does not count, several at once.
fn fold(numbers: &[f64], start: f64, and: impl Fn(f64, f64) -> f64) -> f64 {
    let (eights, rest) = numbers.as_chunks::<8>();
    let mut ends = [start; 8];
    for eight in eights {
        for (end, number) in ends.iter_mut().zip(eight) {
            *end = and(*end, *number);
        }
    }
    ends.iter()
        .chain(rest)
        .fold(start, |end, number| and(end, *number))
}

impl<S> End<S> {
    /// Takes notice of a number that is not as far out.
    fn pass(&mut self, number: f64, is_beyond: impl Fn(f64, f64) -> bool) {
        if self.next.is_none_or(|next| is_beyond(number, next)) {
            self.next = Some(number);
        }
    }

    fn extend(end: &mut Option<Self>, other: Option<Self>, is_beyond: impl Fn(f64, f64) -> bool) {
        let Some(mut other) = other else {
            return;
        };
        let Some(own) = end.as_mut() else {
            *end = Some(other);
            return;
        };
        if own.number == other.number {
            own.count += other.count;
        } else if is_beyond(other.number, own.number) {
            std::mem::swap(own, &mut other);
            own.pass(other.number, &is_beyond);
        } else {
            own.pass(other.number, &is_beyond);
        }
        if let Some(next) = other.next {
            own.pass(next, is_beyond);
        }
    }
}

/// 99, -999, 9999 and their like.
fn is_nines(number: f64) -> bool {
    let size = number.abs();
    (99.0..1e12).contains(&size)
        && size.fract() == 0.0
        && format!("{size}").bytes().all(|digit| digit == b'9')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cell::NumberStyle;
    use crate::data::table::packed::{Block, Form};
    use crate::data::table::{Head, RawTable};

    #[test]
    fn marks_and_slips_are_found_and_wide_ranges_are_not() {
        let head = Head::new("x.csv", vec!["x".to_owned()], "line", 1).expect("a head");
        let mut table = RawTable::new(&std::sync::Arc::new(head));
        table.push(2, ["1"].into_iter());
        let block = Block::pack(&table, &Form::new(NumberStyle::default(), &[]));
        let outside = |numbers: &[f64]| -> Vec<(f64, bool)> {
            // In two parts, the second of which may hold what is far off.
            let (one, other) = numbers.split_at(numbers.len() / 2);
            let [mut first, second] =
                [one, other].map(|half| Extremes::of(half).spotted(|_| Spot::of(&block, 0, 0)));
            first.extend(second);
            let found = first.outside(numbers);
            found
                .iter()
                .map(|(end, is_mark)| (end.number, *is_mark))
                .collect()
        };
        let temperatures: Vec<f64> = (0..50).map(|k| f64::from(k % 30) - 5.0).collect();
        let with = |more: &[f64]| outside(&[&temperatures[..], more].concat());
        assert_eq!(with(&[]), []);
        assert_eq!(with(&[-999.0, -999.0]), [(-999.0, true)]);
        assert_eq!(with(&[9_999.0]), [(9_999.0, true)]);
        assert_eq!(with(&[1e30]), [(1e30, false)]);
        assert_eq!(with(&[99.0, 60.0]), []);
        assert_eq!(with(&[150.0]), []);
        let ones_and_a_slip: Vec<f64> = [vec![1.0; 40], vec![1e30]].concat();
        assert_eq!(outside(&ones_and_a_slip), [(1e30, false)]);
        let incomes: Vec<f64> = (0..500).map(|k| 1e4 * f64::from(k + 1).powf(1.5)).collect();
        assert_eq!(outside(&incomes), []);
        let counts: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(outside(&counts), []);
    }
}
