/*
 * document.h - one text on its way through the pipeline.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <stddef.h>

#include "sentiment.h"
#include "summary.h"
#include "words.h"

typedef struct document {
    const char *path; /* borrowed from the catalogue */
    char *text;
    size_t text_bytes;
    word_table words;
    sentiment sentiment;
    summary summary; /* borrows from text */
} document;

/** Read the file at `path` and work through it. Returns 0, or -1 with errno set and `doc` empty. */
int document_process(document *doc, const char *path);

void document_release(document *doc);

#endif
