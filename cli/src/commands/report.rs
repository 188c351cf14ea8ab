//! `dropwise report RUN...`: explain, draw, write.

mod format;
mod runs;
mod viewer;
mod write;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use dropwise::Result;
use dropwise::data::Part;
use dropwise::evaluate::Samples;
use dropwise_lab::report::Report;

use super::Outcome;
use super::args::{ModelArgs, part};
use format::{Destination, Format};

/// Draw and explain trained networks: one page, several runs side by side
///
/// Learning curves, the loss as a function of one weight, weight paths, the similarity, receptive fields
/// and activity of hidden units, the confusion matrix, calibration, the worst mistakes and the network
/// itself. The page is one self-contained file.
///
/// --format svg and png write a folder with a file for each picture and index.md; md writes a file and
/// a folder of pictures beside it; json writes the data that all formats are made of.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Folders of runs that `train --out` saved
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// File or folder to write [default: report.html, .md or .json, or the folder report]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Format [default: what the ending of --out says, else html]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Show the report when it is written
    #[arg(long)]
    open: bool,
    /// Print the report here, and write no file
    #[arg(long, conflicts_with_all = ["out", "format", "open"])]
    terminal: bool,
    /// Weight of the landscape, from an input to a hidden unit of the first layer, counted from 0, such as 0:3; the input
    /// by number or name [default: the one that moved most]
    #[arg(long, value_name = "INPUT:UNIT", conflicts_with_all = ["input", "unit"])]
    weight: Option<runs::Weight>,
    /// The same: its input, by number or name
    #[arg(long, value_name = "INPUT", requires = "unit", value_parser = NonEmptyStringValueParser::new())]
    input: Option<String>,
    /// The same: its hidden unit
    #[arg(long, value_name = "UNIT", requires = "input")]
    unit: Option<usize>,
    /// The rows to report on [default: test rows, else validation rows, else training rows]
    #[arg(long, value_parser = part())]
    split: Option<Part>,
    /// Leave dropout on and show the uncertainty of N thinned networks [default without N: 100]; an ensemble without dropout uses its
    /// members
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "100", require_equals = true)]
    samples: Option<Samples>,
    /// Turn the image of this row, counted from 0 among the rows that are looked at, and show what thinned networks see in it at each angle;
    /// of images alone
    #[arg(long, value_name = "ROW")]
    rotate: Option<usize>,
    #[command(flatten)]
    model: ModelArgs,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        // First, so that a typo is found before the work is done.
        let destination = Destination::of(self.out.as_deref(), self.format)?;
        if !self.terminal {
            destination.check()?;
        }
        let report = Report::new(runs::explain(self)?);
        if self.terminal {
            let is_colored = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            write!(out, "{}", report.to_text(columns(), is_colored))?;
            return Ok(Outcome::Success);
        }
        let written = write::write(&report, &destination)?;
        writeln!(out, "{written}")?;
        if self.open {
            viewer::open(&written.path);
        }
        Ok(Outcome::Success)
    }

    /// The weight that --weight, or --input and --unit, name.
    fn weight(&self) -> Option<runs::Weight> {
        let parts = self.input.clone().zip(self.unit);
        let weight = parts.map(|(input, unit)| runs::Weight { input, unit });
        self.weight.clone().or(weight)
    }
}

/// The width of the terminal; 80 where there is none.
fn columns() -> usize {
    let size = console::Term::stdout().size_checked();
    size.map_or(80, |(_, columns)| usize::from(columns))
}
