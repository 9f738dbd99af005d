/* index.c: see index.h. Linear probing; a removal moves later ones back, so that no graves pile up. */
#include "index.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static size_t home(const struct sch_index *index, const void *key)
{
    uint64_t word;
    memcpy(&word, key, sizeof word);
    return (size_t)word & (index->capacity - 1);
}

void sch_index_close(struct sch_index *index)
{
    free(index->slot);
    memset(index, 0, sizeof *index);
}

static size_t find(const struct sch_index *index, const uint8_t *key)
{
    size_t at = home(index, key);
    while (index->slot[at] && memcmp(index->slot[at], key, SCH_INDEX_KEY_SIZE) != 0)
        at = (at + 1) & (index->capacity - 1);
    return at;
}

void *sch_index_get(const struct sch_index *index, const uint8_t key[SCH_INDEX_KEY_SIZE])
{
    return index->capacity ? index->slot[find(index, key)] : NULL;
}

static bool grow(struct sch_index *index)
{
    struct sch_index larger = { .capacity = index->capacity ? index->capacity * 2 : 64 };
    larger.slot = calloc(larger.capacity, sizeof *larger.slot);
    if (!larger.slot)
        return false;
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->slot[i])
            larger.slot[find(&larger, index->slot[i])] = index->slot[i];
    }
    larger.count = index->count;
    free(index->slot);
    *index = larger;
    return true;
}

bool sch_index_put(struct sch_index *index, void *item)
{
    if ((index->count + 1) * 2 > index->capacity && !grow(index))
        return false;
    size_t at = find(index, item);
    assert(!index->slot[at]);
    index->slot[at] = item;
    index->count++;
    return true;
}

void sch_index_remove(struct sch_index *index, const uint8_t key[SCH_INDEX_KEY_SIZE])
{
    if (index->capacity == 0)
        return;
    size_t mask = index->capacity - 1;
    size_t hole = find(index, key);
    if (!index->slot[hole])
        return;
    index->slot[hole] = NULL;
    index->count--;
    for (size_t at = (hole + 1) & mask; index->slot[at]; at = (at + 1) & mask) {
        /* An item may fill the hole when its home does not lie between the hole and it. */
        if (((at - home(index, index->slot[at])) & mask) >= ((at - hole) & mask)) {
            index->slot[hole] = index->slot[at];
            index->slot[at] = NULL;
            hole = at;
        }
    }
}

void sch_index_key(uint8_t key[SCH_INDEX_KEY_SIZE], const char *text, const void *bytes, size_t size)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SCH_INDEX_KEY_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)text, strlen(text) + 1);
    crypto_generichash_update(&state, bytes, size);
    crypto_generichash_final(&state, key, SCH_INDEX_KEY_SIZE);
}
