# What others wrote: pprof, perf script, gzipped or not; and what never ends or is no profile.
thag-analyze export --format=pprof -o p.pb.gz "$GOLDEN/v1_ended.thag"
gzip -dc p.pb.gz >p.pb
thag-analyze fold --unit=ns "$GOLDEN/v1_ended.thag" | grep -v ' 0$' >expected
for file in p.pb.gz p.pb; do thag-analyze fold --unit=ns $file | grep -v ' 0$' | cmp - expected; done
thag-analyze fold --unit=ns - <p.pb.gz | grep -v ' 0$' | cmp - expected
cat >script.txt <<'PERF'
app  1234 [001]  5000.123456:     250000 cpu-clock:u:
        55d0c0 parse+0x1f (/usr/bin/app)
        55d000 main+0x80 (/usr/bin/app)

app  1234 [001]  5000.223456:     250000 cpu-clock:u:
        55d000 main+0x80 (/usr/bin/app)
PERF
thag-analyze fold script.txt
gzip -c script.txt | thag-analyze fold -
echo "--- a trace, packed"
gzip -c "$GOLDEN/sample.thag" | thag-analyze fold --unit=ns -
echo "--- bad"
head -c 21 p.pb >cut.pb
head -c 100 p.pb.gz >cut.pb.gz
head -c 30000000 /dev/zero | gzip >zeros.gz
printf 'app 1 1.5: x:\nnonsense\n' >bad.txt
for file in cut.pb cut.pb.gz zeros.gz bad.txt /dev/zero /dev/null .; do
    thag-analyze stats "$file"
    echo "exit $?"
done
