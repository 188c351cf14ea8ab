//! `dropwise fetch NAME`: the only command that uses the network.

mod download;
mod manifest;

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dropwise::{Error, Result};
use sha2::{Digest, Sha256};

use super::Outcome;
use download::{Download, agent};
use manifest::{DataFile, Manifest, Mirror};

/// Download MNIST or Fashion-MNIST, or the files that a manifest lists
///
/// Files that are there already and are the right ones are kept. A download that was interrupted continues
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

/// A data set whose manifest comes with the program.
#[derive(Clone, Copy, ValueEnum)]
enum Known {
    Mnist,
    FashionMnist,
}

impl Known {
    /// Its name, and its manifest as TOML.
    fn name_and_manifest(self) -> (&'static str, &'static str) {
        match self {
            Known::Mnist => ("mnist", include_str!("fetch/mnist.toml")),
            Known::FashionMnist => ("fashion-mnist", include_str!("fetch/fashion-mnist.toml")),
        }
    }
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let manifest = self.manifest()?;
        let mirrors = self.mirrors(&manifest)?;
        let dir = self.folder();
        let mut nowhere = io::sink();
        let out: &mut dyn Write = if self.quiet { &mut nowhere } else { out };

        let missing = missing(&dir, &manifest.files, out)?;
        if missing.is_empty() {
            return Ok(Outcome::Success);
        }
        let _lock = lock(&dir)?;
        let agent = agent();
        // Another fetch may have finished before the lock was taken.
        for file in self::missing(&dir, missing, out)? {
            let path = dir.join(&file.name);
            Download::new(&agent, file, &path, self.quiet).run(&mirrors)?;
            writeln!(out, "fetched {}", path.display())?;
        }
        Ok(Outcome::Success)
    }

    /// The known data set; clap asks for one where there is no manifest.
    fn known(&self) -> (&'static str, &'static str) {
        self.name.unwrap_or(Known::Mnist).name_and_manifest()
    }

    fn manifest(&self) -> Result<Manifest> {
        match &self.manifest {
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|cause| unreadable(path, cause))?;
                Manifest::parse(&path.display().to_string(), &text)
            }
            None => {
                let (name, text) = self.known();
                Manifest::parse(&format!("{name}.toml"), text)
            }
        }
    }

    fn mirrors(&self, manifest: &Manifest) -> Result<Vec<Mirror>> {
        match &self.from {
            Some(mirror) => Ok(vec![mirror.clone()]),
            None if manifest.mirrors.is_empty() => Err(Error::invalid(
                "--from",
                "an address, because the manifest names no `mirrors`",
                "none",
            )),
            None => Ok(manifest.mirrors.clone()),
        }
    }

    fn folder(&self) -> PathBuf {
        let by_name = || Path::new("data").join(self.known().0);
        self.dir.clone().unwrap_or_else(by_name)
    }
}

/// The files that are not there yet. Those that are get a line each.
fn missing<'a>(
    dir: &Path,
    files: impl IntoIterator<Item = &'a DataFile>,
    out: &mut dyn Write,
) -> Result<Vec<&'a DataFile>> {
    let mut missing = Vec::new();
    for file in files {
        let path = dir.join(&file.name);
        if is_complete(&path, file)? {
            writeln!(out, "kept    {}", path.display())?;
        } else {
            missing.push(file);
        }
    }
    Ok(missing)
}

/// Whether the file is there. Another file of its name is an error and is never overwritten.
fn is_complete(path: &Path, file: &DataFile) -> Result<bool> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(cause) => return Err(unreadable(path, cause)),
    };
    let problem = if !found.is_file() {
        Some("it is not a file".to_owned())
    } else if found.len() != file.bytes.get() {
        Some(format!(
            "expected {} bytes, found {}",
            file.bytes,
            found.len()
        ))
    } else {
        hash_mismatch(path, file)?
    };
    match problem {
        None => Ok(true),
        Some(problem) => Err(Error::Download {
            path: path.to_owned(),
            problem: format!("this is not the file that should be here: {problem}"),
            fix: "remove it to have it fetched again, or name another folder with --dir".to_owned(),
        }),
    }
}

/// Both hashes in words, if the bytes at `path` are not those of `file`.
fn hash_mismatch(path: &Path, file: &DataFile) -> Result<Option<String>> {
    let found = sha256(path).map_err(|cause| unreadable(path, cause))?;
    let differs = found != file.sha256;
    Ok(differs.then(|| format!("expected SHA-256 {}, found {found}", file.sha256)))
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    let mut hasher = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            let digest = hasher.finalize();
            return Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hasher.update(bytes);
        let count = bytes.len();
        file.consume(count);
    }
}

/// Creates the folder if it is missing and locks it against other fetches for as long as the result lives.
///
/// The lock file stays: a process that waits for a lock on a removed file would share the folder with one
/// that created a new file.
fn lock(dir: &Path) -> Result<File> {
    let refused = |problem: &str, fix: &str| Error::Download {
        path: dir.to_owned(),
        problem: problem.to_owned(),
        fix: fix.to_owned(),
    };
    if dir.exists() && !dir.is_dir() {
        return Err(refused(
            "this is a file, not a folder",
            "name another folder with --dir",
        ));
    }
    fs::create_dir_all(dir).map_err(|cause| unwritable(dir, cause))?;
    let path = dir.join(".fetch.lock");
    let file = File::create(&path).map_err(|cause| unwritable(&path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(
            "another `dropwise fetch` is at work in this folder",
            "wait until it has finished",
        )),
        Err(TryLockError::Error(cause)) => Err(unwritable(&path, cause)),
    }
}

fn unreadable(path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, cause }
}

fn unwritable(path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    Error::WriteFile { path, cause }
}
