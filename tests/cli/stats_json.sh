thag-analyze stats --json "$GOLDEN/v1_killed.thag"
thag-analyze stats --json "$GOLDEN/sample.thag" | python3 -c '
import json, sys
f = json.load(sys.stdin)["functions"]
keys = "name calls inclusive_ns self_ns min_ns mean_ns p50_ns p95_ns p99_ns max_ns".split()
assert list(f[0])[:10] == keys, list(f[0])'
