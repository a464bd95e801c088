thag-analyze stats "$golden/sample.thag" >/dev/full
echo "exit $?" >&2
thag-analyze flamegraph -o /dev/full "$golden/sample.thag"
echo "exit $?" >&2
thag-analyze flamegraph -o missing/x.svg "$golden/sample.thag"
echo "exit $?" >&2
