#!/usr/bin/env bash
# Trains on four hosts of launch/cluster.sh, breaks one in the midst of it, and checks that launch/relaunch.sh ends within
# the documented time and goes on to the same bits as an undisturbed run. Prints what it measured. Needs root.
#
# Usage: launch/test-relaunch.sh [SCENARIO..]     all by default:
#   kill    kill -9 of one rank
#   host    a host loses its power
#   first   the host of rank 0, which writes the checkpoints, loses its power
#   cut     the host of rank 0 loses its network, and its processes go on alone
#   stop    SIGTERM to relaunch.sh, and the same command again
# GIV_DIST names the program; without it that of `swift build -c release` is taken. PATIENCE=N allows N times as long, for
# machines that are slow or busy.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "test-relaunch: $2" >&2
  exit "$1"
}

((EUID == 0)) || fail 78 "only root can make hosts"
command -v pkill pgrep >/dev/null || fail 78 "no pkill here: install procps"
giv_dist=${GIV_DIST-$(swift build -c release --show-bin-path)/giv-dist}
[[ -x "$giv_dist" ]] || fail 78 "no $giv_dist: run make build"
scenarios=("$@")
((${#scenarios[@]})) || scenarios=(kill host first cut stop)

# Several tests may run side by side; names of network interfaces are short.
export CLUSTER=t$((BASHPID % 10000))n
cluster=$PWD/launch/cluster.sh
work=$(mktemp -d)
relaunch=
clean() {
  # The hosts first, so that no rank is left.
  "$cluster" down || true
  [[ -z "$relaunch" ]] || kill -KILL -- "-$relaunch" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

# Hosts that share this machine's cores must not each count on the first ones.
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
seconds() { date +%s.%N; }
since() { awk -v begin="$1" -v end="$(seconds)" 'BEGIN { printf "%.1f", end - begin }'; }
digests() { grep -o '"[a-z]*Digest":"[0-9a-f]*"' "$1" | sort; }
passes() { cat "$run/metrics.jsonl.partial" 2>/dev/null | wc -l; }

await() {
  local limit=$(($1 * ${PATIENCE-1})) begin=$SECONDS
  shift
  until "$@"; do
    ((SECONDS - begin < limit)) || { cat "$run.log" >&2; fail 70 "$scenario: waited $limit s for: $*"; }
    sleep 0.02
  done
}
has_passes() { (($(passes) >= $1)); }
has_logged() { grep -q "$1" "$run.log"; }

start() {
  # A process group of its own, to be stopped as a whole.
  setsid "$cluster" head launch/relaunch.sh --hosts "$work/hosts" --agent "$cluster agent" -- "$giv_dist" train "$work/shards" \
    --groups 3 --starts 6 --checkpoint-every 5 --progress none --json --out "$run" >"$run.json" 2>>"$run.log" &
  relaunch=$!
}

"$giv_dist" simulate --scenario poly --covariates 5 --rows 60000 --shards 4 --out "$work/shards" >/dev/null
"$giv_dist" train "$work/shards" --groups 3 --starts 6 --progress none --json --out "$work/undisturbed" \
  >"$work/undisturbed.json"
total=$(wc -l <"$work/undisturbed/metrics.jsonl")
"$cluster" up 4
for index in 0 1 2 3; do echo "$CLUSTER$index slots=2"; done >"$work/hosts"

echo "scenario  fault at pass  noticed after (s)  finished after (s)  tries and ranks"
for scenario in "${scenarios[@]}"; do
  run=$work/$scenario
  : >"$run.log"
  start
  await 60 has_passes $((total / 3))
  pass=$(passes)
  begin=$(seconds)
  limit=20 host=
  case "$scenario" in
  kill) "$cluster" run "${CLUSTER}2" pkill -KILL --newest giv-dist && limit=10 ;;
  host) host=${CLUSTER}3 && "$cluster" crash "$host" ;;
  first) host=${CLUSTER}0 && "$cluster" crash "$host" ;;
  cut) host=${CLUSTER}0 && "$cluster" cut "$host" ;;
  stop) kill -TERM "$relaunch" && limit=10 ;;
  *) fail 64 "no scenario $scenario" ;;
  esac
  await "$limit" has_logged "try 1 ended"
  noticed=$(since "$begin")
  code=0
  wait "$relaunch" || code=$?
  if [[ "$scenario" == stop ]]; then
    ((code == 75)) || { cat "$run.log" >&2; fail 70 "stop: the script ended with $code"; }
    start
    code=0
    wait "$relaunch" || code=$?
  fi
  relaunch=
  ((code == 0)) || { cat "$run.log" >&2; fail 70 "$scenario: the script ended with $code"; }
  tries=$(sed -n 's/^relaunch: try \([0-9]*\) of [0-9]*: \([0-9]* ranks\).*/\1: \2/p' "$run.log" | paste -sd ';' | sed 's/;/; /g')
  printf '%-9s %13s %18s %19s  %s\n' "$scenario" "$pass" "$noticed" "$(since "$begin")" "$tries"
  [[ "$(digests "$run.json")" == "$(digests "$work/undisturbed.json")" ]] || fail 70 "$scenario: other bits"
  (($(wc -l <"$run/metrics.jsonl") == total)) || fail 70 "$scenario: not one line per pass"
  ! compgen -G "$run/*checkpoint*" >/dev/null || fail 70 "$scenario: a checkpoint is left"
  case "$scenario" in
  host | first) "$cluster" boot "$host" ;;
  cut)
    "$cluster" heal "$host"
    ! "$cluster" run "$host" pgrep giv-dist >/dev/null || fail 70 "cut: ranks go on after the run has ended"
    ;;
  esac
done
echo "test-relaunch: the same bits as undisturbed in every scenario"
