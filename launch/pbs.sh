#!/usr/bin/env bash
# A run of giv-dist under PBS Professional or OpenPBS. Two minutes before the job's time is over the run saves, and the
# job is queued again and goes on where it stopped.
#
# Usage: qsub -v COMMAND="train shards --groups 3 --out run" [OPTION..] pbs.sh
#   qsub -l select=8:ncpus=32:mpiprocs=32 -l walltime=12:00:00 -v COMMAND="..." pbs.sh
#
# Shards and the folder of --out must be in folders that all nodes see. --resume is added to the command.
# GIV_DIST is the program, `giv-dist` of the PATH by default.
#PBS -N giv-dist
#PBS -l select=1:ncpus=8:mpiprocs=8
#PBS -l walltime=04:00:00
#PBS -r y
#PBS -j oe
set -uo pipefail

[[ -n "${COMMAND-}" ]] || { sed -n '/^# Usage/,/^#$/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 64; }
cd "${PBS_O_WORKDIR-.}" || exit 66
read -ra command <<<"$COMMAND"
[[ " $COMMAND " == *" --resume "* || " $COMMAND " == *" --force "* ]] || command+=(--resume)

# PBS has no signal before the end: the run is told to stop in time by the script itself.
seconds=$(qstat -f "${PBS_JOBID-}" 2>/dev/null | awk -F'= ' '/Resource_List.walltime/ {split($2, t, ":"); print t[1] * 3600 + t[2] * 60 + t[3]}')
# Hands lines on; fails unless one of them says that processes of another start hold the run.
tells_of_another() {
  local line code=1
  while IFS= read -r line || [[ -n "$line" ]]; do
    printf '%s\n' "$line"
    [[ "$line" != *": another run is going on there"* ]] || code=0
  done
  return "$code"
}
exec {errors}> >(tells_of_another >&2)
reader=$!
# Debian's Open MPI does not know PBS: it takes the hosts from a file.
mpirun --hostfile "${PBS_NODEFILE?is set by PBS}" "${GIV_DIST-giv-dist}" "${command[@]}" 2>&"$errors" {errors}>&- &
job=$!
exec {errors}>&-
if [[ -n "$seconds" ]] && ((seconds > 180)); then
  (sleep $((seconds - 120)) && kill -USR1 "$job") 2>/dev/null &
  timer=$!
fi
wait "$job"
code=$?
[[ -z "${timer-}" ]] || kill "$timer" 2>/dev/null

# 75 says that trying again will do; PBS runs the same job anew.
((code == 75)) || exit "$code"
if wait "$reader"; then
  # As after a host was cut off, whose processes hold the run until their --stall-timeout: a job that is run again at once
  # would be refused many times.
  echo "pbs.sh: refused with 75, for another start or job holds the run; is run again in a minute" >&2
  sleep 60
fi
qrerun "$PBS_JOBID" && exit 0
exit "$code"
