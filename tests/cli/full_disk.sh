thag-analyze stats "$GOLDEN/sample.thag" >/dev/full
echo "exit $?" >&2
thag-analyze flamegraph -o /dev/full "$GOLDEN/sample.thag"
echo "exit $?" >&2
thag-analyze flamegraph -o missing/x.svg "$GOLDEN/sample.thag"
echo "exit $?" >&2
