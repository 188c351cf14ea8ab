//! Which files a configuration means.

use std::path::{Path, PathBuf};

use super::name;
use crate::config::IdxConfig;
use crate::error::{Error, Result};

pub(super) const HOW_TO_FETCH: &str = "check the path, or get the files by `dropwise fetch mnist --dir DIR` \
     (or `fashion-mnist`) and set `data.dir`";

/// A file of images and the file of their labels.
pub(super) struct Pair {
    pub(super) images: PathBuf,
    pub(super) labels: PathBuf,
}

/// The files of a data set.
pub(super) struct Files {
    pub(super) train: Pair,
    pub(super) test: Option<Pair>,
}

impl Files {
    /// The files that are named one by one, or those of a folder.
    pub(super) fn find(config: &IdxConfig) -> Result<Self> {
        if let Some(dir) = &config.dir {
            return Files::published(dir);
        }
        let Some(train) = pair(&config.train_images, &config.train_labels) else {
            let expected =
                "the training images and labels, or `dir` with the files as they are published";
            return Err(Error::invalid("data.train_images", expected, "none"));
        };
        let test = pair(&config.test_images, &config.test_labels);
        Ok(Files { train, test })
    }

    /// The four files under the names they are published with.
    fn published(dir: &Path) -> Result<Self> {
        if !dir.is_dir() {
            let fix = how_to_fetch(dir);
            return Err(Error::data(name(dir), "", "there is no such folder", fix));
        }
        let pair = |part: &str| {
            Ok::<_, Error>(Pair {
                images: published_file(dir, &format!("{part}-images"), "idx3-ubyte")?,
                labels: published_file(dir, &format!("{part}-labels"), "idx1-ubyte")?,
            })
        };
        Ok(Files {
            train: pair("train")?,
            test: Some(pair("t10k")?),
        })
    }
}

fn pair(images: &Option<PathBuf>, labels: &Option<PathBuf>) -> Option<Pair> {
    Some(Pair {
        images: images.clone()?,
        labels: labels.clone()?,
    })
}

/// One of the files, packed or not; some programs that unpack them write a dot for the last hyphen.
fn published_file(dir: &Path, part: &str, kind: &str) -> Result<PathBuf> {
    let names = [
        format!("{part}-{kind}"),
        format!("{part}-{kind}.gz"),
        format!("{part}.{kind}"),
        format!("{part}.{kind}.gz"),
    ];
    let paths = names.iter().map(|name| dir.join(name));
    paths
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let problem =
                format!("there is no file `{part}-{kind}` or `{part}-{kind}.gz` in this folder");
            Error::data(name(dir), "", problem, how_to_fetch(dir))
        })
}

fn how_to_fetch(dir: &Path) -> String {
    let dir = dir.display();
    format!("`dropwise fetch mnist --dir {dir}` (or `fashion-mnist`) gets the files")
}
