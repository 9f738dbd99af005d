/*
 * raw_wire.h: protobuf bytes put together by hand, for frames that no encoder would make.
 */
#ifndef SCH_TEST_RAW_WIRE_H
#define SCH_TEST_RAW_WIRE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <scharnier/types.h>

#define RAW_SIZE (2 * 1024 * 1024)

struct raw {
    uint8_t *bytes;
    size_t size;
};

static inline struct raw raw_new(void)
{
    struct raw raw = { malloc(RAW_SIZE), 0 };
    assert(raw.bytes != NULL);
    return raw;
}

static inline void raw_free(struct raw *raw)
{
    free(raw->bytes);
}

static inline struct sch_bytes raw_view(const struct raw *raw)
{
    struct sch_bytes view = { raw->bytes, raw->size };
    return view;
}

static inline void raw_append(struct raw *raw, const void *bytes, size_t size)
{
    assert(size <= RAW_SIZE - raw->size);
    memcpy(raw->bytes + raw->size, bytes, size);
    raw->size += size;
}

static inline void raw_varint(struct raw *raw, uint64_t value)
{
    uint8_t byte;
    do {
        byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        raw_append(raw, &byte, 1);
        value >>= 7;
    } while ((byte & 0x80) != 0);
}

static inline void raw_number(struct raw *raw, uint32_t tag, uint64_t value)
{
    raw_varint(raw, (uint64_t)tag << 3);
    raw_varint(raw, value);
}

static inline void raw_fixed32(struct raw *raw, uint32_t tag, uint32_t value)
{
    uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                         (uint8_t)(value >> 24) };
    raw_varint(raw, (uint64_t)tag << 3 | 5);
    raw_append(raw, bytes, sizeof bytes);
}

static inline void raw_bytes(struct raw *raw, uint32_t tag, const void *bytes, size_t size)
{
    raw_varint(raw, (uint64_t)tag << 3 | 2);
    raw_varint(raw, size);
    raw_append(raw, bytes, size);
}

static inline void raw_text(struct raw *raw, uint32_t tag, const char *text)
{
    raw_bytes(raw, tag, text, strlen(text));
}

/* A message within a message; frees the inner one. */
static inline void raw_message(struct raw *raw, uint32_t tag, struct raw *inner)
{
    raw_bytes(raw, tag, inner->bytes, inner->size);
    raw_free(inner);
}

/* The same bytes in memory of exactly their size, so that the sanitizer sees a read past the end. */
static inline struct sch_bytes raw_exact(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert(copy != NULL);
    memcpy(copy, bytes, size);
    struct sch_bytes exact = { copy, size };
    return exact;
}

static inline void raw_exact_free(struct sch_bytes exact)
{
    free((void *)(uintptr_t)exact.ptr);
}

#endif
