//! A rotated image: how the classes that thinned networks see in it change with the angle, and how far they disagree (Gal and Ghahramani
//! 2016, Figure 4).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::features::image_of;
use super::split_evaluation::SplitEvaluation;
use super::subject::Subject;
use super::sure::sampler_of;
use crate::uncertainty::of_each_class;
use dropwise::Dataset;
use dropwise::backend::write;
use dropwise::error::{Error, Result};
use dropwise::evaluate::{SAMPLES, Samples, predicted_class};

/// What networks say about an image at several angles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// The part of the data: `training`, `validation` or `test`.
    pub split: String,
    /// The row of it, counted from 0.
    pub row: usize,
    /// Its class.
    pub actual: String,
    /// Height and width of the image.
    pub image: (usize, usize),
    /// How many networks were asked.
    pub networks: usize,
    /// The classes that are shown: those that are the likeliest at some angle or of the image as it is, at most four.
    pub classes: Vec<String>,
    /// Of each angle.
    pub steps: Vec<RotationStep>,
}

/// What networks say about an image at one angle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RotationStep {
    /// By how many degrees it is turned against the clock.
    pub angle: f64,
    /// The image, from 0 to 1.
    pub pixels: Vec<f32>,
    /// The likeliest class.
    pub predicted: String,
    /// The mean probability of each class that is shown.
    pub probabilities: Vec<f64>,
    /// What some of the networks say of each, `[networks that are shown, classes that are shown]`.
    pub samples: Vec<Vec<f64>>,
    /// Of the mean probabilities of all classes, in nats.
    pub entropy: f64,
    /// The part of it that comes from networks that differ, in nats.
    pub mutual_information: f64,
}

/// Angles, `STEP` degrees apart; the last is half a turn.
const ANGLES: usize = 13;
const STEP: f64 = 15.0;
const CLASSES: usize = 4;
/// Networks whose answers are kept.
const SHOWN: usize = 50;

/// What the networks say about row `row` of `evaluation`, turned.
///
/// # Errors
/// [`Error::InvalidValue`] for rows that are no images, outputs that are no probabilities, a row that there is not, and as
/// [`sampler_of`].
pub(super) fn rotation(
    subject: &Subject<'_>,
    evaluation: &SplitEvaluation<'_>,
    (row, samples): (usize, Option<Samples>),
) -> Result<Rotation> {
    let (task, rows) = (evaluation.task(), evaluation.rows);
    let Some(image) = image_of(subject.preprocessing) else {
        let found = "one of other rows";
        return Err(Error::invalid("--rotate", "a network of images", found));
    };
    if task.classes().is_empty() || evaluation.bins.is_none() {
        let expected = "a network whose outputs are the probabilities of classes";
        return Err(Error::invalid("--rotate", expected, "one of another kind"));
    }
    if row >= rows.len() {
        let (part, last) = (evaluation.part.word(), rows.len() - 1);
        let expected = format!("the number of one of the {part} rows, 0 to {last}");
        return Err(Error::invalid("--rotate", expected, row));
    }
    let sampler = sampler_of(subject, task, samples.unwrap_or(Samples::Count(SAMPLES)))?;
    let (upright, target) = (rows.input_row(row), rows.target_row(row));
    let turned: Vec<Vec<f64>> = (0..ANGLES)
        .map(|k| rotated(&upright, image, STEP * k as f64))
        .collect();
    let truth = predicted_class(task, &target);
    let targets = vec![[truth.unwrap_or(0) as f64]; ANGLES];
    let data = Dataset::from_rows(&turned, &targets, task.clone())?;
    let spread = sampler.spread(&data)?;
    let mean: Vec<Vec<f64>> = (0..ANGLES)
        .map(|k| of_each_class(spread.mean_of(k)))
        .collect();
    let likeliest = |k: usize| predicted_class(task, spread.mean_of(k));
    // The class of the image first, then others as they come.
    let mut shown: Vec<usize> = Vec::new();
    for class in truth.into_iter().chain((0..ANGLES).filter_map(likeliest)) {
        if !shown.contains(&class) && shown.len() < CLASSES {
            shown.push(class);
        }
    }
    let only = |all: &[f64]| -> Vec<f64> { shown.iter().map(|class| all[*class]).collect() };
    // [angles][networks]
    let mut said: Vec<Vec<Vec<f64>>> = vec![Vec::new(); ANGLES];
    let network = subject.network();
    let options = (&network.device(), network.dtype()).into();
    let inputs = |place: std::ops::Range<usize>| -> Tensor<2> {
        let shape = [place.len(), upright.len()];
        write(&turned[place].concat(), shape, &options)
    };
    sampler.each_sample(ANGLES, inputs, |place, _, predictions| {
        let width = task.d_output();
        for (k, row) in place.clone().zip(predictions.chunks_exact(width)) {
            said[k].push(only(&of_each_class(row)));
        }
    })?;
    let name = |class: Option<usize>| {
        let name = class.and_then(|class| task.classes().get(class));
        name.cloned().unwrap_or_else(|| "?".to_owned())
    };
    let step = |k: usize| RotationStep {
        angle: STEP * k as f64,
        pixels: turned[k].iter().map(|pixel| *pixel as f32).collect(),
        predicted: name(likeliest(k)),
        probabilities: only(&mean[k]),
        samples: super::spaced(said[k].len(), SHOWN)
            .map(|place| said[k][place].clone())
            .collect(),
        entropy: spread.entropy(k),
        mutual_information: spread.mutual_information(k),
    };
    Ok(Rotation {
        split: evaluation.part.word().to_owned(),
        row,
        actual: name(truth),
        image,
        networks: sampler.networks(),
        steps: (0..ANGLES).map(step).collect(),
        classes: shown.iter().map(|class| name(Some(*class))).collect(),
    })
}

/// An image turned around its middle against the clock, each pixel between the four that it comes from; 0 comes from outside.
///
/// # Shapes
/// - `pixels`, result: `[height, width]`, row after row
fn rotated(pixels: &[f64], (height, width): (usize, usize), degrees: f64) -> Vec<f64> {
    // Quarters of a turn are exact.
    let (sine, cosine) = match degrees {
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        other => other.to_radians().sin_cos(),
    };
    let middle = |pixels: usize| (pixels as f64 - 1.0) / 2.0;
    let (y0, x0) = (middle(height), middle(width));
    let at = |y: f64, x: f64| {
        let is_inside = y >= 0.0 && x >= 0.0 && y < height as f64 && x < width as f64;
        if is_inside {
            pixels[y as usize * width + x as usize]
        } else {
            0.0
        }
    };
    let mut turned = Vec::with_capacity(pixels.len());
    for row in 0..height {
        for column in 0..width {
            // Rows count downward.
            let (up, right) = (y0 - row as f64, column as f64 - x0);
            let (y, x) = (
                y0 - (up * cosine - right * sine),
                x0 + right * cosine + up * sine,
            );
            let (top, left) = (y.floor(), x.floor());
            let (down, across) = (y - top, x - left);
            turned.push(
                (1.0 - down) * ((1.0 - across) * at(top, left) + across * at(top, left + 1.0))
                    + down
                        * ((1.0 - across) * at(top + 1.0, left)
                            + across * at(top + 1.0, left + 1.0)),
            );
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::rotated;

    #[test]
    fn quarters_of_a_turn_move_pixels_and_small_angles_keep_their_sum() {
        let image = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(rotated(&image, (3, 3), 0.0), image);
        // Against the clock the right column becomes the top row.
        assert_eq!(
            rotated(&image, (3, 3), 90.0),
            [2.0, 5.0, 8.0, 1.0, 4.0, 7.0, 0.0, 3.0, 6.0]
        );
        let mut backward = image;
        backward.reverse();
        assert_eq!(rotated(&image, (3, 3), 180.0), backward);
        let mut dot = vec![0.0; 15 * 15];
        for (row, column) in [(4, 7), (5, 7), (4, 8), (5, 8)] {
            dot[row * 15 + column] = 1.0;
        }
        for degrees in [15.0, 45.0, 120.0] {
            let sum: f64 = rotated(&dot, (15, 15), degrees).iter().sum();
            assert!((sum - 4.0).abs() < 0.3, "{degrees}: {sum}");
        }
    }
}
