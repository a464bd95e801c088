# Who frees what, of one trace and of two, transformed; a trace that is made by hand, sampled.
trace=$GOLDEN/pools.thag
cp "$trace" again.thag
for format in "" --csv --json; do thag-analyze frees $format "$trace"; done
thag-analyze frees "$trace" again.thag
thag-analyze frees --hide=. --csv "$trace"
thag-analyze frees --ignore=work "$trace"; echo $?
thag-analyze frees --invert "$trace"; echo $?
thag-analyze frees --detail "$GOLDEN/v1_heap.thag"; echo $?
echo 'main;work 3' >stacks.folded
thag-analyze frees stacks.folded; echo $?
thag-analyze pools "$trace"
thag-analyze sizes --pool=cells "$trace"
