#!/usr/bin/env bash
# Runs a command on several ranks of this machine, as root too, and on more ranks than it has cores.
# Usage: launch/local.sh RANKS COMMAND [ARGUMENT..]
# Ends with the exit code of the command.
set -euo pipefail

if (($# < 2)) || ! [[ "$1" =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: launch/local.sh RANKS COMMAND [ARGUMENT..]" >&2
  exit 64
fi
ranks=$1
shift
command -v mpirun >/dev/null || { echo "local: no mpirun here: run launch/setup.sh" >&2; exit 78; }

# Open MPI counts cores, not hardware threads, and only those that this process may use.
allowed=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
cores=$(lscpu --parse=cpu,core,socket 2>/dev/null | awk -F, -v allowed="$allowed" '
  BEGIN {
    for (count = split(allowed, ranges); count > 0; count--) {
      ends = split(ranges[count], range, "-")
      for (cpu = range[1]; cpu <= range[ends]; cpu++) mine[cpu + 0]
    }
  }
  !/^#/ && ($1 + 0) in mine && !seen[$2, $3]++ { cores++ }
  END { print cores + 0 }' || true)
((cores >= 1)) || cores=$(nproc)

# The ranks are the parallel work: a BLAS with threads of its own would fight them for the cores.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
options=()
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if ((ranks > cores)); then
  # Waiting ranks must yield, or those that have work wait for a time slice (32 ms instead of 20 us for a reduction).
  export OMPI_MCA_mpi_yield_when_idle=1
  options+=(--oversubscribe --bind-to none)
fi
# Containers forbid reading another process's memory, and Open MPI would complain at every large message.
if [[ -e /.dockerenv || -e /run/.containerenv ]]; then
  export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism-none}"
fi
exec mpirun -n "$ranks" "${options[@]}" "$@"
