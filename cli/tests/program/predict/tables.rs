//! Rows of tables: what they are answered with.

use super::pets::{self, KINDS, Pet, SIZES};
use crate::folder::{Folder, assert_near, cells};
use crate::forward::{Network, softmax};

/// Mean and standard deviation of the population.
fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

/// The inputs of every pet, from the description of the preparation alone.
fn prepared(pets: &[Pet]) -> Vec<Vec<f64>> {
    let known: Vec<f64> = pets.iter().filter_map(|pet| pet.age).collect();
    let fill = known.iter().sum::<f64>() / known.len() as f64;
    let ages: Vec<f64> = pets.iter().map(|pet| pet.age.unwrap_or(fill)).collect();
    let weights: Vec<f64> = pets.iter().map(|pet| pet.weight).collect();
    let (age_mean, age_deviation) = mean_and_deviation(&ages);
    let (weight_mean, weight_deviation) = mean_and_deviation(&weights);
    let inputs = |(k, pet): (usize, &Pet)| {
        let mut inputs: Vec<f64> = KINDS.map(|kind| f64::from(pet.kind == kind)).to_vec();
        inputs.push((ages[k] - age_mean) / age_deviation);
        inputs.push((weights[k] - weight_mean) / weight_deviation);
        inputs
    };
    pets.iter().enumerate().map(inputs).collect()
}

fn numbers(fields: &[&str]) -> Vec<f64> {
    fields
        .iter()
        .map(|field| field.parse().expect("a number"))
        .collect()
}

#[test]
fn classes_and_probabilities_are_those_of_the_stored_weights_row_by_row() {
    let folder = pets::trained();
    let network = Network::of(&folder.read("run/last.safetensors"));
    let answers = folder.predict(pets::inputs(), &["--proba"]);
    assert_eq!(answers[0], "prediction,large,medium,small");
    assert_eq!(answers.len(), 61);
    let mut right = 0;
    for ((pet, inputs), answer) in pets::pets()
        .iter()
        .zip(prepared(&pets::pets()))
        .zip(&answers[1..])
    {
        let expected = softmax(&network.outputs(&inputs, f64::tanh));
        let fields = cells(answer);
        let probabilities = numbers(&fields[1..]);
        assert_near(&probabilities, &expected, 1e-5);
        assert_near(&[probabilities.iter().sum()], &[1.0], 1e-9);
        let largest = (0..3).max_by(|a, b| expected[*a].total_cmp(&expected[*b]));
        assert_eq!(fields[0], SIZES[largest.expect("three")]);
        right += usize::from(fields[0] == pet.size);
    }
    assert!(right > 45, "{right} of 60 are right");
}

#[test]
fn without_proba_the_same_classes_stand_alone() {
    let folder = pets::trained();
    let with = folder.predict(pets::inputs(), &["--proba"]);
    let classes: Vec<&str> = with.iter().map(|line| cells(line)[0]).collect();
    assert_eq!(folder.predict(pets::inputs(), &[]), classes);
}

#[test]
fn the_target_and_columns_that_were_left_out_are_not_looked_at() {
    let folder = pets::trained();
    let expected = folder.predict(pets::inputs(), &["--proba"]);
    assert_eq!(folder.predict(pets::table(), &["--proba"]), expected);
    let nonsense: String = pets::pets()
        .iter()
        .map(|pet| format!("?,{},no size\n", pet.inputs()))
        .collect();
    let nonsense = format!("id,kind,age,weight,size\n{nonsense}");
    assert_eq!(folder.predict(nonsense, &["--proba"]), expected);
}

#[test]
fn columns_left_out_by_number_are_known_by_name() {
    let by_name = pets::trained().predict(pets::inputs(), &["--proba"]);
    let folder = pets::trained_with("leave_out = [\"id\"]", "leave_out = [1]");
    // In another place and in JSON too, where there are no places.
    let row = |pet: &Pet| format!("{},{}\n", pet.inputs(), pet.id);
    let rows: String = pets::pets().iter().map(row).collect();
    let found = folder.predict(format!("kind,age,weight,id\n{rows}"), &["--proba"]);
    assert_eq!(found, by_name);
    let (answers, errors) = folder.predict_badly("color,kind,age,weight\n1,cat,2,3\n", &[]);
    assert_eq!(answers, [""; 0]);
    assert!(errors.contains("the column `color` is unknown"), "{errors}");
    let row = r#"{"kind": "cat", "age": 2, "weight": 3, "id": 7}"#;
    assert_eq!(folder.predict(row, &["--format", "jsonl"]).len(), 1);
}

#[test]
fn columns_in_another_order_give_the_same_answers() {
    let folder = pets::trained();
    let row = |pet: &Pet| format!("{},{},{}\n", pet.weight, pet.kind, pet.age());
    let rows: String = pets::pets().iter().map(row).collect();
    let found = folder.predict(format!("weight,kind,age\n{rows}"), &["--proba"]);
    assert_eq!(found, folder.predict(pets::inputs(), &["--proba"]));
}

#[test]
fn line_ends_quotes_blank_lines_and_a_byte_order_mark_change_nothing() {
    let folder = pets::trained();
    let expected = folder.predict(pets::inputs(), &["--proba"]);
    let quoted = |line: &str| {
        let fields: Vec<String> = line
            .split(',')
            .map(|field| format!("\"{field}\""))
            .collect();
        fields.join(",")
    };
    let quoted: Vec<String> = pets::inputs().lines().map(quoted).collect();
    for changed in [
        pets::inputs().replace('\n', "\r\n"),
        pets::inputs().replace('\n', "\r"),
        pets::inputs().replace('\n', "\n\n"),
        pets::inputs().replace(',', " , "),
        pets::inputs().trim_end().to_owned(),
        format!("\u{feff}{}", pets::inputs()),
        quoted.join("\n"),
    ] {
        assert_eq!(
            folder.predict(&changed, &["--proba"]),
            expected,
            "{changed}"
        );
    }
}

#[test]
fn a_file_is_answered_as_standard_input_is() {
    let folder = pets::trained();
    folder.write("new.csv", pets::inputs());
    let found = folder.good(&["predict", "run", "--input", "new.csv"]);
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(found, folder.predict(pets::inputs(), &[]));
}

#[test]
fn a_header_alone_has_no_rows_to_answer() {
    let folder = pets::trained();
    assert_eq!(folder.predict("kind,age,weight\n", &[]), ["prediction"]);
    assert_eq!(folder.predict("kind,age,weight", &[]), ["prediction"]);
}

#[test]
fn a_new_category_is_none_of_the_known_ones_if_the_run_says_so() {
    let folder = pets::trained_with("[data]", "[data]\nnew_category = \"ignore\"");
    let network = Network::of(&folder.read("run/last.safetensors"));
    let mut inputs = prepared(&pets::pets())[1].clone();
    inputs[..3].fill(0.0);
    let expected = softmax(&network.outputs(&inputs, f64::tanh));
    let pet = &pets::pets()[1];
    let row = format!("kind,age,weight\nrabbit,{},{}\n", pet.age(), pet.weight);
    let answers = folder.predict(row, &["--proba"]);
    assert_near(&numbers(&cells(&answers[1])[1..]), &expected, 1e-5);
}

#[test]
fn a_missing_value_is_taken_for_the_mean_or_the_most_frequent_one() {
    let pets = pets::pets();
    let known: Vec<f64> = pets.iter().filter_map(|pet| pet.age).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let times = |age: f64| known.iter().filter(|other| **other == age).count();
    let mut ages = known.clone();
    ages.sort_by(|a, b| times(*b).cmp(&times(*a)).then(a.total_cmp(b)));
    for (policy, age) in [("mean", mean), ("mode", ages[0])] {
        let folder = pets::trained_with("\"mean\"", &format!("\"{policy}\""));
        let rows = format!("kind,age,weight\n,,7\ncat,{age},7\n?,NA,7\n");
        let answers = folder.predict(rows, &["--proba"]);
        let probabilities = |line: &str| numbers(&cells(line)[1..]);
        assert_near(
            &probabilities(&answers[1]),
            &probabilities(&answers[2]),
            1e-6,
        );
        assert_eq!(answers[1], answers[3]);
    }
}

const REGRESSION: &str = r#"
[data]
source = "csv"
path = "houses.txt"
delimiter = "whitespace"
header = false
target = 2
leave_out = [4]

[network]
hidden = [5]
activation = "relu"

[train]
optimizer = "adam"
learning_rate = 0.05
epochs = 60
"#;

/// Rooms, price, distance, a number that says nothing.
fn houses() -> Vec<[f64; 4]> {
    let house = |k: usize| {
        let (rooms, distance) = ((k * 7 % 9) as f64, (k * 11 % 13) as f64);
        [
            rooms,
            200_000.0 + 30_000.0 * rooms - 9_000.0 * distance,
            distance,
            k as f64,
        ]
    };
    (0..50).map(house).collect()
}

fn words(rows: &[[f64; 4]], columns: &[usize]) -> String {
    let line = |row: &[f64; 4]| {
        let words: Vec<String> = columns.iter().map(|k| row[*k].to_string()).collect();
        format!("  {}\n", words.join("\t "))
    };
    rows.iter().map(line).collect()
}

fn trained_on_houses() -> Folder {
    Folder::trained("houses.txt", words(&houses(), &[0, 1, 2, 3]), REGRESSION)
}

#[test]
fn a_regression_answers_in_the_units_of_the_data() {
    let folder = trained_on_houses();
    let network = Network::of(&folder.read("run/last.safetensors"));
    let houses = houses();
    let column = |k: usize| -> Vec<f64> { houses.iter().map(|house| house[k]).collect() };
    let scales = [0, 1, 2].map(|k| mean_and_deviation(&column(k)));
    let answers = folder.predict(words(&houses, &[0, 2]), &[]);
    assert_eq!((answers[0].as_str(), answers.len()), ("prediction", 51));
    for (house, answer) in houses.iter().zip(&answers[1..]) {
        let input = |k: usize| (house[k] - scales[k].0) / scales[k].1;
        let output = network.outputs(&[input(0), input(2)], |z| z.max(0.0))[0];
        let expected = output * scales[1].1 + scales[1].0;
        let found = numbers(&[answer]);
        assert_near(&found, &[expected], 1.0); // of some 200,000, in 32 bits
        assert_near(&found, &[house[1]], 60_000.0);
    }
}

#[test]
fn without_a_header_all_columns_of_the_training_file_do_as_well() {
    let folder = trained_on_houses();
    let inputs = folder.predict(words(&houses(), &[0, 2]), &[]);
    assert_eq!(folder.predict(words(&houses(), &[0, 1, 2, 3]), &[]), inputs);
    assert_eq!(folder.predict("", &[]), ["prediction"]);
    let (answers, errors) = folder.predict_badly("1 2 3\n", &[]);
    assert_eq!(answers, [""; 0]);
    assert_eq!(
        errors,
        "error: standard input: line 1: expected 2 values, or 4 with those that are not looked at, found 3; \
         give the columns that the network was trained on, or all columns of the training file\n"
    );
    let (answers, errors) = folder.predict_badly("1 2\n\n3\n", &[]);
    assert_eq!(answers.len(), 2);
    let expected = "error: standard input: line 3: expected 2 columns, found 1; ";
    assert!(errors.starts_with(expected), "{errors}");
}

#[test]
fn two_classes_have_two_probabilities() {
    let table = pets::table().replace(",medium", ",large");
    let folder = Folder::trained("pets.csv", table, pets::CONFIG);
    let network = Network::of(&folder.read("run/last.safetensors"));
    let answers = folder.predict(pets::inputs(), &["--proba"]);
    assert_eq!(answers[0], "prediction,large,small");
    for (inputs, answer) in prepared(&pets::pets()).iter().zip(&answers[1..]) {
        let small = 1.0 / (1.0 + (-network.outputs(inputs, f64::tanh)[0]).exp());
        let fields = cells(answer);
        assert_near(&numbers(&fields[1..]), &[1.0 - small, small], 1e-5);
        assert_eq!(fields[0], if small > 0.5 { "small" } else { "large" });
    }
}
