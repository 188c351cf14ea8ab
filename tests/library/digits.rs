//! The built-in digits, against facts that Python read from scikit-learn's own file:
//!
//! ```text
//! rows = [[int(v) for v in line.split(",")] for line in gzip.open("digits.csv.gz", "rt")]
//! [sum(r[-1] == k for r in rows) for k in range(10)]           # CLASS_COUNTS, as in its documentation
//! [sum(sum(r[:-1]) for r in rows if r[-1] == k) for k in range(10)]  # CLASS_SUMS
//! sum(sum((k + 1) * v for k, v in enumerate(r[:-1])) * (i + 1) for i, r in enumerate(rows))
//! ```

use burn::tensor::Tensor;
use dropwise::Backend;
use dropwise::config::{DataConfig, DataSource};
use dropwise::data::{self, Preprocessing, Task, digits};

const CLASS_COUNTS: [usize; 10] = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
const CLASS_SUMS: [usize; 10] = [
    56_415, 57_007, 55_566, 56_151, 56_239, 55_915, 56_336, 54_289, 57_408, 56_392,
];
const WEIGHED_SUM: usize = 16_337_198_609;

/// Every image's pixels from 0 to 16, and its digit.
fn images() -> Vec<(Vec<usize>, usize)> {
    let digits = digits();
    let image = |row| {
        let pixels = digits.input_row(row).into_iter().map(whole_pixel);
        let target = digits.target_row(row);
        assert_eq!(target.iter().sum::<f64>(), 1.0, "one class in row {row}");
        let digit = target.iter().position(|one| *one == 1.0);
        (pixels.collect(), digit.expect("a class"))
    };
    (0..digits.len()).map(image).collect()
}

fn whole_pixel(input: f64) -> usize {
    let pixel = input * 16.0;
    assert!(
        (0.0..=16.0).contains(&pixel) && pixel.fract() == 0.0,
        "{input}"
    );
    pixel as usize
}

#[test]
fn every_class_has_the_images_that_scikit_learn_has() {
    let mut counts = [0; 10];
    let mut sums = [0; 10];
    for (pixels, digit) in images() {
        assert_eq!(pixels.len(), 64);
        counts[digit] += 1;
        sums[digit] += pixels.iter().sum::<usize>();
    }
    assert_eq!(counts, CLASS_COUNTS);
    assert_eq!(sums, CLASS_SUMS);
    assert_eq!(sums.iter().sum::<usize>(), 561_718);
}

#[test]
fn rows_and_pixels_are_in_the_published_order() {
    let weigh = |(k, pixel): (usize, &usize)| (k + 1) * pixel;
    let weighed = images().into_iter().enumerate();
    let weighed = weighed
        .map(|(row, (pixels, _))| (row + 1) * pixels.iter().enumerate().map(weigh).sum::<usize>());
    assert_eq!(weighed.sum::<usize>(), WEIGHED_SUM);

    let first: Vec<usize> = images().iter().take(12).map(|(_, digit)| *digit).collect();
    assert_eq!(first, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
}

#[test]
fn a_batch_has_the_rows_one_after_another_each_of_one_class() {
    let device = Backend::default().device().expect("a device");
    let batch = digits().select(&[3, 1, 4]);
    let numbers = |tensor: Tensor<2>| tensor.into_data().try_to_vec::<f32>().expect("32 bits");
    let rows = |read: &dyn Fn(usize) -> Vec<f64>| (0..3).flat_map(read).collect::<Vec<f64>>();
    let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
    assert_eq!(
        wide(numbers(batch.targets(&device))),
        rows(&|row| batch.target_row(row))
    );
    assert_eq!(
        wide(numbers(batch.inputs(&device))),
        rows(&|row| batch.input_row(row))
    );
}

#[test]
fn the_classes_are_the_ten_digits() {
    let Task::Classification { classes } = digits().task().clone() else {
        panic!("digits are classes");
    };
    assert_eq!(classes.concat(), "0123456789");
}

#[test]
fn the_source_says_how_a_row_is_prepared_and_which_file_it_holds() {
    let splits = data::load(&DataConfig::new(DataSource::Digits), 1).expect("the digits");
    let expected = Preprocessing::Images {
        height: 8,
        width: 8,
        largest: 16,
    };
    assert_eq!(splits.preprocessing, expected);
    assert_eq!(splits.train.len(), 1797);
    assert!(splits.validation.is_none() && splits.test.is_none());
    // From `sha256sum src/data/digits.csv.gz`; the page that names the license states it too.
    let hash = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22";
    assert_eq!(splits.hash, hash);
    assert!(include_str!("../../src/data/README.md").contains(hash));
}
