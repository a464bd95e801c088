/*
 * run.h - the steps of thag-run: plan, run, find what was recorded, show it.
 *
 * The program keeps its standard streams, its process group, its terminal, and what happens to it:
 * thag-run ends as it ended. All that thag-run says goes to standard error, after the program's end.
 */
#ifndef THAG_RUN_H
#define THAG_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace/trace_format.h"

/* As env, nice and timeout have it: what can be told from a status of the program's own. */
enum run_status { RUN_FAILED = 125, RUN_CANNOT_INVOKE = 126, RUN_NOT_FOUND = 127 };

enum { RUN_TIME = 1, RUN_MEMORY = 2 }; /* kinds */

/* What is to be known without a word of it in the program. */
typedef enum run_hooks { RUN_TASKS = 1, RUN_ADAPTERS = 2 } run_hooks;

typedef struct run_plan {
    char **command;       /* NULL-terminated */
    unsigned kinds;       /* what to record; never 0 */
    unsigned hooks;       /* run_hooks */
    char *dir;            /* absolute; where traces go */
    char *preload;        /* hooks that the program lacks, with : between; NULL: none */
    int starts;           /* profiling is switched on for a program that does not do so itself */
    size_t sample;        /* of THAG_SAMPLE; 0: as it is in the environment */
    size_t memory_sample; /* bytes for each sample of memory; 0: as it is in the environment */
    int detail;           /* memory with stacks */
    int mappings;         /* memory that the program maps itself */
    int children;         /* the programs that the program starts, too */
    int open;             /* show the picture in a browser */
    int quiet;            /* leave the table out */
    int is_made;          /* the program is deleted after the run */
    uint32_t id;          /* of this run; never 0 */
} run_plan;

typedef struct run_end {
    pid_t pid;
    int status;       /* as waitpid() has it */
    int exec_errno;   /* why the program could not be started; 0: it was */
    int64_t start_ns; /* CLOCK_REALTIME before the start */
} run_end;

/* ---- preload.c ---- */

/** Choose the hooks that the program lacks. An exit status of thag-run's own, or 0. */
int preload_choose(run_plan *plan);

/** Say which of the wanted hooks could not help, for what is in the program already. */
void preload_say_vain(const run_plan *plan);

/* ---- child.c ---- */

/** Run the program to its end. An exit status of thag-run's own, or 0. */
int child_run(const run_plan *plan, run_end *end);

/** End as the program ended: by its exit status, or by its signal. */
void child_end_alike(const run_end *end) __attribute__((noreturn));

/** R running, S sleeping, T stopped, Z dead but not waited for, ...; 0: there is no such process. */
char process_state(pid_t pid);

/* ---- traces.c ---- */

typedef struct run_traces {
    char **paths; /* the program's own first, then by their start */
    size_t count;
    size_t running_count; /* of these, of processes that are still running */
    char build_id[TRACE_BUILD_ID_MAX * 2 +
                  1]; /* of the program, if addresses of it are in a trace; else "" */
} run_traces;

/** The traces that this run left; those that cannot be read are not among them. Those of programs that knew
    nothing of profiling, and loaded nothing that does, are removed. 0: out of memory. */
int traces_find(run_traces *found, const run_plan *plan, const run_end *end);
void traces_free(run_traces *found);

/* ---- kept.c ---- */

/** Keep the program beside the traces, if names and lines of addresses in them have to come from it. NULL: it was
    not; else its path, malloc'ed. What went wrong has been said. */
char *program_keep(const run_plan *plan, const run_traces *found);

/* ---- report.c, reason.c ---- */

/** Show the table, draw the pictures, say where all is; or why there is nothing. */
void run_report(const run_plan *plan, const run_end *end);

/** Say why the program left nothing, or recorded nothing. */
void reason_say(const run_plan *plan);

#endif
