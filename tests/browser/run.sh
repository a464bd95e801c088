#!/bin/sh
# run.sh TEST DRAW_SVG SCRATCH - one of the browser tests. 77 (skipped) where there is no node or no
# browser.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export THAG_DRAW_SVG="$2" THAG_SCRATCH="$3"
export THAG_CHROMIUM="${THAG_CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}"
export THAG_MODULES="$THAG_SCRATCH"

if [ -z "$THAG_CHROMIUM" ] || ! command -v npm >/dev/null; then
    echo "skipped: needs chromium, nodejs and npm (apt-get install chromium nodejs npm)"
    exit 77
fi
mkdir -p "$THAG_SCRATCH"
if ! cmp -s "$here/package-lock.json" "$THAG_SCRATCH/package-lock.json" ||
        [ ! -d "$THAG_SCRATCH/node_modules" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$THAG_SCRATCH/"
    if ! (cd "$THAG_SCRATCH" && npm ci --silent); then
        rm -f "$THAG_SCRATCH/package-lock.json"
        echo "skipped: npm could not install playwright-core"
        exit 77
    fi
fi
exec node --test "$here/$1.test.mjs"
