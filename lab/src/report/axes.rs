//! How a chart is framed, and where the library puts its ticks.

use std::sync::Arc;

use kuva::render::layout::{AxisLabelOverlap, ComputedLayout, Layout, TickFormat};
use kuva::render::theme::Theme;

use super::picture::{self, TEXT_SIZE};
use super::range::Range;

/// Width and height of most charts.
pub(super) const SIZE: (f64, f64) = (440.0, 290.0);
/// Room for title, label and marks over a chart, and for ticks and label below it.
const TOP: f64 = 60.0;
/// Without marks.
pub(super) const LOW_TOP: f64 = 46.0;
/// Height of a line of the subtitle.
const SUBTITLE: f64 = 17.0;
const BOTTOM: f64 = 42.0;
const RIGHT: f64 = 18.0;

/// How a chart is framed.
pub(super) struct Axes<'a> {
    pub(super) title: &'a str,
    /// Lines between the title and the label of the upright axis.
    pub(super) subtitle: Vec<String>,
    /// Room over the chart, but for the subtitle.
    pub(super) top: f64,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) x: Range,
    pub(super) y: Range,
    pub(super) is_log_x: bool,
    pub(super) is_log_y: bool,
    /// Ticks at these values of x in place of the library's, as far as there is room.
    pub(super) x_ticks: Vec<f64>,
    /// Labels at the ends of lines, for which room is left.
    pub(super) ends: Vec<String>,
    pub(super) size: (f64, f64),
    /// Words for the values of an axis, in place of numbers.
    pub(super) x_format: Option<TickFormat>,
    pub(super) y_format: Option<TickFormat>,
    /// Without lines across: for heights that are names, and for terminals, where they would hide what is drawn.
    pub(super) is_plain: bool,
    /// The width of a letter, as a share of its size; of a terminal, where each is as wide as a cell.
    pub(super) letter: f64,
}

impl Default for Axes<'_> {
    fn default() -> Self {
        Axes {
            title: "",
            subtitle: Vec::new(),
            top: TOP,
            x_label: "",
            y_label: "",
            x: Range {
                low: 0.0,
                high: 1.0,
            },
            y: Range {
                low: 0.0,
                high: 1.0,
            },
            is_log_x: false,
            is_log_y: false,
            x_ticks: Vec::new(),
            ends: Vec::new(),
            size: SIZE,
            x_format: None,
            y_format: None,
            is_plain: false,
            letter: 0.58,
        }
    }
}

impl Axes<'_> {
    /// What the library makes ticks of.
    pub(super) fn layout(&self) -> Layout {
        let none = || "none".to_owned();
        let theme = Theme {
            axis_color: none(),
            tick_color: none(),
            ..picture::theme()
        };
        let Range { low, high } = self.y;
        let layout = Layout::new((self.x.low, self.x.high), (low, high))
            .with_theme(theme)
            .with_width(self.size.0)
            .with_height(self.size.1)
            .with_tick_size(TEXT_SIZE)
            .with_tick_length(3.0)
            .with_x_axis_min(self.x.low)
            .with_x_axis_max(self.x.high)
            .with_y_axis_min(low)
            .with_y_axis_max(high)
            .with_x_tick_format(self.library_x_format())
            .with_x_label_overlap(AxisLabelOverlap::Thin)
            .with_y_tick_format(self.y_format.clone().unwrap_or_else(picture::ticks));
        let layout = if self.is_log_x {
            layout.with_log_x()
        } else {
            layout
        };
        if self.is_log_y {
            layout.with_log_y()
        } else {
            layout
        }
    }

    /// The label of the upright axis, which says so where that is logarithmic.
    pub(super) fn y_words(&self) -> String {
        match (self.is_log_y, self.y_label) {
            (false, label) => label.to_owned(),
            (true, "") => "logarithmic".to_owned(),
            (true, label) => format!("{label}, logarithmic"),
        }
    }

    /// Words for the values of x.
    pub(super) fn x_format(&self) -> TickFormat {
        self.x_format.clone().unwrap_or_else(picture::ticks)
    }

    fn library_x_format(&self) -> TickFormat {
        if self.x_ticks.is_empty() {
            self.x_format()
        } else {
            no_format()
        }
    }

    /// Where line `k` under the title is, counted from 0.
    pub(super) fn line_height(k: usize) -> f64 {
        33.0 + SUBTITLE * k as f64
    }

    /// Where the library puts them.
    pub(super) fn place(&self) -> ComputedLayout {
        let layout = self.layout();
        let measured = ComputedLayout::from_layout(&layout);
        let letter = self.letter * f64::from(TEXT_SIZE);
        let width = |label: &String| letter * label.chars().count() as f64;
        let ends = self.ends.iter().map(width).fold(RIGHT - 8.0, f64::max);
        // The library measures with its own font; a cell of a terminal is wider.
        let ticks = measured.y_tick_label_px * (self.letter / 0.58).max(1.0);
        // On a logarithmic axis it measures other words than are drawn.
        let ticks = if self.is_log_y {
            ticks.max(5.5 * letter)
        } else {
            ticks
        };
        let layout = layout
            .with_force_margins(ticks + 10.0, (ends + 8.0).min(0.45 * self.size.0))
            .with_force_margins_y(self.top + SUBTITLE * self.subtitle.len() as f64, BOTTOM);
        ComputedLayout::from_layout(&layout)
    }
}

/// Steps of a training, whichever way they run: 500, 60k, 2M.
pub(super) fn step_format() -> TickFormat {
    TickFormat::Custom(Arc::new(|step: f64| {
        let step = step.abs();
        match step {
            _ if step >= 1e6 => format!("{}M", (step / 1e4).round() / 1e2),
            _ if step >= 1e4 => format!("{}k", (step / 1e1).round() / 1e2),
            _ => format!("{}", (step * 1e2).round() / 1e2),
        }
    }))
}

/// For heights that are names.
pub(super) fn no_format() -> TickFormat {
    TickFormat::Custom(Arc::new(|_| String::new()))
}

/// Shares in percent.
pub(super) fn percent_format() -> TickFormat {
    let ticks = picture::ticks();
    TickFormat::Custom(Arc::new(move |share: f64| {
        format!("{} %", ticks.format(100.0 * share))
    }))
}
