#include "thag-analyze/command/push.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "output/json_writer.h"

/* What is in the body is the same: series of labels and gzipped pprof. Where labels stand is not. */
static const struct {
    const char *name, *path;
    int nests_labels;
} servers[] = {{"pyroscope", "/push.v1.PusherService/Push", 0}, {"parca", "/profiles/writeraw", 1}};

const char *push_server_name(size_t n)
{
    return n < sizeof servers / sizeof *servers ? servers[n].name : NULL;
}

/* As Prometheus has them: letters, digits and _, no digit in front. */
static int is_label(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    return len && text[len] == '=' && strchr(letters, text[0]);
}

int push_label_add(void *labels, const option_fact *fact, const char *text)
{
    push_labels *list = labels;

    if (!is_label(text)) {
        return complain(EXIT_USAGE, NULL, "--%s: %s is not NAME=VALUE", fact->name, text);
    }
    if (list->count == PUSH_LABELS_MAX) {
        return complain(EXIT_USAGE, NULL, "--%s: at most %d", fact->name, PUSH_LABELS_MAX);
    }
    list->items[list->count++] = text;
    return EXIT_FINE;
}

/* ---- the body ---- */

static void put_label(json *j, const char *name, const char *value)
{
    json_begin_object(j, NULL, 0);
    json_text(j, "name", name);
    json_text(j, "value", value);
    json_end(j);
}

static void put_labels(json *j, const push_settings *set, const export_source *from)
{
    json_begin_array(j, "labels", 0);
    put_label(j, "__name__", "thag");
    put_label(j, "service_name", set->service ? set->service : from->program);
    for (size_t i = 0; i < set->labels.count; i++) {
        const char *text = set->labels.items[i], *equals = strchr(text, '=');
        char *name = strndup(text, (size_t)(equals - text));

        if (name) put_label(j, name, equals + 1);
        free(name);
    }
    json_end(j);
}

static void put_body(FILE *to, const push_settings *set, const export_source *from,
                     const unsigned char *pprof, size_t len)
{
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 0);
    json_begin_array(&j, "series", 0);
    json_begin_object(&j, NULL, 0);
    if (servers[set->server].nests_labels) json_begin_object(&j, "labels", 0);
    put_labels(&j, set, from);
    if (servers[set->server].nests_labels) json_end(&j);
    json_begin_array(&j, "samples", 0);
    json_begin_object(&j, NULL, 0);
    json_base64(&j, "rawProfile", pprof, len);
    for (int open = 0; open < 5; open++) json_end(&j);
    json_finish(&j);
}

/* *body is the caller's, for free(). */
static int make_body(char **body, size_t *body_len, const push_settings *set,
                     const export_source *from)
{
    char *pprof = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&pprof, &len);
    fault f = {0};
    int status = EXIT_FINE, is_whole = 0;

    *body = NULL;
    if (to && export_write(export_format_named("pprof"), to, from, &f)) status = complain_fault(&f);
    if (to) is_whole = !fclose(to);
    if (is_whole && status == EXIT_FINE) {
        to = open_memstream(body, body_len);
        if (to) put_body(to, set, from, (const unsigned char *)pprof, len);
        is_whole = to && !fclose(to);
    }
    free(pprof);
    if (status == EXIT_FINE && !is_whole) status = complain(EXIT_SYSTEM, NULL, "out of memory");
    return status;
}

/* ---- sending ---- */

#ifdef THAG_HAVE_CURL
#include <curl/curl.h>

#define ANSWER_SHOWN 300

typedef struct answer {
    char text[ANSWER_SHOWN + 1];
    size_t len;
} answer;

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    answer *a = context;
    size_t len = size * count, room = ANSWER_SHOWN - a->len;

    memcpy(a->text + a->len, bytes, len < room ? len : room);
    a->len += len < room ? len : room;
    return len;
}

static struct curl_slist *headers(void)
{
    const char *token = getenv("THAG_PUSH_TOKEN");
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json"), *more;
    char *bearer = NULL;

    if (!list || !token || !*token) return list;
    if (asprintf(&bearer, "Authorization: Bearer %s", token) < 0) bearer = NULL;
    more = bearer ? curl_slist_append(list, bearer) : NULL;
    free(bearer);
    return more ? more : list;
}

static void set_up(CURL *c, const char *url, const char *body, size_t len, answer *a)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "thag-analyze/" THAG_VERSION);
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L); /* SIGALRM is the progress line's */
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
}

static int perform(CURL *c, const char *shown, const answer *a)
{
    char why[CURL_ERROR_SIZE] = "";
    CURLcode code;
    long http = 0;

    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    code = curl_easy_perform(c);
    if (code) {
        return complain(EXIT_SYSTEM, shown, "cannot push (%s)",
                        *why ? why : curl_easy_strerror(code));
    }
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &http);
    if (http < 200 || http > 299) {
        return complain(EXIT_SYSTEM, shown, "not taken (HTTP %ld%s%s)", http, a->len ? ": " : "",
                        a->text);
    }
    return EXIT_FINE;
}

static int post(const char *url, const char *shown, const char *body, size_t len)
{
    CURL *c = curl_easy_init();
    struct curl_slist *list = headers();
    answer a = {.len = 0};
    int status = EXIT_SYSTEM;

    if (c && list) {
        set_up(c, url, body, len, &a);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
        progress_begin("pushing to", shown);
        status = perform(c, shown, &a);
        progress_end();
    } else {
        complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    return status;
}

#else

static int post(const char *url, const char *shown, const char *body, size_t len)
{
    (void)url;
    (void)body;
    (void)len;
    return complain(EXIT_USAGE, shown, "this thag-analyze was built without libcurl: no --push");
}

#endif

/* URL without name and password; what follows the scheme up to an @ in the host's part. */
static char *without_secrets(const char *url)
{
    const char *host = strstr(url, "://");
    const char *at, *slash;
    char *text = NULL;

    host = host ? host + 3 : url;
    at = strchr(host, '@');
    slash = strchr(host, '/');
    if (!at || (slash && slash < at)) return strdup(url);
    return asprintf(&text, "%.*s%s", (int)(host - url), url, at + 1) < 0 ? NULL : text;
}

int push_profile(const push_settings *set, const export_source *from)
{
    size_t url_len = strlen(set->url), len = 0;
    char *url = NULL, *body = NULL, *shown = without_secrets(set->url);
    int status = make_body(&body, &len, set, from);

    while (url_len && set->url[url_len - 1] == '/') url_len--;
    if (status == EXIT_FINE && (!shown || asprintf(&url, "%.*s%s", (int)url_len, set->url,
                                                   servers[set->server].path) < 0)) {
        url = NULL;
        status = complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    if (status == EXIT_FINE) status = post(url, shown, body, len);
    if (status == EXIT_FINE) {
        printf("pushed to %s as %s\n", shown, set->service ? set->service : from->program);
    }
    free(url);
    free(shown);
    free(body);
    return status;
}
