/* test_id.c: ids, addresses, BSN check, kenmerken. */
#include "id.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_ids(void **state)
{
    (void)state;
    struct sch_id a = sch_id_new(INT64_C(1763790480123));
    struct sch_id b = sch_id_new(INT64_C(1763790480123));
    assert_false(sch_id_equal(&a, &b));
    assert_int_equal(sch_id_time_ms(&a), INT64_C(1763790480123));
    assert_int_equal(a.bytes[6] >> 4, 7);
    assert_int_equal(a.bytes[8] >> 6, 2);
    struct sch_id zero = sch_id_new(0);
    assert_int_equal(sch_id_time_ms(&zero), 0);
    assert_false(sch_id_is_none(&zero));
    struct sch_id last = sch_id_new((INT64_C(1) << 48) - 1);
    assert_int_equal(sch_id_time_ms(&last), (INT64_C(1) << 48) - 1);
    a.bytes[6] = 0x40;
    assert_int_equal(sch_id_time_ms(&a), -1);
    b.bytes[8] = 0xc0;
    assert_int_equal(sch_id_time_ms(&b), -1);
    struct sch_id none;
    memset(&none, 0, sizeof none);
    assert_true(sch_id_is_none(&none));
    assert_int_equal(sch_id_time_ms(&none), -1);
}

static void test_id_text(void **state)
{
    (void)state;
    const char *text = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    struct sch_id id, upper;
    char out[SCH_ID_TEXT_SIZE];
    assert_true(sch_id_parse(text, &id));
    assert_int_equal(id.bytes[0], 0x01);
    assert_int_equal(id.bytes[15], 0x5b);
    sch_id_text(&id, out);
    assert_string_equal(out, text);
    assert_true(sch_id_parse("0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B", &upper));
    assert_true(sch_id_equal(&id, &upper));
    for (size_t size = 0; size < strlen(text); size++) {
        char cut[SCH_ID_TEXT_SIZE] = "";
        memcpy(cut, text, size);
        assert_false(sch_id_parse(cut, &id));
        memcpy(cut, text, strlen(text));
        cut[size] = 'g';
        assert_false(sch_id_parse(cut, &id));
    }
    assert_false(sch_id_parse("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b0", &id));
    assert_false(sch_id_parse("0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", &id));
    assert_true(sch_id_equal(&id, &upper));
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {
        "agb:06290713", "agb:06290713/poh-ggz", "gemeente:0344/wijkteam-zuid", "kvk:12345678",
        "kvk:12345678/team-1", "regio:utrecht/coordinator", "regio:noord-holland-noord/mgn",
        "agb:06290713/12345678901234567890123456789012345678901234567890",
        "regio:1234567890123456789012345678901/c",
    };
    static const char *const bad[] = {
        "", "agb:", "agb:0629071", "agb:062907133", "agb:06290713/", "agb:06290713/POH", "agb:06290713/a/b",
        "agb:06290713 ", " agb:06290713", "AGB:06290713", "agb:0629071x", "gemeente:0344", "gemeente:0344/",
        "gemeente:344/team", "kvk:1234567", "regio:utrecht", "regio:/coordinator", "regio:utrecht/",
        "ura:12345678", "agb:06290713/poh_ggz", "agb:06290713/po\xc3\xab", "agb:06290713?poh",
        "agb:06290713/123456789012345678901234567890123456789012345678901",
        "regio:12345678901234567890123456789012/c", "gemeente:0344:team",
    };
    struct sch_address address;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sch_address_valid(good[i]));
        memset(&address, 'x', sizeof address);
        assert_true(sch_address_set(&address, good[i]));
        assert_string_equal(address.text, good[i]);
        for (size_t j = strlen(good[i]); j < sizeof address.text; j++) {
            assert_int_equal(address.text[j], 0);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sch_address_valid(bad[i]));
        assert_false(sch_address_set(&address, bad[i]));
        assert_string_equal(address.text, "");
    }
}

static void test_organisation(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "agb:06290713/poh-ggz", "agb:06290713" },
        { "agb:06290713", "agb:06290713" },
        { "kvk:12345678/team", "kvk:12345678" },
        { "gemeente:0344/team", "gemeente:0344/team" },
        { "regio:utrecht/mgn", "regio:utrecht/mgn" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct sch_address address, organisation, expected;
        assert_true(sch_address_set(&address, pairs[i][0]));
        assert_true(sch_address_set(&expected, pairs[i][1]));
        sch_address_organisation(&address, &organisation);
        assert_memory_equal(&organisation, &expected, sizeof expected);
    }
}

static void test_kenmerk(void **state)
{
    (void)state;
    char text[SCH_KENMERK_SIZE + 1], previous[SCH_KENMERK_SIZE + 1] = "";
    uint64_t number = 1;
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t n = i < 10000 ? i : SCH_KENMERK_LIMIT - 1 - (i - 10000) * 7919;
        sch_kenmerk_text(n, text);
        assert_int_equal(strlen(text), SCH_KENMERK_SIZE);
        assert_null(strpbrk(text + 3, "ILOU"));
        assert_true(sch_kenmerk_parse(text, &number));
        assert_int_equal(number, n);
        int same = 0;
        for (int j = 3; j < SCH_KENMERK_SIZE; j++) {
            same += text[j] != '-' && text[j] == previous[j];
        }
        assert_true(same <= 5);
        memcpy(previous, text, sizeof text);
    }
    sch_kenmerk_text(4711, text);
    char typed[32];
    snprintf(typed, sizeof typed, "%.4s%.4s", text + 3, text + 8);
    assert_true(sch_kenmerk_parse(typed, &number));
    assert_int_equal(number, 4711);
    snprintf(typed, sizeof typed, "sn%.4s%.4s", text + 3, text + 8);
    assert_true(sch_kenmerk_parse(typed, &number));
    static const char *const bad[] = { "", "SN-", "SN-0000-000", "SN-0000-00000", "XX-0000-0000",
                                       "SN-0000-000U", "SN 0000 0000", "SN-0000-0000-0000" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sch_kenmerk_parse(bad[i], &number));
    }
}

/* O, I and L are read as 0 and 1: swap them into any kenmerk that has those digits. */
static void test_kenmerk_confusable(void **state)
{
    (void)state;
    unsigned swapped = 0;
    for (uint64_t n = 0; n < 2000; n++) {
        char text[SCH_KENMERK_SIZE + 1];
        uint64_t number;
        sch_kenmerk_text(n, text);
        for (int j = 3; j < SCH_KENMERK_SIZE; j++) {
            if (text[j] == '0' || text[j] == '1') {
                text[j] = text[j] == '0' ? 'o' : n % 2 == 0 ? 'I' : 'l';
                swapped++;
            }
        }
        assert_true(sch_kenmerk_parse(text, &number));
        assert_int_equal(number, n);
    }
    assert_true(swapped > 100);
}

/* Every single wrong sign is found, and nearly all neighbours that changed places. */
static void test_kenmerk_check(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned transposed = 0, missed = 0;
    for (uint64_t n = 0; n < 500; n++) {
        char text[SCH_KENMERK_SIZE + 1], wrong[SCH_KENMERK_SIZE + 1];
        uint64_t number;
        sch_kenmerk_text(n * 68719471 % SCH_KENMERK_LIMIT, text);
        for (int j = 3; j < SCH_KENMERK_SIZE; j++) {
            if (text[j] == '-') {
                continue;
            }
            for (const char *c = alphabet; *c != '\0'; c++) {
                memcpy(wrong, text, sizeof text);
                wrong[j] = *c;
                assert_true(sch_kenmerk_parse(wrong, &number) == (*c == text[j]));
            }
            int next = text[j + 1] == '-' ? j + 2 : j + 1;
            if (next < SCH_KENMERK_SIZE && text[j] != text[next]) {
                memcpy(wrong, text, sizeof text);
                wrong[j] = text[next];
                wrong[next] = text[j];
                transposed++;
                missed += sch_kenmerk_parse(wrong, &number);
            }
        }
    }
    assert_true(transposed > 3000);
    assert_true(missed * 50 < transposed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),          cmocka_unit_test(test_id_text),
        cmocka_unit_test(test_addresses),    cmocka_unit_test(test_organisation),
        cmocka_unit_test(test_kenmerk),      cmocka_unit_test(test_kenmerk_confusable),
        cmocka_unit_test(test_kenmerk_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
