//! Explanations that are made up: what a report has to draw, without training.

use dropwise_lab::explain::*;
use dropwise_lab::statistics::Interval;

/// Numbers that look drawn, from -1 to 1, and are always the same.
pub fn wave(k: usize) -> f64 {
    let x = (k as f64 * 12.9898).sin() * 43_758.545_3;
    2.0 * (x - x.floor()) - 1.0
}

fn card(network: &str, measured: Vec<MeasuredMetric>) -> Card {
    Card {
        network: network.to_owned(),
        config: "seed = 42\n\n[dropout]\nhidden = 0.5 # <half>\n".to_owned(),
        data_sha256: "0123456789abcdef".repeat(4),
        seed: 42,
        model: "best".to_owned(),
        model_step: 1_200,
        facts: vec![
            ("backend".to_owned(), "flex".to_owned()),
            ("dropwise".to_owned(), "0.1.0".to_owned()),
            ("steps".to_owned(), "2000".to_owned()),
        ],
        measured,
    }
}

fn measured(split: &str, metric: &str, value: f64, half: f64, is_share: bool) -> MeasuredMetric {
    MeasuredMetric {
        split: split.to_owned(),
        rows: 360,
        metric: metric.to_owned(),
        value,
        interval: Some(Interval {
            low: (value - half).max(0.0),
            high: value + half,
        }),
        is_share,
    }
}

pub fn curve(name: &str, points: usize, of: impl Fn(f64) -> f64) -> Curve {
    let point = |k: usize| (5 * (k + 1), of((k + 1) as f64 / points as f64));
    Curve {
        name: name.to_owned(),
        points: (0..points).map(point).collect(),
    }
}

fn curves(error_name: &str, is_dropout: bool) -> Curves {
    let overfit = if is_dropout { 0.02 } else { 0.5 };
    let validation = move |t: f64| 2.2 * (-9.0 * t).exp() + 0.12 + overfit * t * t;
    let mut losses = vec![
        curve("training", 200, |t| {
            2.3 * (-11.0 * t).exp() + if is_dropout { 0.04 } else { 0.001 }
        }),
        curve("validation", 200, validation),
    ];
    if is_dropout {
        losses.insert(
            0,
            curve("training, dropout on", 200, |t| {
                2.4 * (-6.0 * t).exp() + 0.2 + 0.05 * wave((t * 200.0) as usize)
            }),
        );
    }
    Curves {
        error_name: error_name.to_owned(),
        losses,
        errors: vec![
            curve("training", 200, |t| 0.9 * (-12.0 * t).exp()),
            curve("validation", 200, |t| {
                0.9 * (-10.0 * t).exp() + if is_dropout { 0.011 } else { 0.028 }
            }),
        ],
        best_step: Some(if is_dropout { 900 } else { 350 }),
        cross_validates: false,
        steps_an_epoch: Some(12.0),
    }
}

pub fn landscape(thinned: usize) -> Landscape {
    let values: Vec<f64> = (0..81).map(|k| -4.0 + 0.1 * f64::from(k)).collect();
    let hill = |w: f64, shift: f64| {
        0.06 + 0.18 / (1.0 + (-1.4 * (w - 1.0 - shift)).exp()) * (1.2 + (w * 0.9).sin()) * 0.5
            + 0.004 * (w - shift).powi(2)
    };
    let whole: Vec<f64> = values.iter().map(|w| hill(*w, 0.0)).collect();
    let networks: Vec<Vec<f64>> = (0..thinned)
        .map(|k| {
            values
                .iter()
                .map(|w| hill(*w, 0.9 * wave(k)) + 0.03 * (1.0 + wave(k + 50)))
                .collect()
        })
        .collect();
    let mean = |k: usize| networks.iter().map(|losses| losses[k]).sum::<f64>() / thinned as f64;
    let thinned_mean = if thinned > 0 {
        (0..values.len()).map(mean).collect()
    } else {
        Vec::new()
    };
    Landscape {
        weight: WeightAt {
            input: 0,
            input_name: "x1".to_owned(),
            unit: 2,
        },
        value: -1.9,
        loss: hill(-1.9, 0.0),
        rows: 4,
        values,
        losses: whole,
        thinned: networks,
        thinned_mean,
        trail: (0..200)
            .map(|k| (k * 50, -1.9 + 3.0 * (-(k as f64) / 30.0).exp()))
            .collect(),
    }
}

pub fn paths(units: usize) -> Paths {
    let steps: Vec<usize> = (0..=100).map(|k| k * 100).collect();
    let unit = |unit: usize| {
        let (start, end) = (
            wave(unit),
            if unit.is_multiple_of(3) {
                -2.0
            } else {
                2.5 + 0.8 * wave(unit + 9)
            },
        );
        let value = |k: usize| {
            start + (end - start) * (1.0 - (-(k as f64) / 25.0).exp()) + 0.05 * wave(unit * 101 + k)
        };
        UnitPath {
            unit,
            values: (0..=100).map(value).collect(),
        }
    };
    Paths {
        input: 0,
        input_name: "x1".to_owned(),
        steps,
        units: (0..units).map(unit).collect(),
        all_units: units,
    }
}

pub fn similarities(units: usize, blocks: usize) -> Similarities {
    let cell = |row: usize, column: usize| {
        let is_near = row * blocks / units.max(1) == column * blocks / units.max(1);
        match row == column {
            true => 1.0,
            false if is_near => (0.7 + 0.28 * wave(row.min(column) * 31 + row.max(column))) as f32,
            false => (0.25 * wave(row.min(column) * 17 + row.max(column))) as f32,
        }
    };
    Similarities {
        shown: (0..units).collect(),
        matrix: (0..units)
            .map(|row| (0..units).map(|column| cell(row, column)).collect())
            .collect(),
        mean_magnitude: 0.21,
        near_duplicates: units / 9,
        effective_rank: units as f64 * 0.61,
    }
}

fn redundancy(layer: usize, shown: usize, blocks: usize) -> Redundancy {
    Redundancy {
        layer,
        units: 512,
        constant_units: 3,
        rows: 360,
        activations: similarities(shown, blocks),
        weights: similarities(shown, 2 * blocks),
    }
}

fn activity(layer: usize, is_dropout: bool) -> Activity {
    let decay = if is_dropout { 0.5 } else { 0.2 };
    let bins = |count: usize, top: f64| Histogram {
        edges: (0..=count).map(|k| top * k as f64 / count as f64).collect(),
        counts: (0..count)
            .map(|k| (90_000.0 * (-decay * k as f64).exp()) as usize)
            .collect(),
    };
    Activity {
        layer,
        units: 512,
        rows: 360,
        activation: "ReLU".to_owned(),
        activations: bins(40, 4.0),
        means: bins(30, 2.0),
        mean: if is_dropout { 0.31 } else { 0.74 },
        near_zero: if is_dropout { 0.72 } else { 0.48 },
    }
}

fn stroke(k: usize, side: usize) -> Vec<f32> {
    let (cx, cy) = (3.5 + 2.5 * wave(k), 3.5 + 2.5 * wave(k + 77));
    let pixel = |p: usize| {
        let (x, y) = ((p % side) as f64 - cx, (p / side) as f64 - cy);
        let spot = 0.4 * (-(x * x + y * y) / 3.0).exp()
            - 0.25 * (-((x - 2.0).powi(2) + y * y) / 3.0).exp();
        (spot + 0.03 * wave(p * 7 + k)) as f32
    };
    (0..side * side).map(pixel).collect()
}

fn diagram(is_dropout: bool) -> Diagram {
    let layer = |name: &str, units: usize, activation: Option<&str>, rate: f64| DiagramLayer {
        name: name.to_owned(),
        units,
        activation: activation.map(str::to_owned),
        rate,
        kept: (0..units.min(16))
            .map(|k| rate == 0.0 || wave(k + units) > 2.0 * rate - 1.0)
            .collect(),
        kept_weights: Vec::new(),
    };
    let (input, hidden) = if is_dropout { (0.1, 0.5) } else { (0.0, 0.0) };
    Diagram {
        layers: vec![
            layer("input", 64, None, input),
            layer("hidden 1", 512, Some("ReLU"), hidden),
            layer("hidden 2", 512, Some("ReLU"), hidden),
            layer("output", 10, Some("softmax"), 0.0),
        ],
    }
}

fn confusion(classes: usize) -> Confusion {
    let count = |row: usize, column: usize| match (row, column) {
        (row, column) if row == column => 30 + (row * 7) % 9,
        (8, 1) => 3,
        (row, column) if wave(row * 13 + column) > 0.93 => 1,
        _ => 0,
    };
    Confusion {
        split: "test".to_owned(),
        classes: (0..classes).map(|class| class.to_string()).collect(),
        counts: (0..classes)
            .map(|row| (0..classes).map(|column| count(row, column)).collect())
            .collect(),
        without_prediction: 0,
    }
}

fn calibration() -> Calibration {
    let bin = |k: usize| {
        let (low, high) = (k as f64 / 15.0, (k + 1) as f64 / 15.0);
        let rows = 2 + k * k;
        let right = ((low - 0.03) * rows as f64).max(0.0) as usize;
        CalibrationBin {
            low,
            high,
            rows,
            confidence: (low + high) / 2.0,
            accuracy: right as f64 / rows as f64,
            interval: Interval::of_share(right, rows),
        }
    };
    Calibration {
        split: "test".to_owned(),
        rows: 360,
        bins: (4..15).map(bin).collect(),
        expected_calibration_error: 0.0123,
    }
}

fn ranking(classes: usize) -> Ranking {
    let class = |class: usize| ClassRanking {
        class: class.to_string(),
        positives: 36,
        negatives: 324,
        roc_auc: 0.999 - 0.001 * class as f64,
        average_precision: 0.99 - 0.01 * class as f64,
        roc: vec![(0.0, 0.0), (0.01, 0.9), (1.0, 1.0)],
        precision_recall: vec![(0.1, 1.0), (0.9, 0.95), (1.0, 0.1)],
    };
    Ranking {
        split: "test".to_owned(),
        classes: (0..classes).map(class).collect(),
    }
}

fn importance(names: &[String]) -> Importance {
    let column = |(k, name): (usize, &String)| ColumnImportance {
        column: name.clone(),
        increase: 8.0 - 1.1 * k as f64,
        deviation: 0.4,
    };
    Importance {
        split: "test".to_owned(),
        rows: 400,
        measure: "RMSE".to_owned(),
        baseline: 5.21,
        repeats: 5,
        columns: names.iter().enumerate().map(column).collect(),
    }
}

/// A network that recognizes small images, with or without dropout.
pub fn images(name: &str, is_dropout: bool) -> Explanation {
    let error = if is_dropout { 0.0111 } else { 0.0278 };
    let mistake = |k: usize| Mistake {
        row: 17 * k + 3,
        line: None,
        actual: (k % 10).to_string(),
        predicted: ((k + 3) % 10).to_string(),
        probability: Some(0.99 - 0.04 * k as f64),
        inputs: stroke(k, 8)
            .iter()
            .map(|value| (value.abs() * 2.5).min(1.0))
            .collect(),
    };
    Explanation {
        sure: None,
        rotation: None,
        name: name.to_owned(),
        card: card(
            "Mlp 64-512-512-10: hidden ReLU, output identity, dropout 0.1 input / 0.5 hidden, 301,066 parameters",
            vec![
                measured("test", "error rate", error, 0.009, true),
                measured("test", "negative log likelihood", 0.0412, 0.02, false),
                measured("validation", "error rate", 0.0139, 0.009, true),
                measured("training", "error rate", 0.0, 0.002, true),
            ],
        ),
        curves: curves("error rate", is_dropout),
        landscape: Some(landscape(if is_dropout { 20 } else { 0 })),
        paths: Some(paths(32)),
        redundancy: vec![
            redundancy(1, 64, if is_dropout { 12 } else { 4 }),
            redundancy(2, 64, 6),
        ],
        features: Features {
            image: Some((8, 8)),
            input_names: Vec::new(),
            all_inputs: 64,
            units: (0..64)
                .map(|unit| Feature {
                    unit,
                    weights: stroke(unit, 8),
                })
                .collect(),
            all_units: 512,
        },
        activity: vec![activity(1, is_dropout), activity(2, is_dropout)],
        confusion: Some(confusion(10)),
        ranking: Some(ranking(10)),
        calibration: Some(calibration()),
        fit: None,
        importance: None,
        mistakes: Some(Mistakes {
            split: "test".to_owned(),
            image: Some((8, 8)),
            input_names: Vec::new(),
            all_inputs: 64,
            rows: (0..10).map(mistake).collect(),
            all: 10,
        }),
        diagram: diagram(is_dropout),
        notes: vec!["The path of the weights was not recorded: train with <care>.".to_owned()],
    }
}

/// A network that predicts a number from a table.
pub fn table(name: &str) -> Explanation {
    let point = |k: usize| {
        let actual = 40.0 + 35.0 * wave(k);
        (actual, actual + 6.0 * wave(k + 999))
    };
    let inputs = [
        "cement",
        "slag",
        "ash",
        "water",
        "plasticizer",
        "coarse",
        "fine",
        "age",
    ];
    let names: Vec<String> = inputs.iter().map(|name| (*name).to_owned()).collect();
    let mistake = |k: usize| Mistake {
        row: k,
        line: None,
        actual: format!("{:.1}", 40.0 + k as f64),
        predicted: format!("{:.1}", 55.0 - k as f64),
        probability: None,
        inputs: (0..8)
            .map(|input| 100.0 * wave(k * 8 + input) as f32)
            .collect(),
    };
    let weights = |unit: usize| (0..8).map(|input| wave(unit * 8 + input) as f32).collect();
    let mut explanation = images(name, true);
    explanation.card = card(
        "Mlp 8-128-128-1: hidden ReLU, output identity, 17,793 parameters",
        vec![
            measured("test", "RMSE", 5.21, 0.8, false),
            measured("test", "R2", 0.906, 0.03, false),
        ],
    );
    explanation.curves.error_name = "RMSE".to_owned();
    explanation.confusion = None;
    explanation.ranking = None;
    explanation.importance = Some(importance(&names));
    explanation.calibration = None;
    explanation.features = Features {
        image: None,
        input_names: names.clone(),
        all_inputs: 8,
        units: (0..16)
            .map(|unit| Feature {
                unit,
                weights: weights(unit),
            })
            .collect(),
        all_units: 128,
    };
    explanation.fit = Some(Fit {
        split: "test".to_owned(),
        target: "strength, MPa".to_owned(),
        rows: 400,
        points: (0..400).map(point).collect(),
    });
    explanation.mistakes = Some(Mistakes {
        split: "test".to_owned(),
        image: None,
        input_names: names.clone(),
        all_inputs: 8,
        rows: (0..10).map(mistake).collect(),
        all: 400,
    });
    explanation
}

/// A run of which nothing is known but its network.
pub fn bare(name: &str) -> Explanation {
    Explanation {
        sure: None,
        rotation: None,
        name: name.to_owned(),
        card: card("Mlp 1-1-1", Vec::new()),
        curves: Curves {
            error_name: "mean absolute error".to_owned(),
            losses: Vec::new(),
            errors: Vec::new(),
            best_step: None,
            cross_validates: false,
            steps_an_epoch: None,
        },
        landscape: None,
        paths: None,
        redundancy: Vec::new(),
        features: Features {
            image: None,
            input_names: Vec::new(),
            all_inputs: 1,
            units: Vec::new(),
            all_units: 0,
        },
        activity: Vec::new(),
        confusion: None,
        ranking: None,
        calibration: None,
        fit: None,
        importance: None,
        mistakes: None,
        diagram: Diagram { layers: Vec::new() },
        notes: Vec::new(),
    }
}
