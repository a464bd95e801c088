/*
 * worth.h - which functions are worth profiling, according to a former profile.
 *
 * Worth it is what takes a share of the time, counted with all it calls, but is not so short that
 * measuring would cost more than it does. What the profile does not know was never called, or too small
 * to be seen.
 */
#ifndef THAG_INSTRUMENT_WORTH_H
#define THAG_INSTRUMENT_WORTH_H

typedef struct worth worth;

/**
 * Read a profile: a trace, collapsed stacks, or what `thag-analyze stats --json` or --csv printed.
 * least_percent: of the whole time. least_mean_ns: of a call, where calls are known. An exit status; what
 * went wrong has been said. *out is the caller's, for worth_free().
 */
int worth_load(worth **out, const char *path, double least_percent, double least_mean_ns);

/** NULL is accepted. */
void worth_free(worth *w);

/** Whether a function, by its name as the finder qualifies it, is worth it. */
int worth_has(const worth *w, const char *name);

#endif
