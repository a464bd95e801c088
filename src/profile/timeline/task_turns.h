/*
 * task_turns.h - the tasks of a trace along time: when each lived, and when it ran on which thread.
 */
#ifndef THAG_TASK_TURNS_H
#define THAG_TASK_TURNS_H

#include "profile/timeline/profile_timeline.h"

/* From when a thread took a task up to when it let go of it. */
typedef struct task_turn {
    uint64_t start_ns, end_ns;
    uint32_t tid;
    uint32_t task; /* index into tasks */
} task_turn;

typedef struct task_track {
    uint64_t id;
    uint64_t begin_ns, end_ns; /* of its life; if it has not ended, the end of the session */
    uint32_t node;             /* in the profile */
    uint32_t spawner;     /* index of the task that began it; PROFILE_NONE: no task that is known */
    uint32_t spawner_tid; /* thread on which it was begun; 0: the trace does not tell */
    size_t first_turn, turn_count;
    int has_ended;
} task_track;

typedef struct task_turns {
    task_track *tasks; /* by id */
    size_t task_count;
    task_turn *turns; /* task by task, in order of time */
    size_t turn_count;
    uint64_t left_out; /* turns beyond TASK_TURNS_MAX */
} task_turns;
#define TASK_TURNS_MAX (8u << 20)

/** Reads the timeline through, if there are tasks. *out is the caller's, for task_turns_free(). */
thag_err task_turns_new(task_turns **out, const timeline *tl);

/** When that task had `ran_ns` less behind it than at a moment: where a span began that ended then and ran so
    long, on whichever threads. Never before the task did. */
uint64_t task_turns_begun_ns(const task_turns *t, uint32_t task, uint64_t end_ns, uint64_t ran_ns);

/** How long it ran between two moments. */
uint64_t task_turns_ran_ns(const task_turns *t, uint32_t task, uint64_t from_ns, uint64_t to_ns);

/** The `most` tasks that ran longest between two moments, by id: indices, for free(). How many they are, and how many
    more lived then and have a call path. NULL: out of memory. */
uint32_t *task_turns_longest(const task_turns *t, uint64_t from_ns, uint64_t to_ns, uint32_t most,
                             uint32_t *count, uint32_t *more);

/** NULL is accepted. */
void task_turns_free(task_turns *t);

#endif
