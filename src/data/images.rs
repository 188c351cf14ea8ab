//! Images, a byte a pixel.

use super::row_file::RowFile;
use super::{Preprocessing, Source, Task};

/// A source of labeled images. Pixels stay bytes; a row becomes numbers when it is read.
#[derive(Debug)]
pub(super) struct Images {
    /// A classification.
    pub(super) task: Task,
    pub(super) height: usize,
    pub(super) width: usize,
    /// The value of a full pixel: an input is pixel / largest.
    pub(super) largest: u8,
    pub(super) pixels: Pixels,
    /// `[rows]`, each below the number of classes.
    pub(super) labels: Vec<u8>,
}

impl Images {
    /// How a row from outside becomes inputs like these.
    pub(super) fn preprocessing(&self) -> Preprocessing {
        Preprocessing::Images {
            height: self.height,
            width: self.width,
            largest: self.largest,
        }
    }

    /// Hands the pixels of each of these rows to `each`, with the place of the row among them.
    pub(super) fn read(&self, rows: &[usize], mut each: impl FnMut(usize, &[u8])) {
        let width = self.d_input();
        match &self.pixels {
            Pixels::Memory(pixels) => {
                for (place, row) in rows.iter().enumerate() {
                    each(place, &pixels[row * width..][..width]);
                }
            }
            Pixels::File(file) => file.read(rows, each),
        }
    }
}

/// `[rows, height, width]`, row after row.
#[derive(Debug)]
pub(super) enum Pixels {
    Memory(Vec<u8>),
    File(RowFile),
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
        let largest = f64::from(self.largest);
        self.read(&[row], |_, pixels| {
            for (input, pixel) in into.iter_mut().zip(pixels) {
                *input = f64::from(*pixel) / largest;
            }
        });
    }

    /// The quotient of two whole numbers this small rounds to the same 32 bits with or without 64 in between.
    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        let (width, largest) = (self.d_input(), f32::from(self.largest));
        self.read(rows, |place, pixels| {
            for (input, pixel) in into[place * width..].iter_mut().zip(pixels) {
                *input = f32::from(*pixel) / largest;
            }
        });
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.fill(0.0);
        into[usize::from(self.labels[row])] = 1.0;
    }

    fn is_on_disk(&self) -> bool {
        matches!(self.pixels, Pixels::File(_))
    }

    fn read_ahead(&self, rows: &[usize]) {
        if let Pixels::File(file) = &self.pixels {
            file.read_ahead(rows);
        }
    }
}

/// A classification whose classes are called `0`, `1` and so on.
pub(super) fn numbered_classes(classes: impl Iterator<Item = usize>) -> Task {
    Task::Classification {
        classes: classes.map(|class| class.to_string()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Images, Pixels, numbered_classes};
    use crate::data::Source;

    #[test]
    fn an_input_of_32_bits_is_that_of_64_bits_rounded_for_every_pixel_and_every_largest_one() {
        for largest in 1..=u8::MAX {
            let images = Images {
                task: numbered_classes(0..2),
                height: 16,
                width: 16,
                largest,
                pixels: Pixels::Memory((0..=u8::MAX).collect()),
                labels: vec![0],
            };
            let (mut narrow, mut wide) = ([0.0_f32; 256], [0.0_f64; 256]);
            images.read_inputs_f32(&[0], &mut narrow);
            images.read_inputs(0, &mut wide);
            assert_eq!(narrow, wide.map(|input| input as f32), "{largest}");
        }
    }
}
