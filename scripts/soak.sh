#!/usr/bin/env bash
# Kills `dropwise train` (SIGKILL) at random moments, resumes it, and compares the run with one that
# nothing disturbed: models and metrics have to be equal to the last byte. Each kill is of another run;
# 50 of them go once round every optimizer and learning-rate schedule on both CPU backends.
#
#     scripts/soak.sh [--kills N] [--seed N] [--program FILE]
#
# N kills (50); the seed of the moments (drawn, and printed); the program (target/debug/dropwise, which is
# built first). Ends with status 1 if a run differs or does not end well.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

kills=50
seed=$((RANDOM * 32768 + RANDOM))
program=
while [ $# -gt 0 ]; do
    case "$1" in
    --kills) kills=$2 ;;
    --seed) seed=$2 ;;
    --program) program=$2 ;;
    *)
        echo "usage: scripts/soak.sh [--kills N] [--seed N] [--program FILE]" >&2
        exit 2
        ;;
    esac
    shift 2
done
if [ -z "$program" ]; then
    cargo build --quiet
    program=target/debug/dropwise
fi
RANDOM=$seed

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

backends=(flex ndarray)
optimizers=(
    "optimizer = 'sgd'"
    "optimizer = 'sgd'\nmomentum = 0.9\nclip = { norm = 1.0 }"
    "optimizer = 'sgd'\nmomentum = { from = 0.5, to = 0.9, epochs = 5 }\nweight_decay = 1e-4"
    "optimizer = 'adam'\nweight_decay = 1e-4\nclip = { value = 0.1 }"
    "optimizer = 'adamw'\nweight_decay = 1e-2\nmax_norm = 2.0"
)
schedules=(
    "'constant'"
    "{ step = { every = 2, factor = 0.5 } }"
    "{ exponential = 0.8 }"
    "'cosine'"
    "{ inverse-time = 0.5 }"
)
dropouts=("'standard'" "{ early = 3 }" "{ late = 3 }")
masks=(seeded framework)
# Seconds between checkpoints: none, one after every step; and runs take about half a second.
intervals=(0 0.01 0.05)

# The experiment of turn $1, each backend with each optimizer and each schedule in turn.
experiment() {
    local turn=$1
    cat <<TOML
seed = $turn
backend = "${backends[turn % 2]}"
[data]
source = "digits"
split = { validation = 0.1, test = 0.1 }
[network]
hidden = [16, 8]
activation = "relu"
[dropout]
input = 0.1
hidden = 0.3
schedule = ${dropouts[turn % 3]}
masks = "${masks[turn / 3 % 2]}"
[train]
$(printf '%b' "${optimizers[turn / 2 % 5]}")
schedule = ${schedules[turn / 10 % 5]}
learning_rate = 0.01
batch_size = 50
epochs = 10
early_stopping = { patience = 4 }
TOML
}

failures=0
fail() {
    failures=$((failures + 1))
    echo "FAILED: $1, with" >&2
    cat "$folder/experiment.toml" "$folder/messages" >&2
}

# Trains with the arguments, in the background.
train() {
    "$program" train --quiet --checkpoint-every "$interval" "$@" 2>>"$folder/messages" &
}

# Kills a run after a random part of `length` microseconds; false if it had ended before that.
kill_once() {
    local moment=$((RANDOM * length / 32768)) status=0
    rm -rf "$folder/killed"
    train "$folder/experiment.toml" --out "$folder/killed"
    sleep "$((moment / 1000000)).$(printf '%06d' $((moment % 1000000)))"
    kill -KILL $! 2>/dev/null || true
    wait $! 2>/dev/null || status=$?
    [ "$status" = 137 ]
}

# Goes on with the killed run, or starts it again where it was killed before its folder was a run.
go_on() {
    if [ -e "$folder/killed/config.toml" ]; then
        train --resume "$folder/killed"
    else
        train "$folder/experiment.toml" --out "$folder/killed"
    fi
    wait $! || fail "the resumed run"
}

compare() {
    local file
    for file in config.toml preparation.json metrics.jsonl trail.jsonl best.safetensors last.safetensors baselines.json; do
        cmp "$folder/whole/$file" "$folder/killed/$file" >&2 || fail "$file differs"
    done
}

killed=0
from_a_checkpoint=0
while [ "$killed" -lt "$kills" ] && [ "$failures" = 0 ]; do
    rm -rf "${folder:?}"/*
    experiment "$killed" >"$folder/experiment.toml"
    interval=${intervals[killed / 2 % 3]}
    start=${EPOCHREALTIME/./}
    train "$folder/experiment.toml" --out "$folder/whole"
    wait $! || fail "the whole run"
    length=$((${EPOCHREALTIME/./} - start))
    until kill_once; do :; done
    killed=$((killed + 1))
    if compgen -G "$folder/killed/checkpoints/step-*.ckpt" >/dev/null; then
        from_a_checkpoint=$((from_a_checkpoint + 1))
    fi
    go_on
    compare
done

echo "soak: $killed kills (seed $seed), $from_a_checkpoint of them with a checkpoint to go on from:" \
    "$failures failures, $SECONDS s"
[ "$failures" = 0 ]
