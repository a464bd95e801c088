thag-analyze nothing
thag-analyze --nothing
thag-analyze stats
thag-analyze stats --sort=size "$GOLDEN/sample.thag"
thag-analyze stats --limit=x "$GOLDEN/sample.thag"
thag-analyze stats --json --csv "$GOLDEN/sample.thag"
thag-analyze stats --filter='(' "$GOLDEN/sample.thag"
thag-analyze fold --unit=h "$GOLDEN/sample.thag"
thag-analyze flamegraph --palette=nothing "$GOLDEN/sample.thag"
thag-analyze stats --nothing
cp "$GOLDEN/sample.thag" sample.thag
thag-analyze sample.thag
