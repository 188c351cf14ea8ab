//! `dropwise fetch NAME`: the only command that uses the network.

mod disk;
mod download;
mod failure;
mod manifest;
mod progress;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dropwise::{Error, Result};

use super::Outcome;
use download::{Download, agent};
use manifest::{File, Known, Manifest, Mirror};
use progress::Progress;

/// Download MNIST or Fashion-MNIST, or the files that a manifest lists
///
/// Files that are there already and are the right ones are kept. A download that broke off goes on
/// where it stopped when the command is run again. Every file is checked by its size and SHA-256
/// before it gets its name. No other command uses the network.
///
/// A manifest is a TOML file:
///
///     mirrors = ["https://host/folder"]  # unless --from is given
///
///     [[file]]                           # once for each file
///     name = "train-images-idx3-ubyte.gz"
///     bytes = 9_912_422
///     sha256 = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The data set
    #[arg(
        value_name = "NAME",
        required_unless_present = "manifest",
        conflicts_with = "manifest"
    )]
    name: Option<Known>,
    /// Folder to put the files in [default: data/NAME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address of a folder with the files, http or https, in place of the known mirrors
    #[arg(long, value_name = "URL")]
    from: Option<Mirror>,
    /// Fetch what this file lists in place of a known data set; needs --dir
    #[arg(long, value_name = "FILE", requires = "dir")]
    manifest: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let manifest = self.read_manifest()?;
        let mirrors = self.mirrors(&manifest)?;
        let dir = self.folder();
        let mut nowhere = io::sink();
        let out: &mut dyn Write = if self.quiet { &mut nowhere } else { out };

        let missing = keep_complete(&dir, &manifest.files, out)?;
        if !missing.is_empty() {
            self.fetch(&dir, &missing, &mirrors, out)?;
        }
        Ok(Outcome::Good)
    }

    /// The data set that is meant where there is no manifest; the parser of arguments asks for one.
    fn known(&self) -> Known {
        self.name.unwrap_or(Known::Mnist)
    }

    fn read_manifest(&self) -> Result<Manifest> {
        let Some(path) = &self.manifest else {
            return self.known().manifest();
        };
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read {
            path: path.clone(),
            cause,
        })?;
        Manifest::parse(&path.display().to_string(), &text)
    }

    fn mirrors(&self, manifest: &Manifest) -> Result<Vec<Mirror>> {
        let mirrors = match &self.from {
            Some(mirror) => vec![mirror.clone()],
            None => manifest.mirrors.clone(),
        };
        if mirrors.is_empty() {
            return Err(Error::InvalidValue {
                key: "--from".into(),
                expected: "an address, because the manifest names no `mirrors`".to_owned(),
                found: "none".to_owned(),
            });
        }
        Ok(mirrors)
    }

    fn folder(&self) -> PathBuf {
        match &self.dir {
            Some(dir) => dir.clone(),
            None => Path::new("data").join(self.known().folder()),
        }
    }

    fn fetch(
        &self,
        dir: &Path,
        missing: &[&File],
        mirrors: &[Mirror],
        out: &mut dyn Write,
    ) -> Result<()> {
        let _lock = disk::lock(dir)?;
        let (agent, progress) = (agent(), Progress { quiet: self.quiet });
        // Another fetch may have ended between the look and the lock.
        for file in keep_complete(dir, missing.iter().copied(), out)? {
            let path = dir.join(&file.name.0);
            let download = Download {
                agent: &agent,
                file,
                path: &path,
                progress: &progress,
            };
            download.run(mirrors)?;
            writeln!(out, "fetched {}", path.display())?;
        }
        Ok(())
    }
}

/// Says which files are there already; returns the others.
fn keep_complete<'a>(
    dir: &Path,
    files: impl IntoIterator<Item = &'a File>,
    out: &mut dyn Write,
) -> Result<Vec<&'a File>> {
    let mut missing = Vec::new();
    for file in files {
        let path = dir.join(&file.name.0);
        if disk::is_complete(&path, file)? {
            writeln!(out, "kept    {}", path.display())?;
        } else {
            missing.push(file);
        }
    }
    Ok(missing)
}
