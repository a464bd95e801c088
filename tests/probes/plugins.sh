#!/bin/bash
# plugins.sh - instrumented plugins that are loaded where another one was: names are never mixed up.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
for host in probe_plugins probe_plugins_shared; do
    succeeded "$host" "$bin/libplugin_red.so" "$bin/libplugin_blue.so"
    [ "${out:-0}" -gt 50 ] || fail "addresses were reused only $out times"
    traces 1
    checked
    no_loss
    line "path calls=200 open=0 main;run_plugin"
    for plugin in red blue; do
        line "path calls=300 open=0 main;run_plugin;${plugin}_work"
        line "path calls=300 open=0 main;run_plugin;${plugin}_work;$plugin section"
        line "path calls=300 open=0 main;run_plugin;${plugin}_work;$plugin by variable"
        line "path calls=75 open=0 run_plugin;${plugin}_work"
        line "path calls=75 open=0 run_plugin;${plugin}_work;$plugin section"
    done
    no_line "red_work.*blue|blue_work.*red"
done
done_testing
