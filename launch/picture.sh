#!/usr/bin/env bash
# Draws the picture of a report that the README shows, anew from the README's own example.
# Usage: launch/picture.sh     Writes Sources/MetaEM/MetaEM.docc/Resources/report.png; needs gnuplot and chromium.
#        launch/picture.sh REPORT.html FOLDER     Shows any report as a reader sees it: FOLDER/screen.png, and
#        FOLDER/print.pdf as a printer makes it.
set -euo pipefail

shoot() { # shoot PAGE OPTIONS..: a browser without a window
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=5000 \
    --user-data-dir="$work/profile" "${@:2}" "file://$(realpath "$1")" >"$work/browser" 2>&1 || {
    cat "$work/browser" >&2
    exit 70
  }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if (($# == 2)); then
  mkdir -p "$2"
  shoot "$1" --window-size=1000,6000 --screenshot="$2/screen.png"
  shoot "$1" --no-pdf-header-footer --print-to-pdf="$2/print.pdf"
  exit
fi

cd "$(dirname "$0")/.."
root=$PWD
swift build -c release --product giv-dist
PATH=$(swift build -c release --show-bin-path):$PATH
# The first block of the shell below the heading.
awk '/^## The effect of the treatment/ { inside = 1 } inside && /^```$/ { exit } inside && shown; /^```sh/ { shown = inside }' \
  README.md >"$work/example.sh"
(cd "$work" && bash -e example.sh >/dev/null)
shoot "$work/report.html" --window-size=1000,1800 --screenshot="$work/report.png"
cp "$work/report.png" "$root/Sources/MetaEM/MetaEM.docc/Resources/report.png"
