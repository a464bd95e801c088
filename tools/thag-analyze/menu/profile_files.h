/*
 * profile_files.h - the profiles of a directory: which belong to one program, which is newer.
 *
 * A file is named PROG-YYYYMMDD-HHMMSS[...].thag or .folded; the program is what stands before the
 * time. Without a time in the name, the file's own counts. Nothing is opened: a directory of a
 * thousand profiles is listed in a few milliseconds.
 */
#ifndef THAG_MENU_PROFILE_FILES_H
#define THAG_MENU_PROFILE_FILES_H

#include <stddef.h>

typedef struct profile_file {
    char *path;         /* with the directory; owned */
    const char *name;   /* within path */
    char time[16];      /* YYYYMMDD-HHMMSS */
    size_t program_len; /* of name */
} profile_file;

typedef struct profile_group {
    char *program;       /* owned */
    size_t first, count; /* of files */
} profile_group;

typedef struct profile_files {
    profile_file *files; /* by group; in each the newest first */
    size_t file_count, room;
    profile_group *groups; /* the newest first */
    size_t group_count;
} profile_files;

enum profile_kind { PROFILE_OF_TIME, PROFILE_OF_MEMORY };

/**
 * List those that may have times, or memory: traces both, stacks by their name. Stacks beside the
 * trace of the same run are left out. filter: only files that have it in their name; may be empty.
 * An exit status; what went wrong has been said. For profile_files_release() in any case.
 */
int profile_files_read(profile_files *list, const char *dir, enum profile_kind kind,
                       const char *filter);
void profile_files_release(profile_files *list);

#endif
