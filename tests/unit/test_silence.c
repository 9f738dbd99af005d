/* test_silence.c: the words for what is lacking, and how late it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/silence.h"

static struct sch_dossier dossier;
static struct sch_instance instance;

static void begin(enum sch_phase phase, unsigned expectation)
{
    memset(&dossier, 0, sizeof dossier);
    memset(&instance, 0, sizeof instance);
    dossier.phase = phase;
    dossier.received = true;
    instance.expectation = (uint8_t)expectation;
    instance.standing = SCH_STANDING_OPEN;
}

static void test_each_silence(void **state)
{
    (void)state;
    static const struct {
        enum sch_phase phase;
        unsigned expectation;
        enum sch_silence silence;
    } row[] = {
        { SCH_PHASE_SENT, 1, SCH_SILENCE_NOT_COLLECTED }, { SCH_PHASE_SENT, 2, SCH_SILENCE_NOT_DECIDED },
        { SCH_PHASE_SENT, 3, SCH_SILENCE_NOT_DECIDED }, { SCH_PHASE_SENT, 4, SCH_SILENCE_NOT_DECIDED },
        { SCH_PHASE_SENT, 7, SCH_SILENCE_NOT_DECIDED }, { SCH_PHASE_ACCEPTED, 4, SCH_SILENCE_NO_APPOINTMENT },
        { SCH_PHASE_ACCEPTED, 7, SCH_SILENCE_NO_APPOINTMENT },
        { SCH_PHASE_INTAKE_PLANNED, 5, SCH_SILENCE_NO_APPOINTMENT },
        { SCH_PHASE_INTAKE_PRESUMED, 6, SCH_SILENCE_NO_INTAKE_REPORT },
        { SCH_PHASE_INTAKE_DONE, 7, SCH_SILENCE_NOT_STARTED },
        { SCH_PHASE_IN_TREATMENT, 8, SCH_SILENCE_NO_PROGRESS_LETTER },
        { SCH_PHASE_ENDED, 9, SCH_SILENCE_NO_DISCHARGE_LETTER },
        { SCH_PHASE_REFUSED, 10, SCH_SILENCE_NOT_TAKEN_UP },
        { SCH_PHASE_SENT, 11, SCH_SILENCE_NO_INFORMATION },
        { SCH_PHASE_ACCEPTED, 12, SCH_SILENCE_NO_TEAM_RESULT }, { SCH_PHASE_SENT, 13, SCH_SILENCE_NO_ADVICE },
        { SCH_PHASE_SENT, 14, SCH_SILENCE_NO_CONSULT_REPLY },
        { SCH_PHASE_IN_TREATMENT, 15, SCH_SILENCE_NO_CARE_REPORT },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(row[i].phase, row[i].expectation);
        assert_int_equal(sch_silence_of(&dossier, &instance), row[i].silence);
    }
}

static void test_what_comes_first(void **state)
{
    (void)state;
    begin(SCH_PHASE_SENT, 2);
    dossier.received = false;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NOT_COLLECTED);
    instance.expectation = 7;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NOT_COLLECTED);
    begin(SCH_PHASE_IN_TREATMENT, 6);
    instance.standing = SCH_STANDING_INCOMPLETE;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_INCOMPLETE);
    instance.standing = SCH_STANDING_CLOSED;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NONE);
}

static void test_refused_twice_is_of_the_chain(void **state)
{
    (void)state;
    begin(SCH_PHASE_REFUSED, 10);
    dossier.refusals = 2;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NOWHERE_PLACED);
    begin(SCH_PHASE_SENT, 2);
    dossier.refusals = 2;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NOWHERE_PLACED);
    dossier.refusals = 1;
    assert_int_equal(sch_silence_of(&dossier, &instance), SCH_SILENCE_NOT_DECIDED);
}

static void test_of_a_dossier_what_is_due_first(void **state)
{
    (void)state;
    begin(SCH_PHASE_ENDED, 9);
    assert_int_equal(sch_silence_of_dossier(&dossier), SCH_SILENCE_NONE);
    dossier.instance[0] = instance;
    dossier.instance[0].due_ms = 20;
    dossier.instance[1] = instance;
    dossier.instance[1].expectation = 6;
    dossier.instance[1].due_ms = 10;
    dossier.instance_count = 2;
    assert_int_equal(sch_silence_of_dossier(&dossier), SCH_SILENCE_NO_INTAKE_REPORT);
    /* Of two that are due together the one that was owed first. */
    dossier.instance[1].due_ms = 20;
    assert_int_equal(sch_silence_of_dossier(&dossier), SCH_SILENCE_NO_DISCHARGE_LETTER);
    dossier.instance[1].standing = SCH_STANDING_WAIVED;
    assert_int_equal(sch_silence_of_dossier(&dossier), SCH_SILENCE_NO_DISCHARGE_LETTER);
}

static void test_term(void **state)
{
    (void)state;
    begin(SCH_PHASE_SENT, 2);
    instance.from_ms = 1000;
    instance.due_ms = 1100;
    assert_int_equal(sch_silence_term(&instance, 1000), SCH_TERM_WITHIN);
    assert_int_equal(sch_silence_term(&instance, 1074), SCH_TERM_WITHIN);
    assert_int_equal(sch_silence_term(&instance, 1075), SCH_TERM_NEAR);
    assert_int_equal(sch_silence_term(&instance, 1099), SCH_TERM_NEAR);
    assert_int_equal(sch_silence_term(&instance, 1100), SCH_TERM_OVER);
    assert_int_equal(sch_silence_term(&instance, 1199), SCH_TERM_OVER);
    assert_int_equal(sch_silence_term(&instance, 1200), SCH_TERM_FAR_OVER);
    /* An appointment that lies ahead has a term that has not begun. */
    assert_int_equal(sch_silence_term(&instance, 500), SCH_TERM_WITHIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_silence),
        cmocka_unit_test(test_what_comes_first),
        cmocka_unit_test(test_refused_twice_is_of_the_chain),
        cmocka_unit_test(test_of_a_dossier_what_is_due_first),
        cmocka_unit_test(test_term),
    };
    return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}
