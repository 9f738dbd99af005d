/*
 * play.c: words into headers, headers into bytes.
 */
#include "play.h"

#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kind.h"
#include "id.h"
#include "names.h"
#include "shell/session.h"

#define START_MS INT64_C(1799654400000) /* Monday 2027-01-11 09:00 in Amsterdam */
#define DAY_MS INT64_C(86400000)
#define RETRY_WAIT_MS SCH_BACKOFF_MAX_MS
#define CREDIT SCH_CREDIT_MESSAGES_MAX
#define PLAYS_MAX 40                    /* so that all that waits for a party can be offered at once */

static const struct {
    enum sch_kind kind;
    const char *from, *to, *treats;
} settings[PLAY_SETTINGS] = {
    [PLAY_CARE] = { SCH_KIND_REFERRAL, "linde", "haven", "haven" },
    [PLAY_TEAM] = { SCH_KIND_REFERRAL, "linde", "wijkteam-zuid", "wijkteam-zuid" },
    [PLAY_CRISIS] = { SCH_KIND_REFERRAL, "linde", "crisisdienst", "crisisdienst" },
    [PLAY_CONSULT] = { SCH_KIND_CONSULT_REQUEST, "linde", "haven", "haven" },
    [PLAY_TALK] = { SCH_KIND_EXPLORATION_REQUEST, "linde", "mgn", "mgn" },
    [PLAY_NOTICE] = { SCH_KIND_CARE_NOTICE, "haven", "linde", "haven" },
    [PLAY_INVOLVED] = { SCH_KIND_INVOLVEMENT_NOTICE, "wijkteam-zuid", "linde", "wijkteam-zuid" },
};

/* A word, taken apart. */
struct word {
    char verb[32];
    const char *from;                   /* NULL: as usual */
    unsigned expectation;
    bool incomplete, no_treatment, not_yet, forwarded, ggz, clinical, wrong_party, opening, any_open, missing;
};

/* ---- peers -------------------------------------------------------------------------------------- */

/* A session for the moment, as a system has that polls. */
static size_t enter(struct play *play, const char *name)
{
    return stage_enter(&play->stage, sch_region_sim_named(name)->key_id, 1);
}

static void leave(struct play *play, size_t peer)
{
    sch_net_sim_disconnect(play->stage.net, peer);
    play->stage.delivery_count = play->stage.status_count = 0;
}

static struct sch_address address_of(const char *name)
{
    struct sch_address address;
    bool valid = sch_address_set(&address, sch_region_sim_named(name)->address);

    assert(valid);
    return address;
}

static int answer_code(struct play *play, bool answered, const struct sch_reply *reply)
{
    assert(answered);
    play->field[0] = '\0';
    if (reply->type != SCH_REPLY_REJECTION)
        return SCH_OK;
    snprintf(play->field, sizeof play->field, "%s", reply->rejection.field);
    return (int)reply->rejection.code;
}

static int submit(struct play *play, const char *from, const struct stage_message *message)
{
    size_t peer = enter(play, from);
    struct sch_reply reply;
    bool answered = stage_submit(&play->stage, peer, message, &reply);
    int code = answer_code(play, answered, &reply);

    leave(play, peer);
    if (code == SCH_OK && play->said_count > 0 && play->said_count < PLAY_SAID_MAX)
        play->said[play->said_count++] = message->header;
    return code;
}

/* ---- opening ------------------------------------------------------------------------------------ */

/* A referral, or another message that opens a dossier, with all that DOMAIN.md wants of it. */
static struct sch_header opening(struct play *play, enum sch_kind kind, const char *from, const char *to)
{
    struct sch_header header = { .kind = kind, .sender = address_of(from), .receiver = address_of(to) };
    enum sch_party_kind echelon = sch_region_sim_named(to)->kind;

    switch (kind) {
    case SCH_KIND_REFERRAL:
        header.fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
        header.fact[SCH_FACT_LETTER_DATE] = stage_date(&play->stage, 0);
        header.sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
        if (echelon == SCH_PARTY_WIJKTEAM)
            header.fact[SCH_FACT_CONSENT] = SCH_YES_YES;
        if (echelon == SCH_PARTY_CRISIS)
            header.fact[SCH_FACT_PHONED_AT] = stage_now_ms(&play->stage);
        if (echelon == SCH_PARTY_GB_GGZ || echelon == SCH_PARTY_S_GGZ)
            header.group = play->group;
        break;
    case SCH_KIND_CONSULT_REQUEST:
        header.fact[SCH_FACT_TOPIC] = SCH_TOPIC_MEDICATION;
        header.fact[SCH_FACT_CONSULT_FORM] = SCH_FORM_DISCUSSION;
        break;
    case SCH_KIND_CARE_NOTICE: header.fact[SCH_FACT_EVENT_DATE] = stage_date(&play->stage, 0); break;
    case SCH_KIND_INVOLVEMENT_NOTICE: header.fact[SCH_FACT_CONSENT] = SCH_YES_YES; break;
    default: break;
    }
    return header;
}

static void write_message(struct play *play, struct stage_message *message, struct sch_header *header)
{
    bool letter = sch_kind_rule(header->kind)->letter == SCH_LETTER_MANDATORY;

    header->sections_known = letter;
    stage_write(&play->stage, message, header, letter ? STAGE_LETTER : 0);
}

void play_close(struct play *play)
{
    if (play->plays > 0)
        stage_close(&play->stage);
    play->plays = 0;
}

/* A broker at START_MS. */
static void start(struct play *play, const struct sch_book *book)
{
    bool fresh = play->plays > 0 && play->plays < PLAYS_MAX && play->stage.book == book &&
                 stage_now_ms(&play->stage) == START_MS;

    if (!fresh) {
        play_close(play);
        stage_open(&play->stage, book, START_MS);
    }
    play->plays++;
}

void play_open(struct play *play, const struct sch_book *book, enum play_setting setting)
{
    struct stage_message message;
    struct sch_header header;

    /* A broker's large blocks are kept for the next one: thousands are played. */
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    start(play, book);
    play->said_count = play->row_count = play->owed_count = 0;
    play->code = SCH_OK;
    play->setting = setting;
    play->treats = settings[setting].treats;
    play->group = sch_region_sim_id(START_MS, &play->stage.prng);
    header = opening(play, settings[setting].kind, settings[setting].from, settings[setting].to);
    write_message(play, &message, &header);
    play->said[0] = message.header;
    play->dossier = message.header.id;
}

static int opens(struct play *play)
{
    struct stage_message message;

    assert(play->said_count == 0);
    write_message(play, &message, &play->said[0]);
    play->code = submit(play, settings[play->setting].from, &message);
    play->said_count = play->code == SCH_OK;
    return play->code;
}

/* Another dossier of the practice, that has to do with this one. */
static int says_beside(struct play *play, const struct word *word)
{
    bool forward = strcmp(word->verb, "FORWARD") == 0;
    bool sibling = strcmp(word->verb, "SIBLING") == 0;
    const char *from = word->from != NULL ? word->from : forward ? play->treats : "linde";
    struct sch_header header = opening(play, SCH_KIND_REFERRAL, from, "west");
    struct stage_message message;

    if (!sibling)
        memset(&header.group, 0, sizeof header.group);
    if (forward) {
        header.parent = play->dossier;
        header.creditor = header.copies[header.copy_count++] = address_of("linde");
    } else if (!sibling) {
        header.follows = play->dossier;
    }
    write_message(play, &message, &header);
    play->code = submit(play, from, &message);
    if (!sibling || play->code != SCH_OK)
        return play->code;
    header = stage_header(&message.header, SCH_KIND_TREATMENT_START, "west");
    header.fact[SCH_FACT_STARTED] = SCH_STARTED_YES;
    header.fact[SCH_FACT_EVENT_DATE] = stage_date(&play->stage, 0);
    write_message(play, &message, &header);
    return submit(play, "west", &message);
}

/* ---- messages on the dossier -------------------------------------------------------------------- */

/* The last message said by this party, that is a letter whose sections are checked or any; NULL: none. */
static const struct sch_header *last_said(const struct play *play, const char *by, bool checked)
{
    struct sch_address address = address_of(by);

    if (play->said_count == 0)
        return &play->said[0];          /* of a dossier that does not exist */
    for (size_t i = play->said_count; i-- > 0;) {
        const struct sch_header *said = &play->said[i];

        if (strcmp(said->sender.text, address.text) == 0 && said->kind != SCH_KIND_CORRECTION &&
            (!checked || play->stage.book->norms.required[said->kind].sections != 0))
            return said;
    }
    return NULL;
}

static const char *usual_sender(const struct play *play, enum sch_kind kind, const struct word *word)
{
    switch (kind) {
    case SCH_KIND_REMINDER: return "coordinator";
    case SCH_KIND_TAKEN_UP:
    case SCH_KIND_WITHDRAWAL:
    case SCH_KIND_LETTER_INCOMPLETE:
    case SCH_KIND_NOTE:
    case SCH_KIND_SNOOZE:
    case SCH_KIND_WAIVER: return "linde";
    case SCH_KIND_CORRECTION: return word->opening ? settings[play->setting].from : play->treats;
    default: return play->treats;
    }
}

static void state_facts(struct play *play, const struct word *word, struct sch_header *header)
{
    int64_t *fact = header->fact;
    int64_t today = stage_date(&play->stage, 0);

    switch (header->kind) {
    case SCH_KIND_REDIRECTION:
        fact[SCH_FACT_REDIRECTION_MODE] = word->forwarded ? SCH_MODE_FORWARDED : SCH_MODE_ADVISED;
        fact[SCH_FACT_PATIENT_AGREED] = word->forwarded ? SCH_YES_YES : 0;
        header->concerned = address_of("west");
        fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY;
        break;
    case SCH_KIND_REFUSAL: fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY; break;
    case SCH_KIND_TRANSFER_NOTICE: header->concerned = address_of("west"); break;
    case SCH_KIND_APPOINTMENT:
    case SCH_KIND_NO_SHOW:
    case SCH_KIND_DISCHARGE_LETTER: fact[SCH_FACT_EVENT_DATE] = today; break;
    case SCH_KIND_INTAKE_REPORT:
        fact[SCH_FACT_EVENT_DATE] = today;
        fact[SCH_FACT_OUTCOME] = word->no_treatment ? SCH_OUTCOME_NO_TREATMENT : SCH_OUTCOME_TREATMENT;
        break;
    case SCH_KIND_TREATMENT_START:
        fact[SCH_FACT_STARTED] = word->not_yet ? SCH_STARTED_NOT_YET : SCH_STARTED_YES;
        fact[SCH_FACT_EVENT_DATE] = word->not_yet ? 0 : today;
        break;
    case SCH_KIND_WAIT_STATUS: fact[SCH_FACT_BRIDGED_BY] = SCH_BRIDGE_GP; break;
    case SCH_KIND_TREATMENT_END:
        fact[SCH_FACT_EVENT_DATE] = today;
        fact[SCH_FACT_END_REASON] = SCH_END_COMPLETED;
        fact[SCH_FACT_SETTING] = word->clinical ? SCH_SETTING_CLINICAL : 0;
        break;
    case SCH_KIND_BACK_REFERRAL: fact[SCH_FACT_END_REASON] = SCH_END_STABLE; break;
    case SCH_KIND_TAKEN_UP: fact[SCH_FACT_TAKEN_UP] = SCH_TAKEN_OWN_CARE; break;
    case SCH_KIND_WITHDRAWAL: fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_OTHER; break;
    case SCH_KIND_CORRECTION: fact[SCH_FACT_WRONG_PARTY] = word->wrong_party ? SCH_YES_YES : 0; break;
    case SCH_KIND_EXPLORATION_ADVICE:
        fact[SCH_FACT_ROUTE] = word->ggz ? SCH_ROUTE_S_GGZ : SCH_ROUTE_NONE;
        break;
    case SCH_KIND_TEAM_RESULT: fact[SCH_FACT_TEAM_OUTCOME] = SCH_TEAM_SUPPORTED; break;
    case SCH_KIND_NOTE: fact[SCH_FACT_NOTE] = SCH_NOTED_CALLED; break;
    case SCH_KIND_SNOOZE:
        fact[SCH_FACT_SNOOZE_REASON] = SCH_SNOOZED_ABSENT;
        fact[SCH_FACT_UNTIL] = stage_date(&play->stage, 7);
        break;
    case SCH_KIND_WAIVER: fact[SCH_FACT_WAIVER_REASON] = SCH_WAIVED_OTHER; break;
    default: break;
    }
}

/* Which promise it is about, where the kind takes one. */
static void state_promise(struct play *play, const struct word *word, struct sch_header *header)
{
    int64_t *fact = header->fact;

    if (header->kind != SCH_KIND_NO_REPORT && header->kind != SCH_KIND_SNOOZE &&
        header->kind != SCH_KIND_WAIVER && header->kind != SCH_KIND_REMINDER)
        return;
    fact[SCH_FACT_EXPECTATION] = word->expectation == 0 ? 6 : word->expectation;
    if (!word->any_open)
        return;
    play_read(play);
    for (size_t i = play->owed_count; i-- > 0;)
        if (play->owed[i].expectation != 1)
            fact[SCH_FACT_EXPECTATION] = play->owed[i].expectation;
}

/* False: there is no message that it could be about. */
static bool state_subject(struct play *play, const struct word *word, const char *from,
                          struct sch_header *header)
{
    const struct sch_header *subject;

    if (header->kind != SCH_KIND_CORRECTION && header->kind != SCH_KIND_LETTER_INCOMPLETE)
        return true;
    subject = word->opening ? &play->said[0]
              : header->kind == SCH_KIND_CORRECTION ? last_said(play, from, false)
                                                    : last_said(play, play->treats, true);
    if (subject == NULL)
        return false;
    header->subject = subject->id;
    if (header->kind == SCH_KIND_CORRECTION) {
        header->receiver = subject->receiver;
        header->copy_count = subject->copy_count;
        memcpy(header->copies, subject->copies, sizeof header->copies);
    } else {
        header->fact[SCH_FACT_MISSING_SECTIONS] = play->stage.book->norms.required[subject->kind].sections;
    }
    return true;
}

static bool opens_a_dossier(enum sch_kind kind)
{
    return kind == SCH_KIND_REFERRAL || kind == SCH_KIND_CONSULT_REQUEST ||
           kind == SCH_KIND_EXPLORATION_REQUEST || kind == SCH_KIND_CARE_NOTICE ||
           kind == SCH_KIND_INVOLVEMENT_NOTICE;
}

/* Another opening message with the id of the one that opened this dossier. */
static int opens_again(struct play *play, enum sch_kind kind)
{
    struct stage_message message;
    struct sch_header header = opening(play, kind, kind == SCH_KIND_CARE_NOTICE ? "haven" : "linde",
                                       kind == SCH_KIND_CARE_NOTICE           ? "linde"
                                       : kind == SCH_KIND_EXPLORATION_REQUEST ? "mgn"
                                       : kind == SCH_KIND_INVOLVEMENT_NOTICE  ? "wijkteam-zuid"
                                                                              : "haven");

    header.id = play->dossier;
    write_message(play, &message, &header);
    return submit(play, sch_region_sim_at(header.sender.text)->name, &message);
}

static int says(struct play *play, const struct word *word, enum sch_kind kind)
{
    const char *from = word->from != NULL ? word->from : usual_sender(play, kind, word);
    struct sch_header header;
    struct stage_message message;

    if (opens_a_dossier(kind))
        return opens_again(play, kind);
    header = stage_header(&play->said[0], kind, from);
    if (kind == SCH_KIND_DELIVERY_REPORT)
        header.fact[SCH_FACT_CAUSE] = SCH_CAUSE_EXPIRED;
    state_facts(play, word, &header);
    state_promise(play, word, &header);
    if (!state_subject(play, word, from, &header))
        return PLAY_NOTHING;
    header.sections = word->incomplete || sch_kind_rule(kind)->letter != SCH_LETTER_MANDATORY
                          ? 0 : sch_kind_rule(kind)->sections;
    write_message(play, &message, &header);
    return submit(play, from, &message);
}

/* ---- settling ----------------------------------------------------------------------------------- */

static struct stage_delivery *next_delivery(struct play *play, size_t peer)
{
    stage_run(&play->stage);
    stage_drain(&play->stage, peer);
    for (size_t i = 0; i < play->stage.delivery_count; i++)
        if (play->stage.delivery[i].peer == peer && !play->stage.delivery[i].settled &&
            (sch_id_equal(&play->stage.delivery[i].header.dossier, &play->dossier) ||
             sch_id_equal(&play->stage.delivery[i].header.id, &play->dossier)))
            return &play->stage.delivery[i];
    return NULL;
}

/* Settles the next message that waits for this party, in a session for the moment. */
static int settle_next(struct play *play, const char *name, const struct word *word,
                       enum sch_wire_verdict verdict)
{
    struct sch_command command = { .type = SCH_COMMAND_SETTLE };
    size_t peer = enter(play, name);
    struct stage_delivery *delivery;
    struct sch_reply reply;
    int code = PLAY_NOTHING;
    bool attached = stage_attach(&play->stage, peer, sch_region_sim_named(name)->address, CREDIT, &reply);

    assert(attached);
    delivery = next_delivery(play, peer);
    command.settle.mailbox = address_of(name);
    command.settle.verdict = verdict;
    command.settle.refusal = verdict == SCH_VERDICT_REFUSED ? SCH_SYSTEM_REFUSAL_CANNOT_OPEN
                                                            : (enum sch_system_refusal)0;
    if (play->said_count == 0) {
        command.settle.message = play->dossier; /* of a dossier that does not exist */
        code = answer_code(play, stage_ask(&play->stage, peer, &command, &reply), &reply);
    } else if (delivery != NULL) {
        command.settle.message = delivery->header.id;
        command.settle.missing_sections = word->missing ? sch_kind_rule(delivery->header.kind)->sections : 0;
        delivery->settled = true;
        code = answer_code(play, stage_ask(&play->stage, peer, &command, &reply), &reply);
    }
    leave(play, peer);
    return code;
}

static int settles(struct play *play, const struct word *word)
{
    const char *name = word->from != NULL ? word->from : "linde";
    int code, last = PLAY_NOTHING;

    if (strcmp(word->verb, "REFUSE") == 0)
        return settle_next(play, name, word, SCH_VERDICT_REFUSED);
    if (strcmp(word->verb, "EXHAUST") == 0) {
        for (int i = 0; i < SCH_RETRIES_MAX; i++) {
            code = settle_next(play, name, word, SCH_VERDICT_RETRY);
            if (code != SCH_OK)
                return code;
            if (i + 1 < SCH_RETRIES_MAX)
                stage_pass(&play->stage, RETRY_WAIT_MS);
        }
        return SCH_OK;
    }
    while ((code = settle_next(play, name, word, SCH_VERDICT_COLLECTED)) == SCH_OK)
        last = SCH_OK;
    return code == PLAY_NOTHING ? last : code;
}

/* ---- words -------------------------------------------------------------------------------------- */

static void read_way(struct play *play, struct word *word, const char *way)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = { { "INCOMPLETE", &word->incomplete }, { "NO_TREATMENT", &word->no_treatment },
                  { "NOT_YET", &word->not_yet }, { "FORWARDED", &word->forwarded }, { "GGZ", &word->ggz },
                  { "CLINICAL", &word->clinical }, { "WRONG_PARTY", &word->wrong_party },
                  { "OPENING", &word->opening }, { "OPEN", &word->any_open }, { "MISSING", &word->missing } };
    const struct {
        const char *name, *party;
    } parties[] = { { "PRACTICE", "linde" }, { "TREATING", play->treats }, { "COORDINATOR", "coordinator" } };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(way, flags[i].name) == 0) {
            *flags[i].flag = true;
            return;
        }
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++)
        if (strcmp(way, parties[i].name) == 0) {
            word->from = parties[i].party;
            return;
        }
    word->expectation = way[0] == 'E' ? (unsigned)strtoul(way + 1, NULL, 10) : 0;
    assert(word->expectation > 0 && word->expectation <= 15);
}

int play_word(struct play *play, const char *text)
{
    struct word word = { .from = NULL };
    char copy[64], *rest = copy, *part;
    int64_t kind;

    snprintf(copy, sizeof copy, "%s", text);
    if (copy[0] == '+') {
        stage_pass(&play->stage, strtol(copy + 1, NULL, 10) * DAY_MS);
        assert(play->stage.turn_code == SCH_OK);
        return play->code = SCH_OK;
    }
    snprintf(word.verb, sizeof word.verb, "%s", strtok_r(copy, "/", &rest));
    while ((part = strtok_r(NULL, "/", &rest)) != NULL)
        read_way(play, &word, part);
    kind = sch_code_parse(SCH_SET_KIND, word.verb);
    if (kind >= 0)
        return play->code = says(play, &word, (enum sch_kind)kind);
    if (strcmp(word.verb, "OPENS") == 0)
        return play->code = opens(play);
    if (strcmp(word.verb, "COLLECT") == 0 || strcmp(word.verb, "REFUSE") == 0 ||
        strcmp(word.verb, "EXHAUST") == 0)
        return play->code = settles(play, &word);
    assert(strcmp(word.verb, "FOLLOW") == 0 || strcmp(word.verb, "FORWARD") == 0 ||
           strcmp(word.verb, "SIBLING") == 0);
    return play->code = says_beside(play, &word);
}

bool play_words(struct play *play, const char *words)
{
    char copy[256], *rest = copy;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        if (play_word(play, word) != SCH_OK)
            return false;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static void take_page(struct play *play, const struct sch_page *page)
{
    for (size_t i = 0; i < page->trace_count && play->row_count < PLAY_ROWS_MAX; i++)
        play->row[play->row_count++] = page->trace[i];
    for (size_t i = 0; i < page->unanswered_count && play->owed_count < 64; i++)
        if (sch_id_equal(&page->unanswered[i].dossier, &play->dossier))
            play->owed[play->owed_count++] = page->unanswered[i];
}

static int ask(struct play *play, enum sch_query_type type, struct sch_page *page)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    size_t peer = enter(play, "linde");
    struct sch_reply reply;
    int code;

    command.query.type = type;
    command.query.party = address_of("linde");
    command.query.dossier = play->dossier;
    command.query.limit = SCH_PAGE_ROWS_MAX;
    do {
        command.request = 0;
        code = answer_code(play, stage_ask(&play->stage, peer, &command, &reply), &reply);
        if (code != SCH_OK)
            break;
        take_page(play, &reply.page);
        command.query.cursor_size = reply.page.cursor_size;
        memcpy(command.query.cursor, reply.page.cursor, sizeof command.query.cursor);
    } while (command.query.cursor_size > 0);
    *page = reply.page;                 /* dies with the next answer */
    leave(play, peer);
    return code;
}

enum sch_phase play_phase(struct play *play)
{
    struct sch_page page;
    int code = ask(play, SCH_QUERY_DOSSIER, &page);

    assert(code == SCH_OK || code == SCH_E_UNKNOWN_DOSSIER);
    return code == SCH_OK ? page.dossiers[0].phase : SCH_PHASE_NONE;
}

void play_read(struct play *play)
{
    struct sch_page page;

    play->row_count = play->owed_count = 0;
    (void)ask(play, SCH_QUERY_TRACE, &page);
    (void)ask(play, SCH_QUERY_UNANSWERED, &page);
}

const struct sch_unanswered_row *play_owed(const struct play *play, unsigned number)
{
    for (size_t i = 0; i < play->owed_count; i++)
        if (play->owed[i].expectation == number)
            return &play->owed[i];
    return NULL;
}

enum sch_standing play_ended(const struct play *play, unsigned number)
{
    for (size_t i = play->row_count; i-- > 0;)
        if (play->row[i].event == SCH_TRACE_CLOSED && play->row[i].expectation == number)
            return play->row[i].standing;
    return (enum sch_standing)0;
}
