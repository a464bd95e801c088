/*
 * protobuf_writer.h - protobuf messages, field by field, into a buffer that grows.
 *
 * Enough of the wire format for pprof, Perfetto and OTLP: varints, fixed64, bytes, nested messages.
 * A message of any size is written in parts: fill the buffer with a field of the outermost message,
 * give it away, protobuf_clear(), go on.
 *
 * Running out of memory is remembered, not reported: look at `failed` once, before using the bytes.
 */
#ifndef THAG_PROTOBUF_WRITER_H
#define THAG_PROTOBUF_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* Starts as all zero. The bytes are its own, for protobuf_release(). */
typedef struct protobuf {
    unsigned char *bytes;
    size_t len;
    size_t room;
    int failed; /* out of memory: bytes are incomplete */
} protobuf;

void protobuf_release(protobuf *pb);

/** Forget what was written; keep the room. */
void protobuf_clear(protobuf *pb);

/** A field of type uint64, int64, int32, bool or enum. A negative int64 is passed converted. */
void protobuf_uint(protobuf *pb, unsigned field, uint64_t value);

/** A number without a field, for packed lists: between begin and end. */
void protobuf_packed(protobuf *pb, uint64_t value);

void protobuf_fixed64(protobuf *pb, unsigned field, uint64_t value);

/** A field of type string or bytes. A string has to be UTF-8: see protobuf_text(). */
void protobuf_bytes(protobuf *pb, unsigned field, const void *bytes, size_t len);

/** A string of any bytes, as utf8_repair() makes it. */
void protobuf_text(protobuf *pb, unsigned field, const char *text, size_t len);

/** A nested message or packed list: all until the matching end, which gets what begin returned. */
size_t protobuf_begin(protobuf *pb, unsigned field);
void protobuf_end(protobuf *pb, size_t begin);

#endif
