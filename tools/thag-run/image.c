#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "thag-run/image.h"

/* Where execvp() finds it. 0: nowhere. */
static int find_program(const char *name, char path[PATH_MAX])
{
    const char *dir = getenv("PATH");

    if (strchr(name, '/')) return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    while (dir) {
        const char *colon = strchrnul(dir, ':');
        int len = (int)(colon - dir);

        if (snprintf(path, PATH_MAX, "%.*s/%s", len ? len : 1, len ? dir : ".", name) < PATH_MAX &&
            access(path, X_OK) == 0) {
            return 1;
        }
        dir = *colon ? colon + 1 : NULL;
    }
    return 0;
}

/* Of the line behind #!, or 0: what runs the script. */
static size_t interpreter_line(const image *im, const char **line)
{
    size_t len = im->len < 256 ? im->len : 256; /* as much as Linux reads */
    const char *end;

    if (len < 3 || memcmp(im->bytes, "#!", 2) != 0) return 0;
    *line = im->bytes + 2;
    for (len -= 2; len && strchr(" \t", **line); len--) (*line)++;
    end = memchr(*line, '\n', len);
    return end ? (size_t)(end - *line) : len;
}

void image_interpreter(const image *im, char text[IMAGE_INTERPRETER_MAX])
{
    const char *line = "/bin/sh"; /* to which execvp() gives what no kernel knows */
    size_t len = interpreter_line(im, &line);

    snprintf(text, IMAGE_INTERPRETER_MAX, "%.*s", len ? (int)len : 7, line);
}

/* env is not what runs it in the end: the program that it is to look up. */
static const char *interpreter_program(char *text)
{
    char *rest, *word = strtok_r(text, " \t\r", &rest);
    const char *slash = word ? strrchr(word, '/') : NULL;

    if (!word || strcmp(slash ? slash + 1 : word, "env") != 0) return word;
    do {
        word = strtok_r(NULL, " \t\r", &rest);
    } while (word && (word[0] == '-' || strchr(word, '=')));
    return word;
}

int image_open_running(image *im, const char *name)
{
    char text[IMAGE_INTERPRETER_MAX];
    int is_there = image_open(im, name);

    for (int depth = 0; is_there && depth < 5 && image_is_script(im); depth++) {
        const char *program;

        image_interpreter(im, text);
        program = interpreter_program(text);
        image_close(im);
        is_there = program && image_open(im, program);
    }
    return is_there;
}

int image_open(image *im, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    void *bytes = MAP_FAILED;
    int fd = find_program(name, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    memset(im, 0, sizeof *im);
    if (fd < 0) return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        im->len = (size_t)st.st_size;
        im->has_more_rights = ((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
                              ((st.st_mode & S_ISGID) && st.st_gid != getgid()) ||
                              fgetxattr(fd, "security.capability", NULL, 0) > 0;
        bytes = mmap(NULL, im->len, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    if (bytes == MAP_FAILED) return 0;
    im->bytes = bytes;
    return 1;
}

void image_close(image *im)
{
    if (im->bytes) munmap((void *)(uintptr_t)im->bytes, im->len);
    memset(im, 0, sizeof *im);
}

static int holds(const image *im, const char *text)
{
    return memmem(im->bytes, im->len, text, strlen(text)) != NULL;
}

int image_has_runtime(const image *im)
{
    return holds(im, "THAG_TIMELINE_LIMIT"); /* which it asks the environment for */
}

int image_uses_runtime(const image *im)
{
    return holds(im, "libthag_profiler.so") || holds(im, "libthag_heap.so");
}

int image_wants_functions(const image *im)
{
    return holds(im, "__cyg_profile_func_enter") && !holds(im, "libthag_functions.so") &&
           !image_has_runtime(im);
}

int image_has_heap(const image *im)
{
    return holds(im, "libthag_heap.a"); /* which a message of its names */
}

int image_counts_calls(const image *im)
{
    static const char *const names[] = {"mcount", "_mcount", "__fentry__"};
    char symbol[16];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = (size_t)snprintf(symbol + 1, sizeof symbol - 1, "%s", names[i]);

        symbol[0] = 0; /* the whole entry of a table of names */
        if (memmem(im->bytes, im->len, symbol, len + 2)) return 1;
    }
    return 0;
}

int image_uses_adapted(const image *im)
{
    static const char *const libraries[] = {"libuv.so", "libevent", "libglib-2.0.so", "libgomp.so",
                                            "libomp.so"};

    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (holds(im, libraries[i])) return 1;
    return 0;
}

static int is_elf(const image *im)
{
    return im->len > EI_CLASS && memcmp(im->bytes, ELFMAG, SELFMAG) == 0;
}

int image_is_script(const image *im)
{
    return !is_elf(im);
}

int image_is_foreign(const image *im)
{
    Elf64_Ehdr head, own;
    FILE *self = fopen("/proc/self/exe", "re");
    int is_known = self && fread(&own, sizeof own, 1, self) == 1;

    if (self) fclose(self);
    if (!is_known || !is_elf(im) || im->len < sizeof head) return 0;
    memcpy(&head, im->bytes, sizeof head); /* the first fields are alike in all classes */
    return head.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || head.e_machine != own.e_machine;
}

int image_is_static(const image *im)
{
    Elf64_Ehdr head;
    Elf64_Phdr part;

    if (im->len < sizeof head || !is_elf(im)) return 0;
    memcpy(&head, im->bytes, sizeof head);
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof part) return 0;
    for (unsigned i = 0; i < head.e_phnum; i++) {
        uint64_t at = head.e_phoff + i * sizeof part;

        if (at > im->len || im->len - at < sizeof part) return 0;
        memcpy(&part, im->bytes + at, sizeof part);
        if (part.p_type == PT_INTERP) return 0;
    }
    return 1;
}
