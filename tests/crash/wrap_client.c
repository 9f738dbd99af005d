/*
 * wrap_client.c: around libscharnier's syncs and sends, by the linker (--wrap).
 *
 * synced-outbox, synced-journal: what was written down is durable, nobody was told. compacting, compacted:
 * the outbox was rewritten, and is or was not put in the old one's place. before-send: a letter is about to
 * leave. mid-send: half of it is with libzmq. Each letter that leaves is noted by a hash of its
 * sealed bytes in the file that the environment's SCH_CRASH_SENT names: a hash that stands there twice was
 * sent again.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "point.h"

int __real_zmq_send(void *socket, const void *bytes, size_t size, int flags);
int __wrap_zmq_send(void *socket, const void *bytes, size_t size, int flags);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

void (*crash_journal_synced)(void);

/* FNV-1a: two letters with different content keys do not meet in 64 bits. */
static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void note_sent(const void *bytes, size_t size)
{
    static int fd = -1;
    const char *path = getenv("SCH_CRASH_SENT");
    char line[32];
    int length = snprintf(line, sizeof line, "%016" PRIx64 "\n", hash_of(bytes, size));

    if (fd < 0 && path != NULL)
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line, (size_t)length) != length)
        abort();
}

int __wrap_zmq_send(void *socket, const void *bytes, size_t size, int flags)
{
    static bool within;
    bool more = (flags & ZMQ_SNDMORE) != 0;
    int code;

    if (more)
        crash_point("before-send");
    else if (within)
        crash_point("mid-send");
    code = __real_zmq_send(socket, bytes, size, flags);
    if (within && code >= 0)
        note_sent(bytes, size);
    within = more && code >= 0;
    return code;
}

static bool is_named(const char *path, const char *name)
{
    const char *last = strrchr(path, '/');

    return last != NULL && strcmp(last + 1, name) == 0;
}

int __wrap_rename(const char *from, const char *to)
{
    int code;

    if (!is_named(to, "outbox"))
        return __real_rename(from, to);
    crash_point("compacting");
    code = __real_rename(from, to);
    crash_point("compacted");
    return code;
}

int __wrap_fdatasync(int fd)
{
    char link[64], path[4096];
    ssize_t size;
    int code = __real_fdatasync(fd);

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (code != 0 || size <= 0)
        return code;
    path[size] = '\0';
    if (is_named(path, "outbox"))
        crash_point("synced-outbox");
    if (is_named(path, "journal")) {
        if (crash_journal_synced != NULL)
            crash_journal_synced();
        crash_point("synced-journal");
    }
    return code;
}
