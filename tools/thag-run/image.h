/*
 * image.h - the file of the program that is to run, and what it tells about profiling.
 */
#ifndef THAG_RUN_IMAGE_H
#define THAG_RUN_IMAGE_H

#include <stddef.h>

enum { IMAGE_INTERPRETER_MAX = 256 };

typedef struct image {
    const char *bytes;
    size_t len;
    int has_more_rights; /* than who starts it: setuid, setgid, file capabilities */
} image;

/** Open what execvp() would run. 0: it is not there, not readable, or empty; *im is empty then. */
int image_open(image *im, const char *name);
/** The same for what will run in the end: of a script its interpreter, the one that env finds, too. */
int image_open_running(image *im, const char *name);
/** An empty one is accepted. */
void image_close(image *im);

/** 1 if the static runtime is in it; 1 if it is linked with the shared one. Also of stripped files. */
int image_has_runtime(const image *im);
int image_uses_runtime(const image *im);

/** 1 if the hooks for memory are in it. */
int image_has_heap(const image *im);

/** 1 if it was compiled with -pg, with or without -mfentry. */
int image_counts_calls(const image *im);

/** 1 if it was compiled with -finstrument-functions, and nobody is there yet whom its functions call. */
int image_wants_functions(const image *im);

/** 1 if it is linked with a library that there is an adapter for: an event loop, or OpenMP. */
int image_uses_adapted(const image *im);

/** 1 if it is no program but text for one: it begins with #!, or is no ELF file, which is for a shell. */
int image_is_script(const image *im);
/** What runs a script, as #! has it; a shell for one without. */
void image_interpreter(const image *im, char text[IMAGE_INTERPRETER_MAX]);

/** 1 if it is a program for another processor, or with other pointers than this tool. */
int image_is_foreign(const image *im);

/** 1 if it is an ELF file without a dynamic linker, which can be preloaded nothing. */
int image_is_static(const image *im);

#endif
