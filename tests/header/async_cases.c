/* async_cases.c - the cases in C. */
#include "async_cases.h"

int sink;
