# The parts of a run add up to the whole, which is that of the counters.
cp "$GOLDEN/v1_ended.thag" t.thag
fold() { thag-analyze fold --unit=ns "$@" t.thag; }
sum() { awk '{ s += $NF } END { printf "%d\n", s }'; }
fold >whole
fold --from=0ns --to=1000s >all
# The counters subtract in ticks, the timeline in ns.
paste -d' ' whole all | awk '{ d = $(NF / 2) - $NF; if (d < -200 || d > 200) print }'
wc -l <whole
for at in 1ms 2050us 2.1ms 2150us 2200000ns; do
    { fold --to=$at; fold --from=$at; } 2>>none | sum
done | sort -u >sums
[ "$(wc -l <sums)" -eq 1 ] || cat sums
wc -l <none
[ "$(cat sums)" -eq "$(sum <all)" ] || echo "not $(sum <all): $(cat sums)"
fold --by-thread | sed 's/(.*)/(N)/; s/;.*//' | sort | uniq -c
fold --threads='*' | cmp - all
fold --threads=none,0
echo "exit $?"
fold --from=2s --to=1s
echo "exit $?"
fold --from=100s
echo "exit $?"
thag-analyze stats --from=1ns --csv t.thag | cut -d, -f1,2,5,7 | head -n 3
printf 'a 1\n' >x.folded
thag-analyze stats --to=1s x.folded
echo "exit $?"
thag-analyze stats --to=soon t.thag
# The flamechart leaves out what the filters drop.
for filter in --ignore=fib --ignore-self=fib --focus=fib --ignore-self=main '--ignore=('; do
    thag-analyze flamechart --force -o c.svg "$filter" t.thag
    echo "$filter: $(grep -c '<title>fib' c.svg) fib, $(grep -c '<title>main' c.svg) main"
done
