/* story.c: replays a trace. Contract in story.h. */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "names.h"
#include "output.h"
#include "words.h"

static bool same_id(const struct sch_id *a, const struct sch_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- promises ----------------------------------------------------------------------------------- */

static struct sch_promise *find_promise(const struct sch_story *story, const struct sch_trace_row *row)
{
    for (size_t i = story->promise_count; i-- > 0;) {
        struct sch_promise *promise = &story->promise[i];
        if (promise->expectation == row->expectation && same_id(&promise->opened_by, &row->message) &&
            strcmp(promise->debtor.text, row->party.text) == 0)
            return promise;
    }
    return NULL;
}

/* The kind of a message, from the row that stored or laid it down. */
static enum sch_kind kind_of(const struct sch_trace_row *rows, size_t count, const struct sch_id *message)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind != SCH_KIND_UNSPECIFIED && same_id(&rows[i].message, message) &&
            rows[i].event != SCH_TRACE_REPORTED)
            return rows[i].kind;
    return SCH_KIND_UNSPECIFIED;
}

static void replay(struct sch_story *story, const struct sch_trace_row *rows, size_t count,
                   const struct sch_trace_row *row)
{
    struct sch_promise *promise = find_promise(story, row);
    if (row->event == SCH_TRACE_OPENED) {
        story->promise[story->promise_count++] =
            (struct sch_promise){ .expectation = row->expectation,
                                  .opened_by = row->message,
                                  .debtor = row->party,
                                  .kind = kind_of(rows, count, &row->message),
                                  .standing = SCH_STANDING_OPEN,
                                  .opened_ms = row->at_ms,
                                  .norm_due_ms = row->due_ms,
                                  .due_ms = row->due_ms };
        return;
    }
    if (promise == NULL)
        return;
    if (row->event == SCH_TRACE_MOVED || row->event == SCH_TRACE_REOPENED)
        promise->due_ms = row->due_ms;
    /* Later than the norm is an announced wait; earlier is the norm itself, moved by the intake's date. */
    if (promise->due_ms < promise->norm_due_ms)
        promise->norm_due_ms = promise->due_ms;
    if (row->event != SCH_TRACE_ALERTED && row->standing != 0)
        promise->standing = row->standing;
}

static bool is_open(const struct sch_promise *promise)
{
    return promise->standing == SCH_STANDING_OPEN || promise->standing == SCH_STANDING_INCOMPLETE;
}

/* ---- lines -------------------------------------------------------------------------------------- */

/* Said to the ledger, and to nobody's mailbox. */
static bool acts_on_ledger(enum sch_kind kind)
{
    return kind == SCH_KIND_NOTE || kind == SCH_KIND_SNOOZE || kind == SCH_KIND_WAIVER;
}

/* The reason that a row of an act carries; NULL: none. */
static const char *reason_of(const struct sch_trace_row *row)
{
    static const struct {
        enum sch_kind kind;
        enum sch_code_set set;
    } reasons[] = { { SCH_KIND_NOTE, SCH_SET_NOTED },      { SCH_KIND_SNOOZE, SCH_SET_SNOOZED },
                    { SCH_KIND_WAIVER, SCH_SET_WAIVED },   { SCH_KIND_TAKEN_UP, SCH_SET_TAKEN },
                    { SCH_KIND_REFUSAL, SCH_SET_REFUSAL }, { SCH_KIND_WITHDRAWAL, SCH_SET_WITHDRAWN } };
    for (size_t i = 0; row->code != 0 && i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].kind == row->kind && sch_code_valid(reasons[i].set, row->code))
            return sch_code_dutch(reasons[i].set, row->code);
    return NULL;
}

/* The word for an event, and whether only --all shows it. NULL: never shown. */
static const char *word_of(const struct sch_trace_row *row, bool *ledger_only)
{
    /* What becomes of the broker's own messages is its own business: that they were made is told already. */
    *ledger_only = row->event != SCH_TRACE_REPORTED &&
                   (row->kind == SCH_KIND_REMINDER || row->kind == SCH_KIND_DELIVERY_REPORT);
    switch (row->event) {
    case SCH_TRACE_STORED: return acts_on_ledger(row->kind) ? "vastgelegd" : "verzonden";
    case SCH_TRACE_SNOOZED: return "uitgesteld";
    case SCH_TRACE_BREACH: return "datalek?";
    case SCH_TRACE_COLLECTED: return "opgehaald";
    case SCH_TRACE_REFUSED_BY_SYSTEM: return "geweigerd";
    case SCH_TRACE_EXPIRED: return "verlopen";
    case SCH_TRACE_WITHDRAWN: return "ingetrokken";
    case SCH_TRACE_REPORTED: return "gemeld";
    case SCH_TRACE_ALERTED: return sch_code_dutch(SCH_SET_STEP, row->step);
    case SCH_TRACE_REOPENED: return "heropend";
    case SCH_TRACE_MOVED: return "verzet";
    default: break;
    }
    *ledger_only = true;
    switch (row->event) {
    case SCH_TRACE_OFFERED: return "klaargezet";
    case SCH_TRACE_PHASE: return "fase";
    case SCH_TRACE_OPENED: return "geopend";
    case SCH_TRACE_CLOSED: return sch_code_dutch(SCH_SET_STANDING, row->standing);
    case SCH_TRACE_BODY_DESTROYED: return "brief vernietigd";
    default: return NULL;
    }
}

/* "bericht na intake", or for E1 "ophalen: verwijsbrief". */
static void name_promise(unsigned expectation, enum sch_kind kind, char *text, size_t size)
{
    if (expectation == 1 && kind != SCH_KIND_UNSPECIFIED)
        snprintf(text, size, "ophalen: %s", sch_code_dutch(SCH_SET_KIND, kind));
    else
        snprintf(text, size, "%s", sch_words_awaited(expectation));
}

static void describe(const struct sch_story *story, const struct sch_trace_row *row, int32_t today,
                     char *text, size_t size)
{
    char day[SCH_TIME_SIZE];
    char name[96] = "";
    text[0] = '\0';
    if (row->expectation != 0) {
        const struct sch_promise *promise = find_promise(story, row);
        name_promise(row->expectation, promise != NULL ? promise->kind : SCH_KIND_UNSPECIFIED, name,
                     sizeof name);
    }
    switch (row->event) {
    case SCH_TRACE_PHASE: snprintf(text, size, "%s", sch_code_dutch(SCH_SET_PHASE, row->phase)); break;
    case SCH_TRACE_REPORTED: snprintf(text, size, "%s", sch_code_dutch(SCH_SET_CAUSE, row->code)); break;
    case SCH_TRACE_OPENED:
    case SCH_TRACE_MOVED:
    case SCH_TRACE_REOPENED:
        snprintf(text, size, "%s (%s %s)", name, row->event == SCH_TRACE_MOVED ? "nu" : "norm",
                 sch_time_dutch_day(sch_day_of_ms(row->due_ms - 1), today, day));
        break;
    case SCH_TRACE_SNOOZED:
        snprintf(text, size, "%s (t/m %s)", name,
                 sch_time_dutch_day(sch_day_of_ms(row->due_ms - 1), today, day));
        break;
    case SCH_TRACE_CLOSED:
    case SCH_TRACE_ALERTED: snprintf(text, size, "%s", name); break;
    default: {
        const char *reason = row->event == SCH_TRACE_STORED ? reason_of(row) : NULL;
        if (row->kind != SCH_KIND_UNSPECIFIED)
            snprintf(text, size, "%s%s%s", sch_code_dutch(SCH_SET_KIND, row->kind),
                     reason != NULL ? ": " : "", reason != NULL ? reason : "");
        break;
    }
    }
}

static void await(const struct sch_promise *promise, int64_t now_ms, struct sch_story_line *line)
{
    char name[96];
    char norm[SCH_TIME_SIZE];
    char due[SCH_TIME_SIZE];
    int32_t today = sch_day_of_ms(now_ms);
    bool late = promise->due_ms <= now_ms;
    name_promise(promise->expectation, promise->kind, name, sizeof name);
    sch_time_dutch_day(sch_day_of_ms(promise->norm_due_ms - 1), today, norm);
    sch_time_dutch_day(sch_day_of_ms(promise->due_ms - 1), today, due);
    *line = (struct sch_story_line){
        .at_ms = promise->due_ms, .row = -1, .party = promise->debtor, .word = late ? "ontbreekt" : "verwacht"
    };
    snprintf(line->what, sizeof line->what, "%s (%snorm %s%s%s)", name,
             promise->standing == SCH_STANDING_INCOMPLETE ? "onvolledig; " : "", norm,
             promise->due_ms > promise->norm_due_ms ? ", aangekondigd " : "",
             promise->due_ms > promise->norm_due_ms ? due : "");
}

static int by_time(const void *left, const void *right)
{
    const struct sch_story_line *a = left;
    const struct sch_story_line *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    /* At one moment what is missing comes before what was then done about it. */
    return (a->row > b->row) - (a->row < b->row);
}

bool sch_story_tell(struct sch_story *story, const struct sch_trace_row *rows, size_t count, bool all,
                    int64_t now_ms)
{
    *story = (struct sch_story){ .promise_count = 0 };
    story->promise = calloc(count + 1, sizeof *story->promise);
    story->line = calloc(2 * count + 1, sizeof *story->line);
    if (story->promise == NULL || story->line == NULL) {
        sch_story_close(story);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool ledger_only = false;
        const char *word = word_of(&rows[i], &ledger_only);
        if (rows[i].expectation != 0)
            replay(story, rows, count, &rows[i]);
        if (word == NULL || (ledger_only && !all))
            continue;
        struct sch_story_line *line = &story->line[story->line_count++];
        *line = (struct sch_story_line){
            .at_ms = rows[i].at_ms, .row = (long)i, .party = rows[i].party, .word = word
        };
        describe(story, &rows[i], sch_day_of_ms(now_ms), line->what, sizeof line->what);
    }
    for (size_t i = 0; i < story->promise_count; i++)
        if (is_open(&story->promise[i]))
            await(&story->promise[i], now_ms, &story->line[story->line_count++]);
    qsort(story->line, story->line_count, sizeof *story->line, by_time);
    return true;
}

void sch_story_close(struct sch_story *story)
{
    free(story->promise);
    free(story->line);
    *story = (struct sch_story){ .promise_count = 0 };
}
