thag-analyze flamegraph "$GOLDEN/v1_ended.thag"
grep -c '</svg>' v1_ended-flamegraph.svg
thag-analyze flamegraph "$GOLDEN/v1_ended.thag" && echo "overwritten"
thag-analyze flamegraph --force "$GOLDEN/v1_ended.thag"
thag-analyze flamegraph -o - --title='<&' "$GOLDEN/sample.thag" | grep -c '&lt;&amp;'
cp "$GOLDEN/sample.thag" again.thag
thag-analyze flamegraph --corrected --inverted --palette=hot -o x.svg "$GOLDEN/sample.thag" again.thag
rm again.thag
ls
