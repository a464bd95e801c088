# shellcheck shell=bash
cat >browser <<'X'
#!/bin/sh
echo "$@" >opened
X
chmod +x browser
export BROWSER=$PWD/browser:other
wait_for() { for _ in $(seq 1500); do [ -s "$1" ] && break; sleep 0.02; done; cat "$1"; rm "$1"; }
printf 'main 1\n' >'a $(b).folded'
thag-analyze open 'a $(b).folded'
wait_for opened
thag-analyze open ./*.svg
wait_for opened
thag-analyze flamegraph --open -o -x.svg -- 'a $(b).folded'
wait_for opened
thag-analyze open
BROWSER=missing thag-analyze open x.svg
env -u BROWSER -u DISPLAY -u WAYLAND_DISPLAY thag-analyze open x.svg
