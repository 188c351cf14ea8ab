//! An ONNX model: its graph in memory, and as bytes (`onnx.proto` of <https://github.com/onnx/onnx>, whose numbers of fields
//! stand here).

use std::collections::{BTreeMap, HashSet};

use super::super::protobuf::{Field, Message, fields};

/// Old enough for ONNX Runtime since 1.12, TensorRT and browsers.
const OPSET: i64 = 17;
const ML_OPSET: i64 = 3;
const IR_VERSION: i64 = 8;
const ML_DOMAIN: &str = "ai.onnx.ml";

/// The dimension that stands for any number of rows.
const BATCH: &str = "batch";

/// What a tensor holds, with the format's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Float = 1,
    Int64 = 7,
    Text = 8,
    Bool = 9,
    Double = 11,
}

impl Type {
    pub(super) fn of(number: i64) -> Option<Self> {
        let all = [
            Type::Float,
            Type::Int64,
            Type::Text,
            Type::Bool,
            Type::Double,
        ];
        all.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// An array, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// Its elements. Every number of the types in use is a number of 64 bits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Numbers(Type, Vec<f64>),
    Texts(Vec<String>),
}

/// A setting of a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Attribute {
    Integer(i64),
    Float(f32),
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

/// An operator with one output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) output: String,
    pub(super) attributes: BTreeMap<String, Attribute>,
}

/// An input or output of the graph: `[batch, width]`, or `[batch]` without a width.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) width: Option<usize>,
    /// What it means.
    pub(super) words: String,
}

/// Nodes in the order in which they are computed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Graph {
    pub(super) inputs: Vec<Place>,
    pub(super) constants: Vec<(String, Tensor)>,
    pub(super) nodes: Vec<Node>,
    pub(super) outputs: Vec<Place>,
    pub(super) metadata: BTreeMap<String, String>,
    names: HashSet<String>,
}

impl Tensor {
    /// A row of numbers of 64 bits.
    pub(super) fn row(values: Vec<f64>) -> Self {
        Tensor {
            shape: vec![values.len()],
            values: Values::Numbers(Type::Double, values),
        }
    }

    pub(super) fn texts(values: Vec<String>) -> Self {
        Tensor {
            shape: vec![values.len()],
            values: Values::Texts(values),
        }
    }
}

impl Graph {
    pub(super) fn new(metadata: BTreeMap<String, String>) -> Self {
        Graph {
            metadata,
            ..Graph::default()
        }
    }

    /// Adds an input. Inputs come before all else, since they keep their names.
    pub(super) fn input(&mut self, place: Place) -> String {
        let name = self.unique(place.name.clone());
        self.inputs.push(Place {
            name: name.clone(),
            ..place
        });
        name
    }

    /// Gives a value a name of its own as an output.
    pub(super) fn output(&mut self, place: Place, value: &str) {
        let name = self.unique(place.name.clone());
        self.push("Identity", &[value], [], name.clone());
        self.outputs.push(Place { name, ..place });
    }

    pub(super) fn constant(&mut self, name: &str, tensor: Tensor) -> String {
        let name = self.unique(name.to_owned());
        self.constants.push((name.clone(), tensor));
        name
    }

    /// A constant of one number of 64 bits.
    pub(super) fn number(&mut self, value: f64) -> String {
        self.constant("number", Tensor::row(vec![value]))
    }

    /// Adds a node; its output is named after the operator.
    pub(super) fn node<const N: usize>(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: [(&str, Attribute); N],
    ) -> String {
        let output = self.unique(operator.to_lowercase());
        self.push(operator, inputs, attributes, output.clone());
        output
    }

    pub(super) fn cast(&mut self, value: &str, to: Type) -> String {
        self.node("Cast", &[value], [("to", Attribute::Integer(to as i64))])
    }

    fn push<const N: usize>(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: [(&str, Attribute); N],
        output: String,
    ) {
        self.nodes.push(Node {
            operator: operator.to_owned(),
            inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
            output,
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        });
    }

    /// The name, or, where there is no such name or it is taken, one like it.
    fn unique(&mut self, name: String) -> String {
        let name = if name.is_empty() {
            "unnamed".to_owned()
        } else {
            name
        };
        let others = (1..).map(|k| format!("{name}_{k}"));
        let mut candidates = std::iter::once(name.clone()).chain(others);
        let free = candidates.find(|candidate| !self.names.contains(candidate));
        let free = free.unwrap_or(name);
        self.names.insert(free.clone());
        free
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let graph = Message::default()
            .each(&self.nodes, |graph, node| graph.message(1, node.encode()))
            .text(2, "dropwise")
            .each(&self.constants, |graph, (name, tensor)| {
                graph.message(5, tensor.encode(name))
            })
            .each(&self.inputs, |graph, place| {
                graph.message(11, place.encode())
            })
            .each(&self.outputs, |graph, place| {
                graph.message(12, place.encode())
            });
        let opset = |domain, version| Message::default().text(1, domain).integer(2, version);
        let pair =
            |(key, value): (&String, &String)| Message::default().text(1, key).text(2, value);
        Message::default()
            .integer(1, IR_VERSION)
            .text(2, "dropwise")
            .text(3, env!("CARGO_PKG_VERSION"))
            .message(7, graph)
            .message(8, opset("", OPSET))
            .message(8, opset(ML_DOMAIN, ML_OPSET))
            .each(self.metadata.iter().map(pair), |model, pair| {
                model.message(14, pair)
            })
            .into_bytes()
    }

    /// Reads what [`encode`](Self::encode) writes; `None` for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut read = Graph::default();
        for (number, field) in fields(bytes)? {
            match number {
                7 => read.decode_graph(field.bytes()?)?,
                14 => {
                    let [key, value] = texts(field.bytes()?)?;
                    read.metadata.insert(key, value);
                }
                _ => {}
            }
        }
        Some(read)
    }

    fn decode_graph(&mut self, bytes: &[u8]) -> Option<()> {
        for (number, field) in fields(bytes)? {
            match number {
                1 => self.nodes.push(Node::decode(field.bytes()?)?),
                5 => self.constants.push(Tensor::decode(field.bytes()?)?),
                11 => self.inputs.push(Place::decode(field.bytes()?)?),
                12 => self.outputs.push(Place::decode(field.bytes()?)?),
                _ => {}
            }
        }
        Some(())
    }
}

/// The texts of fields 1 and 2.
fn texts(bytes: &[u8]) -> Option<[String; 2]> {
    let mut texts = [String::new(), String::new()];
    for (number, field) in fields(bytes)? {
        *texts.get_mut((number as usize).checked_sub(1)?)? = field.text()?;
    }
    Some(texts)
}

impl Node {
    fn encode(&self) -> Message {
        let domain = match self.operator.as_str() {
            "LabelEncoder" => ML_DOMAIN,
            _ => "",
        };
        Message::default()
            .each(&self.inputs, |node, name| node.text(1, name))
            .text(2, &self.output)
            .text(3, &self.output)
            .text(4, &self.operator)
            .each(&self.attributes, |node, (name, value)| {
                node.message(5, value.encode(name))
            })
            .text(7, domain)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut node = Node {
            operator: String::new(),
            inputs: Vec::new(),
            output: String::new(),
            attributes: BTreeMap::new(),
        };
        for (number, field) in fields(bytes)? {
            match number {
                1 => node.inputs.push(field.text()?),
                2 => node.output = field.text()?,
                4 => node.operator = field.text()?,
                5 => node.attributes.extend([Attribute::decode(field.bytes()?)?]),
                _ => {}
            }
        }
        Some(node)
    }
}

impl Attribute {
    fn encode(&self, name: &str) -> Message {
        let message = Message::default().text(1, name);
        match self {
            Attribute::Float(value) => message.float(2, *value).integer(20, 1),
            Attribute::Integer(value) => message.integer(3, *value).integer(20, 2),
            Attribute::Floats(values) => message
                .each(values, |message, value| message.float(7, *value))
                .integer(20, 6),
            Attribute::Texts(values) => {
                // An empty text among others is written too.
                message
                    .each(values, |message, value| message.bytes(9, value.as_bytes()))
                    .integer(20, 8)
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<(String, Self)> {
        let (mut name, mut floats, mut texts, mut one) =
            (String::new(), Vec::new(), Vec::new(), None);
        for (number, field) in fields(bytes)? {
            match (number, field) {
                (1, field) => name = field.text()?,
                (2, Field::Float(value)) => one = Some(Attribute::Float(value)),
                (3, Field::Integer(value)) => one = Some(Attribute::Integer(value)),
                (7, Field::Float(value)) => floats.push(value),
                (9, field) => texts.push(field.text()?),
                (20, Field::Integer(6)) => {
                    one = Some(Attribute::Floats(std::mem::take(&mut floats)))
                }
                (20, Field::Integer(8)) => one = Some(Attribute::Texts(std::mem::take(&mut texts))),
                (20, _) => {}
                _ => return None,
            }
        }
        Some((name, one?))
    }
}

impl Tensor {
    fn encode(&self, name: &str) -> Message {
        let message = Message::default().each(&self.shape, |message, length| {
            message.integer(1, *length as i64)
        });
        let raw = |numbers: &[f64], kind: Type| -> Vec<u8> {
            match kind {
                Type::Float => numbers
                    .iter()
                    .flat_map(|number| (*number as f32).to_le_bytes())
                    .collect(),
                Type::Double => numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect(),
                _ => numbers
                    .iter()
                    .flat_map(|number| (*number as i64).to_le_bytes())
                    .collect(),
            }
        };
        match &self.values {
            Values::Numbers(kind, numbers) => message
                .integer(2, *kind as i64)
                .text(8, name)
                .bytes(9, &raw(numbers, *kind)),
            Values::Texts(texts) => message
                .integer(2, Type::Text as i64)
                .each(texts, |message, text| message.bytes(6, text.as_bytes()))
                .text(8, name),
        }
    }

    fn decode(bytes: &[u8]) -> Option<(String, Self)> {
        let (mut name, mut shape, mut kind) = (String::new(), Vec::new(), None);
        let (mut texts, mut raw) = (Vec::new(), &[][..]);
        for (number, field) in fields(bytes)? {
            match number {
                1 => shape.push(usize::try_from(field.integer()?).ok()?),
                2 => kind = Some(Type::of(field.integer()?)?),
                6 => texts.push(field.text()?),
                8 => name = field.text()?,
                9 => raw = field.bytes()?,
                _ => return None,
            }
        }
        let numbers = |kind, numbers: Vec<f64>| Values::Numbers(kind, numbers);
        let eights = || raw.as_chunks().0.iter();
        let values = match kind? {
            Type::Text => Values::Texts(texts),
            Type::Float => {
                let all = raw.as_chunks().0.iter();
                numbers(
                    Type::Float,
                    all.map(|bytes| f32::from_le_bytes(*bytes).into()).collect(),
                )
            }
            Type::Double => numbers(
                Type::Double,
                eights().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
            ),
            kind => numbers(
                kind,
                eights()
                    .map(|bytes| i64::from_le_bytes(*bytes) as f64)
                    .collect(),
            ),
        };
        Some((name, Tensor { shape, values }))
    }
}

impl Place {
    fn encode(&self) -> Message {
        let dimension = |shape: Message, dimension| shape.message(1, dimension);
        let width = self
            .width
            .map(|width| Message::default().integer(1, width as i64));
        let dimensions = std::iter::once(Message::default().text(2, BATCH)).chain(width);
        let shape = Message::default().each(dimensions, dimension);
        let tensor = Message::default()
            .integer(1, self.kind as i64)
            .message(2, shape);
        Message::default()
            .text(1, &self.name)
            .message(2, Message::default().message(1, tensor))
            .text(3, &self.words)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (mut name, mut words, mut kind, mut width) = (String::new(), String::new(), None, None);
        for (number, field) in fields(bytes)? {
            match number {
                1 => name = field.text()?,
                3 => words = field.text()?,
                _ => {
                    let (_, tensor) = *fields(field.bytes()?)?.first()?;
                    let tensor = fields(tensor.bytes()?)?;
                    kind = Type::of(tensor.first()?.1.integer()?);
                    let shape = fields(tensor.get(1)?.1.bytes()?)?;
                    if let Some((_, dimension)) = shape.get(1) {
                        let (_, length) = *fields(dimension.bytes()?)?.first()?;
                        width = Some(usize::try_from(length.integer()?).ok()?);
                    }
                }
            }
        }
        let kind = kind?;
        Some(Place {
            name,
            kind,
            width,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Attribute, Graph, Place, Tensor, Type, Values};

    #[test]
    fn a_graph_is_read_as_it_was_written_and_names_are_taken_once() {
        let mut graph = Graph::new(BTreeMap::from([("seed".to_owned(), "42".to_owned())]));
        let place = |kind, width| Place {
            name: "label".to_owned(),
            kind,
            width,
            words: "a word, é".to_owned(),
        };
        let input = graph.input(place(Type::Text, Some(3)));
        let texts = Tensor::texts(vec![String::new(), "b".to_owned()]);
        let names = ["", "label", "label"].map(|name| graph.constant(name, texts.clone()));
        assert_eq!(names, ["unnamed", "label_1", "label_2"]);
        for kind in [Type::Float, Type::Double, Type::Int64] {
            let values = Values::Numbers(kind, vec![-1.0, 0.0, 3.0, 1e6]);
            let shape = vec![2, 2];
            graph.constant("numbers", Tensor { shape, values });
        }
        graph.number(f64::MIN_POSITIVE);
        let attributes = [
            (
                "keys_strings",
                Attribute::Texts(vec!["a".to_owned(), String::new()]),
            ),
            ("values_floats", Attribute::Floats(vec![0.0, -1.5])),
            ("default_float", Attribute::Float(0.1)),
            ("axis", Attribute::Integer(-1)),
        ];
        let code = graph.node("LabelEncoder", &[&input, "label_1"], attributes);
        graph.output(place(Type::Double, None), &code);
        assert_eq!(graph.outputs[0].name, "label_3");

        let bytes = graph.encode();
        graph.names.clear();
        assert_eq!(Graph::decode(&bytes), Some(graph));
        assert_eq!(Graph::decode(&bytes[..bytes.len() - 1]), None);
    }
}
