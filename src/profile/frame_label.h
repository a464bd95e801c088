/*
 * frame_label.h - what the frames of a profile are called where people look: in tables and pictures.
 *
 * A label is the short form of a name (name_short.h), as far as it tells the frame from all others of the
 * profile: where two names have one short form, their labels say more, and in the end all.
 */
#ifndef THAG_FRAME_LABEL_H
#define THAG_FRAME_LABEL_H

#include "profile/profile.h"

/**
 * Set the labels of all frames; before, they are the names. For the profile that is shown: frames that
 * are added, and profiles that are made from this one, have names for labels again.
 */
thag_err profile_label_frames(profile *p);

#endif
