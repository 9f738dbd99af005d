/*
 * test_record_key.c: the keys of the store: they sort as what they are made of, and come back from their bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shell/record.h"

static struct sch_id id_of(unsigned n)
{
    struct sch_id id = { { 0 } };

    for (size_t i = 0; i < SCH_ID_SIZE; i++)
        id.bytes[i] = (uint8_t)(n + i);
    return id;
}

static struct sch_address address_of(const char *text)
{
    struct sch_address address;

    memset(&address, 0, sizeof(address));
    memcpy(address.text, text, strlen(text));
    return address;
}

static void keys_come_back_and_sort(void **state)
{
    struct sch_address mailbox = address_of("agb:06290713/poh-ggz");
    struct sch_address organisation = address_of("agb:06290713");
    struct sch_id id = id_of(1), id_again;
    struct sch_record_key key = sch_record_key_mailbox(&mailbox, 300), other;
    struct sch_address again;
    uint64_t number;
    int64_t due_ms;

    (void)state;
    assert_int_equal(sch_record_read_mailbox(sch_record_key_bytes(&key), &again, &number), SCH_OK);
    assert_memory_equal(&again, &mailbox, sizeof(again));
    assert_int_equal(number, 300);
    other = sch_record_key_mailbox(&organisation, UINT64_MAX);
    assert_true(memcmp(other.bytes, key.bytes, other.size) < 0);    /* the NUL keeps owners apart */
    other = sch_record_key_mailbox(&mailbox, 65536);
    assert_true(memcmp(key.bytes, other.bytes, key.size) < 0);
    key = sch_record_key_due(INT64_MAX, &id);
    assert_int_equal(sch_record_read_due(sch_record_key_bytes(&key), &due_ms, &id_again), SCH_OK);
    assert_true(due_ms == INT64_MAX);
    assert_memory_equal(&id, &id_again, sizeof(id));
    key.bytes[0] = 0x80;
    assert_int_equal(sch_record_read_due(sch_record_key_bytes(&key), NULL, NULL), SCH_E_STORE_DAMAGED);
    key = sch_record_key_open("utrecht", 12, &id);
    assert_int_equal(sch_record_read_open(sch_record_key_bytes(&key), &due_ms, NULL), SCH_OK);
    assert_int_equal(due_ms, 12);
    key = sch_record_key_party(&organisation, &id);
    assert_int_equal(sch_record_read_party(sch_record_key_bytes(&key), &id_again), SCH_OK);
    key = sch_record_key_trail(&id, 9);
    assert_int_equal(sch_record_read_trail(sch_record_key_bytes(&key), &id_again, &number), SCH_OK);
    assert_int_equal(number, 9);
    key = sch_record_key_chain(&id, &id_again);
    assert_int_equal(sch_record_read_chain(sch_record_key_bytes(&key), &id_again, NULL), SCH_OK);
    assert_memory_equal(&id, &id_again, sizeof(id));
    key = sch_record_key_passed(&mailbox, 300, 9);
    assert_int_equal(sch_record_read_passed(sch_record_key_bytes(&key), &again, &due_ms, &number), SCH_OK);
    assert_memory_equal(&again, &mailbox, sizeof(again));
    assert_int_equal(due_ms, 300);
    assert_int_equal(number, 9);
    other = sch_record_key_passed(&mailbox, 301, 1);
    assert_true(memcmp(key.bytes, other.bytes, key.size) < 0);
    key = sch_record_key_audit(10);
    assert_int_equal(sch_record_read_audit(sch_record_key_bytes(&key), &number), SCH_OK);
    assert_int_equal(number, 10);
}

static void damaged_keys_are_refused(void **state)
{
    static const uint8_t bytes[160] = "agb:06290713";
    struct sch_address mailbox;

    (void)state;
    for (size_t size = 0; size < sizeof(bytes); size++) {
        struct sch_bytes key = { bytes, size };
        bool whole = size == 13 + 8;

        assert_int_equal(sch_record_read_mailbox(key, &mailbox, NULL), whole ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_party(key, NULL), size == 13 + 16 ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_open(key, NULL, NULL),
                         size == 13 + 24 ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_audit(key, NULL), size == 8 ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_trail(key, NULL, NULL), size == 24 ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_chain(key, NULL, NULL), size == 32 ? SCH_OK : SCH_E_STORE_DAMAGED);
        assert_int_equal(sch_record_read_passed(key, NULL, NULL, NULL),
                         size == 13 + 16 ? SCH_OK : SCH_E_STORE_DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_back_and_sort), cmocka_unit_test(damaged_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
