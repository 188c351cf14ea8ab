//! From the network's inputs to answers in their user's terms.

use burn::tensor::DType;
use dropwise::config::{Activation, Loss, Precision};
use dropwise::data::{Target, Task};
use dropwise::error::{Error, Result};
use dropwise::model::Mlp;

use super::graph::{Attribute, Graph, Place, Tensor, Type, Values};
use crate::store::{Array, ArrayValues, Trained, weights};

/// Adds the network and the outputs of the graph, for inputs `[batch, d_input]`. Of two classes the second is the answer where
/// its probability is above `threshold`.
pub(super) fn answer(
    graph: &mut Graph,
    trained: &Trained,
    inputs: &str,
    threshold: f64,
) -> Result<()> {
    let kind = own_type(trained);
    let refused = refused(graph, inputs);
    let inputs = graph.cast(inputs, kind);
    let values = mean(graph, trained, &inputs, kind)?;
    let values = match &trained.prepared.task {
        Task::Regression { targets } => in_own_units(graph, &values, targets),
        _ => values,
    };
    let values = graph.node("Add", &[&values, &refused], []);
    let label = match &trained.prepared.task {
        Task::Regression { .. } => None,
        Task::Classification { classes } => {
            let largest = graph.node("ArgMax", &[&values], [axis()]);
            let classes = graph.constant("classes", Tensor::texts(classes.clone()));
            Some(graph.node("Gather", &[&classes, &largest], []))
        }
        Task::Binary { classes } => {
            let threshold = graph.number(threshold);
            let second = graph.node("Greater", &[&values, &threshold], []);
            let [no, yes] = classes.each_ref().map(|class| text(graph, class));
            Some(graph.node("Where", &[&second, &yes, &no], []))
        }
    };
    if let Some(label) = label {
        let no_label = text(graph, "");
        let is_refused = graph.node("IsNaN", &[&refused], []);
        let label = graph.node("Where", &[&is_refused, &no_label, &label], []);
        let flat = graph.constant("flat", whole_numbers(vec![-1.0]));
        let label = graph.node("Reshape", &[&label, &flat], []);
        let words = "the class; empty for a row that is refused";
        graph.output(place("label", Type::Text, None, words.to_owned()), &label);
    }
    numbers(graph, trained, &values);
    Ok(())
}

/// The output of numbers.
fn numbers(graph: &mut Graph, trained: &Trained, values: &str) {
    let task = &trained.prepared.task;
    let (name, width, what) = match task {
        Task::Regression { .. } => ("prediction", task.d_output(), task.to_string()),
        _ if trained.gives_probabilities() => {
            let classes = task.classes();
            (
                "probabilities",
                classes.len(),
                format!("of the classes {}", classes.join(", ")),
            )
        }
        _ => (
            "scores",
            task.d_output(),
            format!("{task}; no probabilities"),
        ),
    };
    let both = match task {
        // One output stands for both classes.
        Task::Binary { .. } if width == 2 => {
            let one = graph.number(1.0);
            let first = graph.node("Sub", &[&one, values], []);
            graph.node("Concat", &[&first, values], [axis()])
        }
        _ => values.to_owned(),
    };
    let words = format!("{what}; NaN for a row that is refused");
    graph.output(place(name, Type::Double, Some(width), words), &both);
}

/// 0 for each row whose inputs are finite numbers of 32 bits, which the program demands of every network, else NaN, `[batch, 1]`:
/// some operators lose NaN on the way.
fn refused(graph: &mut Graph, inputs: &str) -> String {
    let inputs = graph.cast(inputs, Type::Float);
    let zero = graph.constant("zero", constant(Type::Float, vec![1], vec![0.0]));
    let zeros = graph.node("Mul", &[&inputs, &zero], []);
    let columns = graph.constant("columns", whole_numbers(vec![1.0]));
    let sum = graph.node("ReduceSum", &[&zeros, &columns], []);
    graph.cast(&sum, Type::Double)
}

/// What the network's outputs mean, a probability or a number; of an ensemble the mean over its members.
fn mean(graph: &mut Graph, trained: &Trained, inputs: &str, kind: Type) -> Result<String> {
    let members = trained.members();
    let mut sum: Option<String> = None;
    for (r, network) in members.iter().enumerate() {
        let prefix = weights::member_prefix(r, members.len());
        let outputs = layers(graph, (network, &prefix), inputs.to_owned(), kind)?;
        let outputs = graph.cast(&outputs, Type::Double);
        let values = match trained.loss() {
            Loss::CrossEntropy => graph.node("Softmax", &[&outputs], [axis()]),
            Loss::BinaryCrossEntropy => graph.node("Sigmoid", &[&outputs], []),
            Loss::SquaredError | Loss::MeanSquaredError => outputs,
        };
        sum = Some(match sum {
            Some(sum) => graph.node("Add", &[&sum, &values], []),
            None => values,
        });
    }
    let sum = sum.unwrap_or_else(|| inputs.to_owned());
    if members.len() == 1 {
        return Ok(sum);
    }
    let part = graph.number(1.0 / members.len() as f64);
    Ok(graph.node("Mul", &[&sum, &part], []))
}

/// The outputs of a network, whose arrays have names behind `prefix`.
fn layers(
    graph: &mut Graph,
    (network, prefix): (&Mlp, &str),
    inputs: String,
    kind: Type,
) -> Result<String> {
    let precision = match kind {
        Type::Double => Precision::Float64,
        _ => Precision::Float32,
    };
    let layers = network.weights()?;
    let arrays = weights::to_arrays(prefix, &layers, precision);
    let mut arrays = arrays
        .into_iter()
        .map(|array| (array.name.clone(), tensor(array)))
        .peekable();
    let mut value = inputs;
    for k in 0..layers.len() {
        let mut operands = vec![value];
        let own = |(name, _): &(String, Tensor)| name.starts_with(&format!("{prefix}layers.{k}."));
        while let Some((name, tensor)) = arrays.next_if(own) {
            operands.push(graph.constant(&name, tensor));
        }
        let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
        let sum = graph.node("Gemm", &operands, [("transB", Attribute::Integer(1))]);
        let function = if k + 1 == layers.len() {
            network.output_activation()
        } else {
            network.activation()
        };
        value = activation(graph, function, sum, kind)?;
    }
    Ok(value)
}

fn activation(graph: &mut Graph, activation: Activation, z: String, kind: Type) -> Result<String> {
    Ok(match activation {
        Activation::Sigmoid => graph.node("Sigmoid", &[&z], []),
        Activation::Relu => graph.node("Relu", &[&z], []),
        Activation::Tanh => graph.node("Tanh", &[&z], []),
        // Its defaults are the constants of the paper.
        Activation::Selu => graph.node("Selu", &[&z], []),
        Activation::Silu => {
            let gate = graph.node("Sigmoid", &[&z], []);
            graph.node("Mul", &[&z, &gate], [])
        }
        Activation::Gelu => {
            let [root, one, half] = [std::f64::consts::FRAC_1_SQRT_2, 1.0, 0.5]
                .map(|number| graph.constant("gelu", constant(kind, vec![1], vec![number])));
            let scaled = graph.node("Mul", &[&z, &root], []);
            // ONNX Runtime has this one in 32 bits only.
            let scaled = graph.cast(&scaled, Type::Float);
            let erf = graph.node("Erf", &[&scaled], []);
            let erf = graph.cast(&erf, kind);
            let twice_phi = graph.node("Add", &[&erf, &one], []);
            let product = graph.node("Mul", &[&z, &twice_phi], []);
            graph.node("Mul", &[&product, &half], [])
        }
        Activation::Identity => z,
        other => {
            let expected = "an activation that can be written as ONNX";
            return Err(Error::invalid("network.activation", expected, other));
        }
    })
}

/// `value * deviation + mean`.
fn in_own_units(graph: &mut Graph, values: &str, targets: &[Target]) -> String {
    let row = |of: fn(&Target) -> f64| Tensor::row(targets.iter().map(of).collect());
    let deviation = graph.constant("target_deviation", row(|target| target.deviation));
    let mean = graph.constant("target_mean", row(|target| target.mean));
    let scaled = graph.node("Mul", &[values, &deviation], []);
    graph.node("Add", &[&scaled, &mean], [])
}

/// The type that the network computes in.
pub(super) fn own_type(trained: &Trained) -> Type {
    match trained.network().dtype() {
        DType::F64 => Type::Double,
        _ => Type::Float,
    }
}

fn axis() -> (&'static str, Attribute) {
    ("axis", Attribute::Integer(1))
}

fn place(name: &str, kind: Type, width: Option<usize>, words: String) -> Place {
    Place {
        name: name.to_owned(),
        kind,
        width,
        words,
    }
}

fn text(graph: &mut Graph, text: &str) -> String {
    graph.constant("text", Tensor::texts(vec![text.to_owned()]))
}

fn constant(kind: Type, shape: Vec<usize>, numbers: Vec<f64>) -> Tensor {
    let values = Values::Numbers(kind, numbers);
    Tensor { shape, values }
}

fn whole_numbers(numbers: Vec<f64>) -> Tensor {
    constant(Type::Int64, vec![numbers.len()], numbers)
}

fn tensor(array: Array) -> Tensor {
    match array.values {
        ArrayValues::F32(values) => constant(
            Type::Float,
            array.shape,
            values.into_iter().map(f64::from).collect(),
        ),
        ArrayValues::F64(values) => constant(Type::Double, array.shape, values),
        ArrayValues::Bytes(values) => constant(
            Type::Int64,
            array.shape,
            values.into_iter().map(f64::from).collect(),
        ),
    }
}
