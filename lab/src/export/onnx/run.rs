//! Computes a graph, so that what is written can be checked where it is written: the operators that [`prepare`](super::prepare)
//! and [`network`](super::network) use, on tensors of at most two dimensions, in 64 bits and rounded to 32 where the graph says so.

use std::borrow::Cow;
use std::collections::HashMap;

use super::graph::{Attribute, Graph, Node, Place, Tensor, Type, Values};

type Known<'a> = HashMap<&'a str, Cow<'a, Tensor>>;

/// The outputs in their order, for inputs by name; `None` if the graph is not one that can be computed.
pub(super) fn run(graph: &Graph, inputs: &HashMap<String, Tensor>) -> Option<Vec<Tensor>> {
    let constants = graph.constants.iter().map(|(name, tensor)| (name, tensor));
    let given = constants.chain(inputs);
    let given = given.map(|(name, tensor)| (name.as_str(), Cow::Borrowed(tensor)));
    let mut known: Known<'_> = given.collect();
    for node in &graph.nodes {
        let computed = node.compute(&known)?;
        known.insert(&node.output, Cow::Owned(computed));
    }
    let output = |place: &Place| known.remove(place.name.as_str()).map(Cow::into_owned);
    graph.outputs.iter().map(output).collect()
}

impl Tensor {
    /// Rows and columns, a single dimension being a row.
    fn size(&self) -> (usize, usize) {
        let columns = self.shape.last().copied().unwrap_or(1);
        (self.shape.iter().rev().skip(1).product(), columns)
    }

    pub(super) fn numbers(&self) -> Option<&[f64]> {
        match &self.values {
            Values::Numbers(_, numbers) => Some(numbers),
            Values::Texts(_) => None,
        }
    }

    pub(super) fn as_texts(&self) -> Option<&[String]> {
        match &self.values {
            Values::Numbers(..) => None,
            Values::Texts(texts) => Some(texts),
        }
    }

    fn kind(&self) -> Type {
        match self.values {
            Values::Numbers(kind, _) => kind,
            Values::Texts(_) => Type::Text,
        }
    }

    /// A tensor of numbers, rounded to what its type holds.
    pub(super) fn of(kind: Type, shape: Vec<usize>, mut numbers: Vec<f64>) -> Self {
        for number in &mut numbers {
            match kind {
                Type::Float => *number = f64::from(*number as f32),
                Type::Bool => *number = f64::from(*number != 0.0),
                Type::Int64 => *number = number.trunc(),
                Type::Double | Type::Text => {}
            }
        }
        let values = Values::Numbers(kind, numbers);
        Tensor { shape, values }
    }
}

/// For each element of the shape that all `tensors` are stretched to, its place in each of them; and that shape.
fn stretched<const N: usize>(tensors: [&Tensor; N]) -> (Vec<usize>, Vec<[usize; N]>) {
    let sizes = tensors.map(Tensor::size);
    let rows = sizes.iter().map(|(rows, _)| *rows).max().unwrap_or(1);
    let columns = sizes.iter().map(|(_, columns)| *columns).max().unwrap_or(1);
    let place = |row, column| {
        sizes.map(|(rows, columns)| {
            let row = if rows == 1 { 0 } else { row };
            row * columns + if columns == 1 { 0 } else { column }
        })
    };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| place(row, column)));
    let flat = tensors.iter().all(|tensor| tensor.shape.len() < 2);
    let shape = if flat {
        vec![columns]
    } else {
        vec![rows, columns]
    };
    (shape, places.collect())
}

impl Node {
    fn compute(&self, known: &Known<'_>) -> Option<Tensor> {
        let input = |k: usize| known.get(self.inputs.get(k)?.as_str()).map(Cow::as_ref);
        let first = input(0)?;
        let each = |kind: Type, f: fn(f64) -> f64| {
            let numbers = first.numbers()?.iter().map(|number| f(*number));
            Some(Tensor::of(kind, first.shape.clone(), numbers.collect()))
        };
        let both = |kind: Type, f: fn(f64, f64) -> f64| {
            let second = input(1)?;
            let (shape, places) = stretched([first, second]);
            let (a, b) = (first.numbers()?, second.numbers()?);
            let numbers = places.iter().map(|[i, j]| f(a[*i], b[*j]));
            Some(Tensor::of(kind, shape, numbers.collect()))
        };
        let kind = first.kind();
        match self.operator.as_str() {
            "Identity" => Some(first.clone()),
            "Cast" => each(self.cast_to()?, |x| x),
            "IsNaN" => each(Type::Bool, |x| f64::from(x.is_nan())),
            "Relu" => each(kind, |x| x.max(0.0)),
            "Sigmoid" => each(kind, |x| 1.0 / (1.0 + (-x).exp())),
            "Tanh" => each(kind, f64::tanh),
            // The defaults of its attributes, which have 32 bits.
            "Selu" => each(kind, |x| {
                let (scale, alpha) = (1.050_701_022_148_132_3, 1.673_263_192_176_818_8);
                scale * if x > 0.0 { x } else { alpha * x.exp_m1() }
            }),
            "Erf" => each(kind, statrs::function::erf::erf),
            "Floor" => each(kind, f64::floor),
            "Sqrt" => each(kind, f64::sqrt),
            "Add" => both(kind, |a, b| a + b),
            "Sub" => both(kind, |a, b| a - b),
            "Mul" => both(kind, |a, b| a * b),
            "Div" => both(kind, |a, b| a / b),
            "Max" => both(kind, f64::max),
            "Min" => both(kind, f64::min),
            "Or" => both(Type::Bool, |a, b| a + b),
            "Equal" => both(Type::Bool, |a, b| f64::from(a == b)),
            "Greater" => both(Type::Bool, |a, b| f64::from(a > b)),
            "Where" => choose(first, input(1)?, input(2)?),
            "Concat" => {
                let parts: Option<Vec<&Tensor>> = (0..self.inputs.len()).map(input).collect();
                concat(&parts?)
            }
            "ReduceSum" => by_row(first, |row| vec![row.iter().sum()]),
            "Softmax" => by_row(first, softmax),
            "ArgMax" => {
                let places = by_row(first, |row| vec![largest(row)])?;
                Some(Tensor::of(
                    Type::Int64,
                    places.shape.clone(),
                    places.numbers()?.to_vec(),
                ))
            }
            "Gemm" => gemm(first, input(1)?, input(2)),
            "LabelEncoder" => self.label_encoder(first),
            "Gather" => {
                let texts = first.as_texts()?;
                let places = input(1)?;
                let picked = places
                    .numbers()?
                    .iter()
                    .map(|place| texts.get(*place as usize).cloned());
                let values = Values::Texts(picked.collect::<Option<_>>()?);
                Some(Tensor {
                    shape: places.shape.clone(),
                    values,
                })
            }
            // To one dimension, which is all that it is used for.
            "Reshape" => {
                let (rows, columns) = first.size();
                Some(Tensor {
                    shape: vec![rows * columns],
                    values: first.values.clone(),
                })
            }
            _ => None,
        }
    }

    fn label_encoder(&self, words: &Tensor) -> Option<Tensor> {
        let attributes = ["keys_strings", "values_floats", "default_float"];
        let [keys, values, default] = attributes.map(|name| self.attributes.get(name));
        let (Attribute::Texts(keys), Attribute::Floats(values), Attribute::Float(default)) =
            (keys?, values?, default?)
        else {
            return None;
        };
        let codes: HashMap<&String, &f32> = keys.iter().zip(values).collect();
        let code = |word| f64::from(**codes.get(word).unwrap_or(&default));
        let numbers = words.as_texts()?.iter().map(code).collect();
        Some(Tensor::of(Type::Float, words.shape.clone(), numbers))
    }
}

impl Node {
    fn cast_to(&self) -> Option<Type> {
        match self.attributes.get("to")? {
            Attribute::Integer(to) => Type::of(*to),
            _ => None,
        }
    }
}

fn choose(condition: &Tensor, yes: &Tensor, no: &Tensor) -> Option<Tensor> {
    let (shape, places) = stretched([condition, yes, no]);
    let chosen = condition.numbers()?;
    let values = match (&yes.values, &no.values) {
        (Values::Numbers(kind, yes), Values::Numbers(_, no)) => {
            let pick = |[c, i, j]: &[usize; 3]| if chosen[*c] == 0.0 { no[*j] } else { yes[*i] };
            Values::Numbers(*kind, places.iter().map(pick).collect())
        }
        (Values::Texts(yes), Values::Texts(no)) => {
            let pick = |[c, i, j]: &[usize; 3]| if chosen[*c] == 0.0 { &no[*j] } else { &yes[*i] };
            Values::Texts(places.iter().map(pick).cloned().collect())
        }
        _ => return None,
    };
    Some(Tensor { shape, values })
}

/// Columns side by side.
fn concat(parts: &[&Tensor]) -> Option<Tensor> {
    let rows = parts.first()?.size().0;
    let mut numbers = Vec::new();
    for row in 0..rows {
        for part in parts {
            let columns = part.size().1;
            numbers.extend(part.numbers()?.get(row * columns..(row + 1) * columns)?);
        }
    }
    let columns = parts.iter().map(|part| part.size().1).sum();
    Some(Tensor::of(parts[0].kind(), vec![rows, columns], numbers))
}

/// What `f` makes of each row.
fn by_row(tensor: &Tensor, f: fn(&[f64]) -> Vec<f64>) -> Option<Tensor> {
    let (rows, columns) = tensor.size();
    let numbers: Vec<f64> = tensor
        .numbers()?
        .chunks(columns.max(1))
        .flat_map(f)
        .collect();
    let width = numbers.len() / rows.max(1);
    Some(Tensor::of(tensor.kind(), vec![rows, width], numbers))
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The place of the largest, of equals the first.
fn largest(row: &[f64]) -> f64 {
    let best = |best: usize, place: usize| if row[place] > row[best] { place } else { best };
    (0..row.len()).reduce(best).unwrap_or(0) as f64
}

/// `x W^T + b`.
fn gemm(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Option<Tensor> {
    let ((rows, d_input), (d_output, of_weight)) = (x.size(), weight.size());
    let (x_numbers, weights) = (x.numbers()?, weight.numbers()?);
    let bias = match bias {
        Some(bias) => bias.numbers()?.to_vec(),
        None => vec![0.0; d_output],
    };
    if d_input != of_weight || bias.len() != d_output {
        return None;
    }
    let mut numbers = Vec::with_capacity(rows * d_output);
    for row in x_numbers.chunks(d_input.max(1)) {
        for (weights, bias) in weights.chunks(d_input.max(1)).zip(&bias) {
            let products = row.iter().zip(weights).map(|(x, w)| x * w);
            numbers.push(products.sum::<f64>() + bias);
        }
    }
    Some(Tensor::of(x.kind(), vec![rows, d_output], numbers))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::graph::{Attribute, Graph, Place, Tensor, Type, Values};
    use super::run;

    /// What an operator makes of rows `a`, `[2, 2]`, and a row `b`, `[2]`.
    fn both(operator: &str) -> (Vec<usize>, Vec<f64>) {
        let mut graph = Graph::default();
        let place = |name: &str| Place {
            name: name.to_owned(),
            kind: Type::Double,
            width: Some(2),
            words: String::new(),
        };
        let a = graph.input(place("a"));
        let b = graph.constant("b", Tensor::row(vec![2.0, -1.0]));
        let attributes = [
            ("transB", Attribute::Integer(1)),
            ("axis", Attribute::Integer(1)),
        ];
        let value = graph.node(operator, &[&a, &b], attributes);
        graph.output(place("value"), &value);
        let numbers = Tensor {
            shape: vec![2, 2],
            values: Values::Numbers(Type::Double, vec![1.0, 2.0, 3.0, -4.0]),
        };
        let found =
            run(&graph, &HashMap::from([(a, numbers)])).expect("a graph that can be computed");
        (
            found[0].shape.clone(),
            found[0].numbers().expect("numbers").to_vec(),
        )
    }

    #[test]
    fn operators_compute_what_their_names_say_and_stretch_a_row_over_all_rows() {
        let shape = vec![2, 2];
        let expected = [
            ("Sub", [-1.0, 3.0, 1.0, -3.0]),
            ("Div", [0.5, -2.0, 1.5, 4.0]),
            ("Max", [2.0, 2.0, 3.0, -1.0]),
            ("Greater", [0.0, 1.0, 1.0, 0.0]),
            ("Relu", [1.0, 2.0, 3.0, 0.0]),
        ];
        for (operator, expected) in expected {
            assert_eq!(
                both(operator),
                (shape.clone(), expected.to_vec()),
                "{operator}"
            );
        }
        assert_eq!(both("Gemm"), (vec![2, 1], vec![0.0, 10.0]));
        assert_eq!(both("ReduceSum"), (vec![2, 1], vec![3.0, -1.0]));
        assert_eq!(both("ArgMax"), (vec![2, 1], vec![1.0, 0.0]));
        let (_, shares) = both("Softmax");
        assert!((shares[1] / shares[0] - 1.0_f64.exp()).abs() < 1e-12);
    }
}
