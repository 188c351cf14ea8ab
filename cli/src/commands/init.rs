//! `dropwise init FILE.csv`: look at a table, guess, write a commented configuration.

mod giveaway;
mod guess;
mod layout;
mod recipe;
mod sample;
mod survey;
mod target;
mod text;
mod toml;

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use dropwise::config::Experiment;
use dropwise::data::{csv, parquet};
use dropwise::{Error, Result};

use super::Outcome;
use guess::Guess;

/// The most parts of a Parquet file that are looked at.
const MOST_PARTS: usize = 4;

/// Write a commented configuration for a table, guessed from the table
#[derive(clap::Args)]
pub(super) struct Args {
    /// The table: a text file with a row a line, packed with gzip or zstd or not, or a Parquet file
    file: PathBuf,
    /// Column to be predicted, by name or number [default: guessed from names, values and places]
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// File to write, which must not exist yet [default: standard output]
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        if let Some(path) = &self.out {
            check_new(path)?;
        }
        let file = self.file.to_str().ok_or_else(|| {
            let expected = "a path in UTF-8, as a configuration can hold it";
            invalid("FILE", expected, self.file.display().to_string())
        })?;
        let unreadable = |cause| Error::Read {
            path: self.file.clone(),
            cause,
        };
        let (bytes, of_parquet) = match parquet::is_one(&self.file) {
            true => {
                let (mut text, times) = parquet::as_csv(&self.file, MOST_PARTS)?;
                let mut bytes = Vec::new();
                text.read_to_end(&mut bytes).map_err(unreadable)?;
                (bytes, Some(times))
            }
            false => {
                let bytes = std::fs::read(&self.file).map_err(unreadable)?;
                (csv::unpacked(file, bytes)?, None)
            }
        };
        let (sample, times) = match of_parquet {
            Some(times) => (Cow::Borrowed(&bytes[..]), (times > 1.0).then_some(times)),
            None => sample::of(&bytes),
        };
        let guess = match Guess::new(file, &sample, times, self.target.as_deref()) {
            // Of what is wrong with a part the whole has to tell.
            Err(_) if times.is_some() && of_parquet.is_none() => {
                Guess::new(file, &bytes, None, self.target.as_deref())
            }
            guess => guess,
        }?;
        let source = if of_parquet.is_some() {
            "parquet"
        } else {
            "csv"
        };
        let text = text::configuration((source, file), &guess);
        match guess.is_of_a_part() {
            true => eprintln!(
                "note: a part of the table was looked at, {} of about {} rows; whether the rest is like it, training says",
                guess.looked_at, guess.rows
            ),
            false => self.warn_if_it_does_not_load(&text)?,
        }
        match &self.out {
            Some(path) => {
                write_new(path, &text)?;
                let path = path.display();
                writeln!(
                    out,
                    "{path} is written; read it, then: dropwise train {path}"
                )?;
            }
            None => write!(out, "{text}")?,
        }
        if let Some(words) = guess.guessed_target() {
            match self.out {
                Some(_) => writeln!(out, "{words}")?,
                None => eprintln!("{words}"),
            }
        }
        Ok(Outcome::Success)
    }

    /// The configuration is of use all the same: it is where most such mistakes are mended.
    fn warn_if_it_does_not_load(&self, text: &str) -> Result<()> {
        let name = match &self.out {
            Some(path) => path.display().to_string(),
            None => "standard output".to_owned(),
        };
        let experiment = Experiment::parse(&name, text)?;
        match dropwise::data::load(&experiment.data, experiment.seed) {
            Ok(splits) => splits
                .notes
                .iter()
                .for_each(|note| eprintln!("note: {note}")),
            Err(error) => {
                eprintln!("warning: the table does not load with this configuration yet: {error}");
            }
        }
        Ok(())
    }
}

fn invalid(what: &str, expected: &str, found: String) -> Error {
    Error::InvalidValue {
        key: what.into(),
        expected: expected.to_owned(),
        found,
    }
}

fn check_new(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

fn exists(path: &Path) -> Error {
    let found = format!("{}, which exists and is not overwritten", path.display());
    invalid("--out", "a file that does not exist yet", found)
}

/// Writes a new file as a whole or not at all: beside it first, and under its name when it is on disk.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let cannot = |cause| Error::WriteFile {
        path: path.to_owned(),
        cause,
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // `tempfile_in` would make a file that only its owner may read.
    let mut beside = tempfile::Builder::new()
        .make_in(folder, |path| File::create_new(path))
        .map_err(cannot)?;
    beside
        .as_file_mut()
        .write_all(text.as_bytes())
        .map_err(cannot)?;
    beside.as_file().sync_all().map_err(cannot)?;
    match beside.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(cannot(error.error)),
    }
}
