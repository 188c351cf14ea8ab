"""JAX: 256 XOR networks (3-4-1, dropout 0.2) trained at once: `vmap` of the step in a jitted `lax.scan`.

Timed: a training step of all of them (masks, forward, backward, gradient descent), divided by their number, after
compilation. The replicas are the last axis, which vectorizes best here. So small a step takes longer on two CPUs
than on one, so JAX is given one.
"""

import os

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])

import jax
import jax.numpy as jnp

import timing

R, KEEP, RATE, STEPS = 256, 0.8, 0.5, 5_000
X = jnp.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], jnp.float32)
Y = jnp.array([[0, 1, 1, 0]], jnp.float32).T


def forward(w0, w1, mask):
    # Sums of products, which XLA fuses with what follows, in place of `@`, which it does not.
    hidden = jax.nn.sigmoid(sum(X[:, i, None] * w0[i] for i in range(3))) * mask
    return jax.nn.sigmoid(jnp.sum(hidden * w1[:, 0], axis=1, keepdims=True))


def loss(weights, mask):
    return 0.5 * jnp.sum((Y - forward(*weights, mask)) ** 2)


def descend(weights, mask):
    return [w - RATE * g for w, g in zip(weights, jax.grad(loss)(weights, mask))]


@jax.jit
def train(weights, key):
    def step(weights, key):
        kept = jax.random.bits(key, (4, 4, R), jnp.uint32) < jnp.uint32(KEEP * 2**32)
        masks = kept / KEEP
        return jax.vmap(descend, in_axes=-1, out_axes=-1)(weights, masks), None

    return jax.lax.scan(step, weights, jax.random.split(key, STEPS))[0]


keys = jax.random.split(jax.random.key(42), 100)
weights = [jax.random.uniform(key, (*shape, R), minval=-1.0) for key, shape in zip(keys, [(3, 4), (4, 1)])]


def run(times):
    global weights, keys
    for _ in range(times):
        weights, keys = train(weights, keys[0]), keys[1:]
    jax.block_until_ready(weights)


step_ms = timing.milliseconds_a_step(run, warm_up=4, samples=7, steps=1) / STEPS
outputs = jax.vmap(lambda w0, w1: forward(w0, w1, 1.0), in_axes=-1)(*weights)  # [replica, row, 1]
solved = ((outputs > 0.5) == (Y > 0.5)).all((1, 2)).mean()
timing.report(us_a_network_and_step=1e3 * step_ms / R, solved=float(solved))
