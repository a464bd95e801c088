thag-analyze flamechart "$GOLDEN/v1_ended.thag"
grep -c '</svg>' v1_ended-flamechart.svg
thag-analyze flamechart -o - --title='<&' "$GOLDEN/sample.thag" | grep -c '&lt;&amp;'
thag-analyze flamechart -o - "$GOLDEN/killed.thag" | grep -o '<title>[^<]*still running[^<]*' | sed 's/[0-9][0-9.]* [mnµ]*s/TIME/g'
thag-analyze flamechart -o - --threads=1,nobody "$GOLDEN/sample.thag"; echo "$?"
thag-analyze flamechart -o - --from=5 "$GOLDEN/sample.thag"; echo "$?"
thag-analyze flamechart -o - --from=5ms --to=5000us "$GOLDEN/sample.thag"; echo "$?"
thag-analyze flamechart -o - "$GOLDEN/sample.thag" "$GOLDEN/killed.thag"; echo "$?"
echo 'a;b 1' | thag-analyze flamechart -o - -; echo "$?"
