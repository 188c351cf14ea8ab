//! Quantities that grow with others, side by side on logarithmic axes.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::plot::scatter::ScatterPlot;
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

const BLUE: &str = "#0072b2";
const LINE: &str = "#57606a";

const COLUMNS: usize = 3;
/// Of a panel, in pixels.
const SIZE: (f64, f64) = (300.0, 240.0);

/// A figure of several [`Panel`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    /// What the figure shows.
    pub title: String,
    /// Row after row.
    pub panels: Vec<Panel>,
}

/// How one quantity grows with another. Both axes are logarithmic, so that a power of x is a straight line.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What grows.
    pub title: String,
    /// What it grows with.
    pub x_label: String,
    /// Pairs of x and the quantity, both above 0; others are not shown.
    pub points: Vec<(f64, f64)>,
    /// The power of x that it should grow as: the slope of a dashed line through the last point.
    pub power: f64,
}

impl Panels {
    /// The figure as an SVG file.
    pub fn to_svg(&self) -> String {
        let columns = COLUMNS.min(self.panels.len()).max(1);
        let rows = self.panels.len().div_ceil(columns).max(1);
        let figure = Figure::new(rows, columns)
            .with_cell_size(SIZE.0, SIZE.1)
            .with_title(self.title.as_str())
            .with_title_size(16)
            .with_plots(self.panels.iter().map(Panel::plots).collect())
            .with_layouts(self.panels.iter().map(Panel::layout).collect());
        SvgBackend::new().render_scene(&figure.render()) + "\n"
    }
}

impl Panel {
    fn visible(&self) -> Vec<(f64, f64)> {
        let is_visible =
            |(x, y): &(f64, f64)| *x > 0.0 && *y > 0.0 && x.is_finite() && y.is_finite();
        self.points.iter().copied().filter(is_visible).collect()
    }

    fn plots(&self) -> Vec<Plot> {
        let points = self.visible();
        let expected = expected(&points, self.power);
        vec![
            Plot::Line(
                LinePlot::new()
                    .with_data(expected)
                    .with_color(LINE)
                    .with_stroke_width(1.0)
                    .with_dashed(),
            ),
            Plot::Line(
                LinePlot::new()
                    .with_data(points.clone())
                    .with_color(BLUE)
                    .with_stroke_width(2.0),
            ),
            Plot::Scatter(
                ScatterPlot::new()
                    .with_data(points)
                    .with_color(BLUE)
                    .with_size(3.5),
            ),
        ]
    }

    fn layout(&self) -> Layout {
        let points = self.visible();
        let range = |of: fn(&(f64, f64)) -> f64| {
            let values = points.iter().map(of);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            let high = values.fold(f64::NEG_INFINITY, f64::max);
            if low > high {
                (1.0, 10.0)
            } else {
                (low / 1.3, high * 1.3)
            }
        };
        Layout::new(range(|point| point.0), range(|point| point.1))
            .with_log_scale()
            .with_title(self.title.as_str())
            .with_title_size(12)
            .with_x_label(self.x_label.as_str())
            .with_label_size(11)
            .with_tick_size(10)
            .with_x_tick_format(ticks())
            .with_y_tick_format(ticks())
    }
}

/// Numbers as people write them, powers of ten only far from 1.
fn ticks() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| match value.abs() {
        size if (1e-4..1e5).contains(&size) => format!("{value}"),
        _ => format!("{value:e}"),
    }))
}

/// The straight line of this slope through the last point, over the range of the points in both directions.
fn expected(points: &[(f64, f64)], power: f64) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let lowest = points
        .iter()
        .map(|point| point.1)
        .fold(f64::INFINITY, f64::min);
    let at = |x: f64| last.1 * (x / last.0).powf(power);
    // A steep line leaves the frame before it reaches the first point.
    let start = match at(first.0) < lowest {
        true => last.0 * (lowest / last.1).powf(1.0 / power),
        false => first.0,
    };
    vec![(start, at(start)), *last]
}
