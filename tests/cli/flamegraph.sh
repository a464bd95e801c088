thag-analyze flamegraph "$golden/v1_ended.thag"
grep -c '</svg>' v1_ended-flamegraph.svg
thag-analyze flamegraph "$golden/v1_ended.thag" && echo "overwritten"
thag-analyze flamegraph --force "$golden/v1_ended.thag"
thag-analyze flamegraph -o - --title='<&' "$golden/sample.thag" | grep -c '&lt;&amp;'
thag-analyze flamegraph --corrected --inverted --palette=hot -o x.svg "$golden/sample.thag" "$golden/sample.thag"
ls
