"""Makes masks.json: seeded dropout masks, by a ChaCha8 of its own in plain Python.

    python3 masks.py > masks.json

ChaCha as in D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008), with 8 rounds, a counter of 64 bits and a
stream number of 64 bits. The key is drawn from the seed by PCG32, as `seed_from_u64` of the crate rand_core
0.10 does. The stream's number is 5 + layer * 2^32, for the purpose "seeded masks".
"""

import json

MASK32, MASK64 = 2**32 - 1, 2**64 - 1
SEEDED_MASKS = 5


def rotated(word, count):
    return (word << count | word >> (32 - count)) & MASK32


def key(seed):
    words = []
    for _ in range(8):
        seed = (seed * 0x5851F42D4C957F2D + 0xA17654E46FBE17F3) & MASK64
        xorshifted = (seed >> 18 ^ seed) >> 27 & MASK32
        words.append(rotated(xorshifted, (32 - (seed >> 59)) % 32))
    return words


def quarter_round(x, a, b, c, d):
    for turn, (to, other, onto) in enumerate([(a, b, d), (c, d, b), (a, b, d), (c, d, b)]):
        x[to] = (x[to] + x[other]) & MASK32
        x[onto] = rotated(x[onto] ^ x[to], (16, 12, 8, 7)[turn])


def block(seed, stream, counter):
    constants = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in range(0, 16, 4)]
    place = [counter & MASK32, counter >> 32, stream & MASK32, stream >> 32]
    start = constants + key(seed) + place
    x = list(start)
    for _ in range(4):
        for i in range(4):
            quarter_round(x, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(word + first) & MASK32 for word, first in zip(x, start)]


def mask(seed, step, layer, stride, rate, values):
    first = (step - 1) * ((stride + 1) // 2)
    threshold = round((1 - rate) * 65536)
    kept = ""
    for i in range(values):
        word = first + i // 2
        bits = block(seed, SEEDED_MASKS + (layer << 32), word // 16)[word % 16]
        kept += "1" if (bits >> 16 * (i % 2) & 0xFFFF) < threshold else "0"
    return kept


CASES = [
    # seed, step, layer, stride, rate, values
    (42, 1, 0, 16, 0.2, 16),
    (42, 2, 1, 16, 0.2, 16),
    (42, 9, 1, 16, 0.2, 16),
    (0, 3, 0, 21, 0.5, 21),
    (2**64 - 1, 60_000, 2, 35, 0.9, 14),
    (7, 469, 3, 128 * 1024, 0.5, 300),
    (7, 10**9, 1, 128 * 784, 0.2, 200),
    (1, 5, 65_535, 12, 0.999, 12),
]

names = ["seed", "step", "layer", "stride", "rate", "values"]
print(json.dumps([dict(zip(names, case)) | {"mask": mask(*case)} for case in CASES], indent=0))
