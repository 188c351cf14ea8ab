use std::io::Read;

use flate2::read::GzDecoder;

use super::images::{Images, Pixels, numbered_classes};
use super::{Dataset, Splits, split};
use crate::config::SplitConfig;
use crate::error::Result;

/// `src/data/README.md` says where it comes from.
const PACKED: &[u8] = include_bytes!("digits.csv.gz");

/// 1,797 images of handwritten digits in 10 classes, in the order they were published in. Inputs
/// `[1797, 64]`: 8 lines of 8 pixels, each a number from 0 to 16 divided by 16. Targets `[1797, 10]`.
///
/// The test part of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak, UCI Machine
/// Learning Repository 1998, <https://doi.org/10.24432/C50P49>, under the license
/// [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): 13 people wrote these digits. It is
/// embedded as the file that scikit-learn's `load_digits` reads.
///
/// ```
/// let digits = dropwise::data::digits();
/// assert_eq!((digits.len(), digits.d_input(), digits.d_output()), (1797, 64, 10));
/// assert_eq!(digits.input_row(0)[..4], [0.0, 0.0, 5.0 / 16.0, 13.0 / 16.0]);
/// ```
#[must_use]
pub fn digits() -> Dataset {
    Dataset::new(unpack())
}

pub(super) fn load(split: Option<&SplitConfig>, seed: u64) -> Result<Splits> {
    let images = unpack();
    let preprocessing = images.preprocessing();
    split::built_in(split, seed, Dataset::new(images), preprocessing, PACKED)
}

/// The embedded file: a line an image, 64 pixels and the digit, commas between. It is part of the
/// program and read whole by a test, so a damaged one is a mistake of the build, not of the user.
fn unpack() -> Images {
    let mut text = String::new();
    let mut file = GzDecoder::new(PACKED);
    file.read_to_string(&mut text)
        .expect("the embedded file is whole");
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for line in text.lines() {
        pixels.extend(
            line.split(',')
                .map(|value| value.parse::<u8>().expect("a small number")),
        );
        labels.extend(pixels.pop());
    }
    Images {
        task: numbered_classes(0..10),
        height: 8,
        width: 8,
        largest: 16,
        pixels: Pixels::Memory(pixels),
        labels,
    }
}
