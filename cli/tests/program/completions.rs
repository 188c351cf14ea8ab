//! `dropwise completions`: every shell gets a script that knows every subcommand.

use std::process::{Command, Output};

fn dropwise(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropwise"))
        .args(arguments)
        .output()
        .expect("a run")
}

fn text(arguments: &[&str]) -> String {
    let output = dropwise(arguments);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("text")
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
    let output = dropwise(&["completions", "dos"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("[possible values: bash,"), "{errors}");
}
