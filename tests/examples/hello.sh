#!/bin/bash
# hello.sh - the five-minute program: 242,785 calls of fib(25), not one less.
# usage: hello.sh PLAIN PROFILED THAG_ANALYZE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$1" >plain.txt
"$2" >profiled.txt
diff plain.txt profiled.txt
"$3" stats --json hello_profiled-*.thag >stats.json
python3 - <<'PYTHON'
import json

calls = {f["name"]: f["calls"] for f in json.load(open("stats.json"))["functions"]}
assert calls == {"main": 1, "compute": 1, "fib": 242785}, calls
PYTHON
