thag-analyze stats missing.thag
echo "exit $?"
head -c 100 "$GOLDEN/sample.thag" >cut.thag
thag-analyze stats cut.thag
echo "exit $?"
printf '\1' | cat - "$GOLDEN/sample.thag" >shifted.thag
thag-analyze stats shifted.thag
echo "exit $?"
cp "$GOLDEN/sample.thag" version.thag
printf '\2' | dd of=version.thag bs=1 seek=32 conv=notrunc status=none
thag-analyze info version.thag
echo "exit $?"
cp "$GOLDEN/v1_ended.thag" flipped.thag
printf 'XX' | dd of=flipped.thag bs=1 seek=65536 conv=notrunc status=none
thag-analyze stats flipped.thag | head -n 4
thag-analyze info flipped.thag | tail -n 5
echo 'no count' >x.folded
thag-analyze stats x.folded
echo "exit $?"
: >empty.folded
thag-analyze stats empty.folded
echo "exit $?"
printf 'a 1\n' >"$(printf 'evil\033[31m.folded')"
thag-analyze info evil*
echo "exit $?"
