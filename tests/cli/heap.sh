trace=$GOLDEN/v1_heap.thag
LC_ALL=C thag-analyze heap --width=70 "$trace"
LC_ALL=C.UTF-8 thag-analyze heap --width=50 --from=40ms --to=60ms "$trace"
thag-analyze heap --width=40 --to=3600s "$trace" | tail -3 | head -1
thag-analyze heap --csv "$trace" | sed -n '1,4p;$p'
thag-analyze heap --json "$trace" | grep -E 'peak|live|slice_ns|step'
thag-analyze heap --svg "$trace" && grep -c '<path class="most"' v1_heap-heap.svg
thag-analyze flamechart -o chart.svg "$trace" && grep -o 'live heap, [^<]*at most</text>' chart.svg
thag-analyze export --format=chrome -o - "$trace" | grep -c '"live heap"'
thag-analyze heap "$GOLDEN/v1_ended.thag"; echo $?
thag-analyze heap --from=2s "$trace"; echo $?
thag-analyze heap --from=2ms --to=1ms "$trace"; echo $?
thag-analyze heap --svg --csv "$trace"; echo $?
thag-analyze heap "$trace" "$GOLDEN/v1_ended.thag"; echo $?
