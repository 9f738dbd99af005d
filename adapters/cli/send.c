/* send.c: from a specification to a receipt. Contract in send.h. */
#include "send.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "core/kind.h"
#include "id.h"
#include "names.h"
#include "output.h"

/* A dossier named by kenmerk or id, as its id. */
static int resolve(struct sch_cli *cli, const char *reference, struct sch_id *id, sch_error *error)
{
    struct sch_dossier_row row;
    if (sch_id_parse(reference, id))
        return SCH_OK;
    int code = sch_cli_dossier(cli, reference, &row, error);
    if (code == SCH_OK)
        *id = row.dossier;
    return code;
}

static int set_references(struct sch_cli *cli, const struct sch_spec *spec, sch_draft *draft,
                          sch_error *error)
{
    const struct {
        const char *text;
        void (*set)(sch_draft *, const struct sch_id *);
    } references[] = { { spec->parent, sch_draft_parent },
                       { spec->follows, sch_draft_follows },
                       { spec->group, sch_draft_group },
                       { spec->subject, sch_draft_subject } };
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        struct sch_id id;
        if (references[i].text[0] == '\0')
            continue;
        int code = resolve(cli, references[i].text, &id, error);
        if (code != SCH_OK)
            return code;
        references[i].set(draft, &id);
    }
    return SCH_OK;
}

/* What every letter that opens a dossier states and few people want to type, as far as its kind takes it:
 * today's date, routine, the receiver's echelon. */
static void set_defaults(struct sch_cli *cli, struct sch_spec *spec)
{
    const struct sch_party *party = sch_cli_party(cli, spec->to.text);
    const struct sch_kind_rule *rule = sch_kind_rule(spec->kind);
    const struct {
        enum sch_fact fact;
        int64_t value;
    } defaults[] = { { SCH_FACT_LETTER_DATE, sch_date_from_day(spec->today) },
                     { SCH_FACT_EVENT_DATE, sch_date_from_day(spec->today) },
                     { SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE },
                     { SCH_FACT_ECHELON, party != NULL ? (int64_t)party->kind : 0 } };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (spec->fact[defaults[i].fact] == 0 && (rule->allowed >> defaults[i].fact & 1u) != 0)
            spec->fact[defaults[i].fact] = defaults[i].value;
}

static void fill(const struct sch_spec *spec, sch_draft *draft)
{
    sch_draft_key(draft, spec->key);
    for (size_t i = 0; i < spec->copy_count; i++)
        sch_draft_copy(draft, spec->copy[i].text);
    if (spec->creditor.text[0] != '\0')
        sch_draft_creditor(draft, spec->creditor.text);
    if (spec->prepared_by.text[0] != '\0')
        sch_draft_prepared_by(draft, spec->prepared_by.text);
    if (spec->concerned.text[0] != '\0')
        sch_draft_concerned(draft, spec->concerned.text);
    for (size_t i = 0; i < SCH_FACT_COUNT; i++)
        if (spec->fact[i] != 0)
            sch_draft_fact(draft, (enum sch_fact)i, spec->fact[i]);
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if (spec->section[i] != NULL)
            sch_draft_section(draft, i, spec->section[i]);
    for (size_t i = 0; i < spec->attachment_count; i++) {
        const struct sch_spec_attachment *at = &spec->attachment[i];
        sch_draft_attach(draft, at->media_type, at->name, at->content, at->size);
    }
}

/* ---- showing ------------------------------------------------------------------------------------ */

/* A fact's value as people write it. */
static const char *fact_text(enum sch_fact fact, int64_t value, char text[SCH_TIME_SIZE])
{
    int32_t day = 0;
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE: return sch_code_name(sch_fact_set(fact), value);
    case SCH_TYPE_DATE: return sch_day_from_date(value, &day) ? sch_time_date(day, text) : "?";
    case SCH_TYPE_TIME: return sch_time_utc(value, text);
    case SCH_TYPE_NUMBER:
    default: snprintf(text, SCH_TIME_SIZE, "%lld", (long long)value); return text;
    }
}

json_t *sch_send_hash_json(const uint8_t hash[32])
{
    char hex[65];
    if (sodium_is_zero(hash, 32))
        return json_null();
    return json_string(sodium_bin2hex(hex, sizeof hex, hash, 32));
}

json_t *sch_send_header_json(const struct sch_header *header)
{
    char id[SCH_ID_TEXT_SIZE];
    char text[SCH_TIME_SIZE];
    json_t *copies = json_array();
    json_t *facts = json_object();
    json_t *sections = json_array();
    for (size_t i = 0; i < header->copy_count; i++)
        json_array_append_new(copies, json_string(header->copies[i].text));
    for (size_t i = 0; i < SCH_FACT_COUNT; i++)
        if (header->fact[i] != 0)
            json_object_set_new(facts, sch_fact_name((enum sch_fact)i),
                                json_string(fact_text((enum sch_fact)i, header->fact[i], text)));
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if ((header->sections >> i & 1u) != 0)
            json_array_append_new(sections, json_string(sch_section_name(i)));
    sch_id_text(&header->id, id);
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:b}", "message", id, "kind",
                     sch_code_name(SCH_SET_KIND, header->kind), "from", header->sender.text, "to",
                     header->receiver.text, "copies", copies, "creditor", header->creditor.text, "facts",
                     facts, "sections", sections, "sections_known", header->sections_known);
}

void sch_send_print_facts(const struct sch_header *header)
{
    char text[SCH_TIME_SIZE];
    for (size_t i = 0; i < SCH_FACT_COUNT; i++)
        if (header->fact[i] != 0)
            printf("  %-18s %s\n", sch_fact_name((enum sch_fact)i),
                   fact_text((enum sch_fact)i, header->fact[i], text));
}

static int show_draft(const struct sch_cli *cli, const struct sch_header *header)
{
    if (cli->json)
        return sch_json_print("draft", sch_send_header_json(header)) ? 0 : 1;
    printf("%s  %s -> %s\n", sch_code_name(SCH_SET_KIND, header->kind), header->sender.text,
           header->receiver.text[0] ? header->receiver.text : "ledger");
    for (size_t i = 0; i < header->copy_count; i++)
        printf("  %-18s %s\n", "copy", header->copies[i].text);
    sch_send_print_facts(header);
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if ((header->sections >> i & 1u) != 0)
            printf("  %-18s %s\n", "section", sch_section_name(i));
    printf("nothing was sent\n");
    return 0;
}

static const char *warning_text(unsigned warning)
{
    static const char *const texts[] = {
        [SCH_WARNING_LETTER_OLD] = "the letter is more than nine months old",
        [SCH_WARNING_AGB_PREFIX] = "the AGB code does not fit the party's kind",
        [SCH_WARNING_INCOMPLETE] = "required sections are missing: what is owed stays open",
    };
    return warning < sizeof texts / sizeof texts[0] ? texts[warning] : NULL;
}

/* why: the reason for which a message was only queued, "" otherwise. */
static int show_receipt(const struct sch_cli *cli, const sch_receipt *receipt, const char *why)
{
    json_t *warnings = json_array();
    for (unsigned i = 1; i < 32; i++)
        if ((receipt->warnings >> i & 1u) != 0 && warning_text(i) != NULL)
            json_array_append_new(warnings, json_string(warning_text(i)));
    if (cli->json) {
        char id[SCH_ID_TEXT_SIZE];
        char dossier[SCH_ID_TEXT_SIZE];
        sch_id_text(&receipt->id, id);
        sch_id_text(&receipt->dossier, dossier);
        json_t *object = json_pack("{s:s,s:o,s:s,s:s,s:I,s:o,s:b,s:b,s:s,s:o}", "message", id, "hash",
                                   sch_send_hash_json(receipt->hash), "dossier", dossier, "kenmerk",
                                   receipt->kenmerk, "sequence", (json_int_t)receipt->sequence, "stored",
                                   sch_time_json(receipt->stored_ms), "duplicate", receipt->duplicate,
                                   "queued", receipt->queued, "why", why, "warnings", warnings);
        return sch_json_print("receipt", object) ? 0 : 1;
    }
    if (receipt->queued) {
        printf("queued in the outbox; it is sent with the next command that reaches the broker\n"
               "why:  %s\n",
               why);
    } else {
        char at[SCH_TIME_SIZE];
        printf("%s  stored %s, sequence %llu%s\n", receipt->kenmerk, sch_time_utc(receipt->stored_ms, at),
               (unsigned long long)receipt->sequence, receipt->duplicate ? "; this key was sent before" : "");
    }
    size_t index;
    json_t *warning;
    json_array_foreach(warnings, index, warning) printf("warning: %s\n", json_string_value(warning));
    json_decref(warnings);
    if (!receipt->queued)
        sch_cli_next(cli, "scharnier referral trace %s", receipt->kenmerk);
    return 0;
}

/* ---- sending ------------------------------------------------------------------------------------ */

/* Where an error is about what a kind takes, the table of kinds helps more than the protocol's document. */
static int fail_send(const struct sch_cli *cli, sch_error *error)
{
    switch (error->code) {
    case SCH_E_FIELD_MISSING:
    case SCH_E_FIELD_FORBIDDEN:
    case SCH_E_LETTER_MISSING:
    case SCH_E_LETTER_FORBIDDEN: error->hint = "scharnier kind ls: facts and letter of each kind"; break;
    default: break;
    }
    return sch_cli_fail(cli, error);
}

/* Gives a draft, or NULL with *error. */
static sch_draft *make_draft(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row,
                             sch_error *error)
{
    if (row == NULL)
        set_defaults(cli, spec);
    sch_draft *draft = sch_draft_new(cli->client, spec->kind);
    if (draft == NULL) {
        (void)sch_fail(error, SCH_E_NO_MEMORY, "a draft");
        return NULL;
    }
    if (spec->from.text[0] != '\0')
        sch_draft_from(draft, spec->from.text);
    if (row != NULL)
        sch_draft_on_row(draft, row);
    else
        sch_draft_to(draft, spec->to.text);
    fill(spec, draft);
    if (set_references(cli, spec, draft, error) == SCH_OK)
        return draft;
    sch_draft_free(draft);
    return NULL;
}

/* Gives a draft of a whole specification, or NULL with *error. */
static sch_draft *checked_draft(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row,
                                sch_error *error)
{
    if (spec->key[0] == '\0') {
        (void)sch_fail(error, SCH_E_FIELD_MISSING,
                       "key: your own name for this message, so that sending it twice is "
                       "not two messages; --key his-2026-004711");
        return NULL;
    }
    if (row == NULL && spec->to.text[0] == '\0') {
        (void)sch_fail(error, SCH_E_FIELD_MISSING, "to: the receiver's address; --to agb:06290713");
        return NULL;
    }
    return make_draft(cli, spec, row, error);
}

int sch_send_silently(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row,
                      sch_receipt *receipt, sch_error *error)
{
    sch_draft *draft = checked_draft(cli, spec, row, error);
    if (draft == NULL)
        return (int)error->code;
    int code = sch_send(cli->client, draft, sch_cli_timeout(cli), receipt, error);
    sch_draft_free(draft);
    return code;
}

int sch_send_spec(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row)
{
    sch_error error = SCH_ERROR_INIT;
    sch_receipt receipt = { .queued = false };
    int code = SCH_OK;
    if (sch_cli_is(cli, "dry-run")) {
        sch_draft *draft = checked_draft(cli, spec, row, &error);
        if (draft == NULL)
            return fail_send(cli, &error);
        int result = show_draft(cli, sch_draft_header(draft));
        sch_draft_free(draft);
        return result;
    }
    code = sch_send_silently(cli, spec, row, &receipt, &error);
    if (code == SCH_OK || code == SCH_E_QUEUED)
        return show_receipt(cli, &receipt, error.text);
    return fail_send(cli, &error);
}
