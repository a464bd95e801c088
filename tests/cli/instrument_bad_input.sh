# What cannot be done is said, and nothing is half done.
run() { "$@"; echo "status $?"; }
echo 'int f(void) { return 1; }' >a.c
cp a.c b.c
run thag-instrument missing.c
run thag-instrument a.c b.c
run thag-instrument .
mkdir empty
run thag-instrument -n empty
run thag-instrument c12 <a.c
run thag-instrument --std=c12 <a.c
run thag-instrument --mode='a); b(' <a.c
run thag-instrument --header=x.h <a.c
run thag-instrument --regex='(' <a.c
run thag-instrument --in-place <a.c
run thag-instrument --diff --check a.c
run thag-instrument --json a.c
run thag-instrument --profile=missing.thag a.c
run thag-instrument --profile=a.c a.c
chmod a-w a.c
run thag-instrument -i a.c b.c missing.c
grep -c THAG a.c b.c
echo '[{"file": 1}]' >compile_commands.json
run thag-instrument -n compile_commands.json
echo '[{' >compile_commands.json
run thag-instrument -n compile_commands.json
echo '{}' >compile_commands.json
run thag-instrument -n compile_commands.json
run thag-instrument <b.c 1<>b.c
printf 'int f(void)\n{\n{\n}\nint g(void)\n{\n}\n' >lost.c
run thag-instrument -n lost.c
echo 'char *s = "{ THAG_PROFILED(); /*thag*/";' >stray.c
run thag-remove --check stray.c
thag-instrument a.c >/dev/full
echo "status $?"
ls -A
