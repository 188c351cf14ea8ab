//! What becomes of a row from outside: every kind of preparation, every refusal, the saved form.

use dropwise::config::{Missing, NewCategory};
use dropwise::data::{Column, ColumnKind, Preparation, Refusal, TablePreparation};
use proptest::prelude::*;

fn numeric(name: &str, mean: f64, deviation: f64, fill: Option<f64>) -> Column {
    Column {
        name: name.to_owned(),
        kind: ColumnKind::Numeric {
            mean,
            deviation,
            fill,
        },
    }
}

fn categorical(name: &str, categories: &[&str], fill: Option<&str>) -> Column {
    Column {
        name: name.to_owned(),
        kind: ColumnKind::Categorical {
            categories: categories
                .iter()
                .map(|category| (*category).to_owned())
                .collect(),
            fill: fill.map(str::to_owned),
        },
    }
}

/// Columns `age` and `color`, with what missing values are to be taken for.
fn table(missing: Missing, age: Option<f64>, color: Option<&str>) -> TablePreparation {
    TablePreparation {
        columns: vec![
            numeric("age", 40.0, 8.0, age),
            categorical("color", &["blue", "green", "red"], color),
        ],
        other_columns: vec!["price".to_owned()],
        missing_values: ["", "?"].map(str::to_owned).to_vec(),
        missing,
        new_category: NewCategory::Error,
    }
}

fn strict() -> Preparation {
    Preparation::Table(table(Missing::Error, None, None))
}

fn prepare(preparation: &Preparation, fields: &[&str]) -> Result<Vec<f64>, Refusal> {
    let mut inputs = vec![f64::NAN; preparation.d_input()];
    preparation.prepare(fields, &mut inputs)?;
    Ok(inputs)
}

#[track_caller]
fn refusal(preparation: &Preparation, fields: &[&str]) -> String {
    prepare(preparation, fields)
        .expect_err("a refusal")
        .to_string()
}

fn digits() -> Preparation {
    Preparation::Images {
        height: 1,
        width: 3,
        largest: 16,
    }
}

#[test]
fn numbers_are_taken_as_they_are() {
    let preparation = Preparation::Numbers {
        columns: ["a", "b"].map(str::to_owned).to_vec(),
    };
    assert_eq!(preparation.columns(), ["a", "b"]);
    assert_eq!(preparation.input_names(), ["a", "b"]);
    assert_eq!(preparation.d_input(), 2);
    assert_eq!(
        prepare(&preparation, &["-1.5", " 2e3 "]),
        Ok(vec![-1.5, 2000.0])
    );
    assert_eq!(
        refusal(&preparation, &["1", "two"]),
        "column `b`: expected a finite number, found `two`; correct it"
    );
    assert_eq!(
        refusal(&preparation, &["1e39", "2"]),
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
        prepare(&digits(), &["0", "16", "4.0"]),
        Ok(vec![0.0, 1.0, 0.25])
    );
}

#[test]
fn a_pixel_that_is_none_is_refused_by_name() {
    for field in ["17", "-1", "0.5", "NaN", "", "white", "inf"] {
        assert_eq!(
            refusal(&digits(), &["0", "1", field]),
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
        prepare(&strict(), &["44", "green"]),
        Ok(vec![0.5, 0.0, 1.0, 0.0])
    );
    assert_eq!(
        prepare(&strict(), &[" 40 ", " blue"]),
        Ok(vec![0.0, 1.0, 0.0, 0.0])
    );
}

#[test]
fn what_is_no_finite_number_is_refused_by_column() {
    for field in ["old", "NaN", "-inf", "1e999", "4 4", "1,5"] {
        let message = refusal(&strict(), &[field, "red"]);
        let expected =
            format!("column `age`: expected a finite number, found `{field}`; correct it; ");
        assert!(message.starts_with(&expected), "{message}");
    }
    assert_eq!(
        refusal(&strict(), &["1e300", "red"]),
        "column `age`: `1e300` is too far from the values of the training rows; correct it"
    );
}

#[test]
fn a_missing_value_is_refused_or_filled_in() {
    for mark in ["", "?", " ? "] {
        let message = refusal(&strict(), &[mark, "red"]);
        assert!(
            message.starts_with("column `age`: the value is missing"),
            "{message}"
        );
        assert!(
            message.contains("train with `missing` in `[data]` set to `mean` or `mode`"),
            "{message}"
        );
        assert!(
            refusal(&strict(), &["40", mark]).starts_with("column `color`: the value is missing")
        );
    }
    let filled = Preparation::Table(table(Missing::Mean, Some(48.0), Some("red")));
    assert_eq!(prepare(&filled, &["?", ""]), Ok(vec![1.0, 0.0, 0.0, 1.0]));
    assert_eq!(
        prepare(&filled, &["44", "blue"]),
        prepare(&strict(), &["44", "blue"])
    );
}

#[test]
fn a_row_that_training_would_have_dropped_is_refused() {
    let drop = Preparation::Table(table(Missing::Drop, None, None));
    assert_eq!(
        refusal(&drop, &["?", "red"]),
        "column `age`: the value is missing (`?`), and training left such rows out (`missing = \"drop\"`); \
         leave the row out too, or train with `missing = \"mean\"` or `\"mode\"`"
    );
}

#[test]
fn a_new_category_is_refused_or_has_no_input() {
    assert_eq!(
        refusal(&strict(), &["40", "pink"]),
        "column `color`: the category `pink` is new: the training rows have `blue`, `green`, `red`; correct \
         it, or train with `new_category = \"ignore\"` in `[data]`"
    );
    let tolerant = TablePreparation {
        new_category: NewCategory::Ignore,
        ..table(Missing::Error, None, None)
    };
    let inputs = prepare(&Preparation::Table(tolerant), &["40", "pink"]);
    assert_eq!(inputs, Ok(vec![0.0; 4]));
}

#[test]
fn too_few_and_too_many_fields_are_refused() {
    let one = Preparation::Numbers {
        columns: vec!["a".to_owned()],
    };
    for (preparation, expected) in [(strict(), 2), (digits(), 3), (one, 1)] {
        for found in [0, 5] {
            let message = refusal(&preparation, &vec!["1"; found]);
            let expected = format!("expected {expected} values, found {found}; ");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}

#[test]
fn a_refusal_takes_the_place_of_its_row() {
    let refusal = prepare(&strict(), &["old", "red"]).expect_err("a refusal");
    let error = refusal.at("rows.csv", 7).to_string();
    assert!(
        error
            .starts_with("rows.csv: line 7, column `age`: expected a finite number, found `old`; "),
        "{error}"
    );
    let refusal = prepare(&strict(), &[]).expect_err("a refusal");
    let error = refusal.at("rows.csv", 7).to_string();
    assert!(
        error.starts_with("rows.csv: line 7: expected 2 values, found 0; "),
        "{error}"
    );
}

#[test]
fn the_saved_form_can_be_read_by_people() {
    let filled = Preparation::Table(table(Missing::Mean, Some(48.0), Some("red")));
    let expected = serde_json::json!({
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
    let images = serde_json::json!({ "kind": "images", "height": 1, "width": 3, "largest": 16 });
    assert_eq!(serde_json::to_value(digits()).expect("JSON"), images);
}

#[test]
fn a_saved_preparation_that_was_tampered_with_refuses_and_does_not_panic() {
    for broken in [
        // A deviation of 0, categories out of order, a fill that is no category.
        r#"{"kind": "numeric", "mean": "0", "deviation": "0"}"#,
        r#"{"kind": "categorical", "categories": ["b", "a"]}"#,
        r#"{"kind": "categorical", "categories": [], "fill": "x"}"#,
    ] {
        let text = format!(
            r#"{{"kind": "table", "missing_values": ["?"], "missing": "mean", "new_category": "error",
                "columns": [{}]}}"#,
            broken.replacen('{', r#"{"name": "c", "#, 1)
        );
        let preparation: Preparation = serde_json::from_str(&text).expect("a preparation");
        for field in ["7", "z", "?"] {
            assert!(
                prepare(&preparation, &[field]).is_err(),
                "{broken}, {field}"
            );
        }
    }
    let huge = Preparation::Images {
        height: usize::MAX,
        width: 2,
        largest: 255,
    };
    assert_eq!(huge.d_input(), usize::MAX);
    for number in [r#""nan""#, r#""inf""#, r#""x""#] {
        let text =
            format!(r#"{{"name": "c", "kind": "numeric", "mean": {number}, "deviation": "1"}}"#);
        let error = serde_json::from_str::<Column>(&text)
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
    fn a_preparation_is_read_back_to_the_last_bit(
        mean in any_finite(), deviation in any_finite(), fill in any_finite()
    ) {
        let mut saved = table(Missing::Mean, Some(fill), Some("red"));
        saved.columns.push(numeric("other", mean, deviation, None));
        let saved = Preparation::Table(saved);
        let text = serde_json::to_string(&saved).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Preparation>(&text).expect("a preparation"), saved);
    }

    #[test]
    fn any_fields_give_finite_inputs_or_a_refusal(
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
        for preparation in [strict(), digits()] {
            if let Ok(inputs) = prepare(&preparation, &fields) {
                prop_assert!(inputs.iter().all(|input| (*input as f32).is_finite()));
            }
        }
    }
}
