/*
 * pack.h: writing and reading the small things that records are made of: numbers, text, ids.
 *
 * Numbers are varints: seven bits a byte, low bits first, the shortest form only. Text and byte strings carry
 * their size before them. A writer that has run out of room, and a reader that met what no writer writes,
 * remember it and do nothing more: one check at the end is enough. Must not know: records.
 */
#ifndef SCH_SHELL_PACK_H
#define SCH_SHELL_PACK_H

#include <scharnier/types.h>

struct sch_pack {
    uint8_t *at;
    uint8_t *end;
    bool full;                          /* something did not fit */
};

struct sch_unpack {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;                           /* something could not be read */
};

/* Big-endian, eight bytes: sorts as the number does. */
void sch_pack_be64(uint8_t bytes[8], uint64_t number);
uint64_t sch_unpack_be64(const uint8_t bytes[8]);

void sch_pack_raw(struct sch_pack *pack, const void *bytes, size_t size);
void sch_pack_uint(struct sch_pack *pack, uint64_t number);
/* Times and days: zero and what is later take little; below zero ten bytes. */
void sch_pack_int(struct sch_pack *pack, int64_t number);
void sch_pack_bool(struct sch_pack *pack, bool value);
void sch_pack_bytes(struct sch_pack *pack, struct sch_bytes bytes);
/* text is NUL-terminated. */
void sch_pack_text(struct sch_pack *pack, const char *text);
void sch_pack_id(struct sch_pack *pack, const struct sch_id *id);
/* An id that is mostly none or mostly equal to `usual` takes one byte then. */
void sch_pack_id_short(struct sch_pack *pack, const struct sch_id *id, const struct sch_id *usual);

void sch_unpack_raw(struct sch_unpack *unpack, void *bytes, size_t size);
/* A number of at most max; 0 when bad. */
uint64_t sch_unpack_uint(struct sch_unpack *unpack, uint64_t max);
int64_t sch_unpack_int(struct sch_unpack *unpack);
bool sch_unpack_bool(struct sch_unpack *unpack);
/* Borrows from what is read; at most max bytes. */
struct sch_bytes sch_unpack_bytes(struct sch_unpack *unpack, size_t max);
/* At most max bytes, none of them a control character, into text, which holds max + 1; zero-padded. */
void sch_unpack_text(struct sch_unpack *unpack, char *text, size_t max);
void sch_unpack_id(struct sch_unpack *unpack, struct sch_id *id);
void sch_unpack_id_short(struct sch_unpack *unpack, struct sch_id *id, const struct sch_id *usual);
/* Everything was read well and nothing is left. */
bool sch_unpack_done(const struct sch_unpack *unpack);

#endif
