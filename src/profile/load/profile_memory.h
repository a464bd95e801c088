/*
 * profile_memory.h - from a trace to the memory column of its profile.
 *
 * Memory that was allocated outside of all spans stands at a frame "[outside]" below the root.
 */
#ifndef THAG_PROFILE_MEMORY_H
#define THAG_PROFILE_MEMORY_H

#include "profile/profile.h"
#include "trace/trace_reader.h"

/** Add the column, if the trace has one. node_of: by the trace's nodes, the profile's. */
thag_err profile_memory_from_trace(profile *p, const trace *t, const uint32_t *node_of);

/** The memory of the pools of that name in place of the heap's. THAG_ERR_EMPTY: there is no such pool,
    or memory was not recorded. */
thag_err profile_memory_from_pool(profile *p, const trace *t, const uint32_t *node_of,
                                  const char *name);

#endif
