/*
 * arena.c: memory that is taken by bumping a mark and given back all at once.
 *
 * Must not know: what lies in it. The bound is hard: a caller that gets NULL refuses the message.
 */
#include <assert.h>
#include <stdlib.h>

#include "codec.h"

#define ALIGNMENT _Alignof(max_align_t)

int sch_arena_init(struct sch_arena *arena, size_t size)
{
    arena->base = malloc(size);
    arena->size = arena->base != NULL ? size : 0;
    arena->used = 0;
    return arena->base != NULL ? SCH_OK : SCH_E_NO_MEMORY;
}

void sch_arena_close(struct sch_arena *arena)
{
    free(arena->base);
    arena->base = NULL;
    arena->size = 0;
    arena->used = 0;
}

void sch_arena_reset(struct sch_arena *arena)
{
    arena->used = 0;
}

void *sch_arena_take(struct sch_arena *arena, size_t size)
{
    /* The base comes from malloc or from an aligned array, so marks that are multiples stay aligned. */
    size_t free_size = arena->size - arena->used;
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > free_size) {
        return NULL;
    }
    void *taken = arena->base + arena->used;
    arena->used += rounded;
    return taken;
}
