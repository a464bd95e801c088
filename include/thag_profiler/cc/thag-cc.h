/*
 * thag-cc.h - what thag-cc includes in front of every source that it compiles. Not for programs: they
 * include thag_profiler.h. It has a folder of its own, which goes into no search path but thag-cc's.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#if !defined(THAG_CC_H) && !defined(__ASSEMBLER__)
#define THAG_CC_H
#if defined(__GNUC__)
#pragma GCC system_header
#endif
#if !defined(THAG_TIME_PROFILING) && !defined(THAG_FULL_PROFILING)
#define THAG_FULL_PROFILING
#endif
#include "../../thag_profiler.h"
#endif
