#!/usr/bin/env bash
# One training over several processes of MPI: the same bytes for any number of them, killed and resumed at random moments, and what is
# said when they do not fit together or one is lost. Usage: scripts/mpi.sh PROGRAM [KILLS], where PROGRAM is a dropwise that was built
# with the feature `mpi`. With 0 KILLS nothing is done that takes its time or depends on it. `scripts/mpi.sh PROGRAM speed` measures, and
# tests nothing, on a machine that has nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "$1")
kills=${2-3}
work=$PWD/target/mpi-runs
rm -rf "$work" && mkdir -p "$work"

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }
fail() { echo "$*"; exit 1; }

# Several processes on few cores, of one thread each, as root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 RAYON_NUM_THREADS=1
# Shared memory through files, which every container allows; `cma` is faster where a process may read another one's memory.
export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism-none}

config=(config/digits.toml --backend flex --set train.epochs=2 --quiet)
train() { mpirun -n "$1" "$program" train "${config[@]}" "${@:2}"; }
# The same beside this script, as the process `job`.
begin() { mpirun -n "$1" "$program" train "${config[@]}" "${@:2}" & job=$!; }

# Two runs hold the same, but for times.
same() {
    for file in config.toml preparation.json metrics.jsonl trail.jsonl best.safetensors last.safetensors baselines.json; do
        cmp "$1/$file" "$2/$file" || fail "$file of $1 and $2 differ"
    done
}

# Two machines, as far as MPI can tell: network namespaces with host names of their own and a link between them.
machines() {
    for it in a b; do ip netns del "dropwise-$it" 2>/dev/null || true; done
    ip netns add dropwise-a && ip netns add dropwise-b
    ip link add link-a netns dropwise-a type veth peer name link-b netns dropwise-b
    ip -n dropwise-a addr add 10.77.0.1/24 dev link-a && ip -n dropwise-b addr add 10.77.0.2/24 dev link-b
    for it in a b; do ip -n "dropwise-$it" link set "link-$it" up && ip -n "dropwise-$it" link set lo up; done
    cat >"$work/to-b" <<'END'
#!/usr/bin/env bash
# What mpirun starts a program on another machine with, in place of ssh.
shift
exec ip netns exec dropwise-b unshare -u bash -c "hostname b; $*"
END
    chmod +x "$work/to-b"
}

# One process on each of the two machines.
on_two() {
    ip netns exec dropwise-a unshare -u bash -c 'hostname a; exec "$@"' - mpirun --mca plm_rsh_agent "$work/to-b" --mca btl tcp,self \
        --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 --host 10.77.0.1:1,10.77.0.2:1 -n 2 \
        --bind-to none -x RAYON_NUM_THREADS "$program" train "$@"
}

# Milliseconds a step: what 100 more steps take by the program's clock, which starts when the data is read; the middle of three, of each of
# these functions in turn.
turns() {
    local name short long
    for name in "$@"; do : >"$work/$name.ms"; done
    for _ in 1 2 3; do
        for name in "$@"; do
            short=$(seconds "$name" 10) && long=$(seconds "$name" 110)
            awk "BEGIN { printf \"%.1f\\n\", ($long - $short) / 100 * 1000 }" >>"$work/$name.ms"
        done
    done
    for name in "$@"; do
        printf '%-24s %6.1f ms a step, of %s\n' "$name" "$(sort -n "$work/$name.ms" | sed -n 2p)" "$(tr '\n' ' ' <"$work/$name.ms")"
    done
}
seconds() {
    rm -rf "$work/timed"
    "$1" --set train.steps="$2" --out "$work/timed" >&2
    sed -n 's/^ *"seconds": *\([0-9.]*\).*/\1/p' "$work/timed/report.json" | head -n 1
}

if [ "$kills" = speed ]; then
    awk 'BEGIN {
        srand(1)
        for (j = 0; j < 784; j++) printf "x%d,", j
        print "y"
        for (i = 0; i < 1280; i++) { for (j = 0; j < 784; j++) printf "%.3f,", rand(); print "c" int(rand() * 10) }
    }' >"$work/table.csv"
    cat >"$work/wide.toml" <<END
[data]
source = "csv"
path = "$work/table.csv"
target = "y"
[network]
hidden = [1024, 1024]
activation = "relu"
[dropout]
input = 0.2
hidden = 0.5
[train]
learning_rate = 0.001
momentum = 0.9
batch_size = 128
steps = 1
evaluate_every = 1000000
END
    wide=("$work/wide.toml" --backend flex --quiet)
    # One process: threads, shards, rows of a batch.
    alone() { RAYON_NUM_THREADS=$1 "$program" train "${wide[@]}" --set train.shards="$2" --set train.batch_size="$3" "${@:4}"; }
    for shards in 1 2 4 8; do
        eval "one-thread-$shards-shards() { alone 1 $shards 128 \"\$@\"; }; two-threads-$shards-shards() { alone 2 $shards 128 \"\$@\"; }"
    done
    two-processes() { mpirun --bind-to none -n 2 "$program" train "${wide[@]}" "$@"; }
    # What each of 4, 8 and 64 machines computes: 2 shards of 16 rows, 1 of 16, 1 of 2.
    of-4-machines() { alone 2 2 32 "$@"; }
    of-8-machines() { alone 2 1 16 "$@"; }
    of-64-machines() { alone 2 1 2 "$@"; }
    on-a-link() { on_two "${wide[@]}" "$@"; }
    say "shards"
    turns {one-thread,two-threads}-{1,2,4,8}-shards
    say "two processes of one thread, and one of two threads"
    turns two-threads-1-shards two-threads-8-shards two-processes
    say "the share of one of many machines"
    turns of-{4,8,64}-machines
    for rate in none 10gbit 1gbit; do
        say "two machines, and what their link is shaped to: $rate"
        machines
        for it in a b; do
            [ $rate = none ] || ip netns exec "dropwise-$it" tc qdisc add dev "link-$it" root tbf rate $rate burst 1mb latency 50ms
        done
        turns on-a-link
    done
    for it in a b; do ip netns del "dropwise-$it"; done
    say "good"
    exit
fi

say "one process without MPI, and 1, 2, 4 and 8 with it"
"$program" train "${config[@]}" --set train.shards=8 --out "$work/whole"
for n in 1 2 4 $([ "$kills" = 0 ] || echo 8); do
    train "$n" --out "$work/of-$n"
    same "$work/of-$n" "$work/whole"
done

say "another configuration in one of them"
if mpirun -n 1 "$program" train "${config[@]}" --out "$work/differs" : -n 1 "$program" train "${config[@]}" --seed 7 \
    2>"$work/differs.txt"; then fail "they trained together"; fi
grep -q 'expected the configuration to be the same in all processes, found that rank 0 and rank 1 differ' "$work/differs.txt" ||
    { cat "$work/differs.txt"; exit 1; }
[ ! -e "$work/differs" ] || fail "a folder was made"

say "three processes, and more than there are shards"
for n in 3 16; do
    if train "$n" --out "$work/refused" 2>"$work/refused.txt"; then fail "$n processes trained"; fi
    grep -q 'processes: expected a power of two' "$work/refused.txt" || { cat "$work/refused.txt"; exit 1; }
done

if [ "$kills" = 0 ]; then
    say "good"
    exit
fi

# The processes of a job.
ranks() { pgrep -P "$1" || true; }

say "$kills times: one of four is killed, and two go on"
for k in $(seq "$kills"); do
    run=$work/killed-$k
    begin 4 --checkpoint-every 0.1 --out "$run" 2>"$work/killed-$k.txt"
    # Not before the folder is there, and at any moment after.
    timeout 60 bash -c "until [ -e '$run/config.toml' ]; do sleep 0.02; done"
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    victim=$(ranks "$job" | shuf -n 1)
    [ -z "$victim" ] || kill -KILL "$victim"
    if wait "$job"; then echo "it had ended"; fi
    mpirun -n 2 "$program" train --resume "$run" --quiet 2>>"$work/killed-$k.txt" || { cat "$work/killed-$k.txt"; exit 1; }
    same "$run" "$work/whole"
done

say "SIGUSR1 takes a checkpoint, SIGTERM takes one and ends"
begin 2 --set train.epochs=1000 --checkpoint-every 10000 --out "$work/signals" 2>"$work/signals.txt"
checkpoints() { find "$work/signals" -name '*.ckpt' | wc -l; }
timeout 60 bash -c "until [ -s '$work/signals/metrics.jsonl' ]; do sleep 0.05; done"
[ "$(checkpoints)" = 0 ] || fail "a checkpoint too early"
kill -USR1 "$job"
timeout 20 bash -c "until [ -n \"\$(find '$work/signals' -name '*.ckpt')\" ]; do sleep 0.05; done" || fail "no checkpoint after SIGUSR1"
kill -0 "$job" || fail "SIGUSR1 ended the job"
for rank in $(ranks "$job"); do kill -TERM "$rank"; done
if wait "$job"; then fail "SIGTERM did not end it"; fi
grep -q 'interrupted after step' "$work/signals.txt" || { cat "$work/signals.txt"; exit 1; }
[ "$(checkpoints)" -ge 2 ] || fail "no checkpoint after SIGTERM"

say "one that does not answer"
begin 2 --set train.epochs=1000 --timeout 3 --out "$work/silent" 2>"$work/silent.txt"
timeout 60 bash -c "until [ -s '$work/silent/metrics.jsonl' ]; do sleep 0.05; done"
began=$SECONDS
kill -STOP "$(ranks "$job" | tail -n 1)"
if wait "$job"; then fail "it trained on"; fi
[ $((SECONDS - began)) -lt 15 ] || fail "it waited for $((SECONDS - began)) s"
grep -Eq 'rank . has not answered rank . for 3 s' "$work/silent.txt" || { cat "$work/silent.txt"; exit 1; }

if ip netns add dropwise-a 2>/dev/null; then
    say "two machines"
    machines
    on_two "${config[@]}" --out "$work/of-two"
    same "$work/of-two" "$work/whole"

    say "a link that is cut"
    on_two "${config[@]}" --set train.epochs=1000 --timeout 3 --out "$work/cut" 2>"$work/cut.txt" &
    job=$!
    timeout 60 bash -c "until [ -s '$work/cut/metrics.jsonl' ]; do sleep 0.05; done"
    ip -n dropwise-a link set link-a down
    timeout 30 bash -c "until grep -Eq 'rank . has not answered rank . for 3 s' '$work/cut.txt'; do sleep 0.1; done" ||
        { cat "$work/cut.txt"; exit 1; }
    timeout 30 bash -c "while pgrep -f '^$program train' >/dev/null; do sleep 0.1; done" || fail "a process waits on"
    # Open MPI's own processes wait for those beyond the cut; killed from outside, as a scheduler does when the time is over.
    for it in a b; do ip netns pids "dropwise-$it" | xargs -r kill -KILL; done
    wait "$job" || true
    for it in a b; do ip netns del "dropwise-$it"; done
else
    echo "network namespaces cannot be had here: two machines are not tried"
fi

say "good"
