/*
 * sqlite_store.h - an SQLite database on its way into a stream.
 *
 * SQLite wants a file that it can seek in; the stream may be a pipe. So the database is made in a
 * temporary file ($TMPDIR, or /tmp) and copied when done.
 *
 * The first error is kept and everything after it does nothing: look at what sqlite_store_finish()
 * returns.
 */
#ifndef THAG_SQLITE_STORE_H
#define THAG_SQLITE_STORE_H

#include <stdint.h>
#include <stdio.h>

#include "fault/fault.h"

typedef struct sqlite_store sqlite_store;

/** *out is the caller's, for sqlite_store_free(). */
thag_err sqlite_store_new(sqlite_store **out, fault *why);

/** NULL is accepted. The temporary file goes, finished or not. */
void sqlite_store_free(sqlite_store *s);

/** Run statements that give no rows. */
void sqlite_run(sqlite_store *s, const char *sql);

/** The row to fill from now on: `sql` is an INSERT with a ? for each column. */
void sqlite_into(sqlite_store *s, const char *sql);

/** The next column of the row. NULL text: NULL. Text is put as utf8_repair() makes it. */
void sqlite_int(sqlite_store *s, int64_t value);
void sqlite_text(sqlite_store *s, const char *text);
void sqlite_null(sqlite_store *s);

/** The row is complete: insert it. */
void sqlite_row(sqlite_store *s);

/** Finish the database and copy it. */
thag_err sqlite_store_finish(sqlite_store *s, FILE *to, fault *why);

#endif
