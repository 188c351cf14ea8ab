//! Charts: axes in the look of all of them, and what is drawn on them, in the coordinates of the data.

use kuva::render::axis::add_axes_and_grid;
use kuva::render::color::Color;
use kuva::render::layout::ComputedLayout;
use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::axes::Axes;
use super::ink::{GRID, Ink, LINE, PAPER, TEXT};
use super::picture::{self, Picture, TEXT_SIZE, headed, hover, line, words};

/// Between the lines of labels.
const LEADING: f64 = 15.0;
/// No chart has more places that say their values under the pointer.
const MOST_BANDS: usize = 80;

/// A chart that is being drawn.
pub(super) struct Chart {
    pub(super) scene: Scene,
    place: ComputedLayout,
    letter: f64,
    /// Pixels by which drawings are moved to the right.
    pub(super) shift: f64,
}

impl Chart {
    pub(super) fn new(axes: &Axes<'_>) -> Self {
        let place = axes.place();
        let y_words = axes.y_words();
        let subtitle = axes
            .subtitle
            .first()
            .map_or(y_words.as_str(), String::as_str);
        let scene = headed(axes.size, axes.title, subtitle);
        let mut chart = Chart {
            scene,
            place,
            letter: axes.letter,
            shift: 0.0,
        };
        chart.draw_subtitle(axes);
        chart.draw_axes(axes);
        chart
    }

    /// The lines of the subtitle after the first, and under them the label of the upright axis.
    fn draw_subtitle(&mut self, axes: &Axes<'_>) {
        let labels = axes.subtitle.iter().map(String::as_str);
        let y_words = axes.y_words();
        for (k, line) in labels.chain([y_words.as_str()]).enumerate().skip(1) {
            let at = (2.0, Axes::line_height(k));
            self.say(at, line, (TEXT_SIZE, false), LINE, TextAnchor::Start);
        }
    }

    /// The library's ticks and lines across, without those that stand upright, which say little.
    fn draw_axes(&mut self, axes: &Axes<'_>) {
        let mut frame = Scene::new(axes.size.0, axes.size.1);
        add_axes_and_grid(&mut frame, &self.place, &axes.layout());
        let has_grid = !axes.is_plain;
        frame.elements.retain(|element| match element {
            Primitive::Line { x1, x2, stroke, .. } => {
                has_grid && x1 != x2 && !matches!(stroke, Color::None)
            }
            _ => true,
        });
        for element in &mut frame.elements {
            if let Primitive::Text { color, .. } = element {
                *color = Some(Color::from(LINE.light));
            }
        }
        self.scene.elements.append(&mut frame.elements);
        let (left, right, bottom) = (self.left(), self.right(), self.bottom());
        self.scene
            .add(line((left, bottom), (right, bottom), LINE, 1.0));
        self.draw_x_ticks(axes);
        let middle = ((left + right) / 2.0, axes.size.1 - 6.0);
        self.say(
            middle,
            axes.x_label,
            (TEXT_SIZE, false),
            LINE,
            TextAnchor::Middle,
        );
    }

    /// Ticks at given values, without those whose words would overlap.
    fn draw_x_ticks(&mut self, axes: &Axes<'_>) {
        let (format, bottom) = (axes.x_format(), self.bottom());
        let mut end = f64::NEG_INFINITY;
        for value in &axes.x_ticks {
            let x = self.at((*value, 0.0)).0;
            self.scene
                .add(line((x, bottom), (x, bottom + 4.0), LINE, 1.0));
            let words = format.format(*value);
            let half = self.letter * f64::from(TEXT_SIZE) * words.chars().count() as f64 / 2.0;
            if x - half > end {
                let at = (x, bottom + 17.0);
                self.say(at, &words, (TEXT_SIZE, false), LINE, TextAnchor::Middle);
                end = x + half + 4.0;
            }
        }
    }

    fn left(&self) -> f64 {
        self.place.margin_left
    }

    fn right(&self) -> f64 {
        self.place.width - self.place.margin_right
    }

    fn top(&self) -> f64 {
        self.place.margin_top
    }

    fn bottom(&self) -> f64 {
        self.place.height - self.place.margin_bottom
    }

    /// Where a point is drawn; what is far outside is brought near, for no format holds every number.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let near = |pixels: f64| pixels.clamp(-1e4, 1e4);
        let right = near(self.place.map_x(x)) + self.shift;
        (right, near(self.place.map_y(y)))
    }

    /// Words at a place in the drawing.
    pub(super) fn say(
        &mut self,
        at: (f64, f64),
        content: &str,
        font: (u32, bool),
        ink: Ink,
        anchor: TextAnchor,
    ) {
        if !content.is_empty() {
            self.scene.add(words(at, content, font, ink, anchor));
        }
    }

    /// Straight lines from point to point.
    pub(super) fn line(&mut self, points: &[(f64, f64)], ink: Ink, width: f64) {
        let stroke = self.stroke(points, ink, width, None);
        self.scene.elements.extend(stroke);
    }

    pub(super) fn dashed(&mut self, points: &[(f64, f64)], ink: Ink) {
        let stroke = self.stroke(points, ink, 1.2, Some("4 3"));
        self.scene.elements.extend(stroke);
    }

    pub(super) fn stroke(
        &self,
        points: &[(f64, f64)],
        ink: Ink,
        width: f64,
        dash: Option<&str>,
    ) -> Option<Primitive> {
        let finite = points
            .iter()
            .filter(|(x, y)| x.is_finite() && y.is_finite());
        let points: Vec<_> = finite.map(|point| self.at(*point)).collect();
        (points.len() > 1).then(|| Primitive::PolyLine {
            points,
            stroke: Color::from(ink.light),
            stroke_width: width,
            stroke_dasharray: dash.map(str::to_owned),
        })
    }

    /// A dot, with words that appear under the pointer.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, ink: Ink, opacity: f64, tip: &str) {
        if !at.0.is_finite() || !at.1.is_finite() {
            return;
        }
        let dot = circle(self.at(at), radius, ink, opacity);
        match tip {
            "" => self.scene.add(dot),
            tip => hover(&mut self.scene, tip, [dot]),
        }
    }

    /// A ball: a dot with a rim that parts it from what it lies on.
    pub(super) fn ball(&mut self, at: (f64, f64), radius: f64, ink: Ink, tip: &str) {
        if !at.0.is_finite() || !at.1.is_finite() {
            return;
        }
        let (cx, cy) = self.at(at);
        let ball = Primitive::Circle {
            cx,
            cy,
            r: radius,
            fill: Color::from(ink.light),
            fill_opacity: None,
            stroke: Some(Color::from(PAPER.light)),
            stroke_width: Some(1.5),
        };
        hover(&mut self.scene, tip, [ball]);
    }

    /// A bar from the bottom, between two values of x.
    pub(super) fn bar(&mut self, (from, to): (f64, f64), height: f64, ink: Ink, tip: &str) {
        let ((left, top), (right, bottom)) = (self.at((from, height)), self.at((to, 0.0)));
        // A logarithmic axis never reaches 0.
        let bottom = if self.place.log_y {
            self.bottom()
        } else {
            bottom
        };
        let bar = rectangle(
            [
                left + 0.5,
                top,
                (right - left - 1.0).max(0.5),
                (bottom - top).max(0.0),
            ],
            ink,
            None,
        );
        hover(&mut self.scene, tip, [bar]);
    }

    /// What is drawn from here to [`Chart::end_clip`] does not leave the frame.
    pub(super) fn clip(&mut self) {
        let (x, y) = (self.left(), self.top() - 2.0);
        let (width, height) = (self.right() - x, self.bottom() - y);
        let id = "clip-chart".to_owned();
        self.scene.defs.push(format!(
            "<clipPath id=\"{id}\"><rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"/></clipPath>"
        ));
        self.scene.add(Primitive::ClipStart {
            x,
            y,
            width,
            height,
            id,
        });
    }

    pub(super) fn end_clip(&mut self) {
        self.scene.add(Primitive::ClipEnd);
    }

    /// Upright bands that say, under the pointer, what is there. `tips` are in order of their x.
    pub(super) fn bands(&mut self, tips: &[(f64, String)]) {
        let chosen: Vec<_> = evenly(tips, MOST_BANDS).collect();
        let (top, bottom) = (self.top(), self.bottom());
        let pixels: Vec<f64> = chosen.iter().map(|(x, _)| self.at((*x, 0.0)).0).collect();
        for (k, (_, tip)) in chosen.iter().enumerate() {
            let middle =
                |other: Option<&f64>, end: f64| other.map_or(end, |x| (x + pixels[k]) / 2.0);
            let before = k.checked_sub(1).and_then(|before| pixels.get(before));
            let left = middle(before, self.left());
            let right = middle(pixels.get(k + 1), self.right());
            let place = [left, top, (right - left).max(0.0), bottom - top];
            hover(&mut self.scene, tip, [rectangle(place, TEXT, Some(0.0))]);
        }
    }

    /// Words at the right of the chart, at the heights of the ends of lines, moved apart where they would overlap.
    pub(super) fn end_labels(&mut self, labels: &[(f64, String, Ink)]) {
        let mut placed: Vec<_> = labels
            .iter()
            .map(|(value, label, ink)| (self.at((0.0, *value)).1, label, *ink))
            .collect();
        placed.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (top, bottom) = (self.top() + 4.0, self.bottom());
        let mut heights: Vec<f64> = placed.iter().map(|label| label.0).collect();
        apart(&mut heights, (top, bottom));
        let x = self.right() + 6.0;
        for ((_, label, ink), y) in placed.into_iter().zip(heights) {
            self.say(
                (x, y + 4.0),
                label,
                (TEXT_SIZE, false),
                ink,
                TextAnchor::Start,
            );
        }
    }

    /// A dashed line across, on a pale band that says its words under the pointer.
    pub(super) fn level(&mut self, value: f64, band: Option<(f64, f64)>, tip: &str) {
        let (left, right) = (self.left(), self.right());
        let height = |value: f64| self.at((0.0, value)).1;
        let drawing = band.map(|(low, high)| {
            let (one, other) = (height(low), height(high));
            let place = [left, one.min(other), right - left, (one - other).abs()];
            rectangle(place, LINE, Some(0.15))
        });
        let y = height(value);
        let line = picture::dashed((left, y), (right, y));
        hover(&mut self.scene, tip, drawing.into_iter().chain([line]));
    }

    /// An upright line between two values with a cap at each end, of half the width `half`.
    pub(super) fn error_bar(&mut self, x: f64, (low, high): (f64, f64), half: f64, ink: Ink) {
        let ((x, bottom), (_, top)) = (self.at((x, low)), self.at((x, high)));
        for (from, to) in [
            ((x, bottom), (x, top)),
            ((x - half, bottom), (x + half, bottom)),
            ((x - half, top), (x + half, top)),
        ] {
            self.scene.add(line(from, to, ink, 1.5));
        }
    }

    /// An upright dashed line, with words over it.
    pub(super) fn mark(&mut self, x: f64, label: &str) {
        let x = self.at((x, 0.0)).0;
        let top = self.top();
        self.scene
            .add(picture::dashed((x, top - 2.0), (x, self.bottom())));
        let half = self.letter * f64::from(TEXT_SIZE) * label.chars().count() as f64 / 2.0;
        let last = (self.place.width - half - 2.0).max(half);
        let at = (x.clamp(half + 2.0, last.max(half + 2.0)), top - 7.0);
        self.say(at, label, (TEXT_SIZE, false), TEXT, TextAnchor::Middle);
    }

    pub(super) fn into_picture(self, title: &str, description: &str) -> Picture {
        Picture::new(self.scene, title, description).in_system_fonts()
    }
}

pub(super) fn circle((cx, cy): (f64, f64), r: f64, ink: Ink, opacity: f64) -> Primitive {
    Primitive::Circle {
        cx,
        cy,
        r,
        fill: Color::from(ink.light),
        fill_opacity: (opacity < 1.0).then_some(opacity),
        stroke: None,
        stroke_width: None,
    }
}

/// Left, top, width and height, filled.
pub(super) fn rectangle(
    [x, y, width, height]: [f64; 4],
    ink: Ink,
    opacity: Option<f64>,
) -> Primitive {
    Primitive::Rect {
        x,
        y,
        width,
        height,
        fill: Color::from(ink.light),
        stroke: None,
        stroke_width: None,
        opacity,
    }
}

/// A thin line around a place.
pub(super) fn frame([x, y, width, height]: [f64; 4]) -> Primitive {
    Primitive::Rect {
        x: x - 0.5,
        y: y - 0.5,
        width: width + 1.0,
        height: height + 1.0,
        fill: Color::None,
        stroke: Some(Color::from(GRID.light)),
        stroke_width: Some(1.0),
        opacity: None,
    }
}

/// At most `most` of many things, evenly spaced, the first and the last among them.
pub(super) fn evenly<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = all.len().min(most);
    let last = all.len().saturating_sub(1) as f64;
    let place = move |k: usize| match count {
        0 | 1 => 0,
        _ => (last * k as f64 / (count - 1) as f64).round() as usize,
    };
    (0..count).filter_map(move |k| all.get(place(k)))
}

/// Moves sorted heights apart by the height of a line, and back into the frame where there is room.
fn apart(heights: &mut [f64], (top, bottom): (f64, f64)) {
    let mut least = top;
    for height in heights.iter_mut() {
        *height = height.max(least);
        least = *height + LEADING;
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - LEADING;
    }
}
