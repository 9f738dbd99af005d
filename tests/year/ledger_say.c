/* ledger_say.c: who gets a message and when he collects it, what time brings, and the saying itself. */
#include <assert.h>
#include <string.h>

#include "ledger.h"
#include "ledger_own.h"

#define DAY_MS INT64_C(86400000)
#define EXPIRY_MS (30 * DAY_MS)

/* ---- recipients and collection ------------------------------------------------------------------ */

static void add_to(struct ledger_message *message, int party)
{
    for (int i = 0; i < message->to_count; i++)
        if (message->to[i] == party)
            return;
    if (party != message->sender && party >= 0)
        message->to[message->to_count++] = (int16_t)party;
}

static void address(const struct ledger *ledger, struct ledger_message *message)
{
    const struct ledger_dossier *dossier = &ledger->dossier[message->dossier];
    bool copies = true;

    switch (message->kind) {
    case SCH_KIND_NOTE: case SCH_KIND_SNOOZE: case SCH_KIND_WAIVER: case SCH_KIND_REMINDER: return;
    case SCH_KIND_CORRECTION: {
        const struct ledger_message *subject = &ledger->message[message->subject];

        for (int i = 0; i < subject->to_count; i++)
            add_to(message, subject->to[i]);
        return;
    }
    case SCH_KIND_WITHDRAWAL: add_to(message, dossier->receiver); break;
    case SCH_KIND_TAKEN_UP: case SCH_KIND_LETTER_INCOMPLETE:
        add_to(message, dossier->receiver);
        copies = false;
        break;
    case SCH_KIND_REFUSAL:
    case SCH_KIND_INFORMATION_REQUEST: case SCH_KIND_INFORMATION_REPLY: case SCH_KIND_CHANGE_NOTICE:
        copies = message->sender == dossier->receiver;
        add_to(message, copies ? dossier->creditor : dossier->receiver);
        break;
    default: add_to(message, dossier->creditor); break;
    }
    for (int i = 0; copies && i < dossier->copy_count; i++)
        add_to(message, dossier->copy[i]);
    /* The answer to a question is for whoever asked it, too. */
    if (message->kind == SCH_KIND_TEAM_RESULT || message->kind == SCH_KIND_CONSULT_REPLY ||
        message->kind == SCH_KIND_EXPLORATION_ADVICE)
        add_to(message, dossier->referrer);
}

static void later(struct ledger *ledger, int32_t d, int64_t at_ms, enum own_later type, int32_t m)
{
    struct ledger_dossier *dossier = own_of(ledger, d);

    assert(dossier->later_count < 16);
    dossier->later[dossier->later_count++] = (struct ledger_later){ at_ms, (int)type, m };
}

/* Lays the message in its mailboxes: an E1 each, until it is settled or expires. */
static void lay(struct ledger *ledger, int32_t d, int32_t m)
{
    const struct ledger_message copy = ledger->message[m];
    bool opening = own_of(ledger, d)->opening == m;
    bool urgent = copy.kind == SCH_KIND_REFERRAL && (own_of(ledger, d)->urgency == SCH_URGENCY_URGENT ||
                                                     own_of(ledger, d)->urgency == SCH_URGENCY_CRISIS);
    int64_t expires_ms = ledger_fires(ledger, copy.at_ms + EXPIRY_MS, true);

    for (int i = 0; i < copy.to_count; i++) {
        int64_t collect_ms = ledger_collects(ledger, copy.to[i], copy.at_ms);
        int32_t p = own_owe(ledger, d, 1, urgent, copy.to[i], m, copy.at_ms, copy.at_ms);
        bool lost = collect_ms >= expires_ms;

        own_end(ledger, p, lost ? expires_ms : collect_ms, lost ? SCH_STANDING_CANCELLED : SCH_STANDING_CLOSED, NONE);
        ledger->message[m].e1[i] = p;
        ledger->message[m].collect_ms[i] = lost ? LEDGER_NEVER : collect_ms;
        if (opening && copy.to[i] == own_of(ledger, d)->receiver)
            later(ledger, d, lost ? expires_ms : collect_ms, lost || copy.refused ? LATER_UNDELIVERED : LATER_RECEIVED,
                  m);
        if (copy.missing != 0 && copy.to[i] == own_of(ledger, d)->creditor && !lost)
            later(ledger, d, collect_ms, LATER_INCOMPLETE, m);
    }
}

/* ---- time --------------------------------------------------------------------------------------- */

static void happen(struct ledger *ledger, int32_t d, const struct ledger_later *event)
{
    switch ((enum own_later)event->type) {
    case LATER_RECEIVED:
        own_of(ledger, d)->received = true;
        own_note_phase(ledger, d, event->at_ms);
        break;
    case LATER_UNDELIVERED:
        if (own_of(ledger, d)->phase == SCH_PHASE_SENT)
            own_turn_away(ledger, d, event->at_ms, SCH_PHASE_UNDELIVERED, own_of(ledger, d)->referrer, event->message);
        break;
    case LATER_INCOMPLETE: own_found_incomplete(ledger, d, event->at_ms, event->message); break;
    }
}

static int64_t presumed_ms(const struct ledger *ledger, const struct ledger_dossier *dossier)
{
    int64_t at_ms;

    if (dossier->phase != SCH_PHASE_INTAKE_PLANNED || dossier->intake_day == NONE)
        return LEDGER_NEVER;
    at_ms = ledger_fires(ledger, almanac_start_of(dossier->intake_day + 1), false);
    return at_ms < ledger->phase[dossier->last_phase].at_ms ? ledger->phase[dossier->last_phase].at_ms : at_ms;
}

/* The patient was to be forwarded, and nobody did: one more end without care. */
void own_lapse(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    struct ledger_dossier *dossier = own_of(ledger, d);

    dossier->forward_by_ms = 0;
    dossier->refusals++;
    own_note_phase(ledger, d, at_ms);
    own_take_up(ledger, d, at_ms, dossier->creditor, dossier->redirection);
}

/* The next thing that time brings; false: nothing before at_ms, or with it. */
static bool tick(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    struct ledger_dossier *dossier = own_of(ledger, d);
    int64_t next_ms = presumed_ms(ledger, dossier);
    int64_t forward_ms = dossier->forward_by_ms == 0 ? LEDGER_NEVER : ledger_fires(ledger, dossier->forward_by_ms, false);
    int first = NONE;

    for (int i = 0; i < dossier->later_count; i++)
        if (dossier->later[i].at_ms <= next_ms) {
            next_ms = dossier->later[i].at_ms;
            first = i;
        }
    if (next_ms > at_ms && forward_ms > at_ms)
        return false;
    if (forward_ms < next_ms) {
        own_lapse(ledger, d, forward_ms);
    } else if (first >= 0) {
        struct ledger_later event = dossier->later[first];

        dossier->later[first] = dossier->later[--dossier->later_count];
        happen(ledger, d, &event);
    } else {
        own_enter(ledger, d, next_ms, SCH_PHASE_INTAKE_PRESUMED);
    }
    return true;
}

void ledger_pass(struct ledger *ledger, int32_t dossier, int64_t at_ms)
{
    while (tick(ledger, dossier, at_ms))
        ;
}

/* ---- saying ------------------------------------------------------------------------------------- */

static struct sch_id id_of(int64_t at_ms, int32_t m)
{
    struct sch_prng prng = { (uint64_t)m * 77003 + 11 };
    struct sch_id id;

    sch_prng_fill(&prng, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(at_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

/* What the new dossier's parent or predecessor learns of it. */
static void link_up(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int32_t origin = message->parent >= 0 ? message->parent : message->follows;

    own_of(ledger, d)->root = d;
    if (origin < 0)
        return;
    ledger_pass(ledger, origin, message->at_ms);
    own_of(ledger, d)->root = own_of(ledger, origin)->root;
    own_of(ledger, d)->refusals = own_of(ledger, origin)->refusals;
    if (message->parent >= 0 && own_of(ledger, origin)->phase != SCH_PHASE_REDIRECTED)
        return;                         /* a transfer: the parent goes on */
    own_of(ledger, origin)->forward_by_ms = 0;
    own_end_all(ledger, origin, 10, message->at_ms, SCH_STANDING_CLOSED, m);
    own_of(ledger, origin)->taken_up = true;
}

static int32_t new_dossier(struct ledger *ledger, const struct ledger_message *message, int32_t m)
{
    int32_t d = own_new_dossier(ledger);
    struct ledger_dossier *dossier = own_of(ledger, d);
    bool care = message->kind == SCH_KIND_CARE_NOTICE;
    const struct region_party *party = ledger->region->party;

    dossier->id = message->id;
    dossier->opening = m;
    dossier->kind = message->kind;
    dossier->opened_ms = message->at_ms;
    dossier->first_promise = dossier->last_promise = dossier->first_phase = dossier->last_phase = NONE;
    dossier->intake_day = NONE;
    dossier->letter_day = NONE;
    dossier->urgency = (enum sch_urgency)own_fact_of(message, SCH_FACT_URGENCY);
    if (own_fact_of(message, SCH_FACT_LETTER_DATE) != 0)
        dossier->letter_day = own_stated(message, SCH_FACT_LETTER_DATE);
    dossier->referrer = care ? message->to[0] : message->sender;
    dossier->receiver = care ? message->sender : message->to[0];
    dossier->creditor = message->creditor >= 0 ? message->creditor : dossier->referrer;
    if (message->kind == SCH_KIND_INVOLVEMENT_NOTICE && party[message->to[0]].kind == SCH_PARTY_GP_PRACTICE)
        dossier->creditor = message->to[0];
    dossier->echelon = party[dossier->receiver].kind;
    for (int i = 1; i < message->to_count; i++)
        dossier->copy[dossier->copy_count++] = message->to[i];
    dossier->judged = party[dossier->referrer].home == 0 || party[dossier->receiver].home == 0;
    return d;
}

int32_t ledger_say(struct ledger *ledger, int32_t d, int64_t at_ms, const struct ledger_message *draft)
{
    struct ledger_message message = *draft;
    int32_t m;

    if (at_ms >= ledger->end_ms)
        return NONE;
    assert(ledger_awake(ledger, at_ms) == at_ms);
    message.at_ms = at_ms;
    m = own_new_message(ledger);
    message.id = id_of(at_ms, m);
    message.dossier = d;
    if (message.opens_group)
        message.group = m;
    if (d >= 0) {
        ledger_pass(ledger, d, at_ms);
        if (message.rejects == SCH_OK)
            address(ledger, &message);
    } else {
        message.dossier = new_dossier(ledger, &message, m);
    }
    ledger->message[m] = message;
    if (message.rejects != SCH_OK)
        return m;
    if (d < 0)
        link_up(ledger, message.dossier, &message, m);
    lay(ledger, message.dossier, m);
    if (d < 0)
        own_open_dossier(ledger, message.dossier, &message, m);
    else
        own_apply(ledger, d, m);
    return m;
}
