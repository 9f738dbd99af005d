/* test_print.c: the printed tables name every event, every phase and every promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/expectation.h"
#include "names.h"
#include "shell/print.h"

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_states_name_every_event(void **state)
{
    (void)state;
    char *text = printed(sch_print_states);
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        char event[64];
        (void)snprintf(event, sizeof event, "SUBMIT %s ", sch_code_name(SCH_SET_KIND, kind));
        assert_non_null(strstr(text, event));
    }
    for (int phase = 0; phase < SCH_PHASE_COUNT; phase++) {
        assert_non_null(strstr(text, sch_code_name(SCH_SET_PHASE, phase)));
    }
    assert_non_null(strstr(text, "SUBMIT DELIVERY_REPORT       reject NOT_ALLOWED      *\n"));
    assert_non_null(strstr(text, "SUBMIT WITHDRAWAL            WITHDRAWN               SENT ACCEPTED"));
    assert_non_null(strstr(text, "\nFOLLOW "));
    free(text);
}

static void test_states_are_aligned(void **state)
{
    (void)state;
    char *text = printed(sch_print_states);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) > 53);
        assert_int_equal(line[28], ' ');
        assert_int_equal(line[52], ' ');
        assert_int_not_equal(line[29], ' ');
        assert_int_not_equal(line[53], ' ');
    }
    free(text);
}

static void test_expectations_name_every_rule(void **state)
{
    (void)state;
    char *text = printed(sch_print_expectations);
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        char head[8];
        (void)snprintf(head, sizeof head, "E%-3u ", number);
        assert_non_null(strstr(text, head));
        assert_non_null(strstr(text, rule->opens));
        assert_non_null(strstr(text, rule->closes));
    }
    free(text);
}

/* The files are what reviewers read; after a change of a table print them anew and look at the difference. */
static void compare(void (*print)(FILE *), const char *path)
{
    char *text = printed(print);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s cannot be read; run from the top of the repository", path);
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        assert_int_equal(fgetc(file), (unsigned char)text[i]);
    }
    assert_int_equal(fgetc(file), EOF);
    (void)fclose(file);
    free(text);
}

static void test_tables_are_those_that_were_reviewed(void **state)
{
    (void)state;
    compare(sch_print_states, "tests/golden/print_states.txt");
    compare(sch_print_expectations, "tests/golden/print_expectations.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_name_every_event),
        cmocka_unit_test(test_states_are_aligned),
        cmocka_unit_test(test_expectations_name_every_rule),
        cmocka_unit_test(test_tables_are_those_that_were_reviewed),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
