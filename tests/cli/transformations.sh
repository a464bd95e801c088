# Transformations are done in the order given, by every command that takes them.
cat >x.folded <<'X'
main 1
main;run;work 40
main;run;work;alloc 10
main;run;idle 49
X
thag-analyze fold --hide=run x.folded
echo
thag-analyze fold --focus=work --ignore='^alloc$' --invert x.folded
echo
thag-analyze fold --invert --ignore='^alloc$' x.folded
echo
thag-analyze fold --callers=alloc x.folded
thag-analyze fold --callees=work x.folded
thag-analyze fold --collapse-wrappers x.folded
thag-analyze fold --ignore-self=work x.folded
thag-analyze stats --csv --collapse-recursion --ignore=idle x.folded
thag-analyze flamegraph --focus=work -o - x.folded | grep -c '<title>idle'
thag-analyze fold --focus='(' x.folded
echo "exit $?"
thag-analyze fold --focus=nothing x.folded
echo "exit $?"
echo "--- in exports and pages, as in tables"
thag-analyze export --format=csv --ignore=idle --invert -o - x.folded | cut -d, -f4,7
thag-analyze export --format=chrome --focus=main "$GOLDEN/sample.thag"
thag-analyze view --focus=work -o page.html "$GOLDEN/sample.thag" && ls page.html
thag-analyze view --focus=nothing-like-it -o none.html "$GOLDEN/sample.thag"
