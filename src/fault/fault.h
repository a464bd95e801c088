/*
 * fault.h - how the analysis side says what went wrong, and where.
 */
#ifndef THAG_FAULT_H
#define THAG_FAULT_H

#include <stdint.h>

/* Code, text. 0 is OK; negative, never reused. */
#define THAG_ERRORS(X) \
    X(THAG_OK, 0, "no error") \
    X(THAG_ERR_MEMORY, -1, "out of memory") \
    X(THAG_ERR_OPEN, -2, "cannot open") \
    X(THAG_ERR_READ, -3, "cannot read") \
    X(THAG_ERR_WRITE, -4, "cannot write") \
    X(THAG_ERR_FORMAT, -5, "not a profile") \
    X(THAG_ERR_VERSION, -6, "unsupported trace version") \
    X(THAG_ERR_DAMAGED, -7, "damaged") \
    X(THAG_ERR_TOO_LARGE, -8, "too large") \
    X(THAG_ERR_UNIT, -9, "profiles of different units do not mix") \
    X(THAG_ERR_EMPTY, -10, "nothing recorded") \
    X(THAG_ERR_PATTERN, -11, "bad pattern")

typedef enum thag_err {
#define THAG_ERR_ENUM(id, code, text) id = code,
    THAG_ERRORS(THAG_ERR_ENUM)
#undef THAG_ERR_ENUM
} thag_err;

/* Where and why; filled by whoever fails first. All fields are set together by fault_set(). */
typedef struct fault {
    thag_err err;
    int os_errno;    /* 0 if the system had no part in it */
    uint64_t offset; /* byte in the file; UINT64_MAX if no place */
    uint64_t line;   /* 1.. in text input; 0 if no line */
    char path[512];  /* cut if longer */
    char what[192];  /* what was expected or found, one phrase */
} fault;

/** Constant text of an error code; never NULL. */
const char *thag_err_text(thag_err err);

/**
 * Fill *f (NULL is accepted) and return err, so that a caller can `return fault_set(...)`.
 * os_errno is taken from errno where the system had a part in it: open, read and write errors.
 * The line becomes 0 and the path empty; who knows them sets them afterwards.
 */
thag_err fault_set(fault *f, thag_err err, uint64_t offset, const char *what);

/** Name the file of a fault that has none yet. NULL is accepted for both. */
void fault_set_path(fault *f, const char *path);

#endif
