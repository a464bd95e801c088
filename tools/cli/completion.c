/*
 * completion.c - one writer a shell. A script holds all it needs, choices included: it starts no
 * program while somebody types.
 */
#include "cli/completion.h"

#include <string.h>

typedef void (*fact_visit)(FILE *to, const option_fact *f);

static void each_fact(FILE *to, const option_set *set, fact_visit visit)
{
    for (size_t g = 0; g < OPTION_GROUPS_MAX; g++) {
        for (const option_fact *f = set->groups[g].facts; f && f->name; f++) visit(to, f);
    }
}

static void put_choices(FILE *to, const option_fact *f)
{
    for (size_t i = 0; f->choice(i); i++) fprintf(to, "%s%s", i ? " " : "", f->choice(i));
}

/* A function's name in a shell. */
static void put_identifier(FILE *to, const char *name)
{
    fputc('_', to);
    for (; *name; name++) fputc(*name == '-' ? '_' : *name, to);
}

/* Within single quotes; what `also` has is escaped by a backslash, too. */
static void put_quoted(FILE *to, const char *text, const char *also)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fprintf(to, "%s%c", strchr(also, *text) ? "\\" : "", *text);
    }
}

/* ---- bash ---- */

static void bash_word(FILE *to, const option_fact *f)
{
    if (f->letter) fprintf(to, "-%c ", f->letter);
    fprintf(to, "--%s%s ", f->name, f->arg ? "=" : "");
}

/* What follows an option that takes an argument. */
static void bash_value(FILE *to, const option_fact *f)
{
    if (!f->arg) return;
    fputs("    ", to);
    if (f->letter) fprintf(to, "-%c | ", f->letter);
    fprintf(to, "--%s) ", f->name);
    if (f->kind == OPTION_IS_FILE) {
        fputs("_thag_paths '' \"$value\"; return ;;\n", to);
    } else if (f->choice) {
        fputs("_thag_words '", to);
        put_choices(to, f);
        fputs("' \"$value\"; return ;;\n", to);
    } else {
        fputs("return ;;\n", to);
    }
}

static const char bash_helpers[] =
    "# A name may hold spaces, so it is a line, not a word.\n"
    "_thag_paths()\n"
    "{\n"
    "    local path ending\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r path; do\n"
    "        [[ -n $path ]] && COMPREPLY+=(\"$path\")\n"
    "    done < <(\n"
    "        [[ -n $1 ]] || compgen -f -- \"$2\"\n"
    "        for ending in $1; do compgen -f -X \"!*.$ending\" -- \"$2\"; done\n"
    "        [[ -z $1 ]] || compgen -d -- \"$2\"\n"
    "    )\n"
    "}\n\n"
    "_thag_words()\n"
    "{\n"
    "    local word\n"
    "    while IFS= read -r word; do\n"
    "        COMPREPLY+=(\"$word\")\n"
    "        [[ $word == *= ]] && compopt -o nospace 2>/dev/null\n"
    "    done < <(compgen -W \"$1\" -- \"$2\")\n"
    "}\n\n";

static void bash_command(FILE *to, const completion_command *c)
{
    fprintf(to, "  %s)\n    case $option in\n", c->name ? c->name : "*");
    each_fact(to, &c->set, bash_value);
    fputs("    esac\n    options='", to);
    each_fact(to, &c->set, bash_word);
    fputs("'\n    ;;\n", to);
}

/* Options that take the next word, as a pattern. */
static void bash_taker(FILE *to, const option_fact *f)
{
    if (f->arg && f->letter) fprintf(to, "-%c | ", f->letter);
    if (f->arg) fprintf(to, "--%s | ", f->name);
}

/* Behind the name of a program everything is its own. */
static void bash_program(FILE *to, const completion *c)
{
    fputs("    local at\n"
          "    for ((at = 1; at < COMP_CWORD; at++)); do\n"
          "        case ${COMP_WORDS[at]} in\n        ",
          to);
    each_fact(to, &c->commands[0].set, bash_taker);
    fputs("'') [[ ${COMP_WORDS[at + 1]} == = ]] && ((at++)); ((at++)) ;;\n"
          "        -*) ;;\n"
          "        *) break ;;\n"
          "        esac\n"
          "    done\n"
          "    if ((at < COMP_CWORD)) && declare -F _command_offset >/dev/null; then\n"
          "        _command_offset \"$at\"\n"
          "        return\n"
          "    elif ((at < COMP_CWORD)); then\n"
          "        _thag_paths '' \"$current\"\n"
          "        return\n"
          "    fi\n",
          to);
}

static void write_bash(FILE *to, const completion *c)
{
    int has_commands = c->commands[0].name != NULL;

    fprintf(to, "# Completion of %s for bash.\n# shellcheck shell=bash\n\n%s", c->program,
            bash_helpers);
    put_identifier(to, c->program);
    fputs("()\n{\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=\n"
          "    local option=${COMP_WORDS[COMP_CWORD - 1]} value=$current\n\n"
          "    COMPREPLY=()\n"
          "    # bash takes = for a word of its own.\n"
          "    if [[ $current == = ]]; then\n        value=\n"
          "    elif [[ $option == = ]]; then\n"
          "        option=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n",
          to);
    if (has_commands) {
        fputs("    if ((COMP_CWORD == 1)); then\n        _thag_words '", to);
        for (size_t i = 0; i < c->command_count; i++) fprintf(to, "%s ", c->commands[i].name);
        fputs("help --help --version' \"$current\"\n        _thag_paths / \"$current\"\n"
              "        return\n    fi\n",
              to);
    }
    if (c->commands[0].set.stops_at_input) bash_program(to, c);
    fputs("    case $command in\n", to);
    for (size_t i = 0; i < c->command_count; i++) bash_command(to, &c->commands[i]);
    if (has_commands) fputs("  *) return ;;\n", to);
    fputs("    esac\n    if [[ $current == -* ]]; then\n"
          "        _thag_words \"$options\" \"$current\"\n    else\n",
          to);
    if (c->commands[0].set.stops_at_input)
        fputs("        [[ $current == */* ]] || _thag_words \"$(compgen -c -- \"$current\")\" "
              "\"$current\"\n",
              to);
    fputs("        _thag_paths '", to);
    for (size_t i = 0; c->endings && c->endings[i]; i++) {
        fprintf(to, "%s%s", i ? " " : "", c->endings[i]);
    }
    fputs("' \"$current\"\n    fi\n}\ncomplete -F ", to);
    put_identifier(to, c->program);
    fprintf(to, " %s\n", c->program);
}

/* ---- zsh ---- */

static void zsh_fact(FILE *to, const option_fact *f)
{
    fputs("            ", to);
    if (f->letter)
        fprintf(to, "'(-%c --%s)'{-%c%s,--%s%s}'[", f->letter, f->name, f->letter,
                f->arg ? "+" : "", f->name, f->arg ? "=" : "");
    else
        fprintf(to, "'%s--%s%s[", f->kind == OPTION_IS_CALL ? "*" : "", f->name, f->arg ? "=" : "");
    put_quoted(to, f->help, "[]:\\");
    fputc(']', to);
    if (f->arg) {
        fputc(':', to);
        put_quoted(to, f->arg, ":\\");
        fputc(':', to);
    }
    if (f->kind == OPTION_IS_FILE) fputs("_files", to);
    if (f->choice) {
        fputc('(', to);
        put_choices(to, f);
        fputc(')', to);
    }
    fputs("' \\\n", to);
}

static void zsh_inputs(FILE *to, const completion *c)
{
    if (c->commands[0].set.stops_at_input) {
        fputs("            '(-)1:program:{ _command_names -e; _files }' \\\n"
              "            '*::argument:_normal'\n",
              to);
        return;
    }
    fputs("            '*:file:_files", to);
    for (size_t i = 0; c->endings && c->endings[i]; i++) {
        fprintf(to, "%s%s", i ? "|" : " -g \"*.(", c->endings[i]);
    }
    fprintf(to, "%s'\n", c->endings ? ")(-.)\"" : "");
}

static void zsh_commands(FILE *to, const completion *c)
{
    fputs("    if (( CURRENT == 2 )); then\n        local -a commands=(\n", to);
    for (size_t i = 0; i < c->command_count; i++) {
        fprintf(to, "            '%s:", c->commands[i].name);
        put_quoted(to, c->commands[i].summary, ":\\");
        fputs("'\n", to);
    }
    fputs("            'help:options of a command'\n        )\n"
          "        _describe command commands\n        _files -/\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
          "    case $command in\n",
          to);
    for (size_t i = 0; i < c->command_count; i++) {
        fprintf(to, "    %s)\n        _arguments \\\n", c->commands[i].name);
        each_fact(to, &c->commands[i].set, zsh_fact);
        zsh_inputs(to, c);
        fputs("        ;;\n", to);
    }
    fputs("    esac\n", to);
}

static void write_zsh(FILE *to, const completion *c)
{
    fprintf(to, "#compdef %s\n# Completion of %s for zsh.\n\n", c->program, c->program);
    put_identifier(to, c->program);
    fputs("() {\n", to);
    if (c->commands[0].name) {
        zsh_commands(to, c);
    } else {
        fputs("    _arguments \\\n", to);
        each_fact(to, &c->commands[0].set, zsh_fact);
        zsh_inputs(to, c);
    }
    fputs("}\n\n", to);
    put_identifier(to, c->program);
    fputs(" \"$@\"\n", to);
}

/* ---- fish ---- */

static void fish_fact(FILE *to, const option_fact *f)
{
    fputs("complete $here", to);
    if (f->letter) fprintf(to, " -s %c", f->letter);
    fprintf(to, " -l %s%s -d '", f->name, !f->arg ? "" : f->kind == OPTION_IS_FILE ? " -r" : " -x");
    for (const char *p = f->help; *p; p++) fprintf(to, "%s%c", strchr("'\\", *p) ? "\\" : "", *p);
    fputc('\'', to);
    if (f->choice) {
        fputs(" -a '", to);
        put_choices(to, f);
        fputc('\'', to);
    }
    fputc('\n', to);
}

static void fish_command(FILE *to, const completion *c, const completion_command *command)
{
    fprintf(to, "\nset here -c %s", c->program);
    if (command->name) fprintf(to, " -n '__fish_seen_subcommand_from %s'", command->name);
    fputc('\n', to);
    each_fact(to, &command->set, fish_fact);
    if (command->set.stops_at_input)
        fputs("complete $here -a '(__fish_complete_subcommand)'\n", to);
    for (size_t i = 0; c->endings && c->endings[i]; i++) {
        fprintf(to, "complete $here -k -a '(__fish_complete_suffix .%s)'\n", c->endings[i]);
    }
}

static void write_fish(FILE *to, const completion *c)
{
    fprintf(to, "# Completion of %s for fish.\n", c->program);
    if (c->commands[0].name) {
        fprintf(to, "set -l here -c %s -n __fish_use_subcommand\n", c->program);
    } else {
        fputs("set -l here\n", to);
    }
    for (size_t i = 0; c->commands[0].name && i < c->command_count; i++) {
        fprintf(to, "complete $here -f -a %s -d '", c->commands[i].name);
        put_quoted(to, c->commands[i].summary, "");
        fputs("'\n", to);
    }
    if (c->commands[0].name) fputs("complete $here -a '(__fish_complete_directories)'\n", to);
    for (size_t i = 0; i < c->command_count; i++) fish_command(to, c, &c->commands[i]);
}

/* ---- the shells ---- */

static const struct {
    const char *name;
    void (*write)(FILE *to, const completion *c);
} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

const char *completion_shell(size_t n)
{
    return n < sizeof shells / sizeof *shells ? shells[n].name : NULL;
}

void completion_write(FILE *to, const completion *c, size_t shell)
{
    shells[shell].write(to, c);
}
