/*
 * picture_options.h - options that several commands take.
 */
#ifndef THAG_ANALYZE_PICTURE_OPTIONS_H
#define THAG_ANALYZE_PICTURE_OPTIONS_H

#include <stdint.h>

#include "cli/option.h"
#include "output/palette.h"

/** For OPTION_CHOICE: 0 is the writer's own choice. */
const char *palette_choice(size_t n);
/** The palette of a choice; NULL for the writer's own. */
const palette *palette_chosen(size_t n);

/** For OPTION_CALL: a moment or duration such as 250ms into a uint64_t of nanoseconds. */
int set_time(void *value, const struct option_fact *f, const char *arg);
#define TIME_OPTION(S, member, option, text) \
    OPTION_CALL(S, member, option, "TIME", set_time, 0, text)

/** Is a thread in a list of names (with * and ?) or ids with commas between? context: the list. */
int thread_is_listed(const void *context, uint32_t tid, const char *name);

#endif
