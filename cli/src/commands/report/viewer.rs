//! The system's viewer.

use std::path::Path;
use std::process::{Command, Stdio};

/// Opens a file. If that fails it is a warning only: the file is there.
pub(super) fn open(path: &Path) {
    let shown = command(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let problem = match shown {
        Ok(status) if status.success() => return,
        Ok(status) => status.to_string(),
        Err(cause) => cause.to_string(),
    };
    let path = path.display();
    eprintln!("warning: {path}: cannot be opened in this system's viewer: {problem}");
}

fn command(path: &Path) -> Command {
    if cfg!(target_os = "windows") {
        // The first quoted argument of `start` is the title of a window.
        let mut command = Command::new("cmd");
        command.args(["/C", "start", ""]).arg(path);
        return command;
    }
    let viewer = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(viewer);
    command.arg(path);
    command
}
