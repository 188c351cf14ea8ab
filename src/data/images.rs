//! Images in memory, a byte a pixel.

use super::{Preparation, Source, Task};

/// A source of labelled images. Pixels stay bytes in memory; a row becomes numbers when it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Images {
    /// A classification.
    pub(super) task: Task,
    pub(super) height: usize,
    pub(super) width: usize,
    /// The value of a full pixel: an input is pixel / largest.
    pub(super) largest: u8,
    /// `[rows, height, width]`, row after row.
    pub(super) pixels: Vec<u8>,
    /// `[rows]`, each below the number of classes.
    pub(super) labels: Vec<u8>,
}

impl Images {
    /// How a row from outside becomes inputs like these.
    pub(super) fn preparation(&self) -> Preparation {
        Preparation::Images {
            height: self.height,
            width: self.width,
            largest: self.largest,
        }
    }
}

impl Source for Images {
    fn rows(&self) -> usize {
        self.labels.len()
    }

    fn d_input(&self) -> usize {
        self.height * self.width
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let pixels = &self.pixels[row * self.d_input()..][..self.d_input()];
        let largest = f64::from(self.largest);
        for (input, pixel) in into.iter_mut().zip(pixels) {
            *input = f64::from(*pixel) / largest;
        }
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.fill(0.0);
        into[usize::from(self.labels[row])] = 1.0;
    }
}

/// A classification whose classes are called `0`, `1` and so on.
pub(super) fn numbered_classes(classes: usize) -> Task {
    Task::Classification {
        classes: (0..classes).map(|class| class.to_string()).collect(),
    }
}
