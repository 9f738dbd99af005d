/* test_journal.c: verdicts over restarts, crashes at every byte, and compaction. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "id.h"
#include "journal.h"

#define NOW INT64_C(1790000000000)
#define MAILBOX "agb:06290713"

struct fixture {
    char folder[64], path[80];
    struct sch_journal journal;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    strcpy(f->folder, "/tmp/scharnier-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return 1;
    snprintf(f->path, sizeof f->path, "%s/journal", f->folder);
    *state = f;
    return sch_journal_open(&f->journal, f->path, NOW, NULL, NULL) != SCH_OK;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    sch_journal_close(&f->journal);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    int code = system(command);
    free(f);
    return code;
}

static bool is_durable(const struct sch_journal *journal)
{
    return journal->reel.synced == sch_reel_end(&journal->reel);
}

static void reopen(struct fixture *f)
{
    sch_journal_close(&f->journal);
    assert_int_equal(sch_journal_open(&f->journal, f->path, NOW, NULL, NULL), SCH_OK);
}

static struct sch_id id_of(unsigned number)
{
    struct sch_id id = { { 1 } };
    memcpy(id.bytes + 1, &number, sizeof number);
    return id;
}

static void add(struct fixture *f, unsigned number, sch_verdict verdict)
{
    struct sch_journal_entry entry = { .message = id_of(number), .verdict = verdict, .missing = number,
                                       .at_ms = NOW };
    entry.refusal = verdict == SCH_REFUSE ? SCH_SYSTEM_REFUSAL_NOT_OURS : 0;
    strcpy(entry.mailbox.text, MAILBOX);
    assert_int_equal(sch_journal_add(&f->journal, &entry, NULL), SCH_OK);
}

static struct sch_journal_entry *find(struct fixture *f, unsigned number)
{
    struct sch_id id = id_of(number);
    return sch_journal_find(&f->journal, MAILBOX, &id);
}

static void test_keeps_verdicts(void **state)
{
    struct fixture *f = *state;
    add(f, 1, SCH_COLLECT);
    add(f, 2, SCH_REFUSE);
    add(f, 3, SCH_COLLECT);
    assert_false(is_durable(&f->journal));
    assert_int_equal(sch_journal_sync(&f->journal, NULL), SCH_OK);
    assert_true(is_durable(&f->journal));
    assert_int_equal(sch_journal_confirm(&f->journal, find(f, 1), NOW, NULL), SCH_OK);
    assert_int_equal(sch_journal_cancel(&f->journal, find(f, 3), NULL), SCH_OK);
    for (int i = 0; i < 2; i++) {
        assert_true(find(f, 1)->confirmed);
        assert_int_equal(find(f, 2)->verdict, SCH_REFUSE);
        assert_int_equal(find(f, 2)->refusal, SCH_SYSTEM_REFUSAL_NOT_OURS);
        assert_int_equal(find(f, 2)->missing, 2);
        assert_false(find(f, 2)->confirmed);
        assert_null(find(f, 3));
        assert_int_equal(f->journal.unconfirmed, 1);
        struct sch_id id = id_of(1);
        assert_null(sch_journal_find(&f->journal, "agb:06290714", &id));
        struct sch_journal_entry *entry;
        size_t at = sch_journal_next(&f->journal, 0, &entry);
        assert_true(at > 0 && entry == find(f, 2));
        assert_int_equal(sch_journal_next(&f->journal, at, &entry), 0);
        reopen(f);
    }
}

static void test_torn_at_every_byte(void **state)
{
    struct fixture *f = *state;
    static uint8_t whole[4096];
    for (unsigned i = 1; i <= 4; i++)
        add(f, i, SCH_COLLECT);
    sch_journal_close(&f->journal);
    FILE *file = fopen(f->path, "rb");
    assert_non_null(file);
    size_t size = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_true(size > 200 && size < sizeof whole);
    for (size_t at = 0; at < size; at++) {
        file = fopen(f->path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(whole, 1, at, file), at);
        fclose(file);
        uint64_t torn;
        assert_int_equal(sch_journal_open(&f->journal, f->path, NOW, &torn, NULL), SCH_OK);
        bool gone = false;
        for (unsigned i = 1; i <= 4; i++) {
            assert_false(gone && find(f, i));
            gone = !find(f, i);
        }
        add(f, 9, SCH_REFUSE);
        reopen(f);
        assert_non_null(find(f, 9));
        sch_journal_close(&f->journal);
    }
}

static void test_compaction(void **state)
{
    struct fixture *f = *state;
    struct stat before, after;
    for (unsigned i = 1; i <= 20000; i++) {
        add(f, i, SCH_COLLECT);
        if (i > 10)
            assert_int_equal(sch_journal_confirm(&f->journal, find(f, i),
                                                 i % 2 ? NOW - SCH_JOURNAL_KEEP_MS - 1 : NOW, NULL), SCH_OK);
    }
    assert_int_equal(stat(f->path, &before), 0);
    assert_int_equal(sch_journal_compact(&f->journal, NOW, NULL), SCH_OK);
    assert_int_equal(stat(f->path, &after), 0);
    assert_true(after.st_size < before.st_size / 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(f->journal.unconfirmed, 10);
        assert_non_null(find(f, 1));
        assert_false(find(f, 1)->confirmed);
        assert_null(find(f, 11));
        assert_true(find(f, 20000)->confirmed);
        reopen(f);
    }
}

static void test_failed_write_loses_nothing(void **state)
{
    struct fixture *f = *state;
    add(f, 1, SCH_COLLECT);
    assert_int_equal(sch_journal_sync(&f->journal, NULL), SCH_OK);
    add(f, 2, SCH_COLLECT);
    /* The descriptor is read-only for a while: writing fails, and works again. */
    int good = f->journal.reel.fd;
    FILE *readonly = fopen(f->path, "rb");
    assert_non_null(readonly);
    f->journal.reel.fd = fileno(readonly);
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(sch_journal_sync(&f->journal, &error), SCH_E_IO);
    assert_false(is_durable(&f->journal));
    f->journal.reel.fd = good;
    fclose(readonly);
    assert_int_equal(sch_journal_sync(&f->journal, NULL), SCH_OK);
    reopen(f);
    assert_non_null(find(f, 1));
    assert_non_null(find(f, 2));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keeps_verdicts), TEST(test_torn_at_every_byte), TEST(test_compaction),
        TEST(test_failed_write_loses_nothing),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
