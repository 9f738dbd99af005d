/*
 * system.c: adapters that keep to the contract: sessions, the outbox, the journal of verdicts.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "region_sim.h"
#include "world.h"

#include <scharnier/version.h>

enum { REQUEST_HELLO = 1, REQUEST_SUBMIT = SIM_SUBMIT_REQUEST, REQUEST_SETTLE, REQUEST_ATTACH, REQUEST_PART, REQUEST_FETCH, REQUEST_QUERY };

static const struct {
    const char *key_id;
    const char *mailbox[SIM_BOXES_MAX];
} cast[SIM_PARTIES] = {
    { "linde", { "agb:01000001", "agb:01000001/poh-ggz" } },
    { "beuk", { "agb:01000002", NULL } },
    { "haven", { "agb:94000001", NULL } },
    { "noord-a", { "agb:06000001/angst", NULL } },
    { "noord-s", { "agb:06000001/stemming", NULL } },
    { "wijk", { "gemeente:0344/wijkteam-zuid", NULL } },
    { "west", { "agb:06000002", NULL } },
    { "crisis", { "agb:06000003/crisis", NULL } },
    { "utrecht", { "regio:utrecht/coordinator", NULL } },
    { "mgn", { "regio:utrecht/mgn", NULL } },
    { "post", { "agb:09000001", NULL } },
    { "gooi", { "regio:gooi/coordinator", NULL } },
    { "ster", { "agb:01000009", NULL } },
};

/* Second adapters: of linde and of haven. */
static const int twin_of[SIM_SYSTEMS - SIM_PARTIES] = { 0, 2 };

const char *sim_key_id(int party)
{
    return cast[party].key_id;
}

/* Whoever never comes, in a seed of the class. */
bool sim_is_silent(const struct sim *sim, int party)
{
    return sim_is_on(sim, SIM_FAULT_SILENT) && !sim->healing && party == 2 + (int)(sim->rate[SIM_FAULT_SILENT] % 5);
}

void sim_systems_init(struct sim *sim)
{
    int count = 0;

    for (int i = 0; i < SIM_SYSTEMS; i++) {
        struct sim_system *system = &sim->system[i];

        system->party = i < SIM_PARTIES ? i : twin_of[i - SIM_PARTIES];
        system->peer = -1;
        sch_prng_fill(&sim->prng, system->instance.bytes, sizeof system->instance.bytes);
        if (i < SIM_PARTIES || sim_is_on(sim, SIM_FAULT_TWIN))
            sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1 + i, .type = SIM_CONNECT, .system = i });
    }
    for (int i = 0; i < SIM_PARTIES; i++)
        for (int k = 0; k < SIM_BOXES_MAX && cast[i].mailbox[k] != NULL; k++) {
            struct sim_mailbox *mailbox = &sim->mailbox[count++];
            bool valid = sch_address_set(&mailbox->address, cast[i].mailbox[k]);

            assert(valid);
            mailbox->party = i;
            mailbox->kind = sch_region_sim_at(cast[i].mailbox[k])->kind;
        }
    assert(count == SIM_MAILBOXES);
}

int sim_adapter(const struct sim *sim, int party)
{
    for (int i = SIM_SYSTEMS - 1; i >= 0; i--)
        if (sim->system[i].party == party && sim->system[i].welcomed)
            return i;
    return -1;
}

void sim_say(struct sim *sim, int system, const struct sch_command *command, size_t body_size)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size = sch_command_encode(command, bytes, sizeof bytes);

    assert(size > 0);
    sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ bytes, size }, body_size, 0);
}

/* ---- sessions ----------------------------------------------------------------------------------- */

static void hello(struct sim *sim, int index, bool old)
{
    struct sch_command command = { .request = REQUEST_HELLO, .type = SCH_COMMAND_HELLO };

    command.hello.version_min = old ? SCH_WIRE_MAX + 1 : SCH_WIRE_MIN;
    command.hello.version_max = old ? SCH_WIRE_MAX + 3 : SCH_WIRE_MAX;
    command.hello.instance = sim->system[index].instance;
    strcpy(command.hello.software, "sim 1");
    sim_say(sim, index, &command, 0);
}

void sim_system_connect(struct sim *sim, int index)
{
    struct sim_system *system = &sim->system[index];
    int64_t stay_ms = 100000;

    if (system->peer >= 0)
        return;
    if (sim_is_silent(sim, system->party)) {
        sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + SIM_DAY_MS, .type = SIM_CONNECT,
                                              .system = index });
        return;
    }
    if (sim_fails(sim, SIM_FAULT_RECONNECT))
        stay_ms = 1 + (int64_t)sch_prng_below(&sim->prng, 2000);
    system->peer = (long)sch_net_sim_connect(sim->net, cast[system->party].key_id);
    system->welcomed = false;
    memset(system->busy_ms, 0, sizeof system->busy_ms);
    hello(sim, index, sim_fails(sim, SIM_FAULT_OLD));
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + stay_ms, .type = SIM_LEAVE, .system = index,
                                          .peer = system->peer });
}

void sim_system_leave(struct sim *sim, int index)
{
    struct sim_system *system = &sim->system[index];
    int64_t pause_ms = (int64_t)sch_prng_below(&sim->prng, 20 * 3600000) + 1;

    if (system->peer >= 0 && sch_net_sim_is_connected(sim->net, (size_t)system->peer))
        sch_net_sim_disconnect(sim->net, (size_t)system->peer);
    system->peer = -1;
    system->welcomed = false;
    if (sim_is_on(sim, SIM_FAULT_YEARS) && !sim->healing)
        pause_ms *= 8;
    if (sim_fails(sim, SIM_FAULT_RECONNECT))
        pause_ms = 1 + (int64_t)sch_prng_below(&sim->prng, 2000);
    if (sim_fails(sim, SIM_FAULT_LATE))
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
    for (int i = 0; i < SIM_MAILBOXES; i++)
        if (sim->mailbox[i].party == system->party)
            command.attach.mailbox[command.attach.mailbox_count++] = sim->mailbox[i].address;
    command.attach.credit_messages = 1 + (uint32_t)sch_prng_below(&sim->prng, 6);
    command.attach.credit_bytes = 1 << 20;
    sim_say(sim, index, &command, 0);
    for (size_t i = 0; i < sim->message_count; i++) {
        const struct sim_message *message = &sim->message[i];

        if (message->party != system->party || message->receipted || message->rejected)
            continue;
        sim->resent++;
        sim_submit(sim, (int)i);
    }
    sim_visit(sim, index);
}

/* ---- answers ------------------------------------------------------------------------------------ */

/* Which rejections may meet a party that keeps to the contract, in a world like this. */
static bool is_fair(const struct sim *sim, const struct sim_message *message, uint32_t code)
{
    bool timely = !sim_clock_is_right(sim);

    if (code == SCH_E_BROKER_INTERNAL || code == SCH_E_PROTOCOL)
        return false;
    if (message->wild)
        return true;
    switch (code) {
    case SCH_E_NOT_NOW:
    case SCH_E_NOTHING_OPEN:
    case SCH_E_DOSSIER_FULL:
    case SCH_E_RECENTLY_REMINDED:
    case SCH_E_GROUP_FULL: return true;
    case SCH_E_TOO_OLD:
        return timely || message->made_ms + SCH_ID_AGE_MAX_MS - SIM_DAY_MS < sim->now_ms;
    case SCH_E_NOT_ALLOWED:             /* the treatment that a practice refuses to end has gone on already */
        return message->header.kind == SCH_KIND_REFUSAL &&
               message->party == sim->mailbox[sim->dossier[message->dossier].creditor].party;
    case SCH_E_UNKNOWN_DOSSIER: return sim_is_on(sim, SIM_FAULT_YEARS);     /* it was deleted, by time */
    case SCH_E_FIELD_INVALID:           /* a date that has passed on the way */
        return timely || message->made_ms + SIM_DAY_MS < sim->now_ms;
    default: return false;
    }
}

/* Try again later: nothing was decided about the message. */
bool sim_is_passing(uint32_t code)
{
    switch (code) {
    case SCH_E_BROKER_BUSY:
    case SCH_E_STORE_FULL:
    case SCH_E_STOPPING:
    case SCH_E_UPLOAD_MISSING:
    case SCH_E_UPLOAD_QUOTA: return true;
    case SCH_E_KEY_REVOKED:
    case SCH_E_HELLO_FIRST: return true;        /* another key, or a session that ended, is no fault of the message */
    default: return false;
    }
}

static void receipted(struct sim *sim, struct sim_message *message, const struct sch_reply *reply)
{
    if (message->receipted &&
        (message->sequence != reply->receipt.sequence || message->stored_ms != reply->receipt.stored_ms))
        sim_violation(sim, "two receipts of one message differ: %llu and %llu", (unsigned long long)message->sequence,
                      (unsigned long long)reply->receipt.sequence);
    /* Two copies of it were under way, and the dossier moved on between them: the second was in time. */
    message->rejected = false;
    sim->duplicates += reply->receipt.duplicate;
    message->receipted = true;
    message->sequence = reply->receipt.sequence;
    message->stored_ms = reply->receipt.stored_ms;
}

static void answered(struct sim *sim, const struct sch_id *id, const struct sch_reply *reply)
{
    int index = sim_message_find(sim, id);
    struct sim_message *message = index < 0 ? NULL : &sim->message[index];
    uint32_t code = reply->type == SCH_REPLY_REJECTION ? reply->rejection.code : 0;

    if (message == NULL)
        return;
    if (reply->type == SCH_REPLY_RECEIPT) {
        receipted(sim, message, reply);
    } else if (!sim_is_passing(code) && !message->receipted) {
        if (!is_fair(sim, message, code))
            sim_violation(sim, "a message of kind %d was rejected: E%u %s %s", (int)message->header.kind, code,
                          reply->rejection.name, reply->rejection.field);
        message->rejected = true;
        message->code = code;
    }
}

static void parts_answered(struct sim *sim, int system, const struct sch_reply *reply)
{
    for (size_t i = 0; i < sim->message_count; i++) {
        struct sim_message *message = &sim->message[i];

        if (message->part_count == 0 || message->receipted || message->rejected ||
            !sch_id_equal(&message->upload, &reply->parts.upload))
            continue;
        if (reply->parts.missing_count == 0)
            sim_network(sim, SIM_TO_BROKER, system, (struct sch_bytes){ message->command, message->command_size }, 0,
                        0);
        else
            sim_part(sim, (int)i, reply->parts.missing[0]);
    }
}

/* ---- deliveries --------------------------------------------------------------------------------- */

static void settle(struct sim *sim, int system, const struct sch_address *mailbox, const struct sch_id *id,
                   enum sch_wire_verdict verdict, uint32_t missing)
{
    struct sch_command command = { .request = REQUEST_SETTLE, .type = SCH_COMMAND_SETTLE };

    command.settle.mailbox = *mailbox;
    command.settle.message = *id;
    command.settle.verdict = verdict;
    command.settle.refusal = verdict == SCH_VERDICT_REFUSED ? SCH_SYSTEM_REFUSAL_CANNOT_OPEN : 0;
    command.settle.missing_sections = verdict == SCH_VERDICT_COLLECTED ? missing : 0;
    sim_say(sim, system, &command, 0);
}

static void fetch(struct sim *sim, int system, const struct sch_address *mailbox, const struct sch_id *id,
                  uint32_t index)
{
    struct sch_command command = { .request = REQUEST_FETCH, .type = SCH_COMMAND_FETCH };

    command.fetch.mailbox = *mailbox;
    command.fetch.message = *id;
    command.fetch.index = index;
    sim_say(sim, system, &command, 0);
}

static int recipient_of(const struct sim_message *message, const struct sch_address *mailbox)
{
    for (size_t i = 0; i < message->to_count; i++)
        if (strcmp(message->to[i].text, mailbox->text) == 0)
            return (int)i;
    return -1;
}

/* The application takes in what it does not have; the journal keeps the verdict. */
static void take_in(struct sim *sim, int system, const struct sch_address *mailbox, int index, int to)
{
    struct sim_message *message = &sim->message[index];
    bool first = message->verdict[to] == 0;
    int box = sim_mailbox_find(sim, mailbox->text);

    sim->redelivered += !first;
    if (first && sim_fails(sim, SIM_FAULT_REFUSE))
        message->verdict[to] = SCH_VERDICT_REFUSED;
    else if (first)
        message->verdict[to] = SCH_VERDICT_COLLECTED;
    settle(sim, system, mailbox, &message->header.id, message->verdict[to], message->missing);
    if (first && message->verdict[to] == SCH_VERDICT_REFUSED)
        sim_turned_down(sim, box, index);
    if (!first || message->verdict[to] != SCH_VERDICT_COLLECTED)
        return;
    message->handled[to]++;
    sim_react(sim, box, index);
}

/* Not now; and of some messages never. */
static bool retries(struct sim *sim, const struct sch_id *id)
{
    bool never = id->bytes[15] < 8 && sim_is_on(sim, SIM_FAULT_RETRY) && !sim->healing;

    return never || sim_fails(sim, SIM_FAULT_RETRY);
}

static void delivered(struct sim *sim, int system, const struct sch_reply *reply)
{
    const struct sch_address *mailbox = &reply->delivery.mailbox;
    struct sch_header header;
    struct sch_fault fault;
    int index, to;

    if (sch_header_decode(reply->delivery.header, &sim->arena, &header, &fault) != SCH_OK) {
        sim_violation(sim, "a delivered header cannot be read: %s", fault.field);
        return;
    }
    index = sim_message_find(sim, &header.id);
    to = index < 0 ? -1 : recipient_of(&sim->message[index], mailbox);
    if (to < 0)
        settle(sim, system, mailbox, &header.id, SCH_VERDICT_COLLECTED, 0);
    else if (sim->message[index].verdict[to] == 0 && retries(sim, &header.id))
        settle(sim, system, mailbox, &header.id, SCH_VERDICT_RETRY, 0);
    else if (sim->message[index].fetched[to] < reply->delivery.part_count)
        fetch(sim, system, mailbox, &header.id, sim->message[index].fetched[to]);
    else
        take_in(sim, system, mailbox, index, to);
}

static void fetched(struct sim *sim, int system, const struct sch_reply *reply)
{
    int index = sim_message_find(sim, &reply->fetched.message);
    int to = index < 0 ? -1 : recipient_of(&sim->message[index], &reply->fetched.mailbox);

    if (to < 0 || reply->fetched.index != sim->message[index].fetched[to])
        return;
    sim->parts++;
    if (++sim->message[index].fetched[to] < reply->fetched.count)
        fetch(sim, system, &reply->fetched.mailbox, &reply->fetched.message, sim->message[index].fetched[to]);
    else
        take_in(sim, system, &reply->fetched.mailbox, index, to);
}

/* Does this rejection give away that there is such a dossier? */
static bool tells(const struct sch_reply *reply)
{
    switch (reply->rejection.code) {
    case SCH_E_NOT_NOW:
    case SCH_E_RECIPIENTS:
    case SCH_E_NOTHING_OPEN:
    case SCH_E_DOSSIER_FULL:
    case SCH_E_RECENTLY_REMINDED: return true;
    case SCH_E_NOT_ALLOWED: return strcmp(reply->rejection.field, "header.sender") == 0;
    default: return false;
    }
}

static void rejected(struct sim *sim, int system, const struct sch_reply *reply)
{
    sim_trace(sim, "%s: request %llu rejected: %s %s", cast[sim->system[system].party].key_id,
              (unsigned long long)reply->request, reply->rejection.name, reply->rejection.field);
    if (reply->request == REQUEST_SUBMIT)
        answered(sim, &reply->rejection.message, reply);
    else if (reply->request == REQUEST_HELLO && reply->rejection.code == SCH_E_VERSION)
        hello(sim, system, false);
    else if (reply->request == SIM_FOREIGN_REQUEST && tells(reply))
        sim_violation(sim, "a stranger learnt of a dossier: %s %s", reply->rejection.name, reply->rejection.field);
    else if (reply->request > SIM_UNKNOWN_REQUEST && reply->rejection.code == SCH_E_UNKNOWN_MESSAGE)
        sim_cell_unknown((enum sch_wire_verdict)(reply->request - SIM_UNKNOWN_REQUEST));
    else if (reply->rejection.code == SCH_E_BROKER_INTERNAL)
        sim_violation(sim, "the broker met a case that it should have excluded, in request %llu",
                      (unsigned long long)reply->request);
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
    if ((reply.request == SIM_FORGED_REQUEST || reply.request == SIM_FOREIGN_REQUEST) &&
        reply.type != SCH_REPLY_REJECTION)
        sim_violation(sim, "what was forged was taken");
    switch (reply.type) {
    case SCH_REPLY_WELCOME: welcomed(sim, event->system); break;
    case SCH_REPLY_RECEIPT: answered(sim, &reply.receipt.message, &reply); break;
    case SCH_REPLY_REJECTION: rejected(sim, event->system, &reply); break;
    case SCH_REPLY_DELIVERY: delivered(sim, event->system, &reply); break;
    case SCH_REPLY_PARTS: parts_answered(sim, event->system, &reply); break;
    case SCH_REPLY_FETCHED: fetched(sim, event->system, &reply); break;
    default: break;
    }
}
