//! `dropwise fetch`, as a process, against a server on loopback that cuts, lies and refuses.

#[path = "fetch/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use server::{Reply, Request, Server};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// More than one buffer of the program, of the server and of the system between them.
const SIZE: usize = 3_000_000;
const NAME: &str = "images.gz";

/// Bytes that differ from place to place, so that a shifted file has another hash.
fn content() -> Vec<u8> {
    (0..SIZE as u32)
        .map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder with a manifest of one file, and a folder to fetch it to.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Place::with_mirrors(&[])
    }

    fn with_mirrors(mirrors: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let hash = sha256(&content());
        let text = format!(
            "mirrors = {mirrors:?}\n[[file]]\nname = {NAME:?}\nbytes = {SIZE}\nsha256 = {hash:?}\n"
        );
        fs::write(folder.path().join("manifest.toml"), text).expect("a file");
        Place { folder }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.dir().join(NAME)
    }

    fn part(&self) -> PathBuf {
        self.dir().join(format!("{NAME}.part"))
    }

    fn leave_part(&self, bytes: &[u8]) {
        fs::create_dir_all(self.dir()).expect("a folder");
        fs::write(self.part(), bytes).expect("a file");
    }

    fn command(&self) -> Command {
        let mut command = dropwise();
        command
            .arg("fetch")
            .arg("--manifest")
            .arg(self.folder.path().join("manifest.toml"))
            .arg("--dir")
            .arg(self.dir());
        command
    }

    fn fetch(&self, from: &str) -> Run {
        Run::of(self.command().args(["--from", from]))
    }

    #[track_caller]
    fn assert_complete(&self) {
        assert!(fs::read(self.file()).expect("the file") == content());
        assert!(!self.part().exists());
    }
}

/// The program, deaf to proxies that the machine may have.
fn dropwise() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dropwise"));
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

struct Run {
    status: Option<i32>,
    output: String,
    errors: String,
}

impl Run {
    fn of(command: &mut Command) -> Self {
        Run::from(command.output().expect("a run"))
    }

    fn from(output: Output) -> Self {
        Run {
            status: output.status.code(),
            output: String::from_utf8(output.stdout).expect("text"),
            errors: String::from_utf8(output.stderr).expect("text"),
        }
    }

    #[track_caller]
    fn good(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.errors);
        self
    }

    /// The run failed in order, and said each of these.
    #[track_caller]
    fn bad(self, expected: &[&str]) -> Self {
        assert_eq!(self.status, Some(1), "{}", self.errors);
        assert!(!self.errors.contains("panicked"), "{}", self.errors);
        for text in expected {
            assert!(
                self.errors.contains(text),
                "no `{text}` in: {}",
                self.errors
            );
        }
        self
    }
}

fn asked(from: Option<usize>) -> Request {
    Request {
        path: format!("/mirror/{NAME}"),
        from,
    }
}

#[test]
fn a_file_is_downloaded_whole_and_then_kept_without_a_request() {
    let place = Place::new();
    let server = Server::start(|_, request| Reply::good(&content(), request));
    // A slash at the end of the address makes no difference.
    let run = place.fetch(&server.url("mirror/")).good();
    place.assert_complete();
    assert_eq!(run.output, format!("fetched {}\n", place.file().display()));
    assert!(
        run.errors
            .contains(&format!("/mirror/{NAME}: {SIZE} bytes"))
    );
    assert_eq!(server.requests(), [asked(None)]);

    let run = place.fetch(&server.url("mirror")).good();
    assert_eq!(run.output, format!("kept    {}\n", place.file().display()));
    assert_eq!(run.errors, "");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn quiet_prints_nothing() {
    let place = Place::new();
    let server = Server::start(|before, request| {
        let cut = if before == 0 { 1000 } else { SIZE };
        Reply::good(&content(), request).cut_after(cut)
    });
    let run = Run::of(
        place
            .command()
            .args(["--quiet", "--from", &server.url("mirror")]),
    )
    .good();
    assert_eq!((run.output.as_str(), run.errors.as_str()), ("", ""));
    place.assert_complete();
}

#[test]
fn a_cut_connection_is_continued_where_it_broke() {
    let place = Place::new();
    let server = Server::start(|before, request| {
        let cut = if before < 2 { 1_000_000 } else { SIZE };
        Reply::good(&content(), request).cut_after(cut)
    });
    let run = place.fetch(&server.url("mirror")).good();
    place.assert_complete();
    let said = format!("the connection ended after 1000000 of {SIZE} bytes; trying again");
    assert!(run.errors.contains(&said), "{}", run.errors);
    let expected = [None, Some(1_000_000), Some(2_000_000)].map(asked);
    assert_eq!(server.requests(), expected);
}

#[test]
fn a_connection_that_is_always_cut_is_an_error_and_the_next_run_goes_on() {
    let place = Place::new();
    let server = Server::start(|before, request| {
        let cut = if before < 4 { 500_000 } else { SIZE };
        Reply::good(&content(), request).cut_after(cut)
    });
    let url = server.url("mirror");
    place.fetch(&url).bad(&[
        &place.file().display().to_string(),
        &format!("{url}/{NAME}: the connection ended after 2000000 of {SIZE} bytes"),
        "run the command again to continue from there",
    ]);
    assert_eq!(server.requests().len(), 4);
    assert!(!place.file().exists());
    assert!(fs::read(place.part()).expect("a part") == content()[..2_000_000]);

    let run = place.fetch(&url).good();
    assert!(
        run.errors.contains(", from byte 2000000 on"),
        "{}",
        run.errors
    );
    assert_eq!(server.requests()[4], asked(Some(2_000_000)));
    place.assert_complete();
}

#[test]
fn a_connection_that_ends_without_an_answer_is_made_again() {
    let place = Place::new();
    let server = Server::start(|before, request| match before {
        0 => Reply::nothing(),
        _ => Reply::good(&content(), request),
    });
    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
    assert_eq!(server.requests(), [asked(None), asked(None)]);
}

#[test]
fn a_server_that_says_nothing_of_the_length_may_be_cut_too() {
    let place = Place::new();
    let server = Server::start(|before, request| {
        let cut = if before == 0 { 1_000_000 } else { SIZE };
        Reply::good(&content(), request)
            .without_length()
            .cut_after(cut)
    });
    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
    assert_eq!(server.requests()[1], asked(Some(1_000_000)));
}

#[test]
fn a_server_that_ignores_the_range_sends_all_again() {
    let place = Place::new();
    place.leave_part(&content()[..1_234_567]);
    let server = Server::start(|_, _| Reply::whole(&content()));
    place.fetch(&server.url("mirror")).good();
    assert_eq!(server.requests(), [asked(Some(1_234_567))]);
    place.assert_complete();
}

#[test]
fn a_server_that_cannot_go_on_is_asked_for_all() {
    for refusal in ["416 Range Not Satisfiable", "206 Partial Content"] {
        let place = Place::new();
        place.leave_part(&content()[..1_234_567]);
        // A 206 without `Content-Range` does not say what it brings.
        let server = Server::start(move |_, request| match request.from {
            Some(_) => Reply::status(refusal),
            None => Reply::whole(&content()),
        });
        place.fetch(&server.url("mirror")).good();
        assert_eq!(server.requests(), [asked(Some(1_234_567)), asked(None)]);
        place.assert_complete();
    }
}

#[test]
fn a_part_of_another_place_in_the_file_is_not_glued_on() {
    let place = Place::new();
    place.leave_part(&content()[..1_000_000]);
    let server = Server::start(|_, request| match request.from {
        Some(_) => Reply::rest(&content(), 999_999),
        None => Reply::whole(&content()),
    });
    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
}

#[test]
fn a_complete_part_needs_no_request() {
    let place = Place::new();
    place.leave_part(&content());
    let server = Server::start(|_, _| Reply::status("404 Not Found"));
    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
    assert_eq!(server.requests(), []);
}

#[test]
fn a_part_of_wrong_bytes_or_size_is_replaced() {
    let place = Place::new();
    let longer = [content(), content()].concat();
    let mut other = content();
    other[7] ^= 1;
    for part in [longer.as_slice(), &other, &other[..1_000_000]] {
        place.leave_part(part);
        let server = Server::start(|_, request| Reply::good(&content(), request));
        place.fetch(&server.url("mirror")).good();
        place.assert_complete();
        fs::remove_file(place.file()).expect("the file");
    }
}

#[test]
fn wrong_bytes_are_an_error_with_both_hashes_and_leave_nothing() {
    let place = Place::new();
    let mut wrong = content();
    wrong[SIZE - 1] ^= 1;
    let found = sha256(&wrong);
    let server = Server::start(move |_, request| Reply::good(&wrong, request));
    let expected = sha256(&content());
    let hashes = format!("expected SHA-256 {expected}, found {found}");
    place
        .fetch(&server.url("mirror"))
        .bad(&[&place.file().display().to_string(), &hashes]);
    assert!(!place.file().exists());
    assert!(!place.part().exists());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_sends_too_much_is_refused() {
    let place = Place::new();
    let longer = [content(), vec![0]].concat();
    let (announced, silent) = (longer.clone(), longer);
    let server = Server::start(move |_, _| Reply::whole(&announced));
    let said = format!(
        "expected {SIZE} bytes, the server says it sends {}",
        SIZE + 1
    );
    place.fetch(&server.url("mirror")).bad(&[&said]);
    let server = Server::start(move |_, _| Reply::whole(&silent).without_length());
    let said = format!("expected {SIZE} bytes, the server sends more");
    place.fetch(&server.url("mirror")).bad(&[&said]);
    assert!(!place.file().exists());
    assert!(!place.part().exists());
}

#[test]
fn a_server_without_the_file_is_asked_once_and_a_busy_one_again() {
    let place = Place::new();
    let server = Server::start(|_, _| Reply::status("404 Not Found"));
    place
        .fetch(&server.url("mirror"))
        .bad(&["the server says 404 Not Found", "--from URL"]);
    assert!(!place.part().exists());
    assert_eq!(server.requests().len(), 1);

    let server = Server::start(|before, request| match before {
        0 => Reply::status("503 Service Unavailable"),
        _ => Reply::good(&content(), request),
    });
    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
}

#[test]
fn mirrors_are_tried_in_order_and_each_failure_is_told() {
    let mut wrong = content();
    wrong[0] ^= 1;
    let server = Server::start(move |_, request| match request.path.as_str() {
        "/gone/images.gz" => Reply::status("410 Gone"),
        "/wrong/images.gz" => Reply::good(&wrong, request),
        _ => Reply::good(&content(), request),
    });
    let mirrors = ["gone", "wrong", "mirror"].map(|folder| server.url(folder));
    let place = Place::with_mirrors(&mirrors);
    Run::of(&mut place.command()).good();
    place.assert_complete();
    let paths: Vec<String> = server.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(
        paths,
        ["/gone/images.gz", "/wrong/images.gz", "/mirror/images.gz"]
    );

    let place = Place::with_mirrors(&mirrors[..2]);
    Run::of(&mut place.command()).bad(&["410 Gone", "these are other bytes: expected SHA-256 "]);
    Run::of(&mut Place::new().command()).bad(&["--from: expected an address", "found none"]);
}

#[test]
fn a_server_that_cannot_be_reached_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let place = Place::new();
    place
        .fetch(&format!("http://{address}"))
        .bad(&["Connection refused", "check the connection"]);
    // The name is reserved for never being known.
    let run = place
        .fetch("http://host.invalid")
        .bad(&["http://host.invalid/images.gz: "]);
    assert!(!run.errors.contains("trying again"), "{}", run.errors);
}

#[test]
fn another_file_of_the_name_is_never_overwritten() {
    let place = Place::new();
    let server = Server::start(|_, request| Reply::good(&content(), request));
    let mut same_size = content();
    same_size[5] ^= 1;
    fs::create_dir(place.dir()).expect("a folder");
    for (found, said) in [
        (b"mine".to_vec(), format!("expected {SIZE} bytes, found 4")),
        (same_size.clone(), format!("found {}", sha256(&same_size))),
    ] {
        fs::write(place.file(), &found).expect("a file");
        place.fetch(&server.url("mirror")).bad(&[
            "this is not the file that should be here",
            &said,
            "remove it",
        ]);
        assert!(fs::read(place.file()).expect("the file") == found);
    }
    fs::remove_file(place.file()).expect("the file");
    fs::create_dir(place.file()).expect("a folder");
    place
        .fetch(&server.url("mirror"))
        .bad(&["it is not a file"]);
    assert_eq!(server.requests(), []);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let server = Server::start(|_, request| Reply::good(&content(), request));
    let place = Place::new();
    fs::write(place.dir(), "a file").expect("a file");
    let said = format!("{}: this is a file, not a folder", place.dir().display());
    place.fetch(&server.url("mirror")).bad(&[&said, "--dir"]);

    let below = place.dir().join("below");
    let said = format!("{}: cannot be written: ", below.display());
    let url = server.url("mirror");
    let run = Run::of(
        dropwise()
            .args(["fetch", "mnist", "--from", &url, "--dir"])
            .arg(&below),
    );
    run.bad(&[&said]);
    assert_eq!(server.requests(), []);
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_is_an_error_that_names_the_part() {
    let server = Server::start(|_, request| Reply::good(&content(), request));
    let place = Place::new();
    let command = place.command();
    // A limit on the size of files stands for a full disk; blocks are of 512 bytes.
    let run = Run::of(
        Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args())
            .args(["--from", &server.url("mirror")]),
    );
    run.bad(&[&format!("{}: cannot be written: ", place.part().display())]);
    assert!(!place.file().exists());
    assert_eq!(server.requests().len(), 1);

    place.fetch(&server.url("mirror")).good();
    place.assert_complete();
}

/// Waits until the part has this many bytes.
fn wait_for_part(place: &Place, bytes: u64) {
    let started = Instant::now();
    while fs::metadata(place.part()).map_or(0, |part| part.len()) < bytes {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "no part after 30 s"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server that stops in the middle of its first answer for as long as any test lasts.
fn server_that_stops_once(after: usize) -> Server {
    Server::start(move |before, request| match before {
        0 => Reply::whole(&content())
            .cut_after(after)
            .then_wait(Duration::from_secs(60)),
        _ => Reply::good(&content(), request),
    })
}

#[test]
fn a_killed_download_goes_on_where_it_was() {
    let place = Place::new();
    let server = server_that_stops_once(1_500_000);
    let mut child = place
        .command()
        .args(["--from", &server.url("mirror")])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a run");
    wait_for_part(&place, 1_500_000);
    child.kill().expect("a kill, which is SIGKILL on Unix");
    child.wait().expect("an end");
    assert!(!place.file().exists());

    place.fetch(&server.url("mirror")).good();
    assert_eq!(server.requests(), [None, Some(1_500_000)].map(asked));
    place.assert_complete();
}

#[test]
fn a_second_fetch_into_the_same_folder_is_refused_while_the_first_runs() {
    let place = Place::new();
    let server = server_that_stops_once(1_500_000);
    let mut first = place
        .command()
        .args(["--from", &server.url("mirror")])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a run");
    wait_for_part(&place, 1_500_000);
    place
        .fetch(&server.url("mirror"))
        .bad(&["another `dropwise fetch` is at work in this folder"]);
    assert_eq!(server.requests().len(), 1);
    first.kill().expect("a kill");
    first.wait().expect("an end");
}

#[test]
fn many_fetches_at_once_leave_the_right_file() {
    let place = Place::new();
    let server = Server::start(|_, request| Reply::good(&content(), request));
    let url = server.url("mirror");
    thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| place.fetch(&url))).collect();
        for run in runs {
            let run = run.join().expect("a run");
            let refused = run.errors.contains("another `dropwise fetch` is at work");
            assert!(run.status == Some(0) || refused, "{}", run.errors);
        }
    });
    place.assert_complete();
    assert_eq!(server.requests(), [asked(None)]);
}

#[test]
fn a_mistake_in_a_manifest_is_shown_in_its_place() {
    let place = Place::new();
    let manifest = place.folder.path().join("manifest.toml");
    let right = fs::read_to_string(&manifest).expect("the manifest");
    for (from, to, said) in [
        (NAME, "../images.gz", "found `../images.gz`"),
        (NAME, "", "expected a file name"),
        (NAME, ".fetch.lock", "expected a file name"),
        (NAME, "images.part", "found `images.part`"),
        ("bytes = ", "bytes = -", "manifest.toml:4:"),
        (
            "bytes = 3000000",
            "bytes = 0",
            "expected a whole number of at least 1, found integer `0`",
        ),
        (
            "sha256 = \"",
            "sha256 = \"0",
            "expected a SHA-256, 64 hexadecimal digits",
        ),
        ("sha256", "sha265", "sha265: unknown key"),
        (
            "mirrors = []",
            "mirrors = ['ftp://host']",
            "found `ftp://host`",
        ),
    ] {
        assert!(right.contains(from));
        fs::write(&manifest, right.replacen(from, to, 1)).expect("a file");
        place
            .fetch("http://127.0.0.1:1")
            .bad(&["manifest.toml", said]);
    }
    let file = &right[right.find("[[file]]").expect("a file")..];
    fs::write(&manifest, format!("{right}{file}")).expect("a file");
    let said = "expected each name once, found `images.gz` twice";
    place
        .fetch("http://127.0.0.1:1")
        .bad(&["manifest.toml", said]);
    assert!(!place.dir().exists());
}

#[test]
fn wrong_usage_exits_with_2() {
    for (arguments, said) in [
        (&["fetch"][..], "required"),
        (&["fetch", "minst"], "'mnist'"),
        (
            &["fetch", "mnist", "--from", "ftp://host"],
            "expected an address such as https://",
        ),
        (
            &["fetch", "mnist", "--from", "somewhere"],
            "expected an address such as https://",
        ),
        (&["fetch", "--manifest", "some.toml"], "--dir"),
        (
            &["fetch", "mnist", "--manifest", "some.toml", "--dir", "d"],
            "cannot be used with",
        ),
    ] {
        let run = Run::of(dropwise().args(arguments));
        assert_eq!(run.status, Some(2), "{}", run.errors);
        assert!(run.errors.contains(said), "no `{said}` in: {}", run.errors);
    }
}

#[test]
fn the_known_data_sets_name_their_four_files_and_default_folders() {
    for (name, sizes) in [
        ("mnist", [9_912_422, 28_881, 1_648_877, 4_542]),
        ("fashion-mnist", [26_421_880, 29_515, 4_422_102, 5_148]),
    ] {
        // Only a program that knows name, folder and size goes on to compare the hashes.
        for (file, size) in [
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
        ]
        .into_iter()
        .zip(sizes)
        {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("data").join(name).join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, vec![0; size]).expect("a file");
            let run = Run::of(dropwise().args(["fetch", name]).current_dir(folder.path()));
            let place = Path::new("data").join(name).join(file);
            run.bad(&[
                &format!("{}: this is not the file", place.display()),
                "expected SHA-256 ",
                &sha256(&vec![0; size]),
            ]);
        }
    }
}
