/* fault.c: counting, failing, and what was allocated meanwhile. */
#include "fault.h"

#include <assert.h>
#include <errno.h>
#include <execinfo.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "shell/migrate.h"
#include "shell/store_lmdb.h"
#include "turn.h"

#define CALLS_MAX 65536
#define DEPTH 9                         /* of a path: deep enough to tell one caller of a helper from another */
#define BLOCKS_MAX 16384

const char *const fault_name[FAULT_KINDS] = { "allocation", "get", "put", "commit-lost", "commit-kept", "disk" };

static struct {
    bool at_work;                       /* the broker, not the test */
    bool watching;
    size_t calls[FAULT_KINDS];
    uint64_t path[FAULT_KINDS][CALLS_MAX];
    bool armed, lasting;
    size_t strikes;
    enum fault_kind kind;
    size_t n;
    void *block[BLOCKS_MAX];            /* allocated at work; the youngest last */
    size_t blocks;
} fault;

/* ---- the n-th call ------------------------------------------------------------------------------ */

void fault_watch(void)
{
    memset(fault.calls, 0, sizeof fault.calls);
    fault.armed = false;
    fault.strikes = 0;
    fault.watching = true;
}

size_t fault_calls(enum fault_kind kind)
{
    return fault.calls[kind];
}

uint64_t fault_path(enum fault_kind kind, size_t call)
{
    assert(call < fault.calls[kind]);
    return fault.path[kind][call];
}

void fault_arm(enum fault_kind kind, size_t n, bool lasting)
{
    memset(fault.calls, 0, sizeof fault.calls);
    fault.watching = false;
    fault.strikes = 0;
    fault.armed = true;
    fault.kind = kind;
    fault.n = n;
    fault.lasting = lasting;
}

/* Before the n-th call there is nothing to heal. */
void fault_heal(void)
{
    if (fault.strikes > 0)
        fault.armed = false;
}

bool fault_struck(void)
{
    return fault.strikes > 0;
}

size_t fault_strikes(void)
{
    return fault.strikes;
}

void fault_end(void)
{
    fault.armed = fault.watching = false;
}

static uint64_t path_here(void)
{
    void *frame[DEPTH + 2];
    int count = backtrace(frame, DEPTH + 2);
    uint64_t hash = 0;

    for (int i = 2; i < count; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)frame[i]) * UINT64_C(1099511628211);
    return hash;
}

/* May this call pass? */
static bool fails(enum fault_kind kind)
{
    size_t call;

    if (!fault.at_work || (!fault.armed && !fault.watching))
        return false;
    call = fault.calls[kind]++;
    if (fault.watching) {
        assert(call < CALLS_MAX);
        fault.at_work = false;
        fault.path[kind][call] = path_here();
        fault.at_work = true;
    }
    if (!fault.armed || kind != fault.kind || (fault.lasting ? call < fault.n : call != fault.n))
        return false;
    fault.strikes++;
    return true;
}

/* ---- when the broker is at work ------------------------------------------------------------------ */

bool fault_at_work(bool at_work)
{
    bool before = fault.at_work;

    fault.at_work = at_work;
    return before;
}

#define WRAP(type, name, parameters, arguments, at_work)                                                     \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        bool before = fault_at_work(at_work);                                                                \
        type result = __real_##name arguments;                                                               \
                                                                                                             \
        (void)fault_at_work(before);                                                                         \
        return result;                                                                                       \
    }

WRAP(int, sch_store_open,
     (struct sch_store **store, const struct sch_store_options *options, sch_error *error),
     (store, options, error), true)
WRAP(int, sch_turn_open, (struct sch_turn **turn, const struct sch_turn_options *options, sch_error *error),
     (turn, options, error), true)
WRAP(int, sch_turn_run, (struct sch_turn *turn, int64_t max_wait_ms, sch_error *error),
     (turn, max_wait_ms, error), true)
WRAP(int, sch_turn_queue,
     (struct sch_turn *turn, enum sch_control_request request, const char *argument, FILE *out, sch_error *error),
     (turn, request, argument, out, error), true)
WRAP(int, sch_store_check, (struct sch_store *store, struct sch_store_counts *counts, sch_error *error),
     (store, counts, error), true)
WRAP(int, sch_store_verify, (const char *path, struct sch_store_counts *counts, sch_error *error),
     (path, counts, error), true)
WRAP(int, sch_store_backup, (struct sch_store *store, const char *path, sch_error *error), (store, path, error), true)
WRAP(int, sch_migrate, (struct sch_store *store, struct sch_migrate_report *report, sch_error *error),
     (store, report, error), true)
WRAP(bool, sch_net_recv, (struct sch_net *net, struct sch_inbound *message), (net, message), false)
WRAP(enum sch_sent, sch_net_send,
     (struct sch_net *net, const struct sch_peer *peer, struct sch_bytes reply, struct sch_bytes body),
     (net, peer, reply, body), false)

/* ---- memory ------------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static void *noted(void *block)
{
    if (block != NULL && fault.at_work) {
        assert(fault.blocks < BLOCKS_MAX);
        fault.block[fault.blocks++] = block;
    }
    return block;
}

/* Where a block is noted; BLOCKS_MAX: nowhere. */
static size_t place_of(const void *block)
{
    for (size_t i = fault.blocks; i-- > 0;)
        if (fault.block[i] == block)
            return i;
    return BLOCKS_MAX;
}

size_t fault_unfreed(void)
{
    return fault.blocks;
}

void *__wrap_malloc(size_t size)
{
    return fails(FAULT_ALLOCATION) ? NULL : noted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(FAULT_ALLOCATION) ? NULL : noted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    size_t place = place_of(block);
    void *grown;

    if (fails(FAULT_ALLOCATION))
        return NULL;
    grown = __real_realloc(block, size);
    if (grown != NULL && block != NULL && place < BLOCKS_MAX)
        fault.block[place] = grown;
    else if (block == NULL)
        (void)noted(grown);
    return grown;
}

void __wrap_free(void *block)
{
    size_t place = block == NULL ? BLOCKS_MAX : place_of(block);

    if (place < BLOCKS_MAX)
        memmove(&fault.block[place], &fault.block[place + 1], (--fault.blocks - place) * sizeof fault.block[0]);
    __real_free(block);
}

/* ---- LMDB --------------------------------------------------------------------------------------- */

#define WRAP_LMDB(kind, error, name, parameters, arguments)                                                  \
    int __real_##name parameters;                                                                            \
    int __wrap_##name parameters;                                                                            \
    int __wrap_##name parameters                                                                             \
    {                                                                                                        \
        return fails(kind) ? (error) : __real_##name arguments;                                              \
    }

/* What a write may fail with differs in what the broker makes of it. */
static int put_error(void)
{
    static const int errors[] = { MDB_MAP_FULL, EIO, MDB_TXN_FULL, ENOMEM };

    return errors[fault.n % (sizeof errors / sizeof errors[0])];
}

WRAP_LMDB(FAULT_GET, EIO, mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *value), (txn, dbi, key, value))
WRAP_LMDB(FAULT_GET, ENOMEM, mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor))
WRAP_LMDB(FAULT_GET, EIO, mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op),
          (cursor, key, value, op))
WRAP_LMDB(FAULT_GET, MDB_MAP_RESIZED, mdb_txn_renew, (MDB_txn * txn), (txn))
WRAP_LMDB(FAULT_PUT, put_error(), mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags),
          (txn, dbi, key, value, flags))
WRAP_LMDB(FAULT_PUT, put_error(), mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *value),
          (txn, dbi, key, value))

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    bool reads = (flags & MDB_RDONLY) != 0;

    if (fails(reads ? FAULT_GET : FAULT_PUT))
        return reads ? MDB_READERS_FULL : ENOMEM;
    return __real_mdb_txn_begin(env, parent, flags, txn);
}

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    if (fails(FAULT_COMMIT_LOST)) {
        mdb_txn_abort(txn);
        return EIO;
    }
    if (fails(FAULT_COMMIT_KEPT)) {
        int result = __real_mdb_txn_commit(txn);

        return result == 0 ? EIO : result;
    }
    return __real_mdb_txn_commit(txn);
}

/* ---- the disk ------------------------------------------------------------------------------------ */

ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_writev(int fd, const struct iovec *part, int count);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_writev(int fd, const struct iovec *part, int count);
int __wrap_fdatasync(int fd);

static bool disk_fails(void)
{
    if (!fails(FAULT_DISK))
        return false;
    errno = fault.n % 2 == 0 ? EIO : ENOSPC;
    return true;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return disk_fails() ? -1 : __real_pwrite(fd, bytes, size, offset);
}

ssize_t __wrap_writev(int fd, const struct iovec *part, int count)
{
    return disk_fails() ? -1 : __real_writev(fd, part, count);
}

/* No power is cut here, so what is not synced is read all the same, only sooner. */
int __wrap_fdatasync(int fd)
{
    (void)fd;
    return disk_fails() ? -1 : 0;
}
