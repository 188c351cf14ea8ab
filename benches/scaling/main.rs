//! How time and memory grow with the rows, the width, the depth, the batch, the replicas and the threads: a table for
//! each, with the slope of the time on logarithmic axes beside that which the count of multiplications says.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench scaling                          # Markdown
//! cargo bench -p dropwise-benches --bench scaling -- --svg scaling.svg     # and a figure
//! ```
//!
//! Every point is a process of its own, so that its memory is its own and no point warms another's caches.

mod panels;
mod point;

use std::error::Error;
use std::process::Command;

use panels::{Panel, Panels};
use point::{Found, Point};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A slope so near to what is expected is called straight.
const NEAR: f64 = 0.15;

/// What grows, while all else is as in [`BASE`].
struct Axis {
    name: &'static str,
    /// What is timed.
    of: &'static str,
    /// What the time should grow as: a power of the value.
    power: f64,
    values: &'static [usize],
    point: fn(usize) -> Point,
}

const BASE: Point = Point {
    rows: 8192,
    inputs: 256,
    width: 256,
    depth: 2,
    batch: 128,
    replicas: 0,
    threads: 2,
    whole_epoch: false,
};

const AXES: &[Axis] = &[
    Axis {
        name: "rows",
        of: "an epoch",
        power: 1.0,
        values: &[1024, 2048, 4096, 8192, 16384, 32768, 65536],
        point: |rows| Point {
            rows,
            whole_epoch: true,
            ..BASE
        },
    },
    Axis {
        name: "width",
        of: "a step",
        power: 2.0,
        values: &[32, 64, 128, 256, 512, 1024, 2048],
        point: |width| Point {
            width,
            inputs: width,
            ..BASE
        },
    },
    Axis {
        name: "depth",
        of: "a step",
        power: 1.0,
        values: &[1, 2, 4, 8, 16, 32],
        point: |depth| Point { depth, ..BASE },
    },
    Axis {
        name: "batch",
        of: "a step",
        power: 1.0,
        values: &[8, 16, 32, 64, 128, 256, 512, 1024, 2048],
        point: |batch| Point { batch, ..BASE },
    },
    Axis {
        name: "replicas",
        of: "a step of all",
        power: 1.0,
        values: &[1, 4, 16, 64, 256, 1024, 4096],
        point: |replicas| Point { replicas, ..BASE },
    },
    Axis {
        name: "threads",
        of: "a step of 1024 units a layer",
        power: -1.0,
        values: &[1, 2],
        point: |threads| Point {
            width: 1024,
            inputs: 1024,
            threads,
            ..BASE
        },
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1)
    };
    if let Some(point) = after("--point") {
        let found = serde_json::from_str::<Point>(point)?.measure()?;
        println!("{}", serde_json::to_string(&found)?);
        return Ok(());
    }
    // `cargo test` asks only whether it runs.
    let whole = arguments.iter().any(|argument| argument == "--bench");
    let mut panels = Vec::new();
    for axis in AXES {
        let values = if whole {
            axis.values
        } else {
            &axis.values[..1]
        };
        let found = values
            .iter()
            .map(|value| elsewhere(&(axis.point)(*value)))
            .collect::<Result<Vec<_>, _>>()?;
        show(axis, values, &found);
        panels.push(panel(axis, values, &found));
    }
    if let Some(file) = after("--svg") {
        let figure = Panels {
            title: "Time of training".to_owned(),
            panels,
        };
        std::fs::write(file, figure.to_svg())?;
    }
    Ok(())
}

/// Measures in a process of its own, with the point's number of threads.
fn elsewhere(point: &Point) -> Result<Found, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--point", &serde_json::to_string(point)?])
        .env("RAYON_NUM_THREADS", point.threads.to_string())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn show(axis: &Axis, values: &[usize], found: &[Found]) {
    let (name, of, power) = (axis.name, axis.of, axis.power);
    println!("| {name} | ms {of} | slope (expected {power}) | peak MiB |");
    println!("|---|---|---|---|");
    let slopes = slopes(values, found);
    for (k, (value, found)) in values.iter().zip(found).enumerate() {
        let slope = k.checked_sub(1).and_then(|k| slopes.get(k));
        let slope = slope.map_or_else(String::new, |slope| format!("{slope:.2}"));
        let (ms, mib) = (found.milliseconds, found.peak_mib);
        println!("| {value} | {ms:.3} | {slope} | {mib:.0} |");
    }
    println!("\n{}\n", where_straight(axis, values, &slopes));
}

/// The slope between each point and the next, on logarithmic axes.
fn slopes(values: &[usize], found: &[Found]) -> Vec<f64> {
    let logs: Vec<(f64, f64)> = values
        .iter()
        .zip(found)
        .map(|(value, found)| ((*value as f64).ln(), found.milliseconds.ln()))
        .collect();
    logs.windows(2)
        .map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .collect()
}

/// From where on to the last point each slope is near to what is expected.
fn where_straight(axis: &Axis, values: &[usize], slopes: &[f64]) -> String {
    let power = axis.power;
    let is_near = |slope: &f64| (slope - power).abs() <= NEAR;
    let straight = slopes
        .iter()
        .rev()
        .take_while(|slope| is_near(slope))
        .count();
    match (straight, values) {
        (0, _) | (_, []) => {
            format!("Not straight: no slope at the end is within {NEAR} of {power}.")
        }
        (count, [.., last]) => {
            let first = values[values.len() - 1 - count];
            format!("Straight, within {NEAR} of {power}, from {first} to {last}.")
        }
    }
}

fn panel(axis: &Axis, values: &[usize], found: &[Found]) -> Panel {
    let points = values.iter().zip(found);
    Panel {
        title: format!("{}: ms {}", axis.name, axis.of),
        x_label: axis.name.to_owned(),
        points: points
            .map(|(value, found)| (*value as f64, found.milliseconds))
            .collect(),
        power: axis.power,
    }
}
