/*
 * test_lmdb.c: what the LMDB store does beside the port: locks, schema, backups, and failures of LMDB itself.
 *
 * Linked with liblmdb.a and --wrap for mdb_put and mdb_txn_commit, and for pwrite, writev and fdatasync
 * below LMDB: an armed wrapper fails its n-th call, for successive n, so that every place where LMDB or the
 * disk may fail is passed once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "shell/migrate.h"
#include "shell/pack.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"

int __real_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned int flags);
int __real_mdb_txn_commit(MDB_txn *txn);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_writev(int fd, const struct iovec *part, int count);
int __real_fdatasync(int fd);
int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned int flags);
int __wrap_mdb_txn_commit(MDB_txn *txn);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_writev(int fd, const struct iovec *part, int count);
int __wrap_fdatasync(int fd);

/* Counts down the calls that still pass; the next fails with rc. Negative: disarmed. */
static struct fault {
    int passes;
    int rc;
    bool committed;                     /* a commit happens, and fails nevertheless */
    bool struck;
} put_fault = { -1, 0, false, false }, commit_fault = { -1, 0, false, false },
  disk_fault = { -1, 0, false, false };

static bool strikes(struct fault *fault)
{
    if (fault->passes < 0 || fault->passes-- > 0)
        return false;
    fault->struck = true;
    return true;
}

int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned int flags)
{
    return strikes(&put_fault) ? put_fault.rc : __real_mdb_put(txn, dbi, key, data, flags);
}

int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    if (!strikes(&commit_fault))
        return __real_mdb_txn_commit(txn);
    if (commit_fault.committed)
        (void)__real_mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return commit_fault.rc;
}

/* The disk refuses one write or sync. */
static bool disk_strikes(void)
{
    if (!strikes(&disk_fault))
        return false;
    errno = disk_fault.rc;
    return true;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return disk_strikes() ? -1 : __real_pwrite(fd, bytes, size, offset);
}

ssize_t __wrap_writev(int fd, const struct iovec *part, int count)
{
    return disk_strikes() ? -1 : __real_writev(fd, part, count);
}

int __wrap_fdatasync(int fd)
{
    return disk_strikes() ? -1 : __real_fdatasync(fd);
}

/* ---- a store in a directory of its own ---------------------------------------------------------- */

static char directory[64];
static struct sch_store *store;

static struct sch_store *open_store(const char *path, bool create)
{
    struct sch_store_options options = { .path = path, .map_size = 64 << 20, .create = create };
    sch_error error = SCH_ERROR_INIT;
    struct sch_store *opened = NULL;

    if (sch_store_open(&opened, &options, &error) != SCH_OK)
        (void)sch_perror(&error);
    assert_non_null(opened);
    return opened;
}

static void remove_directory(const char *path)
{
    char file[128];

    (void)snprintf(file, sizeof(file), "%s/data.mdb", path);
    (void)unlink(file);
    (void)snprintf(file, sizeof(file), "%s/lock.mdb", path);
    (void)unlink(file);
    (void)rmdir(path);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/sch-lmdb-XXXXXX");
    assert_non_null(mkdtemp(directory));
    store = open_store(directory, true);
    put_fault = commit_fault = disk_fault = (struct fault){ -1, 0, false, false };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sch_store_close(store);
    remove_directory(directory);
    return 0;
}

static enum sch_store_result put_row(enum sch_table table, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_op op = { .table = table, .key = key, .value = value, .expected = SCH_STORE_ANY };

    return sch_store_apply(store, &op, 1);
}

static struct sch_bytes text(const char *s)
{
    return (struct sch_bytes){ (const uint8_t *)s, strlen(s) };
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void one_process_per_directory(void **state)
{
    struct sch_store_options options = { .path = directory, .create = true };
    struct sch_store *second = NULL;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    assert_int_equal(sch_store_open(&second, &options, &error), SCH_E_BUSY);
    options.create = false;
    options.read_only = true;
    assert_int_equal(sch_store_open(&second, &options, &error), SCH_E_BUSY);
    assert_null(second);
}

static void an_absent_store_is_not_made_by_looking(void **state)
{
    struct sch_store_options options = { .path = "/tmp/sch-lmdb-there-is-none" };
    struct sch_store *second = NULL;
    sch_error error = SCH_ERROR_INIT;
    char empty[] = "/tmp/sch-empty-XXXXXX";

    (void)state;
    assert_int_equal(sch_store_open(&second, &options, &error), SCH_E_IO);
    assert_non_null(mkdtemp(empty));
    options.path = empty;
    assert_int_equal(sch_store_open(&second, &options, &error), SCH_E_IO);
    assert_int_equal(rmdir(empty), 0);
}

static void a_file_that_is_no_store_is_refused(void **state)
{
    struct sch_store_options options = { .path = directory };
    sch_error error = SCH_ERROR_INIT;
    char file[128];
    static const char junk[8192] = "this is not a store";
    int fd;

    (void)state;
    sch_store_close(store);
    store = NULL;
    (void)snprintf(file, sizeof(file), "%s/data.mdb", directory);
    fd = open(file, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
    (void)close(fd);
    assert_int_equal(sch_store_open(&store, &options, &error), SCH_E_STORE_DAMAGED);
    store = NULL;
}

static void another_schema_is_refused(void **state)
{
    struct sch_store_options options = { .path = directory };
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_SCHEMA);
    uint8_t schema[SCH_RECORD_SCHEMA_SIZE];
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    sch_record_schema_encode(schema);
    schema[SCH_RECORD_SCHEMA_SIZE - 1]++;
    assert_int_equal(put_row(SCH_TABLE_META, sch_record_key_bytes(&key), (struct sch_bytes){ schema, 4 }),
                     SCH_STORE_OK);
    sch_store_close(store);
    store = NULL;
    assert_int_equal(sch_store_open(&store, &options, &error), SCH_E_SCHEMA_NEWER);
    store = NULL;
}

/* Whoever does not ask for it is told why, also when tables are lacking. Before the migration comes a backup. */
static void an_older_schema_is_copied_and_migrated(void **state)
{
    struct sch_store_options options = { .path = directory };
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_SCHEMA);
    const struct sch_bytes schema = { (const uint8_t[]){ 0, 0, 0, 1 }, SCH_RECORD_SCHEMA_SIZE };
    struct sch_migrate_report report;
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char copy[96];

    (void)state;
    assert_int_equal(put_row(SCH_TABLE_META, sch_record_key_bytes(&key), schema), SCH_STORE_OK);
    sch_store_close(store);
    store = NULL;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, SCH_TABLE_COUNT), 0);
    assert_int_equal(mdb_env_open(env, directory, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "tally", 0, &dbi), 0);
    assert_int_equal(mdb_drop(txn, dbi, 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_int_equal(sch_store_verify(directory, &counts, &error), SCH_E_SCHEMA_OLDER);
    assert_int_equal(sch_store_open(&store, &options, &error), SCH_E_SCHEMA_OLDER);
    options.older = true;
    assert_int_equal(sch_store_open(&store, &options, &error), SCH_OK);
    assert_true(snprintf(copy, sizeof(copy), "%s/backup", directory) > 0 && sch_store_backup(store, copy, &error) == 0);
    remove_directory(copy);
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
    sch_store_close(store);
    options.older = false;
    assert_int_equal(sch_store_open(&store, &options, &error), SCH_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
}

/* ---- failures of LMDB --------------------------------------------------------------------------- */

#define BATCH_ROWS 6

/* A batch of BATCH_ROWS rows, the value of all of them being `mark`. */
static enum sch_store_result apply_batch(uint8_t mark)
{
    static const char *const key[BATCH_ROWS] = { "a", "b", "c", "d", "e", "f" };
    uint8_t value[8] = { 0, 0, 0, 0, 0, 0, 0, mark };
    struct sch_op op[BATCH_ROWS];

    for (size_t i = 0; i < BATCH_ROWS; i++)
        op[i] = (struct sch_op){ .table = (enum sch_table)(SCH_TABLE_MESSAGE + i), .key = text(key[i]),
                                 .value = { value, sizeof(value) }, .expected = SCH_STORE_ANY };
    return sch_store_apply(store, op, BATCH_ROWS);
}

/* What all rows of the batch hold; they must agree. */
static uint8_t batch_mark(void)
{
    static const char *const key[BATCH_ROWS] = { "a", "b", "c", "d", "e", "f" };
    uint8_t value[8], mark = 0;
    size_t size;

    for (size_t i = 0; i < BATCH_ROWS; i++) {
        assert_int_equal(sch_store_get(store, (enum sch_table)(SCH_TABLE_MESSAGE + i), text(key[i]), value,
                                       sizeof(value), &size), SCH_STORE_OK);
        assert_int_equal(size, 8);
        if (i > 0)
            assert_int_equal(value[7], mark);
        mark = value[7];
    }
    return mark;
}

static void assert_batch(uint8_t mark)
{
    assert_int_equal(batch_mark(), mark);
}

static void a_put_that_fails_changes_nothing(void **state)
{
    static const struct {
        int rc;
        enum sch_store_result result;
    } cases[] = { { MDB_MAP_FULL, SCH_STORE_FULL }, { ENOSPC, SCH_STORE_FULL },
                  { MDB_BAD_VALSIZE, SCH_STORE_REJECTED }, { MDB_TXN_FULL, SCH_STORE_REJECTED },
                  { EIO, SCH_STORE_UNKNOWN }, { MDB_PANIC, SCH_STORE_UNKNOWN },
                  { MDB_CORRUPTED, SCH_STORE_FATAL } };

    (void)state;
    assert_int_equal(apply_batch(1), SCH_STORE_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int n = 0; n < BATCH_ROWS; n++) {
            put_fault = (struct fault){ n, cases[i].rc, false, false };
            assert_int_equal(apply_batch(2), cases[i].result);
            assert_true(put_fault.struck);
            assert_batch(1);
        }
    }
    assert_int_equal(sch_store_reopened(store), 2 * BATCH_ROWS);
    assert_int_equal(apply_batch(3), SCH_STORE_OK);
    assert_batch(3);
}

static void a_commit_that_fails_is_unknown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        uint8_t mark = (uint8_t)(2 * i + 1);
        bool kept = i % 3 == 0;
        static const int rc[] = { EIO, ENOSPC, MDB_MAP_FULL, MDB_PANIC };

        assert_int_equal(apply_batch(mark), SCH_STORE_OK);
        commit_fault = (struct fault){ 0, rc[i % 4], kept, false };
        assert_int_equal(apply_batch((uint8_t)(mark + 1)), SCH_STORE_UNKNOWN);
        assert_true(commit_fault.struck);
        assert_batch(kept ? (uint8_t)(mark + 1) : mark);
    }
    assert_int_equal(sch_store_reopened(store), 20);
}

/* Every write and sync below LMDB fails once, singly: the answer is never OK, the rows are all old or all
 * new, and the next batch passes. */
static void a_disk_that_fails_tears_nothing(void **state)
{
    static const int errors[] = { EIO, ENOSPC };
    unsigned struck = 0, kept = 0;

    (void)state;
    for (size_t e = 0; e < 2; e++) {
        bool strikes_again = true;

        for (int n = 0; strikes_again; n++) {
            enum sch_store_result result;
            uint8_t found;

            assert_int_equal(apply_batch(1), SCH_STORE_OK);
            disk_fault = (struct fault){ n, errors[e], false, false };
            result = apply_batch(2);
            strikes_again = disk_fault.struck;
            disk_fault.passes = -1;
            found = batch_mark();
            if (strikes_again) {
                assert_true(result == SCH_STORE_UNKNOWN || (result == SCH_STORE_FULL && found == 1));
                assert_true(found == 1 || found == 2);
                struck++;
                kept += found == 2;
            } else {
                assert_int_equal(result, SCH_STORE_OK);
                assert_int_equal(found, 2);
            }
        }
    }
    assert_in_range(struck, 6, 1000);
    print_message("disk failed %u times, the batch was there after all %u times\n", struck, kept);
}

/* When the environment cannot be opened again either, the store is at its end, and says so every time. */
static void a_reopening_that_fails_is_fatal(void **state)
{
    char data[128], moved[136];
    struct sch_space space;
    uint8_t value[8];
    size_t size;

    (void)state;
    commit_fault = (struct fault){ 0, EIO, false, false };
    assert_int_equal(apply_batch(1), SCH_STORE_UNKNOWN);
    /* A directory in the place of the file: opening again cannot succeed. */
    (void)snprintf(data, sizeof(data), "%s/data.mdb", directory);
    (void)snprintf(moved, sizeof(moved), "%s.gone", data);
    assert_int_equal(rename(data, moved), 0);
    assert_int_equal(mkdir(data, 0700), 0);
    commit_fault = (struct fault){ 0, EIO, false, false };
    assert_int_equal(apply_batch(2), SCH_STORE_FATAL);
    assert_int_equal(apply_batch(2), SCH_STORE_FATAL);
    assert_int_equal(sch_store_get(store, SCH_TABLE_MESSAGE, text("a"), value, sizeof(value), &size),
                     SCH_STORE_FATAL);
    sch_store_space(store, &space);
    assert_int_equal(space.available, 0);
    assert_int_equal(rmdir(data), 0);
    assert_int_equal(rename(moved, data), 0);
}

struct reading {
    atomic_bool stop;
    atomic_uint scans;
};

static bool whole(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)context;
    return key.len == 1 && value.len == 8;
}

static void *read_on(void *argument)
{
    struct reading *reading = argument;

    while (!atomic_load(&reading->stop)) {
        struct sch_bytes all = { NULL, 0 };
        struct sch_space space;

        if (sch_store_scan(store, SCH_TABLE_MESSAGE, all, all, false, 10, whole, NULL) != SCH_STORE_OK)
            return reading;
        sch_store_space(store, &space);
        atomic_fetch_add(&reading->scans, 1);
    }
    return NULL;
}

/* Readers on other threads neither see an environment that is being replaced nor keep it from being so. */
static void readers_outlive_a_reopening(void **state)
{
    struct reading reading;
    pthread_t thread[2];
    void *answer;

    (void)state;
    atomic_init(&reading.stop, false);
    atomic_init(&reading.scans, 0);
    assert_int_equal(apply_batch(1), SCH_STORE_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_on, &reading), 0);
    for (unsigned i = 0; i < 200 || atomic_load(&reading.scans) < 100; i++) {
        commit_fault = (struct fault){ i % 20 == 0 ? 0 : -1, EIO, false, false };
        assert_int_equal(apply_batch(2), i % 20 == 0 ? SCH_STORE_UNKNOWN : SCH_STORE_OK);
    }
    atomic_store(&reading.stop, true);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(thread[i], &answer), 0);
        assert_null(answer);
    }
    assert_true(sch_store_reopened(store) >= 10);
}

/* ---- backup ------------------------------------------------------------------------------------- */

/* A message with its body and a place in a mailbox. What else a check finds: tests/unit/test_store_check.c. */
static void fill_store(void)
{
    struct sch_id id = { { 1, 2, 3 } };
    struct sch_address party = { "agb:06290713" };
    struct sch_message_row message = { .id = id, .dossier = id, .body_size = 4 };
    struct sch_mailbox_entry entry = { .message = id, .dossier = id };
    struct sch_record_key key = sch_record_key_id(&id);
    uint8_t bytes[SCH_RECORD_MESSAGE_MAX];
    struct sch_bytes value = { bytes, sch_record_message_encode(&message, bytes, sizeof(bytes)) };

    assert_int_equal(put_row(SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value), SCH_STORE_OK);
    assert_int_equal(put_row(SCH_TABLE_BODY, sch_record_key_bytes(&key), text("body")), SCH_STORE_OK);
    key = sch_record_key_mailbox(&party, 1);
    value.len = sch_record_mailbox_encode(&entry, bytes, sizeof(bytes));
    assert_int_equal(put_row(SCH_TABLE_MAILBOX, sch_record_key_bytes(&key), value), SCH_STORE_OK);
}

static void a_backup_can_be_verified(void **state)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    char copy[96];

    (void)state;
    fill_store();
    (void)snprintf(copy, sizeof(copy), "%s/backup", directory);
    assert_int_equal(sch_store_backup(store, copy, &error), SCH_OK);
    assert_int_equal(sch_store_backup(store, copy, &error), SCH_E_IO);      /* never over another */
    if (sch_store_verify(copy, &counts, &error) != SCH_OK) {
        (void)sch_perror(&error);
        fail();
    }
    assert_int_equal(counts.rows[SCH_TABLE_META], 1);
    assert_int_equal(counts.rows[SCH_TABLE_MESSAGE], 1);
    assert_int_equal(counts.rows[SCH_TABLE_BODY], 1);
    assert_int_equal(counts.rows[SCH_TABLE_MAILBOX], 1);
    remove_directory(copy);
}

static bool count_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)key;
    (void)value;
    ++*(size_t *)context;
    return true;
}

static void expect_snapshot(struct sch_store *snapshot, size_t rows, const char *value)
{
    uint8_t buffer[16];
    size_t size, count = 0;

    assert_int_equal(sch_store_get(snapshot, SCH_TABLE_MESSAGE, text("a"), buffer, sizeof buffer, &size), SCH_STORE_OK);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(buffer, value, size);
    assert_int_equal(sch_store_scan(snapshot, SCH_TABLE_MESSAGE, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 },
                                    false, 10, count_row, &count),
                     SCH_STORE_OK);
    assert_int_equal(count, rows);
}

/* Writing goes on beside it, and the store's own reads see what was written. */
static void a_snapshot_stays_as_it_was(void **state)
{
    struct sch_store *before, *after;

    (void)state;
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, text("a"), text("one")), SCH_STORE_OK);
    before = sch_store_snapshot(store);
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, text("a"), text("three")), SCH_STORE_OK);
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, text("b"), text("")), SCH_STORE_OK);
    after = sch_store_snapshot(store);
    assert_non_null(before);
    assert_non_null(after);
    expect_snapshot(before, 1, "one");
    expect_snapshot(after, 2, "three");
    expect_snapshot(store, 2, "three");
    sch_store_release(before);
    expect_snapshot(after, 2, "three");
    sch_store_release(after);
}

/* Reads on for a moment in which the other thread's reopening, did it not wait, would pull the map away. */
static void *hold_snapshot(void *context)
{
    struct sch_store *snapshot = sch_store_snapshot(store);
    struct timespec moment = { 0, 20000000 };
    atomic_int *held = context;

    assert_non_null(snapshot);
    atomic_store(held, 1);
    expect_snapshot(snapshot, 1, "one");
    (void)nanosleep(&moment, NULL);
    expect_snapshot(snapshot, 1, "one");
    sch_store_release(snapshot);
    return NULL;
}

/* A commit fails while another thread has a snapshot: the reopening waits, and does not take it away. */
static void a_reopening_waits_for_snapshots(void **state)
{
    atomic_int held = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, text("a"), text("one")), SCH_STORE_OK);
    assert_int_equal(pthread_create(&thread, NULL, hold_snapshot, &held), 0);
    while (atomic_load(&held) == 0)
        (void)sched_yield();
    commit_fault = (struct fault){ 0, EIO, true, false };
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, text("b"), text("")), SCH_STORE_UNKNOWN);
    assert_int_equal(pthread_join(thread, NULL), 0);
    expect_snapshot(store, 2, "one");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_process_per_directory), CASE(an_absent_store_is_not_made_by_looking),
        CASE(a_file_that_is_no_store_is_refused), CASE(another_schema_is_refused),
        CASE(an_older_schema_is_copied_and_migrated),
        CASE(a_put_that_fails_changes_nothing), CASE(a_commit_that_fails_is_unknown),
        CASE(a_disk_that_fails_tears_nothing),
        CASE(readers_outlive_a_reopening),
        CASE(a_reopening_that_fails_is_fatal), CASE(a_backup_can_be_verified),
        CASE(a_snapshot_stays_as_it_was),
        CASE(a_reopening_waits_for_snapshots), 
    };

    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
