#!/usr/bin/env bash
# A cluster on one machine, to try what happens when hosts fail: each host has a network, process numbers and a name of
# its own (Linux namespaces) and hangs on a switch; all see the machine's files. Needs root and iproute2; no packet
# leaves the machine.
#
# Usage: launch/cluster.sh up N               makes hosts node0, node1, … and a head node that runs no ranks
#        launch/cluster.sh head COMMAND..     runs a command in the network of the head node, such as mpirun
#        launch/cluster.sh run HOST COMMAND.. runs a command on a host
#        launch/cluster.sh agent HOST LINE    the same as rsh would, for Open MPI's plm_rsh_agent and relaunch.sh --agent
#        launch/cluster.sh cut HOST           pulls its network cable; nobody is told
#        launch/cluster.sh heal HOST          plugs it in again
#        launch/cluster.sh crash HOST         pulls its power cable
#        launch/cluster.sh boot HOST          switches it on again
#        launch/cluster.sh down               removes everything
#
# CLUSTER names the hosts (node by default), so that several clusters can stand side by side. mpirun needs
# OMPI_MCA_plm_rsh_agent="launch/cluster.sh agent" OMPI_MCA_plm_rsh_no_tree_spawn=1.
set -euo pipefail

prefix=${CLUSTER-node}
state=/run/giv-cluster-$prefix
switch=$prefix-switch
head=$prefix-head

fail() {
  echo "cluster: $2" >&2
  exit "$1"
}

usage() {
  sed -n '/^# Usage/,/^# CLUSTER/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
  exit 64
}

port() { echo "p${1#"$prefix"}"; }

# Puts a network on the switch. Its cable has the ends eth0 there and $3 at the switch.
connect() {
  local name=$1 address=$2 port=$3
  ip netns add "$name"
  ip -n "$name" link set lo up
  ip -n "$name" link add eth0 type veth peer name "$port" netns "$switch"
  ip -n "$switch" link set "$port" master bridge up
  ip -n "$name" address add "10.77.0.$address/24" dev eth0
  ip -n "$name" link set eth0 up
  # `ip netns exec` puts these files over those of /etc.
  mkdir -p "/etc/netns/$name"
  cp "$state/hosts" "/etc/netns/$name/hosts"
}

# The first process of a host holds its process numbers, name and mounts; when it is killed all others die with it.
boot() {
  local host=$1
  # What programs left in their temporary folder would be taken for that of living ones, for process numbers come again.
  rm -rf "$state/$host.up" "$state/$host.tmp"
  mkdir "$state/$host.tmp"
  ip netns exec "$host" unshare --uts --pid --mount --fork --kill-child --mount-proc bash -c "
    hostname $host
    mount -t tmpfs none /dev/shm
    touch $state/$host.up
    trap : CHLD
    while :; do sleep 3600 & wait; done" </dev/null &>/dev/null &
  echo $! >"$state/$host.pid"
  await "$host does not start" test -e "$state/$host.up"
}

plug_in() {
  ip -n "$switch" link set "$(port "$1")" up
  await "$1 does not reach the head node" reaches_head "$1"
}

# A port where nobody listens refuses at once, if packets get there and back.
reaches_head() {
  local answer
  answer=$(LC_ALL=C ip netns exec "$1" timeout 1 bash -c "</dev/tcp/$head/9" 2>&1 || true)
  [[ "$answer" == *refused* ]]
}

await() {
  local message=$1 waits=0
  shift
  until "$@"; do
    ((++waits < 500)) || fail 70 "$message"
    sleep 0.02
  done
}

# The first process of a host, as the machine numbers it.
first_process() {
  local outer
  outer=$(cat "$state/$1.pid" 2>/dev/null) || fail 64 "there is no host $1"
  # A host that is down has none, and the number may have become that of another process.
  [[ "$(cat "/proc/$outer/comm" 2>/dev/null)" == unshare ]] || fail 75 "$1 is down"
  awk '{ print $1 }' "/proc/$outer/task/$outer/children" 2>/dev/null || fail 75 "$1 is down"
}

up() {
  local count=$1 index
  [[ "$count" =~ ^[1-9][0-9]?$ ]] || usage
  mkdir "$state" 2>/dev/null || fail 73 "a cluster is up; first launch/cluster.sh down"
  {
    echo "127.0.0.1 localhost"
    echo "10.77.0.254 $head"
    for ((index = 0; index < count; index++)); do echo "10.77.0.$((index + 1)) $prefix$index"; done
  } >"$state/hosts"
  ip netns add "$switch"
  ip -n "$switch" link add bridge type bridge
  ip -n "$switch" link set bridge up
  connect "$head" 254 head
  for ((index = 0; index < count; index++)); do
    connect "$prefix$index" $((index + 1)) "p$index"
    boot "$prefix$index"
    plug_in "$prefix$index"
  done
}

run() {
  local host=$1 process
  shift
  process=$(first_process "$host")
  export TMPDIR=$state/$host.tmp
  exec nsenter --target "$process" --mount --uts --net --pid --wd="$PWD" "$@"
}

# What a remote shell would do: a host whose cable is out cannot be reached.
agent() {
  while [[ "$1" == -* ]]; do shift; done
  local host=$1
  shift
  ip -n "$switch" link show "$(port "$host")" 2>/dev/null | grep -q 'state UP' || fail 255 "$host: no route to host"
  run "$host" sh -c "$*"
}

down() {
  local file network
  for file in "$state"/*.pid; do
    [[ -e "$file" ]] || continue
    kill_host "$(basename "$file" .pid)" 2>/dev/null || true
  done
  for network in $(ip netns list | awk '{ print $1 }'); do
    [[ "$network" == "$switch" || "$network" == "$head" || "$network" =~ ^"$prefix"[0-9]+$ ]] || continue
    ip netns delete "$network"
    rm -rf "/etc/netns/$network"
  done
  rmdir /etc/netns 2>/dev/null || true
  rm -rf "$state"
}

kill_host() { kill -KILL "$(first_process "$1")"; }

(($# >= 1)) || usage
command=$1
shift
((EUID == 0)) || fail 78 "only root can make hosts"
command -v ip >/dev/null || fail 78 "no ip here: install iproute2"
case "$command:$#" in
up:1) up "$1" ;;
head:0 | run:[01] | agent:[01]) usage ;;
head:*)
  # The processes of the machine stay in sight: the head node reaches into the others.
  exec ip netns exec "$head" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$head" "$@"
  ;;
run:*) run "$@" ;;
agent:*) agent "$@" ;;
cut:1) ip -n "$switch" link set "$(port "$1")" down ;;
heal:1) plug_in "$1" ;;
crash:1)
  # The cable first: a host without power says goodbye to nobody.
  ip -n "$switch" link set "$(port "$1")" down
  kill_host "$1"
  ;;
boot:1)
  boot "$1"
  plug_in "$1"
  ;;
down:0) down ;;
*) usage ;;
esac
