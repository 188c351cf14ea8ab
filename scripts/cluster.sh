#!/usr/bin/env bash
# Sweeps over several processes, started by the engines that docs/CLUSTER.md is about, with the scripts that stand there: what is put
# together has the bytes of the run in one process. Needs `dropwise` on the PATH. What is missing on the machine is installed if apt is
# there: GNU parallel and Slurm, a cluster of one node that is started here and ends with this script.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

if ! command -v parallel slurmctld munged >/dev/null; then
    apt-get update -q && apt-get install -qy --no-install-recommends parallel slurm-wlm munge
fi

work=$PWD/target/cluster
rm -rf "$work" && mkdir -p "$work" && ln -s "$PWD/config" "$work/config"

# The block of docs/CLUSTER.md that begins with this fence.
block() { awk -v fence="\`\`\`sh $1" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' docs/CLUSTER.md; }

# Runs such a block in a folder of its own.
run() {
    mkdir "$work/$1" && ln -s ../config "$work/$1/config"
    block "$1" >"$work/$1/run.sh"
    (cd "$work/$1" && bash -eu run.sh >said.txt 2>&1) || { cat "$work/$1"/said.txt "$work/$1"/slurm-*.out; exit 1; }
}

# Two folders hold the same but for times, locks and, in a study, who took part.
same() {
    for file in "$1"/*; do
        case $(basename "$file") in
        lock | trials) ;;
        study.json) cmp <(grep -v '"seconds"' "$file") <(grep -v '"seconds"' "$2/study.json") ;;
        study.jsonl) cmp <(sed 's/,"seconds":[^,}]*,"elapsed":[^}]*}/}/' "$file") <(sed 's/,"seconds":[^,}]*,"elapsed":[^}]*}/}/' "$2/study.jsonl") ;;
        *) cmp "$file" "$2/$(basename "$file")" ;;
        esac
    done
}

say "a cluster of one node"
host=$(hostname -s)
mkdir -p "$work/node/state" "$work/node/spool" /run/munge
cat >"$work/node/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/node/state
SlurmdSpoolDir=$work/node/spool
SlurmctldPidFile=$work/node/slurmctld.pid
SlurmdPidFile=$work/node/slurmd.pid
SlurmctldLogFile=$work/node/slurmctld.log
SlurmdLogFile=$work/node/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerParameters=batch_sched_delay=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
END
export SLURM_CONF=$work/node/slurm.conf
chown munge /run/munge
munge -n >/dev/null 2>&1 || runuser -u munge -- munged
slurmctld && slurmd
trap 'for it in slurmd slurmctld; do kill "$(cat "$work/node/$it.pid")" || true; done' EXIT
timeout 60 bash -c 'until sinfo -h | grep -q idle; do sleep 0.2; done'

say "a study in one process"
dropwise study config/xor.toml --vary network.hidden=4,16 --vary dropout.hidden=0,0.2,0.5 --set train.steps=500 --replicas 5 \
    --quiet --out "$work/whole"

for engine in parallel slurm; do
    say "the same in four parts: $engine"
    run "$engine"
    same "$work/$engine/merged" "$work/whole"
done

say "a tuning by one process, and by two that join"
dropwise tune config/digits.toml --trials 2 --max-width 32 --set train.epochs=2 --quiet --out "$work/tuned"
run join
same "$work/join/tuned" "$work/tuned"

say "good"
