//! Some weights of the first layer while a network is trained.

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use dropwise::backend::read;
use dropwise::data::Dataset;
use dropwise::error::{Error, Result};
use dropwise::model::Mlp;

/// The most inputs from which weights are recorded, and the most units.
const INPUTS: usize = 4;
const UNITS: usize = 64;

/// The first training rows, by which the inputs are chosen.
const ROWS: usize = 1_000;

/// Steps at which weights are recorded, beside the first ones.
const STEPS: usize = 200;

/// Records some weights of the first layer while a network is trained: those from the inputs that vary most to the
/// first units.
///
/// Whether a step is recorded is a function of its number alone: step 0, which is before the first, the powers of
/// two, where most happens, some 200 steps evenly spaced, and the last. So a run that was interrupted records what
/// it would have recorded without. At most 4 inputs and 64 units are recorded; of a network without hidden layers
/// nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorder {
    inputs: Vec<usize>,
    units: usize,
    every: usize,
    steps: usize,
}

/// What is recorded at a step. Written as a line of JSON, each number is that of 32 bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailLine {
    /// Training steps so far.
    pub step: usize,
    /// In the first line the inputs, counted from 0, those that vary most first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<usize>>,
    /// In the first line the number of units, which are the layer's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    /// `[inputs][units]`
    pub weights: Vec<Vec<f32>>,
}

impl Recorder {
    /// For a training of `network` on the rows of `train` in `steps` steps.
    #[must_use]
    pub fn new(train: &Dataset, network: &Mlp, steps: usize) -> Self {
        Recorder {
            inputs: most_varying_inputs(train),
            units: first_units(network),
            every: steps.div_ceil(STEPS).max(1),
            steps,
        }
    }

    /// Whether weights are recorded after `step` steps.
    #[must_use]
    pub fn is_due(&self, step: usize) -> bool {
        self.units > 0 && self.is_one_of_the_steps(step)
    }

    fn is_one_of_the_steps(&self, step: usize) -> bool {
        step.is_multiple_of(self.every) || step.is_power_of_two() || step == self.steps
    }

    /// The weights of `network` after `step` steps; `None` if one of them is not a finite number, or there is no
    /// hidden unit. Nothing but them is read from the device.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub fn record(&self, network: &Mlp, step: usize) -> Result<Option<TrailLine>> {
        if self.units == 0 {
            return Ok(None);
        }
        let weights: Vec<f32> = weights(network, &self.inputs, self.units)?
            .into_iter()
            .map(|weight| weight as f32)
            .collect();
        let is_first = step == 0;
        let line = TrailLine {
            step,
            inputs: is_first.then(|| self.inputs.clone()),
            units: is_first.then_some(self.units),
            weights: weights.chunks(self.units).map(<[f32]>::to_vec).collect(),
        };
        Ok(weights
            .iter()
            .all(|weight| weight.is_finite())
            .then_some(line))
    }
}

/// The weights that a [`Recorder`] recorded, in order of steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trail {
    inputs: Vec<usize>,
    units: usize,
    steps: Vec<usize>,
    /// `[steps][inputs][units]`
    weights: Vec<Vec<Vec<f32>>>,
}

impl Trail {
    /// Takes the next line.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the first line does not name inputs and units, or if a line does not go with
    /// those before it.
    pub fn push(&mut self, line: TrailLine) -> Result<()> {
        let refused = |expected: &str| {
            let found = format!("step {} after {:?}", line.step, self.steps.last());
            Err(Error::invalid("recorded weights", expected, found))
        };
        if self.steps.is_empty() {
            let (Some(inputs), Some(units)) = (&line.inputs, line.units) else {
                return refused("inputs and units in the first line");
            };
            (self.inputs, self.units) = (inputs.clone(), units);
        }
        if self.steps.last().is_some_and(|last| line.step <= *last) {
            return refused("steps in their order");
        }
        let fits = |weights: &Vec<f32>| {
            weights.len() == self.units && weights.iter().all(|weight| weight.is_finite())
        };
        if line.weights.len() != self.inputs.len() || !line.weights.iter().all(fits) {
            return refused("a finite number for each input and unit");
        }
        self.steps.push(line.step);
        self.weights.push(line.weights);
        Ok(())
    }

    /// The inputs, counted from 0, those that vary most first.
    #[must_use]
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// The number of units, which are the layer's first.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[usize] {
        &self.steps
    }

    /// Step and value of the weight from an input to a unit, where it was recorded.
    #[must_use]
    pub fn path(&self, input: usize, unit: usize) -> Option<Vec<(usize, f64)>> {
        let place = self.inputs.iter().position(|recorded| *recorded == input)?;
        if unit >= self.units {
            return None;
        }
        let values = self
            .weights
            .iter()
            .map(|weights| f64::from(weights[place][unit]));
        Some(self.steps.iter().copied().zip(values).collect())
    }

    /// Input and unit of the weight with the largest distance between its smallest and its largest value; of equals
    /// the first. None if nothing was recorded.
    #[must_use]
    pub fn moved_most(&self) -> Option<(usize, usize)> {
        let mut most = None;
        for (place, input) in self.inputs.iter().enumerate() {
            for unit in 0..self.units {
                let values = self.weights.iter().map(|weights| weights[place][unit]);
                let (low, high) = values
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
                        (low.min(value), high.max(value))
                    });
                if most.is_none_or(|(_, distance)| high - low > distance) {
                    most = Some(((*input, unit), high - low));
                }
            }
        }
        most.filter(|_| !self.steps.is_empty())
            .map(|(weight, _)| weight)
    }

    /// Checks that the weights can be those of a network with `d_input` inputs and `units` units in its first
    /// layer.
    pub(super) fn check(&self, d_input: usize, units: usize) -> Result<()> {
        if self.inputs.iter().all(|input| *input < d_input) && self.units <= units {
            return Ok(());
        }
        let expected =
            format!("of a network with {d_input} inputs and {units} units in its first layer");
        let found = format!("from the inputs {:?} to {} units", self.inputs, self.units);
        Err(Error::invalid("recorded weights", expected, found))
    }
}

/// The units that are looked at one by one: the first of the first layer.
pub(super) fn first_units(network: &Mlp) -> usize {
    network.widths().nth(1).unwrap_or_default().min(UNITS)
}

/// The inputs that vary most over the first rows, by their variance; those that do not vary come last, the larger
/// ones first, as a constant input is a bias.
pub(super) fn most_varying_inputs(train: &Dataset) -> Vec<usize> {
    let (rows, d_input) = (train.len().min(ROWS), train.d_input());
    let (mut sums, mut squares) = (vec![0.0; d_input], vec![0.0; d_input]);
    for row in 0..rows {
        let inputs = train.input_row(row);
        for ((sum, square), input) in sums.iter_mut().zip(&mut squares).zip(inputs) {
            *sum += input;
            *square += input * input;
        }
    }
    let rows = rows.max(1) as f64;
    let variance = |k: usize| (squares[k] / rows - (sums[k] / rows).powi(2)).max(0.0);
    let mut inputs: Vec<usize> = (0..d_input).collect();
    inputs.sort_by(|a, b| {
        let variances = variance(*b).total_cmp(&variance(*a));
        variances.then(squares[*b].total_cmp(&squares[*a]))
    });
    inputs.truncate(INPUTS);
    inputs
}

/// The weights from some inputs to the first units, `[inputs, units]`, input after input.
pub(super) fn weights(network: &Mlp, inputs: &[usize], units: usize) -> Result<Vec<f64>> {
    let mut layers = network.tensors();
    let weight = layers.swap_remove(0).weight; // [d_input, d_1]
    let places: Vec<i64> = inputs.iter().map(|input| *input as i64).collect();
    let places = TensorData::new(places, [inputs.len()]);
    let places = Tensor::<1, Int>::from_data(places, &weight.device());
    read(weight.select(0, places).slice([0..inputs.len(), 0..units]))
}
