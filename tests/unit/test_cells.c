/*
 * test_cells.c: every cell of the state table, reached over the wire, does what the table prints.
 *
 * For each phase and event there are several ways to come into the phase and several ways to say the event.
 * What comes of each must fit the cell's label: "reject CODE" is that rejection, "accept" is a receipt and
 * the same phase, a phase is a receipt and that phase or the same. And one of them must come out exactly as
 * the label says: only then the cell is reached. A cell for which the default permits close every way is
 * tried with permits that allow everything. Cells that cannot be reached are listed with the reason, and must
 * not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "names.h"
#include "play.h"
#include "shell/log.h"

#define WAYS_MAX 8

static struct sch_book *book, *open_book;       /* with the default permits, and with every permit */
static struct play play, other;

/* ---- ways --------------------------------------------------------------------------------------- */

/*
 * How a dossier comes into each phase. In some ways more is owed then, or other things were said, than in
 * others. A way may begin with the sort of dossier, when it is not the one in which the kind has its place.
 */
static const char *const ways_into[SCH_PHASE_COUNT][WAYS_MAX] = {
    [SCH_PHASE_NONE] = { "" },
    [SCH_PHASE_SENT] = { "OPENS", "OPENS INFORMATION_REQUEST", "OPENS COLLECT/TREATING",
                         "OPENS INTAKE_REPORT CORRECTION" },
    [SCH_PHASE_ACCEPTED] = { "OPENS ACCEPTANCE", "OPENS REFUSAL ACCEPTANCE",
                             "OPENS ACCEPTANCE INTAKE_REPORT CORRECTION" },
    [SCH_PHASE_INTAKE_PLANNED] = { "OPENS APPOINTMENT", "OPENS NO_SHOW",
                                   "OPENS APPOINTMENT INTAKE_REPORT CORRECTION" },
    [SCH_PHASE_INTAKE_PRESUMED] = { "OPENS APPOINTMENT +1d",
                                    "OPENS APPOINTMENT +1d INTAKE_REPORT CORRECTION" },
    [SCH_PHASE_INTAKE_DONE] = { "OPENS INTAKE_REPORT", "OPENS APPOINTMENT INTAKE_REPORT/INCOMPLETE" },
    [SCH_PHASE_IN_TREATMENT] = { "OPENS TREATMENT_START", "OPENS APPOINTMENT TREATMENT_START",
                                 "OPENS INTAKE_REPORT TREATMENT_START", "NOTICE OPENS" },
    [SCH_PHASE_ENDED] = { "OPENS TREATMENT_END", "OPENS APPOINTMENT TREATMENT_END",
                          "OPENS DISCHARGE_LETTER/INCOMPLETE", "OPENS APPOINTMENT DISCHARGE_LETTER",
                          "OPENS INTAKE_REPORT/NO_TREATMENT/INCOMPLETE", "OPENS TEAM_RESULT/INCOMPLETE",
                          "OPENS ACCEPTANCE TEAM_RESULT/INCOMPLETE",
                          "NOTICE OPENS TREATMENT_END NO_REPORT/E9" },
    [SCH_PHASE_CLOSED] = { "OPENS DISCHARGE_LETTER", "OPENS INTAKE_REPORT/NO_TREATMENT",
                           "OPENS DISCHARGE_LETTER INFORMATION_REQUEST/PRACTICE", "OPENS TEAM_RESULT",
                           "OPENS CONSULT_REPLY", "OPENS EXPLORATION_ADVICE", "OPENS EXPLORATION_ADVICE/GGZ",
                           "INVOLVED OPENS" },
    [SCH_PHASE_REFUSED] = { "OPENS REFUSAL", "OPENS APPOINTMENT REFUSAL", "OPENS REFUSAL TAKEN_UP",
                            "OPENS REFUSAL TAKEN_UP INTAKE_REPORT" },
    [SCH_PHASE_REDIRECTED] = { "OPENS REDIRECTION", "OPENS REDIRECTION/FORWARDED",
                               "OPENS REDIRECTION TAKEN_UP", "OPENS REDIRECTION TAKEN_UP INTAKE_REPORT" },
    [SCH_PHASE_BACK_REFERRED] = { "OPENS BACK_REFERRAL", "OPENS TREATMENT_START BACK_REFERRAL/INCOMPLETE",
                                  "OPENS BACK_REFERRAL TAKEN_UP" },
    [SCH_PHASE_WITHDRAWN] = { "OPENS WITHDRAWAL", "OPENS COLLECT/TREATING WITHDRAWAL",
                              "OPENS APPOINTMENT +1d WITHDRAWAL", "OPENS WITHDRAWAL INTAKE_REPORT" },
    [SCH_PHASE_UNDELIVERED] = { "OPENS REFUSE/TREATING", "OPENS REFUSE/TREATING TAKEN_UP",
                                "OPENS REFUSE/TREATING TAKEN_UP INTAKE_REPORT" },
    [SCH_PHASE_ENTERED_IN_ERROR] = { "OPENS CORRECTION/OPENING",
                                     "OPENS INFORMATION_REQUEST CORRECTION/OPENING",
                                     "OPENS ACCEPTANCE CORRECTION/OPENING",
                                     "OPENS INTAKE_REPORT CORRECTION/OPENING" },
};

/* How each kind can be said, beside its plain word. */
static const char *const ways_to_say[SCH_KIND_COUNT][WAYS_MAX] = {
    [SCH_KIND_REFUSAL] = { "REFUSAL", "REFUSAL/PRACTICE" },
    [SCH_KIND_REDIRECTION] = { "REDIRECTION", "REDIRECTION/FORWARDED" },
    [SCH_KIND_INFORMATION_REQUEST] = { "INFORMATION_REQUEST", "INFORMATION_REQUEST/PRACTICE" },
    [SCH_KIND_INFORMATION_REPLY] = { "INFORMATION_REPLY", "INFORMATION_REPLY/PRACTICE" },
    [SCH_KIND_CHANGE_NOTICE] = { "CHANGE_NOTICE", "CHANGE_NOTICE/PRACTICE" },
    [SCH_KIND_INTAKE_REPORT] = { "INTAKE_REPORT", "INTAKE_REPORT/NO_TREATMENT", "INTAKE_REPORT/INCOMPLETE",
                                 "INTAKE_REPORT/NO_TREATMENT/INCOMPLETE" },
    [SCH_KIND_TREATMENT_START] = { "TREATMENT_START", "TREATMENT_START/NOT_YET" },
    [SCH_KIND_DISCHARGE_LETTER] = { "DISCHARGE_LETTER", "DISCHARGE_LETTER/INCOMPLETE" },
    [SCH_KIND_PROGRESS_LETTER] = { "PROGRESS_LETTER", "PROGRESS_LETTER/INCOMPLETE" },
    [SCH_KIND_BACK_REFERRAL] = { "BACK_REFERRAL", "BACK_REFERRAL/INCOMPLETE" },
    [SCH_KIND_TEAM_RESULT] = { "TEAM_RESULT", "TEAM_RESULT/INCOMPLETE" },
    [SCH_KIND_EXPLORATION_ADVICE] = { "EXPLORATION_ADVICE", "EXPLORATION_ADVICE/GGZ" },
    [SCH_KIND_NO_REPORT] = { "NO_REPORT/E6", "NO_REPORT/E9", "NO_REPORT/E8" },
    [SCH_KIND_CORRECTION] = { "CORRECTION", "CORRECTION/PRACTICE", "CORRECTION/OPENING/WRONG_PARTY" },
    [SCH_KIND_REMINDER] = { "REMINDER/OPEN" },
    [SCH_KIND_SNOOZE] = { "SNOOZE/OPEN", "SNOOZE/OPEN/COORDINATOR" },
    [SCH_KIND_WAIVER] = { "WAIVER/OPEN", "WAIVER/OPEN/COORDINATOR", "WAIVER/E9", "WAIVER/E12" },
    [SCH_KIND_NOTE] = { "NOTE", "NOTE/COORDINATOR" },
};

/* A cell prints the phase to which its event leads most often. Said in these ways it leads elsewhere, too. */
static const struct {
    const char *word;
    enum sch_phase to;
} also[] = {
    { "INTAKE_REPORT/NO_TREATMENT", SCH_PHASE_ENDED },
    { "INTAKE_REPORT/NO_TREATMENT/INCOMPLETE", SCH_PHASE_ENDED },
    { "TREATMENT_START/NOT_YET", SCH_PHASE_ACCEPTED },
};

/* Rejections by what was said before, beyond the phase. */
static const struct {
    const char *way, *word;
    enum sch_error_code code;
} refused[] = {
    { "OPENS BACK_REFERRAL TAKEN_UP", "REFUSAL/PRACTICE", SCH_E_NOT_NOW },
    /* Its letter is destroyed. */
    { "OPENS WITHDRAWAL", "CORRECTION/PRACTICE", SCH_E_NOT_NOW },
    { "OPENS APPOINTMENT +1d WITHDRAWAL", "CORRECTION/PRACTICE", SCH_E_NOT_NOW },
    { "OPENS WITHDRAWAL INTAKE_REPORT", "CORRECTION/PRACTICE", SCH_E_NOT_NOW },
};

static const char *const ways_to_happen[SCH_EVENT_TYPE_COUNT][WAYS_MAX] = {
    [SCH_EVENT_COLLECT] = { "COLLECT", "COLLECT/TREATING", "COLLECT/MISSING" },
    [SCH_EVENT_REFUSE] = { "REFUSE", "REFUSE/TREATING" },
    [SCH_EVENT_EXHAUST] = { "EXHAUST", "EXHAUST/TREATING" },
    [SCH_EVENT_DUE] = { "+1d", "+40d", "+800d" },
    [SCH_EVENT_FOLLOW] = { "FOLLOW" },
    [SCH_EVENT_FORWARD] = { "FORWARD" },
    [SCH_EVENT_SIBLING] = { "SIBLING" },
};

/* The dossiers in which a kind has its place. */
static enum play_setting setting_of(enum sch_event_type type, enum sch_kind kind)
{
    if (type != SCH_EVENT_SUBMIT)
        return PLAY_CARE;
    switch (kind) {
    case SCH_KIND_TEAM_RESULT: return PLAY_TEAM;
    case SCH_KIND_CONSULT_REPLY: return PLAY_CONSULT;
    case SCH_KIND_EXPLORATION_ADVICE: return PLAY_TALK;
    default: return PLAY_CARE;
    }
}

/* Takes the sort of dossier off a way. */
static const char *setting_in(const char *way, enum play_setting *setting)
{
    static const struct {
        const char *name;
        enum play_setting setting;
    } named[] = { { "NOTICE ", PLAY_NOTICE }, { "INVOLVED ", PLAY_INVOLVED } };

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strncmp(way, named[i].name, strlen(named[i].name)) == 0) {
            *setting = named[i].setting;
            return way + strlen(named[i].name);
        }
    return way;
}

/* ---- cells that cannot be reached ---------------------------------------------------------------- */

static const struct {
    enum sch_event_type type;
    enum sch_kind kind;
    enum sch_phase phase;
    const char *reason;
} unreachable[] = {
    { SCH_EVENT_DUE, SCH_KIND_UNSPECIFIED, SCH_PHASE_NONE, "a dossier that does not exist has no due row" },
    { SCH_EVENT_FOLLOW, SCH_KIND_UNSPECIFIED, SCH_PHASE_NONE, "the referral is refused: UNKNOWN_DOSSIER" },
    { SCH_EVENT_FORWARD, SCH_KIND_UNSPECIFIED, SCH_PHASE_NONE, "the referral is refused: UNKNOWN_DOSSIER" },
    { SCH_EVENT_SIBLING, SCH_KIND_UNSPECIFIED, SCH_PHASE_NONE, "a group has only dossiers that exist" },
};
#define UNREACHABLE (sizeof unreachable / sizeof unreachable[0])

static const char *reason_for(enum sch_event_type type, enum sch_kind kind, enum sch_phase phase)
{
    for (size_t i = 0; i < UNREACHABLE; i++)
        if (unreachable[i].type == type && unreachable[i].kind == kind && unreachable[i].phase == phase)
            return unreachable[i].reason;
    return NULL;
}

/* ---- one try ------------------------------------------------------------------------------------ */

enum fit { NOT_THERE, SHUT, WRONG, POSSIBLE, EXACT };

/* What is tried: an event in a phase, come into by one way and said in one way. */
struct trial {
    enum sch_event_type type;
    enum sch_kind kind;
    enum sch_phase phase;
    const char *way, *word;
};

/* Rejections that say nothing about the phase: there was nothing to do it to. */
static bool lacks_an_object(const struct trial *trial, int code)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(refused[i].way, trial->way) == 0 && strcmp(refused[i].word, trial->word) == 0)
            return code == (int)refused[i].code;
    return code == SCH_E_NOTHING_OPEN || code == SCH_E_RECENTLY_REMINDED;
}

/* An end closes in the same step when no letter is owed. */
static bool is_same(enum sch_phase phase, enum sch_phase after)
{
    return after == phase || (phase == SCH_PHASE_ENDED && after == SCH_PHASE_CLOSED);
}

static bool leads_also(const char *word, enum sch_phase to)
{
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
        if (strcmp(also[i].word, word) == 0 && is_same(also[i].to, to))
            return true;
    return false;
}

static enum fit judge(const struct trial *trial, const char *label, int code, enum sch_phase after)
{
    bool rejects = strncmp(label, "reject ", 7) == 0;

    if (code == PLAY_NOTHING)
        return NOT_THERE;
    if (rejects && code != SCH_OK && strcmp(label + 7, sch_error_name((enum sch_error_code)code)) == 0)
        return EXACT;
    if (code == SCH_E_NOT_ALLOWED)
        return SHUT;
    if (rejects)
        return WRONG;
    if (code != SCH_OK)
        return lacks_an_object(trial, code) ? POSSIBLE : WRONG;
    if (strcmp(label, "accept") == 0)
        return after == trial->phase ? EXACT : leads_also(trial->word, after) ? POSSIBLE : WRONG;
    if (is_same((enum sch_phase)sch_code_parse(SCH_SET_PHASE, label), after) ||
        (strcmp(label, "NONE") == 0 && after == SCH_PHASE_NONE))
        return EXACT;
    return after == trial->phase || leads_also(trial->word, after) ? POSSIBLE : WRONG;
}

static bool is_of_practice(const char *word)
{
    return strcmp(word, "WITHDRAWAL") == 0 || strcmp(word, "TAKEN_UP") == 0 ||
           strstr(word, "PRACTICE") != NULL;
}

static bool is_message(const char *word)
{
    return word[0] != '+' && strncmp(word, "CORRECTION", 10) != 0 && strncmp(word, "COLLECT", 7) != 0 &&
           strncmp(word, "REFUSE", 6) != 0 && strcmp(word, "OPENS") != 0;
}

/* What the correction of a party's last message must give: the phase of a dossier in which it was never sent.
 */
static enum sch_phase phase_without_last(const struct sch_book *with, const char *way, bool by_practice)
{
    enum play_setting setting = PLAY_CARE;
    char copy[128], *word[8], *rest = copy;
    size_t count = 0, last = SIZE_MAX;
    enum sch_phase phase;

    snprintf(copy, sizeof copy, "%s", setting_in(way, &setting));
    while (count < 8 && (word[count] = strtok_r(count == 0 ? copy : NULL, " ", &rest)) != NULL) {
        if (is_message(word[count]) && is_of_practice(word[count]) == by_practice)
            last = count;
        count++;
    }
    if (last == SIZE_MAX && by_practice == (setting == PLAY_CARE))
        return SCH_PHASE_ENTERED_IN_ERROR;      /* it opened the dossier */
    play_open(&other, with, setting);
    for (size_t i = 0; i < count; i++)
        if (i != last && strcmp(word[i], "CORRECTION") != 0)
            (void)play_word(&other, word[i]);   /* a TAKEN_UP may find nothing to take up now */
    phase = play_phase(&other);
    return phase;
}

static enum fit judge_correction(const struct trial *trial, const struct sch_book *with, enum sch_phase after)
{
    enum sch_phase wanted = SCH_PHASE_ENTERED_IN_ERROR;

    if (play.code == PLAY_NOTHING)
        return NOT_THERE;
    if (play.code != SCH_OK)
        return lacks_an_object(trial, play.code) ? POSSIBLE : WRONG;
    /* A letter that came when nobody listened any more proved nothing: it does not when they do again. */
    if (strstr(trial->way, "TAKEN_UP INTAKE_REPORT") != NULL &&
        strcmp(trial->word, "CORRECTION/PRACTICE") == 0)
        wanted = trial->phase;
    else if (strstr(trial->word, "OPENING") == NULL)
        wanted = phase_without_last(with, trial->way, strstr(trial->word, "PRACTICE") != NULL);
    return after == wanted ? EXACT : WRONG;
}

/* How often the practice was asked whether to withdraw, since a row of the trace. */
static size_t prompts(size_t since)
{
    size_t count = 0;

    for (size_t i = since; i < play.row_count; i++)
        count += play.row[i].event == SCH_TRACE_OFFERED && play.row[i].kind == SCH_KIND_REMINDER;
    return count;
}

static enum fit judge_other(const struct trial *trial, enum fit fit, size_t rows)
{
    bool undecided = trial->phase >= SCH_PHASE_SENT && trial->phase <= SCH_PHASE_INTAKE_PLANNED;

    if (trial->type == SCH_EVENT_DUE && play.row_count == rows)
        return NOT_THERE;               /* nothing fired */
    if (trial->type >= SCH_EVENT_FOLLOW && trial->phase == SCH_PHASE_NONE &&
        (trial->type == SCH_EVENT_SIBLING || play.code == SCH_E_UNKNOWN_DOSSIER))
        return NOT_THERE;               /* nothing was stepped */
    if (trial->type == SCH_EVENT_SIBLING && prompts(rows) != undecided)
        return WRONG;
    return fit;
}

static enum fit try(const struct sch_book *with, const struct trial *trial)
{
    const char *label = sch_step_cell(trial->phase, trial->type, trial->kind);
    enum play_setting setting = setting_of(trial->type, trial->kind);
    const char *way = setting_in(trial->way, &setting);
    enum sch_phase after;
    enum fit fit;
    size_t rows;
    int code;

    if (way != trial->way && setting_of(trial->type, trial->kind) != PLAY_CARE)
        return NOT_THERE;
    play_open(&play, with, setting);
    if (!play_words(&play, way) || play_phase(&play) != trial->phase) {
        fit = play.code == SCH_E_NOT_ALLOWED ? SHUT : NOT_THERE;
            return fit;
    }
    play_read(&play);
    rows = play.row_count;
    code = play_word(&play, trial->word);
    after = play_phase(&play);
    play_read(&play);
    if (strcmp(label, "replay") == 0)
        fit = judge_correction(trial, with, after);
    else
        fit = judge_other(trial, judge(trial, label, code, after), rows);
    if (fit == WRONG)
        print_error("%s, then %s: the table says %s, and it is %s in %s\n", trial->way, trial->word, label,
                    code == SCH_OK ? "taken" : sch_error_name((enum sch_error_code)code),
                    sch_code_name(SCH_SET_PHASE, after));
    return fit;
}

static enum fit try_all(const struct sch_book *with, enum sch_event_type type, enum sch_kind kind,
                        enum sch_phase phase)
{
    const char *const *words = type == SCH_EVENT_SUBMIT ? ways_to_say[kind] : ways_to_happen[type];
    const char *plain[2] = { sch_code_name(SCH_SET_KIND, kind), NULL };
    enum fit best = NOT_THERE;

    if (words[0] == NULL)
        words = plain;
    for (size_t w = 0; w < WAYS_MAX && ways_into[phase][w] != NULL; w++)
        for (size_t i = 0; i < WAYS_MAX && words[i] != NULL; i++) {
            struct trial trial = { type, kind, phase, ways_into[phase][w], words[i] };
            enum fit fit = try(with, &trial);

            if (fit == WRONG)
                return WRONG;
            best = fit > best ? fit : best;
        }
    return best;
}

/* ---- the table ---------------------------------------------------------------------------------- */

static size_t reached, under_open_permits, wrong;
static char opened[1024];               /* which cells only open permits reach */

static void check(enum sch_event_type type, enum sch_kind kind, enum sch_phase phase)
{
    const char *reason = reason_for(type, kind, phase);
    const char *what = type == SCH_EVENT_SUBMIT ? sch_code_name(SCH_SET_KIND, kind) : ways_to_happen[type][0];
    enum fit fit = try_all(book, type, kind, phase);

    if (fit != EXACT && fit != WRONG) {
        fit = try_all(open_book, type, kind, phase);
        under_open_permits += fit == EXACT;
        if (fit == EXACT)
            snprintf(opened + strlen(opened), sizeof opened - strlen(opened), "  %s in %s\n", what,
                     sch_code_name(SCH_SET_PHASE, phase));
    }
    reached += fit == EXACT;
    if (fit == EXACT ? reason == NULL : fit != WRONG && reason != NULL)
        return;
    wrong++;
    print_error("%s in %s (%s): %s\n", what, sch_code_name(SCH_SET_PHASE, phase),
                sch_step_cell(phase, type, kind),
                fit == EXACT   ? "listed as unreachable, and reached"
                : fit == WRONG ? "not as the table says"
                               : "not reached, and not listed with a reason");
}

static void test_submissions(void **state)
{
    (void)state;
    wrong = 0;
    for (int kind = SCH_KIND_UNSPECIFIED + 1; kind < SCH_KIND_COUNT; kind++)
        for (int phase = 0; phase < SCH_PHASE_COUNT; phase++)
            check(SCH_EVENT_SUBMIT, (enum sch_kind)kind, (enum sch_phase)phase);
    assert_int_equal(wrong, 0);
}

static void test_other_events(void **state)
{
    (void)state;
    wrong = 0;
    for (int type = SCH_EVENT_SUBMIT + 1; type < SCH_EVENT_TYPE_COUNT; type++)
        for (int phase = 0; phase < SCH_PHASE_COUNT; phase++)
            check((enum sch_event_type)type, SCH_KIND_UNSPECIFIED, (enum sch_phase)phase);
    assert_int_equal(wrong, 0);
}

static void test_every_cell_was_judged(void **state)
{
    (void)state;
    print_message(
        "cells: %zu reached, %zu of them only under permits that allow everything; %zu unreachable (named)\n",
        reached, under_open_permits, UNREACHABLE);
    print_message("only under permits that allow everything:\n%s", opened);
    for (size_t i = 0; i < UNREACHABLE; i++)
        print_message("unreachable: %s in %s: %s\n",
                      unreachable[i].type == SCH_EVENT_SUBMIT
                          ? sch_code_name(SCH_SET_KIND, unreachable[i].kind)
                          : ways_to_happen[unreachable[i].type][0],
                      sch_code_name(SCH_SET_PHASE, unreachable[i].phase), unreachable[i].reason);
    assert_int_equal(reached + UNREACHABLE,
                     SCH_PHASE_COUNT * (SCH_KIND_COUNT - 1 + SCH_EVENT_TYPE_COUNT - 1 - SCH_EVENT_SUBMIT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submissions),
        cmocka_unit_test(test_other_events),
        cmocka_unit_test(test_every_cell_was_judged),
    };
    int failed;

    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    book = sch_region_sim_book();
    open_book = sch_region_sim_book();
    memset(open_book->permits.allowed, 0xff, sizeof open_book->permits.allowed);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    play_close(&play);
    play_close(&other);
    sch_region_sim_book_free(book);
    sch_region_sim_book_free(open_book);
    return failed;
}
