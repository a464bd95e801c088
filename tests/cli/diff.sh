printf 'main 100\nmain;f 50\nmain;g 5\n' >a.folded
printf 'main 90\nmain;f 80\nmain;h 7\n' >b.folded
thag-analyze diff a.folded b.folded
cp a.folded same.folded
thag-analyze diff a.folded same.folded
thag-analyze diff --by=inclusive --normalised --limit=2 a.folded b.folded
thag-analyze diff --csv b.folded a.folded
thag-analyze diff --json --focus=f a.folded b.folded
for i in 1 2 3; do
    sed "s/80/8$i/; s/90/9$((4 - i))/" b.folded >"b$i.folded"
    sed "s/100/9$((i * 3))/" a.folded >"a$i.folded"
done
thag-analyze diff a[123].folded vs b[123].folded --fail-over=3
echo "exit $?"
thag-analyze diff --fail-over=5% --each a.folded b.folded >/dev/null
echo "exit $?"
thag-analyze diff --fail-over=5% b.folded a.folded >/dev/null
echo "exit $?"
thag-analyze diff a.folded
thag-analyze diff a.folded b.folded same.folded
thag-analyze diff --fail-over=much a.folded b.folded
thag-analyze diff a.folded "$GOLDEN/sample.thag"
thag-analyze diff --flamegraph a.folded b.folded
grep -o '<title>.*</title><rect class="[a-z0-9]*"' b-diff.svg
thag-analyze diff --flamegraph --widths=before -o before.svg a.folded b.folded
grep -o '<title>.*</title><rect class="[a-z0-9]*"' before.svg
thag-analyze diff --flamegraph -o same.svg a.folded same.folded
grep -c 'class="[gs][1-4]"' same.svg
