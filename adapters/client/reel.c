/* reel.c: see reel.h. Must not know what its records mean. */
#include "reel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "file.h"

#define MAGIC "SCHREEL\1"
#define MAGIC_SIZE 8
#define SUM_SIZE (SCH_REEL_FRAME_SIZE - 4)

static void checksum(uint8_t sum[SUM_SIZE], const uint8_t size[4], const struct sch_bytes *part, size_t count)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SUM_SIZE);
    crypto_generichash_update(&state, size, 4);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, part[i].ptr, part[i].len);
    crypto_generichash_final(&state, sum, SUM_SIZE);
}

static int fail_io(const struct sch_reel *reel, const char *what, sch_error *error)
{
    return sch_fail(error, SCH_E_IO, "%s: cannot %s: %s", reel->path, what, strerror(errno));
}

/* Visits the whole records of a mapped file; returns where the first that is not whole begins. */
static int visit_records(const uint8_t *map, uint64_t size, sch_reel_fn *visit, void *context, uint64_t *good)
{
    uint64_t at = MAGIC_SIZE;
    while (size - at >= SCH_REEL_FRAME_SIZE) {
        uint64_t length = sch_get_u32(map + at);
        if (length > SCH_REEL_RECORD_MAX || length > size - at - SCH_REEL_FRAME_SIZE)
            break;
        struct sch_bytes payload = { map + at + SCH_REEL_FRAME_SIZE, (size_t)length };
        uint8_t sum[SUM_SIZE];
        checksum(sum, map + at, &payload, 1);
        if (memcmp(sum, map + at + 4, SUM_SIZE) != 0)
            break;
        int code = visit ? visit(context, at + SCH_REEL_FRAME_SIZE, payload) : SCH_OK;
        if (code != SCH_OK)
            return code;
        at += SCH_REEL_FRAME_SIZE + length;
    }
    *good = at;
    return SCH_OK;
}

/* Keeps what a crash tore off, for people; that it cannot be kept is no reason to stop. */
static void keep_torn(const struct sch_reel *reel, const uint8_t *bytes, size_t size)
{
    char *path = NULL;
    if (asprintf(&path, "%s.torn", reel->path) < 0)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)sch_file_write(fd, bytes, size, 0);
        close(fd);
    }
    free(path);
}

static int begin_file(struct sch_reel *reel, sch_error *error)
{
    if (ftruncate(reel->fd, 0) != 0 || !sch_file_write(reel->fd, (const uint8_t *)MAGIC, MAGIC_SIZE, 0) ||
        fdatasync(reel->fd) != 0)
        return fail_io(reel, "begin the file", error);
    reel->synced = reel->written = MAGIC_SIZE;
    return sch_file_sync_folder(reel->path, error);
}

static int read_file(struct sch_reel *reel, uint64_t size, sch_reel_fn *visit, void *context, uint64_t *torn,
                     sch_error *error)
{
    uint8_t *map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, reel->fd, 0);
    if (map == MAP_FAILED)
        return fail_io(reel, "read", error);
    int code;
    uint64_t good = 0;
    if (memcmp(map, MAGIC, MAGIC_SIZE) != 0)
        code = sch_fail(error, SCH_E_SCHEMA_NEWER, "%s: not a file of this version", reel->path);
    else if ((code = visit_records(map, size, visit, context, &good)) != SCH_OK)
        code = sch_fail(error, (enum sch_error_code)code, "%s: a record cannot be taken in", reel->path);
    if (code == SCH_OK && good < size) {
        *torn = size - good;
        keep_torn(reel, map + good, (size_t)(size - good));
    }
    munmap(map, (size_t)size);
    if (code != SCH_OK)
        return code;
    if (good < size && (ftruncate(reel->fd, (off_t)good) != 0 || fdatasync(reel->fd) != 0))
        return fail_io(reel, "cut a torn record", error);
    reel->synced = reel->written = good;
    return SCH_OK;
}

int sch_reel_open(struct sch_reel *reel, const char *path, sch_reel_fn *visit, void *context, uint64_t *torn,
                  sch_error *error)
{
    uint64_t ignored;
    torn = torn ? torn : &ignored;
    *torn = 0;
    memset(reel, 0, sizeof *reel);
    reel->fd = -1;
    reel->path = strdup(path);
    if (!reel->path)
        return sch_fail(error, SCH_E_NO_MEMORY, "opening %s", path);
    struct stat status;
    int code;
    reel->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (reel->fd < 0 || fstat(reel->fd, &status) != 0)
        code = fail_io(reel, "open", error);
    else if (status.st_size < MAGIC_SIZE)
        code = begin_file(reel, error);
    else
        code = read_file(reel, (uint64_t)status.st_size, visit, context, torn, error);
    if (code != SCH_OK)
        sch_reel_close(reel);
    return code;
}

void sch_reel_close(struct sch_reel *reel)
{
    if (reel->fd >= 0) {
        (void)sch_reel_flush(reel, NULL);
        close(reel->fd);
    }
    free(reel->tail);
    free(reel->path);
    memset(reel, 0, sizeof *reel);
    reel->fd = -1;
}

uint64_t sch_reel_end(const struct sch_reel *reel)
{
    return reel->synced + reel->tail_size;
}

static bool reserve(struct sch_reel *reel, size_t more)
{
    size_t need = reel->tail_size + more;
    if (need <= reel->tail_capacity)
        return true;
    size_t capacity = reel->tail_capacity ? reel->tail_capacity : 4096;
    while (capacity < need)
        capacity *= 2;
    uint8_t *tail = realloc(reel->tail, capacity);
    if (!tail)
        return false;
    reel->tail = tail;
    reel->tail_capacity = capacity;
    return true;
}

int sch_reel_append(struct sch_reel *reel, const struct sch_bytes *part, size_t count, uint64_t *offset,
                    sch_error *error)
{
    assert(reel->fd >= 0);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += part[i].len;
    assert(size <= SCH_REEL_RECORD_MAX);
    if (!reserve(reel, SCH_REEL_FRAME_SIZE + size))
        return sch_fail(error, SCH_E_NO_MEMORY, "appending %zu bytes to %s", size, reel->path);
    uint8_t *at = reel->tail + reel->tail_size;
    sch_put_u32(at, (uint32_t)size);
    checksum(at + 4, at, part, count);
    at += SCH_REEL_FRAME_SIZE;
    if (offset)
        *offset = sch_reel_end(reel) + SCH_REEL_FRAME_SIZE;
    for (size_t i = 0; i < count; i++) {
        if (part[i].len > 0)
            memcpy(at, part[i].ptr, part[i].len);
        at += part[i].len;
    }
    reel->tail_size += SCH_REEL_FRAME_SIZE + size;
    return SCH_OK;
}

void sch_reel_undo(struct sch_reel *reel, uint64_t end)
{
    assert(end >= reel->synced && end <= sch_reel_end(reel));
    reel->tail_size = (size_t)(end - reel->synced);
    if (reel->written > end) {
        /* A record that stays behind although it was taken back would be sent after a restart. When the
         * cut fails here, the next flush writes over it. */
        if (ftruncate(reel->fd, (off_t)end) == 0)
            reel->written = end;
        else
            reel->written = reel->synced;
    }
}

int sch_reel_flush(struct sch_reel *reel, sch_error *error)
{
    size_t done = (size_t)(reel->written - reel->synced);
    if (done == reel->tail_size)
        return SCH_OK;
    if (!sch_file_write(reel->fd, reel->tail + done, reel->tail_size - done, reel->written))
        return fail_io(reel, "write", error);
    reel->written = sch_reel_end(reel);
    return SCH_OK;
}

int sch_reel_sync(struct sch_reel *reel, sch_error *error)
{
    if (reel->tail_size == 0)
        return SCH_OK;
    int code = sch_reel_flush(reel, error);
    if (code != SCH_OK)
        return code;
    if (fdatasync(reel->fd) != 0) {
        /* The system may now hold these pages for clean: they are written again before the next try. */
        code = fail_io(reel, "sync", error);
        reel->written = reel->synced;
        return code;
    }
    reel->synced = reel->written;
    reel->tail_size = 0;
    return SCH_OK;
}

int sch_reel_read(const struct sch_reel *reel, uint64_t offset, uint8_t *buffer, size_t size,
                  sch_error *error)
{
    assert(offset + size <= sch_reel_end(reel));
    if (offset >= reel->synced) {
        memcpy(buffer, reel->tail + (offset - reel->synced), size);
        return SCH_OK;
    }
    while (size > 0) {
        ssize_t n = pread(reel->fd, buffer, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENODATA;
        if (n <= 0)
            return fail_io(reel, "read", error);
        buffer += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return SCH_OK;
}

int sch_reel_fresh(struct sch_reel *fresh, const struct sch_reel *old, sch_error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s.new", old->path) < 0) {
        fresh->fd = -1;
        return sch_fail(error, SCH_E_NO_MEMORY, "compacting %s", old->path);
    }
    unlink(path);                       /* a compaction that was cut off */
    int code = sch_reel_open(fresh, path, NULL, NULL, NULL, error);
    free(path);
    return code;
}

int sch_reel_replace(struct sch_reel *old, struct sch_reel *fresh, bool *replaced, sch_error *error)
{
    *replaced = false;
    int code = sch_reel_sync(fresh, error);
    if (code == SCH_OK && rename(fresh->path, old->path) != 0)
        code = fail_io(fresh, "rename", error);
    if (code != SCH_OK) {
        unlink(fresh->path);
        sch_reel_close(fresh);
        return code;
    }
    /* From here on the new file is the one; what may fail is only that a power cut brings the old back, which
     * says the same in more bytes. */
    char *path = old->path;
    close(old->fd);
    free(old->tail);
    free(fresh->path);
    *old = *fresh;
    old->path = path;
    fresh->fd = -1;
    *replaced = true;
    return sch_file_sync_folder(path, error);
}
