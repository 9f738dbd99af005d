/*
 * parcel.h: the parts of one large body in a file of their own: sealed and on their way out, or fetched so
 * far.
 *
 * The file is a reel whose records are a part's index (4 bytes, big-endian) and its bytes, so that what a
 * crash tore off is found when it is opened again, and only that part is made or fetched anew. Must not
 * know: what is in a part, sockets.
 */
#ifndef SCH_CLIENT_PARCEL_H
#define SCH_CLIENT_PARCEL_H

#include <scharnier/types.h>

#include "reel.h"

struct sch_parcel {
    struct sch_reel reel;               /* fd -1: closed */
    size_t count;                       /* of parts of the whole */
    size_t have;
    uint64_t at[SCH_PARTS_MAX];         /* offset of its bytes in the reel; 0: not there */
    uint32_t size[SCH_PARTS_MAX];
};

/* A parcel that is not open; close is harmless. */
#define SCH_PARCEL_CLOSED { .reel = { .fd = -1 } }

/* Opens or creates path and takes in what is there; parts beyond count are passed over. Errors: IO,
 * NO_MEMORY, SCHEMA_NEWER. */
int sch_parcel_open(struct sch_parcel *parcel, const char *path, size_t count, sch_error *error);
void sch_parcel_close(struct sch_parcel *parcel);

bool sch_parcel_has(const struct sch_parcel *parcel, size_t index);
/* Writes a part down that is not there yet. Durable after sch_parcel_sync(). Errors: IO, NO_MEMORY. */
int sch_parcel_put(struct sch_parcel *parcel, size_t index, struct sch_bytes part, sch_error *error);
int sch_parcel_sync(struct sch_parcel *parcel, sch_error *error);
/* Reads a part that is there into buffer (SCH_PART_SIZE bytes). Errors: IO. */
int sch_parcel_get(const struct sch_parcel *parcel, size_t index, uint8_t *buffer, size_t *size,
                   sch_error *error);

#endif
