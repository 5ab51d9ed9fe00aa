#!/usr/bin/env bash
# Submits launch/slurm.sbatch, as users do, to a real Slurm on four hosts of launch/cluster.sh, and checks that trainings
# which are stopped and queued again come to the same bits as an undisturbed one, and that their logs tell of it. Prints
# what it saw. Needs root; installs what is missing of Slurm. Takes about ten minutes.
#
# Usage: launch/test-slurm.sh [SCENARIO..]     all by default:
#   time    the job's time is over, twice at least
#   node    a node loses its power
#   first   the node of rank 0 and of the batch script loses its network, and its processes go on alone
#   rank    kill -9 of one rank
# GIV_DIST names the program; without it that of `swift build -c release` is taken. PATIENCE=N allows N times as long, for
# machines that are slow or busy.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "test-slurm: $2" >&2
  exit "$1"
}

((EUID == 0)) || fail 78 "only root can make hosts"
launch/setup.sh --slurm
giv_dist=${GIV_DIST-$(swift build -c release --show-bin-path)/giv-dist}
[[ -x "$giv_dist" ]] || fail 78 "no $giv_dist: run make build"
scenarios=("$@")
((${#scenarios[@]})) || scenarios=(time node first rank)

# Several tests may run side by side; names of network interfaces are short.
export CLUSTER=s$((BASHPID % 10000))n
work=$(mktemp -d)
# Whatever becomes of Slurm, a call of it must end.
slurm() { timeout --kill-after=5 30 launch/slurm-cluster.sh run "$work/slurm" "$@"; }
clean() {
  timeout --kill-after=5 60 launch/slurm-cluster.sh down "$work/slurm" || true
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

# Hosts that share this machine's cores.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_tcp_if_include=eth0 OPENBLAS_NUM_THREADS=1 GIV_DIST=$giv_dist
# Processes that are cut off hold the run for two minutes, twice as long as Slurm takes to begin the job anew: it is refused
# at first, and goes on soon after.
export WAIT=10
stall_timeout=120
run= job=
fail_with_logs() {
  {
    tail -n 40 "$run.log" "$run/run.log" "$work/slurm/slurmctld.log" || true
    slurm scontrol show job "$job" || true
  } >&2 2>&1
  fail 70 "$scenario: $1"
}
await() {
  local limit=$(($1 * ${PATIENCE-1})) begin=$SECONDS
  shift
  until "$@"; do
    ((SECONDS - begin < limit)) || fail_with_logs "waited $limit s for: $*"
    sleep 0.5
  done
}
field() { slurm scontrol show job "$job" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
is_running() { [[ "$(field JobState)" == RUNNING ]]; }
is_queued_again() { (($(field Restarts) >= 1)); }
is_over() { [[ "$(field JobState)" =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY)$ ]]; }
passes() { cat "$run/metrics.jsonl.partial" 2>/dev/null | wc -l; }
has_passes() { (($(passes) >= $1)); }
count() { grep --count "$1" "$2" || true; }
digests() { grep -o '"[a-z]*Digest":"[0-9a-f]*"' "$1" | sort; }
train=(train "$work/shards" --groups 3 --tolerance 0 --max-iterations 200 --checkpoint-every 5 --progress none)

# Trainings without disturbance, beside which the others are held; their length is what their starts make it.
undisturbed() {
  local name=$1 starts=$2 begin=$SECONDS
  timeout --kill-after=5 900 launch/local.sh 4 "$giv_dist" "${train[@]}" --starts "$starts" --out "$work/$name" >/dev/null
  seconds=$((SECONDS - begin))
}
submit() {
  slurm sbatch --parsable --chdir="$work" --output="$run.log" --nodes=2 --ntasks-per-node=2 "$@" \
    "$PWD/launch/slurm.sbatch" "${train[@]}" --starts "$starts" --stall-timeout "$stall_timeout" --out "$run"
}

timeout --kill-after=5 300 "$giv_dist" simulate --scenario poly --covariates 5 --rows 60000 --shards 4 --out "$work/shards" >/dev/null
mkdir --mode=755 "$work/slurm"
timeout --kill-after=5 90 launch/slurm-cluster.sh up "$work/slurm" 4 2

undisturbed sample 10
ten_starts=$seconds
echo "scenario  nodes at first  fault at pass  queued again after (s)  restarts  seconds in all"
for scenario in "${scenarios[@]}"; do
  run=$work/$scenario
  # A job's time is counted in minutes, and Slurm looks at it every half minute.
  case "$scenario" in
  time) starts=$((1500 / (ten_starts + 1) + 4)) options=(--time=1 --signal=USR1@10) ;;
  node | first | rank) starts=$((300 / (ten_starts + 1) + 4)) options=(--time=30) ;;
  *) fail 64 "no scenario $scenario" ;;
  esac
  reference=undisturbed-$starts
  [[ -d "$work/$reference" ]] || undisturbed "$reference" "$starts"
  total=$(wc -l <"$work/$reference/metrics.jsonl")
  begin=$SECONDS
  job=$(submit "${options[@]}")
  await 60 is_running
  nodes=$(field NodeList) host= pass=- noticed=-
  if [[ "$scenario" != time ]]; then
    await 120 has_passes $((total / 3))
    pass=$(passes) fault=$SECONDS
    case "$scenario" in
    node) host=$(slurm scontrol show hostnames "$nodes" | sed -n 2p) && launch/cluster.sh crash "$host" ;;
    first) host=$(field BatchHost) && launch/cluster.sh cut "$host" ;;
    rank) launch/cluster.sh run "$(field BatchHost)" pkill -KILL --newest giv-dist ;;
    esac
    await 90 is_queued_again
    noticed=$((SECONDS - fault))
  fi
  await 600 is_over
  restarts=$(field Restarts)
  printf '%-8s  %-14s  %13s  %22s  %8s  %14s\n' "$scenario" "$nodes" "$pass" "$noticed" "$restarts" $((SECONDS - begin))

  [[ "$(field JobState)" == COMPLETED ]] || fail_with_logs "the job is $(field JobState)"
  [[ "$(digests "$run/report.json")" == "$(digests "$work/$reference/report.json")" ]] || fail_with_logs "other bits"
  (($(wc -l <"$run/metrics.jsonl") == total)) || fail_with_logs "not one line per pass"
  ! compgen -G "$run/*checkpoint*" >/dev/null || fail_with_logs "a checkpoint is left"
  # Each start and each end stands in the log of the run, by the job's number.
  refused=$(count "job $job, restart [0-9]*: refused with 75" "$run.log")
  resumed=$(count " resumed after pass [0-9]*, in Slurm job $job (restart [1-9][0-9]*): " "$run/run.log")
  ((resumed + refused == restarts)) || fail_with_logs "not one line per restart"
  (($(count " finished, after .* in Slurm job $job (restart $restarts)$" "$run/run.log") == 1)) || fail_with_logs "no end"
  case "$scenario" in
  first) ((refused >= 1)) || fail_with_logs "no start was refused while processes that were cut off held the run" ;;
  *) ((refused == 0)) || fail_with_logs "$refused starts were refused" ;;
  esac
  case "$scenario" in
  time)
    ((restarts >= 2)) || fail_with_logs "the training was over after $restarts restarts; it must last longer"
    (($(count "code 75: .*; told to by SIGUSR1, in Slurm job $job" "$run/run.log") == restarts)) \
      || fail_with_logs "not one line per stop"
    (($(count "job $job, restart [0-9]*: stopped with 75" "$run.log") == restarts)) || fail_with_logs "a stop is not told"
    ;;
  *)
    # Rank 0 may have had the time to say what it heard of it.
    (($(count " the start before left no word of its end\| ended with exit code 75: " "$run/run.log") == 1)) \
      || fail_with_logs "no line on the loss"
    ;;
  esac
  case "$scenario" in
  node) launch/cluster.sh boot "$host" && timeout 30 launch/slurm-cluster.sh start "$work/slurm" "$host" ;;
  first) launch/cluster.sh heal "$host" ;;
  esac
done
echo "test-slurm: the same bits as undisturbed in every scenario"
