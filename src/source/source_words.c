/* The words that the finder knows. */
#include <string.h>

#include "source/source_head.h"

enum { BOTH, CXX_ONLY };

typedef struct word_fact {
    const char *text;
    uint8_t word;
    uint8_t where;
} word_fact;

/* By length, so that few are compared. */
static const word_fact words_2[] = {{"if", WORD_CONTROL, BOTH}, {"do", WORD_CONTROL, BOTH}, {0}};
static const word_fact words_3[] = {{"int", WORD_TYPE, BOTH},
                                    {"for", WORD_CONTROL, BOTH},
                                    {"asm", WORD_ASM, BOTH},
                                    {"try", WORD_TRY, CXX_ONLY},
                                    {0}};
static const word_fact words_4[] = {{"void", WORD_TYPE, BOTH},    {"char", WORD_TYPE, BOTH},
                                    {"enum", WORD_ENUM, BOTH},    {"else", WORD_CONTROL, BOTH},
                                    {"case", WORD_CONTROL, BOTH}, {"long", WORD_TYPE, BOTH},
                                    {"bool", WORD_TYPE, BOTH},    {"auto", WORD_TYPE, BOTH},
                                    {"goto", WORD_CONTROL, BOTH}, {0}};
static const word_fact words_5[] = {{"const", WORD_TRAILER, BOTH},
                                    {"union", WORD_CLASS, BOTH},
                                    {"while", WORD_CONTROL, BOTH},
                                    {"short", WORD_TYPE, BOTH},
                                    {"float", WORD_TYPE, BOTH},
                                    {"__asm", WORD_ASM, BOTH},
                                    {"class", WORD_CLASS, CXX_ONLY},
                                    {"using", WORD_USING, CXX_ONLY},
                                    {"catch", WORD_CATCH, CXX_ONLY},
                                    {"throw", WORD_BEFORE_GROUP, CXX_ONLY},
                                    {"final", WORD_TRAILER, CXX_ONLY},
                                    {"break", WORD_CONTROL, BOTH},
                                    {"_Bool", WORD_TYPE, BOTH},
                                    {"slots", WORD_ACCESS, CXX_ONLY},
                                    {0}};
static const word_fact words_6[] = {
    {"static", WORD_STATIC, BOTH},       {"struct", WORD_CLASS, BOTH},
    {"return", WORD_CONTROL, BOTH},      {"switch", WORD_CONTROL, BOTH},
    {"extern", WORD_EXTERN, BOTH},       {"sizeof", WORD_CONTROL, BOTH},
    {"double", WORD_TYPE, BOTH},         {"signed", WORD_TYPE, BOTH},
    {"typeof", WORD_BEFORE_GROUP, BOTH}, {"public", WORD_ACCESS, CXX_ONLY},
    {"export", WORD_IGNORED, CXX_ONLY},  {0}};
static const word_fact words_7[] = {{"typedef", WORD_TYPEDEF, BOTH},
                                    {"alignas", WORD_ATTRIBUTE, BOTH},
                                    {"default", WORD_CONTROL, BOTH},
                                    {"mutable", WORD_TRAILER, CXX_ONLY},
                                    {"private", WORD_ACCESS, CXX_ONLY},
                                    {"signals", WORD_ACCESS, CXX_ONLY},
                                    {"__asm__", WORD_ASM, BOTH},
                                    {"concept", WORD_CONCEPT, CXX_ONLY},
                                    {0}};
static const word_fact words_8[] = {{"unsigned", WORD_TYPE, BOTH},
                                    {"template", WORD_TEMPLATE, CXX_ONLY},
                                    {"operator", WORD_OPERATOR, CXX_ONLY},
                                    {"override", WORD_TRAILER, CXX_ONLY},
                                    {"volatile", WORD_TRAILER, BOTH},
                                    {"noexcept", WORD_BEFORE_GROUP, CXX_ONLY},
                                    {"continue", WORD_CONTROL, BOTH},
                                    {"_Alignas", WORD_ATTRIBUTE, BOTH},
                                    {"requires", WORD_REQUIRES, CXX_ONLY},
                                    {"decltype", WORD_BEFORE_GROUP, CXX_ONLY},
                                    {"explicit", WORD_BEFORE_GROUP, CXX_ONLY},
                                    {0}};
static const word_fact words_9[] = {{"namespace", WORD_NAMESPACE, BOTH},
                                    {"protected", WORD_ACCESS, CXX_ONLY},
                                    {"constexpr", WORD_CONSTEXPR, CXX_ONLY},
                                    {"consteval", WORD_CONSTEXPR, CXX_ONLY},
                                    {"co_return", WORD_CONTROL, CXX_ONLY},
                                    {"Q_SIGNALS", WORD_ACCESS, CXX_ONLY},
                                    {0}};
static const word_fact words_10[] = {
    {"__typeof__", WORD_BEFORE_GROUP, BOTH}, {"__declspec", WORD_ATTRIBUTE, BOTH}, {0}};
static const word_fact words_11[] = {{"__attribute", WORD_ATTRIBUTE, BOTH}, {0}};
static const word_fact words_13[] = {{"__attribute__", WORD_ATTRIBUTE, BOTH},
                                     {"__extension__", WORD_IGNORED, BOTH},
                                     {"static_assert", WORD_CONSTEXPR, CXX_ONLY},
                                     {0}};
static const word_fact *const words_of_length[] = {
    NULL,    NULL,    words_2, words_3,  words_4,  words_5, words_6,
    words_7, words_8, words_9, words_10, words_11, NULL,    words_13,
};
#define LENGTHS (sizeof words_of_length / sizeof *words_of_length)

word word_of(const lexer *l, token t, source_language language)
{
    char clean[32];
    const char *text = l->text + t.start;
    size_t len = t.end - t.start;

    if (t.flags & TOKEN_SPLICED) {
        len = token_copy(l, t, clean, sizeof clean);
        text = clean;
    }
    if (len >= LENGTHS || !words_of_length[len]) return WORD_NONE;
    for (const word_fact *w = words_of_length[len]; w->text; w++) {
        if (w->text[0] != text[0] || memcmp(w->text, text, len) != 0) continue;
        return w->where == BOTH || language == SOURCE_CXX ? (word)w->word : WORD_NONE;
    }
    return WORD_NONE;
}

source_reason reason_of_attribute(const lexer *l, token t)
{
    static const struct {
        const char *text;
        source_reason reason;
    } facts[] = {
        {"naked", SOURCE_REASON_NAKED},
        {"no_instrument_function", SOURCE_REASON_NO_INSTRUMENT},
        {"constructor", SOURCE_REASON_CONSTRUCTOR},
        {"interrupt", SOURCE_REASON_INTERRUPT},
        {"interrupt_handler", SOURCE_REASON_INTERRUPT},
        {"musttail", SOURCE_REASON_MUSTTAIL},
        {"constexpr", SOURCE_REASON_CONSTEXPR},
        {"consteval", SOURCE_REASON_CONSTEXPR},
    };
    char name[40];
    size_t len;
    const char *core = name;

    if (t.kind != TOKEN_NAME || t.end - t.start > 64) return SOURCE_REASON_NONE;
    len = token_copy(l, t, name, sizeof name);
    if (len > 4 && memcmp(name, "__", 2) == 0 && memcmp(name + len - 2, "__", 2) == 0) {
        name[len - 2] = 0;
        core += 2;
    }
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (strcmp(core, facts[i].text) == 0) return facts[i].reason;
    }
    return SOURCE_REASON_NONE;
}
