#!/bin/sh
# run.sh [--all] THAG_ANALYZE SCRATCH PROFILE... - every export read by other people's readers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
all=
[ "$1" = --all ] && { all=--all; shift; }
analyze=$1 scratch=$2
shift 2
python3 "$here/make_profiles.py" "$scratch/profiles"
exec python3 -B "$here/check_exports.py" $all "$analyze" "$scratch" "$@" "$scratch"/profiles/*.folded
