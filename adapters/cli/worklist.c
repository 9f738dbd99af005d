/* worklist.c: one row, in its forms. Contract in worklist.h. */
#include "worklist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "shell/norm_file.h"
#include "words.h"

size_t *sch_worklist_order(const struct sch_page *page)
{
    const struct sch_unanswered_row *row = page->unanswered;
    size_t *order = malloc((page->unanswered_count + 1) * sizeof *order);
    for (size_t i = 0; order != NULL && i < page->unanswered_count; i++) {
        size_t at = i;
        for (; at > 0 && sch_id_equal(&row[order[at - 1]].dossier, &row[i].dossier) &&
               row[order[at - 1]].due_ms > row[i].due_ms;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

int sch_worklist_days(int64_t referred_ms, int64_t now_ms)
{
    return (int)(sch_day_of_ms(now_ms) - sch_day_of_ms(referred_ms));
}

const char *sch_worklist_echelon(enum sch_party_kind kind)
{
    static const char *const names[] = {
        [SCH_PARTY_UNSPECIFIED] = "?",
        [SCH_PARTY_GP_PRACTICE] = "huisarts",
        [SCH_PARTY_POH_GGZ] = "POH-GGZ",
        [SCH_PARTY_OUT_OF_HOURS] = "huisartsenpost",
        [SCH_PARTY_GB_GGZ] = "GB-GGZ",
        [SCH_PARTY_S_GGZ] = "S-GGZ",
        [SCH_PARTY_CRISIS] = "crisisdienst",
        [SCH_PARTY_WIJKTEAM] = "wijkteam",
        [SCH_PARTY_MGN] = "MGN",
        [SCH_PARTY_COORDINATOR] = "coördinator",
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

const char *sch_worklist_awaited(struct sch_cli *cli, const struct sch_unanswered_row *row,
                                 char text[SCH_WORKLIST_AWAITED_SIZE])
{
    bool incomplete = row->standing == SCH_STANDING_INCOMPLETE;
    bool other = strcmp(row->debtor.text, row->receiver.text) != 0;
    snprintf(text, SCH_WORKLIST_AWAITED_SIZE, "%s%s%s%s%s", incomplete ? "aanvulling op onvolledig " : "",
             sch_words_awaited(row->expectation), other ? " (" : "",
             other ? sch_cli_name(cli, row->debtor.text) : "", other ? ")" : "");
    return text;
}

const char *sch_worklist_receiver(struct sch_cli *cli, const char *address, enum sch_party_kind echelon,
                                  char text[SCH_WORKLIST_AWAITED_SIZE])
{
    snprintf(text, SCH_WORKLIST_AWAITED_SIZE, "%s (%s)", sch_cli_name(cli, address),
             sch_worklist_echelon(echelon));
    return text;
}

static void set_text(json_t *object, const char *name, const char *text)
{
    (void)json_object_set_new(object, name, json_string(text));
}

json_t *sch_worklist_json(const struct sch_unanswered_row *row, int64_t now_ms)
{
    char id[SCH_ID_TEXT_SIZE];
    char expectation[16];
    sch_id_text(&row->dossier, id);
    snprintf(expectation, sizeof expectation, "E%u", row->expectation);
    json_t *object = json_pack(
        "{s:s,s:s,s:s,s:s,s:o,s:b,s:i,s:b}", "kenmerk", row->kenmerk, "dossier", id, "expectation",
        expectation, "awaited", sch_words_awaited(row->expectation), "silence",
        row->silence == SCH_SILENCE_NONE ? json_null()
                                         : json_string(sch_code_name(SCH_SET_SILENCE, row->silence)),
        "overdue", row->overdue, "days", sch_worklist_days(row->referred_ms, now_ms), "announced",
        row->due_ms > row->norm_due_ms);
    if (object == NULL)
        return NULL;
    set_text(object, "term", row->term_state != 0 ? sch_code_name(SCH_SET_TERM, row->term_state) : "");
    set_text(object, "debtor", row->debtor.text);
    set_text(object, "creditor", row->creditor.text);
    set_text(object, "referrer", row->referrer.text);
    set_text(object, "receiver", row->receiver.text);
    set_text(object, "region", row->region);
    set_text(object, "echelon", sch_code_name(SCH_SET_PARTY, row->echelon));
    set_text(object, "urgency", sch_code_name(SCH_SET_URGENCY, row->urgency));
    set_text(object, "phase", sch_code_name(SCH_SET_PHASE, row->phase));
    set_text(object, "standing", sch_code_name(SCH_SET_STANDING, row->standing));
    set_text(object, "step", row->step != SCH_STEP_NONE ? sch_code_name(SCH_SET_STEP, row->step) : "");
    (void)json_object_set_new(object, "sent", sch_time_json(row->referred_ms));
    (void)json_object_set_new(object, "from", sch_time_json(row->from_ms));
    (void)json_object_set_new(object, "opened", sch_time_json(row->opened_ms));
    (void)json_object_set_new(object, "norm_due", sch_time_json(row->norm_due_ms));
    (void)json_object_set_new(object, "due", sch_time_json(row->due_ms));
    (void)json_object_set_new(object, "reminded", sch_time_json(row->reminded_ms));
    (void)json_object_set_new(object, "snoozed", sch_time_json(row->snoozed_ms));
    (void)json_object_set_new(object, "chain_began", sch_time_json(row->chain_ms));
    (void)json_object_set_new(object, "refusals", json_integer(row->refusals));
    (void)json_object_set_new(object, "norm",
                              json_pack("{s:s,s:i,s:i,s:s}", "id", row->norm_id, "version",
                                        (int)row->norm_version, "term", (int)row->term, "unit",
                                        sch_norm_file_unit((enum sch_unit)row->unit)));
    return object;
}
