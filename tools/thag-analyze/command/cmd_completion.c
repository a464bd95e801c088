#include <stdlib.h>
#include <string.h>

#include "cli/completion.h"
#include "thag-analyze/command/analyze.h"

static const char *const endings[] = {"thag", "folded", NULL};

static int write_script(FILE *to, size_t shell)
{
    completion c = {.program = "thag-analyze", .endings = endings};
    completion_command *list;
    size_t count = 0;

    while (commands[count]) count++;
    list = calloc(count, sizeof *list);
    if (!list) return complain(EXIT_SYSTEM, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        list[i].name = commands[i]->name;
        list[i].summary = commands[i]->summary;
        command_options(&list[i].set, commands[i], NULL);
    }
    c.commands = list;
    c.command_count = count;
    completion_write(to, &c, shell);
    free(list);
    return EXIT_FINE;
}

static int run(const job *j)
{
    result_file out;
    size_t shell = 0;
    int status;

    if (j->path_count != 1) return complain(EXIT_USAGE, NULL, "give a shell: bash, zsh or fish");
    while (completion_shell(shell) && strcmp(completion_shell(shell), j->paths[0]) != 0) shell++;
    if (!completion_shell(shell)) {
        return complain(EXIT_USAGE, NULL, "%s is not bash, zsh or fish", j->paths[0]);
    }
    status = result_open(&out, j->output, j->force);
    if (status != EXIT_FINE) return status;
    return result_close(&out, write_script(out.to, shell));
}

const command cmd_completion = {
    .name = "completion",
    .summary = "completion script for bash, zsh or fish",
    .usage = "[OPTION]... SHELL",
    .about = "Write the script that completes commands, options and files in bash, zsh or fish.\n"
             "To have it in this bash: source <(thag-analyze completion bash)",
    .run = run};
