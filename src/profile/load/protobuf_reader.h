/*
 * protobuf_reader.h - the fields of a protobuf message in memory, one after the other. The bytes may
 * be anything: what is not protobuf is an error, never a read beyond the end.
 */
#ifndef THAG_PROTOBUF_READER_H
#define THAG_PROTOBUF_READER_H

#include <stddef.h>
#include <stdint.h>

/* What is left of a message. */
typedef struct protobuf_in {
    const unsigned char *at, *end;
} protobuf_in;

enum protobuf_wire {
    PROTOBUF_VARINT = 0,
    PROTOBUF_FIXED64 = 1,
    PROTOBUF_BYTES = 2,
    PROTOBUF_FIXED32 = 5
};

typedef struct protobuf_field {
    uint32_t number;
    uint32_t wire;  /* enum protobuf_wire */
    uint64_t value; /* of a varint or fixed field */
    protobuf_in bytes;
} protobuf_field;

/** The next field: 1, 0 at the end, -1 if the bytes are not protobuf. */
int protobuf_next(protobuf_in *in, protobuf_field *f);

/** A varint of a packed list: 1, 0 at the end, -1 if there is none. */
int protobuf_varint(protobuf_in *in, uint64_t *value);

#endif
