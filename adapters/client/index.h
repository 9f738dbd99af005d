/*
 * index.h: a hash table of pointers by a 16-byte key, which is a BLAKE2b hash already.
 *
 * What is put in begins with its 16 key bytes. The table borrows; the caller owns. Must not know: what the
 * pointers mean.
 */
#ifndef SCH_CLIENT_INDEX_H
#define SCH_CLIENT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCH_INDEX_KEY_SIZE 16

struct sch_index {
    void **slot;                        /* NULL: empty */
    size_t capacity;                    /* a power of two, or 0 */
    size_t count;
};

void sch_index_close(struct sch_index *index);
void *sch_index_get(const struct sch_index *index, const uint8_t key[SCH_INDEX_KEY_SIZE]);
/* False: out of memory, nothing was changed. The key must not be in it. */
bool sch_index_put(struct sch_index *index, void *item);
void sch_index_remove(struct sch_index *index, const uint8_t key[SCH_INDEX_KEY_SIZE]);

/* The key of text and bytes: BLAKE2b-128 over both, the text's NUL between them. */
void sch_index_key(uint8_t key[SCH_INDEX_KEY_SIZE], const char *text, const void *bytes, size_t size);

#endif
