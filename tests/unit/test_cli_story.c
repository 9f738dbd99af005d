/* test_cli_story.c: a trace told as a story, and the words for silences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/moment.c"
#include "../../adapters/cli/story.c"
#include "../../adapters/cli/words.c"

static struct sch_trace_row rows[32];
static size_t count;

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(sch_time_parse(text, &ms));
    return ms;
}

static struct sch_trace_row *add(const char *when, enum sch_trace_event event, const char *party,
                                 uint8_t message)
{
    struct sch_trace_row *row = &rows[count++];
    *row = (struct sch_trace_row){ .at_ms = at(when), .event = event, .sequence = count };
    row->message.bytes[0] = message;
    snprintf(row->party.text, sizeof row->party.text, "%s", party);
    return row;
}

static void promise(struct sch_trace_row *row, unsigned expectation, const char *due,
                    enum sch_standing standing)
{
    row->expectation = expectation;
    row->due_ms = at(due);
    row->standing = standing;
}

/* The story of UX: sent, collected, no report, reminded. */
static void set_example(void)
{
    count = 0;
    add("2026-03-12T09:14", SCH_TRACE_STORED, "agb:01", 1)->kind = SCH_KIND_REFERRAL;
    add("2026-03-12T09:14", SCH_TRACE_OFFERED, "agb:06", 1)->kind = SCH_KIND_REFERRAL;
    promise(add("2026-03-12T09:14", SCH_TRACE_OPENED, "agb:06", 1), 1, "2026-03-14", SCH_STANDING_OPEN);
    add("2026-03-12T09:31", SCH_TRACE_COLLECTED, "agb:06", 1)->kind = SCH_KIND_REFERRAL;
    promise(add("2026-03-12T09:31", SCH_TRACE_CLOSED, "agb:06", 1), 1, "2026-03-14", SCH_STANDING_CLOSED);
    promise(add("2026-03-26T10:00", SCH_TRACE_OPENED, "agb:06", 2), 6, "2026-04-10", SCH_STANDING_OPEN);
    promise(add("2026-03-26T10:00", SCH_TRACE_OPENED, "agb:06", 1), 7, "2026-06-19", SCH_STANDING_OPEN);
    struct sch_trace_row *alert = add("2026-04-10T08:00", SCH_TRACE_ALERTED, "agb:06", 2);
    promise(alert, 6, "2026-04-10", SCH_STANDING_OPEN);
    alert->step = SCH_STEP_REMINDED;
}

static void told_with_what_is_missing(void **state)
{
    (void)state;
    struct sch_story story;
    set_example();
    assert_true(sch_story_tell(&story, rows, count, false, at("2026-04-18T12:00")));
    static const char *const expected[][2] = {
        { "verzonden", "verwijsbrief" },
        { "opgehaald", "verwijsbrief" },
        { "ontbreekt", "bericht na intake (norm 9 apr)" },
        { "herinnerd", "bericht na intake" },
        { "verwacht", "start behandeling (norm 18 jun)" },
    };
    assert_int_equal(story.line_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < story.line_count; i++) {
        assert_string_equal(story.line[i].word, expected[i][0]);
        assert_string_equal(story.line[i].what, expected[i][1]);
    }
    assert_int_equal(story.line[2].row, -1);
    sch_story_close(&story);
    assert_true(sch_story_tell(&story, rows, count, true, at("2026-04-18T12:00")));
    assert_int_equal(story.line_count, count + 2);
    sch_story_close(&story);
}

static void moved_reopened_and_incomplete(void **state)
{
    (void)state;
    struct sch_story story;
    set_example();
    /* E7 moves earlier with the intake: that is the norm; then a wait is announced. E6 closes and reopens. */
    promise(add("2026-04-11T08:00", SCH_TRACE_MOVED, "agb:06", 1), 7, "2026-06-05", SCH_STANDING_OPEN);
    promise(add("2026-04-12T08:00", SCH_TRACE_MOVED, "agb:06", 1), 7, "2026-07-01", SCH_STANDING_OPEN);
    promise(add("2026-04-12T09:00", SCH_TRACE_CLOSED, "agb:06", 2), 6, "2026-04-10", SCH_STANDING_CLOSED);
    promise(add("2026-04-12T10:00", SCH_TRACE_REOPENED, "agb:06", 2), 6, "2026-04-10",
            SCH_STANDING_INCOMPLETE);
    /* A promise with the same number, of another message and another debtor, is another promise. */
    promise(add("2026-04-12T10:00", SCH_TRACE_OPENED, "agb:01", 9), 6, "2026-05-01", SCH_STANDING_OPEN);
    promise(add("2026-04-12T11:00", SCH_TRACE_CLOSED, "agb:01", 9), 6, "2026-05-01", SCH_STANDING_WAIVED);
    assert_true(sch_story_tell(&story, rows, count, false, at("2026-04-18T12:00")));
    assert_int_equal(story.promise_count, 4);
    size_t missing = 0;
    for (size_t i = 0; i < story.line_count; i++) {
        if (story.line[i].row >= 0)
            continue;
        if (missing++ == 0)
            assert_string_equal(story.line[i].what, "bericht na intake (onvolledig; norm 9 apr)");
        else
            assert_string_equal(story.line[i].what, "start behandeling (norm 4 jun, aangekondigd 30 jun)");
    }
    assert_int_equal(missing, 2);
    sch_story_close(&story);
}

static void an_empty_trace_is_an_empty_story(void **state)
{
    (void)state;
    struct sch_story story;
    assert_true(sch_story_tell(&story, NULL, 0, true, at("2026-04-18T12:00")));
    assert_int_equal(story.line_count, 0);
    sch_story_close(&story);
}

static void silences(void **state)
{
    (void)state;
    static const struct {
        unsigned expectation;
        enum sch_phase phase;
        bool collected;
        enum sch_silence silence;
    } cases[] = {
        { 1, SCH_PHASE_SENT, false, SCH_SILENCE_NOT_COLLECTED },
        { 1, SCH_PHASE_IN_TREATMENT, true, SCH_SILENCE_NOT_COLLECTED },
        { 2, SCH_PHASE_SENT, false, SCH_SILENCE_NOT_COLLECTED },
        { 2, SCH_PHASE_SENT, true, SCH_SILENCE_NOT_DECIDED },
        { 4, SCH_PHASE_SENT, true, SCH_SILENCE_NOT_DECIDED },
        { 4, SCH_PHASE_ACCEPTED, true, SCH_SILENCE_NO_APPOINTMENT },
        { 5, SCH_PHASE_INTAKE_PLANNED, true, SCH_SILENCE_NO_APPOINTMENT },
        { 6, SCH_PHASE_INTAKE_PRESUMED, true, SCH_SILENCE_NO_INTAKE_REPORT },
        { 7, SCH_PHASE_SENT, false, SCH_SILENCE_NOT_COLLECTED },
        { 7, SCH_PHASE_ACCEPTED, true, SCH_SILENCE_NO_APPOINTMENT },
        { 7, SCH_PHASE_INTAKE_DONE, true, SCH_SILENCE_NOT_STARTED },
        { 8, SCH_PHASE_IN_TREATMENT, true, SCH_SILENCE_NO_PROGRESS },
        { 9, SCH_PHASE_ENDED, true, SCH_SILENCE_NO_DISCHARGE_LETTER },
        { 10, SCH_PHASE_REFUSED, true, SCH_SILENCE_NOT_TAKEN_UP },
        { 12, SCH_PHASE_ACCEPTED, true, SCH_SILENCE_OTHER },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sch_unanswered_row row = { .expectation = cases[i].expectation,
                                          .phase = cases[i].phase,
                                          .standing = SCH_STANDING_OPEN };
        if (sch_words_silence(&row, cases[i].collected) != cases[i].silence)
            fail_msg("case %zu", i);
        row.standing = SCH_STANDING_INCOMPLETE;
        assert_int_equal(sch_words_silence(&row, cases[i].collected), SCH_SILENCE_INCOMPLETE);
    }
}

static void collected_unless_the_receiver_owes_that(void **state)
{
    (void)state;
    struct sch_unanswered_row own[2] = { { .expectation = 2, .opened_ms = 5, .referred_ms = 5 },
                                         { .expectation = 1,
                                           .opened_ms = 5,
                                           .referred_ms = 5,
                                           .debtor = { "agb:06" },
                                           .receiver = { "agb:06" } } };
    assert_false(sch_words_collected(own, 2));
    assert_true(sch_words_collected(own, 1));
    own[1].opened_ms = 6; /* a later message that was not collected */
    assert_true(sch_words_collected(own, 2));
    own[1].opened_ms = 5;
    own[1].debtor = (struct sch_address){ "agb:01/poh-ggz" }; /* a copy that was not collected */
    assert_true(sch_words_collected(own, 2));
}

static void terms_in_words(void **state)
{
    (void)state;
    struct sch_unanswered_row row = { .opened_ms = 1000, .norm_due_ms = 2000, .due_ms = 2000 };
    assert_string_equal(sch_words_term(&row, 1749), "binnen norm");
    assert_string_equal(sch_words_term(&row, 1750), "nadert norm");
    assert_string_equal(sch_words_term(&row, 2000), "over norm");
    assert_string_equal(sch_words_term(&row, 3000), "ver over norm");
    row.due_ms = 3000;
    assert_string_equal(sch_words_term(&row, 1999), "binnen norm, aangekondigd");
    assert_string_equal(sch_words_term(&row, 2500), "over norm, aangekondigd");
    assert_string_equal(sch_words_term(&row, 3000), "over norm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_with_what_is_missing),
        cmocka_unit_test(moved_reopened_and_incomplete),
        cmocka_unit_test(an_empty_trace_is_an_empty_story),
        cmocka_unit_test(silences),
        cmocka_unit_test(collected_unless_the_receiver_owes_that),
        cmocka_unit_test(terms_in_words),
    };
    return cmocka_run_group_tests_name("cli_story", tests, NULL, NULL);
}
