# Without a terminal the menu asks by number; without an answer it says what else there is.
mkdir d
thag-analyze d
echo "exit $?"
for i in 1 2; do
    printf 'main;work 1\nmain;rest 2\n' >d/prog-2026010$i-000000.folded
    touch -d "2026-01-0$i 00:00:00Z" d/prog-2026010$i-000000.folded
done
printf 'x 1\n' >"d/$(printf 'evil\033[31m').folded"
touch -d "2025-01-01 00:00:00Z" d/evil*
thag-analyze d
echo "exit $?"
export XDG_CONFIG_HOME=$PWD/config
# Single: the older one, filtered, in another scheme; statistics; nothing leads back.
printf '%s\n' 1 2 2 2 2 2 n 4 '' '' '' 5 | thag-analyze d
echo "exit $?"
cat config/thag/time-palette
grep -c '<title>work' ./*.svg
# Differential: after the one that is chosen as before.
printf '%s\n' 2 2 2 1 '' 5 | thag-analyze d | grep -A4 'before:'
