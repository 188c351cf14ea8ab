//! Images: as tables of pixels, as JSON, as IDX files.

use std::sync::LazyLock;

use crate::common::idx;
use crate::folder::Folder;

const CONFIG: &str = r#"
[data]
source = "digits"
split = { test = 0.5 }

[network]
hidden = [16]
activation = "relu"

[train]
learning_rate = 0.2
batch_size = 64
epochs = 30
"#;

/// A run on the digits; the tests only read it.
static TRAINED: LazyLock<Folder> = LazyLock::new(|| {
    let folder = Folder::new();
    folder.train(CONFIG, "run");
    folder
});

/// The pixels, from 0 to 16, and the labels of some images.
fn images() -> Vec<(Vec<u8>, String)> {
    let digits = dropwise::data::digits();
    let image = |row| {
        let pixels = digits.input_row(row).into_iter();
        let label = digits.target_row(row).iter().position(|one| *one == 1.0);
        let pixels = pixels.map(|input| (input * 16.0) as u8);
        (pixels.collect(), label.expect("a class").to_string())
    };
    (0..200).map(image).collect()
}

fn pixels() -> Vec<Vec<u8>> {
    images().into_iter().map(|(pixels, _)| pixels).collect()
}

fn joined(pixels: &[u8]) -> String {
    let pixels: Vec<String> = pixels.iter().map(u8::to_string).collect();
    pixels.join(",")
}

fn header() -> String {
    let names: Vec<String> = (0..64).map(|k| format!("pixel{k}")).collect();
    names.join(",")
}

fn table(pixels: &[Vec<u8>]) -> String {
    let rows: String = pixels.iter().map(|image| joined(image) + "\n").collect();
    format!("{}\n{rows}", header())
}

#[test]
fn most_digits_are_recognized() {
    let answers = TRAINED.predict(table(&pixels()), &[]);
    assert_eq!(answers.len(), 201);
    let pairs = answers[1..].iter().zip(images());
    let right = pairs
        .filter(|(answer, (_, label))| *answer == label)
        .count();
    assert!(right > 170, "{right} of 200");
}

#[test]
fn an_idx_file_packed_or_not_is_answered_as_the_table_of_its_pixels() {
    let expected = TRAINED.predict(table(&pixels()), &["--proba"]);
    let file = idx::images(&pixels(), 8);
    let flat = idx::file(&[200, 64], &pixels().concat());
    for form in [&file, &idx::pack(&file), &flat] {
        assert_eq!(TRAINED.predict(form, &["--proba"]), expected);
        let folder = Folder::new();
        folder.write("images", form);
        let path = folder.path("images");
        let path = path.to_str().expect("a plain path");
        let found = TRAINED.good(&["predict", "run", "--proba", "--input", path]);
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    }
    let lines: String = pixels()
        .iter()
        .map(|image| format!("[{}]\n", joined(image)))
        .collect();
    let json = TRAINED.predict(lines, &["--format", "jsonl", "--proba"]);
    assert_eq!(
        TRAINED.predict(&file, &["--format", "jsonl", "--proba"]),
        json
    );
    assert_eq!(json.len() + 1, expected.len());
}

#[test]
fn a_pixel_out_of_range_is_named() {
    let mut pixels = pixels();
    pixels[3][9] = 17;
    let (answers, errors) = TRAINED.predict_badly(table(&pixels), &[]);
    assert_eq!(answers.len(), 4);
    assert_eq!(
        errors,
        "error: standard input: line 5, column `pixel9`: expected a whole number of 0 to 16, found `17`; give \
         pixels of the range that the network was trained on\n"
    );
    let (answers, errors) = TRAINED.predict_badly(idx::images(&pixels, 8), &[]);
    assert_eq!(answers.len(), 4);
    assert_eq!(
        errors,
        "error: standard input: image 4, pixel9: expected 0 to 16, found 17; give pixels of the range that the \
         network was trained on\n"
    );
    for (format, none) in [
        ("csv", "\"\""),
        ("jsonl", "{\"prediction\":null,\"error\":"),
    ] {
        let more = ["--on-error", "null", "--format", format];
        let arguments = [&["predict", "run", "--input", "-"][..], &more].concat();
        let answers = TRAINED.output(&arguments, &idx::images(&pixels, 8)).stdout;
        let answers = String::from_utf8(answers).expect("text");
        let nulls = answers.lines().filter(|line| line.starts_with(none));
        assert_eq!(nulls.count(), 1, "{answers}");
    }
    for pixel in ["-1", "1.5", "x", ""] {
        let rows = format!("{}\n{pixel}{}\n", header(), ",1".repeat(63));
        let (_, errors) = TRAINED.predict_badly(rows, &[]);
        let expected = format!(
            "line 2, column `pixel0`: expected a whole number of 0 to 16, found `{pixel}`; "
        );
        assert!(errors.contains(&expected), "{errors}");
    }
}

#[test]
fn an_idx_file_of_anything_else_is_refused() {
    let file = idx::images(&pixels(), 8);
    for (file, expected) in [
        (
            idx::images(&pixels(), 4),
            "header: expected images of 8 x 8, found images of 16 x 4; ",
        ),
        (
            idx::images(&pixels(), 64),
            "header: expected images of 8 x 8, found images of 1 x 64; ",
        ),
        (
            idx::file(&[100, 128], &pixels().concat()),
            "header: expected images of 8 x 8, found images of 128; ",
        ),
        (
            idx::labels(&[1, 2, 3]),
            "header: expected images of 8 x 8, found labels; ",
        ),
        (
            file[..300].to_vec(),
            "after the header: expected 12800 values, as the header says, found 284; ",
        ),
        (
            idx::pack(&file)[..300].to_vec(),
            "the gzip data end too early; ",
        ),
    ] {
        let (answers, errors) = TRAINED.predict_badly(&file, &[]);
        assert_eq!(answers, [""; 0]);
        let expected = format!("error: standard input: {expected}");
        assert!(errors.starts_with(&expected), "{errors}");
    }
}
