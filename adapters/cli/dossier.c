/*
 * dossier.c: scharnier dossier: what a coordinator or a practice does about a promise: remind, put off, close
 * with a reason, note, take up, call a letter incomplete.
 *
 * Each act is a message of codes and dates to the ledger, with who and when. There is no field for text: what
 * cannot be written cannot name a patient.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "chosen.h"
#include "core/calendar.h"
#include "filter.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "send.h"
#include "worklist.h"

/* An option that becomes a fact. */
struct said {
    const char *option;
    enum sch_fact fact;
    bool required;
    const char *hint;
};

struct act {
    const char *verb;
    enum sch_kind kind;
    bool promise;     /* about one promise of the dossier, not the dossier as a whole */
    const char *done; /* Dutch, of one dossier */
    struct said said[3];
};

struct acting {
    struct sch_cli *cli;
    const struct act *act;
    struct sch_chosen chosen;
    struct sch_spec spec; /* what is alike in all messages */
    struct sch_bulk bulk;
    json_t *rows;
    int64_t now_ms;
};

static const struct act remind = {
    .verb = "remind", .kind = SCH_KIND_REMINDER, .promise = true, .done = "herinnerd"
};
static const struct act snooze = { .verb = "snooze",
                                   .kind = SCH_KIND_SNOOZE,
                                   .promise = true,
                                   .done = "uitgesteld",
                                   .said = { { "until", SCH_FACT_UNTIL, true, "2026-12-31 or +14d" },
                                             { "reason", SCH_FACT_SNOOZE_REASON, true,
                                               "LETTER_PROMISED, ABSENT, SYSTEM_CHANGE or OTHER" } } };
static const struct act waive = { .verb = "waive",
                                  .kind = SCH_KIND_WAIVER,
                                  .promise = true,
                                  .done = "gemotiveerd gesloten",
                                  .said = { { "expectation", SCH_FACT_EXPECTATION, true, "E2 to E15" },
                                            { "reason", SCH_FACT_WAIVER_REASON, true,
                                              "RECEIVED_OTHERWISE, NO_LONGER_NEEDED, PATIENT_GONE, "
                                              "REGISTERED_IN_ERROR or OTHER" } } };
static const struct act note = { .verb = "note",
                                 .kind = SCH_KIND_NOTE,
                                 .done = "genoteerd",
                                 .said = {
                                     { "code", SCH_FACT_NOTE, true,
                                       "CALLED, LETTER_PROMISED, BEING_SORTED, SENT_OTHERWISE or OTHER" },
                                     { "expectation", SCH_FACT_EXPECTATION, false, "E1 to E15" } } };
static const struct act taken_up = { .verb = "taken-up",
                                     .kind = SCH_KIND_TAKEN_UP,
                                     .done = "opgepakt",
                                     .said = { { "how", SCH_FACT_TAKEN_UP, true,
                                                 "OWN_CARE, REFERRED_ELSEWHERE, PATIENT_CONTACTED or "
                                                 "PATIENT_DECLINES" } } };
static const struct act incomplete = { .verb = "incomplete",
                                       .kind = SCH_KIND_LETTER_INCOMPLETE,
                                       .done = "brief onvolledig gemeld",
                                       .said = { { "missing", SCH_FACT_MISSING_SECTIONS, true,
                                                   "aftercare,phone: sections of the letter" } } };

/* ---- what is said -------------------------------------------------------------------------------- */

static int take_said(struct acting *acting, sch_error *error)
{
    for (size_t i = 0; i < sizeof acting->act->said / sizeof acting->act->said[0]; i++) {
        const struct said *said = &acting->act->said[i];
        const char *value = said->option != NULL ? sch_cli_option(acting->cli, said->option) : NULL;
        if (said->required && value == NULL)
            return sch_fail(error, SCH_E_USAGE, "--%s: %s", said->option, said->hint);
        if (value != NULL && sch_spec_fact(&acting->spec, sch_fact_name(said->fact), value, error) != SCH_OK)
            return sch_fail(error, SCH_E_USAGE, "--%s \"%.60s\": %s", said->option, value, said->hint);
    }
    return SCH_OK;
}

/* Letters that somebody can call incomplete. */
static bool is_letter(enum sch_kind kind)
{
    return kind == SCH_KIND_INTAKE_REPORT || kind == SCH_KIND_DISCHARGE_LETTER ||
           kind == SCH_KIND_BACK_REFERRAL || kind == SCH_KIND_PROGRESS_LETTER ||
           kind == SCH_KIND_TEAM_RESULT || kind == SCH_KIND_CONSULT_REPLY ||
           kind == SCH_KIND_EXPLORATION_ADVICE;
}

static bool take_letter(void *context, const struct sch_page *page)
{
    struct sch_id *last = context;
    for (size_t i = 0; i < page->trace_count; i++)
        if (page->trace[i].event == SCH_TRACE_STORED && is_letter(page->trace[i].kind))
            *last = page->trace[i].message;
    return true;
}

/* --message, or the last letter that came. */
static int find_letter(struct acting *acting, const struct sch_id *dossier, sch_error *error)
{
    const char *given = sch_cli_option(acting->cli, "message");
    struct sch_query query = { .type = SCH_QUERY_TRACE, .dossier = *dossier, .limit = SCH_PAGE_ROWS_MAX };
    struct sch_id letter = { { 0 } };
    if (given != NULL && !sch_id_parse(given, &letter))
        return sch_fail(error, SCH_E_USAGE, "--message \"%.60s\" is no message id", given);
    int code = given == NULL ? sch_cli_ask(acting->cli, &query, take_letter, &letter, error) : SCH_OK;
    if (code == SCH_OK && sch_id_is_none(&letter))
        code = sch_fail(error, SCH_E_UNKNOWN_MESSAGE, "%s has no letter yet", acting->cli->operand[0]);
    if (code == SCH_OK)
        sch_id_text(&letter, acting->spec.subject);
    return code;
}

/* ---- which dossiers ------------------------------------------------------------------------------ */

/* An act on dossiers as a whole: rows without a promise. */
static int load_dossiers(struct acting *acting, sch_error *error)
{
    struct sch_cli *cli = acting->cli;
    acting->chosen.row = calloc(cli->operand_count + 1, sizeof *acting->chosen.row);
    if (acting->chosen.row == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "%zu dossiers", cli->operand_count);
    for (size_t i = 0; i < cli->operand_count; i++) {
        struct sch_dossier_row found;
        cli->acting = NULL;
        int code = sch_cli_find(cli, cli->operand[i], &found, error);
        if (code != SCH_OK)
            return code;
        struct sch_unanswered_row *row = &acting->chosen.row[acting->chosen.count++];
        *row = (struct sch_unanswered_row){ .dossier = found.dossier,
                                            .debtor = found.receiver,
                                            .creditor = found.creditor,
                                            .referrer = found.referrer,
                                            .receiver = found.receiver,
                                            .phase = found.phase };
        memcpy(row->kenmerk, found.kenmerk, sizeof row->kenmerk);
    }
    if (acting->act->kind == SCH_KIND_LETTER_INCOMPLETE)
        return find_letter(acting, &acting->chosen.row[0].dossier, error);
    return SCH_OK;
}

/* Who acts: --party; else the creditor, when that is one of ours; else the default mailbox. */
static void choose_sender(const struct acting *acting, const struct sch_unanswered_row *row,
                          struct sch_spec *spec)
{
    const char *party = sch_cli_option(acting->cli, "party");
    size_t count = 0;
    const struct sch_address *mine = sch_mailboxes(acting->cli->client, &count);
    if (party != NULL && sch_spec_address(&spec->from, party, "--party", NULL) == SCH_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (strcmp(mine[i].text, row->creditor.text) == 0)
            spec->from = mine[i];
}

static int prepare(struct acting *acting, sch_error *error)
{
    struct sch_cli *cli = acting->cli;
    const char *party = sch_cli_option(cli, "party");
    int code = party != NULL ? sch_spec_address(&acting->spec.from, party, "--party", error) : SCH_OK;
    if (code == SCH_OK)
        code = sch_cli_connect(cli, error);
    if (code != SCH_OK)
        return code;
    acting->now_ms = acting->spec.now_ms = sch_now_ms(cli->client);
    acting->spec.today = sch_day_of_ms(acting->now_ms);
    acting->spec.kind = acting->act->kind;
    code = take_said(acting, error);
    if (code == SCH_OK)
        code = acting->act->promise ? sch_chosen_load(cli, &acting->chosen, error)
                                    : load_dossiers(acting, error);
    return code;
}

/* ---- one by one ---------------------------------------------------------------------------------- */

enum outcome { DONE, SKIPPED, FAILED };

static void report(struct acting *acting, const struct sch_unanswered_row *row, enum outcome outcome,
                   const sch_error *error)
{
    static const char *const words[] = { "done", "skipped", "failed" };
    struct sch_cli *cli = acting->cli;
    char expectation[16] = "";
    if (row->expectation != 0)
        snprintf(expectation, sizeof expectation, "E%u", row->expectation);
    acting->bulk.done += outcome == DONE;
    acting->bulk.skipped += outcome == SKIPPED;
    acting->bulk.failed += outcome == FAILED;
    json_array_append_new(acting->rows,
                          json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "kenmerk", row->kenmerk, "expectation",
                                    expectation, "debtor", row->debtor.text, "result", words[outcome], "why",
                                    error->name, "where", error->text));
    if (cli->json)
        return;
    if (outcome == FAILED) {
        sch_error named = *error;
        snprintf(named.text, sizeof named.text, "%s: %.230s", row->kenmerk, error->text);
        (void)sch_perror(&named);
    } else {
        char awaited[SCH_WORKLIST_AWAITED_SIZE];
        const char *why = error->code == SCH_E_RECENTLY_REMINDED ? "overgeslagen, kort geleden herinnerd"
                          : outcome == SKIPPED                   ? "overgeslagen, niet opgehaald"
                                                                 : acting->act->done;
        printf("%s  %s%s%s\n", row->kenmerk, why, row->expectation != 0 ? ": " : "",
               row->expectation != 0 ? sch_worklist_awaited(cli, row, awaited) : "");
    }
}

/* The key names this very act: sending it again after a failure is a new one, which the broker then judges.
 */
static void act_on(struct acting *acting, const struct sch_unanswered_row *row)
{
    sch_error error = SCH_ERROR_INIT;
    sch_receipt receipt;
    struct sch_spec spec = acting->spec;
    struct sch_dossier_row dossier = sch_chosen_dossier(row);
    const char *key = sch_cli_option(acting->cli, "key");
    if (acting->act->promise)
        spec.fact[SCH_FACT_EXPECTATION] = row->expectation;
    if (key != NULL)
        snprintf(spec.key, sizeof spec.key, "%.40s-%s", key, row->kenmerk);
    else
        snprintf(spec.key, sizeof spec.key, "%s-%s-%u-%lld", acting->act->verb, row->kenmerk,
                 row->expectation, (long long)acting->now_ms);
    choose_sender(acting, row, &spec);
    int code = sch_send_silently(acting->cli, &spec, &dossier, &receipt, &error);
    if (code == SCH_OK || code == SCH_E_QUEUED) {
        report(acting, row, DONE, &error);
    } else if (code == SCH_E_RECENTLY_REMINDED) {
        report(acting, row, SKIPPED, &error);
    } else {
        report(acting, row, FAILED, &error);
        if (acting->bulk.failed == 1)
            acting->bulk.first_exit = sch_error_exit(error.code);
    }
}

static bool is_sent(const struct acting *acting, const struct sch_unanswered_row *row)
{
    return acting->act->kind != SCH_KIND_REMINDER || sch_remind_of(row, acting->now_ms) == SCH_REMIND_SEND;
}

static size_t count_sent(const struct acting *acting)
{
    size_t count = 0;
    for (size_t i = 0; i < acting->chosen.count; i++)
        count += is_sent(acting, &acting->chosen.row[i]);
    return count;
}

/* What is about to happen, before it does. */
static void print_preview(struct acting *acting)
{
    struct sch_cli *cli = acting->cli;
    char text[SCH_REMIND_TEXT_SIZE];
    struct sch_remind_plan plan = sch_remind_plan(acting->chosen.row, acting->chosen.count, acting->now_ms);
    if (cli->json)
        return;
    if (acting->act->kind == SCH_KIND_REMINDER)
        printf("%s\n", sch_remind_preview(&plan, text));
    else if (acting->chosen.count > 1 || sch_cli_is(cli, "dry-run"))
        printf("Bij %zu verwijzing%s: %s.\n", acting->chosen.count, acting->chosen.count == 1 ? "" : "en",
               acting->act->done);
    for (size_t i = 0; sch_cli_is(cli, "dry-run") && i < acting->chosen.count; i++) {
        const struct sch_unanswered_row *row = &acting->chosen.row[i];
        char awaited[SCH_WORKLIST_AWAITED_SIZE];
        if (is_sent(acting, row))
            printf("  %s  %s  %s\n", row->kenmerk, sch_cli_name(cli, row->debtor.text),
                   row->expectation != 0 ? sch_worklist_awaited(cli, row, awaited) : "");
    }
}

static void act_on_all(struct acting *acting)
{
    for (size_t i = 0; i < acting->chosen.count; i++) {
        const struct sch_unanswered_row *row = &acting->chosen.row[i];
        sch_error skipped = SCH_ERROR_INIT;
        if (is_sent(acting, row)) {
            act_on(acting, row);
        } else {
            bool recent = sch_remind_of(row, acting->now_ms) == SCH_REMIND_RECENT;
            (void)sch_fail(&skipped, recent ? SCH_E_RECENTLY_REMINDED : SCH_E_NOT_NOW, "%s", row->kenmerk);
            report(acting, row, SKIPPED, &skipped);
        }
    }
}

static void print_outcome(const struct acting *acting, bool dry)
{
    const struct sch_bulk *bulk = &acting->bulk;
    if (acting->cli->json)
        (void)sch_json_print("act", json_pack("{s:s,s:b,s:i,s:i,s:i,s:i,s:O}", "act", acting->act->verb,
                                              "dry_run", dry, "chosen", (int)acting->chosen.count, "done",
                                              (int)bulk->done, "skipped", (int)bulk->skipped, "failed",
                                              (int)bulk->failed, "dossiers", acting->rows));
    else if (acting->chosen.count > 1 && !dry && !acting->cli->quiet)
        printf("%zu gedaan, %zu overgeslagen, %zu mislukt.\n", bulk->done, bulk->skipped, bulk->failed);
}

static int run(struct sch_cli *cli, const struct act *act)
{
    sch_error error = SCH_ERROR_INIT;
    struct acting acting = { .cli = cli, .act = act, .rows = json_array() };
    bool dry = sch_cli_is(cli, "dry-run");
    int result = 0;
    if (prepare(&acting, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else {
        print_preview(&acting);
        size_t sent = count_sent(&acting);
        if (!dry && sent > 1 && !sch_cli_is(cli, "yes")) {
            (void)sch_fail(&error, SCH_E_USAGE, "%zu at once take --yes: nothing was done", sent);
            error.hint = "--yes does it, --dry-run lists them";
            result = sch_cli_fail(cli, &error);
        } else {
            if (!dry)
                act_on_all(&acting);
            print_outcome(&acting, dry);
            result = sch_bulk_exit(&acting.bulk);
        }
    }
    sch_chosen_close(&acting.chosen);
    json_decref(acting.rows);
    return result;
}

int sch_cli_run_dossier_remind(struct sch_cli *cli)
{
    return run(cli, &remind);
}

int sch_cli_run_dossier_snooze(struct sch_cli *cli)
{
    return run(cli, &snooze);
}

int sch_cli_run_dossier_waive(struct sch_cli *cli)
{
    return run(cli, &waive);
}

int sch_cli_run_dossier_note(struct sch_cli *cli)
{
    return run(cli, &note);
}

int sch_cli_run_dossier_taken_up(struct sch_cli *cli)
{
    return run(cli, &taken_up);
}

int sch_cli_run_dossier_incomplete(struct sch_cli *cli)
{
    return run(cli, &incomplete);
}
