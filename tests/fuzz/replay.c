/*
 * replay.c - runs a fuzz target on the files and folders that are its arguments, without a fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned file_count;

static void replay_file(const char *path)
{
    FILE *from = fopen(path, "rb");
    struct stat st;
    uint8_t *bytes;

    /* A block of just the size, so that a sanitizer sees one byte too many. */
    if (!from || fstat(fileno(from), &st) != 0 ||
        !(bytes = malloc(st.st_size ? (size_t)st.st_size : 1))) {
        fprintf(stderr, "replay: %s: cannot read\n", path);
        exit(4);
    }
    LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, (size_t)st.st_size, from));
    file_count++;
    free(bytes);
    fclose(from);
}

static void replay(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char inside[4096];

    if (!folder) {
        replay_file(path);
        return;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        replay_file(inside);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) replay(argv[i]);
    printf("%u inputs\n", file_count);
    return file_count ? 0 : 1;
}
