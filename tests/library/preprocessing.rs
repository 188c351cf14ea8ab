//! What becomes of a row from outside: every kind of preprocessing, every error, the saved form.

use dropwise::data::{Preprocessing, RowError};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Columns `age` and `color` as they are saved, with more keys or others.
fn table(age: Value, color: Value, keys: Value) -> Preprocessing {
    let column = |mut column: Value, more: Value| {
        merge(&mut column, more);
        column
    };
    let mut table = json!({
        "kind": "table",
        "columns": [
            column(json!({ "name": "age", "kind": "numeric", "mean": "40", "deviation": "8" }), age),
            column(
                json!({ "name": "color", "kind": "categorical", "categories": ["blue", "green", "red"] }),
                color,
            ),
        ],
        "other_columns": ["price"],
        "missing_values": ["", "?"],
        "missing": "error",
        "new_category": "error",
    });
    merge(&mut table, keys);
    serde_json::from_value(table).expect("a preprocessing")
}

fn merge(object: &mut Value, more: Value) {
    let more = more.as_object().expect("an object").clone();
    object.as_object_mut().expect("an object").extend(more);
}

fn strict() -> Preprocessing {
    table(json!({}), json!({}), json!({}))
}

/// With `missing = "mean"`.
fn filled() -> Preprocessing {
    table(
        json!({ "fill": "48" }),
        json!({ "fill": "red" }),
        json!({ "missing": "mean" }),
    )
}

fn transform(preprocessing: &Preprocessing, fields: &[&str]) -> Result<Vec<f64>, RowError> {
    let mut inputs = vec![f64::NAN; preprocessing.d_input()];
    preprocessing.transform(fields, &mut inputs)?;
    Ok(inputs)
}

#[track_caller]
fn error(preprocessing: &Preprocessing, fields: &[&str]) -> String {
    transform(preprocessing, fields)
        .expect_err("an error")
        .to_string()
}

fn digits() -> Preprocessing {
    Preprocessing::Images {
        height: 1,
        width: 3,
        largest: 16,
    }
}

#[test]
fn numbers_are_taken_as_they_are() {
    let preprocessing = Preprocessing::Numbers {
        columns: ["a", "b"].map(str::to_owned).to_vec(),
    };
    assert_eq!(preprocessing.columns(), ["a", "b"]);
    assert_eq!(preprocessing.input_names(), ["a", "b"]);
    assert_eq!(preprocessing.d_input(), 2);
    assert_eq!(
        transform(&preprocessing, &["-1.5", " 2e3 "]),
        Ok(vec![-1.5, 2000.0])
    );
    assert_eq!(
        error(&preprocessing, &["1", "two"]),
        "column `b`: expected a finite number, found `two`; correct it"
    );
    assert_eq!(
        error(&preprocessing, &["1e39", "2"]),
        "column `a`: `1e39` is too large a number; correct it"
    );
}

#[test]
fn pixels_are_divided_by_the_largest() {
    assert_eq!(digits().columns(), ["pixel0", "pixel1", "pixel2"]);
    assert_eq!(
        (digits().d_input(), digits().input_names()),
        (3, digits().columns())
    );
    assert_eq!(
        transform(&digits(), &["0", "16", "4.0"]),
        Ok(vec![0.0, 1.0, 0.25])
    );
}

#[test]
fn a_pixel_that_is_none_is_an_error_that_names_it() {
    for field in ["17", "-1", "0.5", "NaN", "", "white", "inf"] {
        assert_eq!(
            error(&digits(), &["0", "1", field]),
            format!(
                "column `pixel2`: expected a whole number of 0 to 16, found `{field}`; give pixels of the \
                 range that the network was trained on"
            )
        );
    }
}

#[test]
fn a_table_has_an_input_a_number_and_one_a_category() {
    assert_eq!(strict().columns(), ["age", "color"]);
    assert_eq!(strict().d_input(), 4);
    assert_eq!(
        strict().input_names(),
        ["age", "color=blue", "color=green", "color=red"]
    );
    assert_eq!(
        transform(&strict(), &["44", "green"]),
        Ok(vec![0.5, 0.0, 1.0, 0.0])
    );
    assert_eq!(
        transform(&strict(), &[" 40 ", " blue"]),
        Ok(vec![0.0, 1.0, 0.0, 0.0])
    );
}

#[test]
fn what_is_no_finite_number_is_an_error_that_names_the_column() {
    for field in ["old", "NaN", "-inf", "1e999", "4 4"] {
        let message = error(&strict(), &[field, "red"]);
        let expected =
            format!("column `age`: expected a finite number, found `{field}`; correct it; ");
        assert!(message.starts_with(&expected), "{message}");
    }
    let message = error(&strict(), &["1,5", "red"]);
    let expected = "column `age`: expected a number, found `1,5`, which has a decimal comma; ";
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(
        error(&strict(), &["1e300", "red"]),
        "column `age`: `1e300` is too far from the values of the training rows; correct it"
    );
}

#[test]
fn a_missing_value_is_an_error_or_filled_in() {
    for mark in ["", "?", " ? "] {
        let message = error(&strict(), &[mark, "red"]);
        assert!(
            message.starts_with("column `age`: the value is missing"),
            "{message}"
        );
        assert!(
            message.contains("train with `missing` in `[data]` set to `mean`, `median` or `mode`"),
            "{message}"
        );
        assert!(
            error(&strict(), &["40", mark]).starts_with("column `color`: the value is missing")
        );
    }
    let filled = filled();
    assert_eq!(transform(&filled, &["?", ""]), Ok(vec![1.0, 0.0, 0.0, 1.0]));
    assert_eq!(
        transform(&filled, &["44", "blue"]),
        transform(&strict(), &["44", "blue"])
    );
}

#[test]
fn a_row_that_training_would_have_dropped_is_an_error() {
    let drop = table(json!({}), json!({}), json!({ "missing": "drop" }));
    assert_eq!(
        error(&drop, &["?", "red"]),
        "column `age`: the value is missing (`?`), and training left such rows out (`missing = \"drop\"`); \
         leave the row out too, say `predict --missing mean`, or train with `missing = \"mean\"` in `[data]`"
    );
}

#[test]
fn a_new_category_is_an_error_or_has_no_input() {
    assert_eq!(
        error(&strict(), &["40", "pink"]),
        "column `color`: the category `pink` is new: the training rows have `blue`, `green`, `red`; correct \
         it, or train with `new_category = \"ignore\"` in `[data]`"
    );
    let tolerant = table(json!({}), json!({}), json!({ "new_category": "ignore" }));
    let inputs = transform(&tolerant, &["40", "pink"]);
    assert_eq!(inputs, Ok(vec![0.0; 4]));
}

#[test]
fn too_few_and_too_many_fields_are_an_error() {
    let one = Preprocessing::Numbers {
        columns: vec!["a".to_owned()],
    };
    for (preprocessing, expected) in [(strict(), 2), (digits(), 3), (one, 1)] {
        for found in [0, 5] {
            let message = error(&preprocessing, &vec!["1"; found]);
            let expected = format!("expected {expected} values, found {found}; ");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}

#[test]
fn an_error_takes_the_place_of_its_row() {
    let error = transform(&strict(), &["old", "red"]).expect_err("an error");
    let error = error.at("rows.csv", "line 7").to_string();
    assert!(
        error
            .starts_with("rows.csv: line 7, column `age`: expected a finite number, found `old`; "),
        "{error}"
    );
    let error = transform(&strict(), &[]).expect_err("an error");
    let error = error.at("rows.csv", "line 7").to_string();
    assert!(
        error.starts_with("rows.csv: line 7: expected 2 values, found 0; "),
        "{error}"
    );
}

#[test]
fn the_saved_form_can_be_read_by_people() {
    let filled = filled();
    let expected = json!({
        "kind": "table",
        "columns": [
            { "name": "age", "kind": "numeric", "mean": "40", "deviation": "8", "fill": "48" },
            { "name": "color", "kind": "categorical", "categories": ["blue", "green", "red"], "fill": "red" },
        ],
        "other_columns": ["price"],
        "missing_values": ["", "?"],
        "missing": "mean",
        "new_category": "error",
    });
    assert_eq!(serde_json::to_value(&filled).expect("JSON"), expected);
    let images = json!({ "kind": "images", "height": 1, "width": 3, "largest": 16 });
    assert_eq!(serde_json::to_value(digits()).expect("JSON"), images);
}

/// The saved form of a table of one column.
fn of_column(column: &str) -> String {
    format!(
        r#"{{"kind": "table", "missing_values": ["?"], "missing": "mean", "new_category": "error",
            "columns": [{column}]}}"#
    )
}

#[test]
fn a_saved_preprocessing_that_was_tampered_with_is_an_error_and_no_panic() {
    for broken in [
        // A deviation of 0, categories out of order, a fill that is no category.
        r#"{"kind": "numeric", "mean": "0", "deviation": "0"}"#,
        r#"{"kind": "categorical", "categories": ["b", "a"]}"#,
        r#"{"kind": "categorical", "categories": [], "fill": "x"}"#,
    ] {
        let text = of_column(&broken.replacen('{', r#"{"name": "c", "#, 1));
        let preprocessing: Preprocessing = serde_json::from_str(&text).expect("a preprocessing");
        for field in ["7", "z", "?"] {
            assert!(
                transform(&preprocessing, &[field]).is_err(),
                "{broken}, {field}"
            );
        }
    }
    let huge = Preprocessing::Images {
        height: usize::MAX,
        width: 2,
        largest: 255,
    };
    assert_eq!(huge.d_input(), usize::MAX);
    for number in [r#""nan""#, r#""inf""#, r#""x""#] {
        let column =
            format!(r#"{{"name": "c", "kind": "numeric", "mean": {number}, "deviation": "1"}}"#);
        let error = serde_json::from_str::<Preprocessing>(&of_column(&column))
            .expect_err("an error")
            .to_string();
        assert!(
            error.starts_with("expected a finite number, found `"),
            "{error}"
        );
    }
}

fn any_finite() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |number| number.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_preprocessing_is_read_back_to_the_last_bit(
        mean in any_finite(), deviation in any_finite(), fill in any_finite()
    ) {
        let number = |number: f64| number.to_string();
        let numeric = json!({ "mean": number(mean), "deviation": number(deviation), "fill": number(fill) });
        let saved = table(numeric, json!({ "fill": "red" }), json!({}));
        let text = serde_json::to_string(&saved).expect("JSON");
        prop_assert_eq!(&serde_json::from_str::<Preprocessing>(&text).expect("a preprocessing"), &saved);
        let columns = &serde_json::to_value(&saved).expect("JSON")["columns"];
        for (key, expected) in [("mean", mean), ("deviation", deviation), ("fill", fill)] {
            let found: f64 = columns[0][key].as_str().expect("text").parse().expect("a number");
            prop_assert_eq!(found.to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn any_fields_give_finite_inputs_or_an_error(
        fields in proptest::collection::vec(
            prop_oneof![
                any_finite().prop_map(|number| number.to_string()),
                proptest::collection::vec(any::<char>(), 0..4).prop_map(String::from_iter),
                Just("red".to_owned()),
            ],
            0..4,
        )
    ) {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        for preprocessing in [strict(), digits()] {
            if let Ok(inputs) = transform(&preprocessing, &fields) {
                prop_assert!(inputs.iter().all(|input| (*input as f32).is_finite()));
            }
        }
    }
}
