/*
 * push.h - a profile as pprof to a continuous-profiling server that there is: Pyroscope or Parca.
 *
 * Only on request: nothing else of the tools uses the network.
 */
#ifndef THAG_ANALYZE_PUSH_H
#define THAG_ANALYZE_PUSH_H

#include "cli/option.h"
#include "output/export/export.h"

#define PUSH_LABELS_MAX 32

typedef struct push_labels {
    const char *items[PUSH_LABELS_MAX]; /* "NAME=VALUE" */
    size_t count;
} push_labels;

/* What the options below fill. */
typedef struct push_settings {
    const char *url;     /* NULL: do not push */
    size_t server;       /* as push_server_name() counts */
    const char *service; /* NULL: the program */
    push_labels labels;
} push_settings;

/** "pyroscope", "parca"; NULL behind the last. */
const char *push_server_name(size_t n);

/** The setter of --label. */
int push_label_add(void *labels, const option_fact *fact, const char *text);

/* Rows for a table of options of a struct S that has a push_settings as member. */
#define PUSH_OPTIONS(S, member) \
    OPTION_TEXT(S, member.url, "push", "URL", \
                "send it, as pprof, to a profiling server instead of writing a file"), \
        OPTION_CHOICE(S, member.server, "server", "NAME", push_server_name, \
                      "what listens there, the first unless told otherwise"), \
        OPTION_TEXT(S, member.service, "service", "NAME", \
                    "service_name of what is pushed; otherwise the program"), \
        OPTION_CALL(S, member.labels, "label", "NAME=VALUE", push_label_add, 0, \
                    "one more label of what is pushed")

/** Push. An exit status; what went wrong, or where it went, has been said. */
int push_profile(const push_settings *set, const export_source *from);

#endif
