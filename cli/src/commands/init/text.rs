//! A guess as the text of a configuration, each choice with what was seen in the table.

use dropwise::config::{Delimiter, TaskKind};

use super::guess::{Guess, is_named_like_an_id};
use super::recipe;
use super::survey::{Holds, Slashes, Survey};
use super::toml::{Text, column_name, count, quoted};

/// The most names that a comment lists.
const LISTED: usize = 8;

/// The configuration of a table, by the kind of its source and its file.
pub(super) fn configuration(source: (&str, &str), guess: &Guess) -> String {
    let mut text = Text::default();
    text.comment("Guessed by `dropwise init` from the table. Change what you know better.");
    text.comment(&seen(guess));
    text.blank();
    text.key("seed", "42", "all randomness comes from this number");
    data(&mut text, source, guess);
    recipe::network(&mut text, guess);
    recipe::training(&mut text, guess);
    text.finish()
}

fn data(text: &mut Text, (source, file): (&str, &str), guess: &Guess) {
    text.section("data");
    text.key("source", &quoted(source), "");
    text.key(
        "path",
        &quoted(file),
        "looked for beside this file, then in the folder that the program is started in",
    );
    if source == "csv" {
        layout(text, guess);
    }
    numbers(text, guess);
    target(text, guess);
    left_out(text, guess);
    giveaways(text, guess);
    dates(text, guess);
    categories(text, guess);
    missing(text, guess);
    if let Some(split) = guess.split() {
        let why = match guess.task {
            TaskKind::Regression => "shares, drawn with the seed",
            _ => "shares of each class, drawn with the seed",
        };
        text.key("split", &format!("{{ {split} }}"), why);
        if !guess.validates() {
            text.comment("Too few rows to choose a network by some of them: all others train, for a fixed time.");
        }
        recurring(text, guess);
    } else {
        text.comment("Too few rows to spare any for validation and test: all of them train.");
        text.comment("split = { validation = 0.1, test = 0.2 }");
    }
}

/// How the lines of a text file are cut.
fn layout(text: &mut Text, guess: &Guess) {
    let (delimiter, words) = delimiter(guess.format.delimiter);
    text.key("delimiter", &quoted(delimiter), words);
    let first_line = if guess.format.header {
        "the first line names the columns"
    } else {
        "the first line is a row"
    };
    text.key("header", &guess.format.header.to_string(), first_line);
    if guess.format.skip_lines > 0 {
        let why = "lines of a title before the table";
        text.key("skip_lines", &guess.format.skip_lines.to_string(), why);
    }
    if let Some(comment) = guess.format.comment {
        let comment = quoted(&char::from(comment).to_string());
        text.key("comment", &comment, "begins lines that are passed over");
    }
    if let Some(encoding) = guess.encoding {
        let why = "the file is not in UTF-8; look at its letters with accents";
        text.key("encoding", &quoted(&encoding.to_lowercase()), why);
    }
}

/// How numbers are written, where that is not the plain way.
fn numbers(text: &mut Text, guess: &Guess) {
    let (decimal, thousands) = guess.style;
    if decimal != '.' {
        text.key(
            "decimal",
            &quoted(&decimal.to_string()),
            "numbers have a decimal comma",
        );
        if thousands.is_none() {
            text.comment("If the comma stands between groups of three digits: thousands = \",\" in place of decimal.");
        }
    }
    if let Some(thousands) = thousands {
        let why = "stands between groups of three digits";
        text.key("thousands", &quoted(&thousands.to_string()), why);
        if thousands == ',' {
            text.comment(
                "If the comma stands before decimals: decimal = \",\" in place of thousands.",
            );
        }
    }
}

fn target(text: &mut Text, guess: &Guess) {
    let why = match &guess.guessed {
        Some(Some(next)) => format!("guessed; next: {}", quoted(&guess.columns[*next].name)),
        Some(None) => "guessed".to_owned(),
        None => String::new(),
    };
    text.key("target", &column_name(&guess.target), &why);
    let Some(target) = guess.target_column.map(|column| &guess.columns[column]) else {
        return;
    };
    let values = if target.holds_words() {
        "words"
    } else {
        "numbers"
    };
    let seen = format!("{} different {values}", count(target.distinct));
    let (task, seen) = match guess.task {
        TaskKind::Classification => ("classification", seen),
        TaskKind::Binary => ("binary", seen),
        TaskKind::Regression => ("regression", seen),
    };
    text.key("task", &quoted(task), &seen);
    if let Some(once) = target
        .once
        .as_ref()
        .filter(|_| guess.task != TaskKind::Regression)
    {
        text.comment(&format!(
            "The class {} has one row: a total below the table, or a slip?",
            quoted(once)
        ));
    }
    if guess.task == TaskKind::Classification && !target.holds_words() {
        text.comment(
            "If these numbers are amounts rather than names of classes: task = \"regression\"",
        );
    }
}

fn left_out(text: &mut Text, guess: &Guess) {
    if guess.left_out.is_empty() {
        return;
    }
    for (column, why) in guess.left_out.iter().take(LISTED) {
        text.comment(&format!(
            "Left out: {} {why}.",
            quoted(&guess.columns[*column].name)
        ));
    }
    let names: Vec<String> = guess
        .left_out
        .iter()
        .map(|(column, _)| column_name(&guess.name(*column)))
        .collect();
    text.key("leave_out", &format!("[{}]", names.join(", ")), "");
}

fn categories(text: &mut Text, guess: &Guess) {
    let words: Vec<&Survey> = guess
        .inputs()
        .filter(|column| column.holds_words())
        .collect();
    if !words.is_empty() {
        text.comment(&format!(
            "Columns of words, an input for each category: {}.",
            counted(&words, |column| column.distinct)
        ));
    }
    let target = guess.target_column.map(|column| &guess.columns[column]);
    for column in words
        .iter()
        .filter(|column| 2 * column.numbers > column.present)
    {
        let example = column.word.as_deref().unwrap_or_default();
        text.comment(&format!(
            "{} of {} values of {} are numbers, but words such as {} make categories of them.",
            count(column.numbers),
            count(column.present),
            quoted(&column.name),
            quoted(example)
        ));
    }
    for column in guess.inputs().chain(target) {
        if let Some((one, other)) = &column.respelled {
            text.comment(&format!(
                "In {} {} and {} are two values; if they are one, correct the file.",
                quoted(&column.name),
                quoted(one),
                quoted(other)
            ));
        }
    }
    if guess.rare_categories {
        text.key(
            "new_category",
            &quoted("ignore"),
            "some are so rare that the training rows may lack them",
        );
    }
    if !guess.categorical.is_empty() {
        let of = |column: &usize| &guess.columns[*column];
        for column in guess.categorical.iter().map(of) {
            let why = match &column.word_among_numbers {
                Some(word) => format!("has numbers, and words such as {}", quoted(word)),
                None => "holds digits that are names, which a number would lose".to_owned(),
            };
            text.comment(&format!("Categories: {} {why}.", quoted(&column.name)));
        }
        let names = guess
            .categorical
            .iter()
            .map(|column| column_name(&guess.name(*column)));
        let names = names.collect::<Vec<_>>().join(", ");
        text.key(
            "categorical",
            &format!("[{names}]"),
            "without these names: amounts",
        );
    }
    let codes: Vec<&Survey> = guess
        .inputs()
        .filter(|column| may_be_codes(column) && !column.is_categorical())
        .collect();
    if !codes.is_empty() {
        text.comment(&format!(
            "A few whole numbers each, taken as amounts; if they are codes, name the columns here: {}.",
            listed(&codes, |column| quoted(&column.name))
        ));
        text.comment("categorical = []");
    }
}

fn may_be_codes(column: &Survey) -> bool {
    let few = (3..=12).contains(&column.distinct) && column.present >= 5 * column.distinct;
    column.holds_whole_numbers() && few
}

/// Columns that say the target in other words.
fn giveaways(text: &mut Text, guess: &Guess) {
    for (columns, why) in guess.giveaways.iter().take(LISTED) {
        let names = columns
            .iter()
            .map(|column| quoted(&guess.columns[*column].name));
        let verb = if columns.len() == 1 {
            " "
        } else {
            " together "
        };
        text.comment(&format!(
            "{}{verb}{why}: if not known when you predict, leave out (leave_out).",
            names.collect::<Vec<_>>().join(" and ")
        ));
    }
}

fn dates(text: &mut Text, guess: &Guess) {
    if guess.dates.is_empty() {
        return;
    }
    let names = guess
        .dates
        .iter()
        .map(|column| column_name(&guess.name(*column)));
    let names = names.collect::<Vec<_>>().join(", ");
    text.comment("Dates: days since 1970, month, day, weekday (and hour). To go without, move them to leave_out.");
    text.key(
        "dates",
        &format!("[{names}]"),
        "without these names: categories",
    );
    let slashes = |wanted: Slashes| {
        let of = |column: &&usize| guess.columns[**column].holds == Holds::Dates(wanted);
        guess.dates.iter().find(of)
    };
    if slashes(Slashes::Day).is_some() {
        text.key(
            "day_first",
            "true",
            "31/01/2024: some number in front is above 12",
        );
    } else if let Some(column) = slashes(Slashes::Either) {
        text.comment(&format!(
            "In {} it may be day or month that stands first. If the day: day_first = true",
            quoted(&guess.columns[*column].name)
        ));
    }
    if let (Some(split), 1) = (guess.split_by_column(), guess.dates.len()) {
        text.comment(&format!(
            "To test on the latest rows{}: split = {{ {split}, time = {names} }}",
            guess.instead_of_folds()
        ));
    }
}

/// Columns that are named like an id and whose values recur: rows of one person in training and test make a good result easy.
fn recurring(text: &mut Text, guess: &Guess) {
    let recurs = |column: &&Survey| {
        is_named_like_an_id(&column.name)
            && column.distinct > 10
            && column.distinct < column.present
    };
    let ids: Vec<&Survey> = guess.inputs().filter(recurs).collect();
    if let (Some(id), Some(split)) = (ids.first(), guess.split_by_column()) {
        text.comment(&format!(
            "The values of {} recur. If rows of one belong together, keep them in one part{}:",
            listed(&ids, |column| quoted(&column.name)),
            guess.instead_of_folds()
        ));
        text.comment(&format!(
            "split = {{ {split}, group = {} }}",
            quoted(&id.name)
        ));
    }
}

fn missing(text: &mut Text, guess: &Guess) {
    let codes: Vec<&Survey> = guess
        .columns
        .iter()
        .filter(|column| column.na_may_be_a_code)
        .collect();
    if !codes.is_empty() {
        let (taken, mend) = match guess.na_is_a_word {
            true => (
                "a word, one of codes of two letters,",
                "\"NA\" in missing_values makes it missing",
            ),
            false => (
                "missing, as other columns have it, but may be a code",
                "to keep it a word: missing_values = [\"\", \"?\", \"NaN\"], with another mark in the other columns",
            ),
        };
        text.comment(&format!(
            "NA is taken for {taken} in {}; {mend}.",
            listed(&codes, |column| format!(
                "{} ({} times)",
                quoted(&column.name),
                column.na
            ))
        ));
    }
    if !guess.marks.is_empty() || guess.na_is_a_word {
        let by_default = ["", "?", "NA", "NaN"];
        let by_default: Vec<&str> = by_default
            .into_iter()
            .filter(|mark| *mark != "NA" || !guess.na_is_a_word)
            .collect();
        let values: Vec<String> = by_default
            .iter()
            .chain(&guess.marks)
            .map(|value| quoted(value))
            .collect();
        text.key(
            "missing_values",
            &format!("[{}]", values.join(", ")),
            match guess.marks.is_empty() {
                true => "",
                false => "the last of them were found among numbers",
            },
        );
    }
    let misses: Vec<&Survey> = guess.inputs().filter(|column| column.missing > 0).collect();
    if misses.is_empty() {
        let why = "no value is missing; later ones get the training rows' mean";
        text.key("missing", &quoted("mean"), why);
    } else {
        text.comment(&format!(
            "Missing values: {}.",
            counted(&misses, |column| column.missing)
        ));
        text.key(
            "missing",
            &quoted("mean"),
            "the training rows' mean, or most frequent category; or \"drop\"",
        );
        text.comment(
            "missing_indicator = true: an input more that says whether the value is missing",
        );
    }
    if let Some(target) = guess.target_column.filter(|_| guess.misses_targets) {
        let why = match guess.columns[target].missing {
            1 => "1 row without a target is left out".to_owned(),
            rows => format!("{} rows without a target are left out", count(rows)),
        };
        text.key("missing_target", &quoted("drop"), &why);
    }
}

fn seen(guess: &Guess) -> String {
    let words = guess
        .columns
        .iter()
        .filter(|column| column.holds_words())
        .count();
    let dates = guess
        .columns
        .iter()
        .filter(|column| column.holds_dates())
        .count();
    let numbers = guess.columns.len() - words - dates;
    let columns = match (numbers, words) {
        (numbers, 0) => format!("{} numeric columns", count(numbers)),
        (0, words) => format!("{} columns of words", count(words)),
        (numbers, words) => {
            format!(
                "{} numeric columns, {} of words",
                count(numbers),
                count(words)
            )
        }
    };
    let dates = match dates {
        0 => String::new(),
        dates => format!(", {} of dates", count(dates)),
    };
    let rows = match guess.is_of_a_part() {
        true => format!(
            "{} of about {} rows",
            count(guess.looked_at),
            count(guess.rows)
        ),
        false => format!("{} rows", count(guess.rows)),
    };
    format!("Seen: {rows}, {columns}{dates}.")
}

fn delimiter(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Whitespace => ("whitespace", "any run of spaces and tabs"),
        Delimiter::Byte(b'\t') => ("\t", "a tab"),
        Delimiter::Byte(b';') => (";", ""),
        Delimiter::Byte(b'|') => ("|", ""),
        Delimiter::Byte(_) => (",", ""),
    }
}

fn listed(columns: &[&Survey], describe: impl Fn(&Survey) -> String) -> String {
    let mut words: Vec<String> = columns
        .iter()
        .take(LISTED)
        .map(|column| describe(column))
        .collect();
    if columns.len() > LISTED {
        words.push(format!("and {} more", count(columns.len() - LISTED)));
    }
    words.join(", ")
}

/// Names, each with a number of its column.
fn counted(columns: &[&Survey], number: impl Fn(&Survey) -> usize) -> String {
    listed(columns, |column| {
        format!("{} ({})", quoted(&column.name), count(number(column)))
    })
}
