"""NumPy: 256 XOR networks (3-4-1, dropout 0.2) trained at once, batched by hand.

Timed: a training step of all of them (masks, forward, backward, gradient descent), divided by their number. The
replicas are the last axis, so that every operation is one pass over long rows; all is float32 and in place. A mask
takes 16 random bits a value. (Batched `matmul` over replicas in front takes more than twice the time.)
"""

import numpy as np

import timing

R, RATE = 256, np.float32(0.5)
KEEP = 0.8
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32)
XT = np.ascontiguousarray(X.T)
Y = np.array([[0, 1, 1, 0]], np.float32).T

generator = np.random.Generator(np.random.SFC64(42))
w0 = generator.uniform(-1, 1, (3, 4 * R)).astype(np.float32)  # [input, (unit, replica)]
w1 = generator.uniform(-1, 1, (4, R)).astype(np.float32)  # [unit, replica]

s = np.empty((4, 4, R), np.float32)  # [row, unit, replica]
h, mask, t = np.empty_like(s), np.empty_like(s), np.empty_like(s)
o = np.empty((4, R), np.float32)  # [row, replica]
delta, error = np.empty_like(o), np.empty_like(o)
g0, g1 = np.empty_like(w0), np.empty_like(w1)


def sigmoid(x):
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    np.reciprocal(x, out=x)


def draw_mask():
    bits = generator.bit_generator.random_raw(mask.size // 4).view(np.uint16).reshape(mask.shape)
    np.multiply(bits < round(KEEP * 2**16), np.float32(1 / KEEP), out=mask)


def step():
    draw_mask()
    np.matmul(X, w0, out=s.reshape(4, 4 * R))
    sigmoid(s)
    np.multiply(s, mask, out=h)
    np.multiply(h, w1, out=t)
    t.sum(1, out=o)
    sigmoid(o)

    # delta = (o - y) o (1 - o), and for the hidden layer delta w1 mask s (1 - s), where mask s is h.
    np.subtract(1, o, out=delta)
    np.multiply(delta, o, out=delta)
    np.subtract(o, Y, out=error)
    np.multiply(delta, error, out=delta)
    np.multiply(h, delta[:, None], out=t)
    t.sum(0, out=g1)
    np.multiply(t, w1, out=t)
    np.subtract(1, s, out=h)
    np.multiply(t, h, out=t)
    np.matmul(XT, t.reshape(4, 4 * R), out=g0)

    for w, g in ((w1, g1), (w0, g0)):
        np.multiply(g, RATE, out=g)
        np.subtract(w, g, out=w)


def run(steps):
    for _ in range(steps):
        step()


step_ms = timing.milliseconds_a_step(run, warm_up=20_000, steps=2_000)

np.matmul(X, w0, out=s.reshape(4, 4 * R))
sigmoid(s)
(s * w1).sum(1, out=o)
sigmoid(o)
solved = ((o > 0.5) == (Y > 0.5)).all(0).mean()
timing.report(us_a_network_and_step=1e3 * step_ms / R, solved=float(solved))
