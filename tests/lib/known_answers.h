/*
 * known_answers.h: what the programs that make and check proto/vectors share: fixed chance, fixed keys, and
 * PROTOCOL.md "Sealing" a second time, straight from the document, so that seal.c is held against it.
 */
#ifndef SCH_TEST_KNOWN_ANSWERS_H
#define SCH_TEST_KNOWN_ANSWERS_H

#include <stdio.h>

#include "codec.h"
#include "seal.h"

#define KNOWN_STORED_MS INT64_C(1781600400000)  /* 2026-06-16T09:00:00Z */

/* Replaces libsodium's chance by numbers that are the same in every run; to be called before sodium_init().
 * */
bool sch_known_chance(void);

/* Where values are written to. */
extern FILE *sch_known_out;
void sch_known_bytes(const char *name, const void *bytes, size_t size);
void sch_known_text(const char *name, const char *text);

/* The region of the vectors; the address of each recipient with its key. */
struct sch_known_region {
    struct sch_key_pair region, gp_sign, provider_sign, practice_seal, nurse_seal, provider_seal;
    struct sch_key practice_key, nurse_key, provider_key;
    struct sch_seal_to practice_to, nurse_to, provider_to;
};
/* Begins chance anew, draws all keys and writes them as [keys]. */
void sch_known_region(struct sch_known_region *region);

struct sch_id sch_known_id(int64_t ms, uint8_t mark);

struct sch_known_signed {
    uint8_t bytes[4096];
    size_t size;
};
void sch_known_h(const struct sch_seal *seal, struct sch_bytes header, uint8_t h[32]);
/* digest: of the body, as a signature covers it: itself, or the hashes of its parts. */
void sch_known_signed(const struct sch_seal *seal, const uint8_t h[32], struct sch_bytes digest,
                      struct sch_known_signed *text);
void sch_known_key(const char *label, const uint8_t content_key[32], const uint8_t h[32], uint8_t key[32]);

/* Is what is written by `put` the file at path, to the byte? Prints where it differs. */
bool sch_known_file_is(const char *path, void (*put)(void));

#endif
