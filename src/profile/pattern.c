#include "profile/pattern.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Far more than an honest pattern takes on a name of 64 KiB; ends a hostile one within 0.1 s. */
#define MATCH_LIMIT    1000000u
#define DEPTH_LIMIT    10000u
#define HEAP_LIMIT_KIB 65536u

struct pattern {
    pcre2_code *code; /* NULL: exact */
    pcre2_match_data *match;
    pcre2_match_context *limits;
    size_t exact_len;
    char exact[]; /* NUL-terminated */
};

static pattern *allocate(const char *exact)
{
    size_t len = strlen(exact);
    pattern *p = calloc(1, sizeof *p + len + 1);

    if (!p) return NULL;
    memcpy(p->exact, exact, len);
    p->exact_len = len;
    return p;
}

thag_err pattern_new_exact(pattern **out, const char *name, fault *f)
{
    *out = allocate(name);
    return *out ? THAG_OK : fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "pattern");
}

thag_err pattern_new(pattern **out, const char *text, fault *f)
{
    PCRE2_UCHAR reason[128];
    PCRE2_SIZE at;
    int number;
    pattern *p = allocate("");
    thag_err err = THAG_OK;

    *out = NULL;
    if (!p) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "pattern");
    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &at, NULL);
    if (!p->code) {
        pcre2_get_error_message(number, reason, sizeof reason);
        err = fault_set(f, THAG_ERR_PATTERN, at, (const char *)reason);
        goto done;
    }
    p->match = pcre2_match_data_create(1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->match || !p->limits) {
        err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "pattern");
        goto done;
    }
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    *out = p;
    p = NULL;
done:
    pattern_free(p);
    return err;
}

void pattern_free(pattern *p)
{
    if (!p) return;
    pcre2_code_free(p->code);
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->limits);
    free(p);
}

thag_err pattern_match(pattern *p, const char *name, size_t name_len, int *is_match, fault *f)
{
    int found;

    *is_match = 0;
    if (!p->code) {
        *is_match = name_len == p->exact_len && memcmp(name, p->exact, name_len) == 0;
        return THAG_OK;
    }
    found = pcre2_match(p->code, (PCRE2_SPTR)name, name_len, 0, 0, p->match, p->limits);
    if (found < PCRE2_ERROR_NOMATCH) {
        return fault_set(f, THAG_ERR_PATTERN, UINT64_MAX, "it takes too long on a name");
    }
    *is_match = found >= 0;
    return THAG_OK;
}
