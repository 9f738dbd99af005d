/*
 * system.c: adapters that keep to the contract, and the practices and providers behind them.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "region_sim.h"
#include "world.h"

#include <scharnier/version.h>

#define LETTER_PADDED 512

enum { REQUEST_HELLO = 1, REQUEST_SUBMIT, REQUEST_SETTLE, REQUEST_ATTACH };

static const struct {
    const char *key_id;
    enum sch_party_kind kind;
    const char *mailbox[SIM_MAILBOXES];
} cast[SIM_SYSTEMS] = {
    { "linde", SCH_PARTY_GP_PRACTICE, { "agb:01000001", "agb:01000001/poh-ggz", NULL } },
    { "beuk", SCH_PARTY_GP_PRACTICE, { "agb:01000002", NULL, NULL } },
    { "haven", SCH_PARTY_GB_GGZ, { "agb:94000001", NULL, NULL } },
    { "noord-a", SCH_PARTY_S_GGZ, { "agb:06000001/angst", NULL, NULL } },
    { "noord-s", SCH_PARTY_S_GGZ, { "agb:06000001/stemming", NULL, NULL } },
    { "wijk", SCH_PARTY_WIJKTEAM, { "gemeente:0344/wijkteam-zuid", NULL, NULL } },
    { "west", SCH_PARTY_S_GGZ, { "agb:06000002", NULL, NULL } },
    { "crisis", SCH_PARTY_CRISIS, { "agb:06000003/crisis", NULL, NULL } },
};

void sim_systems_init(struct sim *sim)
{
    for (int i = 0; i < SIM_SYSTEMS; i++) {
        struct sim_system *system = &sim->system[i];

        system->key_id = cast[i].key_id;
        system->kind = cast[i].kind;
        system->peer = -1;
        sch_prng_fill(&sim->prng, system->instance.bytes, sizeof system->instance.bytes);
        for (size_t k = 0; k < SIM_MAILBOXES && cast[i].mailbox[k] != NULL; k++) {
            bool valid = sch_address_set(&system->mailbox[k], cast[i].mailbox[k]);

            assert(valid);
            system->mailbox_count++;
        }
    }
}

int sim_message_find(const struct sim *sim, const struct sch_id *id)
{
    for (size_t i = sim->message_count; i-- > 0;)
        if (sch_id_equal(&sim->message[i].header.id, id))
            return (int)i;
    return -1;
}

static int64_t date_in(const struct sim *sim, int days)
{
    return sch_date_from_day(sch_day_of_ms(sim->now_ms) + days);
}

/* ---- what travels ------------------------------------------------------------------------------- */

/* Puts bytes on the way, unless chance takes them; perhaps twice, perhaps late. */
void sim_network(struct sim *sim, enum sim_event_type way, int system, struct sch_bytes bytes, size_t body_size)
{
    int copies = 1;

    if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.drop)) {
        sim->lost++;
        return;
    }
    if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.twice)) {
        sim->doubled++;
        copies = 2;
    }
    while (copies-- > 0) {
        int64_t delay_ms = 1 + (int64_t)sch_prng_below(&sim->prng, 20);
        uint8_t *copy = malloc(bytes.len);

        assert(copy != NULL);
        memcpy(copy, bytes.ptr, bytes.len);
        if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.delay))
            delay_ms += (int64_t)sch_prng_below(&sim->prng, 90000);
        sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + delay_ms, .type = way, .system = system,
                                              .peer = sim->system[system].peer, .bytes = copy, .size = bytes.len,
                                              .body_size = body_size });
    }
}

static void say(struct sim *sim, int system, const struct sch_command *command)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size = sch_command_encode(command, bytes, sizeof bytes);

    assert(size > 0);
    sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ bytes, size }, 0);
}

static void submit(struct sim *sim, int index)
{
    const struct sim_message *message = &sim->message[index];

    sim_network(sim, SIM_TO_BROKER, message->system, (struct sch_bytes){ message->command, message->command_size },
                message->body_size);
}

static void settle(struct sim *sim, int system, const struct sch_address *mailbox, const struct sch_id *id,
                   enum sch_wire_verdict verdict)
{
    struct sch_command command = { .request = REQUEST_SETTLE, .type = SCH_COMMAND_SETTLE };

    command.settle.mailbox = *mailbox;
    command.settle.message = *id;
    command.settle.verdict = verdict;
    say(sim, system, &command);
}

/* ---- making messages ---------------------------------------------------------------------------- */

static bool has_letter(enum sch_kind kind)
{
    return kind == SCH_KIND_REFERRAL || kind == SCH_KIND_INTAKE_REPORT || kind == SCH_KIND_DISCHARGE_LETTER;
}

/* Writes a message into the outbox and sends it, when the system is connected. */
static int make(struct sim *sim, int system, const struct sch_header *header)
{
    struct sim_message *message = &sim->message[sim->message_count];
    struct sch_command command = { .request = REQUEST_SUBMIT, .type = SCH_COMMAND_SUBMIT };
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_seal sealed;

    if (sim->message_count == SIM_MESSAGES_MAX)
        return -1;
    memset(message, 0, sizeof *message);
    message->header = *header;
    message->header.id = sch_region_sim_id(sim->now_ms, &sim->prng);
    message->system = system;
    message->made_ms = sim->now_ms;
    message->to_count = sch_region_sim_recipients(header, message->to);
    message->body_size = sch_region_sim_seal(sim->book, &message->header,
                                             has_letter(header->kind) ? LETTER_PADDED : 0, sim->now_ms, &sim->prng,
                                             &sealed);
    command.submit.header.ptr = header_bytes;
    command.submit.header.len = sch_header_encode(&message->header, header_bytes, sizeof header_bytes);
    command.submit.seal.ptr = seal_bytes;
    command.submit.seal.len = sch_seal_encode(&sealed, seal_bytes, sizeof seal_bytes);
    message->command_size = sch_command_encode(&command, message->command, sizeof message->command);
    assert(command.submit.header.len > 0 && command.submit.seal.len > 0 && message->command_size > 0);
    if (sim->system[system].welcomed)
        submit(sim, (int)sim->message_count);
    return (int)sim->message_count++;
}

static struct sim_plan plan_of(struct sim *sim, enum sch_party_kind kind)
{
    struct sch_prng *prng = &sim->prng;
    struct sim_plan plan = { 0 };

    if (sch_prng_chance(prng, 120))
        return plan;                    /* silence from the first day */
    plan.decide = 1 + (int)sch_prng_below(prng, 12);
    plan.refuse = sch_prng_chance(prng, 150);
    if (plan.refuse || kind == SCH_PARTY_WIJKTEAM || kind == SCH_PARTY_CRISIS)
        return plan;
    if (sch_prng_chance(prng, 850))
        plan.appoint = plan.decide + 1 + (int)sch_prng_below(prng, 5);
    if (plan.appoint != 0 && sch_prng_chance(prng, 200))
        plan.no_show = plan.appoint + 8;
    if (plan.appoint != 0 && sch_prng_chance(prng, 700))
        plan.report = plan.appoint + 9 + (int)sch_prng_below(prng, 15);
    plan.withhold = sch_prng_chance(prng, 100);
    if (plan.report != 0 && sch_prng_chance(prng, 700))
        plan.start = plan.report + 1;
    if (plan.start != 0 && sch_prng_chance(prng, 600))
        plan.end = plan.start + 5 + (int)sch_prng_below(prng, 10);
    if (plan.end != 0 && sch_prng_chance(prng, 600))
        plan.discharge = plan.end + (int)sch_prng_below(prng, 16);
    return plan;
}

void sim_refer(struct sim *sim, int system, const struct sch_id *follows)
{
    struct sch_header header = { .kind = SCH_KIND_REFERRAL };
    int receiver = 2 + (int)sch_prng_below(&sim->prng, SIM_SYSTEMS - 2);
    struct sim_dossier *dossier;
    int index;

    if (sim->dossier_count == SIM_DOSSIERS_MAX)
        return;
    header.sender = sim->system[system].mailbox[0];
    header.receiver = sim->system[receiver].mailbox[0];
    if (system == 0 && sch_prng_chance(&sim->prng, 500))
        header.copies[header.copy_count++] = sim->system[0].mailbox[1];
    if (follows != NULL)
        header.follows = *follows;
    header.sections_known = true;
    header.sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    header.fact[SCH_FACT_ECHELON] = sim->system[receiver].kind;
    header.fact[SCH_FACT_URGENCY] = sch_prng_chance(&sim->prng, 100) ? SCH_URGENCY_URGENT : SCH_URGENCY_ROUTINE;
    header.fact[SCH_FACT_LETTER_DATE] = date_in(sim, 0);
    header.fact[SCH_FACT_AUTHOR_ROLE] = SCH_ROLE_GP;
    header.fact[SCH_FACT_AUTHOR_AGB] = 1000001;
    if (sim->system[receiver].kind == SCH_PARTY_WIJKTEAM)
        header.fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    if (sim->system[receiver].kind == SCH_PARTY_CRISIS)
        header.fact[SCH_FACT_PHONED_AT] = sim->now_ms;
    index = make(sim, system, &header);
    if (index < 0)
        return;
    dossier = &sim->dossier[sim->dossier_count++];
    memset(dossier, 0, sizeof *dossier);
    dossier->id = sim->message[index].header.id;
    dossier->referral = index;
    dossier->receiver = receiver;
    dossier->plan = plan_of(sim, sim->system[receiver].kind);
}

static void will(struct sim *sim, int dossier, int system, int day, enum sch_kind kind, int about)
{
    if (day > 0)
        sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + day * SIM_DAY_MS +
                                                       (int64_t)sch_prng_below(&sim->prng, 3600000),
                                              .type = SIM_ACT, .system = system, .dossier = dossier, .kind = kind,
                                              .about = about });
}

/* The receiver took the referral in: what it is going to say is decided now. */
static void plan_answers(struct sim *sim, int index)
{
    struct sim_dossier *dossier = &sim->dossier[index];
    const struct sim_plan *plan = &dossier->plan;
    int system = dossier->receiver;

    if (dossier->planned)
        return;
    dossier->planned = true;
    will(sim, index, system, plan->decide, plan->refuse ? SCH_KIND_REFUSAL : SCH_KIND_ACCEPTANCE, 20);
    will(sim, index, system, plan->appoint, SCH_KIND_APPOINTMENT, 7);
    will(sim, index, system, plan->no_show, SCH_KIND_NO_SHOW, -1);
    will(sim, index, system, plan->report, plan->withhold ? SCH_KIND_NO_REPORT : SCH_KIND_INTAKE_REPORT, -1);
    will(sim, index, system, plan->start, SCH_KIND_TREATMENT_START, 0);
    will(sim, index, system, plan->end, SCH_KIND_TREATMENT_END, 0);
    will(sim, index, system, plan->discharge, SCH_KIND_DISCHARGE_LETTER, 0);
}

static void facts_of(const struct sim *sim, struct sch_header *header, int about)
{
    int64_t day = date_in(sim, about), *fact = header->fact;

    switch (header->kind) {
    case SCH_KIND_ACCEPTANCE: fact[SCH_FACT_EXPECTED_DATE] = day; break;
    case SCH_KIND_REFUSAL: fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY; break;
    case SCH_KIND_APPOINTMENT: fact[SCH_FACT_EVENT_DATE] = day; break;
    case SCH_KIND_NO_SHOW:
        fact[SCH_FACT_EVENT_DATE] = day;
        fact[SCH_FACT_NO_SHOW_COUNT] = 1;
        fact[SCH_FACT_NEXT_STEP] = SCH_NEXT_STEP_NEW_APPOINTMENT;
        break;
    case SCH_KIND_INTAKE_REPORT:
        fact[SCH_FACT_EVENT_DATE] = day;
        fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_TREATMENT;
        break;
    case SCH_KIND_NO_REPORT: fact[SCH_FACT_EXPECTATION] = 6; break;
    case SCH_KIND_TREATMENT_START:
        fact[SCH_FACT_STARTED] = SCH_STARTED_YES;
        fact[SCH_FACT_EVENT_DATE] = day;
        break;
    case SCH_KIND_TREATMENT_END:
        fact[SCH_FACT_EVENT_DATE] = day;
        fact[SCH_FACT_END_REASON] = SCH_END_COMPLETED;
        fact[SCH_FACT_SETTING] = SCH_SETTING_AMBULANT;
        break;
    case SCH_KIND_DISCHARGE_LETTER: fact[SCH_FACT_EVENT_DATE] = day; break;
    case SCH_KIND_TAKEN_UP: fact[SCH_FACT_TAKEN_UP] = SCH_TAKEN_OWN_CARE; break;
    default: assert(false && "a kind that this simulation does not send");
    }
}

void sim_act(struct sim *sim, const struct sim_event *event)
{
    const struct sim_dossier *dossier = &sim->dossier[event->dossier];
    const struct sch_header *referral = &sim->message[dossier->referral].header;
    struct sch_header header = { .kind = event->kind, .dossier = dossier->id };

    header.sender = sim->system[event->system].mailbox[0];
    if (event->kind == SCH_KIND_TAKEN_UP) {
        header.receiver = referral->receiver;
    } else {
        header.receiver = referral->sender;
        header.copy_count = referral->copy_count;
        memcpy(header.copies, referral->copies, sizeof header.copies);
    }
    facts_of(sim, &header, event->about);
    make(sim, event->system, &header);
}

/* ---- sessions ----------------------------------------------------------------------------------- */

void sim_system_connect(struct sim *sim, int index)
{
    struct sim_system *system = &sim->system[index];
    struct sch_command command = { .request = REQUEST_HELLO, .type = SCH_COMMAND_HELLO };

    if (system->peer >= 0)
        return;
    system->peer = (long)sch_net_sim_connect(sim->net, system->key_id);
    system->welcomed = false;
    command.hello.version_min = SCH_WIRE_MIN;
    command.hello.version_max = SCH_WIRE_MAX;
    command.hello.instance = system->instance;
    strcpy(command.hello.software, "sim 1");
    say(sim, index, &command);
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 100000, .type = SIM_LEAVE, .system = index,
                                          .peer = system->peer });
}

void sim_system_leave(struct sim *sim, int index)
{
    struct sim_system *system = &sim->system[index];
    int64_t pause_ms = (int64_t)sch_prng_below(&sim->prng, 10 * 3600000) + 1;

    if (system->peer >= 0 && sch_net_sim_is_connected(sim->net, (size_t)system->peer))
        sch_net_sim_disconnect(sim->net, (size_t)system->peer);
    system->peer = -1;
    system->welcomed = false;
    if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.lazy))
        pause_ms += (int64_t)sch_prng_below(&sim->prng, 40) * SIM_DAY_MS;
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + pause_ms, .type = SIM_CONNECT, .system = index });
}

static void welcomed(struct sim *sim, int index)
{
    struct sim_system *system = &sim->system[index];
    struct sch_command command = { .request = REQUEST_ATTACH, .type = SCH_COMMAND_ATTACH };

    if (system->welcomed)
        return;
    system->welcomed = true;
    memcpy(command.attach.mailbox, system->mailbox, sizeof system->mailbox);
    command.attach.mailbox_count = system->mailbox_count;
    command.attach.credit_messages = 1 + (uint32_t)sch_prng_below(&sim->prng, 6);
    command.attach.credit_bytes = 1 << 20;
    say(sim, index, &command);
    for (size_t i = 0; i < sim->message_count; i++) {
        const struct sim_message *message = &sim->message[i];

        if (message->system != index || message->receipted || message->rejected)
            continue;
        sim->resent++;
        submit(sim, (int)i);
    }
}

static void answered(struct sim *sim, const struct sch_id *id, const struct sch_reply *reply)
{
    int index = sim_message_find(sim, id);
    struct sim_message *message = index < 0 ? NULL : &sim->message[index];

    if (message == NULL)
        return;
    if (reply->type == SCH_REPLY_RECEIPT) {
        if (message->receipted && (message->sequence != reply->receipt.sequence ||
                                   message->stored_ms != reply->receipt.stored_ms))
            sim_violation(sim, "two receipts of one message differ: %llu and %llu",
                          (unsigned long long)message->sequence, (unsigned long long)reply->receipt.sequence);
        if (message->rejected)
            sim_violation(sim, "a rejected message was receipted");
        sim->duplicates += reply->receipt.duplicate;
        message->receipted = true;
        message->sequence = reply->receipt.sequence;
        message->stored_ms = reply->receipt.stored_ms;
    } else if (reply->rejection.code != SCH_E_BROKER_BUSY && reply->rejection.code != SCH_E_STORE_FULL) {
        if (message->receipted)
            sim_violation(sim, "a receipted message was rejected with E%u", reply->rejection.code);
        message->rejected = true;
        message->code = reply->rejection.code;
    }
}

static int recipient_of(const struct sim_message *message, const struct sch_address *mailbox)
{
    for (size_t i = 0; i < message->to_count; i++)
        if (strcmp(message->to[i].text, mailbox->text) == 0)
            return (int)i;
    return -1;
}

/* A delivery: the application takes in what it does not have, the journal keeps the verdict. */
static void delivered(struct sim *sim, int index, const struct sch_reply *reply)
{
    struct sch_header header;
    struct sch_fault fault;
    struct sim_message *message;
    int at, to;

    if (sch_header_decode(reply->delivery.header, &sim->arena, &header, &fault) != SCH_OK) {
        sim_violation(sim, "a delivered header cannot be read: %s", fault.field);
        return;
    }
    at = sim_message_find(sim, &header.id);
    if (!sim->healing && sch_prng_chance(&sim->prng, 60)) {
        settle(sim, index, &reply->delivery.mailbox, &header.id, SCH_VERDICT_RETRY);
        return;
    }
    message = at < 0 ? NULL : &sim->message[at];
    to = message == NULL ? -1 : recipient_of(message, &reply->delivery.mailbox);
    if (to >= 0) {
        sim->redelivered += message->settled[to];
        if (!message->settled[to])
            message->handled[to]++;
        message->settled[to] = true;
        if (header.kind == SCH_KIND_REFERRAL && to == 0)
            for (size_t i = 0; i < sim->dossier_count; i++)
                if (sch_id_equal(&sim->dossier[i].id, &header.id))
                    plan_answers(sim, (int)i);
        if (header.kind == SCH_KIND_REFUSAL && to == 0 && message->handled[to] == 1)
            for (size_t i = 0; i < sim->dossier_count; i++)
                if (sch_id_equal(&sim->dossier[i].id, &header.dossier) && sch_prng_chance(&sim->prng, 600)) {
                    if (sch_prng_chance(&sim->prng, 500))
                        sim_refer(sim, index, &header.dossier);
                    else
                        will(sim, (int)i, index, 2, SCH_KIND_TAKEN_UP, 0);
                }
    }
    settle(sim, index, &reply->delivery.mailbox, &header.id, SCH_VERDICT_COLLECTED);
}

static void settled(struct sim *sim, const struct sch_reply *reply)
{
    int at = sim_message_find(sim, &reply->settled.message);
    int to = at < 0 ? -1 : recipient_of(&sim->message[at], &reply->settled.mailbox);

    if (to >= 0 && reply->settled.state == SCH_DELIVERY_COLLECTED)
        sim->message[at].confirmed[to] = true;
}

void sim_system_receive(struct sim *sim, const struct sim_event *event)
{
    struct sch_reply reply;
    struct sch_fault fault;

    if (event->peer != sim->system[event->system].peer)
        return;                         /* of a connection that has ended */
    sch_arena_reset(&sim->arena);
    if (sch_reply_decode((struct sch_bytes){ event->bytes, event->size }, &sim->arena, &reply, &fault) != SCH_OK) {
        sim_violation(sim, "a reply cannot be read: %s", fault.field);
        return;
    }
    switch (reply.type) {
    case SCH_REPLY_WELCOME: welcomed(sim, event->system); break;
    case SCH_REPLY_RECEIPT: answered(sim, &reply.receipt.message, &reply); break;
    case SCH_REPLY_REJECTION:
        if (reply.request == REQUEST_SUBMIT)
            answered(sim, &reply.rejection.message, &reply);
        else
            fprintf(stderr, "request %llu rejected: %s %s\n", (unsigned long long)reply.request, reply.rejection.name,
                    reply.rejection.field);
        break;
    case SCH_REPLY_DELIVERY: delivered(sim, event->system, &reply); break;
    case SCH_REPLY_SETTLED: settled(sim, &reply); break;
    default: break;
    }
}
