#!/usr/bin/env bash
# Makes a tarball of the installed program for Debian 12 machines without Swift, in .build/dist.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf .build/dist
mkdir -p .build/dist
make --no-print-directory install-files PREFIX=/giv-dist DESTDIR=.build/dist
version=$(.build/dist/giv-dist/bin/giv-dist --version | head -n 1)
name=giv-dist-${version%% *}-debian12-$(uname --machine)
mv .build/dist/giv-dist ".build/dist/$name"
cat >".build/dist/$name/INSTALL" <<END
giv-dist ${version%% *} for Debian 12, $(uname --machine). What it needs:

  apt-get install openmpi-bin libhdf5-103-1 libopenblas0-pthread libssl3 zlib1g libcurl4

Pictures of reports are drawn by gnuplot-nox, those of causal graphs by graphviz, if they are there.

Then put this folder where you like, and either add its bin to PATH and its share/man to MANPATH, or
"module use" its share/modulefiles. Try: giv-dist --version; mpirun -n 2 giv-dist info
END
tar --create --xz --file ".build/dist/$name.tar.xz" --owner=0 --group=0 --sort=name --directory .build/dist "$name"
echo "made .build/dist/$name.tar.xz, $(du --human-readable ".build/dist/$name.tar.xz" | cut -f1)"
