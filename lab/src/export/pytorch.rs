//! A trained network for PyTorch: weights that `nn.Sequential` loads, and a program that builds it: see [`pytorch`].

use std::fmt::Write;

use dropwise::config::{Activation, Loss, Precision};
use dropwise::data::Task;
use dropwise::dropout::Noise;
use dropwise::error::{Error, Result};
use dropwise::model::{Mlp, describe};
use serde::Serialize;

use super::columns::{Column, DATE_SCALES, Rows, Table};
use super::{checked_precision, metadata};
use crate::store::{Array, StoredRun, Trained, tensors, torch, weights};

/// A network for PyTorch, as two files that belong side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct PyTorchModel {
    /// The weights, with the keys of `nn.Sequential`.
    pub weights: Vec<u8>,
    /// The Python file, which loads the other by its own name with the other's ending.
    pub program: String,
}

/// How weights for PyTorch are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PyTorchWeights {
    /// A safetensors file.
    Safetensors,
    /// A file for `torch.load`, with `weights_only=True` or without.
    Pt,
    /// The same with the other ending.
    Pth,
}

impl PyTorchWeights {
    /// The ending of the file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            PyTorchWeights::Safetensors => "safetensors",
            PyTorchWeights::Pt => "pt",
            PyTorchWeights::Pth => "pth",
        }
    }
}

/// The model of a run for PyTorch. The program builds the module, dropout included, loads the weights, and prepares rows as
/// the program does; `predict(rows)` answers what `dropwise predict` answers, and raises `ValueError` where that refuses. It
/// needs torch, and safetensors for weights of that kind, which alone have metadata.
///
/// # Errors
/// [`Error::InvalidValue`] if a weight is not a finite number, if a column is of a kind that cannot be written, or if there are more than 2 GB
/// of weights for `torch.load`.
pub fn pytorch(
    trained: &Trained,
    run: &StoredRun,
    threshold: f64,
    kind: PyTorchWeights,
) -> Result<PyTorchModel> {
    let precision = checked_precision(trained)?;
    let members = trained.members();
    let mut module = Module::default();
    let mut arrays = Vec::new();
    for (r, network) in members.iter().enumerate() {
        let prefix = match members.len() {
            1 => String::new(),
            _ => format!("{r}."),
        };
        module = Module::default();
        arrays.extend(module.network(network, &prefix, precision)?);
    }
    let weights = match kind {
        PyTorchWeights::Safetensors => {
            tensors::encode(&arrays, &metadata(trained, run, threshold))?
        }
        _ => torch::save(&arrays)?,
    };
    let program = program(trained, &module, (precision, kind), threshold)?;
    Ok(PyTorchModel { weights, program })
}

/// The modules of `nn.Sequential`, a line each.
#[derive(Default)]
struct Module {
    lines: String,
    count: usize,
}

impl Module {
    fn add(&mut self, module: &str) {
        self.lines += &format!("    {module},\n");
        self.count += 1;
    }

    /// Adds the modules of a network; its arrays, with the keys of `nn.Sequential` behind `prefix`, are the result.
    fn network(&mut self, network: &Mlp, prefix: &str, precision: Precision) -> Result<Vec<Array>> {
        let layers = network.weights()?;
        let mut arrays = weights::to_arrays("", &layers, precision);
        for (k, (layer, noise)) in layers.iter().zip(network.noises()).enumerate() {
            let module = match noise {
                Noise::Alpha(_) => Ok("nn.AlphaDropout"),
                Noise::Gaussian(_) => Err("Gaussian noise"),
                Noise::DropConnect(_) => Err("DropConnect"),
                _ => Ok("nn.Dropout"),
            };
            match (noise.rate(), module) {
                (0.0, _) => {}
                (rate, Ok(module)) => self.add(&format!("{module}({rate:?})")),
                (rate, Err(name)) => {
                    self.lines += &format!(
                        "    # trained with {name} at {rate:?}, which PyTorch has no module for\n"
                    );
                }
            }
            let (own, key) = (format!("layers.{k}."), format!("{prefix}{}.", self.count));
            for array in &mut arrays {
                if let Some(part) = array.name.strip_prefix(&own) {
                    array.name = format!("{key}{part}");
                }
            }
            let bias = if layer.bias.is_some() {
                ""
            } else {
                ", bias=False"
            };
            self.add(&format!(
                "nn.Linear({}, {}{bias})",
                layer.d_input, layer.d_output
            ));
            self.activation(if k + 1 == layers.len() {
                network.output_activation()
            } else {
                network.activation()
            })?;
        }
        Ok(arrays)
    }

    fn activation(&mut self, activation: Activation) -> Result<()> {
        match activation {
            Activation::Sigmoid => self.add("nn.Sigmoid()"),
            Activation::Relu => self.add("nn.ReLU()"),
            Activation::Tanh => self.add("nn.Tanh()"),
            Activation::Gelu => self.add("nn.GELU()"),
            Activation::Silu => self.add("nn.SiLU()"),
            Activation::Selu => self.add("nn.SELU()"),
            Activation::Identity => {}
            other => {
                let expected = "an activation that PyTorch has";
                return Err(Error::invalid("network.activation", expected, other));
            }
        }
        Ok(())
    }
}

fn program(
    trained: &Trained,
    module: &Module,
    (precision, kind): (Precision, PyTorchWeights),
    threshold: f64,
) -> Result<String> {
    let members = trained.members();
    let (network, version) = (describe(members), env!("CARGO_PKG_VERSION"));
    let (double, dtype) = match precision {
        Precision::Float32 => ("", "float32"),
        Precision::Float64 => (".double()", "float64"),
    };
    let modules = format!("nn.Sequential(\n{})", module.lines);
    let (modules, outputs) = match members.len() {
        1 => (modules, "network(inputs)"),
        count => (
            format!("nn.ModuleList([{modules} for _ in range({count})])"),
            "torch.stack([member(inputs) for member in network])",
        ),
    };
    let (needs, import, load) = match kind {
        PyTorchWeights::Safetensors => (
            "torch and safetensors",
            "from safetensors.torch import load_file\n",
            "load_file(weights)",
        ),
        _ => ("torch", "", "torch.load(weights, weights_only=True)"),
    };
    let ending = kind.ending();
    let prepare = prepare(&Rows::of(&trained.prepared.preprocessing)?)?;
    let answer = answer(trained, threshold)?;
    let imports = ["datetime", "math"].into_iter();
    let imports = imports.filter(|module| prepare.contains(&format!("{module}.")));
    let imports: String = imports.map(|module| format!("import {module}\n")).collect();
    Ok(format!(
        r#""""{network}, trained by dropwise {version}.

`network` is the module; `predict(rows)` prepares rows, each a mapping from columns to values, and answers as `dropwise predict`
does. As a program it answers the rows of a CSV file. Needs {needs}.
"""

import csv
{imports}import pathlib
import sys

import torch
{import}from torch import nn

network = {modules}{double}
weights = pathlib.Path(__file__).with_suffix(".{ending}")
network.load_state_dict({load})
network.eval()

{prepare}

def predict(rows):
    inputs = torch.tensor([prepare(row) for row in rows], dtype=torch.{dtype})
    if not inputs.float().isfinite().all():
        raise ValueError("a number is infinite, or too far from those of the training rows")
    with torch.no_grad():
        outputs = {outputs}.double()
{answer}

if __name__ == "__main__":
    with open(sys.argv[1], newline="") as file:
        print(*predict(csv.DictReader(file)), sep="\n")
"#
    ))
}

/// The functions that make inputs of a row.
fn prepare(rows: &Rows) -> Result<String> {
    Ok(match rows {
        Rows::Numbers(names) => format!(
            "\ndef prepare(row):\n    return [float(row[column]) for column in {}]\n",
            list(names)?
        ),
        Rows::Images {
            height,
            width,
            largest,
        } => format!(
            "\ndef prepare(row):\n    return [float(row[f\"pixel{{k}}\"]) / {largest} for k in range({})]\n",
            height * width
        ),
        Rows::Table(table) => {
            let mut lines = String::new();
            for column in &table.columns {
                writeln!(lines, "        *{},", line(column)?).unwrap_or_default();
            }
            let missing = list(&table.missing_values)?;
            let helpers = helpers(table)?;
            format!(
                r#"MISSING = {missing}
{helpers}

def prepare(row):
    return [
{lines}    ]
"#
            )
        }
    })
}

/// What reads a number of a table's text.
fn table_number(table: &Table) -> Result<String> {
    let (decimal, thousands) = table.style();
    let mut read = "text".to_owned();
    let mut replace = |from: char, to: &str| -> Result<()> {
        read += &format!(".replace({}, \"{to}\")", literal(&from)?);
        Ok(())
    };
    if let Some(separator) = thousands {
        replace(separator, "")?;
    }
    if decimal != '.' {
        replace('.', "x")?;
        replace(decimal, ".")?;
    }
    // Python alone takes `1_000` for a number.
    replace('_', "x")?;
    Ok(format!("float({read})"))
}

/// The functions that make inputs of a value, of the kinds that there are.
fn helpers(table: &Table) -> Result<String> {
    let new = match table.ignores_new_categories() {
        true => "",
        false => {
            "    if text is not None and text not in known:\n        raise ValueError(f\"{column}: the category {text!r} is new\")\n"
        }
    };
    let read = table_number(table)?;
    let number = format!(
        r#"
def number(row, column, mean, deviation, fill=None, indicator=False, clipped=False, constant=False):
    text, missing = cell(row, column, fill is not None)
    value = fill if missing else {read}
    x = 0 * value if constant else (value - mean) / deviation
    return [x / math.hypot(1, x / 3) if clipped else x] + [float(missing)] * indicator
"#
    );
    let category = format!(
        r#"
def category(row, column, known, fill=None, indicator=False, spellings={{}}):
    text, missing = cell(row, column, indicator or fill is not None)
    text = fill if missing else spellings.get(text, text)
{new}    return [float(text == name) for name in known] + [float(missing)] * indicator
"#
    );
    let date = format!("\nSCALES = {DATE_SCALES:?}\n\n{DATE}");
    let has = |is: fn(&Column) -> bool| table.columns.iter().any(is);
    let kinds = [
        (number, has(|column| matches!(column, Column::Numeric(_)))),
        (
            category,
            has(|column| matches!(column, Column::Categorical(_))),
        ),
        (date, has(|column| matches!(column, Column::Date(_)))),
    ];
    let used = kinds.into_iter().filter(|(_, used)| *used);
    let helpers: Vec<String> = used.map(|(helper, _)| helper).collect();
    Ok(format!("{CELL}\n{}", helpers.join("\n")))
}

const CELL: &str = r#"

def cell(row, column, takes_missing):
    value = row[column]
    text = "" if value is None or value != value else str(value).strip()
    missing = text in MISSING or (text == "" and value != "")
    if missing and not takes_missing:
        raise ValueError(f"{column}: the value is missing")
    return text, missing
"#;

const DATE: &str = r#"
def date(row, column, mean, deviation, fill=None, indicator=False, has_time=False, day_first=False):
    text, missing = cell(row, column, fill is not None)
    day, _, clock = text.replace("T", " ").partition(" ")
    forms = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y" if day_first else "%m/%d/%Y"]
    for form in [] if missing else forms:
        try:
            days = (datetime.datetime.strptime(day, form) - datetime.datetime(1970, 1, 1)).days
            break
        except ValueError:
            pass
    else:
        if not missing:
            raise ValueError(f"{column}: {text!r} is no date")
        days = fill
    if clock:
        time = datetime.time.fromisoformat(clock.strip().rstrip("Z"))
        days += (time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6) / 86400
    whole = math.floor(days)
    then = datetime.date(1970, 1, 1) + datetime.timedelta(whole)
    hour = math.floor((days - whole) * 86400 + 0.5) / 3600
    parts = zip([then.month, then.day, then.weekday(), hour], SCALES)
    inputs = [(days - mean) / deviation] + [(part - mean) / deviation for part, (mean, deviation) in parts]
    return inputs[: 5 if has_time else 4] + [float(missing)] * indicator
"#;

/// The call that makes inputs of a column.
fn line(column: &Column) -> Result<String> {
    let (call, fill, indicator) = match column {
        Column::Numeric(column) => {
            let (name, mean, deviation) = (literal(&column.name)?, column.mean, column.deviation);
            let mut call = format!("number(row, {name}, {mean:?}, {deviation:?}");
            for (key, _) in [("clipped", column.clipped), ("constant", column.constant)]
                .iter()
                .filter(|(_, set)| *set)
            {
                call += &format!(", {key}=True");
            }
            let fill = column.fill.or(column.indicator.then_some(0.0));
            (call, fill.map(|fill| format!("{fill:?}")), column.indicator)
        }
        Column::Categorical(column) => {
            let mut call = format!(
                "category(row, {}, {}",
                literal(&column.name)?,
                list(&column.categories)?
            );
            if !column.spellings.is_empty() {
                let spelled = column.spellings.iter();
                let pairs: Result<Vec<String>> = spelled
                    .map(|(text, k)| {
                        Ok(format!(
                            "{}: {}",
                            literal(text)?,
                            literal(&column.categories[*k])?
                        ))
                    })
                    .collect();
                call += &format!(", spellings={{{}}}", pairs?.join(", "));
            }
            let fill = column.fill.as_ref().filter(|_| !column.indicator);
            (call, fill.map(literal).transpose()?, column.indicator)
        }
        Column::Date(column) => {
            let (name, mean, deviation) = (literal(&column.name)?, column.mean, column.deviation);
            let mut call = format!("date(row, {name}, {mean:?}, {deviation:?}");
            for (key, _) in [
                ("has_time", column.has_time),
                ("day_first", column.day_first),
            ]
            .iter()
            .filter(|(_, set)| *set)
            {
                call += &format!(", {key}=True");
            }
            let fill = column.fill.or(column.indicator.then_some(0.0));
            (call, fill.map(|fill| format!("{fill:?}")), column.indicator)
        }
    };
    let fill = fill.map_or(String::new(), |fill| format!(", fill={fill}"));
    let indicator = if indicator { ", indicator=True" } else { "" };
    Ok(format!("{call}{fill}{indicator})"))
}

/// The end of `predict`.
fn answer(trained: &Trained, threshold: f64) -> Result<String> {
    let values = match trained.loss() {
        Loss::CrossEntropy => "torch.softmax(outputs, -1)",
        Loss::BinaryCrossEntropy => "torch.sigmoid(outputs)",
        Loss::SquaredError | Loss::MeanSquaredError => "outputs",
    };
    let task = &trained.prepared.task;
    let mean = match trained.members().len() {
        1 => "",
        _ => ".mean(0)",
    };
    let mut lines = format!("    values = {values}{mean}\n");
    lines += &match task {
        Task::Regression { targets } => {
            let numbers = |of: fn(&dropwise::data::Target) -> f64| -> Vec<f64> {
                targets.iter().map(of).collect()
            };
            let (deviation, mean) = (
                numbers(|target| target.deviation),
                numbers(|target| target.mean),
            );
            format!(
                "    deviation, mean = torch.tensor([{deviation:?}, {mean:?}], dtype=torch.float64)\n    return (values * deviation + mean).tolist()\n"
            )
        }
        Task::Classification { classes } => format!(
            "    classes = {}\n    return [(classes[row.argmax()], row.tolist()) for row in values]\n",
            list(classes)?
        ),
        Task::Binary { classes } => {
            let all = match trained.gives_probabilities() {
                true => "[1 - p, p]",
                false => "[p]",
            };
            format!(
                "    classes = {}\n    return [(classes[p > {threshold:?}], {all}) for [p] in values.tolist()]\n",
                list(classes)?
            )
        }
    };
    Ok(lines)
}

fn list(texts: &[String]) -> Result<String> {
    let texts: Result<Vec<String>> = texts.iter().map(literal).collect();
    Ok(format!("[{}]", texts?.join(", ")))
}

/// Python's text of a value. The texts of JSON are Python's as well.
fn literal(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| Error::invalid("a name", "a text", cause))
}
