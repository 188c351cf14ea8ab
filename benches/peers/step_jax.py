"""JAX: the training step of 784-1024-1024-10 that `cargo bench --bench mnist_step` times.

Timed: picking 128 rows of those in memory, forward with dropout 0.2 on the inputs and 0.5 on both hidden layers,
cross-entropy, backward, SGD with momentum 0.9 (v = 0.9 v + g, w = w - 0.01 v). The step is jitted as a whole and
its state donated, so that weights and velocities are updated in place; compiling is not timed, and a reading of
the clock waits for the results. JAX's own generator `rbg` draws the masks: its default takes twice the time here.
Prints milliseconds a step with dropout and without.
"""

import jax
import jax.numpy as jnp
import numpy as np

import timing

jax.config.update("jax_default_prng_impl", "rbg")
SIZES = (784, 1024, 1024, 10)
BATCH, ROWS = 128, 128 * 64


def loss(layers, x, y, key, rates):
    for k, ((weight, bias), rate) in enumerate(zip(layers, rates)):
        if rate > 0:
            kept = jax.random.bernoulli(jax.random.fold_in(key, k), 1 - rate, x.shape)
            x = jnp.where(kept, x / (1 - rate), 0)
        x = x @ weight + bias
        if k < len(layers) - 1:
            x = jax.nn.relu(x)
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(x), axis=1))


def make_step(rates):
    def step(state, rows, x, y):
        layers, velocities, key = state
        key, masks = jax.random.split(key)
        value, gradients = jax.value_and_grad(loss)(layers, x[rows], y[rows], masks, rates)
        velocities = jax.tree.map(lambda v, g: 0.9 * v + g, velocities, gradients)
        layers = jax.tree.map(lambda w, v: w - 0.01 * v, layers, velocities)
        return (layers, velocities, key), value

    return jax.jit(step, donate_argnums=0)


def milliseconds(rates):
    generator = np.random.default_rng(42)
    x = jnp.asarray(generator.random((ROWS, SIZES[0]), np.float32))
    y = jax.nn.one_hot(generator.integers(0, 10, ROWS), 10)
    layers = [
        (jnp.asarray(generator.normal(0, (2 / m) ** 0.5, (m, n)), jnp.float32), jnp.zeros(n))
        for m, n in zip(SIZES, SIZES[1:])
    ]
    state = (layers, jax.tree.map(jnp.zeros_like, layers), jax.random.key(42))
    batches = generator.permutation(ROWS).reshape(-1, BATCH).astype(np.int32)
    step = make_step(rates)

    def run(steps):
        nonlocal state
        for number in range(steps):
            state, value = step(state, batches[number], x, y)
        jax.block_until_ready((state, value))

    return timing.milliseconds_a_step(run)


timing.report(with_dropout_ms=milliseconds((0.2, 0.5, 0.5)), without_dropout_ms=milliseconds((0, 0, 0)))
