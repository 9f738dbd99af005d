/*
 * test_step_as_if.c: after a CORRECTION a dossier owes what it would owe, had the message never been sent.
 *
 * Every order of two messages of the receiver, a day apart, of which one or both were errors and are taken back in
 * either order; and every order of three of which one was. Held against a life in which the errors were never sent: what
 * a message said that stands counts, also when more was proven as it came than it said. (Questions are not among them: one
 * that is open does not stop the term that a CORRECTION gives back.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "step_fixture.h"

#define LENGTH_MAX 3

static const struct saying {
    const char *name;
    enum sch_kind kind;
    enum sch_outcome outcome;
    enum sch_mode mode;
    bool lacking;                       /* a letter without the sections that it needs */
} sayings[] = {
    { .name = "ACCEPTANCE", .kind = SCH_KIND_ACCEPTANCE },
    { .name = "APPOINTMENT", .kind = SCH_KIND_APPOINTMENT },
    { .name = "NO_SHOW", .kind = SCH_KIND_NO_SHOW },
    { .name = "REFUSAL", .kind = SCH_KIND_REFUSAL },
    { .name = "INTAKE_REPORT", .kind = SCH_KIND_INTAKE_REPORT, .outcome = SCH_OUTCOME_TREATMENT },
    { .name = "INTAKE_REPORT(no treatment)", .kind = SCH_KIND_INTAKE_REPORT, .outcome = SCH_OUTCOME_NO_TREATMENT },
    { .name = "TREATMENT_START", .kind = SCH_KIND_TREATMENT_START },
    { .name = "PROGRESS_LETTER", .kind = SCH_KIND_PROGRESS_LETTER },
    { .name = "TREATMENT_END", .kind = SCH_KIND_TREATMENT_END },
    { .name = "DISCHARGE_LETTER", .kind = SCH_KIND_DISCHARGE_LETTER },
    { .name = "BACK_REFERRAL", .kind = SCH_KIND_BACK_REFERRAL },
    /* These only in pairs. */
    { .name = "INTAKE_REPORT(lacking)", .kind = SCH_KIND_INTAKE_REPORT, .outcome = SCH_OUTCOME_TREATMENT, .lacking = true },
    { .name = "INTAKE_REPORT(no treatment, lacking)", .kind = SCH_KIND_INTAKE_REPORT, .outcome = SCH_OUTCOME_NO_TREATMENT, .lacking = true },
    { .name = "PROGRESS_LETTER(lacking)", .kind = SCH_KIND_PROGRESS_LETTER, .lacking = true },
    { .name = "DISCHARGE_LETTER(lacking)", .kind = SCH_KIND_DISCHARGE_LETTER, .lacking = true },
    { .name = "BACK_REFERRAL(lacking)", .kind = SCH_KIND_BACK_REFERRAL, .lacking = true },
    { .name = "REDIRECTION(advised)", .kind = SCH_KIND_REDIRECTION, .mode = SCH_MODE_ADVISED },
    { .name = "WAIT_STATUS", .kind = SCH_KIND_WAIT_STATUS },
};
#define SAYINGS (sizeof sayings / sizeof sayings[0])
#define SAYINGS_OF_THREE 11

/* What is compared. */
struct outcome {
    enum sch_phase phase;
    unsigned owed;                      /* a bit per expectation */
    unsigned refusals;
};

/* Messages in their order; those whose bit is set in `errors` are taken back at last. */
struct story {
    const struct saying *said[LENGTH_MAX];
    size_t count;
    unsigned errors;
    bool backwards;
};

static struct step_fixture f;

static bool is_error(const struct story *story, size_t i)
{
    return (story->errors >> i & 1) != 0;
}

static int say(const struct saying *saying)
{
    struct sch_header *header = step_fixture_message(&f, saying->kind);
    if (saying->outcome != 0) {
        header->fact[SCH_FACT_OUTCOME] = (int64_t)saying->outcome;
    }
    if (saying->mode != 0) {
        header->fact[SCH_FACT_REDIRECTION_MODE] = (int64_t)saying->mode;
    }
    if (saying->lacking) {
        header->sections = 0;
    }
    return step_fixture_send(&f);
}

/* Whether an intake was presumed says nothing about what is owed; nor in which way a patient was sent back. */
static struct outcome outcome_now(void)
{
    struct outcome outcome = { .phase = f.dossier.phase, .refusals = f.dossier.refusals };
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        outcome.owed |= step_fixture_owed(&f, number) != NULL ? 1u << number : 0;
    }
    if (outcome.phase == SCH_PHASE_INTAKE_PRESUMED) {
        outcome.phase = SCH_PHASE_INTAKE_PLANNED;
    } else if (outcome.phase == SCH_PHASE_BACK_REFERRED || outcome.phase == SCH_PHASE_REDIRECTED) {
        outcome.phase = SCH_PHASE_REFUSED;
    }
    return outcome;
}

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
}

/* The codes of what was said are given or, where something was, compared. False when the broker took not the same. */
static bool live_without(const struct story *story, const int code[LENGTH_MAX], struct outcome *outcome)
{
    begin();
    for (size_t i = 0; i < story->count; i++) {
        step_fixture_live(&f, 1);
        if (!is_error(story, i) && say(story->said[i]) != code[i]) {
            return false;
        }
    }
    step_fixture_live(&f, 2);
    *outcome = outcome_now();
    return true;
}

/* False when the broker did not take an error, or its CORRECTION. */
static bool live_with(const struct story *story, int code[LENGTH_MAX], struct outcome *outcome)
{
    struct sch_id id[LENGTH_MAX];
    begin();
    for (size_t i = 0; i < story->count; i++) {
        step_fixture_live(&f, 1);
        code[i] = say(story->said[i]);
        id[i] = f.last;
        if (is_error(story, i) && code[i] != SCH_OK) {
            return false;
        }
    }
    for (size_t n = 0; n < story->count; n++) {
        size_t i = story->backwards ? story->count - 1 - n : n;
        if (is_error(story, i)) {
            (void)step_fixture_correction(&f, id[i], story->said[i]->kind, S);
            if (step_fixture_send(&f) != SCH_OK) {
                return false;
            }
        }
    }
    step_fixture_live(&f, 2);
    *outcome = outcome_now();
    return true;
}

/*
 * Two differences that stand. An appointment that was told while more was (wrongly) proven had no date that anyone
 * kept: when the patient was sent back after it, nobody knows whether he had come. And who was sent back while a
 * letter was still owed stays sent back, also when that letter was owed in error.
 */
static bool may_differ(const struct story *story, const struct outcome *with, const struct outcome *without)
{
    const unsigned e6 = 1u << 6, e10 = 1u << 10;
    bool back = story->said[story->count - 1]->kind == SCH_KIND_BACK_REFERRAL && with->phase == SCH_PHASE_REFUSED;
    return back && (with->owed | e6 | e10) == (without->owed | e6 | e10) &&
           (without->phase == SCH_PHASE_REFUSED || without->phase == SCH_PHASE_CLOSED) &&
           (with->owed & e10) != 0;
}

static void print(const struct story *story, const struct outcome *with, const struct outcome *without)
{
    for (size_t i = 0; i < story->count; i++) {
        (void)fprintf(stderr, "%s%s ", is_error(story, i) ? "-" : "", story->said[i]->name);
    }
    (void)fprintf(stderr, "%s: phase %d owed %#x refusals %u; never sent: %d %#x %u\n",
                  story->backwards ? "(last first)" : "", (int)with->phase, with->owed, with->refusals,
                  (int)without->phase, without->owed, without->refusals);
}

static bool is_as_if(const struct story *story)
{
    struct outcome with, without;
    int code[LENGTH_MAX];
    if (!live_with(story, code, &with) || !live_without(story, code, &without)) {
        return true;
    }
    if ((with.phase == without.phase && with.owed == without.owed && with.refusals == without.refusals) ||
        may_differ(story, &with, &without)) {
        return true;
    }
    print(story, &with, &without);
    return false;
}

static size_t errors_in(unsigned set)
{
    size_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

/* Every story of so many messages out of so many sayings, of which at most `most` were errors; returns how many did
 * not come out. */
static size_t try_all(size_t count, size_t most, size_t choice)
{
    size_t orders = 1, wrong = 0;
    for (size_t i = 0; i < count; i++) {
        orders *= choice;
    }
    for (size_t order = 0; order < orders; order++) {
        struct story story = { .count = count };
        for (size_t i = 0, rest = order; i < count; i++, rest /= choice) {
            story.said[i] = &sayings[rest % choice];
        }
        for (story.errors = 1; story.errors < 1u << count; story.errors++) {
            size_t errors = errors_in(story.errors);
            for (int way = 0; errors <= most && way < (errors > 1 ? 2 : 1); way++) {
                story.backwards = way == 1;
                wrong += !is_as_if(&story);
            }
        }
    }
    return wrong;
}

static void test_two_messages(void **state)
{
    (void)state;
    assert_int_equal(try_all(1, 1, SAYINGS), 0);
    assert_int_equal(try_all(2, 2, SAYINGS), 0);
}

static void test_three_messages(void **state)
{
    (void)state;
    assert_int_equal(try_all(3, 1, SAYINGS_OF_THREE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_messages),
        cmocka_unit_test(test_three_messages),
    };
    return cmocka_run_group_tests_name("step_as_if", tests, NULL, NULL);
}
