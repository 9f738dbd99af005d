/* test_cli_passed.c: lists of what passed, as systems write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/passed.c"

#define ID1 "01932f6e-6c7a-7c3e-9a60-2f1d3b5a7c90"
#define ID2 "01932f6e-6c7a-7c3e-9a60-2f1d3b5a7c91"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static sch_passed *read_list(const char *text, size_t expected, sch_error *error)
{
    size_t count = 0;
    *error = (sch_error)SCH_ERROR_INIT;
    sch_passed *list = sch_passed_read("list", text, &count, error);
    if (list == NULL)
        fail_msg("%s", error->text);
    assert_int_equal(count, expected);
    return list;
}

static void lists_are_read(void **state)
{
    (void)state;
    sch_error error;
    const char *const same[] = {
        ID1 ";sent;" HASH "\n" ID2 ";received;\n",
        "\xef\xbb\xbfmessage;role;hash\r\n" ID1 ";SENT;" HASH "\r\n\r\n" ID2 ";Received\r\n",
        "role,when,message,hash\nsent,today," ID1 "," HASH "\nreceived,,\"" ID2 "\",",
        "{\"message\": \"" ID1 "\", \"role\": \"SENT\", \"hash\": \"" HASH "\"}\n"
        "{\"message\": \"" ID2 "\", \"role\": \"RECEIVED\", \"kind\": \"ACCEPTANCE\"}\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        sch_passed *list = read_list(same[i], 2, &error);
        assert_int_equal(list[0].role, SCH_PASSED_SENT);
        assert_true(list[0].has_hash);
        assert_int_equal(list[0].hash[31], 0xff);
        assert_int_equal(list[1].role, SCH_PASSED_RECEIVED);
        assert_false(list[1].has_hash);
        assert_int_equal(list[1].id.bytes[15], 0x91);
        free(list);
    }
    free(read_list("", 0, &error));
    free(read_list("message;role;hash\n", 0, &error));
}

static void faults_name_their_line(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { ID1 ";sent\nSN-7F3K-29QD;sent\n", "list:2: no message id \"SN-7F3K-29QD\"" },
        { ID1 ";posted\n", "list:1: role is sent or received, not \"posted\"" },
        { ID1 "\n", "list:1: role is sent or received, not" },
        { "\n" ID1 ";sent;abc\n", "list:2: a hash has 64 hex digits, not \"abc\"" },
        { ID1 ";sent;0011\n", "list:1: a hash has 64 hex digits, not \"0011\"" },
        { ID1 ";sent;" HASH "00\n", "list:1: a hash has 64 hex digits, not \"" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sch_error error = SCH_ERROR_INIT;
        size_t count = 0;
        assert_null(sch_passed_read("list", wrong[i][0], &count, &error));
        assert_int_equal(error.code, SCH_E_FIELD_INVALID);
        if (strncmp(error.text, wrong[i][1], strlen(wrong[i][1])) != 0)
            fail_msg("%s", error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(faults_name_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
