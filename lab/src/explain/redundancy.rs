//! How alike the units of a hidden layer have become.

use burn::tensor::{Tensor, TensorCreationOptions};
use serde::{Deserialize, Serialize};

use dropwise::backend::{read, write};
use dropwise::error::Result;
use dropwise::model::Mlp;
use dropwise::threads::in_pool;

use super::HiddenUnits;

/// How alike the units of a hidden layer are. The tutorial's claim is that dropout keeps units from doing the same
/// work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redundancy {
    /// The hidden layer, counted from 1.
    pub layer: usize,
    /// Its units.
    pub units: usize,
    /// Units whose activation is the same in every row, which correlate with nothing.
    pub constant_units: usize,
    /// Rows that the activations are of. Without any, nothing is known of activations, and `activations` shows no
    /// unit.
    pub rows: usize,
    /// Pearson's correlations of activations over rows, dropout off.
    pub activations: Similarities,
    /// Cosines of the angles between the vectors of incoming weights, biases left out.
    pub weights: Similarities,
}

/// The similarities of pairs of units, from -1 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Similarities {
    /// The units that the matrix is of, in its order, like ones beside each other.
    pub shown: Vec<usize>,
    /// `[shown, shown]`, row after row.
    pub matrix: Vec<Vec<f32>>,
    /// Over all pairs of units, the mean of the magnitudes.
    pub mean_magnitude: f64,
    /// Units that have a near-duplicate: another unit with a similarity above [`Redundancy::NEAR`].
    pub near_duplicates: usize,
    /// How many directions the units take: `(sum of eigenvalues)^2 / (sum of their squares)` of the matrix over all
    /// units, the participation ratio; 1 if all are alike, the number of units if no two are.
    pub effective_rank: f64,
}

impl Redundancy {
    /// Two units with a similarity above this are near-duplicates.
    pub const NEAR: f64 = 0.95;
}

/// The most units of a layer that are shown, the first ones.
const SHOWN: usize = 48;

/// Units whose similarities with all others are computed at once; the first of them are those that are shown.
const BLOCK: usize = 256;

/// How alike the units of each hidden layer are. Means and norms are computed in 64 bits, the products of units on
/// the network's device in its precision.
pub(super) fn redundancy(network: &Mlp, hidden: &[HiddenUnits]) -> Result<Vec<Redundancy>> {
    let mut found = Vec::with_capacity(hidden.len());
    for (hidden, layer) in hidden.iter().zip(network.tensors()) {
        let device = layer.weight.device();
        let options = TensorCreationOptions::from((&device, network.dtype()));
        let mut values = hidden.values.clone();
        let constant = center(&mut values, hidden.units);
        let activations = normalize(values, hidden.units);
        let weights = normalize(read(layer.weight)?, hidden.units); // [d_input, units]
        found.push(Redundancy {
            layer: hidden.layer,
            units: hidden.units,
            constant_units: constant,
            rows: hidden.rows,
            activations: Similarities::of(&activations, hidden.units, &options)?,
            weights: Similarities::of(&weights, hidden.units, &options)?,
        });
    }
    Ok(found)
}

/// Takes each column's mean off it. A column whose numbers are all the same becomes zeros; the result is how many
/// there are.
fn center(values: &mut [f64], columns: usize) -> usize {
    let rows = values.len() / columns;
    let Some(first) = values.get(..columns).map(<[f64]>::to_vec) else {
        return 0;
    };
    let (mut sums, mut varies) = (vec![0.0; columns], vec![false; columns]);
    for row in values.chunks_exact(columns) {
        for (k, value) in row.iter().enumerate() {
            // Less the first value, so that a small spread around a large one keeps its digits.
            sums[k] += value - first[k];
            varies[k] |= *value != first[k];
        }
    }
    for row in values.chunks_exact_mut(columns) {
        for (k, value) in row.iter_mut().enumerate() {
            *value = if varies[k] {
                *value - first[k] - sums[k] / rows as f64
            } else {
                0.0
            };
        }
    }
    varies.iter().filter(|varies| !**varies).count()
}

/// Brings each column to length 1, but for those of zeros, and of what is not finite, which become zeros.
fn normalize(mut values: Vec<f64>, columns: usize) -> Vec<f64> {
    let mut largest = vec![0.0_f64; columns];
    for row in values.chunks_exact(columns) {
        for (largest, value) in largest.iter_mut().zip(row) {
            *largest = largest.max(value.abs());
        }
    }
    // Divided by the largest first: the squares of small numbers may be none.
    let mut squares = vec![0.0; columns];
    for row in values.chunks_exact(columns) {
        for (k, value) in row.iter().enumerate() {
            squares[k] += (value / largest[k]).powi(2);
        }
    }
    for row in values.chunks_exact_mut(columns) {
        for (k, value) in row.iter_mut().enumerate() {
            let scaled = *value / largest[k] / squares[k].sqrt();
            *value = if scaled.is_finite() { scaled } else { 0.0 };
        }
    }
    values
}

/// Sums over pairs of units.
struct Pairs {
    /// Units that are not zero.
    directions: usize,
    magnitudes: f64,
    squares: f64,
    /// Whether a unit has a near-duplicate.
    near: Vec<bool>,
    /// `[shown][shown]`
    shown: Vec<Vec<f32>>,
}

impl Similarities {
    /// The products of columns of length 1 or 0, `[rows, units]`.
    fn of(columns: &[f64], units: usize, options: &TensorCreationOptions) -> Result<Self> {
        let rows = columns.len() / units;
        if rows == 0 {
            return Ok(Similarities {
                shown: Vec::new(),
                matrix: Vec::new(),
                mean_magnitude: 0.0,
                near_duplicates: 0,
                effective_rank: 0.0,
            });
        }
        let pairs = Pairs::of(columns, [rows, units], options)?;
        let shown = beside_each_other(&pairs.shown);
        let matrix = shown.iter().map(|unit| {
            let row = shown.iter().map(|other| pairs.shown[*unit][*other]);
            row.collect()
        });
        let all = (units * units.saturating_sub(1)).max(1) as f64 / 2.0;
        let trace = pairs.directions as f64;
        // The matrix is symmetric: a pair stands in it twice.
        let squares = trace + 2.0 * pairs.squares;
        Ok(Similarities {
            matrix: matrix.collect(),
            mean_magnitude: pairs.magnitudes / all,
            near_duplicates: pairs.near.iter().filter(|near| **near).count(),
            effective_rank: if trace > 0.0 {
                trace * trace / squares
            } else {
                0.0
            },
            shown,
        })
    }
}

impl Pairs {
    fn of(
        columns: &[f64],
        [rows, units]: [usize; 2],
        options: &TensorCreationOptions,
    ) -> Result<Self> {
        let mut is_zero = vec![true; units];
        for row in columns.chunks_exact(units) {
            for (is_zero, value) in is_zero.iter_mut().zip(row) {
                *is_zero &= *value == 0.0;
            }
        }
        let shown = units.min(SHOWN);
        let mut pairs = Pairs {
            directions: is_zero.iter().filter(|zero| !**zero).count(),
            magnitudes: 0.0,
            squares: 0.0,
            near: vec![false; units],
            shown: vec![vec![0.0; shown]; shown],
        };
        let columns: Tensor<2> = write(columns, [rows, units], options);
        for start in (0..units).step_by(BLOCK) {
            let end = units.min(start + BLOCK);
            let products = in_pool(rows * (end - start) * (units - start), || {
                let block = columns.clone().slice([0..rows, start..end]);
                let rest = columns.clone().slice([0..rows, start..units]);
                block.transpose().matmul(rest)
            });
            let products = read(products)?; // [end - start, units - start]
            for (k, row) in products.chunks_exact(units - start).enumerate() {
                pairs.add(start + k, &row[k + 1..]);
            }
        }
        for (unit, is_zero) in is_zero.iter().take(shown).enumerate() {
            pairs.shown[unit][unit] = if *is_zero { 0.0 } else { 1.0 };
        }
        Ok(pairs)
    }

    /// Adds the similarities of a unit with all that come after it.
    fn add(&mut self, unit: usize, similarities: &[f64]) {
        for (other, similarity) in (unit + 1..).zip(similarities) {
            let similarity = similarity.clamp(-1.0, 1.0);
            self.magnitudes += similarity.abs();
            self.squares += similarity * similarity;
            if similarity > Redundancy::NEAR {
                self.near[unit] = true;
                self.near[other] = true;
            }
            if other < self.shown.len() {
                self.shown[unit][other] = similarity as f32;
                self.shown[other][unit] = similarity as f32;
            }
        }
    }
}

/// An order in which each unit is followed by the one that is most like it of those that are left, from the unit on
/// that has most in common with all others. Units of zeros come last.
fn beside_each_other(matrix: &[Vec<f32>]) -> Vec<usize> {
    let (mut left, zeros): (Vec<usize>, Vec<usize>) =
        (0..matrix.len()).partition(|unit| matrix[*unit][*unit] > 0.0);
    let in_common = |unit: usize| matrix[unit].iter().map(|value| value.abs()).sum::<f32>();
    let mut order: Vec<usize> = Vec::with_capacity(matrix.len());
    while !left.is_empty() {
        let likeness = |unit: usize| match order.last() {
            Some(last) => matrix[*last][unit],
            None => in_common(unit),
        };
        // Of equals the first.
        let best = (1..left.len()).fold(0, |best, place| {
            if likeness(left[place]) > likeness(left[best]) {
                place
            } else {
                best
            }
        });
        order.push(left.remove(best));
    }
    order.extend(zeros);
    order
}
