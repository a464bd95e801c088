# Errors, warnings and exit statuses are the compiler's.
. "$CASES/run_lib.bash"
printf 'int f(int x)\n{\n    return y;\n}\n' >wrong.c
printf 'int f(int x)\n{\n    int unused;\n    return 0;\n}\n' >warned.c
for how in "-c wrong.c" "-Wall -c warned.c" "-Wall -Werror -c warned.c" "-c missing.c" "-nothing" "wrong.c -E -o wrong.i"; do
    gcc $how 2>plain.err
    plain=$?
    thag-cc gcc $how 2>ours.err
    echo "$how: status $?, plain $plain"
    cmp plain.err ours.err
done
# What the instrumented text does not take, the text itself is compiled for.
printf 'int first(void)\n{\n    return 0;\n}\n_Static_assert(sizeof(thag_site) == 1, "taken");\n' >taken.c
printf 'struct thag_site_of_mine { int thag_active; };\nint f(void)\n{\n    return 0;\n}\n' >own.c
printf '#define thag_active 1 +\nint f(void)\n{\n    return 0;\n}\n' >clash.c
thag-cc gcc -c own.c && echo compiles
thag-cc gcc -c clash.c && echo compiles
thag-cc
echo "status $?"
thag-cc -c clash.c
echo "status $?"
thag-cc no-such-compiler -c clash.c
echo "status $?"
