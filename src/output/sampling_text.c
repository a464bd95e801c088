#include "output/sampling_text.h"

#include <inttypes.h>
#include <math.h>

#include "output/quantity.h"

/* The root of a variance that is in units of the period. */
static uint64_t root(uint64_t period, uint64_t variance)
{
    double error = sqrt((double)period * (double)variance);

    return error < 0x1p63 ? (uint64_t)(error + 0.5) : INT64_MAX;
}

uint64_t sampling_error(uint64_t period, uint64_t bytes)
{
    return root(period, bytes);
}

/* Of the live: those of both, where one cannot be told from noise, are 0. */
static uint64_t live_variance(uint64_t made, uint64_t freed)
{
    return made > freed ? made - freed : 0;
}

/* ---- text ---- */

const char *sampling_phrase(char *text, uint64_t period, uint64_t samples)
{
    char count[QUANTITY_ROOM], bytes[QUANTITY_ROOM];

    text[0] = 0;
    if (!period) return text;
    quantity_count(count, samples);
    snprintf(text, SAMPLING_ROOM, "estimates from %s sample%s, one for %s", count,
             samples == 1 ? "" : "s", quantity_bytes(bytes, period));
    return text;
}

void sampling_put_line(FILE *to, uint64_t period, uint64_t samples, uint64_t total_bytes)
{
    char text[SAMPLING_ROOM], error[QUANTITY_ROOM], total[QUANTITY_ROOM];

    if (!period) return;
    fprintf(to, "%s; the standard error of %s is at most %s\n",
            sampling_phrase(text, period, samples), quantity_bytes(total, total_bytes),
            quantity_bytes(error, sampling_error(period, total_bytes)));
}

void sampling_put_exact(FILE *to, const trace_sampling *s)
{
    char text[QUANTITY_ROOM];

    if (!s->period) return;
    quantity_count(text, s->allocated);
    fprintf(to, "no estimate: %s bytes were asked for in all\n", text);
}

static void put_amount(FILE *to, const char *what, const trace_sampling *s,
                       uint64_t blocks_variance, uint64_t bytes_variance)
{
    char bytes[QUANTITY_ROOM], blocks[QUANTITY_ROOM];

    quantity_count(blocks, root(s->period, blocks_variance));
    fprintf(to, "%s %s and %s blocks", what, quantity_bytes(bytes, root(s->period, bytes_variance)),
            blocks);
}

void sampling_put_facts(FILE *to, const char *label, const trace_sampling *s)
{
    char text[SAMPLING_ROOM];

    if (!s->period) return;
    fprintf(to, "%s%s\n", label, sampling_phrase(text, s->period, s->samples));
    fprintf(to, "%s", label);
    put_amount(to, "standard errors: of what was allocated", s, s->blocks_variance,
               s->bytes_variance);
    put_amount(to, ", of what is live", s,
               live_variance(s->blocks_variance, s->freed_blocks_variance),
               live_variance(s->bytes_variance, s->freed_bytes_variance));
    fprintf(to, "\n%s", label);
    sampling_put_exact(to, s);
}

/* ---- JSON ---- */

static void begin_json(json *j, uint64_t period, uint64_t samples)
{
    json_begin_object(j, "sampling", 0);
    json_bool(j, "estimates", 1);
    json_uint(j, "period_bytes", period);
    json_uint(j, "samples", samples);
}

void sampling_put_json(json *j, uint64_t period, uint64_t samples, uint64_t total_bytes)
{
    if (!period) return;
    begin_json(j, period, samples);
    if (total_bytes) json_uint(j, "standard_error_bytes", sampling_error(period, total_bytes));
    json_end(j);
}

void sampling_put_facts_json(json *j, const trace_sampling *s)
{
    if (!s->period) return;
    begin_json(j, s->period, s->samples);
    json_uint(j, "freed_samples", s->freed_samples);
    json_uint(j, "standard_error_bytes", root(s->period, s->bytes_variance));
    json_uint(j, "standard_error_blocks", root(s->period, s->blocks_variance));
    json_uint(j, "standard_error_live_bytes",
              root(s->period, live_variance(s->bytes_variance, s->freed_bytes_variance)));
    json_uint(j, "standard_error_live_blocks",
              root(s->period, live_variance(s->blocks_variance, s->freed_blocks_variance)));
    json_uint(j, "exact_allocated_bytes", s->allocated);
    json_end(j);
}

/* ---- CSV ---- */

void sampling_put_csv_keys(FILE *to, uint64_t period, int is_of_bytes)
{
    if (period) fputs(",sample_period", to);
    if (period && is_of_bytes) fputs(",standard_error_bytes", to);
}

void sampling_put_csv(FILE *to, uint64_t period, int is_of_bytes, uint64_t bytes)
{
    if (period) fprintf(to, ",%" PRIu64, period);
    if (period && is_of_bytes) fprintf(to, ",%" PRIu64, sampling_error(period, bytes));
}
