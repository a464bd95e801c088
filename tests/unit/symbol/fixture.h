/* Code whose places are known: see test_symbol.c. */
#ifndef SYMBOL_FIXTURE_H
#define SYMBOL_FIXTURE_H

/* The address that a call of this returns to. */
void *fixture_here(void);

#endif
