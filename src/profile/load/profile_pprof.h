/*
 * profile_pprof.h - reads pprof: perftools.profiles.Profile, already gunzipped.
 *
 * The self values are those of the default sample type: the one that the profile names, else the last
 * one, as other readers have it. A time becomes nanoseconds, bytes stay, all else counts as samples. A
 * sample type `calls` becomes the calls; alloc_space and alloc_objects become the memory of the nodes, with
 * what was freed, is live and was live at the peak where all that is there, as in our own exports.
 *
 * Frames are functions: name, file, and the line where it begins. Inlined calls are frames like others.
 * An address without a function is a frame `[binary]`, or its number where the binary is unknown.
 * Labels are not kept: samples that differ in them add up.
 *
 * A profile is held in memory while it is read: at most PPROF_BYTES_MAX. Samples with negative values
 * (differences of profiles) are refused.
 */
#ifndef THAG_PROFILE_PPROF_H
#define THAG_PROFILE_PPROF_H

#include "profile/load/byte_source.h"
#include "profile/profile.h"

#define PPROF_BYTES_MAX (1u << 30)

/** Could a file that begins so be one? */
int pprof_looks_like(const unsigned char *head, size_t len);

/** *out is the caller's, for profile_free(). THAG_ERR_FORMAT says at which byte. */
thag_err pprof_load(profile **out, byte_source *src, fault *why);

#endif
