//! Where values and lines end, 64 bytes at a time.

/// As many bytes as a mask has bits.
const BLOCK: usize = u64::BITS as usize;

/// The places of delimiters and line feeds, in order, but not of those within quotes.
///
/// What is within quotes is told by counting them: that is right where each value with quotes has one at its start, one at its end and
/// doubled ones between.
pub(super) struct Ends<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    has_quotes: bool,
    /// The block that the masks are of.
    base: usize,
    /// The places in it that are not passed.
    left: u64,
    /// All ones within quotes at the end of the block, else 0.
    within: u64,
    feeds: Feeds,
}

/// Line feeds, those within quotes among them.
#[derive(Default)]
struct Feeds {
    before: usize,
    in_block: u64,
}

impl<'a> Ends<'a> {
    /// The ends in bytes that begin outside of quotes.
    pub(super) fn new(bytes: &'a [u8], delimiter: u8, has_quotes: bool) -> Self {
        let mut ends = Ends {
            bytes,
            delimiter,
            has_quotes,
            base: 0,
            left: 0,
            within: 0,
            feeds: Feeds::default(),
        };
        ends.look();
        ends
    }

    /// Looks at the block.
    fn look(&mut self) {
        let block = block(self.bytes, self.base);
        let feeds = mask(&block, |byte| byte == b'\n');
        let delimiter = self.delimiter;
        self.left = feeds | mask(&block, |byte| byte == delimiter);
        self.feeds.in_block = feeds;
        if self.has_quotes {
            let within = within(mask(&block, |byte| byte == b'"')) ^ self.within;
            self.left &= !within;
            self.within = last(within);
        }
    }

    /// How many line feeds there are before a place that was the last to be found.
    pub(super) fn feeds_before(&self, place: usize) -> usize {
        let before = (1 << (place - self.base)) - 1;
        self.feeds.before + (self.feeds.in_block & before).count_ones() as usize
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            if self.base + BLOCK >= self.bytes.len() {
                return None;
            }
            self.base += BLOCK;
            self.feeds.before += self.feeds.in_block.count_ones() as usize;
            self.look();
        }
        let bit = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(self.base + bit)
    }
}

/// Where the last record ends that is whole; an error where quotes stand elsewhere than around values, and counting them says nothing.
pub(super) fn last_end(bytes: &[u8], delimiter: u8) -> Result<Option<usize>, ()> {
    // What begins outside of quotes begins a value.
    let (mut state, mut may_open, mut last_feed) = (0, 1, None);
    for base in (0..bytes.len()).step_by(BLOCK) {
        let block = block(bytes, base);
        let quotes = mask(&block, |byte| byte == b'"');
        let within = within(quotes) ^ state;
        // A quote that opens, or the second of a doubled one.
        let opens = quotes & within;
        let before = |byte: u8| byte == delimiter || byte == b'\n' || byte == b'\r' || byte == b'"';
        let before = mask(&block, before);
        if opens & !(before << 1 | may_open) != 0 {
            return Err(());
        }
        may_open = before >> (BLOCK - 1);
        state = last(within);
        let feeds = mask(&block, |byte| byte == b'\n') & !within;
        if feeds != 0 {
            last_feed = Some(base + BLOCK - feeds.leading_zeros() as usize);
        }
    }
    Ok(last_feed)
}

/// The bytes from a place on, zeros after the last.
fn block(bytes: &[u8], base: usize) -> [u8; BLOCK] {
    let rest = &bytes[base..];
    match rest.first_chunk() {
        Some(block) => *block,
        None => {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            block
        }
    }
}

/// A bit for each byte that is one of those wanted, the first the lowest.
#[inline(always)]
fn mask(block: &[u8; BLOCK], is_wanted: impl Fn(u8) -> bool) -> u64 {
    // Compared as vectors, and then eight at a time put side by side: the product has the k-th of eight bytes, which is 0 or 1, at the
    // bit 56 + k, and no carry comes there.
    const TOGETHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(is_wanted(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    let mut mask = 0;
    for (k, eight) in eights.iter().enumerate() {
        mask |= (u64::from_le_bytes(*eight).wrapping_mul(TOGETHER) >> 56) << (8 * k);
    }
    mask
}

/// Of quotes, what stands from an odd one on, up to the next: for each bit whether the number of bits up to it is odd.
fn within(quotes: u64) -> u64 {
    [1, 2, 4, 8, 16, 32]
        .into_iter()
        .fold(quotes, |odd, distance| odd ^ odd << distance)
}

/// The last bit, as all bits.
fn last(mask: u64) -> u64 {
    0_u64.wrapping_sub(mask >> (BLOCK - 1))
}
