#!/usr/bin/env bash
# Checks that the program's ranks find each other: `giv-dist info` on several ranks must count them all.
# Usage: launch/test-mpi.sh [RANKS]     2 by default. With HOSTS=FILE the ranks run on the hosts of that file.
set -euo pipefail
cd "$(dirname "$0")/.."

ranks=${1-2}
command -v mpirun >/dev/null || { echo "test-mpi: no mpirun here: run launch/setup.sh" >&2; exit 78; }
giv_dist=$(swift build -c release --show-bin-path)/giv-dist
[[ -x "$giv_dist" ]] || { echo "test-mpi: no $giv_dist: run make build" >&2; exit 78; }

mpirun --version | head -n 1
if [[ -n "${HOSTS-}" ]]; then
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  information=$(mpirun --hostfile "$HOSTS" -n "$ranks" "$giv_dist" info)
else
  information=$(launch/local.sh "$ranks" "$giv_dist" info)
fi
echo "$information"
# Ranks that were started by another MPI than the one they are linked with each believe they are alone.
if grep -Eiq "ranks\"?[^0-9]*$ranks([^0-9]|\$)" <<<"$information"; then
  echo "test-mpi: $ranks ranks found each other"
else
  echo "test-mpi: the program does not see $ranks ranks: is mpirun of the same Open MPI that it is linked with?" >&2
  exit 78
fi
