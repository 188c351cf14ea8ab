//! SHA-256 of what is read, while it is read.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Hands bytes through, and to a hash. One hash can go through several readers in turn.
pub(super) struct Hashing<R, H> {
    pub(super) reader: R,
    pub(super) hash: H,
}

impl<R: Read, H: FnMut(&[u8])> Read for Hashing<R, H> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        (self.hash)(&into[..read]);
        Ok(read)
    }
}

/// The hash in hexadecimal, 64 digits.
pub(super) fn hex(hash: Sha256) -> String {
    let digits = hash.finalize();
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}
