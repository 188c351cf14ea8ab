//! Rows whose targets are their inputs.

use super::{Dataset, Preprocessing, Source, Splits, Target, Task};

/// The rows of another source, each to be learned from itself: target `k` is input `k`.
struct Autoencoder {
    rows: Dataset,
    task: Task,
}

/// The same rows with their inputs as targets, split as they are.
pub(super) fn autoencoder(splits: Splits) -> Splits {
    let task = task(&splits.preprocessing);
    let wrap = |rows: Dataset| {
        Dataset::new(Autoencoder {
            rows,
            task: task.clone(),
        })
    };
    Splits {
        train: wrap(splits.train),
        validation: splits.validation.map(wrap),
        test: splits.test.map(wrap),
        calibration: splits.calibration.map(wrap),
        ..splits
    }
}

/// A target an input, learned as it is.
fn task(preprocessing: &Preprocessing) -> Task {
    let names = preprocessing.input_names().into_iter();
    Task::Regression {
        targets: names
            .map(|name| Target {
                name,
                mean: 0.0,
                deviation: 1.0,
            })
            .collect(),
    }
}

impl Source for Autoencoder {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn d_input(&self) -> usize {
        self.rows.d_input()
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let rows = &self.rows;
        rows.source.read_inputs(rows.source_row(row), into);
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        let of_source: Vec<usize> = rows.iter().map(|row| self.rows.source_row(*row)).collect();
        self.rows.source.read_inputs_f32(&of_source, into);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        self.read_inputs(row, into);
    }

    fn weight(&self, row: usize) -> Option<f64> {
        self.rows.weight(row)
    }

    fn line(&self, row: usize) -> Option<usize> {
        self.rows.line(row)
    }

    fn file(&self, row: usize) -> Option<&str> {
        self.rows.file(row)
    }

    fn is_on_disk(&self) -> bool {
        self.rows.is_on_disk()
    }

    fn read_ahead(&self, rows: &[usize]) {
        self.rows.read_ahead(rows.iter().copied());
    }
}
