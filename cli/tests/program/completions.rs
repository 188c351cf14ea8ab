//! `dropwise completions`: every shell gets a script that knows every subcommand.

use std::process::Command;

use crate::runs::{bad, dropwise, good};

fn text(arguments: &[&str]) -> String {
    let ended = good(&mut dropwise(arguments));
    assert_eq!(ended.errors, "");
    ended.out
}

/// The subcommands as `--help` lists them.
fn subcommands() -> Vec<String> {
    let help = text(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    list.lines()
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.split_whitespace().next().expect("a name").to_owned())
        .collect()
}

#[test]
fn every_shell_gets_a_script_with_every_subcommand() {
    let subcommands = subcommands();
    for known in ["train", "verify", "fetch", "completions"] {
        assert!(subcommands.iter().any(|name| name == known), "{known}");
    }
    for (shell, sign) in [
        ("bash", "complete -F _dropwise"),
        ("zsh", "#compdef dropwise"),
        ("fish", "complete -c dropwise"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[dropwise]"),
    ] {
        let script = text(&["completions", shell]);
        assert!(script.contains(sign), "{shell}: no `{sign}`");
        for name in &subcommands {
            assert!(script.contains(name), "{shell}: no `{name}`");
        }
    }
}

#[cfg(unix)]
#[test]
fn bash_takes_its_script_and_completes_with_it() {
    let ask = r#"eval "$SCRIPT"
        COMP_WORDS=(dropwise fet) COMP_CWORD=1
        _dropwise dropwise fet dropwise
        echo "${COMPREPLY[@]}""#;
    let answer = Command::new("bash")
        .args(["--norc", "-c", ask])
        .env("SCRIPT", text(&["completions", "bash"]))
        .output();
    // A machine without bash has nobody to ask.
    let Ok(answer) = answer else { return };
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "fetch\n");
}

#[test]
fn an_unknown_shell_is_wrong_usage() {
    let errors = bad(&mut dropwise(["completions", "dos"]), 2);
    assert!(errors.contains("[possible values: bash,"), "{errors}");
}
