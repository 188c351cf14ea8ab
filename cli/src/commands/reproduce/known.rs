//! The experiments that come with the program: those of `config/paper/`.

use std::io::Write;
use std::path::Path;

use dropwise::{Error, Result};
use dropwise_lab::report::Table;
use dropwise_lab::reproduce::Paper;

use super::uci;

/// Names and texts, in the order of the list.
const KNOWN: [(&str, &str); 10] = [
    ("ridge", include_str!("../../../../config/paper/ridge.toml")),
    (
        "mnist-table2",
        include_str!("../../../../config/paper/mnist-table2.toml"),
    ),
    (
        "mnist-table2-large",
        include_str!("../../../../config/paper/mnist-table2-large.toml"),
    ),
    (
        "mnist-table9",
        include_str!("../../../../config/paper/mnist-table9.toml"),
    ),
    ("noise", include_str!("../../../../config/paper/noise.toml")),
    ("rate", include_str!("../../../../config/paper/rate.toml")),
    ("size", include_str!("../../../../config/paper/size.toml")),
    (
        "averaging",
        include_str!("../../../../config/paper/averaging.toml"),
    ),
    (
        "sparsity",
        include_str!("../../../../config/paper/sparsity.toml"),
    ),
    (
        "hinton2012",
        include_str!("../../../../config/paper/hinton2012.toml"),
    ),
];

/// Tables that come with the program: the experiment that reads one, the name and the content.
const TABLES: [(&str, (&str, &str)); 1] = [(
    "ridge",
    (
        "concrete.csv",
        include_str!("../../../../config/data/concrete.csv"),
    ),
)];

/// An experiment's file.
pub(super) struct Known {
    /// Its name in messages.
    pub(super) file: String,
    pub(super) text: String,
    /// The table that it reads, where that comes with the program.
    pub(super) table: Option<(&'static str, &'static str)>,
}

/// The experiment of this name, or in this file.
pub(super) fn find(name: &str) -> Result<Known> {
    if let Some((known, text)) = KNOWN.iter().find(|(known, _)| *known == name) {
        let table = TABLES.iter().find(|(reader, _)| *reader == name);
        return Ok(Known {
            file: format!("{known}.toml"),
            text: (*text).to_owned(),
            table: table.map(|(_, table)| *table),
        });
    }
    let text = std::fs::read_to_string(name).map_err(|cause| Error::Read {
        path: name.into(),
        cause,
    })?;
    Ok(Known {
        file: name.to_owned(),
        text,
        table: None,
    })
}

/// Parser of NAME: the name of an experiment, or of a TOML file.
pub(super) fn name(text: &str) -> std::result::Result<String, String> {
    let mut names = KNOWN.iter().map(|(known, _)| *known).chain([uci::NAME]);
    let is_toml = Path::new(text)
        .extension()
        .is_some_and(|extension| extension == "toml");
    if is_toml || names.any(|known| known == text) {
        return Ok(text.to_owned());
    }
    let names = KNOWN.map(|(known, _)| known).join(", ");
    Err(format!(
        "expected a TOML file, or one of {names}, {}",
        uci::NAME
    ))
}

/// Prints a line for each experiment.
pub(super) fn list(out: &mut impl Write) -> Result<()> {
    let mut table = Table::new(
        ["name", "networks", "what", "published in"]
            .map(str::to_owned)
            .to_vec(),
    );
    for (name, text) in KNOWN {
        let paper = Paper::parse(&format!("{name}.toml"), text)?;
        let open: usize = paper.rows.iter().map(|row| row.candidates.len()).sum();
        let networks = open + paper.rows.len() * paper.seeds;
        table.push(vec![
            name.to_owned(),
            networks.to_string(),
            paper.title,
            paper.source,
        ]);
    }
    let paper = uci::paper()?;
    table.push(vec![
        uci::NAME.to_owned(),
        paper.networks().to_string(),
        paper.title,
        paper.source,
    ]);
    Ok(writeln!(out, "{table}")?)
}
