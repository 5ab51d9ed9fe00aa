#!/bin/sh
# Writes a Swift file that tells the commit which is built: that of GIV_COMMIT, or what git says, or 'unknown'.
# Usage: launch/commit.sh FILE   (called by every build)
cd "$(dirname "$0")/.." || exit
commit=${GIV_COMMIT-$(git describe --always --dirty --exclude '*' --abbrev=12 2>/dev/null)}
text="let stampedCommit = \"${commit:-unknown}\""
[ "$(cat "$1" 2>/dev/null)" = "$text" ] || echo "$text" >"$1"
