#!/usr/bin/env bash
# A real Slurm on the hosts of launch/cluster.sh. Needs root, slurmctld, slurmd, slurm-client and munge. The controller runs
# on the head node, so that any host may be lost.
#
# Usage: launch/slurm-cluster.sh up FOLDER HOSTS CPUS   its state goes into FOLDER, which must be there
#        launch/slurm-cluster.sh run FOLDER COMMAND..   runs a command on the head node, such as sbatch
#        launch/slurm-cluster.sh start FOLDER HOST      starts slurmd on a host that was booted again
#        launch/slurm-cluster.sh down FOLDER            ends it, and the hosts
#
# CLUSTER names the hosts as for cluster.sh.
set -euo pipefail

prefix=${CLUSTER-node}
cluster=$(dirname "$(readlink -f "$0")")/cluster.sh

fail() {
  echo "slurm-cluster: $2" >&2
  exit "$1"
}

usage() {
  sed -n '/^# Usage/,/^#$/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
  exit 64
}

up() {
  local hosts=$1 cpus=$2 index waits=0
  mkdir "$folder/state"
  cat >"$folder/slurm.conf" <<END
ClusterName=giv
SlurmctldHost=$prefix-head
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that is queued again waits as long as its old credentials hold.
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
TmpFS=$folder/temporary.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,sched_min_interval=0
# A host that comes back may be used again.
ReturnToService=2
SlurmdTimeout=20
SlurmctldTimeout=20
KillWait=5
MpiDefault=pmix
# Hosts that share this machine each claim cores of their own.
SlurmdParameters=config_overrides
NodeName=$prefix[0-$((hosts - 1))] CPUs=$cpus RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=60 State=UP
END
  # proctrack/linuxproc asks for the plugin all the same.
  echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
  (umask 077 && head --bytes=1024 /dev/urandom >"$folder/munge.key")
  munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munged.seed" 2>"$folder/munged.err" \
    || fail 70 "munged does not start: $(cat "$folder/munged.err")"
  "$cluster" up "$hosts"
  "$cluster" head slurmctld -c </dev/null
  for ((index = 0; index < hosts; index++)); do start "$prefix$index"; done
  until [[ "$("$cluster" head sinfo --noheader --states=idle --format=%D 2>/dev/null)" == "$hosts" ]]; do
    ((++waits < 300)) || { tail -n 5 "$folder"/*.log >&2; fail 70 "the hosts do not become idle in 30 s"; }
    sleep 0.1
  done
}

start() {
  mkdir -p "$folder/spool.$1" "$folder/temporary.$1"
  "$cluster" run "$1" slurmd </dev/null
}

# Ends a daemon of this machine that wrote its number, unless that has become another's.
end() {
  local number
  number=$(cat "$folder/$1.pid" 2>/dev/null) || return 0
  [[ "$(cat "/proc/$number/comm" 2>/dev/null)" != "$1" ]] || kill -KILL "$number"
}

down() {
  # The controller first, which would queue the jobs of lost hosts again.
  end slurmctld
  "$cluster" down
  end munged
}

(($# >= 2)) || usage
command=$1 folder=$2
shift 2
((EUID == 0)) || fail 78 "only root can make hosts"
for tool in slurmctld slurmd sbatch munged; do
  command -v "$tool" >/dev/null || fail 78 "no $tool here: install slurmctld slurmd slurm-client munge"
done
[[ -d "$folder" ]] || fail 66 "there is no folder $folder"
export SLURM_CONF=$folder/slurm.conf
case "$command:$#" in
up:2) up "$@" ;;
run:0) usage ;;
run:*) exec "$cluster" head "$@" ;;
start:1) start "$1" ;;
down:0) down ;;
*) usage ;;
esac
