/*
 * reel.h: an append-only file of checksummed records, the durable floor under outbox and journal.
 *
 * A file is 8 bytes of magic, then records: size (4 bytes, big-endian), BLAKE2b-128 over size and payload,
 * payload. Opening reads until the first record that is not whole: what a crash tore off was never
 * promised to anybody; it is kept aside as "<path>.torn" and cut away. Bytes stay in memory until a sync
 * has succeeded, so that a sync that failed is repeated from them and not from a page cache that may have
 * dropped them. One process, one thread. Must not know: messages, verdicts, sockets.
 */
#ifndef SCH_CLIENT_REEL_H
#define SCH_CLIENT_REEL_H

#include <scharnier/error.h>
#include <scharnier/types.h>

#define SCH_REEL_FRAME_SIZE 20          /* bytes before a payload */
#define SCH_REEL_RECORD_MAX (SCH_BODY_SIZE_MAX + 16384)         /* of one payload */

struct sch_reel {
    int fd;                             /* -1: closed */
    char *path;
    uint64_t synced;                    /* bytes of the file that are durable */
    uint64_t written;                   /* bytes that the system has; >= synced */
    uint8_t *tail;                      /* the bytes after synced */
    size_t tail_size;
    size_t tail_capacity;
};

/* A record found at opening: offset is that of its payload; payload is borrowed. Not SCH_OK ends the
 * opening with that code. */
typedef int sch_reel_fn(void *context, uint64_t offset, struct sch_bytes payload);

/* Opens or creates path. *torn (may be NULL): bytes that were cut off. Errors: IO, NO_MEMORY, SCHEMA_NEWER
 * (another magic), or visit's. */
int sch_reel_open(struct sch_reel *reel, const char *path, sch_reel_fn *visit, void *context, uint64_t *torn,
                  sch_error *error);
/* Writes what is still in memory, as far as that works, and closes. Harmless on a closed reel. */
void sch_reel_close(struct sch_reel *reel);

/* Where the next record begins. */
uint64_t sch_reel_end(const struct sch_reel *reel);

/* Appends one record made of count parts, in memory. *offset: of its payload. NO_MEMORY. */
int sch_reel_append(struct sch_reel *reel, const struct sch_bytes *part, size_t count, uint64_t *offset,
                    sch_error *error);

/* Takes back what was appended after end and is not yet durable. */
void sch_reel_undo(struct sch_reel *reel, uint64_t end);

/* Hands the tail to the system: it survives this process. */
int sch_reel_flush(struct sch_reel *reel, sch_error *error);

/* Makes everything appended durable: it survives a power cut. Does nothing when it is already. */
int sch_reel_sync(struct sch_reel *reel, sch_error *error);

/* Copies size bytes at offset, appended ones included. */
int sch_reel_read(const struct sch_reel *reel, uint64_t offset, uint8_t *buffer, size_t size,
                  sch_error *error);

/* Compaction: begins an empty reel beside the old one; replace syncs it and puts it in the old one's place
 * at once; *replaced says so also when only the folder could not be synced. Otherwise the old reel is as
 * before. fresh is closed either way. */
int sch_reel_fresh(struct sch_reel *fresh, const struct sch_reel *old, sch_error *error);
int sch_reel_replace(struct sch_reel *old, struct sch_reel *fresh, bool *replaced, sch_error *error);

#endif
