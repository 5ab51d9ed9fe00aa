#!/usr/bin/env bash
# Puts the program below a prefix, or takes away what was put there.
# Usage: launch/install.sh PROGRAM MANUALS  (PREFIX and DESTDIR from the environment; /usr/local and nothing by default)
#        launch/install.sh --remove
#   PROGRAM  the executable, with the Swift runtime inside
#   MANUALS  the folder of its manual pages
# DESTDIR goes before PREFIX for who packs: what is installed does not know it.
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
[[ "$prefix" == /* ]] || { echo "install: PREFIX must begin with /, not be $prefix" >&2; exit 64; }
root=${DESTDIR-}$prefix
share=$root/share
list=$share/giv-dist/files

if [[ "${1-}" == --remove ]]; then
  [[ -r "$list" ]] || { echo "install: nothing is installed in $root" >&2; exit 66; }
  while IFS= read -r file; do rm -f "$root/$file"; done <"$list"
  rm -f "$list"
  # Folders of its own, where nothing else came into them.
  rmdir --ignore-fail-on-non-empty "$share/giv-dist" "$share/doc/giv-dist" "$share/modulefiles/giv-dist" 2>/dev/null || true
  exit 0
fi
(($# == 2)) || { sed -n '/^# Usage/,/^# DESTDIR/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 64; }
program=$1 manuals=$2
version=$("$program" --version | head -n 1)

files=()
# put MODE SOURCE PLACE
put() {
  install -D --mode="$1" "$2" "$root/$3"
  files+=("$3")
}
# made PLACE, from standard input
made() {
  install -D --mode=644 /dev/stdin "$root/$1"
  files+=("$1")
}

put 755 "$program" bin/giv-dist
strip "$root/bin/giv-dist"
for page in "$manuals"/*.1; do put 644 "$page" "share/man/man1/${page##*/}"; done
made share/bash-completion/completions/giv-dist < <("$program" --generate-completion-script bash)
made share/zsh/site-functions/_giv-dist < <("$program" --generate-completion-script zsh)
made share/fish/vendor_completions.d/giv-dist.fish < <("$program" --generate-completion-script fish)
for script in slurm.sbatch pbs.sh relaunch.sh; do put 755 "launch/$script" "share/giv-dist/$script"; done
for file in hosts.example mpijob.yaml train.yaml effect.yaml; do put 644 "launch/$file" "share/giv-dist/$file"; done
for file in README.md CHANGELOG.md LICENSE CITATION.cff; do put 644 "$file" "share/doc/giv-dist/$file"; done
made "share/modulefiles/giv-dist/$version" <<END
#%Module1.0
module-whatis "giv-dist $version: cause and effect in data fused from many institutions, over MPI ranks"
conflict giv-dist
# Wherever the folder lies.
set root [file normalize [file join [file dirname \$ModulesCurrentModulefile] ../../..]]
prepend-path PATH \$root/bin
prepend-path MANPATH \$root/share/man
END
files+=(share/giv-dist/files)
printf '%s\n' "${files[@]}" >"$list"
echo "installed giv-dist $version in $root: program, manual, completions, module file, launch scripts"
