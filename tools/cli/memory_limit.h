/*
 * memory_limit.h - input from anywhere may ask for more memory than there is. With a limit malloc()
 * says no and the tool says "out of memory"; without one the system kills it, or a neighbour of it.
 */
#ifndef THAG_CLI_MEMORY_LIMIT_H
#define THAG_CLI_MEMORY_LIMIT_H

/**
 * From now on this process may have most of the memory that is free now, and no more. A limit that is
 * lower already stays. Does nothing where the system does not tell what is free.
 */
void memory_limit_set(void);

/** Take it back: for a child, before exec. */
void memory_limit_lift(void);

#endif
