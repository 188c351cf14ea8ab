//! The network: fully-connected layers with dropout on the input of each.
//!
//! With `h_0` the input, `d_k` dropout and `f` the activation, layer `k` of `n` computes
//!
//! ```text
//! h_k = f(d_k(h_{k-1}) W_k + b_k),    k = 1 .. n
//! ```
//!
//! where `W_k` has the shape `[d_input, d_output]` and the last layer has an activation of its own.
//! `d_1` drops inputs, every other `d_k` the hidden units of the layer before (Srivastava et al.
//! 2014, section 4). DropConnect is on `W_k` instead: `h_k = f(h_{k-1} d_k(W_k) + b_k)`. Without hidden
//! layers, `n = 1`, it is a linear model: with a squared error its dropout is ridge regression in
//! expectation (section 9.1).

mod tensors;
mod thinned;
mod weights;

use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorCreationOptions};

use crate::activation::Activation;
use crate::backend::read;
use crate::check::{check_count, check_hidden};
use crate::config::{HiddenNoise, ResolvedExperiment};
use crate::dropout::{self, LayerMasks, Noise, NoiseLayer, SeededMasks};
use crate::error::{Error, Result};
use crate::initializer::Initializer;
use crate::seed::{Purpose, stream};

pub use tensors::LayerTensors;
pub(crate) use thinned::{Shared, Thinned};
pub use weights::LayerWeights;

/// The shape of a network, and how it starts.
///
/// ```
/// use dropwise::{Backend, MlpConfig};
///
/// let device = Backend::default().device()?.autodiff();
/// let network = MlpConfig::new(3, [4], 1)
///     .with_bias(false)
///     .with_hidden_dropout(0.2)
///     .init(1, &device)?;
/// assert_eq!(network.to_string(), "Mlp 3-4-1: hidden sigmoid, output sigmoid, no bias, \
///     dropout 0 input / 0.2 hidden, 16 parameters");
/// # Ok::<(), dropwise::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MlpConfig {
    /// Inputs a row.
    pub d_input: usize,
    /// Units of each hidden layer; none for a linear model.
    pub hidden: Vec<usize>,
    /// Outputs a row.
    pub d_output: usize,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The activation of the output layer.
    pub output: Activation,
    /// Whether the layers have biases.
    pub bias: bool,
    /// What the initial weights and biases are drawn from.
    pub initializer: Initializer,
    /// Whether the weights of the output layer start at 0 in place of drawn ones.
    pub zero_output: bool,
    /// The dropout of the input; a rate is in `[0, 1)`.
    pub input_dropout: Noise,
    /// The dropout of every hidden layer, or one a layer; a rate is in `[0, 1)`.
    pub hidden_dropout: HiddenNoise,
}

impl MlpConfig {
    /// A network with sigmoid activations, biases, weights uniform in `[-1, 1)` and no dropout.
    #[must_use]
    pub fn new(d_input: usize, hidden: impl Into<Vec<usize>>, d_output: usize) -> Self {
        MlpConfig {
            d_input,
            hidden: hidden.into(),
            d_output,
            activation: Activation::Sigmoid,
            output: Activation::Sigmoid,
            bias: true,
            initializer: Initializer::default(),
            zero_output: false,
            input_dropout: Noise::default(),
            hidden_dropout: HiddenNoise::default(),
        }
    }

    /// The network of an experiment, for rows of `d_input` inputs.
    #[must_use]
    pub fn from_experiment(experiment: &ResolvedExperiment, d_input: usize) -> Self {
        let network = &experiment.network;
        MlpConfig {
            d_input,
            hidden: network.hidden.clone(),
            d_output: experiment.d_output(),
            activation: network.activation,
            output: experiment.output(),
            bias: network.bias,
            initializer: experiment.initializer(),
            zero_output: network.zero_output,
            input_dropout: experiment.dropout.input.of_kind(experiment.dropout.kind),
            hidden_dropout: experiment.dropout.hidden.of_kind(experiment.dropout.kind),
        }
    }

    /// Sets the activation of the hidden layers.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// Sets the activation of the output layer.
    #[must_use]
    pub fn with_output(mut self, output: Activation) -> Self {
        self.output = output;
        self
    }

    /// Sets whether the layers have biases.
    #[must_use]
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets what the initial weights and biases are drawn from.
    #[must_use]
    pub fn with_initializer(mut self, initializer: Initializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// Sets whether the weights of the output layer start at 0.
    #[must_use]
    pub fn with_zero_output(mut self, zero_output: bool) -> Self {
        self.zero_output = zero_output;
        self
    }

    /// Sets the dropout rate of the input, in `[0, 1)`, or its noise.
    #[must_use]
    pub fn with_input_dropout(mut self, noise: impl Into<Noise>) -> Self {
        self.input_dropout = noise.into();
        self
    }

    /// Sets the dropout rate of every hidden layer, or one a layer, in `[0, 1)`; or their noise.
    #[must_use]
    pub fn with_hidden_dropout(mut self, noise: impl Into<HiddenNoise>) -> Self {
        self.hidden_dropout = noise.into();
        self
    }

    /// Inputs and outputs of each layer, from the input on.
    #[doc(hidden)]
    pub fn layer_sizes(&self) -> impl Iterator<Item = (usize, usize)> {
        let from = std::iter::once(self.d_input).chain(self.hidden.iter().copied());
        let to = self.hidden.iter().copied().chain([self.d_output]);
        from.zip(to)
    }

    /// The noise on the input of each layer, from the input on.
    #[doc(hidden)]
    pub fn noises(&self) -> impl Iterator<Item = Noise> {
        let hidden = (0..self.hidden.len()).map(|layer| self.hidden_dropout.of(layer));
        std::iter::once(self.input_dropout).chain(hidden)
    }

    /// What is trained, as it starts: the weights drawn from `seed`, layer by layer, and behind them the logits of the rates that are
    /// learned, from the input on, each as a layer of one weight. All of a network's parameters stand in this order.
    pub(crate) fn start(&self, seed: u64) -> Vec<LayerWeights> {
        let logits = self.noises().filter_map(Noise::logit);
        let logits = logits.map(LayerWeights::of_number);
        self.draw(seed).into_iter().chain(logits).collect()
    }

    /// How many layers there are, and how many rates are learned.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let learned = self.noises().filter(|noise| noise.logit().is_some());
        (self.hidden.len() + 1, learned.count())
    }

    /// The seeded masks on the input of each layer, or on its weights, from the input on, for batches of at most `rows` rows.
    #[must_use]
    pub(crate) fn seeded_masks(&self, seed: u64, rows: usize) -> Vec<LayerMasks> {
        let masks = SeededMasks::new(seed);
        let layers = self.layer_sizes().zip(self.noises()).enumerate();
        layers
            .map(|(k, ((d_input, d_output), noise))| {
                let columns = noise.on_weights().map_or(rows, |_| d_output);
                masks.layer(k, d_input * columns)
            })
            .collect()
    }

    /// Draws the initial weights from `seed` and builds the network.
    ///
    /// The weights are the same on every backend and in every precision. `options` is a device, or
    /// a device and a type: `&device`, `(&device, DType::F64)`. Train on a device with autodiff.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a size of 0, a rate outside `[0, 1)` or a bad initializer.
    pub fn init(&self, seed: u64, options: impl Into<TensorCreationOptions>) -> Result<Mlp> {
        self.check()?;
        let options = options.into();
        let weights = self.draw(seed);
        let layers = weights.iter().map(|layer| layer.to_linear(&options));
        Ok(self.assemble(layers.collect()))
    }

    /// Draws the initial weights from `seed`.
    pub(crate) fn draw(&self, seed: u64) -> Vec<LayerWeights> {
        let mut generator = stream(seed, Purpose::Weights);
        let layers = self.layer_sizes().map(|(d_input, d_output)| {
            let size = (d_input, d_output);
            let (weight, bias) = self.initializer.draw(size, self.bias, &mut generator);
            LayerWeights {
                d_input,
                d_output,
                weight,
                bias,
            }
        });
        let mut layers: Vec<LayerWeights> = layers.collect();
        if let Some(output) = layers.last_mut().filter(|_| self.zero_output) {
            output.weight.fill(0.0);
        }
        layers
    }

    /// Builds the network with given weights; the initializer is not used. Behind those of the layers may stand the logits of rates
    /// that are learned, from the input on, each as a layer of one weight; else they are at their start.
    ///
    /// # Errors
    /// As [`init`](Self::init), and [`Error::Shape`] if a layer's weights do not fit.
    pub fn init_with_weights(
        &self,
        weights: &[LayerWeights],
        options: impl Into<TensorCreationOptions>,
    ) -> Result<Mlp> {
        self.check()?;
        let (weights, logits) = weights.split_at(self.layers_of(weights.len())?);
        let options = options.into();
        let mut layers = Vec::with_capacity(weights.len());
        for (k, (weights, size)) in weights.iter().zip(self.layer_sizes()).enumerate() {
            weights.check(k, size, self.bias)?;
            layers.push(weights.to_linear(&options));
        }
        let mut network = self.assemble(layers);
        for (k, logit) in logits.iter().enumerate() {
            logit.check(weights.len() + k, (1, 1), false)?;
        }
        network.set_logits(logits.iter().flat_map(LayerWeights::values));
        Ok(network)
    }

    /// As [`init_with_weights`](Self::init_with_weights), with weights that are on their device already.
    ///
    /// # Errors
    /// As [`init_with_weights`](Self::init_with_weights).
    #[doc(hidden)]
    pub fn init_with_tensors(&self, mut tensors: Vec<LayerTensors>) -> Result<Mlp> {
        self.check()?;
        let logits = tensors.split_off(self.layers_of(tensors.len())?);
        let mut layers = Vec::with_capacity(tensors.len());
        for (k, (tensors, size)) in tensors.into_iter().zip(self.layer_sizes()).enumerate() {
            tensors.check(k, size, self.bias)?;
            layers.push(tensors.into_linear());
        }
        let mut network = self.assemble(layers);
        for (k, logit) in logits.iter().enumerate() {
            logit.check(network.layers.len() + k, (1, 1), false)?;
        }
        network.set_logits(read_numbers(logits).into_iter());
        Ok(network)
    }

    /// The network with parameters that are known to fit.
    pub(crate) fn with_parameters(&self, parameters: Vec<LayerTensors>) -> Mlp {
        self.assemble(Vec::new()).with_parameters(parameters)
    }

    /// How many of so many parameters are layers, where the others are logits.
    fn layers_of(&self, found: usize) -> Result<usize> {
        let (layers, learned) = self.counts();
        if found == layers || found == layers + learned {
            return Ok(layers);
        }
        Err(Error::Shape {
            what: "the number of layers".to_owned(),
            expected: vec![layers],
            found: vec![found],
        })
    }

    /// The network of these layers, once everything is checked.
    fn assemble(&self, layers: Vec<Linear>) -> Mlp {
        Mlp {
            dropouts: self.noises().map(NoiseLayer::of).collect(),
            layers,
            activation: self.activation,
            output: self.output,
        }
    }

    fn check(&self) -> Result<()> {
        check_count("d_input", self.d_input)?;
        check_hidden("hidden", &self.hidden)?;
        check_count("d_output", self.d_output)?;
        self.input_dropout.check("dropout.input")?;
        self.hidden_dropout
            .check("dropout.hidden", self.hidden.len())?;
        self.initializer.check("initializer")
    }
}

/// A fully-connected network with dropout. Made by [`MlpConfig::init`].
///
/// Dropout acts only while the weights are on an autodiff device, which is while training;
/// [`Module::valid`] gives the network for everything else.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Mlp {
    /// `dropouts[k]` acts on the input of `layers[k]`.
    dropouts: Vec<NoiseLayer>,
    layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    output: Activation,
}

/// One network alone, where an ensemble has several.
impl AsRef<[Mlp]> for Mlp {
    fn as_ref(&self) -> &[Mlp] {
        std::slice::from_ref(self)
    }
}

impl Mlp {
    /// The outputs of a batch, with noise that Burn draws from the backend's generator while training: where `x` is on an autodiff
    /// device.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_output]`
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward_through(x, |k, h| self.dropouts[k].linear(&self.layers[k], h))
    }

    /// The outputs of a batch under masks that are given, on any device.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - `masks[k]`: `[batch, inputs of layer k]`, 1 keeps a value and 0 drops it; one a layer
    /// - output: `[batch, d_output]`
    #[must_use]
    pub fn forward_with_masks(&self, x: Tensor<2>, masks: &[Tensor<2>]) -> Tensor<2> {
        self.forward_with(x, |k, h| {
            dropout::apply_mask(h, masks[k].clone(), self.dropouts[k].noise().rate())
        })
    }

    /// The outputs of a batch with `drop(k, h)` in place of the dropout on the input of layer `k`,
    /// counted from 0.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - `h` and what `drop` returns: `[batch, inputs of layer k]`
    /// - output: `[batch, d_output]`
    #[must_use]
    #[doc(hidden)]
    pub fn forward_with(
        &self,
        x: Tensor<2>,
        mut drop: impl FnMut(usize, Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        self.forward_through(x, |k, h| self.layers[k].forward(drop(k, h)))
    }

    /// The outputs of a batch with `linear(k, h)` in place of layer `k` and the noise before it. This is the one forward pass that all
    /// others are made of. An empty batch passes through without a graph.
    ///
    /// # Shapes
    /// - `h` and what `linear` returns: `[batch, inputs of layer k]`, `[batch, outputs of layer k]`
    fn forward_through(
        &self,
        x: Tensor<2>,
        mut linear: impl FnMut(usize, Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        let last = self.layers.len() - 1;
        if x.dims()[0] == 0 {
            // Burn's ndarray divides by the number of rows.
            let d_output = self.layers[last].weight.dims()[1];
            return Tensor::zeros([0, d_output], (&x.device(), x.dtype()));
        }
        let mut h = x;
        for k in 0..self.layers.len() {
            let z = linear(k, h); // [batch, outputs of layer k]
            let f = if k == last {
                self.output
            } else {
                self.activation
            };
            h = f.forward(z);
        }
        h
    }

    /// The dropout layers: the first acts on the input, each other on a hidden layer's units.
    #[must_use]
    #[doc(hidden)]
    pub fn dropouts(&self) -> &[NoiseLayer] {
        &self.dropouts
    }

    /// The noise on the input of each layer, from the input on, as it is once training is over: where a rate is learned, dropout at
    /// the rate so far. What is trained is in [`dropouts`](Self::dropouts).
    #[doc(hidden)]
    pub fn noises(&self) -> impl Iterator<Item = Noise> {
        self.dropouts.iter().map(|layer| layer.noise().fixed())
    }

    /// The rates that are learned, as they are now, each with the number of the layer, counted from 0, whose inputs it is of.
    #[doc(hidden)]
    pub fn learned_rates(&self) -> impl Iterator<Item = (usize, Noise)> {
        let noises = self.dropouts.iter().map(NoiseLayer::noise).enumerate();
        noises.filter(|(_, noise)| noise.logit().is_some())
    }

    /// Whether there is noise on any layer: a dropout rate above 0.
    #[must_use]
    #[doc(hidden)]
    pub fn has_dropout(&self) -> bool {
        self.noises().any(|noise| !noise.is_off())
    }

    /// Inputs and outputs a row: `[d_input, d_output]`.
    #[must_use]
    pub fn dims(&self) -> [usize; 2] {
        let last = self.layers.len() - 1;
        [
            self.layers[0].weight.dims()[0],
            self.layers[last].weight.dims()[1],
        ]
    }

    /// Inputs of each layer, which is the width of its dropout's masks.
    #[doc(hidden)]
    pub fn widths(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().map(|layer| layer.weight.dims()[0])
    }

    /// Multiplications in the largest matrix product for a batch of `rows` rows.
    #[doc(hidden)]
    pub fn largest_product(&self, rows: usize) -> usize {
        let weights = self.layers.iter().map(|layer| layer.weight.dims());
        let largest = weights.map(|[from, to]| from * to).max();
        largest.unwrap_or(0).saturating_mul(rows)
    }

    /// The activation of the hidden layers.
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The activation of the output layer.
    #[must_use]
    #[doc(hidden)]
    pub fn output_activation(&self) -> Activation {
        self.output
    }

    /// The device that holds the weights.
    #[must_use]
    pub fn device(&self) -> Device {
        self.layers[0].weight.val().device()
    }

    /// The type of the weights.
    #[must_use]
    #[doc(hidden)]
    pub fn dtype(&self) -> DType {
        self.layers[0].weight.val().dtype()
    }

    /// The gradients of a loss with respect to the weights, in the layout of [`weights`](Self::weights).
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails to deliver them.
    pub fn gradients(&self, loss: &Tensor<1>) -> Result<Vec<LayerWeights>> {
        let gradients = self.backward(loss);
        gradients.into_iter().map(LayerWeights::read).collect()
    }

    /// The gradients of a loss with respect to the weights, on the device, layer by layer.
    #[must_use]
    #[doc(hidden)]
    pub fn backward(&self, loss: &Tensor<1>) -> Vec<LayerTensors> {
        let mut gradients = loss.backward();
        let layers = self.layers.iter().map(|layer| LayerTensors {
            weight: layer.weight.val(),
            bias: layer.bias.as_ref().map(Param::val),
        });
        layers
            .map(|layer| layer.gradients(&mut gradients))
            .collect()
    }

    /// The weights on the device, without a graph, layer by layer.
    #[must_use]
    #[doc(hidden)]
    pub fn tensors(&self) -> Vec<LayerTensors> {
        let layer = |layer: &Linear| LayerTensors {
            weight: untracked(layer.weight.val()),
            bias: layer.bias.as_ref().map(|bias| untracked(bias.val())),
        };
        self.layers.iter().map(layer).collect()
    }

    /// What is trained, on the device and without a graph: the layers, and behind them the logits of the rates that are learned, from
    /// the input on, each as a layer of one weight.
    pub(crate) fn parameters(&self) -> Vec<LayerTensors> {
        let mut parameters = self.tensors();
        let like = &parameters[0].weight;
        let options = (&like.device(), like.dtype()).into();
        let logits = self.learned_rates().filter_map(|(_, noise)| noise.logit());
        let logits: Vec<_> = logits
            .map(|logit| LayerWeights::of_number(logit).as_tensors(&options))
            .collect();
        parameters.extend(logits);
        parameters
    }

    /// A copy of the weights, layer by layer.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails to deliver them.
    pub fn weights(&self) -> Result<Vec<LayerWeights>> {
        self.tensors().into_iter().map(LayerWeights::read).collect()
    }

    /// Whether every weight and bias is a finite number.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    #[doc(hidden)]
    pub fn is_finite(&self) -> Result<bool> {
        let mut logits = self.learned_rates().filter_map(|(_, noise)| noise.logit());
        let mut finite = logits.all(f64::is_finite);
        for layer in self.tensors() {
            // A sum of magnitudes is not finite if any of them is not.
            finite &= read(layer.weight.abs().sum())?[0].is_finite();
            if let Some(bias) = layer.bias {
                finite &= read(bias.abs().sum())?[0].is_finite();
            }
        }
        Ok(finite)
    }

    /// The network, without a graph, whose weights of each layer with noise on them are multiplied by a mask: that of layer `k` is
    /// `draw(k, noise, weights)`.
    pub(crate) fn with_masked_weights(
        &self,
        mut draw: impl FnMut(usize, Noise, &Tensor<2>) -> Tensor<2>,
    ) -> Self {
        let layers = self.tensors().into_iter().zip(self.noises()).enumerate();
        let layers = layers.map(|(k, (layer, noise))| {
            let mask = noise.on_weights();
            let mask = mask.map(|noise| draw(k, noise, &layer.weight));
            layer.masked(mask.as_ref())
        });
        self.with_tensors(layers.collect())
    }

    /// The same network with other weights and biases, layer by layer, on their device. They are to be
    /// trained if they are on one with autodiff.
    pub(crate) fn with_tensors(&self, layers: Vec<LayerTensors>) -> Self {
        Mlp {
            layers: layers.into_iter().map(LayerTensors::into_linear).collect(),
            ..self.clone()
        }
    }

    /// The same network with other parameters, in the order of [`parameters`](Self::parameters).
    pub(crate) fn with_parameters(&self, mut parameters: Vec<LayerTensors>) -> Self {
        let logits = parameters.split_off(self.dropouts.len());
        let mut network = self.with_tensors(parameters);
        network.set_logits(read_numbers(logits).into_iter());
        network
    }

    /// Sets the logits of the rates that are learned, from the input on; without any they stay.
    fn set_logits(&mut self, mut logits: impl Iterator<Item = f64>) {
        for layer in &mut self.dropouts {
            if layer.noise().logit().is_some()
                && let Some(logit) = logits.next()
            {
                *layer = NoiseLayer::of(Noise::Learned(logit));
            }
        }
    }
}

/// The numbers of layers of one weight. Where the backend fails they are NaN, which is found where weights are looked at.
fn read_numbers(layers: Vec<LayerTensors>) -> Vec<f64> {
    let number = |layer: LayerTensors| read(layer.weight).map_or(f64::NAN, |numbers| numbers[0]);
    layers.into_iter().map(number).collect()
}

/// A network in a line; of an ensemble how many there are, and the first.
#[must_use]
#[doc(hidden)]
pub fn describe(members: &[Mlp]) -> String {
    match members {
        [] => "no network".to_owned(),
        [network] => network.to_string(),
        [first, ..] => format!("ensemble of {}, each: {first}", members.len()),
    }
}

/// The tensor without its graph.
fn untracked<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.device().is_autodiff() {
        tensor.inner()
    } else {
        tensor
    }
}

impl ModuleDisplay for Mlp {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        Some(DisplaySettings::new().with_show_num_parameters(false))
    }

    /// One line: the sizes, the activations, the rates and the number of parameters.
    fn custom_content(&self, content: Content) -> Option<Content> {
        let mut sizes = vec![self.layers[0].weight.dims()[0]];
        sizes.extend(self.layers.iter().map(|layer| layer.weight.dims()[1]));
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let bias = if self.layers[0].bias.is_some() {
            ""
        } else {
            "no "
        };
        let rates: Vec<Noise> = self
            .dropouts
            .iter()
            .map(NoiseLayer::noise)
            .skip(1)
            .collect();
        // A linear model has nothing hidden to speak of.
        let (hidden, hidden_rates) = match rates.first() {
            None => (String::new(), String::new()),
            Some(first) => {
                let rates = if rates.iter().all(|rate| rate == first) {
                    HiddenNoise::All(*first)
                } else {
                    HiddenNoise::Each(rates)
                };
                let hidden = format!("hidden {}, ", self.activation);
                (hidden, format!(" / {rates} hidden"))
            }
        };
        let line = format!(
            "Mlp {}: {hidden}output {}, {bias}bias, dropout {} input{hidden_rates}, {} parameters",
            sizes.join("-"),
            self.output,
            self.dropouts[0].noise(),
            self.num_params(),
        );
        Some(content.add_formatted(&line))
    }
}
