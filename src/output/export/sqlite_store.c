#include "output/export/sqlite_store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/utf8.h"

struct sqlite_store {
    sqlite3 *db;
    sqlite3_stmt *insert;
    int column; /* last that was bound, from 1 */
    int result; /* first that was not SQLITE_OK */
    char path[4096];
};

static void keep(sqlite_store *s, int result)
{
    if (s->result == SQLITE_OK && result != SQLITE_OK) s->result = result;
}

static thag_err fail(const sqlite_store *s, fault *why)
{
    if (s->result == SQLITE_NOMEM) {
        return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "writing SQLite");
    }
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "temporary database");
}

static thag_err make_file(sqlite_store *s, fault *why)
{
    const char *folder = getenv("TMPDIR");
    int len =
        snprintf(s->path, sizeof s->path, "%s/thag-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = -1;

    if (len < (int)sizeof s->path) fd = mkstemp(s->path);
    if (fd < 0) {
        s->path[0] = 0;
        return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "temporary file");
    }
    close(fd);
    return THAG_OK;
}

thag_err sqlite_store_new(sqlite_store **out, fault *why)
{
    sqlite_store *s = calloc(1, sizeof *s);
    thag_err err;

    *out = NULL;
    if (!s) return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "writing SQLite");
    err = make_file(s, why);
    if (err) goto done;
    keep(s, sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE, NULL));
    /* Nobody else sees the file before it is whole, and it is made anew rather than repaired. */
    sqlite_run(s, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
    if (s->result != SQLITE_OK) {
        err = fail(s, why);
        goto done;
    }
    *out = s;
    s = NULL;
done:
    sqlite_store_free(s);
    return err;
}

void sqlite_store_free(sqlite_store *s)
{
    if (!s) return;
    sqlite3_finalize(s->insert);
    sqlite3_close(s->db);
    if (s->path[0]) unlink(s->path);
    free(s);
}

void sqlite_run(sqlite_store *s, const char *sql)
{
    if (s->result == SQLITE_OK) keep(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

void sqlite_into(sqlite_store *s, const char *sql)
{
    sqlite3_finalize(s->insert);
    s->insert = NULL;
    s->column = 0;
    if (s->result == SQLITE_OK) keep(s, sqlite3_prepare_v2(s->db, sql, -1, &s->insert, NULL));
}

void sqlite_int(sqlite_store *s, int64_t value)
{
    if (s->result == SQLITE_OK) keep(s, sqlite3_bind_int64(s->insert, ++s->column, value));
}

void sqlite_text(sqlite_store *s, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    char *clean;

    if (!text) {
        sqlite_null(s);
        return;
    }
    if (s->result != SQLITE_OK) return;
    clean = sqlite3_malloc64(UTF8_REPAIRED_MAX(len) + 1);
    if (!clean) {
        keep(s, SQLITE_NOMEM);
        return;
    }
    len = utf8_repair(clean, text, len);
    keep(s, sqlite3_bind_text64(s->insert, ++s->column, clean, len, sqlite3_free, SQLITE_UTF8));
}

void sqlite_null(sqlite_store *s)
{
    if (s->result == SQLITE_OK) keep(s, sqlite3_bind_null(s->insert, ++s->column));
}

void sqlite_row(sqlite_store *s)
{
    if (s->result != SQLITE_OK) return;
    if (sqlite3_step(s->insert) != SQLITE_DONE) keep(s, sqlite3_errcode(s->db));
    sqlite3_reset(s->insert);
    s->column = 0;
}

static thag_err copy(const sqlite_store *s, FILE *to, fault *why)
{
    char block[1 << 16];
    FILE *from = fopen(s->path, "rbe");
    thag_err err = THAG_OK;

    if (!from) return fault_set(why, THAG_ERR_READ, UINT64_MAX, "temporary database");
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;) fwrite(block, 1, n, to);
    if (ferror(from)) err = fault_set(why, THAG_ERR_READ, UINT64_MAX, "temporary database");
    if (ferror(to)) err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing SQLite");
    fclose(from);
    return err;
}

thag_err sqlite_store_finish(sqlite_store *s, FILE *to, fault *why)
{
    sqlite_run(s, "COMMIT");
    sqlite3_finalize(s->insert);
    s->insert = NULL;
    keep(s, sqlite3_close(s->db));
    s->db = NULL;
    return s->result == SQLITE_OK ? copy(s, to, why) : fail(s, why);
}
