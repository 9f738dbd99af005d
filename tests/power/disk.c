/* disk.c: the log of writes and syncs, and the images made of it. */
#include "disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum moment_type { MOMENT_WRITE, MOMENT_DURABLE_WRITE, MOMENT_SYNC };

struct moment {
    enum moment_type type;
    size_t offset, size;
    uint8_t *bytes;
};

static struct {
    struct stat file;                   /* st_ino 0: none is noted */
    struct moment *moment;
    size_t count, room;
} disk;

ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_writev(int fd, const struct iovec *part, int count);
int __real_fdatasync(int fd);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_writev(int fd, const struct iovec *part, int count);
int __wrap_fdatasync(int fd);

/* ---- noting ------------------------------------------------------------------------------------- */

static bool is_noted(int fd)
{
    struct stat found;
    return disk.file.st_ino != 0 && fstat(fd, &found) == 0 && found.st_ino == disk.file.st_ino &&
           found.st_dev == disk.file.st_dev;
}

static struct moment *add(enum moment_type type)
{
    if (disk.count == disk.room) {
        disk.room = disk.room == 0 ? 1024 : 2 * disk.room;
        disk.moment = realloc(disk.moment, disk.room * sizeof *disk.moment);
        assert(disk.moment != NULL);
    }
    struct moment *moment = &disk.moment[disk.count++];
    memset(moment, 0, sizeof *moment);
    moment->type = type;
    return moment;
}

static void add_write(int fd, const void *bytes, size_t size, size_t offset)
{
    bool durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    struct moment *moment = add(durable ? MOMENT_DURABLE_WRITE : MOMENT_WRITE);
    moment->offset = offset;
    moment->size = size;
    moment->bytes = malloc(size);
    assert(moment->bytes != NULL);
    memcpy(moment->bytes, bytes, size);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t done = __real_pwrite(fd, bytes, size, offset);
    if (done > 0 && is_noted(fd))
        add_write(fd, bytes, (size_t)done, (size_t)offset);
    return done;
}

ssize_t __wrap_writev(int fd, const struct iovec *part, int count)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = __real_writev(fd, part, count);
    size_t left = done > 0 ? (size_t)done : 0;
    for (int i = 0; i < count && left > 0 && is_noted(fd); i++) {
        size_t size = part[i].iov_len < left ? part[i].iov_len : left;
        add_write(fd, part[i].iov_base, size, (size_t)at);
        at += (off_t)size;
        left -= size;
    }
    return done;
}

int __wrap_fdatasync(int fd)
{
    int done = __real_fdatasync(fd);
    if (done == 0 && is_noted(fd))
        (void)add(MOMENT_SYNC);
    return done;
}

/* What the file holds already is one write, synced. */
static void add_base(const char *path)
{
    struct moment *base = add(MOMENT_WRITE);
    int fd = open(path, O_RDONLY);
    base->size = (size_t)disk.file.st_size;
    base->bytes = malloc(base->size);
    assert(fd >= 0 && base->bytes != NULL);
    ssize_t got = read(fd, base->bytes, base->size);
    assert(got == (ssize_t)base->size);
    close(fd);
    (void)add(MOMENT_SYNC);
}

void disk_note(const char *path)
{
    int found = stat(path, &disk.file);
    assert(found == 0);
    add_base(path);
}

size_t disk_moments(void)
{
    return disk.count;
}

bool disk_is_boundary(size_t moment)
{
    return moment > 0 && moment <= disk.count && disk.moment[moment - 1].type != MOMENT_WRITE;
}

void disk_close(void)
{
    for (size_t i = 0; i < disk.count; i++)
        free(disk.moment[i].bytes);
    free(disk.moment);
    memset(&disk, 0, sizeof disk);
}

/* ---- images ------------------------------------------------------------------------------------- */

static void put(int fd, const struct moment *moment, size_t from, size_t size)
{
    ssize_t done = __real_pwrite(fd, moment->bytes + from, size, (off_t)(moment->offset + from));
    assert(done == (ssize_t)size);
}

/* Sectors are whole on disk: a torn write has some of its sectors, in any order. */
static void tear(int fd, const struct moment *moment, struct sch_prng *prng)
{
    for (size_t from = 0; from < moment->size;) {
        size_t end = (moment->offset + from) / DISK_SECTOR * DISK_SECTOR + DISK_SECTOR - moment->offset;
        size_t size = (end < moment->size ? end : moment->size) - from;
        if (sch_prng_below(prng, 2) == 0)
            put(fd, moment, from, size);
        from += size;
    }
}

static void put_at_mercy(int fd, const struct moment *moment, enum disk_cut cut, struct sch_prng *prng)
{
    switch (cut) {
    case DISK_CUT_NONE_THERE: break;
    case DISK_CUT_ALL_THERE: put(fd, moment, 0, moment->size); break;
    case DISK_CUT_RANDOM:
        if (sch_prng_below(prng, 2) == 0)
            put(fd, moment, 0, moment->size);
        break;
    case DISK_CUT_TORN: tear(fd, moment, prng); break;
    }
}

size_t disk_image(const char *path, size_t moment, enum disk_cut cut, bool ignore_syncs, struct sch_prng *prng)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    size_t synced = 0, at_mercy = 0;
    assert(fd >= 0 && moment <= disk.count);
    for (size_t i = 0; i < moment && !ignore_syncs; i++)
        if (disk.moment[i].type == MOMENT_SYNC)
            synced = i;
    for (size_t i = 0; i < moment; i++) {
        const struct moment *write = &disk.moment[i];
        /* The last write may not have come back yet, also when it syncs itself. */
        bool durable = i < synced || (write->type == MOMENT_DURABLE_WRITE && i + 1 < moment);
        if (write->type == MOMENT_SYNC)
            continue;
        if (durable) {
            put(fd, write, 0, write->size);
        } else {
            at_mercy++;
            put_at_mercy(fd, write, cut, prng);
        }
    }
    close(fd);
    return at_mercy;
}
