thag-analyze nothing
thag-analyze --nothing
thag-analyze stats
thag-analyze stats --sort=size "$golden/sample.thag"
thag-analyze stats --limit=x "$golden/sample.thag"
thag-analyze stats --json --csv "$golden/sample.thag"
thag-analyze stats --filter='(' "$golden/sample.thag"
thag-analyze fold --unit=h "$golden/sample.thag"
thag-analyze flamegraph --palette=nothing "$golden/sample.thag"
