//! Thinned networks, each as a network of its own.
//!
//! A sample of Monte-Carlo dropout (Gal and Ghahramani 2016) is one thinned network: with the masks `m_k` of the sample,
//!
//! ```text
//! h_k = f((h_{k-1} * m_k) W_k + b_k) = f(h_{k-1} (diag(m_k) W_k) + b_k)
//! ```
//!
//! so the masks go into the weights once, and any number of rows passes what is then an ordinary network. On a CPU the
//! units that it drops are left out, so that its products are smaller: with half of the units a quarter of the work. What alpha
//! dropout adds to its inputs goes into the biases. A mask of DropConnect is one of weights anyway.
//!
//! The first layer with noise takes the same inputs `h` in every sample. Where few of them are dropped, a sample takes away from what
//! the layer makes of all, which is computed once:
//!
//! ```text
//! (h * m) W + b = (h W / q + b) - h_D W_D / q
//! ```
//!
//! with `D` those that are dropped and `q` the probability of being kept. With a fifth of the inputs dropped that is a quarter of the
//! work of those that are kept.

use burn::nn::Linear;
use burn::tensor::{Int, Tensor, TensorCreationOptions};
use rand::Rng;

use super::{LayerTensors, Mlp};
use crate::activation::Activation;
use crate::backend::{in_process, write};
use crate::dropout::{Noise, NoiseLayer, SeededMasks};
use crate::seed::{Purpose, stream_at};

/// The thinned networks of one network, or of one member of an ensemble.
#[derive(Debug)]
pub(crate) struct Thinned<'a> {
    network: &'a Mlp,
    masks: SeededMasks,
    /// The first layer with noise on its inputs. What is before it is the same in every sample.
    first: usize,
    /// Whether dropped units are left out.
    compact: bool,
    /// What the kept inputs of the first layer with noise are multiplied by, where samples take away what is dropped.
    takes_away: Option<f64>,
}

/// What all samples share of some rows.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// What the first layer with noise takes, `[batch, d_input of that layer]`.
    inputs: Tensor<2>,
    /// Where samples take away from it, what the layer makes of all of them: `h W / q + b`, `[batch, d_output of that layer]`.
    whole: Option<Tensor<2>>,
}

/// A thinned network from the first layer with noise on.
#[derive(Debug)]
pub(crate) struct Sample {
    layers: Vec<Linear>,
    activation: Activation,
    output: Activation,
    /// Which of the shared inputs the first of these layers takes; all, where there are none.
    inputs: Option<Tensor<1, Int>>,
    /// Which of its outputs there are; all, where there are none.
    outputs: Option<Tensor<1, Int>>,
}

impl<'a> Thinned<'a> {
    /// Those of member `member`, counted from 0; of a network without noise every one is the network itself.
    ///
    /// The mask of layer `k` in sample `s`, counted from 0, is that of step `s + 1` of [`SeededMasks`], with the layer's
    /// width as its stride, or the number of its weights where those are masked. Their seed is drawn from `seed` for this
    /// purpose, so that they are other masks than those of training.
    pub(crate) fn new(network: &'a Mlp, seed: u64, member: usize) -> Self {
        let mut random = stream_at(seed, Purpose::Samples, member);
        let noises: Vec<Noise> = network.noises().collect();
        let first = noises.iter().position(|noise| !noise.is_off()).unwrap_or(0);
        let compact = in_process(&network.device());
        let takes_away = match noises.get(first) {
            Some(Noise::Bernoulli(rate)) if compact && *rate > 0.0 && *rate < 0.5 => {
                Some(1.0 / (1.0 - rate))
            }
            _ => None,
        };
        Thinned {
            network,
            masks: SeededMasks::new(random.next_u64()),
            first,
            compact,
            takes_away,
        }
    }

    /// What every sample sees of these inputs: what the layers before the first noise make of them.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    pub(crate) fn shared(&self, x: Tensor<2>) -> Shared {
        let inputs = self.before(x);
        let whole = self.takes_away.map(|scale| {
            let layer = &self.network.layers[self.first];
            let product = inputs.clone().matmul(layer.weight.val()) * scale;
            match &layer.bias {
                Some(bias) => product + bias.val().unsqueeze(),
                None => product,
            }
        });
        Shared { inputs, whole }
    }

    fn before(&self, x: Tensor<2>) -> Tensor<2> {
        if self.first == 0 {
            return x;
        }
        let layers = self.network.layers[..self.first].to_vec();
        let before = Mlp {
            dropouts: vec![NoiseLayer::of(Noise::default()); self.first],
            layers,
            activation: self.network.activation,
            output: self.network.activation,
        };
        before.forward(x)
    }

    /// What the inputs of layer `k` are multiplied by in a sample; none for a layer without noise on them.
    fn mask(&self, k: usize, sample: usize) -> Option<Vec<f64>> {
        let noise = self.network.noises().nth(k)?.on_inputs()?;
        let width = self.network.widths().nth(k)?;
        let mut mask = vec![0.0; width];
        self.masks
            .layer(k, width)
            .fill(sample + 1, noise, &mut mask);
        Some(mask)
    }

    /// Of each mask the places that are left, where others are left out.
    fn kept(&self, mask: Option<&Vec<f64>>) -> Option<Vec<i64>> {
        let mask = mask.filter(|_| self.compact)?;
        let kept: Vec<i64> = (0..)
            .zip(mask)
            .filter_map(|(place, factor)| (*factor != 0.0).then_some(place))
            .collect();
        // A layer keeps a unit, which may count for nothing.
        Some(if kept.is_empty() { vec![0] } else { kept })
    }

    /// The rest of the network in sample `sample`, counted from 0: it takes what is [`shared`](Self::shared).
    pub(crate) fn sample(&self, sample: usize) -> Sample {
        let (network, first) = (self.network, self.first);
        let options: TensorCreationOptions = (&network.device(), network.dtype()).into();
        let indices = |kept: &Vec<i64>| Tensor::<1, Int>::from_data(&kept[..], &network.device());
        let mut factors = self.mask(first, sample);
        if let (Some(scale), Some(factors)) = (self.takes_away, &mut factors) {
            let taken = |factor: f64| if factor == 0.0 { -scale } else { 0.0 };
            factors
                .iter_mut()
                .for_each(|factor| *factor = taken(*factor));
        }
        let mut rows = self.kept(factors.as_ref());
        let mut found = Sample {
            layers: Vec::with_capacity(network.layers.len() - first),
            activation: network.activation,
            output: network.output,
            inputs: rows.as_ref().map(indices),
            outputs: None,
        };
        for (k, layer) in network.layers.iter().enumerate().skip(first) {
            let on_outputs = self.mask(k + 1, sample);
            let columns = self.kept(on_outputs.as_ref());
            let mut weight = layer.weight.val(); // [inputs, outputs]
            if let Some(noise) = network.noises().nth(k).and_then(Noise::on_weights) {
                weight = weight.clone() * self.masks.of_weights(k, (sample + 1, noise), &weight);
            }
            let mut bias = layer.bias.as_ref().map(burn::module::Param::val);
            let offset = network.noises().nth(k).and_then(Noise::offset);
            if let (Some(factors), Some((slope, constant))) = (&factors, offset) {
                let added: Vec<f64> = factors.iter().map(|m| slope * m + constant).collect();
                let added = write(&added, [1, added.len()], &options).matmul(weight.clone());
                let added = added.reshape([-1]);
                bias = Some(match bias {
                    Some(bias) => bias + added,
                    None => added,
                });
            }
            if let Some(rows) = &rows {
                weight = weight.select(0, indices(rows));
                factors = factors.map(|all| rows.iter().map(|row| all[*row as usize]).collect());
            }
            if let Some(columns) = columns.as_ref().map(indices) {
                weight = weight.select(1, columns.clone());
                bias = bias.map(|bias| bias.select(0, columns.clone()));
                if k == first {
                    found.outputs = Some(columns);
                }
            }
            if let Some(factors) = factors {
                weight = weight * write(&factors, [factors.len(), 1], &options);
            }
            if k == first && self.takes_away.is_some() {
                bias = None; // The shared part has it.
            }
            (factors, rows) = (on_outputs, columns);
            found
                .layers
                .push(LayerTensors { weight, bias }.into_linear());
        }
        found
    }
}

impl Shared {
    /// Inputs that no sample is made for.
    pub(crate) fn of(inputs: Tensor<2>) -> Self {
        Shared {
            inputs,
            whole: None,
        }
    }

    /// What networks without samples take.
    pub(crate) fn inputs(&self) -> Tensor<2> {
        self.inputs.clone()
    }
}

impl Sample {
    /// The outputs of rows, at least one.
    ///
    /// # Shapes
    /// - output: `[batch, d_output]`
    pub(crate) fn forward(&self, shared: &Shared) -> Tensor<2> {
        let only = |of: &Tensor<2>, places: &Option<Tensor<1, Int>>| match places {
            Some(places) => of.clone().select(1, places.clone()),
            None => of.clone(),
        };
        let last = self.layers.len() - 1;
        let mut h = only(&shared.inputs, &self.inputs);
        for (k, layer) in self.layers.iter().enumerate() {
            let mut z = layer.forward(h);
            if let Some(whole) = shared.whole.as_ref().filter(|_| k == 0) {
                z = z + only(whole, &self.outputs);
            }
            h = if k == last {
                self.output
            } else {
                self.activation
            }
            .forward(z);
        }
        h
    }
}
