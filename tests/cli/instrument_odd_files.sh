# Bytes that are no text, one very long line, files that are not there: kept byte for byte, or a clear error.
run() { "$@"; echo "status $?"; }
printf 'int f(void) { return 1; }\nchar s[] = "\0\377\376\xc3(";\nint g(void)\0{ return 2; }\n' >odd.c
{ printf 'int f(void) { return 1; } /* '; head -c 100000000 /dev/zero | tr '\0' x; printf ' */ int g(void) { return 2; }'; } >long.c
for file in odd.c long.c; do
    cp "$file" kept.c
    run thag-instrument -i "$file"
    cmp -s "$file" kept.c && echo "nothing was put in"
    run thag-remove -i "$file"
    cmp "$file" kept.c
done
rm long.c kept.c
ln -s nowhere.c vanished.c
mkfifo pipe.c
run thag-instrument -i vanished.c
run thag-instrument -i odd.c/x.c
run thag-instrument -n .
echo "what is no file of text"
run thag-instrument -i /proc/version
run thag-instrument /proc/self/mem
ls -A
