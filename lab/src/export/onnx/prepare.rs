//! From the columns of a row, as they are, to the network's inputs.
//!
//! A kind of column is an arm of [`declare`], which adds the graph's input, and of [`column()`], which gives numbers of 64 bits and what
//! they are still to be shifted and scaled by; that is then done for all columns at once. A value that the program would refuse
//! becomes NaN.

use super::super::columns::{Column, Rows, Table};
use super::graph::{Attribute, Graph, Place, Tensor, Type};

/// Inputs before `(number - center) / scale`.
struct Part {
    /// `[batch, width]` of 64 bits.
    value: String,
    /// `[width]` each, or `[1]` for all alike.
    center: Vec<f64>,
    scale: Vec<f64>,
}

impl Part {
    /// Numbers that are inputs as they are.
    fn plain(value: String, width: usize) -> Self {
        Part {
            value,
            center: vec![0.0; width],
            scale: vec![1.0; width],
        }
    }
}

/// Adds the inputs of the graph and what makes the network's inputs, of 64 bits, of them.
pub(super) fn prepare(graph: &mut Graph, rows: &Rows) -> String {
    let parts = match rows {
        Rows::Numbers(names) => {
            let input = |name: &String| {
                let place = place(name, Type::Double, "number".to_owned());
                Part::plain(graph.input(place), 1)
            };
            names.iter().map(input).collect()
        }
        Rows::Images {
            height,
            width,
            largest,
        } => vec![images(graph, (*height, *width), f64::from(*largest))],
        Rows::Table(table) => {
            let columns = table.columns.iter();
            let inputs = columns.map(|column| declare(graph, table, column));
            let inputs: Vec<String> = inputs.collect();
            let columns = table.columns.iter().zip(inputs);
            columns
                .map(|(learned, input)| column(graph, table, learned, input))
                .collect()
        }
    };
    together(graph, &parts)
}

/// All parts side by side, shifted and scaled as the program does it, in this order.
fn together(graph: &mut Graph, parts: &[Part]) -> String {
    let values: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    let mut value = match values[..] {
        [one] => one.to_owned(),
        _ => graph.node("Concat", &values, [("axis", Attribute::Integer(1))]),
    };
    let mut by = |operator, name, numbers: Vec<f64>, idle: f64| {
        if numbers.iter().any(|number| *number != idle) {
            let numbers = graph.constant(name, Tensor::row(numbers));
            value = graph.node(operator, &[&value, &numbers], []);
        }
    };
    let all = |of: fn(&Part) -> &Vec<f64>| parts.iter().flat_map(of).copied().collect();
    by("Sub", "center", all(|part| &part.center), 0.0);
    by("Div", "scale", all(|part| &part.scale), 1.0);
    value
}

/// Pixels `[batch, height * width]`, each a whole number up to the largest.
fn images(graph: &mut Graph, (height, width): (usize, usize), largest: f64) -> Part {
    let words = format!(
        "images of {height} x {width} gray pixels, row by row, each a whole number from 0 to {largest}"
    );
    let pixels = graph.input(Place {
        name: "pixels".to_owned(),
        kind: Type::Float,
        width: Some(height * width),
        words,
    });
    let pixels = graph.cast(&pixels, Type::Double);
    let [zero, top, nan] = [0.0, largest, f64::NAN].map(|number| graph.number(number));
    let whole = graph.node("Floor", &[&pixels], []);
    let at_least = graph.node("Max", &[&whole, &zero], []);
    let within = graph.node("Min", &[&at_least, &top], []);
    let good = graph.node("Equal", &[&pixels, &within], []);
    Part {
        value: graph.node("Where", &[&good, &pixels, &nan], []),
        center: vec![0.0],
        scale: vec![largest],
    }
}

fn place(name: &str, kind: Type, words: String) -> Place {
    Place {
        name: name.to_owned(),
        kind,
        width: Some(1),
        words,
    }
}

/// Adds the graph's input of a column, with words on what it takes.
fn declare(graph: &mut Graph, table: &Table, column: &Column) -> String {
    let (name, kind, words, fill) = match column {
        Column::Numeric {
            name,
            mean,
            deviation,
            fill,
        } => {
            let words =
                format!("number x, scaled by (x - {mean}) / {deviation}; a missing value (NaN)");
            (name, Type::Double, words, fill.map(|fill| fill.to_string()))
        }
        Column::Categorical {
            name,
            categories,
            fill,
        } => {
            let new = match table.ignores_new_categories() {
                true => "is new, and all inputs of the column are 0",
                false => "is refused",
            };
            let words = format!(
                "text, one of {categories:?}; any other {new}; a missing value ({})",
                table
                    .missing_values
                    .iter()
                    .map(|mark| format!("{mark:?}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
            (name, Type::Text, words, fill.clone())
        }
    };
    let missing = match fill {
        Some(fill) => format!("{words} is taken for {fill}"),
        None => format!("{words} is refused"),
    };
    graph.input(place(name, kind, missing))
}

/// What a column becomes.
fn column(graph: &mut Graph, table: &Table, column: &Column, input: String) -> Part {
    match column {
        Column::Numeric {
            mean,
            deviation,
            fill,
            ..
        } => Part {
            value: filled(graph, table, *fill, input),
            center: vec![*mean],
            scale: vec![*deviation],
        },
        Column::Categorical {
            categories, fill, ..
        } => {
            let width = categories.len();
            let missing = categories
                .iter()
                .position(|known| Some(known) == fill.as_ref());
            let missing = missing.map_or(f32::NAN, |number| number as f32);
            let known = categories
                .iter()
                .cloned()
                .zip((0..width).map(|number| number as f32));
            let marks = table
                .missing_values
                .iter()
                .cloned()
                .map(|mark| (mark, missing));
            // The number after the last is that of a category without an input.
            let new = if table.ignores_new_categories() {
                width as f32
            } else {
                f32::NAN
            };
            let (keys, values) = known.chain(marks).unzip();
            let attributes = [
                ("keys_strings", Attribute::Texts(keys)),
                ("values_floats", Attribute::Floats(values)),
                ("default_float", Attribute::Float(new)),
            ];
            let code = graph.node("LabelEncoder", &[&input], attributes);
            let code = graph.cast(&code, Type::Double);
            let numbers = Tensor::row((0..width).map(|number| number as f64).collect());
            let numbers = graph.constant("categories", numbers);
            let own = graph.node("Equal", &[&code, &numbers], []);
            let own = graph.cast(&own, Type::Double);
            // 0, or NaN for what is refused.
            let zero = graph.number(0.0);
            let refused = graph.node("Mul", &[&code, &zero], []);
            Part::plain(graph.node("Add", &[&own, &refused], []), width)
        }
    }
}

/// Numbers in which what is missing is filled in, or NaN where there is nothing to fill in.
fn filled(graph: &mut Graph, table: &Table, fill: Option<f64>, input: String) -> String {
    // NaN is missing by itself, and stays what it is if there is nothing to fill in.
    let mut missing = fill.map(|_| graph.node("IsNaN", &[&input], []));
    for mark in table.missing_numbers() {
        let mark = graph.number(mark);
        let is_mark = graph.node("Equal", &[&input, &mark], []);
        missing = Some(match missing {
            Some(missing) => graph.node("Or", &[&missing, &is_mark], []),
            None => is_mark,
        });
    }
    match missing {
        Some(missing) => {
            let fill = graph.number(fill.unwrap_or(f64::NAN));
            graph.node("Where", &[&missing, &fill, &input], [])
        }
        None => input,
    }
}
