#include "profile/load/protobuf_reader.h"

#include <string.h>

int protobuf_varint(protobuf_in *in, uint64_t *value)
{
    uint64_t sum = 0;

    if (in->at == in->end) return 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;

        if (in->at == in->end) return -1;
        byte = *in->at++;
        sum |= (uint64_t)(byte & 0x7F) << shift;
        if (byte & 0x80) continue;
        *value = sum;
        return 1;
    }
    return -1;
}

static int take_fixed(protobuf_in *in, size_t len, uint64_t *value)
{
    if ((size_t)(in->end - in->at) < len) return -1;
    *value = 0;
    for (size_t i = 0; i < len; i++) *value |= (uint64_t)in->at[i] << (8 * i);
    in->at += len;
    return 1;
}

static int take_bytes(protobuf_in *in, protobuf_in *bytes)
{
    uint64_t len;

    if (protobuf_varint(in, &len) != 1 || len > (uint64_t)(in->end - in->at)) return -1;
    *bytes = (protobuf_in){in->at, in->at + len};
    in->at += len;
    return 1;
}

int protobuf_next(protobuf_in *in, protobuf_field *f)
{
    uint64_t tag;
    int found = protobuf_varint(in, &tag);

    if (found != 1) return found;
    memset(f, 0, sizeof *f);
    f->number = (uint32_t)(tag >> 3);
    f->wire = (uint32_t)(tag & 7);
    if (f->number == 0 || tag >> 3 > (1u << 29) - 1) return -1;
    switch (f->wire) {
    case PROTOBUF_VARINT: return protobuf_varint(in, &f->value) == 1 ? 1 : -1;
    case PROTOBUF_FIXED64: return take_fixed(in, 8, &f->value);
    case PROTOBUF_FIXED32: return take_fixed(in, 4, &f->value);
    case PROTOBUF_BYTES: return take_bytes(in, &f->bytes);
    default: return -1;
    }
}
