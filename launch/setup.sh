#!/usr/bin/env bash
# Installs what building and testing need: Debian packages when missing, and pinned Python packages in .venv.
# Usage: launch/setup.sh [--bench | --program | --slurm | --image]
#   --bench    adds the programs that `make bench` compares with
#   --program  leaves out the packages of Python and R and the browser, which only tests need
#   --slurm    that, and adds what `make test-slurm` needs
#   --image    that, and adds what `make test-image` needs
# Does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  make pkg-config openmpi-bin libopenmpi-dev libopenblas-dev libhdf5-dev libssl-dev zlib1g-dev gnuplot-nox graphviz)
requirements=(Tests/requirements.txt)
case "${1-}" in
"") packages+=(chromium r-base-core r-cran-hdf5r) ;;
--bench) requirements+=(bench/requirements.txt) ;;
--program) requirements=() ;;
--slurm) requirements=() packages+=(slurmctld slurmd slurm-client munge iproute2 procps) ;;
--image) requirements=() packages+=(buildah mmdebstrap) ;;
esac
((${#requirements[@]} == 0)) || packages+=(python3-venv)

fail() {
  echo "setup: $1" >&2
  exit 78
}

# Without apt the same libraries may come from elsewhere; pkg-config and the commands tell.
without_apt() {
  local tool
  for tool in make pkg-config mpirun; do
    command -v "$tool" >/dev/null || return 1
  done
  pkg-config --exists ompi-c openblas hdf5 libcrypto zlib
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    without_apt || fail "no apt here: install make, pkg-config, Open MPI, OpenBLAS, HDF5, OpenSSL and zlib with their headers"
    return 0
  fi
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local administrator=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      without_apt && return 0
      fail "ask an administrator to run: apt-get install ${missing[*]}"
    fi
    administrator=(sudo)
  fi
  echo "setup: installing ${missing[*]}"
  # sudo clears the environment, so the setting goes through env.
  "${administrator[@]}" apt-get update --quiet
  "${administrator[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# A stamp per file of requirements holds what was installed; the same text again means nothing to do.
install_python_packages() {
  local file stamp
  for file in "${requirements[@]}"; do
    stamp=.venv/${file//\//-}
    cmp --silent "$file" "$stamp" && continue
    if [[ ! -x .venv/bin/pip ]]; then
      python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed"
      python3 -m venv --clear .venv
    fi
    echo "setup: installing the Python packages of $file"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$file"
    cp "$file" "$stamp"
  done
}

command -v swift >/dev/null || fail "no swift here: install Swift 6.3 or later from https://www.swift.org/install"
install_packages
install_python_packages
