#include "output/quantity.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct scale {
    double size;
    const char *name;
} scale;

static const scale times[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "\xC2\xB5s"}, {1, "ns"}};
static const scale sizes[] = {
    {1099511627776.0, "TiB"}, {1073741824.0, "GiB"}, {1048576.0, "MiB"}, {1024.0, "KiB"}, {1, "B"}};

/* Without printf's floating point, whose decimal point is the locale's. */
static void put_fixed(char *text, double value, int decimals, const char *unit)
{
    static const uint64_t powers[] = {1, 10, 100};
    uint64_t scaled = (uint64_t)(value * (double)powers[decimals] + 0.5);

    if (decimals == 0)
        snprintf(text, QUANTITY_ROOM, "%" PRIu64 "%s", scaled, unit);
    else
        snprintf(text, QUANTITY_ROOM, "%" PRIu64 ".%0*" PRIu64 "%s", scaled / powers[decimals],
                 decimals, scaled % powers[decimals], unit);
}

static void put_scaled(char *text, const scale *scales, int64_t value)
{
    double amount = (double)value;
    char unit[8];
    int decimals;

    while (scales->size > 1 && amount < scales->size) scales++;
    amount /= scales->size;
    decimals = scales->size <= 1 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    snprintf(unit, sizeof unit, " %s", scales->name);
    put_fixed(text, amount, decimals, unit);
}

void quantity_count(char *text, uint64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, count);

    for (int i = 0; i < len; i++) {
        *text++ = digits[i];
        if ((len - i) % 3 == 1 && i + 1 < len) *text++ = ',';
    }
    *text = '\0';
}

void quantity_text(char *text, profile_unit unit, int64_t value, const char *label)
{
    char count[32];

    if (value < 0) value = 0;
    if (unit == PROFILE_NS) {
        put_scaled(text, times, value);
    } else if (unit == PROFILE_BYTES) {
        put_scaled(text, sizes, value);
    } else {
        quantity_count(count, (uint64_t)value);
        snprintf(text, QUANTITY_ROOM, "%s %.30s", count, label ? label : "samples");
    }
}

void quantity_percent(char *text, int64_t part, int64_t whole)
{
    put_fixed(text, whole > 0 ? 100.0 * (double)part / (double)whole : 0, 2, "%");
}

static const char *text_of(char *text, profile_unit unit, uint64_t value)
{
    quantity_text(text, unit, value < INT64_MAX ? (int64_t)value : INT64_MAX, NULL);
    return text;
}

const char *quantity_bytes(char *text, uint64_t bytes)
{
    return text_of(text, PROFILE_BYTES, bytes);
}

const char *quantity_time(char *text, uint64_t ns)
{
    return text_of(text, PROFILE_NS, ns);
}
