//! A network by hand: its stored weights, read by the file format's own crate, in plain loops.

use safetensors::SafeTensors;

/// Weights `[outputs][inputs]` and biases of each layer.
pub struct Network(Vec<(Vec<Vec<f64>>, Vec<f64>)>);

impl Network {
    pub fn of(file: &[u8]) -> Self {
        let file = SafeTensors::deserialize(file).expect("a safetensors file");
        let numbers = |name: String| -> Option<(Vec<usize>, Vec<f64>)> {
            let array = file.tensor(&name).ok()?;
            let (values, _) = array.data().as_chunks::<4>();
            let values = values
                .iter()
                .map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
            Some((array.shape().to_vec(), values.collect()))
        };
        let layer = |k: usize| {
            let (shape, weight) = numbers(format!("layers.{k}.weight"))?;
            let (_, bias) = numbers(format!("layers.{k}.bias"))?;
            Some((weight.chunks(shape[1]).map(<[f64]>::to_vec).collect(), bias))
        };
        Network((0..).map_while(layer).collect())
    }

    /// The outputs for one row, with `activation` between the layers and none after the last.
    pub fn outputs(&self, inputs: &[f64], activation: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut values = inputs.to_vec();
        for (k, (weight, bias)) in self.0.iter().enumerate() {
            if k > 0 {
                values
                    .iter_mut()
                    .for_each(|value| *value = activation(*value));
            }
            let unit = |(weights, bias): (&Vec<f64>, &f64)| {
                let products = weights.iter().zip(&values).map(|(w, x)| w * x);
                products.sum::<f64>() + bias
            };
            values = weight.iter().zip(bias).map(unit).collect();
        }
        values
    }
}

pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / sum).collect()
}
