/*
 * speedscope_frames.h - what both kinds of speedscope files begin with.
 */
#ifndef THAG_SPEEDSCOPE_FRAMES_H
#define THAG_SPEEDSCOPE_FRAMES_H

#include "output/export/export.h"
#include "output/json_writer.h"

/** Within the object of the file: all but its profiles. Frame f of ours is frame f. */
void speedscope_put_head(json *j, const export_source *from);

#endif
