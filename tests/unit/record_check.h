/*
 * record_check.h: what every byte form must stand, for the tests of records: parts that are cut off, bytes that
 * changed, golden bytes. Included by tests, after cmocka.h.
 */
#ifndef SCH_TEST_RECORD_CHECK_H
#define SCH_TEST_RECORD_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/record.h"

static inline struct sch_id id_of(unsigned n)
{
    struct sch_id id = { { 0 } };

    for (size_t i = 0; i < SCH_ID_SIZE; i++)
        id.bytes[i] = (uint8_t)(n + i);
    return id;
}

static inline struct sch_address address_of(const char *text)
{
    struct sch_address address;

    memset(&address, 0, sizeof(address));
    memcpy(address.text, text, strlen(text));
    return address;
}

static inline void fill(char *text, size_t size, char c)
{
    memset(text, c, size);
    text[size] = '\0';
}

typedef int decode_fn(struct sch_bytes value, void *target);
typedef size_t encode_fn(const void *value, uint8_t *buffer, size_t capacity);

/* Every beginning of the bytes, in a block of its own size so that ASan sees the first byte too many, and the
 * bytes with one more behind them, are refused and leave zeros. */
static inline void check_truncation(const uint8_t *bytes, size_t size, decode_fn *decode, size_t target_size)
{
    uint8_t *target = malloc(target_size);
    uint8_t *zeros = calloc(1, target_size);

    for (size_t cut = 0; cut <= size + 1; cut++) {
        uint8_t *part = malloc(cut > 0 ? cut : 1);

        memcpy(part, bytes, cut < size ? cut : size);
        if (cut == size + 1)
            part[size] = 0;
        memset(target, 0xaa, target_size);
        if (cut == size) {
            assert_int_equal(decode((struct sch_bytes){ part, cut }, target), SCH_OK);
        } else {
            assert_int_equal(decode((struct sch_bytes){ part, cut }, target), SCH_E_STORE_DAMAGED);
            assert_memory_equal(target, zeros, target_size);
        }
        free(part);
    }
    free(zeros);
    free(target);
}

/* Every byte changed in turn to every value: decoding ends, and what it accepts encodes to what it read, for
 * there is one form of each value. */
static inline void check_flips(const uint8_t *bytes, size_t size, decode_fn *decode, encode_fn *encode,
                        size_t target_size)
{
    static uint8_t again[SCH_RECORD_DOSSIER_MAX];
    uint8_t *copy = malloc(size);
    void *target = malloc(target_size);

    memcpy(copy, bytes, size);
    for (size_t i = 0; i < size; i++) {
        for (unsigned value = 0; value < 256; value += 5) {
            copy[i] = (uint8_t)value;
            if (decode((struct sch_bytes){ copy, size }, target) != SCH_OK)
                continue;
            assert_int_equal(encode(target, again, sizeof(again)), size);
            assert_memory_equal(again, copy, size);
        }
        copy[i] = bytes[i];
    }
    free(target);
    free(copy);
}

static inline void assert_hex(const uint8_t *bytes, size_t size, const char *golden)
{
    char *hex = malloc(2 * size + 1);

    for (size_t i = 0; i < size; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(hex, golden);
    free(hex);
}

#endif
