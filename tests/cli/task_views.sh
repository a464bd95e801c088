# A run without tasks has nothing to show of them; what cannot be had together is said.
cp "$GOLDEN/v1_ended.thag" t.thag
for options in --waiting --wall "--instances=2" "--waiting --wall" "--waiting --instances=2" \
    "--wall --from=1ms" "--instances=0" "--instances=x"; do
    # shellcheck disable=SC2086 # several options
    thag-analyze fold $options t.thag >out
    echo "$options: exit $?, $(wc -l <out) lines"
done
printf 'a 1\n' >x.folded
thag-analyze stats --waiting x.folded
echo "exit $?"
# Every command that shows call paths has them.
cp t.thag u.thag
thag-analyze view --wall t.thag
thag-analyze view --wall --before u.thag t.thag
thag-analyze diff --wall t.thag u.thag | sed -n 3p
thag-analyze diff --waiting t.thag u.thag
thag-analyze export --instances=2 t.thag
thag-analyze export --wall --format=chrome t.thag
thag-analyze filter --wall t.thag | wc -l
thag-analyze merge --wall t.thag u.thag | wc -l
thag-analyze tui --wall t.thag
thag-analyze flamegraph --instances=3 t.thag t.thag
echo "exit $?"
