/*
 * disk.h: what the store wrote to its file, in order, and the images that a power cut could have left of it.
 *
 * The wrappers below pwrite, writev and fdatasync (see power.mk) note every write and sync of one file. An
 * image at a moment has all writes that a finished sync covers, and of the others a subset of its choosing,
 * each write whole, left out, or torn at a sector. Must not know: stores, records, what the bytes mean.
 */
#ifndef SCH_TEST_DISK_H
#define SCH_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prng.h"

#define DISK_SECTOR 512                 /* a disk writes a sector whole or not at all */

/* From now on the file at this path is noted, once in a process. What it holds counts as synced: moment 2. */
void disk_note(const char *path);

/* How many writes and syncs there were so far. */
size_t disk_moments(void);

/* Is this moment a finished sync, or a write that was its own sync? */
bool disk_is_boundary(size_t moment);

/* How the writes that no sync covers are treated. */
enum disk_cut { DISK_CUT_NONE_THERE, DISK_CUT_ALL_THERE, DISK_CUT_RANDOM, DISK_CUT_TORN };

/*
 * Writes to `path` the file as a power cut after `moment` writes and syncs could have left it. ignore_syncs: as if
 * no fdatasync had ever been done, to see that this is found. Returns how many writes were at the cut's mercy.
 * Of one path, and of moments in their order; nobody else writes to it.
 */
size_t disk_image(const char *path, size_t moment, enum disk_cut cut, bool ignore_syncs, struct sch_prng *prng);

void disk_close(void);

#endif
