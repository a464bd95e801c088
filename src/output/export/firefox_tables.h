/*
 * firefox_tables.h - what every processed profile of the Firefox Profiler has, whatever its samples:
 * the head, the tables of names, functions, frames and stacks, the particulars of a thread.
 */
#ifndef THAG_FIREFOX_TABLES_H
#define THAG_FIREFOX_TABLES_H

#include "output/export/export.h"
#include "output/json_writer.h"

/* Its times are in milliseconds; ours are written in full. */
#define FIREFOX_MS        1000000
#define FIREFOX_MS_DIGITS 6

/** `meta` and `libs`. */
void firefox_put_head(json *j, const export_source *from);

/** `shared`: a frame of ours is a frame, a function and a string; a node is a stack. */
void firefox_put_shared(json *j, const profile *p);

/** Within the object of a thread: all but its samples. */
void firefox_put_thread(json *j, const export_source *from, const char *name, uint32_t tid,
                        int is_main);

/** Index in the stack table of a node that is not the root. */
static inline uint32_t firefox_stack(uint32_t node)
{
    return node - 1;
}

#endif
