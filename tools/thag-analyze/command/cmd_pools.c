/*
 * cmd_pools.c - pools: what a program's own allocators handed out, and what it mapped, by name.
 */
#include "output/table/pool_writer.h"
#include "thag-analyze/command/analyze.h"

static int read_pools(pool_list *list, const job *j)
{
    int status = EXIT_FINE;

    if (!j->path_count) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    for (int i = 0; i < j->path_count && status == EXIT_FINE; i++) {
        loaded l;
        fault f = {0};

        if (loaded_open(&l, j->paths[i], &f)) return complain_fault(&f);
        if (l.trace && pool_list_add(list, l.trace))
            status = complain(EXIT_SYSTEM, NULL, "out of memory");
        loaded_close(&l);
    }
    if (status == EXIT_FINE && !list->count)
        status = complain(EXIT_NOTHING, j->paths[0], "no pools, arenas or mappings");
    return status;
}

static int run_pools(const job *j)
{
    pool_list list = {0};
    int status = read_pools(&list, j);

    pool_list_sort(&list);
    if (status == EXIT_FINE) status = write_report(j, &pool_report, &list, &(report_opts){0});
    pool_list_release(&list);
    return status;
}

const command cmd_pools = {
    .name = "pools",
    .summary = "what the program's own allocators handed out, and what it mapped",
    .usage = "[OPTION]... FILE.thag...",
    .about =
        "List the pools and arenas that the program announced (thag_profiler/pool.h), and what\n"
        "it mapped if that was recorded: memory apart from the heap's. Other commands show one\n"
        "of them with --pool NAME.",
    .takes = TAKES_JSON | TAKES_CSV,
    .run = run_pools};
