#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thag-analyze/command/analyze.h"
#include "thag-analyze/tui/tui.h"

static int is_able(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0;
}

static int show_one(const job *j, const input *in)
{
    char text[600];
    const char *title = job_view_text(j, in->stem, text, sizeof text);

    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    return tui_run(&(tui_input){.profile = in->profile, .title = title ? title : in->stem});
}

static int show_change(const job *j, const input *before, const input *after)
{
    diff_tree t;
    fault f = {0};
    int64_t *change = NULL;
    char files[600], text[700];
    const char *title;
    int status = EXIT_FINE;

    snprintf(files, sizeof files, "%s to %s", before->stem, after->stem);
    title = job_view_text(j, files, text, sizeof text);
    if (diff_tree_init(&t, &before->profile, 1, &after->profile, 1, 0, &f)) {
        status = complain_fault(&f);
        goto done;
    }
    change = diff_tree_delta(&t);
    if (!change) {
        status = complain(EXIT_SYSTEM, NULL, "out of memory");
        goto done;
    }
    status =
        tui_run(&(tui_input){.profile = t.tree, .title = title ? title : files, .change = change});
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
        status = job_open(j, &in[i], &j->paths[i], 1);
    }
    if (status == EXIT_FINE) {
        status = j->path_count == 1 ? show_one(j, &in[0]) : show_change(j, &in[0], &in[1]);
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
    .takes = TAKES_NAMES | TAKES_MEMORY | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .run = run};
