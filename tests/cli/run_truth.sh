# The table against figures that were worked out from the single spans alone, by another program: calls, self
# and inclusive time (recursion once), extremes, percentiles; and after a merge those of both runs.
. "$CASES/run_lib.bash"
command -v python3 >/dev/null || exit 77
build prog -DTHAG_TIME_PROFILING <<'C'
#include "thag_profiler.h"
#include <pthread.h>
static unsigned long seed = 7;
static void spin(unsigned long n) { for (volatile unsigned long i = 0; i < n; i++) continue; }
static void leaf(unsigned n) { THAG_PROFILED(); spin(n * n / 16); }
static void again(int depth) { THAG_PROFILED(); leaf(40); if (depth) again(depth - 1); }
static void work(unsigned long *state)
{
    THAG_PROFILED();
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    leaf((unsigned)(*state >> 58));
    if (*state >> 61 == 0) again(3);
}
static void *run(void *none)
{
    unsigned long own = seed;
    THAG_PROFILED();
    for (int i = 0; i < 3000; i++) work(&own);
    return none;
}
int main(void)
{
    pthread_t thread;
    THAG_ENABLE_PROFILING(runtime);
    pthread_create(&thread, NULL, run, NULL);
    run(NULL);
    pthread_join(thread, NULL);
    return 0;
}
C
cat >truth.py <<'PY'
import json, sqlite3, sys
from collections import defaultdict
calls, self_ns, inclusive, durations = (defaultdict(int), defaultdict(int), defaultdict(int), defaultdict(list))
for path in sys.argv[2:]:
    db = sqlite3.connect(path)
    parent = dict(db.execute("SELECT id, parent FROM nodes"))
    name = dict(db.execute("SELECT nodes.id, name FROM nodes JOIN functions ON function = functions.id"))
    def above(node):
        while (node := parent[node]) is not None:
            yield name[node]
    topmost = {n: name[n] not in above(n) for n in parent}
    for node, duration in db.execute("SELECT node, duration_ns FROM spans"):
        calls[name[node]] += 1
        durations[name[node]].append(duration)
        self_ns[name[node]] += duration
        if parent[node] is not None:
            self_ns[name[parent[node]]] -= duration
        if topmost[node]:
            inclusive[name[node]] += duration
rows = {r["name"]: r for r in json.load(open(sys.argv[1]))["functions"]}
print("functions", rows.keys() == calls.keys(), sorted(rows))
for function, row in sorted(rows.items()):
    times = sorted(durations[function])
    def near(key, value, share, slack):
        if abs(row[key] - value) > share * value + slack:
            print(f"{function} {key}: {row[key]} is not {value}")
    assert row["calls"] == calls[function], function
    # A span is rounded by itself, a counter once.
    near("self_ns", self_ns[function], 0, sum(calls.values()))
    near("inclusive_ns", inclusive[function], 0, 2 * calls[function] + 2)
    near("min_ns", times[0], 0, 2)
    near("max_ns", times[-1], 0, 2)
    near("mean_ns", sum(times) / len(times), 0, 3)
    # A histogram cannot tell more than its buckets, a percentile no more than its neighbours.
    for key, share in ("p50_ns", 0.50), ("p95_ns", 0.95), ("p99_ns", 0.99):
        rank = share * len(times)
        low, high = times[max(int(rank) - 2, 0)], times[min(int(rank) + 2, len(times) - 1)]
        if not 0.96 * low - 1 <= row[key] <= 1.04 * high + 1:
            print(f"{function} {key}: {row[key]} is not between {low} and {high}")
    print(function, row["calls"] if function != "main" else "-")
PY
for run in a b; do
    thag-run -q -o $run ./prog >said 2>&1 || cat said
    thag-analyze export --format=sqlite-timeline -o $run.db $run/*.thag
done
echo "one run"
thag-analyze stats --raw --json a/*.thag >a.json
python3 truth.py a.json a.db
echo "two, merged into a file"
thag-analyze merge -o ab.thag a/*.thag b/*.thag
thag-analyze stats --raw --json ab.thag >ab.json
python3 truth.py ab.json a.db b.db
echo "filtered into a file"
thag-analyze filter --ignore=again -o part.thag a/*.thag
diff <(thag-analyze stats --raw --json part.thag) <(thag-analyze stats --raw --json --ignore=again a/*.thag)
