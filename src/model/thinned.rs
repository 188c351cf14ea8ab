//! Thinned networks, each as a network of its own.
//!
//! A sample of Monte-Carlo dropout (Gal and Ghahramani 2016) is one thinned network: with the masks `m_k` of the sample,
//!
//! ```text
//! h_k = f((h_{k-1} * m_k) W_k + b_k) = f(h_{k-1} (diag(m_k) W_k) + b_k)
//! ```
//!
//! so the masks go into the weights once, and any number of rows passes what is then an ordinary network. On a CPU the
//! units that it drops are left out, so that its products are smaller: with half of the units a quarter of the work.

use burn::tensor::{Int, Tensor, TensorCreationOptions};
use rand::Rng;

use super::{LayerTensors, Mlp};
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
}

impl<'a> Thinned<'a> {
    /// Those of member `member`, counted from 0; of a network without noise every one is the network itself.
    ///
    /// The mask of layer `k` in sample `s`, counted from 0, is that of step `s + 1` of [`SeededMasks`], with the layer's
    /// width as its stride. Their seed is drawn from `seed` for this purpose, so that they are other masks than those of
    /// training.
    pub(crate) fn new(network: &'a Mlp, seed: u64, member: usize) -> Self {
        let mut random = stream_at(seed, Purpose::Samples, member);
        let mut noises = network.noises();
        Thinned {
            network,
            masks: SeededMasks::new(random.next_u64()),
            first: noises.position(|noise| !noise.is_off()).unwrap_or(0),
            compact: in_process(&network.device()),
        }
    }

    /// What every sample sees of these inputs: what the layers before the first noise make of them.
    ///
    /// # Shapes
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, inputs of the first layer with noise]`
    pub(crate) fn shared(&self, x: Tensor<2>) -> Tensor<2> {
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

    /// The rest of the network in sample `sample`, counted from 0: it takes what is [`shared`](Self::shared).
    pub(crate) fn sample(&self, sample: usize) -> Mlp {
        let (network, first) = (self.network, self.first);
        let options: TensorCreationOptions = (&network.device(), network.dtype()).into();
        let layers = network.layers.iter().enumerate().skip(first);
        let widths: Vec<usize> = network.widths().collect();
        let noises: Vec<Noise> = network.noises().collect();
        let mask = |k: usize| {
            let noise = noises.get(k).filter(|noise| !noise.is_off())?;
            let mut mask = vec![0.0_f64; widths[k]];
            let mut layer = self.masks.layer(k, widths[k]);
            layer.fill(sample + 1, *noise, &mut mask);
            Some(mask)
        };
        // Of each mask the places that are left, where others are left out.
        let kept = |mask: &Option<Vec<f64>>| {
            let mask = mask.as_ref().filter(|_| self.compact)?;
            let kept: Vec<i64> = (0..)
                .zip(mask)
                .filter_map(|(place, factor)| (*factor != 0.0).then_some(place))
                .collect();
            // A layer keeps a unit, which may count for nothing.
            Some(if kept.is_empty() { vec![0] } else { kept })
        };
        let indices = |kept: &[i64]| Tensor::<1, Int>::from_data(kept, &network.device());
        let mut on_inputs = mask(first);
        // The shared part is the same for all samples: none of it is left out.
        let mut rows: Option<Vec<i64>> = None;
        let thin = |(k, layer): (usize, &burn::nn::Linear)| {
            let on_outputs = mask(k + 1);
            let columns = kept(&on_outputs);
            let mut weight = layer.weight.val(); // [inputs, outputs]
            let mut bias = layer.bias.as_ref().map(burn::module::Param::val);
            let mut factors = on_inputs.take();
            if let Some(rows) = &rows {
                weight = weight.select(0, indices(rows));
                factors = factors.map(|all| rows.iter().map(|row| all[*row as usize]).collect());
            }
            if let Some(columns) = &columns {
                let columns = indices(columns);
                weight = weight.select(1, columns.clone());
                bias = bias.map(|bias| bias.select(0, columns));
            }
            if let Some(factors) = factors {
                weight = weight * write(&factors, [factors.len(), 1], &options);
            }
            (on_inputs, rows) = (on_outputs, columns);
            LayerTensors { weight, bias }.into_linear()
        };
        let layers: Vec<_> = layers.map(thin).collect();
        Mlp {
            dropouts: vec![NoiseLayer::of(Noise::default()); layers.len()],
            layers,
            activation: network.activation,
            output: network.output,
        }
    }
}
