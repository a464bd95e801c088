#include "output/table/report.h"

#include "output/quantity.h"

size_t report_rows(const report_opts *opts, size_t count)
{
    return opts->limit && opts->limit < count ? opts->limit : count;
}

void report_put_more(FILE *to, size_t count, const char *what)
{
    char text[QUANTITY_ROOM];

    if (!count) return;
    quantity_count(text, count);
    fprintf(to, "%s more %s%s not shown\n", text, what, count == 1 ? "" : "s");
}

thag_err report_end(FILE *to, fault *why)
{
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing a report");
}
