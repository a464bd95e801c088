/*
 * config.c - the setting THAG_PROFILER=type,dir,debug,detail and its tuning variables.
 *
 * A bad value is never fatal: the caller says so in one line, and the program runs unprofiled.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "runtime/heap_sample.h"
#include "runtime/runtime.h"

#define FOLDED_LIMIT ((uint64_t)64 << 20) /* a quarter of a million paths of 16 functions or so */

typedef struct piece {
    const char *at;
    size_t len;
} piece;

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static piece trimmed(const char *at, size_t len)
{
    while (len && is_space(*at)) at++, len--;
    while (len && is_space(at[len - 1])) len--;
    return (piece){at, len};
}

/* The next comma-separated field; *rest moves on, NULL at the end. */
static piece next_field(const char **rest)
{
    if (!*rest) return (piece){"", 0};
    const char *from = *rest, *comma = strchr(from, ',');
    *rest = comma ? comma + 1 : NULL;
    return trimmed(from, comma ? (size_t)(comma - from) : strlen(from));
}

static int is_word(piece p, const char *word)
{
    if (p.len != strlen(word)) return 0;
    for (size_t i = 0; i < p.len; i++) {
        char c = p.at[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != word[i]) return 0;
    }
    return 1;
}

/* Index of the word in a NULL-terminated list, or -1 with the problem described. */
static int choose(thagi_config *config, piece p, const char *const *words, const char *what,
                  const char *expected)
{
    for (int i = 0; words[i]; i++)
        if (is_word(p, words[i])) return i;
    snprintf(config->problem, sizeof config->problem, "THAG_PROFILER: %s \"%.*s\": expected %s",
             what, p.len > 40 ? 40 : (int)p.len, p.at, expected);
    return -1;
}

/* Absolute from the start on: a later chdir changes nothing. */
static int set_dir(thagi_config *config, piece p)
{
    size_t used = 0;
    if (p.len == 0 || p.at[0] != '/') {
        if (thagi_plat_dir_current(config->dir, sizeof config->dir) != 0) {
            snprintf(config->problem, sizeof config->problem, "no working directory");
            return -1;
        }
        used = strlen(config->dir);
        if (p.len && used + 1 < sizeof config->dir) config->dir[used++] = '/';
    }
    if (used + p.len >= sizeof config->dir - NAME_MAX) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_PROFILER: directory: name too long");
        return -1;
    }
    memcpy(config->dir + used, p.at, p.len);
    config->dir[used + p.len] = 0;
    return 0;
}

int thagi_config_read(thagi_config *config, const char *setting)
{
    static const char *const types[] = {"none", "time", "memory", "both", NULL};
    static const char *const levels[] = {"none", "quiet", "announce", NULL};
    static const char *const truth[] = {"false", "true", NULL};
    const char *rest = setting && *setting ? setting : NULL;
    int value = 0;
    piece field = next_field(&rest);

    config->modes = 0;
    config->log = config->detail = 0; /* nothing stays of an earlier setting */
    if (setting && *setting) {
        value = choose(config, field, types, "type", "both, memory, time or none");
        if (value < 0) return -1;
        config->modes = (unsigned)value;
    }
    if (set_dir(config, next_field(&rest)) != 0) return -1;
    field = next_field(&rest);
    if (field.len) {
        value = choose(config, field, levels, "debug level", "none, quiet or announce");
        if (value < 0) return -1;
        config->log = value;
    }
    field = next_field(&rest);
    if (field.len) {
        value = choose(config, field, truth, "detail", "true or false");
        if (value < 0) return -1;
        config->detail = value;
    }
    if (config->detail && !(config->modes & TRACE_MEMORY)) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_PROFILER: detail is for memory or both");
        return -1;
    }
    if (rest) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_PROFILER: expected type,directory,debug,detail, found more");
        return -1;
    }
    return 0;
}

/* A whole number, with K, M or G behind it if `sizes`. Returns 0 if it is one. */
static int read_number(const char *text, int sizes, uint64_t *out)
{
    uint64_t value = 0;
    const char *p = text;
    if (*p < '0' || *p > '9') return -1;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (UINT64_MAX - 9) / 10) return -1;
        value = value * 10 + (uint64_t)(*p - '0');
    }
    static const char suffixes[] = "KMG";
    const char *suffix = sizes && *p ? strchr(suffixes, *p & ~0x20) : NULL;
    if (suffix && *suffix) {
        unsigned shift = 10u * (unsigned)(suffix - suffixes + 1);
        if (value > UINT64_MAX >> shift) return -1;
        value <<= shift;
        p++;
    }
    *out = value;
    return *p == 0 ? 0 : -1;
}

/* THAG_MEMORY_SAMPLE. Returns 0, or -1 with the problem described. */
static int read_heap_period(thagi_config *config)
{
    const char *text = thagi_plat_getenv("THAG_MEMORY_SAMPLE");
    config->heap_period = 0;
    if (!text || !*text) return 0;
    if (read_number(text, 1, &config->heap_period) == 0 &&
        config->heap_period <= THAGI_SAMPLE_PERIOD_MAX)
        return 0;
    snprintf(config->problem, sizeof config->problem,
             "THAG_MEMORY_SAMPLE: expected bytes up to 1G, e.g. 512K; or 0");
    return -1;
}

/* What concerns memory: THAG_MEMORY, THAG_MEMORY_SAMPLE, THAG_MAPPINGS, THAG_SIZE_TRACKING_THRESHOLD (or
   without THAG_). */
static int read_heap_tuning(thagi_config *config)
{
    const char *text = thagi_plat_getenv("THAG_MEMORY");
    if (text && strcmp(text, "summary") == 0) {
        config->heap_mode = TRACE_HEAP_SUMMARY;
    } else if (text && *text && strcmp(text, "live") != 0) {
        snprintf(config->problem, sizeof config->problem, "THAG_MEMORY: expected summary or live");
        return -1;
    }
    if (read_heap_period(config) != 0) return -1;
    text = thagi_plat_getenv("THAG_MAPPINGS");
    if (text && strcmp(text, "yes") == 0) {
        config->mappings = 1;
    } else if (text && *text && strcmp(text, "no") != 0) {
        snprintf(config->problem, sizeof config->problem, "THAG_MAPPINGS: expected yes or no");
        return -1;
    }
    text = thagi_plat_getenv("THAG_SIZE_TRACKING_THRESHOLD");
    if (!text) text = thagi_plat_getenv("SIZE_TRACKING_THRESHOLD");
    if (text && *text && read_number(text, 1, &config->heap_threshold) != 0) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_SIZE_TRACKING_THRESHOLD: expected bytes, e.g. 0, 100 or 4K");
        return -1;
    }
    return 0;
}

/* THAG_RUN=id or id,pid: what thag-run sets. Returns 0, or -1 with the problem described. */
static int read_run(thagi_config *config)
{
    const char *text = thagi_plat_getenv("THAG_RUN");
    const char *comma = text ? strchr(text, ',') : NULL;
    char id_text[24];
    uint64_t id = 0, pid = 0;

    config->run_id = config->run_pid = 0;
    if (!text || !*text) return 0;
    snprintf(id_text, sizeof id_text, "%.*s", comma ? (int)(comma - text) : 23, text);
    if (read_number(id_text, 0, &id) != 0 || (comma && read_number(comma + 1, 0, &pid) != 0) ||
        id > UINT32_MAX || pid > UINT32_MAX) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_RUN: expected two numbers, as thag-run sets it");
        return -1;
    }
    config->run_id = (uint32_t)id;
    config->run_pid = (uint32_t)pid;
    return 0;
}

int thagi_config_read_tuning(thagi_config *config)
{
    const char *text;
    uint64_t value;
    config->use_counter = 1;
    config->sample_period = 1;
    config->timeline_limit = UINT64_MAX;
    config->folded_limit = FOLDED_LIMIT;
    config->heap_mode = TRACE_HEAP_LIVE;
    config->heap_threshold = 0;
    config->mappings = 0;
    text = thagi_plat_getenv("THAG_CLOCK");
    if (text && *text) {
        if (strcmp(text, "monotonic") == 0)
            config->use_counter = 0;
        else if (strcmp(text, "counter") != 0) {
            snprintf(config->problem, sizeof config->problem,
                     "THAG_CLOCK: expected counter or monotonic");
            return -1;
        }
    }
    text = thagi_plat_getenv("THAG_SAMPLE");
    if (text && *text) {
        if (read_number(text, 0, &value) != 0 || value < 1 || value > 1000000) {
            snprintf(config->problem, sizeof config->problem,
                     "THAG_SAMPLE: expected a number from 1 to 1000000");
            return -1;
        }
        config->sample_period = (uint32_t)value;
    }
    text = thagi_plat_getenv("THAG_TIMELINE_LIMIT");
    if (text && *text && read_number(text, 1, &config->timeline_limit) != 0) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_TIMELINE_LIMIT: expected bytes, e.g. 0, 500000000 or 2G");
        return -1;
    }
    text = thagi_plat_getenv("THAG_FOLDED_LIMIT");
    if (text && *text && read_number(text, 1, &config->folded_limit) != 0) {
        snprintf(config->problem, sizeof config->problem,
                 "THAG_FOLDED_LIMIT: expected bytes, e.g. 0, 500000000 or 2G");
        return -1;
    }
    return read_heap_tuning(config) == 0 ? read_run(config) : -1;
}
