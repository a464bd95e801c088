# What is damaged is listed, a few places unless all are wanted, and shows in the exit status.
cp "$GOLDEN/v1_ended.thag" bad.thag
for at in 65536 131072 196608 262144 327680 393216; do
    printf 'XX' | dd of=bad.thag bs=1 seek=$at conv=notrunc status=none
done
thag-analyze info bad.thag | sed -n '/^damaged/,$p'
thag-analyze info --all-damage bad.thag >all.txt
echo "exit $?"
sed -n '/^damaged/,$p' all.txt
grep -c 'nothing was lost' all.txt
thag-analyze info -o kept.txt bad.thag
echo "exit $?"
cmp <(thag-analyze info bad.thag) kept.txt
