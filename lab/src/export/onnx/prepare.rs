//! From the columns of a row, as they are, to the network's inputs.
//!
//! A kind of column is an arm of [`declare`], which adds the graph's input, and of [`column()`], which gives numbers of 64 bits and what
//! they are still to be shifted and scaled by; that is then done for all columns at once. A value that the program would refuse
//! becomes NaN.

use super::super::columns::{Categorical, Column, DATE_SCALES, Date, Numeric, Rows, Table};
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
                .flat_map(|(learned, input)| column(graph, table, learned, input))
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
    let (name, kind, words, fill, indicator) = match column {
        Column::Numeric(column) => {
            let Numeric {
                mean, deviation, ..
            } = column;
            let words =
                format!("number x, scaled by (x - {mean}) / {deviation}; a missing value (NaN)");
            let fill = column.fill.map(|fill| fill.to_string());
            (&column.name, Type::Double, words, fill, column.indicator)
        }
        Column::Categorical(column) => {
            let new = match table.ignores_new_categories() {
                true => "is new, and all inputs of the column are 0",
                false => "is refused",
            };
            let (known, marks) = (&column.categories, &table.missing_values);
            let words = format!(
                "text, one of {known:?}; any other {new}; a missing value (one of {marks:?})"
            );
            (
                &column.name,
                Type::Text,
                words,
                column.fill.clone(),
                column.indicator,
            )
        }
        Column::Date(column) => {
            let words = "days since 1970-01-01, a time of day as a fraction; a missing date (NaN)"
                .to_owned();
            let fill = column.fill.map(|fill| fill.to_string());
            (&column.name, Type::Double, words, fill, column.indicator)
        }
    };
    let missing = match (fill, indicator) {
        (_, true) => "has an input of its own".to_owned(),
        (Some(fill), false) => format!("is taken for {fill}"),
        (None, false) => "is refused".to_owned(),
    };
    graph.input(place(name, kind, format!("{words} {missing}")))
}

/// What a column becomes.
fn column(graph: &mut Graph, table: &Table, column: &Column, input: String) -> Vec<Part> {
    match column {
        Column::Numeric(column) => {
            let marks: Vec<f64> = table.missing_numbers().collect();
            let (value, indicator) = filled(graph, &marks, (column.fill, column.indicator), input);
            let mut parts = vec![numeric(graph, column, value)];
            parts.extend(indicator);
            parts
        }
        Column::Categorical(column) => vec![categorical(graph, table, column, &input)],
        Column::Date(column) => {
            let (days, indicator) = filled(graph, &[], (column.fill, column.indicator), input);
            let mut parts = date(graph, column, days);
            parts.extend(indicator);
            parts
        }
    }
}

fn numeric(graph: &mut Graph, column: &Numeric, value: String) -> Part {
    let Numeric {
        mean, deviation, ..
    } = *column;
    if column.constant {
        return Part::plain(graph.with("Mul", &value, 0.0), 1);
    }
    if !column.clipped {
        return Part {
            value,
            center: vec![mean],
            scale: vec![deviation],
        };
    }
    let centered = graph.with("Sub", &value, mean);
    let scaled = graph.with("Div", &centered, deviation);
    // Farther away the result is 3, and squares overflow.
    let below = graph.with("Min", &scaled, 1e9);
    let within = graph.with("Max", &below, -1e9);
    let share = graph.with("Div", &within, 3.0);
    let square = graph.node("Mul", &[&share, &share], []);
    let more = graph.with("Add", &square, 1.0);
    let root = graph.node("Sqrt", &[&more], []);
    let clipped = graph.node("Div", &[&within, &root], []);
    // What is not finite is no number.
    let refused = graph.with("Mul", &value, 0.0);
    Part::plain(graph.node("Add", &[&clipped, &refused], []), 1)
}

fn categorical(graph: &mut Graph, table: &Table, column: &Categorical, input: &str) -> Part {
    let width = column.categories.len();
    // Behind the numbers of the categories come that of one without an input, and that of a missing value with its own.
    let (none, indicator) = (width as f64, width as f64 + 1.0);
    let fill = column
        .categories
        .iter()
        .position(|known| Some(known) == column.fill.as_ref());
    let missing = match fill {
        _ if column.indicator => indicator,
        Some(fill) => fill as f64,
        None => f64::NAN,
    };
    let new = if table.ignores_new_categories() {
        none
    } else {
        f64::NAN
    };
    let known = column.categories.iter().zip(0..width);
    let others = column
        .spellings
        .iter()
        .map(|(text, number)| (text, *number));
    let known = known
        .chain(others)
        .map(|(text, number)| (text, number as f64));
    let marks = table.missing_values.iter().map(|mark| (mark, missing));
    let (keys, values) = known
        .chain(marks)
        .map(|(text, code)| (text.clone(), code as f32))
        .unzip();
    let attributes = [
        ("keys_strings", Attribute::Texts(keys)),
        ("values_floats", Attribute::Floats(values)),
        ("default_float", Attribute::Float(new as f32)),
    ];
    let code = graph.node("LabelEncoder", &[input], attributes);
    let code = graph.cast(&code, Type::Double);
    let mut codes: Vec<f64> = (0..width).map(|number| number as f64).collect();
    codes.extend(column.indicator.then_some(indicator));
    let width = codes.len();
    let codes = graph.constant("categories", Tensor::row(codes));
    let own = graph.node("Equal", &[&code, &codes], []);
    let own = graph.cast(&own, Type::Double);
    // 0, or NaN for what is refused.
    let refused = graph.with("Mul", &code, 0.0);
    Part::plain(graph.node("Add", &[&own, &refused], []), width)
}

/// Days since 1970, and what the calendar makes of them (Howard Hinnant, "chrono-compatible low-level date algorithms"): years
/// begin in March.
fn date(graph: &mut Graph, column: &Date, days: String) -> Vec<Part> {
    let whole = graph.node("Floor", &[&days], []);
    let shifted = graph.with("Add", &whole, 719_468.0);
    let of_era = graph.rest(&shifted, 146_097.0);
    let [by_4, by_100, by_400] =
        [1_460.0, 36_524.0, 146_096.0].map(|length| graph.whole(&of_era, length));
    let without = graph.node("Sub", &[&of_era, &by_4], []);
    let with = graph.node("Add", &[&without, &by_100], []);
    let without = graph.node("Sub", &[&with, &by_400], []);
    let year = graph.whole(&without, 365.0);
    let of_years = graph.with("Mul", &year, 365.0);
    let [by_4, by_100] = [4.0, 100.0].map(|length| graph.whole(&year, length));
    let with = graph.node("Add", &[&of_years, &by_4], []);
    let before = graph.node("Sub", &[&with, &by_100], []);
    let of_year = graph.node("Sub", &[&of_era, &before], []);
    let fifths = graph.with("Mul", &of_year, 5.0);
    let fifths = graph.with("Add", &fifths, 2.0);
    let march_first = graph.whole(&fifths, 153.0);
    let fifths = graph.with("Mul", &march_first, 153.0);
    let fifths = graph.with("Add", &fifths, 2.0);
    let before = graph.whole(&fifths, 5.0);
    let day = graph.node("Sub", &[&of_year, &before], []);
    let day = graph.with("Add", &day, 1.0);
    let late = graph.with("Greater", &march_first, 9.0);
    let [this, next] = [("Add", 3.0), ("Sub", 9.0)]
        .map(|(operator, months)| graph.with(operator, &march_first, months));
    let month = graph.node("Where", &[&late, &next, &this], []);
    let since_monday = graph.with("Add", &whole, 3.0);
    let weekday = graph.rest(&since_monday, 7.0);
    let of_day = graph.node("Sub", &[&days, &whole], []);
    let seconds = graph.with("Mul", &of_day, 86_400.0);
    let seconds = graph.with("Add", &seconds, 0.5);
    let seconds = graph.node("Floor", &[&seconds], []);
    let hour = graph.with("Div", &seconds, 3_600.0);
    let scales = std::iter::once((column.mean, column.deviation)).chain(DATE_SCALES);
    let values = [days, month, day, weekday, hour].into_iter().zip(scales);
    let parts = values.map(|(value, (center, scale))| Part {
        value,
        center: vec![center],
        scale: vec![scale],
    });
    parts.take(if column.has_time { 5 } else { 4 }).collect()
}

impl Graph {
    /// A value and a constant.
    fn with(&mut self, operator: &str, value: &str, number: f64) -> String {
        let number = self.number(number);
        self.node(operator, &[value, &number], [])
    }

    /// How often a length is in a number.
    fn whole(&mut self, value: &str, length: f64) -> String {
        let times = self.with("Div", value, length);
        self.node("Floor", &[&times], [])
    }

    /// What is left of a number by a length.
    fn rest(&mut self, value: &str, length: f64) -> String {
        let times = self.whole(value, length);
        let taken = self.with("Mul", &times, length);
        self.node("Sub", &[value, &taken], [])
    }
}

/// Numbers in which what is missing, NaN or one of `marks`, is filled in, or NaN where it is to be refused; and, if there is one, the
/// indicator of what was missing.
fn filled(
    graph: &mut Graph,
    marks: &[f64],
    (fill, indicator): (Option<f64>, bool),
    input: String,
) -> (String, Option<Part>) {
    let fill = fill.or(indicator.then_some(0.0));
    // NaN is missing by itself, and stays what it is if there is nothing to fill in.
    let mut missing = fill.map(|_| graph.node("IsNaN", &[&input], []));
    for mark in marks {
        let is_mark = graph.with("Equal", &input, *mark);
        missing = Some(match missing {
            Some(missing) => graph.node("Or", &[&missing, &is_mark], []),
            None => is_mark,
        });
    }
    let Some(missing) = missing else {
        return (input, None);
    };
    let fill = graph.number(fill.unwrap_or(f64::NAN));
    let value = graph.node("Where", &[&missing, &fill, &input], []);
    let indicator = indicator.then(|| Part::plain(graph.cast(&missing, Type::Double), 1));
    (value, indicator)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::super::columns::{DATE_SCALES, Rows};
    use super::super::graph::{Graph, Place, Tensor, Type, Values};
    use super::super::run::run;
    use super::prepare;

    /// What a table of one column, as a run keeps it, makes of values.
    fn inputs(column: &str, values: Values) -> Vec<f64> {
        let json = format!(
            r#"{{"columns": [{column}], "missing_values": ["", "?", "-9"], "missing": "mean", "new_category": "ignore"}}"#
        );
        let rows = Rows::Table(serde_json::from_str(&json).expect("a table"));
        let mut graph = Graph::default();
        let value = prepare(&mut graph, &rows);
        let words = String::new();
        let (name, kind) = ("inputs".to_owned(), Type::Double);
        graph.output(
            Place {
                name,
                kind,
                width: None,
                words,
            },
            &value,
        );
        let count = match &values {
            Values::Numbers(_, numbers) => numbers.len(),
            Values::Texts(texts) => texts.len(),
        };
        let given = Tensor {
            shape: vec![count, 1],
            values,
        };
        let found = run(&graph, &HashMap::from([("x".to_owned(), given)])).expect("a graph");
        found[0].numbers().expect("numbers").to_vec()
    }

    fn numbers(values: &[f64]) -> Values {
        Values::Numbers(Type::Double, values.to_vec())
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn numbers_are_filled_in_scaled_clipped_and_told_missing() {
        let column = r#"{"kind": "numeric", "name": "x", "mean": "10", "deviation": "2", "fill": "14", "clipped": true, "indicator": true}"#;
        let found = inputs(column, numbers(&[12.0, f64::NAN, -9.0, 1e300, -1e300]));
        let clip = |x: f64| x / (1.0 + x * x / 9.0).sqrt();
        let expected = [
            clip(1.0),
            0.0,
            clip(2.0),
            1.0,
            clip(2.0),
            1.0,
            3.0,
            0.0,
            -3.0,
            0.0,
        ];
        assert_near(&found, &expected);
        let constant =
            r#"{"kind": "numeric", "name": "x", "mean": "10", "deviation": "1", "constant": true}"#;
        let found = inputs(constant, numbers(&[10.0, 12.0, f64::NAN, f64::INFINITY]));
        assert_near(&found[..2], &[0.0, 0.0]);
        assert!(found[2].is_nan() && found[3].is_nan(), "refused");
    }

    #[test]
    fn a_missing_category_has_an_input_of_its_own_and_a_new_one_has_none() {
        let column = r#"{"kind": "categorical", "name": "x", "categories": ["a", "b"], "fill": "a", "indicator": true}"#;
        let texts = ["b", "?", "c"].map(str::to_owned).to_vec();
        let found = inputs(column, Values::Texts(texts));
        assert_near(&found, &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }

    /// Month, day, weekday and hour are those of Python's `datetime`.
    #[test]
    fn a_date_is_what_the_calendar_says() {
        let column =
            r#"{"kind": "date", "name": "x", "mean": "100", "deviation": "50", "has_time": true}"#;
        for (days, parts) in [
            (0.0, [1.0, 1.0, 3.0, 0.0]),
            (-1.0, [12.0, 31.0, 2.0, 0.0]),
            (11_016.0, [2.0, 29.0, 1.0, 0.0]),
            (-25_508.0, [3.0, 1.0, 3.0, 0.0]),
            (19_782.0 + 18.5 / 24.0, [2.0, 29.0, 3.0, 18.5]),
            (20_786.0, [11.0, 29.0, 6.0, 0.0]),
            (-719_162.0, [1.0, 1.0, 0.0, 0.0]),
        ] {
            let found = inputs(column, numbers(&[days]));
            let scaled = parts
                .iter()
                .zip(DATE_SCALES)
                .map(|(part, (mean, deviation))| (part - mean) / deviation);
            let expected: Vec<f64> = std::iter::once((days - 100.0) / 50.0)
                .chain(scaled)
                .collect();
            assert_near(&found, &expected);
        }
        let filled = column.replace(
            "\"has_time\": true",
            "\"has_time\": false, \"fill\": \"0\", \"indicator\": true",
        );
        let found = inputs(&filled, numbers(&[f64::NAN]));
        assert_eq!((found.len(), found[0], found[4]), (5, -2.0, 1.0));
    }
}
