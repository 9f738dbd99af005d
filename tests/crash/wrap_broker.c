/*
 * wrap_broker.c: around the broker's commits and sends, by the linker (--wrap).
 *
 * before-commit, after-commit: nothing of the turn is durable, or all of it and nobody knows. before-send: a
 * commit was made and its first answer is about to leave. mid-send: half of a message is with libzmq.
 */
#include <lmdb.h>
#include <stdbool.h>
#include <zmq.h>

#include "point.h"

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __real_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);
int __wrap_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);

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
