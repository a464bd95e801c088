#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thag-analyze/analyze.h"
#include "thag-analyze/tui/tui.h"

static int is_able(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0;
}

static int show_one(const input *in)
{
    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    return tui_run(&(tui_input){.profile = in->profile, .title = in->stem});
}

static int show_change(const input *before, const input *after)
{
    diff_tree t;
    fault f = {0};
    int64_t *change = NULL;
    char title[600];
    int status = EXIT_FINE;

    snprintf(title, sizeof title, "%s to %s", before->stem, after->stem);
    if (diff_tree_init(&t, &before->profile, 1, &after->profile, 1, 0, &f)) {
        status = complain_fault(&f);
        goto done;
    }
    change = diff_tree_delta(&t);
    if (!change) {
        status = complain(EXIT_SYSTEM, NULL, "out of memory");
        goto done;
    }
    status = tui_run(&(tui_input){.profile = t.tree, .title = title, .change = change});
done:
    free(change);
    diff_tree_release(&t);
    return status;
}

static int run(const job *j)
{
    input in[2] = {{0}};
    int status = EXIT_FINE;

    if (j->path_count < 1 || j->path_count > 2) {
        return complain(EXIT_USAGE, NULL, "give a file, or two to compare");
    }
    if (!is_able()) {
        return complain(EXIT_USAGE, NULL,
                        "not on a terminal; thag-analyze flamegraph draws into a file");
    }
    for (int i = 0; i < j->path_count && status == EXIT_FINE; i++) {
        status = input_open(&in[i], &j->paths[i], 1);
        if (status == EXIT_FINE) status = job_prepare(j, &in[i]);
    }
    if (status == EXIT_FINE) {
        status = j->path_count == 1 ? show_one(&in[0]) : show_change(&in[0], &in[1]);
    }
    input_close(&in[0]);
    input_close(&in[1]);
    return status;
}

const command cmd_tui = {
    .name = "tui",
    .summary = "a flamegraph that fills the terminal",
    .usage = "[OPTION]... FILE [AFTER]",
    .about =
        "Show a flamegraph in the terminal: walk with arrows, zoom with Enter, search with /,\n"
        "turn it bottom up with i, see callers and callees of a function with s and c.\n"
        "Of two files it shows what changed from the first to the second.",
    .takes = TAKES_MEMORY | TAKES_PART | TAKES_OPERATIONS,
    .run = run};
