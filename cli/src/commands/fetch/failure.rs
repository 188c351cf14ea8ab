//! What can go wrong on the way, and what may be tried next.

use std::io::ErrorKind;

use dropwise::Error;
use ureq::Timeout;

use super::download::{SECONDS_TO_CONNECT, SECONDS_WITHOUT_A_BYTE};

/// Why a mirror did not deliver.
pub(super) enum Failure {
    /// The connection ended early: the same mirror may go on where it stopped.
    Cut(String),
    /// This mirror does not have the file; another one may.
    Mirror(String),
    /// The file cannot be stored here, wherever it comes from.
    Here(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Here(error)
    }
}

pub(super) type Attempt = std::result::Result<(), Failure>;

/// What it means that a request got no answer: a connection that was there may be made again.
pub(super) fn unanswered(error: ureq::Error) -> Failure {
    let problem = in_plain_words(&error);
    let cut = match &error {
        ureq::Error::Io(cause) => matches!(
            cause.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
        ),
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => true,
        _ => false,
    };
    if cut {
        Failure::Cut(problem)
    } else {
        Failure::Mirror(problem)
    }
}

/// An error of the client for a person who does not know the client.
pub(super) fn in_plain_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "no host of this name is known".to_owned(),
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
            format!("nothing came for {SECONDS_WITHOUT_A_BYTE} seconds")
        }
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            format!("no connection within {SECONDS_TO_CONNECT} seconds")
        }
        ureq::Error::Io(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
            "the connection ended".to_owned()
        }
        ureq::Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
