//! Rows in memory: inputs and targets.

mod xor;

use burn::tensor::{Tensor, TensorCreationOptions, TensorData};

use crate::config::{DataConfig, Source};

pub use xor::xor;

/// A table of numbers: `rows` rows of `d_input` inputs and `d_output` targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    rows: usize,
    d_input: usize,
    d_output: usize,
    inputs: Vec<f64>,
    targets: Vec<f64>,
}

impl Dataset {
    /// A data set from as many rows of inputs as of targets.
    #[must_use]
    pub fn from_rows<const ROWS: usize, const D_INPUT: usize, const D_OUTPUT: usize>(
        inputs: [[f64; D_INPUT]; ROWS],
        targets: [[f64; D_OUTPUT]; ROWS],
    ) -> Self {
        Dataset {
            rows: ROWS,
            d_input: D_INPUT,
            d_output: D_OUTPUT,
            inputs: inputs.as_flattened().to_vec(),
            targets: targets.as_flattened().to_vec(),
        }
    }

    /// The data set that a configuration names.
    #[must_use]
    pub fn load(config: &DataConfig) -> Self {
        match config.source {
            Source::Xor => xor(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs a row.
    #[must_use]
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// Targets a row.
    #[must_use]
    pub fn d_output(&self) -> usize {
        self.d_output
    }

    /// All inputs as a tensor of shape `[rows, d_input]`.
    #[must_use]
    pub fn inputs(&self, options: impl Into<TensorCreationOptions>) -> Tensor<2> {
        let data = TensorData::new(self.inputs.clone(), [self.rows, self.d_input]);
        Tensor::from_data(data, options)
    }

    /// All targets as a tensor of shape `[rows, d_output]`.
    #[must_use]
    pub fn targets(&self, options: impl Into<TensorCreationOptions>) -> Tensor<2> {
        let data = TensorData::new(self.targets.clone(), [self.rows, self.d_output]);
        Tensor::from_data(data, options)
    }

    /// The inputs of one row.
    ///
    /// # Panics
    /// If there are not so many rows.
    #[must_use]
    pub fn input_row(&self, row: usize) -> &[f64] {
        &self.inputs[row * self.d_input..][..self.d_input]
    }

    /// The targets of one row.
    ///
    /// # Panics
    /// If there are not so many rows.
    #[must_use]
    pub fn target_row(&self, row: usize) -> &[f64] {
        &self.targets[row * self.d_output..][..self.d_output]
    }
}
