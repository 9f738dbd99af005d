/*
 * trace.c: scharnier referral trace: the story of one referral, or of a whole chain, in Dutch, for whoever
 * chases it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "referral.h"
#include "story.h"
#include "words.h"
#include "worklist.h"

struct trace {
    struct sch_trace_row *row;
    size_t count;
    bool failed;
};

static bool take_rows(void *context, const struct sch_page *page)
{
    struct trace *trace = context;
    struct sch_trace_row *grown = realloc(trace->row, (trace->count + page->trace_count + 1) * sizeof *grown);
    trace->failed = grown == NULL;
    if (trace->failed)
        return false;
    trace->row = grown;
    if (page->trace_count > 0)
        memcpy(trace->row + trace->count, page->trace, page->trace_count * sizeof *grown);
    trace->count += page->trace_count;
    return true;
}

/* ---- for people --------------------------------------------------------------------------------- */

/* Days that what the receiver owes most overdue is past its norm; 0: nothing is. */
static int days_over_norm(const struct sch_dossier_row *row, const struct sch_story *story, int64_t now_ms)
{
    int most = 0;
    for (size_t i = 0; i < story->promise_count; i++) {
        const struct sch_promise *promise = &story->promise[i];
        bool open = promise->standing == SCH_STANDING_OPEN || promise->standing == SCH_STANDING_INCOMPLETE;
        int days = sch_day_of_ms(now_ms) - sch_day_of_ms(promise->norm_due_ms - 1);
        if (open && strcmp(promise->debtor.text, row->receiver.text) == 0 && promise->norm_due_ms <= now_ms &&
            days > most)
            most = days;
    }
    return most;
}

static void print_head(struct sch_cli *cli, const struct sch_dossier_row *row, const struct sch_story *story,
                       int64_t now_ms)
{
    const struct sch_party *referrer = sch_cli_party(cli, row->referrer.text);
    int over = days_over_norm(row, story, now_ms);
    printf("%s   %s → %s   dag %d   %s", row->kenmerk,
           sch_worklist_echelon(referrer != NULL ? referrer->kind : SCH_PARTY_UNSPECIFIED),
           sch_worklist_echelon(row->echelon), (int)(sch_day_of_ms(now_ms) - sch_day_of_ms(row->opened_ms)),
           sch_code_dutch(SCH_SET_PHASE, row->phase));
    if (over > 0)
        printf("   %d dag%s over norm", over, over == 1 ? "" : "en");
    if (row->breach)
        printf("   mogelijk datalek");
    putchar('\n');
}

static void print_story(struct sch_cli *cli, const struct sch_story *story, int64_t now_ms)
{
    struct sch_table table = { .columns = 4 };
    char at[SCH_TIME_SIZE];
    for (size_t i = 0; i < story->line_count; i++) {
        const struct sch_story_line *line = &story->line[i];
        const char *text[] = { line->row < 0 ? "—" : sch_time_dutch(line->at_ms, now_ms, at), line->word,
                               line->what, sch_cli_name(cli, line->party.text) };
        if (!sch_table_add(&table, text))
            break;
    }
    sch_table_print(&table, false, stdout);
    sch_table_free(&table);
}

/* ---- for programs ------------------------------------------------------------------------------- */

/* Names of EVENT_… in scharnier.proto, in its order. */
static const char *event_name(enum sch_trace_event event)
{
    static const char *const names[] = {
        "UNSPECIFIED",    "STORED",   "OFFERED", "COLLECTED", "REFUSED_BY_SYSTEM", "EXPIRED",  "WITHDRAWN",
        "PHASE",          "OPENED",   "MOVED",   "CLOSED",    "REOPENED",          "ALERTED",  "REPORTED",
        "BODY_DESTROYED", "REJECTED", "READ",    "STARTED",   "STOPPED",           "RELOADED", "BREACH",
        "SNOOZED",        "PURGED",
    };
    return (size_t)event < sizeof names / sizeof names[0] ? names[event] : "UNSPECIFIED";
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static json_t *event_json(const struct sch_trace_row *row)
{
    char text[SCH_ID_TEXT_SIZE];
    json_t *object =
        json_pack("{s:I,s:o,s:s,s:s}", "sequence", (json_int_t)row->sequence, "at", sch_time_json(row->at_ms),
                  "event", event_name(row->event), "party", row->party.text);
    if (object == NULL)
        return NULL;
    if (!sch_id_is_none(&row->message)) {
        sch_id_text(&row->message, text);
        set_text(object, "message", text);
    }
    if (row->kind != SCH_KIND_UNSPECIFIED)
        set_text(object, "kind", sch_code_name(SCH_SET_KIND, row->kind));
    if (row->expectation != 0) {
        snprintf(text, sizeof text, "E%u", row->expectation);
        set_text(object, "expectation", text);
        json_object_set_new(object, "due", sch_time_json(row->due_ms));
    }
    if (row->standing != 0)
        set_text(object, "standing", sch_code_name(SCH_SET_STANDING, row->standing));
    if (row->step != SCH_STEP_NONE)
        set_text(object, "step", sch_code_name(SCH_SET_STEP, row->step));
    set_text(object, "phase", sch_code_name(SCH_SET_PHASE, row->phase));
    if (row->code != 0)
        json_object_set_new(object, "code", json_integer(row->code));
    return object;
}

static json_t *promise_json(const struct sch_promise *promise, int64_t now_ms)
{
    char opened_by[SCH_ID_TEXT_SIZE];
    char expectation[16];
    sch_id_text(&promise->opened_by, opened_by);
    snprintf(expectation, sizeof expectation, "E%u", promise->expectation);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:b}", "expectation", expectation, "awaited",
                     sch_words_awaited(promise->expectation), "debtor", promise->debtor.text, "opened_by",
                     opened_by, "standing", sch_code_name(SCH_SET_STANDING, promise->standing), "opened",
                     sch_time_json(promise->opened_ms), "norm_due", sch_time_json(promise->norm_due_ms),
                     "due", sch_time_json(promise->due_ms), "overdue", promise->due_ms <= now_ms);
}

/* One dossier with its events and what it awaits. */
static json_t *trace_json(const struct sch_dossier_row *row, const struct trace *trace,
                          const struct sch_story *story, int64_t now_ms)
{
    json_t *object = sch_referral_json(row);
    json_t *events = json_array();
    json_t *awaited = json_array();
    for (size_t i = 0; i < trace->count; i++)
        json_array_append_new(events, event_json(&trace->row[i]));
    for (size_t i = 0; i < story->promise_count; i++)
        if (story->promise[i].standing <= SCH_STANDING_INCOMPLETE)
            json_array_append_new(awaited, promise_json(&story->promise[i], now_ms));
    if (object != NULL) {
        (void)json_object_set_new(object, "at", sch_time_json(now_ms));
        (void)json_object_set(object, "events", events);
        (void)json_object_set(object, "awaited", awaited);
    }
    json_decref(events);
    json_decref(awaited);
    return object;
}

/* ---- one dossier --------------------------------------------------------------------------------- */

/* Asks for a dossier's trace and tells it: printed, or with --json given in *object. */
static int tell(struct sch_cli *cli, const struct sch_dossier_row *row, json_t **object, sch_error *error)
{
    struct trace trace = { .count = 0 };
    struct sch_story story = { .line_count = 0 };
    struct sch_query query = { .type = SCH_QUERY_TRACE, .dossier = row->dossier, .limit = SCH_PAGE_ROWS_MAX };
    int code = sch_cli_ask(cli, &query, take_rows, &trace, error);
    int64_t now_ms = code == SCH_OK ? sch_now_ms(cli->client) : 0;
    if (code == SCH_OK &&
        (trace.failed || !sch_story_tell(&story, trace.row, trace.count, sch_cli_is(cli, "all"), now_ms)))
        code = sch_fail(error, SCH_E_NO_MEMORY, "%zu events", trace.count);
    if (code == SCH_OK && cli->json) {
        *object = trace_json(row, &trace, &story, now_ms);
    } else if (code == SCH_OK) {
        if (cli->headers)
            print_head(cli, row, &story, now_ms);
        print_story(cli, &story, now_ms);
    }
    sch_story_close(&story);
    free(trace.row);
    return code;
}

/* ---- a chain ------------------------------------------------------------------------------------- */

struct chain {
    struct sch_dossier_row *row;
    size_t count;
    bool failed;
};

static bool take_dossiers(void *context, const struct sch_page *page)
{
    struct chain *chain = context;
    struct sch_dossier_row *grown =
        realloc(chain->row, (chain->count + page->dossier_count + 1) * sizeof *grown);
    chain->failed = grown == NULL;
    if (chain->failed)
        return false;
    chain->row = grown;
    if (page->dossier_count > 0)
        memcpy(chain->row + chain->count, page->dossiers, page->dossier_count * sizeof *grown);
    chain->count += page->dossier_count;
    return true;
}

static void print_chain_head(struct sch_cli *cli, const struct chain *chain)
{
    const struct sch_dossier_row *last = &chain->row[chain->count - 1];
    uint32_t refusals = 0;
    for (size_t i = 0; i < chain->count; i++)
        refusals = chain->row[i].refusals > refusals ? chain->row[i].refusals : refusals;
    int64_t began_ms = last->chain_ms > 0 ? last->chain_ms : chain->row[0].opened_ms;
    if (cli->headers)
        printf("keten van %zu verwijzing%s   dag %d   %u keer afgewezen\n", chain->count,
               chain->count == 1 ? "" : "en", sch_worklist_days(began_ms, sch_now_ms(cli->client)), refusals);
}

static int tell_chain(struct sch_cli *cli, const struct sch_dossier_row *row, sch_error *error)
{
    struct chain chain = { .count = 0 };
    struct sch_query query = { .type = SCH_QUERY_CHAIN, .dossier = row->dossier, .limit = SCH_PAGE_ROWS_MAX };
    json_t *dossiers = json_array();
    int code = sch_cli_ask(cli, &query, take_dossiers, &chain, error);
    if (code == SCH_OK && chain.failed)
        code = sch_fail(error, SCH_E_NO_MEMORY, "a chain of %zu dossiers", chain.count);
    if (code == SCH_OK && chain.count == 0)
        code = sch_fail(error, SCH_E_UNKNOWN_DOSSIER, "%s", row->kenmerk);
    if (code == SCH_OK && !cli->json)
        print_chain_head(cli, &chain);
    for (size_t i = 0; i < chain.count && code == SCH_OK; i++) {
        json_t *object = NULL;
        if (!cli->json && cli->headers)
            putchar('\n');
        code = tell(cli, &chain.row[i], &object, error);
        if (object != NULL)
            json_array_append_new(dossiers, object);
    }
    if (code == SCH_OK && cli->json)
        (void)sch_json_print("chain", json_pack("{s:O}", "dossiers", dossiers));
    json_decref(dossiers);
    free(chain.row);
    return code;
}

int sch_cli_run_referral_trace(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_dossier_row row;
    json_t *object = NULL;
    int code = sch_cli_find(cli, cli->operand[0], &row, &error);
    if (code == SCH_OK)
        code = sch_cli_is(cli, "chain") ? tell_chain(cli, &row, &error) : tell(cli, &row, &object, &error);
    if (code != SCH_OK)
        return sch_cli_fail(cli, &error);
    if (object != NULL)
        return sch_json_print("trace", object) ? 0 : 1;
    if (!sch_cli_is(cli, "chain") &&
        (row.refusals > 0 || !sch_id_is_none(&row.parent) || !sch_id_is_none(&row.follows)))
        sch_cli_next(cli, "scharnier referral trace %s --chain", row.kenmerk);
    return 0;
}
