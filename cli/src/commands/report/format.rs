//! What to write, and where to.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dropwise::{Error, Result};

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One page that refers to nothing outside itself
    Html,
    /// A folder of pictures, with an index
    Svg,
    /// A folder of pictures, with an index
    Png,
    /// Markdown, with a folder of pictures beside it
    Md,
    /// The data that all formats are made of
    Json,
}

/// A format and its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) path: PathBuf,
    pub(super) format: Format,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Md => "md",
            Format::Json => "json",
        }
    }

    /// Pictures are many files.
    pub(super) fn is_folder(self) -> bool {
        matches!(self, Format::Svg | Format::Png)
    }

    fn of_ending(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(Format::Html),
            "svg" => Some(Format::Svg),
            "png" => Some(Format::Png),
            "md" | "markdown" => Some(Format::Md),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

impl Destination {
    /// The format follows from the ending of the path, and the path from the format.
    pub(super) fn of(path: Option<&Path>, format: Option<Format>) -> Result<Self> {
        let Some(path) = path else {
            let format = format.unwrap_or(Format::Html);
            let name = if format.is_folder() {
                "report".to_owned()
            } else {
                format!("report.{}", format.name())
            };
            return Ok(Destination {
                path: name.into(),
                format,
            });
        };
        let refused = |expected: &str| Err(Error::invalid("--out", expected, path.display()));
        let format = match (format, Format::of_ending(path)) {
            (None, None) => {
                return refused("a name that ends in .html, .md or .json, or --format beside it");
            }
            (Some(asked), Some(ending)) if asked != ending => {
                return refused(&format!(
                    "a name that goes with `--format {}`",
                    asked.name()
                ));
            }
            (asked, ending) => asked.or(ending).unwrap_or(Format::Html),
        };
        // A folder of this name would be taken for a picture.
        if format.is_folder() && Format::of_ending(path).is_some() {
            let name = format.name();
            return refused(&format!(
                "a folder, because there are several pictures: `--format {name} --out report`"
            ));
        }
        Ok(Destination {
            path: path.to_owned(),
            format,
        })
    }

    /// Whether it can be written, as far as that can be said beforehand.
    pub(super) fn check(&self) -> Result<()> {
        let problem = match (self.format.is_folder(), self.path.is_dir()) {
            (true, false) if self.path.exists() => "expected a folder, found a file",
            (false, true) => "expected a file, found a folder",
            _ => return Ok(()),
        };
        Err(Error::Store {
            path: self.path.clone(),
            problem: problem.to_owned(),
            fix: "choose another --out".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Destination, Format};

    #[test]
    fn the_format_follows_from_the_name_and_the_name_from_the_format() {
        let of = |path: Option<&str>, format| {
            let found = Destination::of(path.map(Path::new), format).ok()?;
            Some((found.path.display().to_string(), found.format))
        };
        let is = |name: &str, format| Some((name.to_owned(), format));
        assert_eq!(of(None, None), is("report.html", Format::Html));
        assert_eq!(of(None, Some(Format::Png)), is("report", Format::Png));
        assert_eq!(of(Some("a.MD"), None), is("a.MD", Format::Md));
        assert_eq!(of(Some("a"), Some(Format::Svg)), is("a", Format::Svg));
        assert_eq!(of(Some("a"), Some(Format::Json)), is("a", Format::Json));
        for (path, format) in [
            ("a.html", Some(Format::Md)),
            ("a.toml", None),
            ("a", None),
            ("a.svg", None),
            ("a.svg", Some(Format::Svg)),
        ] {
            assert_eq!(of(Some(path), format), None, "{path}");
        }
    }
}
