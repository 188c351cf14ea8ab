//! Which module of a package may use which: what stands in CONTRIBUTING.md as a row of names, as a check.

use std::fs;
use std::path::{Path, PathBuf};

/// Every `crate::NAME` in the sources under `folder` whose module stands right of the module that uses it in `order`. Modules
/// in one group may use each other.
pub fn against_the_order(folder: &Path, order: &[&[&str]]) -> Vec<String> {
    let rank = |name: &str| order.iter().position(|group| group.contains(&name));
    let mut found = Vec::new();
    for path in sources(folder) {
        let module = path.strip_prefix(folder).expect("a source");
        let module = module.iter().next().and_then(|first| first.to_str());
        let module = module.expect("a name").trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let Some(own) = rank(module) else {
            found.push(format!("{module} stands nowhere in the order"));
            continue;
        };
        let text = fs::read_to_string(&path).expect("a source");
        for (k, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for used in code.split("crate::").skip(1) {
                let end = used.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = &used[..end.unwrap_or(used.len())];
                if rank(name).is_some_and(|used| used > own) {
                    let place = path.display();
                    found.push(format!("{place}:{}: {module} uses {name}", k + 1));
                }
            }
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
