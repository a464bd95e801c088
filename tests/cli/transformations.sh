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
