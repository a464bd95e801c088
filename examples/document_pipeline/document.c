/*
 * document.c - load a text, count its words, judge it, summarise it.
 */
#include "document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "thag_profiler.h"

/* Reads in pieces rather than asking for the size: files may grow, and pipes have none. */
static int read_all(document *doc, FILE *file)
{
    size_t room = 0;

    while (!feof(file)) {
        if (doc->text_bytes == room) {
            size_t wanted = room ? 2 * room : 16384;
            char *text = realloc(doc->text, wanted);

            if (!text) return -1;
            doc->text = text;
            room = wanted;
        }
        doc->text_bytes += fread(doc->text + doc->text_bytes, 1, room - doc->text_bytes, file);
        if (ferror(file)) return -1;
    }
    return 0;
}

static int load_document(document *doc, const char *path)
{
    THAG_PROFILED();
    FILE *file = fopen(path, "rb");
    int status;

    if (!file) return -1;
    status = read_all(doc, file);
    fclose(file);
    return status;
}

int document_process(document *doc, const char *path)
{
    THAG_PROFILED();
    int saved_errno;

    *doc = (document){.path = path};
    if (load_document(doc, path) != 0) goto failed;
    if (count_words(&doc->words, doc->text, doc->text_bytes) != 0) goto failed;
    doc->sentiment = calculate_sentiment(doc->text, doc->text_bytes);
    doc->summary = summarize(doc->text, doc->text_bytes, &doc->words);
    return 0;

failed:
    saved_errno = errno;
    document_release(doc);
    errno = saved_errno;
    return -1;
}

void document_release(document *doc)
{
    word_table_release(&doc->words);
    free(doc->text);
    *doc = (document){0};
}
