//! [`Lines`] as a drawing.

use super::axes::{Axes, LOW_TOP};
use super::chart::Chart;
use super::escape::shortened;
use super::ink::{LINE, of_run};
use super::picture::{Picture, TEXT_SIZE, letters};
use super::range::{LEAST_LOGARITHMIC, Range};
use super::words::{number, wrapped};
use super::{Level, LinePoint, LineSeries, Lines};

const SIZE: (f64, f64) = (720.0, 380.0);
/// Letters of a label at the end of a line.
const MOST_LETTERS: usize = 44;
/// The most values of x that have a tick each.
const MOST_TICKS: usize = 16;
/// Where the ends of the upright axis are further apart, it is logarithmic.
const MOST_TIMES: f64 = 10.0;
/// Half the width of an error bar's ends, in pixels.
const END: f64 = 3.0;
/// Distance between the error bars of two lines at the same x, and between the first and the last of many: little
/// enough for lines not to seem to cross.
const BESIDE: f64 = 6.0;
const MOST_BESIDE: f64 = 8.0;

impl Lines {
    /// The figure, ready for every format, the same bytes for the same data.
    #[must_use]
    pub fn to_picture(&self) -> Picture {
        let series: Vec<_> = self.series.iter().map(|found| self.shown(found)).collect();
        let levels: Vec<_> = self
            .levels
            .iter()
            .filter(|level| is_shown(level.value))
            .collect();
        let width = letters(SIZE.0 - 12.0, TEXT_SIZE, 0.56);
        let subtitle = wrapped(&self.subtitle, width);
        let label = |label: &String| shortened(label, MOST_LETTERS);
        let shown = self.series.iter().zip(&series);
        let shown = shown.filter(|(_, points)| !points.is_empty());
        let ends = shown.map(|(series, _)| label(&series.label));
        let (y, is_log_y) = y_range(&series, &levels);
        let mut chart = Chart::new(&Axes {
            title: &self.title,
            subtitle: subtitle.lines().map(str::to_owned).collect(),
            top: LOW_TOP,
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: x_range(&series, self.is_x_logarithmic),
            y,
            is_log_x: self.is_x_logarithmic,
            is_log_y,
            x_ticks: x_ticks(&series, self.is_x_logarithmic),
            ends: ends
                .chain(levels.iter().map(|level| label(&level.label)))
                .collect(),
            size: SIZE,
            ..Axes::default()
        });
        let mut ends = Vec::new();
        for level in levels {
            chart.level(level.value, level.band(), &level.tip());
            ends.push((level.value, label(&level.label), LINE));
        }
        let beside = beside(&chart, &series);
        for (k, (one, points)) in self.series.iter().zip(&series).enumerate() {
            let ink = of_run(k);
            chart.shift = beside * (k as f64 - (series.len() - 1) as f64 / 2.0);
            for point in points {
                if let Some(bar) = point.bar() {
                    chart.error_bar(point.x, bar, END, ink);
                }
            }
            let places: Vec<_> = points.iter().map(|point| (point.x, point.mean)).collect();
            chart.line(&places, ink, 2.0);
            for point in points {
                chart.ball((point.x, point.mean), 3.5, ink, &self.tip(one, point));
            }
            ends.extend(
                points
                    .last()
                    .map(|last| (last.mean, label(&one.label), ink)),
            );
        }
        chart.shift = 0.0;
        chart.end_labels(&ends);
        chart.into_picture(&self.title, &self.description(&series))
    }

    /// The figure as an SVG file, the same bytes for the same data.
    #[must_use]
    pub fn to_svg(&self) -> String {
        self.to_picture().to_svg()
    }

    /// The points that can be shown, from left to right.
    fn shown(&self, series: &LineSeries) -> Vec<LinePoint> {
        let is_shown = |point: &&LinePoint| {
            let has_place = point.x >= LEAST_LOGARITHMIC || !self.is_x_logarithmic;
            is_shown(point.x) && is_shown(point.mean) && has_place
        };
        let mut points: Vec<_> = series.points.iter().filter(is_shown).copied().collect();
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        points
    }

    /// A point in words.
    fn tip(&self, series: &LineSeries, point: &LinePoint) -> String {
        let place = format!("{} {}", self.x_label, short(point.x));
        let value = with_range(point.mean, point.bar());
        format!("{}: {value} at {place}", series.label)
    }

    /// The figure in words.
    fn description(&self, shown: &[Vec<LinePoint>]) -> String {
        let series = self.series.iter().zip(shown);
        let series = series.map(|(series, points)| match (points.first(), points.last()) {
            (Some(first), Some(last)) => {
                let end =
                    |point: &LinePoint| format!("{} at {}", number(point.mean), short(point.x));
                let least = points
                    .iter()
                    .min_by(|one, other| one.mean.total_cmp(&other.mean));
                let least = least.map_or(String::new(), |least| format!(", lowest {}", end(least)));
                format!(
                    "{}: from {} to {}{least}",
                    series.label,
                    end(first),
                    end(last)
                )
            }
            _ => format!("{}: no value", series.label),
        });
        let levels = self.levels.iter().filter(|level| is_shown(level.value));
        let parts: Vec<_> = series.chain(levels.map(Level::tip)).collect();
        format!(
            "{} over {}. {}.",
            self.y_label,
            self.x_label,
            parts.join("; ")
        )
    }
}

impl LinePoint {
    /// From where to where its error bar reaches.
    fn bar(&self) -> Option<(f64, f64)> {
        let (low, high) = self.low.zip(self.high)?;
        (is_shown(low) && is_shown(high)).then_some((low, high))
    }
}

impl Level {
    fn band(&self) -> Option<(f64, f64)> {
        let (low, high) = self.low.zip(self.high)?;
        (is_shown(low) && is_shown(high)).then_some((low, high))
    }

    fn tip(&self) -> String {
        format!("{}: {}", self.label, with_range(self.value, self.band()))
    }
}

/// A finite number that an axis can reach.
fn is_shown(value: f64) -> bool {
    value.abs() < 1e15
}

fn with_range(value: f64, range: Option<(f64, f64)>) -> String {
    let range = range.map(|(low, high)| format!(" [{}, {}]", number(low), number(high)));
    number(value) + &range.unwrap_or_default()
}

/// How far error bars of different lines are moved apart, in pixels: not at all where there are none, or no room.
fn beside(chart: &Chart, series: &[Vec<LinePoint>]) -> f64 {
    let has_bars = |points: &&Vec<LinePoint>| points.iter().any(|point| point.bar().is_some());
    let places = places(series);
    let pixels: Vec<f64> = places.iter().map(|x| chart.at((*x, 0.0)).0).collect();
    let has_room = pixels
        .windows(2)
        .all(|pair| pair[1] - pair[0] > 3.0 * MOST_BESIDE);
    let distances = series.len().saturating_sub(1) as f64;
    if series.iter().filter(has_bars).count() > 1 && has_room {
        (MOST_BESIDE / distances).min(BESIDE)
    } else {
        0.0
    }
}

/// All values of x, from left to right.
fn places(series: &[Vec<LinePoint>]) -> Vec<f64> {
    let mut places: Vec<f64> = series.iter().flatten().map(|point| point.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    places
}

/// A value of x, which is mostly a round one.
fn short(x: f64) -> String {
    super::picture::ticks().format(x)
}

fn x_range(series: &[Vec<LinePoint>], is_logarithmic: bool) -> Range {
    let values = series.iter().flatten().map(|point| point.x);
    match (Range::of(values), is_logarithmic) {
        (Some(range), true) => range.widened_logarithmically(0.03),
        (Some(range), false) => range.widened(0.02, 0.02),
        (None, _) => ONE_TO_TEN,
    }
}

const ONE_TO_TEN: Range = Range {
    low: 1.0,
    high: 10.0,
};

/// Of all that is drawn, and whether the axis is logarithmic, as it is where the low end would be squashed
/// otherwise; from 0 where that leaves the lines most of the height.
fn y_range(series: &[Vec<LinePoint>], levels: &[&Level]) -> (Range, bool) {
    let points = series.iter().flatten();
    let points = points.map(|point| (point.mean, point.bar()));
    let levels = levels.iter().map(|level| (level.value, level.band()));
    let all = points.chain(levels).flat_map(|(value, range)| {
        let (low, high) = range.unwrap_or((value, value));
        [value, low, high]
    });
    let found = Range::of(all).unwrap_or(Range {
        low: 0.0,
        high: 1.0,
    });
    if found.spans(MOST_TIMES) {
        return (found.widened_logarithmically(0.06), true);
    }
    let range = if found.low >= 0.0 && found.low < 0.4 * found.high {
        found.with_zero().widened(0.0, 0.05)
    } else {
        found.widened(0.06, 0.06)
    };
    (range, false)
}

/// Ticks at the places of the points, where these are few and the library's would be at powers of ten.
fn x_ticks(series: &[Vec<LinePoint>], is_logarithmic: bool) -> Vec<f64> {
    let places = places(series);
    if is_logarithmic && places.len() <= MOST_TICKS {
        places
    } else {
        Vec::new()
    }
}
