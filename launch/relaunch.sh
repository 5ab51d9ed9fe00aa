#!/usr/bin/env bash
# Runs a training to its end though hosts fail: starts it on the hosts that answer, and when it ends before its time
# goes on from its checkpoint on those that answer then. The result has the same bits as that of an undisturbed run.
#
# Usage: launch/relaunch.sh --hosts FILE [OPTION..] -- giv-dist train SHARD.. --out DIR [OPTION..]
#   --hosts FILE     an Open MPI hostfile, see hosts.example; one rank runs on every slot of the hosts that answer
#   --tries N        starts at most, 10 by default
#   --start S        seconds in which the ranks must have begun, 300 by default; then the try is ended with 137
#   --agent COMMAND  what runs a command on a host, `COMMAND HOST LINE`; ssh by default
#
# The shards and DIR must be in folders that all hosts see, and DIR also from here. A run that is stopped and started
# again by the same command goes on too. Settings of Open MPI are given as variables: OMPI_MCA_btl_tcp_if_include=...
#
# Tried again: 75 (a rank was waited for in vain, or no host answers), 137 (a rank was killed), 205 (a host was lost) and
# other crashes. Not tried again, for the outcome would be the same: 0, 64, 65, 66, 70, 73, 78. The script ends with the
# last code. When it finds a finished run on a later try, that is 73: see the message.
#
# SIGTERM, SIGINT and SIGUSR1 to this script save a checkpoint and stop, with code 75. So does --max-hours of the
# run, which counts for each try; none is begun after that time.
#
# A killed rank ends a try in about 3 s and a silent host (lost power, cut network) in about 12 s, since connections are
# probed after 5 s of silence, three times, 2 s apart. A rank that is stopped is noticed after --stall-timeout, and a host
# that is lost while processes start on it, for which mpirun waits for ever, after --start.
set -euo pipefail

fail() {
  echo "relaunch: $2" >&2
  exit "$1"
}

usage() {
  sed -n '/^# Usage/,/^#$/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
  exit 64
}

hosts= tries=10 start=300 agent=
while (($#)); do
  case "$1" in
  --) break ;;
  --hosts | --tries | --start | --agent)
    (($# >= 2)) || usage
    declare "${1#--}=$2"
    shift 2
    ;;
  *) usage ;;
  esac
done
(($# >= 2)) && [[ -n "$hosts" && "$tries" =~ ^[1-9][0-9]*$ && "$start" =~ ^[1-9][0-9]*$ ]] || usage
shift
command=("$@")
[[ -r "$hosts" ]] || fail 66 "$hosts cannot be read"
command -v mpirun >/dev/null || fail 78 "no mpirun here: install Open MPI"
command -v "${command[0]}" >/dev/null || fail 78 "no ${command[0]} here"

out= max_hours=
for ((index = 1; index < ${#command[@]}; index++)); do
  case "${command[index]}" in
  --out) out=${command[index + 1]-} ;;
  --out=*) out=${command[index]#--out=} ;;
  --max-hours) max_hours=${command[index + 1]-} ;;
  --max-hours=*) max_hours=${command[index]#--max-hours=} ;;
  esac
done
[[ -n "$out" ]] || fail 64 "a run without --out keeps no checkpoint to go on from; name a folder"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

options=(--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3)
if [[ -n "$agent" ]]; then
  options+=(--mca plm_rsh_agent "$agent" --mca plm_rsh_no_tree_spawn 1)
else
  # A host may also be lost while processes are started on it.
  agent="ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
  options+=(--mca plm_rsh_agent "$agent")
fi
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

answers() {
  [[ "$1" == localhost || "$1" == "$(hostname)" ]] && return
  # shellcheck disable=SC2086 # the agent may have options
  timeout -k 1 10 $agent "$1" true </dev/null &>/dev/null
}

# Writes the lines of the hostfile whose hosts answer to $work/alive and names the others in $silent. All are asked at
# once.
probe() {
  local line host probes=() index=0
  local lines=()
  mapfile -t lines < <(sed 's/#.*//' "$hosts" | grep '[^[:space:]]')
  for line in "${lines[@]}"; do
    read -r host _ <<<"$line"
    answers "$host" &
    probes+=($!)
  done
  silent=
  : >"$work/alive"
  for line in "${lines[@]}"; do
    if wait "${probes[index++]}"; then
      echo "$line" >>"$work/alive"
    else
      read -r host _ <<<"$line"
      silent+=" $host"
    fi
  done
}

ranks() {
  awk '{ slots = 1; for (i = 2; i <= NF; i++) if ($i ~ /^slots=/) slots = substr($i, 7); total += slots }
    END { print total + 0 }' "$work/alive"
}

# The command, going on where there is a checkpoint. One that is to replace an earlier run does so at its first try, and
# later ones until it has saved a checkpoint of its own.
arguments() {
  local argument is_forced=
  for argument in "${command[@]}"; do [[ "$argument" == --force ]] && is_forced=1; done
  if [[ -n "$is_forced" ]] && { ((try == 1)) || ! ls "$out"/checkpoint*.h5 &>/dev/null; }; then
    printf '%s\0' "${command[@]}"
    return
  fi
  for argument in "${command[@]}"; do
    [[ "$argument" == --force || "$argument" == --resume ]] || printf '%s\0' "$argument"
  done
  printf '%s\0' --resume
}

is_over() { [[ -n "$max_hours" ]] && awk "BEGIN { exit !($SECONDS + 1 >= 3600 * $max_hours) }"; }

# Rank 0 opens the metrics when it begins.
metrics_state() { stat --format '%i %z' "$out/metrics.jsonl.partial" 2>/dev/null || true; }

# Asks a run to save and stop: mpirun hands SIGUSR1 on to the ranks. Those that have not begun would die of it.
ask() {
  local process=$1 before=$2
  while [[ "$(metrics_state)" == "$before" ]]; do
    kill -0 "$process" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -USR1 "$process" 2>/dev/null || true
}

process= before= is_stopped=
stop() {
  is_stopped=1
  # Background processes do not get SIGINT, mpirun and this neither.
  if [[ -n "$process" ]]; then ask "$process" "$before" & fi
}
trap stop TERM INT USR1

# Ends a run that has not begun in time.
watch_start() {
  local process=$1 before=$2
  for ((second = 0; second < start; second++)); do
    sleep 1
    [[ "$(metrics_state)" == "$before" ]] || return 0
  done
  echo "relaunch: the ranks have not begun within $start s" >&2
  kill -KILL "$process"
}

run() {
  local arguments=() watch
  before=$(metrics_state)
  mapfile -d '' -t arguments < <(arguments)
  mpirun --hostfile "$work/alive" -n "$1" "${options[@]}" "${arguments[@]}" </dev/null &
  process=$!
  [[ -z "$is_stopped" ]] || stop
  watch_start "$process" "$before" &
  watch=$!
  # A signal ends the wait, not the run.
  while kill -0 "$process" 2>/dev/null; do wait "$process" || true; done
  code=0
  wait "$process" || code=$?
  process=
  # Its number may have become that of another process, unless it is still a job of this shell.
  # It may end between the two, which is no failure.
  if jobs -pr | grep -qx "$watch"; then kill "$watch" 2>/dev/null || true; fi
}

code=75
for ((try = 1; try <= tries; try++)); do
  probe
  # A signal also ends the probes.
  [[ -z "$is_stopped" ]] || exit 75
  count=$(ranks)
  echo "relaunch: try $try of $tries: $count ranks${silent:+, no answer from$silent}" >&2
  if ((count > 0)); then run "$count"; else code=75; fi
  case "$code" in
  0 | 64 | 65 | 66 | 70 | 73 | 78) exit "$code" ;;
  esac
  echo "relaunch: try $try ended with $code" >&2
  [[ -z "$is_stopped" ]] || exit 75
  ! is_over || exit "$code"
  # Longer and longer, for a host may be on its way back; a signal ends the pause.
  ((try == tries)) || sleep $((try < 6 ? 2 ** (try - 1) : 30)) &
  wait $! || true
  [[ -z "$is_stopped" ]] || exit 75
done
exit "$code"
