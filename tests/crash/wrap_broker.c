/*
 * wrap_broker.c: around the broker's commits, its sends and its civil clock, by the linker (--wrap).
 *
 * before-commit, after-commit: nothing of the turn is durable, or all of it and nobody knows. before-send: a
 * commit was made and its first answer is about to leave. mid-send: half of a message is with libzmq.
 * The civil clock is off by as many seconds as the file says that the environment's SCH_CRASH_CLOCK names.
 */
#include <fcntl.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "point.h"

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __real_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);
int __wrap_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

static bool committed;                  /* and nothing was sent since */
static bool within;                     /* a message of which frames were sent, but not the last */

int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    int code;

    crash_point("before-commit");
    code = __real_mdb_txn_commit(txn);
    if (code == 0) {
        crash_point("after-commit");
        committed = true;
    }
    return code;
}

int __wrap_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags)
{
    int code;

    if (within)
        crash_point("mid-send");
    else if (committed)
        crash_point("before-send");
    committed = false;
    code = __real_zmq_msg_send(frame, socket, flags);
    within = code >= 0 && (flags & ZMQ_SNDMORE) != 0;
    return code;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    const char *path = getenv("SCH_CRASH_CLOCK");
    int code = __real_clock_gettime(id, now);
    char text[32] = "";
    int fd;

    if (id != CLOCK_REALTIME || code != 0 || path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return code;
    if (read(fd, text, sizeof text - 1) > 0)
        now->tv_sec += strtol(text, NULL, 10);
    close(fd);
    return code;
}
