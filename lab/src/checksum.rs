//! Cyclic redundancy checks of 32 bits, as file formats have them.

/// Of zip archives.
pub(crate) const ZIP: u32 = 0xedb8_8320;
/// CRC-32C, of TensorBoard's records.
pub(crate) const CASTAGNOLI: u32 = 0x82f6_3b78;

/// The checksum by a polynomial, its bits in reverse.
pub(crate) fn checksum(polynomial: u32, bytes: &[u8]) -> u32 {
    let shifted = |crc: u32| crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 };
    let table: Vec<u32> = (0..256)
        .map(|byte| (0..8).fold(byte, |crc, _| shifted(crc)))
        .collect();
    let next = |crc: u32, byte: &u8| table[usize::from(crc as u8 ^ byte)] ^ crc >> 8;
    !bytes.iter().fold(!0, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(checksum(ZIP, b"123456789"), 0xcbf4_3926);
        // RFC 3720, appendix B.4.
        assert_eq!(checksum(CASTAGNOLI, &[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(CASTAGNOLI, &[0xff; 32]), 0x62a8_ab43);
    }
}
