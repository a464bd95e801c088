/* compile_commands.json: a list of objects with "directory", "file", and "arguments" or "command". */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "thag-instrument/instrument.h"

#define STANDARD_MAX 32

/* The standard in a command line: what stands behind the last -std=. */
static void find_standard(const char *text, char standard[STANDARD_MAX])
{
    for (const char *at = text; (at = strstr(at, "-std=")); at += 5) {
        size_t len = strcspn(at + 5, " \t\"'");
        if (len < STANDARD_MAX) {
            memcpy(standard, at + 5, len);
            standard[len] = 0;
        }
    }
}

static void standard_of(const json_t *entry, char standard[STANDARD_MAX])
{
    const json_t *arguments = json_object_get(entry, "arguments"), *argument;
    const char *command = json_string_value(json_object_get(entry, "command"));
    size_t i;

    standard[0] = 0;
    if (command) find_standard(command, standard);
    json_array_foreach(arguments, i, argument)
    {
        if (json_is_string(argument)) find_standard(json_string_value(argument), standard);
    }
}

static int add_entry(input_list *l, const json_t *entry, const char *path, size_t number)
{
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *directory = json_string_value(json_object_get(entry, "directory"));
    char standard[STANDARD_MAX], *joined = NULL, *real;
    int status;

    if (!file) return complain(EXIT_INPUT, path, "entry %zu: \"file\" is missing", number + 1);
    if (file[0] != '/' && directory && asprintf(&joined, "%s/%s", directory, file) < 0)
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    standard_of(entry, standard);
    /* One file may be named in several ways. What is not there is said when it is read. */
    real = realpath(joined ? joined : file, NULL);
    status = inputs_add(l, real ? real : joined ? joined : file, standard[0] ? standard : NULL);
    free(real);
    free(joined);
    return status;
}

int inputs_add_commands(input_list *l, const char *path)
{
    file_text f;
    json_error_t error;
    json_t *list;
    const json_t *entry;
    size_t i;
    int status = file_read(&f, path);

    if (status != EXIT_FINE) return status;
    list = json_loadb(f.text, f.len, 0, &error);
    file_release(&f);
    if (!list) return complain(EXIT_INPUT, path, "line %d: %s", error.line, error.text);
    if (!json_is_array(list)) status = complain(EXIT_INPUT, path, "is no list of commands");
    json_array_foreach(list, i, entry)
    {
        if (status == EXIT_FINE) status = add_entry(l, entry, path, i);
    }
    json_decref(list);
    return status;
}
