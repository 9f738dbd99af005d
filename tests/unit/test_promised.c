/*
 * test_promised.c: DOMAIN.md's table of what is owed, written once more by hand, and tried over the wire.
 *
 * For each promise: what opens it, who owes it, its term and unit as nl.ini has them, its due, and every
 * message that ends it with how. Then every message that there is, said in every way, is tried on every
 * promise: what the table does not name must leave it owed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "core/expectation.h"
#include "names.h"
#include "play.h"
#include "shell/log.h"

static struct sch_book *book;
static struct play play;

/* Words that go together; each ends with a blank. */
#define INTAKES "INTAKE_REPORT INTAKE_REPORT/NO_TREATMENT INTAKE_REPORT/INCOMPLETE "
#define PROGRESS "PROGRESS_LETTER PROGRESS_LETTER/INCOMPLETE "
#define ENDS                                                                                                 \
    "TREATMENT_END DISCHARGE_LETTER DISCHARGE_LETTER/INCOMPLETE BACK_REFERRAL BACK_REFERRAL/INCOMPLETE "
#define TURNED_AWAY "REFUSAL REDIRECTION REDIRECTION/FORWARDED "
#define UNDONE "WITHDRAWAL CORRECTION/OPENING REFUSE/TREATING "
#define CORRECTED "CORRECTION CORRECTION/OPENING "

/*
 * The dossier opens on Monday 11 January 2027, 09:00. `closed` answers it, `cancelled` takes it away;
 * NO_REPORT about it withholds it.
 */
static const struct promise {
    unsigned number;
    enum play_setting setting;
    const char *opens;                  /* the last word opens it */
    const char *debtor;
    unsigned term;
    enum sch_unit unit;
    int64_t due;                        /* the first local day that is too late; 0: term hours from now */
    const char *closed, *cancelled;
} promises[] = {
    { 1, PLAY_CARE, "OPENS", "haven", 1, SCH_UNIT_WORKING_DAYS, 20270113,
      "COLLECT/TREATING REFUSE/TREATING", "WITHDRAWAL CORRECTION/OPENING" },
    { 2, PLAY_CARE, "OPENS", "haven", 5, SCH_UNIT_WORKING_DAYS, 20270119,
      "ACCEPTANCE APPOINTMENT NO_SHOW TREATMENT_START TREATMENT_START/NOT_YET INFORMATION_REQUEST "
      TURNED_AWAY INTAKES PROGRESS ENDS, UNDONE },
    { 2, PLAY_TEAM, "OPENS", "wijkteam-zuid", 5, SCH_UNIT_WORKING_DAYS, 20270119,
      "ACCEPTANCE REFUSAL INFORMATION_REQUEST TEAM_RESULT TEAM_RESULT/INCOMPLETE", UNDONE },
    { 3, PLAY_CRISIS, "OPENS", "crisisdienst", 24, SCH_UNIT_HOURS, 0,
      "ACCEPTANCE TREATMENT_END DISCHARGE_LETTER DISCHARGE_LETTER/INCOMPLETE " TURNED_AWAY INTAKES, UNDONE },
    { 4, PLAY_CARE, "OPENS", "haven", 4, SCH_UNIT_WEEKS, 20270209,
      "APPOINTMENT NO_SHOW TREATMENT_START " INTAKES PROGRESS ENDS, TURNED_AWAY UNDONE },
    { 5, PLAY_CARE, "OPENS NO_SHOW", "haven", 10, SCH_UNIT_WORKING_DAYS, 20270126,
      "APPOINTMENT TREATMENT_START " INTAKES PROGRESS ENDS, "WITHDRAWAL " TURNED_AWAY CORRECTED },
    { 6, PLAY_CARE, "OPENS APPOINTMENT", "haven", 10, SCH_UNIT_WORKING_DAYS, 20270126,
      "INTAKE_REPORT INTAKE_REPORT/NO_TREATMENT",
      "NO_SHOW WITHDRAWAL BACK_REFERRAL BACK_REFERRAL/INCOMPLETE " TURNED_AWAY CORRECTED },
    { 7, PLAY_CARE, "OPENS", "haven", 14, SCH_UNIT_WEEKS, 20270420,
      "INTAKE_REPORT/NO_TREATMENT TREATMENT_START " PROGRESS ENDS, TURNED_AWAY UNDONE },
    { 8, PLAY_CARE, "OPENS TREATMENT_START", "haven", 365, SCH_UNIT_DAYS, 20280112,
      "PROGRESS_LETTER INTAKE_REPORT/NO_TREATMENT " ENDS, CORRECTED },
    { 9, PLAY_CARE, "OPENS TREATMENT_END", "haven", 10, SCH_UNIT_WORKING_DAYS, 20270126,
      "DISCHARGE_LETTER BACK_REFERRAL", CORRECTED },
    { 9, PLAY_CARE, "OPENS TREATMENT_END/CLINICAL", "haven", 24, SCH_UNIT_HOURS, 0,
      "DISCHARGE_LETTER BACK_REFERRAL", CORRECTED },
    { 9, PLAY_CRISIS, "OPENS TREATMENT_END", "crisisdienst", 10, SCH_UNIT_WORKING_DAYS, 20270126,
      "DISCHARGE_LETTER", CORRECTED },
    { 10, PLAY_CARE, "OPENS REFUSAL", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115, "TAKEN_UP FOLLOW",
      "ACCEPTANCE APPOINTMENT NO_SHOW TREATMENT_START TREATMENT_START/NOT_YET TREATMENT_END "
      "DISCHARGE_LETTER DISCHARGE_LETTER/INCOMPLETE " INTAKES PROGRESS CORRECTED },
    { 10, PLAY_CARE, "OPENS REDIRECTION", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115,
      "TAKEN_UP FOLLOW FORWARD",
      "ACCEPTANCE APPOINTMENT NO_SHOW TREATMENT_START TREATMENT_START/NOT_YET TREATMENT_END "
      "DISCHARGE_LETTER DISCHARGE_LETTER/INCOMPLETE " INTAKES PROGRESS CORRECTED },
    { 10, PLAY_CARE, "OPENS BACK_REFERRAL", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115, "TAKEN_UP FOLLOW",
      "ACCEPTANCE APPOINTMENT NO_SHOW TREATMENT_START TREATMENT_START/NOT_YET REFUSAL/PRACTICE " PROGRESS
      CORRECTED },
    { 10, PLAY_CARE, "OPENS INTAKE_REPORT/NO_TREATMENT", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115,
      "TAKEN_UP FOLLOW", CORRECTED },
    { 10, PLAY_CARE, "OPENS REFUSE/TREATING", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115, "TAKEN_UP FOLLOW",
      "ACCEPTANCE APPOINTMENT NO_SHOW TREATMENT_START TREATMENT_START/NOT_YET TREATMENT_END "
      "DISCHARGE_LETTER DISCHARGE_LETTER/INCOMPLETE CORRECTION/OPENING " INTAKES PROGRESS },
    { 10, PLAY_TALK, "OPENS EXPLORATION_ADVICE/GGZ", "linde", 3, SCH_UNIT_WORKING_DAYS, 20270115,
      "TAKEN_UP FOLLOW", CORRECTED },
    { 11, PLAY_CARE, "OPENS INFORMATION_REQUEST", "linde", 5, SCH_UNIT_WORKING_DAYS, 20270119,
      "INFORMATION_REPLY/PRACTICE", "CORRECTION" },
    { 11, PLAY_CARE, "OPENS INFORMATION_REQUEST/PRACTICE", "haven", 5, SCH_UNIT_WORKING_DAYS, 20270119,
      "INFORMATION_REPLY", NULL },
    { 12, PLAY_TEAM, "OPENS ACCEPTANCE", "wijkteam-zuid", 6, SCH_UNIT_WEEKS, 20270223, "TEAM_RESULT",
      "REFUSAL WITHDRAWAL " CORRECTED },
    { 13, PLAY_TALK, "OPENS", "mgn", 3, SCH_UNIT_WEEKS, 20270202,
      "EXPLORATION_ADVICE EXPLORATION_ADVICE/GGZ", "REFUSAL " UNDONE },
    { 14, PLAY_CONSULT, "OPENS", "haven", 5, SCH_UNIT_WORKING_DAYS, 20270119, "CONSULT_REPLY",
      "BACK_REFERRAL BACK_REFERRAL/INCOMPLETE " TURNED_AWAY UNDONE },
    { 15, PLAY_NOTICE, "OPENS", "haven", 60, SCH_UNIT_DAYS, 20270313,
      "INTAKE_REPORT INTAKE_REPORT/NO_TREATMENT PROGRESS_LETTER DISCHARGE_LETTER",
      "BACK_REFERRAL BACK_REFERRAL/INCOMPLETE " CORRECTED },
};
#define PROMISES (sizeof promises / sizeof promises[0])

/* Every message, in every way to say it; and what else happens to a dossier. */
static const char *const everything[] = {
    "ACCEPTANCE",
    "REFUSAL",
    "REDIRECTION",
    "REDIRECTION/FORWARDED",
    "REFUSAL/PRACTICE", "INFORMATION_REQUEST",
    "INFORMATION_REQUEST/PRACTICE",
    "INFORMATION_REPLY",
    "INFORMATION_REPLY/PRACTICE",
    "APPOINTMENT",
    "NO_SHOW",
    "INTAKE_REPORT",
    "INTAKE_REPORT/NO_TREATMENT",
    "INTAKE_REPORT/INCOMPLETE",
    "TREATMENT_START",
    "TREATMENT_START/NOT_YET",
    "WAIT_STATUS",
    "CHANGE_NOTICE",
    "CHANGE_NOTICE/PRACTICE",
    "PROGRESS_LETTER",
    "PROGRESS_LETTER/INCOMPLETE",
    "TRANSFER_NOTICE",
    "TREATMENT_END",
    "DISCHARGE_LETTER",
    "DISCHARGE_LETTER/INCOMPLETE",
    "BACK_REFERRAL",
    "BACK_REFERRAL/INCOMPLETE",
    "NO_REPORT/E6",
    "NO_REPORT/E8",
    "NO_REPORT/E9",
    "NO_REPORT/E15",
    "TAKEN_UP",
    "WITHDRAWAL",
    "CORRECTION",
    "CORRECTION/OPENING",
    "CONSULT_REPLY",
    "EXPLORATION_ADVICE",
    "EXPLORATION_ADVICE/GGZ",
    "TEAM_RESULT",
    "TEAM_RESULT/INCOMPLETE",
    "NOTE",
    "COLLECT/TREATING",
    "REFUSE/TREATING",
    "FOLLOW",
    "FORWARD",
    "SIBLING",
};

/* Does the list have this word? part: or one that begins so, "INTAKE_REPORT/NO_TREATMENT". */
static bool lists(const char *list, const char *word, bool part)
{
    char copy[1024], *rest = copy;

    snprintf(copy, sizeof copy, "%s", list == NULL ? "" : list);
    for (char *one = strtok_r(copy, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
        if (strcmp(one, word) == 0 ||
            (part && strncmp(one, word, strlen(word)) == 0 && one[strlen(word)] == '/'))
            return true;
    return false;
}

static bool names(const char *list, const char *word)
{
    return lists(list, word, false);
}

static void begin(const struct promise *promise)
{
    play_open(&play, book, promise->setting);
    if (!play_words(&play, promise->opens))
        fail_msg("E%u: \"%s\" is rejected: %s %s", promise->number, promise->opens,
                 sch_error_name((enum sch_error_code)play.code), play.field);
    play_read(&play);
}

/* ---- opening ------------------------------------------------------------------------------------ */

static int64_t local_midnight_ms(int64_t date)
{
    int32_t day = 0;
    bool valid = sch_day_from_date(date, &day);
    int64_t wall_ms = (int64_t)day * 86400000;

    assert_true(valid);
    return wall_ms - sch_utc_offset_minutes(wall_ms - 2 * 3600000) * INT64_C(60000);
}

/* The owed one of this number that this party owes. */
static const struct sch_unanswered_row *owed_by(unsigned number, const char *debtor)
{
    const char *address = sch_region_sim_named(debtor)->address;

    for (size_t i = 0; i < play.owed_count; i++)
        if (play.owed[i].expectation == number && strcmp(play.owed[i].debtor.text, address) == 0)
            return &play.owed[i];
    return NULL;
}

static void test_opening(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROMISES; i++) {
        const struct promise *promise = &promises[i];
        const struct sch_unanswered_row *row;

        begin(promise);
        row = owed_by(promise->number, promise->debtor);
        if (row == NULL)
            fail_msg("E%u is not owed by %s after \"%s\"", promise->number, promise->debtor, promise->opens);
        if (row->due_ms != (promise->due == 0
                                ? stage_now_ms(&play.stage) + promise->term * INT64_C(3600000)
                                : local_midnight_ms(promise->due)))
            fail_msg("E%u after \"%s\": due at %lld", promise->number, promise->opens,
                     (long long)row->due_ms);
        assert_int_equal(row->norm_due_ms, row->due_ms);
        assert_int_equal(row->term, promise->term);
        assert_int_equal(row->unit, promise->unit);
        assert_int_equal(row->standing, SCH_STANDING_OPEN);
        assert_int_equal(strncmp(row->norm_id, "nl/E", 4), 0);
        assert_int_equal(row->norm_version, 1);
        }
}

/* ---- ending ------------------------------------------------------------------------------------- */

static enum sch_standing expected(const struct promise *promise, const char *word)
{
    char withheld[16];

    snprintf(withheld, sizeof withheld, "NO_REPORT/E%u", promise->number);
    if (names(promise->closed, word))
        return SCH_STANDING_CLOSED;
    /* "Who may send what": a crisis service has no NO_REPORT. */
    if (strcmp(word, withheld) == 0 && promise->setting != PLAY_CRISIS)
        return SCH_STANDING_WITHHELD;
    return names(promise->cancelled, word) ? SCH_STANDING_CANCELLED : (enum sch_standing)0;
}

/* How the promise that was opened by `opened` stands: the last row of the trace about it. */
static enum sch_standing standing_of(const struct promise *promise, const struct sch_id *opened)
{
    enum sch_standing standing = SCH_STANDING_OPEN;

    for (size_t i = 0; i < play.row_count; i++)
        if (play.row[i].expectation == promise->number &&
            memcmp(&play.row[i].message, opened, sizeof *opened) == 0 && play.row[i].standing != 0 &&
            strcmp(play.row[i].party.text, sch_region_sim_named(promise->debtor)->address) == 0)
            standing = play.row[i].standing;
    return standing;
}

static size_t tried;

static bool try(const struct promise *promise, const char *word)
{
    enum sch_standing wanted = expected(promise, word), got;
    struct sch_id opened = { { 0 } };

    begin(promise);
    for (size_t i = 0; i < play.row_count; i++)
        if (play.row[i].event == SCH_TRACE_OPENED && play.row[i].expectation == promise->number)
            opened = play.row[i].message;
    (void)play_word(&play, word);
    play_read(&play);
    got = standing_of(promise, &opened);
    tried++;
    /* What is rejected, or opens another one, leaves this one owed; an incomplete letter too. */
    if (wanted == 0 ? got == SCH_STANDING_OPEN || got == SCH_STANDING_INCOMPLETE : got == wanted)
        return true;
    print_error("E%u, opened by \"%s\", then %s%s%s: expected %s, got %s\n", promise->number, promise->opens,
                word, play.code > 0 ? ", rejected as " : "",
                play.code > 0 ? sch_error_name((enum sch_error_code)play.code) : "",
                wanted == 0 ? "still owed" : sch_code_name(SCH_SET_STANDING, wanted),
                sch_code_name(SCH_SET_STANDING, got));
    return false;
}

static void test_ending(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < PROMISES; i++)
        for (size_t k = 0; k < sizeof everything / sizeof everything[0]; k++)
            wrong += !try(&promises[i], everything[k]);
    print_message("promises: %zu pairs of promise and message tried\n", tried);
    assert_int_equal(wrong, 0);
}

/* The coordinator waives anything but E1; what the practice owes it does not waive itself. */
static void test_waiving(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROMISES; i++) {
        const struct promise *promise = &promises[i];
        bool own = strcmp(promise->debtor, "linde") == 0;
        char word[32];

        begin(promise);
        snprintf(word, sizeof word, "WAIVER/E%u", promise->number);
        (void)play_word(&play, word);
        assert_int_equal(play.code, promise->number == 1 || own ? SCH_E_NOTHING_OPEN : SCH_OK);
            begin(promise);
        snprintf(word, sizeof word, "WAIVER/COORDINATOR/E%u", promise->number);
        (void)play_word(&play, word);
        assert_int_equal(play.code, promise->number == 1 ? SCH_E_NOTHING_OPEN : SCH_OK);
        if (promise->number != 1) {
            play_read(&play);
            assert_int_equal(play_ended(&play, promise->number), SCH_STANDING_WAIVED);
        }
        }
}

/* ---- the printed rules -------------------------------------------------------------------------- */

static void test_rules(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= 15; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        /* DOMAIN, "Cancelled by": all but E1, E6 after an intake, E9, E10, E11. */
        bool survives = number == 1 || number == 6 || number == 9 || number == 10 || number == 11;

        if (rule->survives != survives)
            fail_msg("E%u: the table says %d", number, rule->survives);
        assert_int_equal(rule->debtor == SCH_MEMBER_CREDITOR, number == 10 || number == 11);
        assert_string_not_equal(rule->opens, "");
        assert_string_not_equal(rule->counts_from, "");
        assert_string_not_equal(rule->closes, "");
    }
}

/* Every kind that the printed rule says to close a promise does close it in the table above. */
static void test_printed_closings(void **state)
{
    (void)state;
    for (unsigned number = 2; number <= 15; number++) {
        char copy[512], *rest = copy;

        snprintf(copy, sizeof copy, "%s", sch_expectation_rule(number)->closes);
        for (char *word = strtok_r(copy, " ,()", &rest); word != NULL; word = strtok_r(NULL, " ,()", &rest)) {
            bool closes = sch_code_parse(SCH_SET_KIND, word) < 0 || strcmp(word, "NO_REPORT") == 0 ||
                          strcmp(word, "REFERRAL") == 0;        /* "a REFERRAL that follows" */

            for (size_t i = 0; i < PROMISES && !closes; i++)
                closes = promises[i].number == number && lists(promises[i].closed, word, true);
            if (!closes)
                fail_msg("E%u is printed to be closed by %s, and is not", number, word);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_ending),
        cmocka_unit_test(test_waiving),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_printed_closings),
    };
    int failed;

    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    book = sch_region_sim_book();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    play_close(&play);
    sch_region_sim_book_free(book);
    return failed;
}
