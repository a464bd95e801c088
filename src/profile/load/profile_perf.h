/*
 * profile_perf.h - reads what `perf script` prints, and other tools in its form (simpleperf, bpftrace
 * wrappers): a line for the sample, a line for each frame, the innermost first, and an empty line.
 *
 *     app  1234/1235 [001]  5000.123456:     250000 cpu-clock:u:
 *             55d0c0 parse+0x1f (/usr/bin/app)
 *             55d000 main+0x80 (/usr/bin/app)
 *
 * A sample counts 1, whatever its period, as everywhere. The name of the thread is the outermost frame.
 * If there are several events, samples of all but the first hang below a frame `[event NAME]` of theirs.
 * An unknown symbol is a frame `[binary]`. Offsets within functions are left out.
 *
 * Lines that are neither are THAG_ERR_FORMAT. Memory is bounded by the distinct call paths.
 */
#ifndef THAG_PROFILE_PERF_H
#define THAG_PROFILE_PERF_H

#include "profile/load/byte_source.h"
#include "profile/profile.h"

/** Could a text that begins so be of this kind? */
int perf_looks_like(const char *head, size_t len);

/** *out is the caller's, for profile_free(). The fault has line and byte. */
thag_err perf_load(profile **out, byte_source *src, fault *why);

#endif
