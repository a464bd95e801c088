# The same with clang.
CC_UNDER_TEST=clang
. "$CASES/cc_same.sh"
