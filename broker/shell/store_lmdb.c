/*
 * store_lmdb.c: the store port on LMDB. See store_lmdb.h and ports.h.
 *
 * Default durability: a commit that returns has reached the disk. A commit that fails is unknown (the meta
 * page may or may not have been written, and LMDB then refuses everything with MDB_PANIC), so the environment
 * is closed and opened anew before the turn reads again. The lock that readers share and reopening takes
 * alone keeps a reader on another thread from holding an environment that is going away.
 */
#include "shell/store_lmdb.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "shell/lmdb_seek.h"
#include "shell/pack.h"
#include "shell/record.h"

#define PATH_SIZE 512
#define READER_CHECK_S 60
#define VERSION_SIZE 8

/* Names within the environment; they are bytes on disk. */
static const char *const table_name[SCH_TABLE_COUNT] = {
    [SCH_TABLE_META] = "meta",       [SCH_TABLE_MESSAGE] = "message", [SCH_TABLE_BODY] = "body",
    [SCH_TABLE_DOSSIER] = "dossier", [SCH_TABLE_MAILBOX] = "mailbox", [SCH_TABLE_DUE] = "due",
    [SCH_TABLE_OPEN] = "open",       [SCH_TABLE_PARTY] = "party",     [SCH_TABLE_KENMERK] = "kenmerk",
    [SCH_TABLE_AUDIT] = "audit",     [SCH_TABLE_TRAIL] = "trail",     [SCH_TABLE_CHAIN] = "chain",
    [SCH_TABLE_PASSED] = "passed",   [SCH_TABLE_TALLY] = "tally",     [SCH_TABLE_PART] = "part",
    [SCH_TABLE_UPLOAD] = "upload",
};

struct sch_store {
    struct sch_store *origin;           /* of a snapshot: the store itself; then only env, dbi and reader are set */
    char path[PATH_SIZE];
    uint64_t map_size;
    bool read_only;
    bool lacks_tables;                  /* opened for reading: a table is missing, as in an older schema */
    int lock_fd;                        /* the directory, flocked as long as the store is open */
    pthread_rwlock_t env_lock;          /* written only while the environment is replaced */
    MDB_env *env;                       /* NULL when reopening failed: FATAL from then on */
    MDB_dbi dbi[SCH_TABLE_COUNT];
    MDB_txn *reader;                    /* reset between uses */
    atomic_flag reader_taken;           /* another thread makes a transaction of its own */
    time_t readers_checked_s;           /* monotonic */
    uint64_t reopened;
};

/* ---- opening ----------------------------------------------------------------------------------- */

static int open_tables(struct sch_store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, store->read_only ? MDB_RDONLY : 0, &txn);

    if (rc != 0)
        return rc;
    for (size_t i = 0; i < SCH_TABLE_COUNT; i++) {
        rc = mdb_dbi_open(txn, table_name[i], store->read_only ? 0 : MDB_CREATE, &store->dbi[i]);
        if (rc == MDB_NOTFOUND && i != SCH_TABLE_META)
            store->lacks_tables = true; /* the schema row, which is read first, may say why */
        else if (rc != 0)
            goto fail;
    }
    return mdb_txn_commit(txn);
fail:
    mdb_txn_abort(txn);
    return rc;
}

static int open_env_once(struct sch_store *store)
{
    /* NOTLS: transactions belong to this struct, not to threads. NORDAHEAD: reads are scattered over a map
     * that outgrows memory. A read-only store is one that no process writes, so it needs no lock file. */
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (store->read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
    int rc = mdb_env_create(&store->env);

    if (rc != 0) {
        store->env = NULL;
        return rc;
    }
    if ((rc = mdb_env_set_maxdbs(store->env, SCH_TABLE_COUNT)) != 0 ||
        (rc = mdb_env_set_mapsize(store->env, (size_t)store->map_size)) != 0 ||
        (rc = mdb_env_open(store->env, store->path, flags, 0600)) != 0)
        goto fail;
    return 0;
fail:
    mdb_env_close(store->env);
    store->env = NULL;
    return rc;
}

static int open_env(struct sch_store *store)
{
    int rc = open_env_once(store);

    /* The address space may be limited: ENOMEM under ulimit -v, EINVAL under valgrind. */
    while ((rc == ENOMEM || rc == EINVAL) && store->map_size / 2 >= SCH_STORE_MAP_SIZE_MIN) {
        store->map_size /= 2;
        rc = open_env_once(store);
    }
    if (rc != 0)
        return rc;
    if ((rc = open_tables(store)) != 0 ||
        (rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reader)) != 0)
        goto fail;
    mdb_txn_reset(store->reader);
    return 0;
fail:
    mdb_env_close(store->env);
    store->env = NULL;
    return rc;
}

static void close_env(struct sch_store *store)
{
    if (store->env == NULL)
        return;
    mdb_txn_abort(store->reader);
    mdb_env_close(store->env);
    store->reader = NULL;
    store->env = NULL;
}

static int lock_directory(struct sch_store *store, bool create, sch_error *error)
{
    int code;

    if (create && mkdir(store->path, 0700) != 0 && errno != EEXIST)
        return sch_fail(error, SCH_E_IO, "%s: cannot be made: %s", store->path, strerror(errno));
    store->lock_fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->lock_fd < 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", store->path, strerror(errno));
    if (flock(store->lock_fd, (store->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return SCH_OK;
    code = errno == EWOULDBLOCK ? SCH_E_BUSY : SCH_E_IO;
    (void)sch_fail(error, (enum sch_error_code)code, "%s: %s", store->path,
                   code == SCH_E_BUSY ? "another process has this store open" : strerror(errno));
    (void)close(store->lock_fd);
    return code;
}

/* A store has a file; without create an absent one is an error, and is not made by looking. */
static int check_file(const struct sch_store *store, sch_error *error)
{
    char file[PATH_SIZE + 16];

    (void)snprintf(file, sizeof(file), "%s/data.mdb", store->path);
    if (access(file, R_OK) != 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", file, strerror(errno));
    return SCH_OK;
}

/* Checks the schema row; a new store gets one. */
static int check_schema(struct sch_store *store, const struct sch_store_options *options, sch_error *error)
{
    bool create = options->create;
    uint8_t value[SCH_RECORD_SCHEMA_SIZE];
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_SCHEMA);
    struct sch_op op = { .table = SCH_TABLE_META, .key = sch_record_key_bytes(&key),
                         .expected = SCH_STORE_ANY };
    size_t size;

    switch (sch_store_get(store, SCH_TABLE_META, op.key, value, sizeof(value), &size)) {
    case SCH_STORE_OK:
        if (options->older && sch_record_schema_check((struct sch_bytes){ value, size }, NULL) == SCH_E_SCHEMA_OLDER)
            return SCH_OK;
        return sch_record_schema_check((struct sch_bytes){ value, size }, error);
    case SCH_STORE_NONE:
        if (!create)
            return sch_fail(error, SCH_E_STORE_DAMAGED, "%s: no schema row", store->path);
        sch_record_schema_encode(value);
        op.value = (struct sch_bytes){ value, sizeof(value) };
        if (sch_store_apply(store, &op, 1) != SCH_STORE_OK)
            return sch_fail(error, SCH_E_IO, "%s: the first write failed", store->path);
        return SCH_OK;
    default:
        return sch_fail(error, SCH_E_STORE_DAMAGED, "%s: the schema row cannot be read", store->path);
    }
}

int sch_store_open(struct sch_store **out, const struct sch_store_options *options, sch_error *error)
{
    struct sch_store *store = calloc(1, sizeof(*store));
    int code, rc;

    assert(!(options->create && options->read_only));
    if (store == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory for the store");
    store->map_size = options->map_size > 0 ? options->map_size : SCH_STORE_MAP_SIZE;
    store->read_only = options->read_only;
    atomic_flag_clear(&store->reader_taken);
    if (snprintf(store->path, sizeof(store->path), "%s", options->path) >= (int)sizeof(store->path)) {
        code = sch_fail(error, SCH_E_IO, "the path of the store has more than %d bytes", PATH_SIZE - 1);
        goto fail_path;
    }
    code = lock_directory(store, options->create, error);
    if (code != SCH_OK)
        goto fail_path;
    code = options->create ? SCH_OK : check_file(store, error);
    if (code != SCH_OK)
        goto fail_lock;
    if (pthread_rwlock_init(&store->env_lock, NULL) != 0) {
        code = sch_fail(error, SCH_E_NO_MEMORY, "no memory for the store's lock");
        goto fail_lock;
    }
    rc = open_env(store);
    if (rc != 0) {
        code = sch_lmdb_open_error(store->path, rc, error);
        goto fail_env;
    }
    code = check_schema(store, options, error);
    if (code == SCH_OK && store->lacks_tables)
        code = sch_fail(error, SCH_E_STORE_DAMAGED, "%s: a table is not there", store->path);
    if (code != SCH_OK)
        goto fail_schema;
    *out = store;
    return SCH_OK;

fail_schema:
    close_env(store);
fail_env:
    (void)pthread_rwlock_destroy(&store->env_lock);
fail_lock:
    (void)close(store->lock_fd);
fail_path:
    free(store);
    return code;
}

void sch_store_close(struct sch_store *store)
{
    if (store == NULL)
        return;
    close_env(store);
    (void)pthread_rwlock_destroy(&store->env_lock);
    (void)close(store->lock_fd);
    free(store);
}

uint64_t sch_store_reopened(const struct sch_store *store)
{
    return store->reopened;
}

/* Closes the environment and opens it again: after this what was committed can be read. */
static enum sch_store_result reopen(struct sch_store *store)
{
    int rc;

    (void)pthread_rwlock_wrlock(&store->env_lock);
    close_env(store);
    rc = open_env(store);
    store->reopened++;
    (void)pthread_rwlock_unlock(&store->env_lock);
    return rc == 0 ? SCH_STORE_UNKNOWN : SCH_STORE_FATAL;
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct read {
    struct sch_store *store;
    MDB_txn *txn;
    bool shared;                        /* txn is the store's own */
};

/* On success the environment stays until read_end(). */
static bool read_begin(struct read *read, struct sch_store *store)
{
    int rc;

    read->store = store;
    if (store->origin != NULL) {
        read->txn = store->reader;
        return true;
    }
    (void)pthread_rwlock_rdlock(&store->env_lock);
    if (store->env == NULL)
        goto fail;
    read->shared = !atomic_flag_test_and_set(&store->reader_taken);
    if (read->shared) {
        read->txn = store->reader;
        rc = mdb_txn_renew(read->txn);
        if (rc != 0)
            atomic_flag_clear(&store->reader_taken);
    } else {
        rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &read->txn);
    }
    if (rc == 0)
        return true;
fail:
    (void)pthread_rwlock_unlock(&store->env_lock);
    return false;
}

static void read_end(struct read *read)
{
    if (read->store->origin != NULL)
        return;
    if (read->shared) {
        mdb_txn_reset(read->txn);
        atomic_flag_clear(&read->store->reader_taken);
    } else {
        mdb_txn_abort(read->txn);
    }
    (void)pthread_rwlock_unlock(&read->store->env_lock);
}

/* The lock is held until the release: a reopening waits for it, and never pulls the map from under it. */
struct sch_store *sch_store_snapshot(struct sch_store *store)
{
    struct sch_store *snapshot = calloc(1, sizeof(*snapshot));

    assert(store->origin == NULL);
    if (snapshot == NULL)
        return NULL;
    (void)pthread_rwlock_rdlock(&store->env_lock);
    if (store->env == NULL || mdb_txn_begin(store->env, NULL, MDB_RDONLY, &snapshot->reader) != 0)
        goto fail;
    snapshot->origin = store;
    snapshot->env = store->env;
    memcpy(snapshot->dbi, store->dbi, sizeof(snapshot->dbi));
    return snapshot;
fail:
    (void)pthread_rwlock_unlock(&store->env_lock);
    free(snapshot);
    return NULL;
}

void sch_store_release(struct sch_store *snapshot)
{
    if (snapshot == NULL)
        return;
    mdb_txn_abort(snapshot->reader);
    (void)pthread_rwlock_unlock(&snapshot->origin->env_lock);
    free(snapshot);
}

enum sch_store_result sch_store_get(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                    uint8_t *buffer, size_t capacity, size_t *size)
{
    enum sch_store_result result = SCH_STORE_OK;
    MDB_val k = sch_lmdb_val(key), v;
    struct read read;
    int rc;

    *size = 0;
    if (!read_begin(&read, store))
        return SCH_STORE_FATAL;
    rc = mdb_get(read.txn, store->dbi[table], &k, &v);
    if (rc == MDB_NOTFOUND) {
        result = SCH_STORE_NONE;
    } else if (rc != 0) {
        result = SCH_STORE_FATAL;
    } else {
        *size = v.mv_size;
        if (v.mv_size > capacity)
            result = SCH_STORE_FATAL;
        else if (v.mv_size > 0)
            memcpy(buffer, v.mv_data, v.mv_size);
    }
    read_end(&read);
    return result;
}

enum sch_store_result sch_store_scan(struct sch_store *store, enum sch_table table, struct sch_bytes prefix,
                                     struct sch_bytes from, bool backwards, size_t limit, sch_row_fn *visit,
                                     void *context)
{
    enum sch_store_result result = SCH_STORE_FATAL;
    MDB_cursor *cursor;
    MDB_val key, value;
    struct read read;
    int rc;

    if (limit == 0)
        return SCH_STORE_OK;
    if (!read_begin(&read, store))
        return SCH_STORE_FATAL;
    if (mdb_cursor_open(read.txn, store->dbi[table], &cursor) != 0)
        goto end;
    rc = sch_lmdb_seek(cursor, prefix, from, backwards, &key, &value);
    while (rc == 0 && visit(context, sch_lmdb_bytes(key), sch_lmdb_bytes(value)) && --limit > 0)
        rc = sch_lmdb_next(cursor, prefix, backwards, &key, &value);
    if (rc == 0 || rc == MDB_NOTFOUND)
        result = SCH_STORE_OK;
    mdb_cursor_close(cursor);
end:
    read_end(&read);
    return result;
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Can these ops ever be applied? */
static bool admissible(const struct sch_op *op)
{
    if ((unsigned)op->table >= SCH_TABLE_COUNT || op->key.len == 0 || op->key.len > SCH_STORE_KEY_MAX)
        return false;
    if (!op->erase && op->value.len > SCH_STORE_VALUE_MAX)
        return false;
    if (op->table != SCH_TABLE_DOSSIER)
        return op->expected == SCH_STORE_ANY;
    return op->erase || op->value.len >= VERSION_SIZE;
}

/* Does the version stand there that the op expects? 0, MDB_KEYEXIST when not, or what LMDB says. */
static int check_version(struct sch_store *store, MDB_txn *txn, const struct sch_op *op)
{
    MDB_val key = sch_lmdb_val(op->key), value;
    uint64_t version = 0;
    int rc;

    if (op->expected == SCH_STORE_ANY)
        return 0;
    rc = mdb_get(txn, store->dbi[op->table], &key, &value);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0) {
        if (value.mv_size < VERSION_SIZE)
            return MDB_CORRUPTED;
        version = sch_unpack_be64(value.mv_data);
    }
    return version == op->expected ? 0 : MDB_KEYEXIST;
}

static int apply_op(struct sch_store *store, MDB_txn *txn, const struct sch_op *op)
{
    MDB_val key = sch_lmdb_val(op->key), value = sch_lmdb_val(op->value);
    int rc = check_version(store, txn, op);

    if (rc != 0)
        return rc;
    if (op->erase) {
        rc = mdb_del(txn, store->dbi[op->table], &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    /* Audit rows come in order: appending fills pages instead of halving them. */
    if (op->table == SCH_TABLE_AUDIT) {
        rc = mdb_put(txn, store->dbi[op->table], &key, &value, MDB_APPEND);
        if (rc != MDB_KEYEXIST)
            return rc;
        key = sch_lmdb_val(op->key);
        value = sch_lmdb_val(op->value);
    }
    return mdb_put(txn, store->dbi[op->table], &key, &value, 0);
}

/* What an error before the commit means. The transaction is aborted: nothing was changed. */
static enum sch_store_result failure(struct sch_store *store, int rc)
{
    switch (rc) {
    case MDB_KEYEXIST:
        return SCH_STORE_CONFLICT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return SCH_STORE_FULL;
    case MDB_BAD_VALSIZE:
    case MDB_TXN_FULL:
        return SCH_STORE_REJECTED;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return SCH_STORE_FATAL;
    default:
        /* Panic, or an error of the disk: begin again from what can be read. */
        return reopen(store);
    }
}

/* A reader that died with its slot would pin old pages for ever. */
static void check_readers(struct sch_store *store)
{
    struct timespec now;
    int dead;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec - store->readers_checked_s < READER_CHECK_S)
        return;
    store->readers_checked_s = now.tv_sec;
    (void)mdb_reader_check(store->env, &dead);
}

enum sch_store_result sch_store_apply(struct sch_store *store, const struct sch_op *ops, size_t count)
{
    MDB_txn *txn;
    int rc;

    assert(!store->read_only);
    for (size_t i = 0; i < count; i++)
        if (!admissible(&ops[i]))
            return SCH_STORE_REJECTED;
    if (store->env == NULL)
        return SCH_STORE_FATAL;
    check_readers(store);
    rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return failure(store, rc);
    for (size_t i = 0; i < count; i++) {
        rc = apply_op(store, txn, &ops[i]);
        if (rc != 0) {
            mdb_txn_abort(txn);
            return failure(store, rc);
        }
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? SCH_STORE_OK : reopen(store);
}

/* ---- space and backup -------------------------------------------------------------------------- */

/* Pages in use, of all tables, of the list of tables (1) and of the list of free pages (0); and each table's
 * rows. */
static uint64_t count_pages(const struct sch_store *store, MDB_txn *txn, uint64_t rows[SCH_TABLE_COUNT])
{
    uint64_t pages = 2;                 /* the two meta pages */
    MDB_stat stat;

    for (size_t i = 0; i < SCH_TABLE_COUNT + 2; i++) {
        MDB_dbi dbi = i < SCH_TABLE_COUNT ? store->dbi[i] : (MDB_dbi)(i - SCH_TABLE_COUNT);

        if (mdb_stat(txn, dbi, &stat) != 0)
            continue;
        pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        if (i < SCH_TABLE_COUNT)
            rows[i] = stat.ms_entries;
    }
    return pages;
}

void sch_store_space(struct sch_store *store, struct sch_space *space)
{
    uint64_t page_size, file_size, disk = UINT64_MAX;
    struct statvfs fs;
    MDB_envinfo info;
    MDB_stat stat;
    struct read read;

    memset(space, 0, sizeof(*space));
    if (!read_begin(&read, store))
        return;
    (void)mdb_env_info(store->env, &info);
    (void)mdb_env_stat(store->env, &stat);
    page_size = stat.ms_psize;
    space->map = info.me_mapsize;
    space->used = count_pages(store, read.txn, space->rows) * page_size;
    read_end(&read);
    /* Pages that were freed are written again before the file grows. */
    file_size = ((uint64_t)info.me_last_pgno + 1) * page_size;
    if (fstatvfs(store->lock_fd, &fs) == 0)
        disk = (uint64_t)fs.f_bavail * fs.f_frsize + (file_size > space->used ? file_size - space->used : 0);
    space->available = space->map > space->used ? space->map - space->used : 0;
    if (disk < space->available)
        space->available = disk;
}

/* LMDB leaves the copy in the cache of the system; a backup is on the disk. Half of one must not pass for a backup,
 * nor keep the next from having its name. */
static int finish_copy(const char *path, int rc)
{
    char file[PATH_SIZE + 16];
    int fd;

    (void)snprintf(file, sizeof(file), "%s/data.mdb", path);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (rc == 0 && (fd < 0 || fsync(fd) != 0))
        rc = errno;
    if (fd >= 0)
        (void)close(fd);
    if (rc != 0) {
        (void)unlink(file);
        (void)rmdir(path);
    }
    return rc;
}

int sch_store_backup(struct sch_store *store, const char *path, sch_error *error)
{
    int rc;

    if (strlen(path) >= PATH_SIZE)
        return sch_fail(error, SCH_E_IO, "the path of the backup has more than %d bytes", PATH_SIZE - 1);
    if (mkdir(path, 0700) != 0)
        return sch_fail(error, SCH_E_IO, "%s: cannot be made: %s", path, strerror(errno));
    (void)pthread_rwlock_rdlock(&store->env_lock);
    rc = store->env != NULL ? mdb_env_copy2(store->env, path, MDB_CP_COMPACT) : EIO;
    (void)pthread_rwlock_unlock(&store->env_lock);
    rc = finish_copy(path, rc);
    return rc == 0 ? SCH_OK : sch_fail(error, SCH_E_IO, "%s: %s", path, mdb_strerror(rc));
}
