//! The splits of the published experiments, by the recipe that made them: NumPy's legacy generator.
//!
//! ```text
//! np.random.seed(1)
//! for each split: permutation = np.random.choice(range(n), n, replace=False)
//!                 training rows = the first round(0.9 n) of it, test rows the others
//! ```
//!
//! The generator is the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998); the permutation is Fisher and Yates's, from the last
//! place down, each place drawn by masking a word until it is small enough.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// `numpy.random.RandomState`, as far as permutations need it.
#[derive(Debug, Clone)]
pub struct LegacyRandom {
    state: [u32; WORDS],
    next: usize,
}

impl LegacyRandom {
    /// As `numpy.random.seed(seed)` leaves it.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for k in 1..WORDS {
            let before = state[k - 1];
            state[k] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(k as u32);
        }
        LegacyRandom { state, next: WORDS }
    }

    /// The next word of 32 bits.
    pub fn next_word(&mut self) -> u32 {
        if self.next == WORDS {
            self.refill();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for k in 0..WORDS {
            let joined =
                (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % WORDS] & 0x7fff_ffff);
            let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[k] = self.state[(k + SHIFT) % WORDS] ^ (joined >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// A number from 0 to `most`.
    fn at_most(&mut self, most: u32) -> u32 {
        if most == 0 {
            return 0;
        }
        let mask = u32::MAX >> most.leading_zeros();
        loop {
            let drawn = self.next_word() & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }

    /// As `numpy.random.permutation(count)` and `numpy.random.choice(range(count), count, replace=False)` have it.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..count).collect();
        for place in (1..count).rev() {
            let most = u32::try_from(place).unwrap_or(u32::MAX);
            places.swap(place, self.at_most(most) as usize);
        }
        places
    }
}

/// Training and test rows of the first `count` splits of a set of `rows` rows, in the order of the permutation.
#[must_use]
pub fn splits(rows: usize, seed: u64, count: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut random = LegacyRandom::new(seed as u32);
    let split = |_| {
        let mut train = random.permutation(rows);
        // Python rounds halves to even.
        let test = train.split_off((0.9 * rows as f64).round_ties_even() as usize);
        (train, test)
    };
    (0..count).map(split).collect()
}
