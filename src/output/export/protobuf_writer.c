#include "output/export/protobuf_writer.h"

#include <stdlib.h>
#include <string.h>

#include "output/utf8.h"

#define VARINT_MAX 10

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

static unsigned char *reserve(protobuf *pb, size_t more)
{
    if (pb->room - pb->len < more) {
        size_t room = (pb->len + more) * 2;
        unsigned char *grown = pb->failed ? NULL : realloc(pb->bytes, room);

        if (!grown) {
            pb->failed = 1;
            return NULL;
        }
        pb->bytes = grown;
        pb->room = room;
    }
    return pb->bytes + pb->len;
}

static size_t put_varint(unsigned char *at, uint64_t value)
{
    size_t len = 0;

    for (; value >= 0x80; value >>= 7) at[len++] = (unsigned char)(value | 0x80);
    at[len++] = (unsigned char)value;
    return len;
}

static void put_tag(protobuf *pb, unsigned field, enum wire wire)
{
    protobuf_packed(pb, (uint64_t)field << 3 | wire);
}

void protobuf_release(protobuf *pb)
{
    free(pb->bytes);
    *pb = (protobuf){0};
}

void protobuf_clear(protobuf *pb)
{
    pb->len = 0;
}

void protobuf_packed(protobuf *pb, uint64_t value)
{
    unsigned char *at = reserve(pb, VARINT_MAX);

    if (at) pb->len += put_varint(at, value);
}

void protobuf_uint(protobuf *pb, unsigned field, uint64_t value)
{
    put_tag(pb, field, WIRE_VARINT);
    protobuf_packed(pb, value);
}

void protobuf_fixed64(protobuf *pb, unsigned field, uint64_t value)
{
    unsigned char *at;

    put_tag(pb, field, WIRE_FIXED64);
    at = reserve(pb, 8);
    if (!at) return;
    for (int i = 0; i < 8; i++) at[i] = (unsigned char)(value >> (8 * i));
    pb->len += 8;
}

void protobuf_bytes(protobuf *pb, unsigned field, const void *bytes, size_t len)
{
    unsigned char *at;

    put_tag(pb, field, WIRE_BYTES);
    protobuf_packed(pb, len);
    at = reserve(pb, len);
    if (!at) return;
    if (len) memcpy(at, bytes, len);
    pb->len += len;
}

void protobuf_text(protobuf *pb, unsigned field, const char *text, size_t len)
{
    size_t begin = protobuf_begin(pb, field);
    char *at = (char *)reserve(pb, UTF8_REPAIRED_MAX(len));

    if (at) pb->len += utf8_repair(at, text, len);
    protobuf_end(pb, begin);
}

/* One byte is left for the length, which is enough for most. */
size_t protobuf_begin(protobuf *pb, unsigned field)
{
    put_tag(pb, field, WIRE_BYTES);
    if (reserve(pb, 1)) pb->len++;
    return pb->len;
}

void protobuf_end(protobuf *pb, size_t begin)
{
    unsigned char length[VARINT_MAX];
    size_t len, more;

    if (pb->failed) return;
    len = put_varint(length, pb->len - begin);
    more = len - 1;
    if (!reserve(pb, more)) return;
    memmove(pb->bytes + begin + more, pb->bytes + begin, pb->len - begin);
    memcpy(pb->bytes + begin - 1, length, len);
    pb->len += more;
}
