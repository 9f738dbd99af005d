/* test_correlation.c: the adapter's table: found again, after a restart, a torn write, damage and ageing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../adapters/hl7v2/correlation.h"

#define NOW INT64_C(1790000000000)
#define DAY INT64_C(86400000)

static char directory[64];
static char path[96];

static int setup(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/sch-correlation-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/correlation.log", directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static struct sch_correlation *open_table(int64_t now_ms, int64_t keep_ms)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_correlation *table = sch_correlation_open(directory, now_ms, keep_ms, &error);

    if (table == NULL)
        fail_msg("%s: %s", error.name, error.text);
    return table;
}

static struct sch_correlation_record dossier_record(unsigned number, const char *order)
{
    struct sch_correlation_record record;
    static const char patient[] = "PID|1||999990019^^^NLMINBIZA^NNNLD";

    memset(&record, 0, sizeof record);
    record.type = SCH_CORRELATION_DOSSIER;
    record.at_ms = NOW;
    record.dossier.bytes[0] = 1;
    record.dossier.bytes[14] = (uint8_t)(number >> 8);
    record.dossier.bytes[15] = (uint8_t)number;
    snprintf(record.kenmerk, sizeof record.kenmerk, "SN-0000-%04u", number % 10000);
    snprintf(record.order, sizeof record.order, "%s", order);
    snprintf(record.sender.text, sizeof record.sender.text, "agb:01054321");
    snprintf(record.receiver.text, sizeof record.receiver.text, "agb:06290713/angst");
    snprintf(record.copies[0].text, sizeof record.copies[0].text, "agb:01054321/poh-ggz");
    record.copy_count = 1;
    record.patient = (struct sch_bytes){(const uint8_t *)patient, sizeof patient - 1};
    return record;
}

static struct sch_correlation_record key_record(enum sch_correlation_type type, const char *key,
                                                uint8_t digest)
{
    struct sch_correlation_record record;

    memset(&record, 0, sizeof record);
    record.type = type;
    record.at_ms = NOW;
    snprintf(record.key, sizeof record.key, "%s", key);
    memset(record.digest, digest, sizeof record.digest);
    return record;
}

static void append(struct sch_correlation *table, struct sch_correlation_record record)
{
    assert_int_equal(sch_correlation_append(table, &record, NULL), SCH_OK);
}

static void found_by_every_name(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found;

    (void)state;
    append(table, dossier_record(7, "ORD-7"));
    append(table, dossier_record(8, "ORD-8"));
    for (int round = 0; round < 2; round++) {
        assert_true(sch_correlation_by_kenmerk(table, "SN-0000-0007", &found));
        assert_int_equal(found.dossier.bytes[15], 7);
        assert_int_equal(sch_correlation_by_order(table, "ORD-8", &found), 1);
        assert_int_equal(found.dossier.bytes[15], 8);
        assert_string_equal(found.receiver.text, "agb:06290713/angst");
        assert_string_equal(found.copies[0].text, "agb:01054321/poh-ggz");
        assert_int_equal(found.copy_count, 1);
        assert_memory_equal(found.patient.ptr, "PID|1||999990019", 16);
        struct sch_id dossier = found.dossier;
        assert_true(sch_correlation_by_dossier(table, &dossier, &found));
        assert_false(sch_correlation_by_kenmerk(table, "SN-0000-0009", &found));
        assert_int_equal(sch_correlation_by_order(table, "", &found), 0);
        assert_int_equal(sch_correlation_count(table), 2);
        sch_correlation_close(table);
        table = open_table(NOW, 0);
    }
    sch_correlation_close(table);
}

static void an_order_number_used_twice(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found;

    (void)state;
    append(table, dossier_record(1, "SAME"));
    append(table, dossier_record(1, "SAME"));
    assert_int_equal(sch_correlation_by_order(table, "SAME", &found), 1);
    append(table, dossier_record(2, "SAME"));
    assert_int_equal(sch_correlation_by_order(table, "SAME", &found), 2);
    sch_correlation_close(table);
}

static void newest_record_of_a_key(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found;

    (void)state;
    assert_false(sch_correlation_by_key(table, "k", &found));
    append(table, key_record(SCH_CORRELATION_RECEIVED, "k", 1));
    append(table, key_record(SCH_CORRELATION_SENT, "k", 1));
    assert_true(sch_correlation_by_key(table, "k", &found));
    assert_int_equal(found.type, SCH_CORRELATION_SENT);
    append(table, key_record(SCH_CORRELATION_DROPPED, "k", 0));
    assert_true(sch_correlation_by_key(table, "k", &found));
    assert_int_equal(found.type, SCH_CORRELATION_DROPPED);
    sch_correlation_close(table);
}

static void many_records(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found;
    char order[16];

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(order, sizeof order, "ORD-%u", i);
        append(table, dossier_record(i, order));
    }
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(order, sizeof order, "ORD-%u", i);
        assert_int_equal(sch_correlation_by_order(table, order, &found), 1);
        assert_int_equal(found.dossier.bytes[15] | found.dossier.bytes[14] << 8, i);
    }
    sch_correlation_close(table);
}

static off_t log_size(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* A crash may cut the last record anywhere: the ones before it stay, and writing goes on. */
static void torn_at_every_byte(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    append(table, dossier_record(1, "ORD-1"));
    off_t first = log_size();
    append(table, dossier_record(2, "ORD-2"));
    off_t whole = log_size();
    sch_correlation_close(table);
    for (off_t size = whole - 1; size >= first; size--) {
        assert_int_equal(truncate(path, size), 0);
        table = sch_correlation_open(directory, NOW, 0, &error);
        assert_non_null(table);
        assert_int_equal(sch_correlation_by_order(table, "ORD-1", &found), 1);
        assert_int_equal(sch_correlation_by_order(table, "ORD-2", &found), 0);
        append(table, dossier_record(2, "ORD-2"));
        sch_correlation_close(table);
        table = open_table(NOW, 0);
        assert_int_equal(sch_correlation_by_order(table, "ORD-2", &found), 1);
        sch_correlation_close(table);
    }
    /* A file that grew without its content: zeros. */
    assert_int_equal(truncate(path, whole + 5000), 0);
    table = open_table(NOW, 0);
    assert_int_equal(sch_correlation_count(table), 2);
    sch_correlation_close(table);
}

static void flip(off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damage_is_not_passed_over(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    append(table, dossier_record(1, "ORD-1"));
    append(table, dossier_record(2, "ORD-2"));
    sch_correlation_close(table);
    flip(24 + 60);
    assert_null(sch_correlation_open(directory, NOW, 0, &error));
    assert_int_equal(error.code, SCH_E_STORE_DAMAGED);
    flip(24 + 60);
    flip(3);
    assert_null(sch_correlation_open(directory, NOW, 0, &error));
    assert_int_equal(error.code, SCH_E_STORE_DAMAGED);
}

static void one_process_each(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    assert_null(sch_correlation_open(directory, NOW, 0, &error));
    assert_int_equal(error.code, SCH_E_BUSY);
    sch_correlation_close(table);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void old_records_are_left_out(void **state)
{
    struct sch_correlation *table = open_table(NOW, 0);
    struct sch_correlation_record found, record = dossier_record(1, "OLD");

    (void)state;
    record.at_ms = NOW - 31 * DAY;
    append(table, record);
    append(table, dossier_record(2, "YOUNG"));
    sch_correlation_close(table);
    table = open_table(NOW, 30 * DAY);
    assert_int_equal(sch_correlation_count(table), 1);
    assert_int_equal(sch_correlation_by_order(table, "OLD", &found), 0);
    assert_int_equal(sch_correlation_by_order(table, "YOUNG", &found), 1);
    append(table, dossier_record(3, "NEXT"));
    sch_correlation_close(table);
    table = open_table(NOW, 30 * DAY);
    assert_int_equal(sch_correlation_by_order(table, "NEXT", &found), 1);
    sch_correlation_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_by_every_name, setup, teardown),
        cmocka_unit_test_setup_teardown(an_order_number_used_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_record_of_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(many_records, setup, teardown),
        cmocka_unit_test_setup_teardown(torn_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_not_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(one_process_each, setup, teardown),
        cmocka_unit_test_setup_teardown(old_records_are_left_out, setup, teardown),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
