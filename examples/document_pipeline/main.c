/*
 * main.c - a pipeline that reads documents with a few threads and reports on them.
 *
 *     document_pipeline [--rounds N] [--threads N] [DIRECTORY]
 *
 * The main thread finds the files and puts them on a queue; workers take them, load each text, count
 * its words, judge its sentiment, summarise it and add it to a common index. --rounds repeats all of
 * that, each round from the disk again, so that there is something to profile; the report is of the
 * last round, and the same for any number of threads and rounds, profiled or not.
 *
 * How it is profiled: THAG_ENABLE_PROFILING in main() below, THAG_PROFILED in the functions worth
 * seeing, and a few sections. What runs once per word is left alone, as it is only a few nanoseconds.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "document.h"
#include "index.h"
#include "queue.h"
#include "thag_profiler.h"

enum { THREADS_MAX = 64, ROUNDS_MAX = 1000000, TOP_WORDS = 8, SUMMARY_SHOWN = 64 };

typedef struct options {
    const char *directory;
    unsigned round_count;
    unsigned thread_count;
} options;

typedef struct pipeline {
    catalogue files;
    document *documents; /* one for each file; written by whichever worker has the job */
    queue jobs;          /* indices of files */
    word_index index;
} pipeline;

static void *work(void *argument)
{
    THAG_PROFILED();
    pipeline *p = argument;
    size_t job;

    THAG_PROFILE("task loop");
    while (queue_take(&p->jobs, &job)) {
        document *doc = &p->documents[job];
        const char *path = p->files.paths[job];

        if (document_process(doc, path) != 0 || index_add(&p->index, &doc->words) != 0) {
            fprintf(stderr, "document_pipeline: %s: %s\n", path, strerror(errno));
        }
    }
    THAG_END("task loop");
    return NULL;
}

/* Returns 0, or -1 if not a single worker could be started. */
static int run_round(pipeline *p, unsigned thread_count)
{
    THAG_PROFILED();
    pthread_t workers[THREADS_MAX];
    unsigned started = 0;

    queue_init(&p->jobs);
    while (started < thread_count && pthread_create(&workers[started], NULL, work, p) == 0)
        started++;

    if (started > 0) {
        for (size_t job = 0; job < p->files.path_count; job++) queue_put(&p->jobs, job);
    }
    queue_close(&p->jobs);

    THAG_PROFILE("join workers");
    for (unsigned i = 0; i < started; i++) pthread_join(workers[i], NULL);
    THAG_END("join workers");

    queue_release(&p->jobs);
    return started > 0 ? 0 : -1;
}

static void forget_round(pipeline *p)
{
    THAG_PROFILED();

    for (size_t i = 0; i < p->files.path_count; i++) document_release(&p->documents[i]);
    index_release(&p->index);
}

/* One line of a sentence, white space squeezed. */
static void print_sentence(const summary *s)
{
    size_t shown = 0;

    for (size_t i = 0; i < s->sentence_bytes && shown < SUMMARY_SHOWN; i++) {
        unsigned char c = (unsigned char)s->sentence[i];

        if (c > ' ' && c < 127) {
            putchar(c);
        } else if (shown > 0 && i + 1 < s->sentence_bytes && s->sentence[i + 1] > ' ') {
            putchar(' ');
        } else {
            continue;
        }
        shown++;
    }
    puts(shown == SUMMARY_SHOWN ? "..." : "");
}

static void print_report(const pipeline *p)
{
    THAG_PROFILED();
    const word_entry *top[TOP_WORDS];
    size_t top_count = index_top(&p->index, top, TOP_WORDS);
    size_t bytes = 0;

    printf("%-14s %8s %7s %9s  %s\n", "document", "words", "unique", "sentiment", "in a sentence");
    for (size_t i = 0; i < p->files.path_count; i++) {
        const document *doc = &p->documents[i];
        const char *slash = strrchr(p->files.paths[i], '/');

        printf("%-14s %8zu %7zu %+9d  ", slash ? slash + 1 : p->files.paths[i],
               doc->words.word_count, doc->words.distinct_count, sentiment_score(doc->sentiment));
        print_sentence(&doc->summary);
        bytes += doc->text_bytes;
    }
    printf("%zu documents, %zu bytes, %zu words, %zu different; most frequent:",
           p->files.path_count, bytes, p->index.words.word_count, p->index.words.distinct_count);
    for (size_t i = 0; i < top_count; i++) printf(" %s %u", top[i]->word.text, top[i]->count);
    putchar('\n');
}

static unsigned parse_count(const char *text, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value <= max ? (unsigned)value : 0;
}

/* Returns 0, or -1 if the command line makes no sense. */
static int options_parse(options *o, int argc, char **argv)
{
    *o = (options){"/usr/share/common-licenses", 200, 4};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            o->round_count = parse_count(argv[++i], ROUNDS_MAX);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            o->thread_count = parse_count(argv[++i], THREADS_MAX);
        } else if (argv[i][0] != '-') {
            o->directory = argv[i];
        } else {
            return -1;
        }
    }
    return o->round_count > 0 && o->thread_count > 0 ? 0 : -1;
}

static int pipeline_run(pipeline *p, const options *o)
{
    if (catalogue_scan(&p->files, o->directory) != 0) return -1;
    p->documents = calloc(p->files.path_count + 1, sizeof *p->documents);
    if (!p->documents) return -1;

    for (unsigned round = 0; round < o->round_count; round++) {
        if (round > 0) forget_round(p);
        index_init(&p->index);
        if (run_round(p, o->thread_count) != 0) return -1;
    }
    print_report(p);
    return 0;
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(yes);
    options o;
    pipeline p = {.documents = NULL};
    int status;

    if (options_parse(&o, argc, argv) != 0) {
        fputs("usage: document_pipeline [--rounds N] [--threads N] [DIRECTORY]\n", stderr);
        return 2;
    }
    status = pipeline_run(&p, &o);
    if (status != 0) fprintf(stderr, "document_pipeline: %s: %s\n", o.directory, strerror(errno));

    if (p.documents) forget_round(&p);
    free(p.documents);
    catalogue_release(&p.files);
    return status == 0 ? 0 : 1;
}
