//! Rows in memory.

use dropwise::Dataset;
use dropwise::data::{Target, Task};

fn classes(count: usize) -> Task {
    Task::Classification {
        classes: (0..count).map(|class| format!("class {class}")).collect(),
    }
}

fn two_classes() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

fn regression(targets: usize) -> Task {
    let target = |k| Target {
        name: format!("y{k}"),
        mean: 10.0,
        deviation: 2.0,
    };
    Task::Regression {
        targets: (0..targets).map(target).collect(),
    }
}

fn targets(rows: &Dataset) -> Vec<Vec<f64>> {
    (0..rows.len()).map(|row| rows.target_row(row)).collect()
}

#[test]
fn rows_are_held_as_they_are_given() {
    let inputs = vec![vec![0.1, -2.0], vec![1e300, 0.0], vec![3.5, 4.0]];
    let rows = Dataset::from_rows(&inputs, &[[1.0], [0.0], [1.0]], two_classes()).expect("rows");
    assert_eq!((rows.len(), rows.d_input(), rows.d_output()), (3, 2, 1));
    let found: Vec<Vec<f64>> = (0..3).map(|row| rows.input_row(row)).collect();
    assert_eq!(found, inputs);
    assert_eq!(targets(&rows), [[1.0], [0.0], [1.0]]);
    assert_eq!(rows.select(&[2, 0]).input_row(1), inputs[0]);
}

#[test]
fn a_class_becomes_a_target_for_each() {
    let rows = Dataset::from_rows(&[[1.0]; 3], &[[2.0], [0.0], [1.0]], classes(3)).expect("rows");
    assert_eq!(
        targets(&rows),
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    );
}

#[test]
fn numbers_to_be_learned_are_taken_as_they_are() {
    let rows = Dataset::from_rows(&[[1.0]; 2], &[[0.5, -1.0], [1e9, 0.0]], regression(2));
    assert_eq!(targets(&rows.expect("rows")), [[0.5, -1.0], [1e9, 0.0]]);
}

#[test]
fn inputs_of_32_bits_are_those_of_64_bits_rounded() {
    let inputs = [[0.1, 1.0 / 3.0], [1e-40, 16_777_217.0]];
    let rows = Dataset::from_rows(&inputs, &[[0.0], [1.0]], two_classes()).expect("rows");
    let device = dropwise::Backend::default().device().expect("a backend");
    let found = rows.select(&[1, 0, 1]).inputs(&device).into_data();
    let expected: Vec<f32> = [inputs[1], inputs[0], inputs[1]]
        .concat()
        .iter()
        .map(|input| *input as f32)
        .collect();
    assert_eq!(found.try_to_vec::<f32>().expect("numbers"), expected);
}

#[track_caller]
fn assert_error(inputs: &[Vec<f64>], targets: &[Vec<f64>], task: Task, expected: &str) {
    let error = Dataset::from_rows(inputs, targets, task).expect_err("an error");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_no_table_of_numbers_is_an_error_that_names_the_place() {
    let two = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
    let ys = vec![vec![0.0], vec![1.0]];
    let bad = |row: usize, column: usize, number: f64| {
        let mut rows = two.clone();
        rows[row][column] = number;
        rows
    };
    let none = "inputs: expected at least one row of at least one input, found";
    assert_error(&[], &[], two_classes(), &format!("{none} no row"));
    assert_error(
        &[vec![]],
        &ys[..1],
        two_classes(),
        &format!("{none} no input"),
    );
    assert_error(
        &two,
        &ys[..1],
        two_classes(),
        "targets: expected shape [2], found [1]",
    );
    let ragged = [vec![1.0, 2.0], vec![3.0]];
    assert_error(
        &ragged,
        &ys,
        two_classes(),
        "inputs[1]: expected shape [2], found [1]",
    );
    assert_error(
        &two,
        &two,
        two_classes(),
        "targets[0]: expected shape [1], found [2]",
    );
    assert_error(
        &two,
        &ys,
        regression(2),
        "targets[0]: expected shape [2], found [1]",
    );
    assert_error(
        &bad(1, 0, f64::NAN),
        &ys,
        two_classes(),
        "inputs[1][0]: expected a finite number, found NaN",
    );
    assert_error(
        &two,
        &bad(0, 1, f64::NEG_INFINITY),
        regression(2),
        "targets[0][1]: expected a finite number, found -inf",
    );
    for (task, class, highest) in [
        (two_classes(), 2.0, 1),
        (two_classes(), -1.0, 1),
        (classes(3), 3.0, 2),
        (classes(3), 0.5, 2),
    ] {
        assert_error(
            &two,
            &[vec![1.0], vec![class]],
            task,
            &format!(
                "targets[1][0]: expected a class, a whole number of 0 to {highest}, found {class}"
            ),
        );
    }
    for task in [classes(0), regression(0)] {
        let nothing = "task: expected at least one class or target, found none";
        assert_error(&two, &ys, task, nothing);
    }
}
