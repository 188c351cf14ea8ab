use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use dropwise::Error;
use dropwise_lab::store::atomic::write;

use super::files_in;

#[test]
fn a_file_is_made_or_replaced_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("report.json");
    for content in [b"a long content".as_slice(), b"short", b""] {
        write(&path, content).expect("a file");
        assert_eq!(fs::read(&path).expect("the file"), content);
        assert_eq!(files_in(dir.path()), ["report.json"]);
    }
}

#[test]
fn a_reader_sees_the_old_content_or_the_new_one_never_a_part() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("last.safetensors");
    let contents = [vec![b'o'; 300_000], vec![b'n'; 200_001]];
    write(&path, &contents[0]).expect("a file");
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = [0, 0];
            while !done.load(Ordering::Relaxed) {
                let read = fs::read(&path).expect("a file that is always there");
                let which = contents.iter().position(|content| *content == read);
                seen[which.expect("one content or the other, whole")] += 1;
            }
            seen
        });
        for turn in 0..300 {
            write(&path, &contents[turn % 2]).expect("a file");
        }
        done.store(true, Ordering::Relaxed);
        reader.join().expect("a reader that never saw a part")
    });
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[track_caller]
fn fails(path: &Path) {
    match write(path, b"content") {
        Err(Error::WriteFile { path: named, .. }) => assert_eq!(named, path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("a");
    let folder = dir.path().join("b");
    fs::write(&file, "old").expect("a file");
    fs::create_dir(&folder).expect("a folder");
    fails(&dir.path().join("missing").join("a"));
    fails(&file.join("below a file"));
    fails(&folder);
    assert_eq!(files_in(dir.path()), ["a"]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), "old");
}

#[cfg(unix)]
#[test]
fn the_permissions_are_those_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let [plain, found] = ["plain", "found"].map(|name| dir.path().join(name));
    fs::write(&plain, "").expect("a file");
    write(&found, b"").expect("a file");
    let mode = |path| fs::metadata(path).expect("a file").permissions().mode();
    assert_eq!(mode(found), mode(plain));
}
