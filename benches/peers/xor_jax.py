"""JAX: the tutorial's network, 60,000 steps with dropout, as `dropwise train config/xor.toml`.

Timed: the whole process, import and compilation included. All steps are one jitted `lax.scan`, in which the mask of
each is drawn by jax.random, with the fastest of its generators. The gradient is autodiff's, of
0.5 * sum((y - output)^2), as ours.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_default_prng_impl", "unsafe_rbg")

STEPS, KEEP, RATE = 60_000, 0.8, 0.5
X = jnp.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], jnp.float32)
Y = jnp.array([[0, 1, 1, 0]], jnp.float32).T


def loss(weights, mask):
    hidden = jax.nn.sigmoid(X @ weights[0]) * mask
    return 0.5 * jnp.sum((Y - jax.nn.sigmoid(hidden @ weights[1])) ** 2)


def step(weights, key):
    mask = jax.random.bernoulli(key, KEEP, (4, 4)) / KEEP
    gradients = jax.grad(loss)(weights, mask)
    return [w - RATE * g for w, g in zip(weights, gradients)], None


@jax.jit
def train(key):
    *keys, steps = jax.random.split(key, 3)
    weights = [jax.random.uniform(k, shape, minval=-1.0) for k, shape in zip(keys, [(3, 4), (4, 1)])]
    weights, _ = jax.lax.scan(step, weights, jax.random.split(steps, STEPS))
    return jax.nn.sigmoid(jax.nn.sigmoid(X @ weights[0]) @ weights[1])


print("mean absolute error", float(jnp.mean(jnp.abs(train(jax.random.key(42)) - Y))))
