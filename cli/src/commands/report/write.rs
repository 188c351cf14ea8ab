//! Writes a report. Each file appears whole or not at all, and the one that refers to the others comes last.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use dropwise::{Error, Result};
use dropwise_lab::report::{Picture, Report};
use dropwise_lab::store::atomic;

use super::format::{Destination, Format};

/// The file of a folder of pictures that has them all.
const INDEX: &str = "index.md";

/// What was written.
pub(super) struct Written {
    /// The file to open.
    pub(super) path: PathBuf,
    place: PathBuf,
    files: usize,
    bytes: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = match self.bytes {
            bytes if bytes < 1 << 20 => format!("{} KiB", bytes.div_ceil(1 << 10)),
            bytes => format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64),
        };
        match self.files {
            1 => write!(f, "{}: {size}", self.place.display()),
            files => write!(f, "{}: {files} files, {size}", self.place.display()),
        }
    }
}

/// Writes the report; what was there before is replaced.
pub(super) fn write(report: &Report, to: &Destination) -> Result<Written> {
    let mut written = Written {
        path: to.path.clone(),
        place: to.path.clone(),
        files: 0,
        bytes: 0,
    };
    match to.format {
        Format::Html => written.save(&to.path, report.to_html().as_bytes())?,
        Format::Json => written.save(&to.path, report.to_json()?.as_bytes())?,
        Format::Md => {
            let folder = beside(&to.path);
            written.pictures(report, &folder, "svg", |picture| {
                Ok(picture.to_svg().into_bytes())
            })?;
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let text = report.to_markdown(|picture| format!("{name}/{picture}.svg"));
            written.save(&to.path, text.as_bytes())?;
        }
        Format::Svg | Format::Png => {
            let ending = if to.format == Format::Svg {
                "svg"
            } else {
                "png"
            };
            let draw = |picture: &Picture| match to.format {
                Format::Png => picture.to_png(),
                _ => Ok(picture.to_svg().into_bytes()),
            };
            written.pictures(report, &to.path, ending, draw)?;
            written.path = to.path.join(INDEX);
            let text = report.to_markdown(|picture| format!("{picture}.{ending}"));
            written.save(&to.path.join(INDEX), text.as_bytes())?;
        }
    }
    Ok(written)
}

impl Written {
    fn save(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        atomic::write(path, bytes)?;
        self.files += 1;
        self.bytes += bytes.len();
        Ok(())
    }

    fn pictures(
        &mut self,
        report: &Report,
        folder: &Path,
        ending: &str,
        draw: impl Fn(&Picture) -> Result<Vec<u8>>,
    ) -> Result<()> {
        fs::create_dir_all(folder).map_err(|cause| Error::WriteFile {
            path: folder.to_owned(),
            cause,
        })?;
        for (name, picture) in report.pictures() {
            self.save(&folder.join(format!("{name}.{ending}")), &draw(picture)?)?;
        }
        Ok(())
    }
}

/// The folder of a page's pictures: `report_figures` for `report.md`.
fn beside(page: &Path) -> PathBuf {
    let stem = page.file_stem().unwrap_or_default().to_string_lossy();
    page.with_file_name(format!("{stem}_figures"))
}
