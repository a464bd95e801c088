# Profiled plugins and libraries of a program that is not: with the shared runtime, and with the static.
. "$CASES/run_lib.bash"
cc -O1 -x c - -o host -ldl <<'C'
#include <dlfcn.h>
int main(int argc, char **argv)
{
    void *plugin = dlopen(argv[1], RTLD_NOW);
    int (*run)(int) = plugin ? (__extension__(int (*)(int)) dlsym(plugin, "plugin_run")) : 0;
    return run && argc == 2 ? run(3) : 1;
}
C
cat >plugin.c <<'C'
int plugin_step(int n) { return n + 1; }
int plugin_run(int n) { int sum = 0; while (n--) sum += plugin_step(n); return sum; }
C
thag-cc cc -O1 -shared -fPIC plugin.c -o shared.so
THAG_CC_LINK=static thag-cc cc -O1 -shared -fPIC plugin.c -o static.so
for plugin in shared static; do
    for kind in time both; do
        thag-run -o out --$kind ./host ./$plugin.so >said 2>&1
        echo "$plugin --$kind: status $?"
        for function in plugin_run plugin_step; do calls $function <said | head -n 1; done
        rm -r out
    done
done
# Switched on for nothing: nothing is left.
thag-run -o out ./host ./nothing.so >/dev/null 2>&1
echo "status $?: $(find out -type f | wc -l) files"
# A shell that becomes a program: the profile is the program's alone.
build_program prog
thag-run -q -o out sh -c 'exec ./prog' 2>&1 | plain
# A script is its interpreter's, by whatever way #! names that.
cat >loader.c <<'C'
#include <dlfcn.h>
int main(void)
{
    int (*run)(int) = (__extension__(int (*)(int)) dlsym(dlopen("./shared.so", RTLD_NOW), "plugin_run"));
    return run(3);
}
C
cc -O1 loader.c -o loader -ldl
for way in "$PWD/loader" "/usr/bin/env loader" "/usr/bin/env -S loader -x"; do
    echo "#! $way" >script
    chmod +x script
    PATH="$PWD:$PATH" thag-run -o out ./script >said 2>&1
    echo "$way: status $?" | plain
    calls plugin_step <said | head -n 1
    rm -r out
done
