/* scenes.c: what is played: letters, letters in parts, questions, the years. */
#include "core/kind.h"
#include "id.h"
#include "script.h"
#include "seal.h"

#define DAY_MS INT64_C(86400000)
#define HAVEN "agb:94000001"
#define SCHEMA1_MS (INT64_C(1797840000000) + 13 * DAY_MS)    /* when schema1.txt was left */
#define TWO_PARTS 300032u               /* padded bytes */

static const struct sch_bytes nothing;

/* ---- messages ------------------------------------------------------------------------------------ */

static void refer(struct script *script, struct stage_message *message, const char *to)
{
    stage_referral(&script->stage, message, "linde", to);
}

/* A message on a dossier, with what its kind must say. */
static void write_kind(struct script *script, struct stage_message *message, const struct sch_header *opening,
                       enum sch_kind kind, const char *from)
{
    struct sch_header header = stage_header(opening, kind, from);
    bool letter = kind == SCH_KIND_INTAKE_REPORT || kind == SCH_KIND_DISCHARGE_LETTER;
    int64_t *fact = header.fact;

    header.sections_known = letter;
    header.sections = letter ? sch_kind_rule(kind)->sections : 0;
    if (kind == SCH_KIND_APPOINTMENT || kind == SCH_KIND_INTAKE_REPORT || kind == SCH_KIND_TREATMENT_START ||
        kind == SCH_KIND_TREATMENT_END || kind == SCH_KIND_DISCHARGE_LETTER)
        fact[SCH_FACT_EVENT_DATE] = stage_date(&script->stage, 0);
    if (kind == SCH_KIND_INTAKE_REPORT)
        fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_TREATMENT;
    if (kind == SCH_KIND_TREATMENT_START)
        fact[SCH_FACT_STARTED] = SCH_STARTED_YES;
    if (kind == SCH_KIND_TREATMENT_END)
        fact[SCH_FACT_END_REASON] = SCH_END_COMPLETED;
    if (kind == SCH_KIND_REFUSAL)
        fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY;
    if (kind == SCH_KIND_WITHDRAWAL)
        fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_OTHER;
    stage_write(&script->stage, message, &header, letter ? STAGE_LETTER : 0);
}

static void send_kind(struct script *script, size_t party, const struct sch_header *opening, enum sch_kind kind)
{
    struct stage_message message;

    write_kind(script, &message, opening, kind, script->party[party].name);
    script_send(script, party, &message);
}

/* ---- letters ------------------------------------------------------------------------------------- */

static void letters(struct script *script)
{
    struct stage_message first, second, third;
    size_t linde = script_enter(script, "linde", true), haven = script_enter(script, "haven", true);

    refer(script, &first, "haven");
    script_send(script, linde, &first);
    script_collect(script, haven, 1, SCH_VERDICT_RETRY);
    script_collect(script, haven, 1, SCH_VERDICT_COLLECTED);
    send_kind(script, haven, &first.header, SCH_KIND_ACCEPTANCE);
    send_kind(script, haven, &first.header, SCH_KIND_APPOINTMENT);
    send_kind(script, haven, &first.header, SCH_KIND_INTAKE_REPORT);
    script_collect(script, linde, 3, SCH_VERDICT_COLLECTED);
    refer(script, &second, "west");
    script_send(script, linde, &second);
    send_kind(script, linde, &second.header, SCH_KIND_WITHDRAWAL);
    refer(script, &third, "haven");
    script_send(script, linde, &third);
    script_collect(script, haven, 1, SCH_VERDICT_REFUSED);
    script_collect(script, linde, 1, SCH_VERDICT_COLLECTED);
    script_send(script, linde, &first);
}

/* Follows, groups and corrections: what reads and changes more than one dossier. */
static void chains(struct script *script)
{
    struct stage_message first, other, again, correction;
    struct sch_header header;
    size_t linde = script_enter(script, "linde", true), haven = script_enter(script, "haven", true);
    size_t west = script_enter(script, "west", true);

    refer(script, &first, "haven");
    header = first.header;
    header.group.bytes[0] = 0x33;
    stage_write(&script->stage, &first, &header, STAGE_LETTER);
    script_send(script, linde, &first);
    refer(script, &other, "west");
    header = other.header;
    header.group.bytes[0] = 0x33;
    stage_write(&script->stage, &other, &header, STAGE_LETTER);
    script_send(script, linde, &other);
    send_kind(script, west, &other.header, SCH_KIND_TREATMENT_START);
    send_kind(script, haven, &first.header, SCH_KIND_REFUSAL);
    refer(script, &again, "noordrand/angst");
    header = again.header;
    header.follows = first.header.id;
    stage_write(&script->stage, &again, &header, STAGE_LETTER);
    script_send(script, linde, &again);
    header = stage_header(&again.header, SCH_KIND_CORRECTION, "linde");
    header.receiver = again.header.receiver;
    header.copy_count = 0;
    header.subject = again.header.id;
    stage_write(&script->stage, &correction, &header, 0);
    script_send(script, linde, &correction);
    script_collect(script, west, 1, SCH_VERDICT_COLLECTED);
}

/* ---- letters in parts ---------------------------------------------------------------------------- */

static struct sch_bytes part_of(const uint8_t *bytes, size_t size, uint32_t index)
{
    size_t at = (size_t)index * SCH_PART_SIZE;

    return (struct sch_bytes){ bytes + at, size - at < SCH_PART_SIZE ? size - at : SCH_PART_SIZE };
}

static void send_parts(struct script *script, size_t party, const struct sch_id *upload, struct sch_bytes letter,
                       uint32_t count, uint32_t but)
{
    struct sch_command command = { .type = SCH_COMMAND_PART };

    (void)sch_address_set(&command.part.sender, script->party[party].mailbox);
    command.part.upload = *upload;
    command.part.count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct sch_reply *reply;

        if (i == but)
            continue;
        command.part.index = i;
        reply = script_ask(script, party, &command, part_of(letter.ptr, letter.len, i));
        script_say(script, "part %u: %d, %zu missing\n", i, (int)reply->type, reply->parts.missing_count);
    }
}

/* The message's command over: with this upload. */
static void seal_parts(struct script *script, struct stage_message *message, const struct sch_id *upload,
                       size_t padded)
{
    struct sch_command command = { .request = ++script->stage.request, .type = SCH_COMMAND_SUBMIT };
    static uint8_t header[SCH_HEADER_SIZE_MAX], bytes[SCH_SEAL_SIZE_MAX];
    struct sch_seal seal;

    (void)sch_region_sim_seal(script->stage.book, &message->header, padded, stage_now_ms(&script->stage),
                              &script->stage.prng, &seal);
    seal.suite = SCH_SUITE_PARTS;
    command.submit.header = (struct sch_bytes){ header, sch_header_encode(&message->header, header, sizeof header) };
    command.submit.seal = (struct sch_bytes){ bytes, sch_seal_encode(&seal, bytes, sizeof bytes) };
    command.submit.upload = *upload;
    message->command_size = sch_command_encode(&command, message->command, sizeof message->command);
    message->body_size = 0;
}

static void fetch(struct script *script, size_t party, const struct sch_id *message, uint32_t index)
{
    struct sch_command command = { .type = SCH_COMMAND_FETCH };
    const struct sch_reply *reply;

    (void)sch_address_set(&command.fetch.mailbox, script->party[party].mailbox);
    command.fetch.message = *message;
    command.fetch.index = index;
    reply = script_ask(script, party, &command, nothing);
    script_say(script, "fetched %d, %zu bytes\n", (int)reply->type, script->stage.answer.body.len);
}

static void parts(struct script *script)
{
    static uint8_t bytes[2 * SCH_PART_SIZE];
    struct stage_message large;
    struct sch_id upload = { { 0x77, 1 } }, lost = { { 0x77, 2 } };
    size_t size = sch_seal_parts_size(TWO_PARTS);
    size_t linde = script_enter(script, "linde", true), haven = script_enter(script, "haven", true);

    sch_prng_fill(&script->stage.prng, bytes, sizeof bytes);
    refer(script, &large, "haven");
    seal_parts(script, &large, &upload, TWO_PARTS);
    send_parts(script, linde, &lost, (struct sch_bytes){ bytes, size }, 2, 1);
    send_parts(script, linde, &upload, (struct sch_bytes){ bytes, size }, 2, UINT32_MAX);
    script_send(script, linde, &large);
    fetch(script, haven, &large.header.id, 0);
    fetch(script, haven, &large.header.id, 1);
    script_collect(script, haven, 1, SCH_VERDICT_COLLECTED);
    script_pass(script, 2 * DAY_MS);    /* the other upload goes */
}

/* ---- questions ----------------------------------------------------------------------------------- */

static size_t rows_of(const struct sch_page *page)
{
    return page->dossier_count + page->trace_count + page->unanswered_count + page->mailbox_count + page->age_count +
           page->statistics_count + page->passed_count;
}

static void ask(struct script *script, size_t party, enum sch_query_type type, const struct sch_id *dossier)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    const struct sch_reply *reply;

    command.query.type = type;
    command.query.limit = 10;
    command.query.by = type == SCH_QUERY_AGE ? SCH_AGE_BY_RECEIVER : (enum sch_age_by)0;
    if (dossier != NULL)
        command.query.dossier = *dossier;
    (void)sch_address_set(&command.query.party, sch_region_sim_named(script->party[party].name)->address);
    reply = script_ask(script, party, &command, nothing);
    script_say(script, "query %d by %s: %d, %zu\n", (int)type, script->party[party].name, (int)reply->type,
               reply->type == SCH_REPLY_PAGE ? rows_of(&reply->page) : reply->rejection.code);
}

static void questions(struct script *script)
{
    struct stage_message first, second;
    size_t linde = script_enter(script, "linde", true), coordinator = script_enter(script, "coordinator", false);

    refer(script, &first, "haven");
    script_send(script, linde, &first);
    refer(script, &second, "west");
    script_send(script, linde, &second);
    for (size_t i = 0; i < 2; i++) {
        size_t party = i == 0 ? linde : coordinator;

        ask(script, party, SCH_QUERY_DOSSIER, &first.header.id);
        ask(script, party, SCH_QUERY_DOSSIERS, NULL);
        ask(script, party, SCH_QUERY_TRACE, &first.header.id);
        ask(script, party, SCH_QUERY_CHAIN, &first.header.id);
        ask(script, party, SCH_QUERY_UNANSWERED, NULL);
        ask(script, party, SCH_QUERY_AGE, NULL);
        ask(script, party, SCH_QUERY_STATISTICS, NULL);
        ask(script, party, SCH_QUERY_MAILBOX, NULL);
        ask(script, party, SCH_QUERY_PASSED, NULL);
    }
    script_operate(script, SCH_CONTROL_QUEUE_HOLD, HAVEN);
    script_operate(script, SCH_CONTROL_QUEUE_HOLD, "agb:01000002");
    script_operate(script, SCH_CONTROL_QUEUE_LS, "");
    script_operate(script, SCH_CONTROL_QUEUE_PEEK, HAVEN);
    script_restart(script);
    script_operate(script, SCH_CONTROL_QUEUE_LS, "");
    script_operate(script, SCH_CONTROL_QUEUE_RELEASE, HAVEN);
    script_operate(script, SCH_CONTROL_QUEUE_RETRY, HAVEN);
}

/* ---- the years ----------------------------------------------------------------------------------- */

/* Uncollected, reported, overdue, expired, and in the end deleted. */
static void years(struct script *script)
{
    struct stage_message first, second;
    size_t linde = script_enter(script, "linde", true), haven = script_enter(script, "haven", true);

    refer(script, &first, "haven");
    script_send(script, linde, &first);
    script_collect(script, haven, 1, SCH_VERDICT_COLLECTED);
    refer(script, &second, "west");
    script_send(script, linde, &second);
    send_kind(script, haven, &first.header, SCH_KIND_TREATMENT_END);
    send_kind(script, haven, &first.header, SCH_KIND_DISCHARGE_LETTER);
    script_collect(script, linde, 2, SCH_VERDICT_COLLECTED);
    script_restart(script);             /* nobody is connected from here on */
    script_pass(script, 10 * DAY_MS);
    sch_turn_reload(script->stage.turn, script->stage.book);
    script_pass(script, 30 * DAY_MS);
    script_restart(script);
    script_pass(script, 740 * DAY_MS);
    script_pass(script, 1200 * DAY_MS);
    script_restart(script);             /* the first turn for years, that finds what is old enough to be forgotten */
    script->forgotten = true;
}

/* ---- beside the turn ----------------------------------------------------------------------------- */

static void copies(struct script *script)
{
    struct stage_message message;
    size_t linde = script_enter(script, "linde", true);

    refer(script, &message, "haven");
    script_send(script, linde, &message);
    script_back_up(script);
}

static void migration(struct script *script)
{
    sch_clock_sim_until(script->stage.clock, SCHEMA1_MS);
    script_migrate(script, "tests/store/schema1.txt");
}

const struct script_scene script_scenes[] = {
    { "letters", letters }, { "chains", chains },       { "parts", parts },   { "questions", questions },
    { "years", years },     { "migration", migration }, { "copies", copies },
};
const size_t script_scene_count = sizeof script_scenes / sizeof script_scenes[0];
