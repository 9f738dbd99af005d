/* test_cli_story.c: a trace told as a story, and the words for terms. */
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

static void terms_in_words(void **state)
{
    (void)state;
    char text[SCH_WORDS_TERM_SIZE];
    int64_t now_ms = at("2026-04-01T12:00");
    struct sch_unanswered_row row = { .norm_due_ms = at("2026-04-10T00:00"),
                                      .due_ms = at("2026-04-10T00:00") };
    static const char *const words[] = { "– geen norm (9 apr)", "● binnen norm (9 apr)",
                                         "◐ nadert norm (9 apr)", "▲ over norm (9 apr)",
                                         "■ ver over norm (9 apr)" };
    for (unsigned i = 0; i <= SCH_TERM_FAR_OVER; i++) {
        row.term_state = (enum sch_term)i;
        assert_string_equal(sch_words_term(&row, now_ms, text), words[i]);
    }
    row.term_state = SCH_TERM_WITHIN;
    row.due_ms = at("2027-01-02T00:00");
    assert_string_equal(sch_words_term(&row, now_ms, text), "● binnen norm (9 apr, aangekondigd 1 jan 2027)");
    row.due_ms = row.norm_due_ms;
    row.snoozed_ms = at("2026-05-02T00:00");
    assert_string_equal(sch_words_term(&row, now_ms, text), "● binnen norm (9 apr), uitgesteld t/m 1 mei");
    assert_string_equal(sch_words_term(&row, row.snoozed_ms, text), "● binnen norm (9 apr)");
}

static void acts_say_why(void **state)
{
    (void)state;
    struct sch_story story;
    const struct sch_trace_row act[] = {
        { .sequence = 1,
          .at_ms = at("2026-04-01T09:00"),
          .event = SCH_TRACE_STORED,
          .kind = SCH_KIND_NOTE,
          .code = SCH_NOTED_CALLED },
        { .sequence = 2,
          .at_ms = at("2026-04-01T10:00"),
          .event = SCH_TRACE_STORED,
          .kind = SCH_KIND_TAKEN_UP,
          .code = SCH_TAKEN_OWN_CARE },
        { .sequence = 3,
          .at_ms = at("2026-04-01T11:00"),
          .event = SCH_TRACE_SNOOZED,
          .expectation = 6,
          .due_ms = at("2026-05-02T00:00") },
        { .sequence = 4,
          .at_ms = at("2026-04-01T12:00"),
          .event = SCH_TRACE_BREACH,
          .kind = SCH_KIND_REFERRAL },
    };
    static const char *const lines[][2] = { { "vastgelegd", "notitie: gebeld" },
                                            { "verzonden", "opgepakt: eigen zorg" },
                                            { "uitgesteld", "bericht na intake (t/m 1 mei)" },
                                            { "datalek?", "verwijsbrief" } };
    assert_true(sch_story_tell(&story, act, 4, false, at("2026-04-18T12:00")));
    assert_int_equal(story.line_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(story.line[i].word, lines[i][0]);
        assert_string_equal(story.line[i].what, lines[i][1]);
    }
    sch_story_close(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_with_what_is_missing),
        cmocka_unit_test(moved_reopened_and_incomplete),
        cmocka_unit_test(an_empty_trace_is_an_empty_story),
        cmocka_unit_test(acts_say_why),
        cmocka_unit_test(terms_in_words),
    };
    return cmocka_run_group_tests_name("cli_story", tests, NULL, NULL);
}
