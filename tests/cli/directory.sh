mkdir d
thag-analyze d
echo "exit $?"
for i in 1 2; do
    printf 'a 1\n' >d/prog-2026010$i-000000.folded
    touch -d "2026-01-0$i 00:00:00Z" d/prog-2026010$i-000000.folded
done
thag-analyze d
echo "exit $?"
