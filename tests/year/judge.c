/* judge.c: the worklist. Rows are compared as sorted lists, so that none is missing, double or invented. */
#include "judge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_own.h"
#include "ladder.h"

/* A row as both sides write it. */
struct row {
    int32_t dossier;
    int number;
    const char *debtor;
    char text[SCH_ADDRESS_MAX + 1];     /* debtor's storage, on the broker's side */
    int64_t opened_ms, due_ms, norm_due_ms;
    enum sch_standing standing;
    enum sch_silence silence;
    enum sch_ladder step;
    enum sch_term term;
    int64_t from_ms;
    bool overdue;
};

struct rows {
    struct row *row;
    size_t count, room;
};

static struct row *add(struct rows *rows)
{
    if (rows->count == rows->room) {
        rows->room = rows->room == 0 ? 4096 : 2 * rows->room;
        rows->row = realloc(rows->row, rows->room * sizeof *rows->row);
        assert(rows->row != NULL);
    }
    memset(&rows->row[rows->count], 0, sizeof *rows->row);
    return &rows->row[rows->count++];
}

#define ORDER(a, b) do { if ((a) != (b)) return (a) < (b) ? -1 : 1; } while (0)

/* Which promise it is; then how it stands. */
static int same_promise(const struct row *x, const struct row *y)
{
    ORDER(x->dossier, y->dossier);
    ORDER(x->number, y->number);
    /* What waits for a broker that comes back is done within a minute. */
    ORDER(x->opened_ms / ALMANAC_SLOT_MS, y->opened_ms / ALMANAC_SLOT_MS);
    return strcmp(x->debtor, y->debtor);
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = same_promise(x, y);

    if (order != 0)
        return order;
    ORDER(x->due_ms, y->due_ms);
    ORDER(x->norm_due_ms, y->norm_due_ms);
    ORDER(x->standing, y->standing);
    ORDER(x->silence, y->silence);
    ORDER(x->step, y->step);
    ORDER(almanac_day_of(x->from_ms), almanac_day_of(y->from_ms));
    ORDER(x->term, y->term);
    ORDER(x->overdue, y->overdue);
    return 0;
}

static void sort(struct rows *rows)
{
    if (rows->count == 0)
        return;
    qsort(rows->row, rows->count, sizeof *rows->row, compare);
    for (size_t i = 0; i < rows->count; i++)
        if (rows->row[i].text[0] != '\0')
            rows->row[i].debtor = rows->row[i].text;
}

/* ---- what must be there --------------------------------------------------------------------------- */

static enum sch_silence undecided(const struct ledger_phase *phase)
{
    if (phase->refusals >= 2)
        return SCH_SILENCE_NOWHERE_PLACED;
    return phase->received ? SCH_SILENCE_NOT_DECIDED : SCH_SILENCE_NOT_COLLECTED;
}

enum sch_silence own_silence(const struct ledger_promise *promise, const struct ledger_change *change,
                             const struct ledger_phase *phase)
{
    bool sent = phase->phase == SCH_PHASE_SENT;

    if (change->standing == SCH_STANDING_INCOMPLETE)
        return SCH_SILENCE_INCOMPLETE;
    switch (promise->number) {
    case 1: return SCH_SILENCE_NOT_COLLECTED;
    case 2: case 3: return undecided(phase);
    case 4: case 5: return sent ? undecided(phase) : SCH_SILENCE_NO_APPOINTMENT;
    case 6: return SCH_SILENCE_NO_INTAKE_REPORT;
    case 7:
        return sent                                    ? undecided(phase)
               : phase->phase == SCH_PHASE_ACCEPTED ? SCH_SILENCE_NO_APPOINTMENT
                                                       : SCH_SILENCE_NOT_STARTED;
    case 8: return SCH_SILENCE_NO_PROGRESS_LETTER;
    case 9: return SCH_SILENCE_NO_DISCHARGE_LETTER;
    case 10: return phase->refusals >= 2 ? SCH_SILENCE_NOWHERE_PLACED : SCH_SILENCE_NOT_TAKEN_UP;
    case 11: return SCH_SILENCE_NO_INFORMATION;
    case 12: return SCH_SILENCE_NO_TEAM_RESULT;
    case 13: return SCH_SILENCE_NO_ADVICE;
    case 14: return SCH_SILENCE_NO_CONSULT_REPLY;
    default: return SCH_SILENCE_NO_CARE_REPORT;
    }
}

static enum sch_ladder step_at(const struct ledger *ledger, const struct ledger_promise *promise, int64_t at_ms)
{
    struct ladder ladder = ladder_climb(ledger, promise);
    enum sch_ladder step = SCH_STEP_NONE;

    for (enum sch_ladder i = SCH_STEP_REMINDED; i <= SCH_STEP_ESCALATED; i++)
        if (ladder.at_ms[i] != 0 && ladder.at_ms[i] <= at_ms)
            step = i;
    return step;
}

/* Under three quarters of the term, from there, past the due, twice the term. */
static enum sch_term term_of(const struct row *row, int64_t at_ms)
{
    int64_t term_ms = row->due_ms - row->from_ms, past_ms = at_ms - row->from_ms;

    if (at_ms >= row->due_ms)
        return past_ms >= 2 * term_ms ? SCH_TERM_FAR_OVER : SCH_TERM_OVER;
    return past_ms * 4 >= term_ms * 3 ? SCH_TERM_NEAR : SCH_TERM_WITHIN;
}

/* A no-show is the patient's: the coordinator sees that an appointment is awaited. */
static int shown_number(int number)
{
    return number == 5 ? 4 : number;
}

/* ... with norm and beginning of the appointment's own promise, or these would tell. */
static void disguise(const struct ledger *ledger, const struct ledger_dossier *dossier, struct row *row)
{
    for (int32_t p = dossier->first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];

        if (promise->number != 4 || ledger->change[promise->last].standing == SCH_STANDING_CANCELLED)
            continue;
        row->opened_ms = promise->opened_ms;
        row->from_ms = promise->from_ms;
        row->norm_due_ms = ledger->change[promise->last].norm_due_ms;
    }
}

static void expect(const struct ledger *ledger, int64_t at_ms, struct rows *rows)
{
    for (int32_t p = 0; p < ledger->promise_count; p++) {
        const struct ledger_promise *promise = &ledger->promise[p];
        const struct ledger_dossier *dossier = &ledger->dossier[promise->dossier];
        const struct ledger_change *change = ledger_change_at(ledger, promise, at_ms);
        struct row *row;

        if (!ledger_is_owed(change) || !dossier->judged)
            continue;
        row = add(rows);
        row->dossier = promise->dossier;
        row->number = shown_number(promise->number);
        row->debtor = ledger->region->party[promise->debtor].organisation.text;
        row->opened_ms = promise->opened_ms;
        row->due_ms = change->due_ms;
        row->norm_due_ms = change->norm_due_ms;
        row->standing = change->standing;
        row->silence = own_silence(promise, change, ledger_phase_at(ledger, dossier, at_ms));
        row->step = step_at(ledger, promise, at_ms);
        row->overdue = change->due_ms <= at_ms;
        row->from_ms = change->from_ms;
        if (promise->number == 5)
            disguise(ledger, dossier, row);
        row->term = term_of(row, at_ms);
    }
    sort(rows);
}

/* ---- what is there -------------------------------------------------------------------------------- */

static void take(struct play *play, const struct sch_page *page, struct rows *rows)
{
    for (size_t i = 0; i < page->unanswered_count; i++) {
        const struct sch_unanswered_row *from = &page->unanswered[i];
        int32_t opening = play_message(play, &from->dossier);
        struct row *row;

        if (opening < 0) {
            play_violation(play, "the worklist has a dossier that nobody opened");
            continue;
        }
        row = add(rows);
        row->dossier = play->ledger->message[opening].dossier;
        row->number = (int)from->expectation;
        memcpy(row->text, from->debtor.text, sizeof row->text);
        row->opened_ms = from->opened_ms;
        row->due_ms = from->due_ms;
        row->norm_due_ms = from->norm_due_ms;
        row->standing = from->standing;
        row->silence = from->silence;
        row->step = from->step;
        row->from_ms = from->from_ms;
        row->term = from->term_state;
        row->overdue = from->overdue;
    }
    for (size_t i = 0; i < rows->count; i++)
        rows->row[i].debtor = rows->row[i].text;
}

static void ask(struct play *play, struct sch_query query, struct rows *rows)
{
    const struct sch_page *page;

    query.type = SCH_QUERY_UNANSWERED;
    query.limit = SCH_PAGE_ROWS_MAX;
    do {
        page = play_ask(play, play->ledger->region->coordinator[0], &query);
        if (page == NULL)
            return;
        take(play, page, rows);
        query.cursor_size = page->cursor_size;
        memcpy(query.cursor, page->cursor, sizeof query.cursor);
    } while (query.cursor_size > 0);
    sort(rows);
}

/* ---- the comparison ------------------------------------------------------------------------------- */

static void complain(struct play *play, const char *what, const struct row *row)
{
    const struct ledger_dossier *dossier = &play->ledger->dossier[row->dossier];

    play_violation(play, "at %s %s: dossier %d (kind %d) E%d of %s, opened %s, norm %s, due %s, standing %d, silence %d, "
                         "step %d, counts from %s%s", play_moment(sch_clock_civil_ms(play->clock)), what, row->dossier,
                   (int)dossier->kind, row->number, row->debtor, play_moment(row->opened_ms),
                   play_moment(row->norm_due_ms), play_moment(row->due_ms), (int)row->standing, (int)row->silence,
                   (int)row->step, play_moment(row->from_ms), row->overdue ? ", overdue" : "");
}

static void hold_together(struct play *play, const struct rows *want, const struct rows *have)
{
    size_t i = 0, k = 0;

    while (i < want->count || k < have->count) {
        int order = i == want->count   ? 1
                    : k == have->count ? -1
                                       : same_promise(&want->row[i], &have->row[k]);

        if (order < 0) {
            complain(play, "missing", &want->row[i++]);
        } else if (order > 0) {
            complain(play, "invented", &have->row[k++]);
        } else {
            if (compare(&want->row[i], &have->row[k]) != 0) {
                complain(play, "differs, is ", &have->row[k]);
                complain(play, "     must be", &want->row[i]);
            }
            i++;
            k++;
        }
    }
}

static void count_overdue(const struct rows *rows, uint64_t count[SCH_SILENCE_COUNT])
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->row[i].overdue && (unsigned)rows->row[i].silence < SCH_SILENCE_COUNT)
            count[rows->row[i].silence]++;
}

/* ---- planted silences ----------------------------------------------------------------------------- */

/* An overdue row of this dossier and number. */
static bool is_shown(const struct rows *rows, int32_t dossier, int number, enum sch_silence silence)
{
    size_t low = 0, high = rows->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (rows->row[middle].dossier < dossier)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < rows->count && rows->row[low].dossier == dossier; low++)
        if (rows->row[low].number == number && rows->row[low].silence == silence && rows->row[low].overdue)
            return true;
    return false;
}

static void judge_planted(struct judge *judge, struct play *play, const struct rows *want, const struct rows *have)
{
    const struct ledger *ledger = play->ledger;

    for (int32_t i = 0; i < ledger->plant_count; i++) {
        const struct ledger_plant *plant = &ledger->plant[i];
        int number = shown_number(plant->number);
        int32_t p = ledger_owed(ledger, plant->dossier, plant->number);

        if (p < 0 || !ledger->dossier[plant->dossier].judged ||
            ledger->change[ledger->promise[p].last].due_ms > sch_clock_civil_ms(play->clock))
            continue;                   /* waived since, or not late yet */
        judge->planted[plant->silence]++;
        if (is_shown(have, plant->dossier, number, plant->silence))
            judge->found[plant->silence]++;
        else if (!is_shown(want, plant->dossier, number, plant->silence))
            play_violation(play, "dossier %d: a silence %d was planted on E%d that the ledger does not know",
                           plant->dossier, (int)plant->silence, plant->number);
    }
}

/* Each silence asked for by itself gives its part of the whole list. */
static void judge_filters(struct play *play, const struct rows *want)
{
    for (enum sch_silence silence = 1; silence < SCH_SILENCE_COUNT; silence++) {
        struct sch_query query = { .only = { .silence = silence }, .overdue_only = true };
        struct rows part = { NULL, 0, 0 }, have = { NULL, 0, 0 };

        for (size_t i = 0; i < want->count; i++)
            if (want->row[i].silence == silence && want->row[i].overdue)
                *add(&part) = want->row[i];
        ask(play, query, &have);
        if (part.count != have.count)
            play_violation(play, "asked for silence %d only: %zu rows of %zu", (int)silence, have.count, part.count);
        free(part.row);
        free(have.row);
    }
}

void judge_worklist(struct judge *judge, struct play *play, bool last)
{
    struct rows want = { NULL, 0, 0 }, have = { NULL, 0, 0 };
    struct sch_query query = { .overdue_only = false };

    expect(play->ledger, sch_clock_civil_ms(play->clock), &want);
    ask(play, query, &have);
    hold_together(play, &want, &have);
    count_overdue(&want, judge->owed);
    count_overdue(&have, judge->shown);
    judge->looks++;
    judge->rows += have.count;
    if (last) {
        judge_planted(judge, play, &want, &have);
        judge_filters(play, &want);
    }
    free(want.row);
    free(have.row);
}
