//! [`Strips`] as a drawing.

use kuva::plot::scatter::ScatterPlot;
use kuva::render::color::Color;
use kuva::render::layout::{ComputedLayout, Layout};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};

use super::escape::{printable, shortened};
use super::ink::{BLUE, GREEN, GRID, LINE, PAPER, TEXT, VERMILLION};
use super::picture::{self, Picture, line, text};
use super::{Strip, Strips};
use crate::statistics::{Distribution, Interval};

const WIDTH: f64 = 760.0;
/// Height of a strip, in pixels.
const STRIP: f64 = 44.0;
/// Half the height that dots and box take, as a share of the strip.
const HALF: f64 = 0.32;
/// No strip shows more dots; a larger sample shows as many of its quantiles.
const MOST_DOTS: usize = 1_000;
const TEXT_SIZE: u32 = 12;
/// Fewer values are seen one by one, and have no quartiles.
const FEWEST_IN_BOX: usize = 4;
/// Letters of a strip's label.
const MOST_LETTERS: usize = 40;
/// Room for the notes.
const NOTES: f64 = 76.0;

impl Strips {
    /// The figure, ready for every format, the same bytes for the same data.
    #[must_use]
    pub fn to_picture(&self) -> Picture {
        self.in_printable_words().draw()
    }

    /// The figure as an SVG file, the same bytes for the same data.
    #[must_use]
    pub fn to_svg(&self) -> String {
        self.to_picture().to_svg()
    }

    /// XML cannot hold every character that a TOML file can.
    fn in_printable_words(&self) -> Self {
        let words = |text: &String| printable(text);
        let strip = |strip: &Strip| Strip {
            label: shortened(&strip.label, MOST_LETTERS),
            note: words(&strip.note),
            values: strip.values.clone(),
            published: strip.published.filter(|value| value.is_finite()),
        };
        Strips {
            title: words(&self.title),
            subtitle: words(&self.subtitle),
            value_label: words(&self.value_label),
            strip_label: words(&self.strip_label),
            note_label: words(&self.note_label),
            strips: self.strips.iter().map(strip).collect(),
        }
    }

    fn draw(&self) -> Picture {
        let layout = self.layout();
        // The library knows how wide the labels are; the right margin is for the notes.
        let measured = ComputedLayout::from_layout(&layout);
        let right = if self.note_label.is_empty() {
            24.0
        } else {
            NOTES
        };
        let layout = layout.with_force_margins(measured.margin_left, right);
        let place = ComputedLayout::from_layout(&layout);
        let dots = ScatterPlot::new()
            .with_color(BLUE.light)
            .with_size(2.2)
            .with_marker_opacity(0.45)
            .with_data(self.dots(&place));
        let mut scene = render_multiple(vec![Plot::Scatter(dots)], layout);
        picture::color_text(&mut scene, &self.subtitle, LINE);
        for (k, strip) in self.strips.iter().enumerate() {
            draw_summary(&mut scene, &place, strip, self.height_of(k));
        }
        self.draw_notes(&mut scene, &place);
        self.draw_legend(&mut scene, &place);
        Picture::new(scene, &self.title, &self.description())
    }

    fn layout(&self) -> Layout {
        let count = self.strips.len().max(1) as f64;
        let range = self.range().unwrap_or(Interval {
            low: 0.0,
            high: 1.0,
        });
        let is_logarithmic = self.is_logarithmic();
        let range = if is_logarithmic {
            (range.low / 1.1, range.high * 1.1)
        } else if self.has_published() && range.low > 0.4 * range.high {
            // What is compared is to fill the figure.
            let room = 0.06 * (range.high - range.low).max(0.1 * range.high);
            (range.low - room, range.high + room)
        } else {
            let room = 0.04 * (range.high - range.low.min(0.0));
            let high = if room > 0.0 { range.high + room } else { 1.0 };
            (range.low.min(0.0), high)
        };
        let labels = self.strips.iter().rev().map(|strip| strip.label.clone());
        let layout = Layout::new(range, (0.5, count + 0.5))
            .with_theme(picture::theme())
            .with_width(WIDTH)
            .with_height(STRIP * count + 118.0)
            .with_title(self.title.as_str())
            .with_title_size(16)
            .with_subtitle(self.subtitle.as_str())
            .with_subtitle_size(11)
            .with_x_label(self.value_label.as_str())
            .with_label_size(TEXT_SIZE)
            .with_tick_size(TEXT_SIZE)
            .with_x_tick_format(picture::ticks())
            .with_y_categories(labels.collect());
        if is_logarithmic {
            layout.with_log_x()
        } else {
            layout
        }
    }

    /// The place of strip `k`, counted from the top, on the axis, which counts from below.
    fn height_of(&self, k: usize) -> f64 {
        (self.strips.len() - k) as f64
    }

    fn dots(&self, place: &ComputedLayout) -> Vec<(f64, f64)> {
        let strips = self.strips.iter().enumerate();
        let dots = strips.flat_map(|(k, strip)| {
            let height = self.height_of(k);
            let spread = spread(&shown(&strip.values), |value| place.map_x(value));
            spread
                .into_iter()
                .map(move |(value, side)| (value, height + HALF * side))
        });
        dots.collect()
    }

    /// What the labels and the notes are, over them, where there is room for long words; and the notes.
    fn draw_notes(&self, scene: &mut Scene, place: &ComputedLayout) {
        let (left, x) = (14.0, WIDTH - 14.0);
        let y = place.margin_top - 4.0;
        scene.add(text(
            (left, y),
            &self.strip_label,
            TEXT_SIZE,
            TextAnchor::Start,
        ));
        scene.add(text((x, y), &self.note_label, TEXT_SIZE, TextAnchor::End));
        for (k, strip) in self.strips.iter().enumerate() {
            let y = place.map_y(self.height_of(k)) + 4.0;
            scene.add(text((x, y), &strip.note, TEXT_SIZE, TextAnchor::End));
        }
    }

    /// What the ring means, under the labels of the strips.
    fn draw_legend(&self, scene: &mut Scene, place: &ComputedLayout) {
        if self.has_published() {
            let y = place.height - 18.0;
            scene.add(ring(22.0, y - 4.0));
            scene.add(text((36.0, y), "published", TEXT_SIZE, TextAnchor::Start));
        }
    }

    fn has_published(&self) -> bool {
        self.strips.iter().any(|strip| strip.published.is_some())
    }

    /// All values that can be shown.
    fn values(&self) -> impl Iterator<Item = f64> {
        let strips = self.strips.iter();
        let values = strips.flat_map(|strip| strip.values.iter().chain(&strip.published));
        values.copied().filter(|value| value.is_finite())
    }

    /// The smallest and the largest value; none if there is none.
    fn range(&self) -> Option<Interval> {
        let low = self.values().min_by(f64::total_cmp)?;
        let high = self.values().max_by(f64::total_cmp)?;
        Some(Interval { low, high })
    }

    /// Whether the values are better seen in powers of ten: all are above 0, and they span so many that the
    /// small ones would lie on top of each other.
    fn is_logarithmic(&self) -> bool {
        self.range()
            .is_some_and(|range| range.low > 0.0 && range.high / range.low > 20.0)
    }

    /// The figure in words.
    fn description(&self) -> String {
        let strip = |strip: &Strip| {
            let found = strip.distribution();
            let values = found.map_or("no value".to_owned(), |found| {
                format!("mean {:.4}, median {:.4}", found.mean, found.median)
            });
            let note = match strip.note.as_str() {
                "" => String::new(),
                note => format!(", {} {note}", self.note_label),
            };
            let published = strip.published.map_or(String::new(), |published| {
                format!(", published {published:.4}")
            });
            format!("{}: {values}{note}{published}", strip.label)
        };
        let strips: Vec<_> = self.strips.iter().map(strip).collect();
        format!(
            "{} by {}. {}.",
            self.value_label,
            self.strip_label,
            strips.join("; ")
        )
    }
}

impl Strip {
    fn distribution(&self) -> Option<Distribution> {
        let finite = self.values.iter().filter(|value| value.is_finite());
        Distribution::of(&finite.copied().collect::<Vec<_>>())
    }
}

/// The finite values in order; of too many evenly spaced ones, the first and the last among them.
fn shown(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<_> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() <= MOST_DOTS {
        return sorted;
    }
    let last = (sorted.len() - 1) as f64;
    let place = |k: usize| (last * k as f64 / (MOST_DOTS - 1) as f64).round() as usize;
    (0..MOST_DOTS).map(|k| sorted[place(k)]).collect()
}

/// Each of the sorted values with a place across the strip, in [-1, 1]: the more values are near it, the further
/// out it may be, so that the outline of the dots is that of the density. The places are those of van der Corput's
/// sequence, which fills every part evenly, and no random numbers.
fn spread(sorted: &[f64], pixels: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    const NEAR: f64 = 6.0;
    let at: Vec<f64> = sorted.iter().map(|value| pixels(*value)).collect();
    let near = |x: f64| {
        let from = at.partition_point(|other| *other < x - NEAR);
        let to = at.partition_point(|other| *other <= x + NEAR);
        (to - from) as f64
    };
    let density: Vec<f64> = at.iter().map(|x| near(*x)).collect();
    let widest = density.iter().copied().fold(1.0, f64::max).max(12.0);
    let sides = (0..sorted.len()).map(|k| 2.0 * van_der_corput(k + 1) - 1.0);
    let places = sorted.iter().zip(density).zip(sides);
    places
        .map(|((value, density), side)| (*value, side * (density / widest).sqrt()))
        .collect()
}

/// The binary digits of `k` mirrored at the point: 1/2, 1/4, 3/4, 1/8, ...
fn van_der_corput(k: usize) -> f64 {
    (k as u64).reverse_bits() as f64 / 2.0_f64.powi(64)
}

/// Box of the quartiles with the median, and the mean with its interval, over the dots.
fn draw_summary(scene: &mut Scene, place: &ComputedLayout, strip: &Strip, height: f64) {
    let (left, right) = (place.margin_left, place.width - place.margin_right);
    let divider = place.map_y(height - 0.5);
    if height > 1.0 {
        scene.add(line((left, divider), (right, divider), GRID, 1.0));
    }
    let x = |value: f64| place.map_x(value).clamp(left, right);
    if let Some(published) = strip.published {
        scene.add(ring(x(published), place.map_y(height)));
    }
    let Some(found) = strip.distribution() else {
        return;
    };
    if found.count >= FEWEST_IN_BOX {
        draw_box(scene, place, &found, height);
    }
    let (mean, middle) = (x(found.mean), place.map_y(height));
    // That of two values is nine times as wide as they are apart.
    let interval = found.mean_interval.filter(|_| found.count > 2);
    if let Some(Interval { low, high }) = interval {
        scene.add(line((x(low), middle), (x(high), middle), VERMILLION, 2.5));
    }
    scene.add(diamond(mean, middle));
}

fn draw_box(scene: &mut Scene, place: &ComputedLayout, found: &Distribution, height: f64) {
    let (left, right) = (place.margin_left, place.width - place.margin_right);
    let x = |value: f64| place.map_x(value).clamp(left, right);
    let (top, bottom) = (place.map_y(height + HALF), place.map_y(height - HALF));
    let (q1, q3) = (x(found.lower_quartile), x(found.upper_quartile));
    for (from, to) in [
        ((q1, top), (q3, top)),
        ((q1, bottom), (q3, bottom)),
        ((q1, top), (q1, bottom)),
        ((q3, top), (q3, bottom)),
    ] {
        scene.add(line(from, to, LINE, 1.0));
    }
    let median = x(found.median);
    scene.add(line((median, top), (median, bottom), TEXT, 2.0));
}

/// Hollow and larger than the diamond, so that both are seen where they are the same.
fn ring(cx: f64, cy: f64) -> Primitive {
    Primitive::Circle {
        cx,
        cy,
        r: 7.0,
        fill: Color::None,
        fill_opacity: None,
        stroke: Some(Color::from(GREEN.light)),
        stroke_width: Some(2.0),
    }
}

fn diamond(x: f64, y: f64) -> Primitive {
    use kuva::render::render::PathData;
    const R: f64 = 5.0;
    let d = format!(
        "M {} {y} L {x} {} L {} {y} L {x} {} Z",
        x - R,
        y - R,
        x + R,
        y + R
    );
    Primitive::Path(Box::new(PathData {
        d,
        fill: Some(Color::from(VERMILLION.light)),
        stroke: Color::from(PAPER.light),
        stroke_width: 1.0,
        opacity: None,
        stroke_dasharray: None,
    }))
}
