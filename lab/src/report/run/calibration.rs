//! Whether probabilities may be believed.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{Calibration, CalibrationBin, Explanation};
use crate::report::axes::Axes;
use crate::report::chart::{Chart, rectangle};
use crate::report::ink::{BLUE, PALE_BLUE};
use crate::report::picture::{self, Picture};
use crate::report::table::Table;
use crate::report::words::{count, number, percent, several};

const SIZE: (f64, f64) = (400.0, 400.0);
/// Height of the bars that say how many rows a bin has.
const BARS: f64 = 0.16;

/// The reliability diagram of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "Whether the network's probabilities may be believed: of the rows for which it is 80 % sure, 80 % should be \
                right. Dots on the diagonal are honest, dots below it are too sure of themselves. The lines are 95 % \
                intervals, the bars at the bottom say how many rows there are.";
    let heading = ("calibration", "Calibration", lead);
    let found = |run: &Explanation| {
        run.calibration
            .clone()
            .filter(|calibration| !calibration.bins.is_empty())
    };
    super::section_of(heading, runs, found, |calibration| figure(&calibration))
}

fn figure(calibration: &Calibration) -> Figure {
    Figure {
        drawings: vec![Drawing::new("reliability", draw(calibration))],
        caption: caption(calibration),
        values: vec![FigureTable::new(
            "Confidence and accuracy",
            table(calibration),
        )],
    }
}

fn draw(calibration: &Calibration) -> Picture {
    let title = format!("Reliability, {} rows", calibration.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "probability of the predicted class",
        y_label: "share that is right",
        size: SIZE,
        ..Axes::default()
    });
    let largest = calibration
        .bins
        .iter()
        .map(|bin| bin.rows)
        .max()
        .unwrap_or(1)
        .max(1) as f64;
    for bin in &calibration.bins {
        let ((left, top), (right, bottom)) = (
            chart.at((bin.low, BARS * bin.rows as f64 / largest)),
            chart.at((bin.high, 0.0)),
        );
        let place = [
            left + 1.0,
            top,
            (right - left - 2.0).max(0.5),
            (bottom - top).max(0.5),
        ];
        chart.scene.add(rectangle(place, PALE_BLUE, Some(0.6)));
    }
    let ends = [chart.at((0.0, 0.0)), chart.at((1.0, 1.0))];
    chart.scene.add(picture::dashed(ends[0], ends[1]));
    for bin in &calibration.bins {
        let x = bin.confidence;
        chart.line(&[(x, bin.interval.low), (x, bin.interval.high)], BLUE, 1.5);
    }
    for bin in &calibration.bins {
        chart.ball((bin.confidence, bin.accuracy), 5.0, BLUE, &tip(bin));
    }
    chart.into_picture(&title, &describe(calibration))
}

fn tip(bin: &CalibrationBin) -> String {
    format!(
        "{}: confidence {}, right {} [{}, {}]",
        several(bin.rows, "row", "rows"),
        percent(bin.confidence),
        percent(bin.accuracy),
        percent(bin.interval.low),
        percent(bin.interval.high)
    )
}

fn table(calibration: &Calibration) -> Table {
    let mut table = Table::new(["probability", "rows", "confidence", "right", "95 %"]);
    for bin in &calibration.bins {
        table.push(vec![
            format!("{:.2} to {:.2}", bin.low, bin.high),
            count(bin.rows),
            percent(bin.confidence),
            percent(bin.accuracy),
            format!(
                "{} to {}",
                percent(bin.interval.low),
                percent(bin.interval.high)
            ),
        ]);
    }
    table
}

/// By how much the network is surer than it is right, over all rows.
fn excess(calibration: &Calibration) -> f64 {
    let rows: usize = calibration.bins.iter().map(|bin| bin.rows).sum();
    let excess = |bin: &CalibrationBin| bin.rows as f64 * (bin.confidence - bin.accuracy);
    calibration.bins.iter().map(excess).sum::<f64>() / rows.max(1) as f64
}

fn describe(calibration: &Calibration) -> String {
    let bins: Vec<_> = calibration.bins.iter().map(tip).collect();
    format!(
        "A dot for each bin of like confidence, beside the diagonal. {}.",
        bins.join("; ")
    )
}

fn caption(calibration: &Calibration) -> String {
    let excess = excess(calibration);
    let sure = match excess {
        excess if excess > 0.005 => "surer of itself than it is right",
        excess if excess < -0.005 => "more often right than it is sure",
        _ => "about as sure as it is right",
    };
    format!(
        "On {} the network is on average {sure}; the expected calibration error is {}.",
        several(
            calibration.rows,
            &format!("{} row", calibration.split),
            &format!("{} rows", calibration.split)
        ),
        number(calibration.expected_calibration_error)
    )
}
