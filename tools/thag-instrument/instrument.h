/*
 * instrument.h - what thag-instrument and thag-remove share: inputs, files, what is done with each.
 *
 * Both are one program run in two directions: read a text, make another, and print it, compare it,
 * list it, or put it in the first one's place.
 */
#ifndef THAG_INSTRUMENT_H
#define THAG_INSTRUMENT_H

#include <stdio.h>
#include <sys/stat.h>

#include "source/source.h"

/* ---- inputs: inputs.c, compile_commands.c ---- */

/* A file to work on. */
typedef struct input_file {
    char *path;
    const char *standard; /* from compile_commands.json, owned by the list; NULL: not known */
} input_file;

typedef struct input_list {
    input_file *files;
    size_t count, room;
    char **standards; /* texts that files point to */
    size_t standard_count;
} input_list;

/**
 * The source files that arguments stand for: a file is itself, a directory all C and C++ below it but
 * what begins with a dot, a compile_commands.json what it compiles. Sorted, each once. An exit status;
 * what went wrong has been said. Release it in any case.
 */
int inputs_collect(input_list *list, char **arguments, int count);
void inputs_release(input_list *list);

/** Add a file. Copies path; the text of standard is kept once. An exit status. */
int inputs_add(input_list *list, const char *path, const char *standard);

/** Add what a compile_commands.json compiles. An exit status. */
int inputs_add_commands(input_list *list, const char *path);

/* ---- files: file_text.c ---- */

typedef struct file_text {
    char *text; /* malloc'ed */
    size_t len;
    struct stat was; /* when it was read */
} file_text;

/** Read a file whole; path NULL: standard input. An exit status; what went wrong has been said. */
int file_read(file_text *f, const char *path);
void file_release(file_text *f);

/**
 * Put another text in a file's place: at once or not at all, with the same permissions. With a backup
 * suffix the old text stays beside it, unless an older backup is there. Refuses a file that is read-only
 * or was changed since it was read. An exit status.
 */
int file_replace(const char *path, const file_text *f, const char *text, size_t len,
                 const char *backup);

/** Remove the backup of a file if it is no different from text. */
void file_drop_backup(const char *path, const char *suffix, const char *text, size_t len);

/* ---- selection: select.c, worth.c ---- */

typedef struct selection selection;

typedef enum selector { SELECT_NAME, SELECT_REGEX, SELECT_FILE } selector;

selection *selection_new(void);
void selection_free(selection *s);

/** Take, or leave, what a glob (of names or files) or a regular expression (of names) matches. */
int selection_add(selection *s, selector what, int is_exclusion, const char *text);

/** Only functions of so many lines; 0: no limit. */
void selection_set_lines(selection *s, size_t least, size_t most);

/** No functions in headers. */
void selection_skip_headers(selection *s);

/** Only what is worth it by a profile: see worth.h. An exit status. */
int selection_use_profile(selection *s, const char *path, double least_percent,
                          double least_mean_ns);

/** The file whose functions are asked about next. */
void selection_begin_file(selection *s, const char *path);

/** For source_opts: context is the selection. */
source_reason selection_ask(void *context, const source_function *f);

/* ---- what is done: job.c, listing.c, diff.c ---- */

typedef enum action {
    ACTION_PRINT, /* one text to standard output */
    ACTION_IN_PLACE,
    ACTION_DIFF,
    ACTION_DRY_RUN,
    ACTION_CHECK,
    ACTION_LIST
} action;

typedef struct job {
    int is_remove;
    action action;
    int is_json, is_quiet, is_verbose;
    source_opts opts;
    int has_standard;   /* opts.language and opts.has_trigraphs were asked for */
    const char *backup; /* suffix; NULL: none */
    selection *select;  /* NULL: everything */
    struct listing *listing;
    /* Counted. */
    size_t files, changed_files, functions, lost_files, stray_marks;
    size_t left_alone[SOURCE_REASON_COUNT];
} job;

/** Do it for files, or, with none, for standard input. An exit status. */
int job_run(job *j, char **arguments, int count);

/** The functions of a scan: as lines, or as items of a JSON array. */
typedef struct listing listing;
listing *listing_new(FILE *to, int is_json);
void listing_add(listing *l, const char *path, const source_scan *s);
/** End and free it. NULL is accepted. */
void listing_end(listing *l);

/** A unified diff. The texts differ as those of one direction do. */
void diff_write(FILE *to, const char *path, const char *old, size_t old_len, const char *new,
                size_t new_len);

#endif
