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

/*
 * The image is one file. What no cut can undo any more is written to it once, as the moments go by; what lies after
 * the last finished sync is written for each image and taken out again before the next, so that the cost of an image
 * does not grow with the run.
 */
static struct {
    struct stat file;
    int fd;                             /* 0: none yet */
    size_t settled;                     /* so many moments are in it for good */
    off_t size;                         /* of the file with those alone */
    struct before {
        off_t offset;
        size_t size;
        uint8_t *bytes;                 /* what stood there */
    } *before;
    size_t count, room;
} image;

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

/* Judging an image must leave it as it is. */
static bool is_image(int fd)
{
    struct stat found;
    return image.fd != 0 && fstat(fd, &found) == 0 && found.st_ino == image.file.st_ino &&
           found.st_dev == image.file.st_dev;
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
    assert(!is_image(fd));
    ssize_t done = __real_pwrite(fd, bytes, size, offset);
    if (done > 0 && is_noted(fd))
        add_write(fd, bytes, (size_t)done, (size_t)offset);
    return done;
}

ssize_t __wrap_writev(int fd, const struct iovec *part, int count)
{
    assert(!is_image(fd));
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

/* ---- images ------------------------------------------------------------------------------------- */

static void write_at(const uint8_t *bytes, size_t size, off_t offset)
{
    ssize_t done = __real_pwrite(image.fd, bytes, size, offset);
    assert(done == (ssize_t)size);
}

static void keep_before(size_t size, off_t offset)
{
    if (image.count == image.room) {
        image.room = image.room == 0 ? 256 : 2 * image.room;
        image.before = realloc(image.before, image.room * sizeof *image.before);
        assert(image.before != NULL);
    }
    struct before *before = &image.before[image.count++];
    before->offset = offset;
    before->bytes = malloc(size);
    assert(before->bytes != NULL);
    ssize_t got = pread(image.fd, before->bytes, size, offset);
    assert(got >= 0);
    before->size = (size_t)got;         /* less at the end of the file, which is cut off again */
}

static void take_out(void)
{
    while (image.count > 0) {
        const struct before *before = &image.before[--image.count];
        write_at(before->bytes, before->size, before->offset);
        free(before->bytes);
    }
    int cut = ftruncate(image.fd, image.size);
    assert(cut == 0);
}

static void put(const struct moment *moment, size_t from, size_t size)
{
    off_t offset = (off_t)(moment->offset + from);
    keep_before(size, offset);
    write_at(moment->bytes + from, size, offset);
}

/* Sectors are whole on disk: a torn write has some of its sectors, in any order. */
static void tear(const struct moment *moment, struct sch_prng *prng)
{
    for (size_t from = 0; from < moment->size;) {
        size_t end = (moment->offset + from) / DISK_SECTOR * DISK_SECTOR + DISK_SECTOR - moment->offset;
        size_t size = (end < moment->size ? end : moment->size) - from;
        if (sch_prng_below(prng, 2) == 0)
            put(moment, from, size);
        from += size;
    }
}

static void put_at_mercy(const struct moment *moment, enum disk_cut cut, struct sch_prng *prng)
{
    switch (cut) {
    case DISK_CUT_NONE_THERE: break;
    case DISK_CUT_ALL_THERE: put(moment, 0, moment->size); break;
    case DISK_CUT_RANDOM:
        if (sch_prng_below(prng, 2) == 0)
            put(moment, 0, moment->size);
        break;
    case DISK_CUT_TORN: tear(moment, prng); break;
    }
}

/* The file with nothing in it but what is settled by now. */
static void settle(const char *path, size_t synced)
{
    if (image.fd == 0) {
        image.fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
        assert(image.fd > 0);
        int found = fstat(image.fd, &image.file);
        assert(found == 0);
    }
    assert(image.settled <= synced);
    take_out();
    for (; image.settled < synced; image.settled++) {
        const struct moment *write = &disk.moment[image.settled];
        if (write->type != MOMENT_SYNC)
            write_at(write->bytes, write->size, (off_t)write->offset);
    }
    image.size = lseek(image.fd, 0, SEEK_END);
}

size_t disk_image(const char *path, size_t moment, enum disk_cut cut, bool ignore_syncs, struct sch_prng *prng)
{
    size_t synced = 0, at_mercy = 0;
    assert(moment <= disk.count);
    for (size_t i = moment; i > 0 && synced == 0 && !ignore_syncs; i--)
        if (disk.moment[i - 1].type == MOMENT_SYNC)
            synced = i - 1;
    settle(path, synced);
    for (size_t i = synced; i < moment; i++) {
        const struct moment *write = &disk.moment[i];
        if (write->type == MOMENT_SYNC)
            continue;
        /* The last write may not have come back yet, also when it syncs itself. */
        if (write->type == MOMENT_DURABLE_WRITE && i + 1 < moment) {
            put(write, 0, write->size);
        } else {
            at_mercy++;
            put_at_mercy(write, cut, prng);
        }
    }
    return at_mercy;
}

void disk_close(void)
{
    for (size_t i = 0; i < disk.count; i++)
        free(disk.moment[i].bytes);
    free(disk.moment);
    memset(&disk, 0, sizeof disk);
    take_out();
    free(image.before);
    close(image.fd);
    memset(&image, 0, sizeof image);
}
