/* play.c: systems that keep to PROTOCOL.md, and nothing goes wrong but what was drawn to go wrong. */
#include "play.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "seal.h"

#include <scharnier/version.h>

#define LETTER_PADDED 64
#define CREDIT 24                       /* with their answers they fit in a pipe of net_sim */
#define PING_MS (INT64_C(12) * 3600000)
#define RESENT_AFTER_STOP 5
#define PRINTED_MAX 40

enum { REQUEST_HELLO = 1, REQUEST_ATTACH, REQUEST_PING, REQUEST_SETTLE, REQUEST_QUERY, REQUEST_MESSAGE = 1000 };

void play_violation(struct play *play, const char *format, ...)
{
    va_list arguments;

    play->violations++;
    if (play->printed++ >= PRINTED_MAX)
        return;
    fputs("  violation: ", stdout);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fputc('\n', stdout);
}

const char *play_moment(int64_t ms)
{
    static char text[8][32];
    static int at;
    int32_t day, date;
    int64_t rest;

    if (ms <= 0 || ms == LEDGER_NEVER)
        return ms == 0 ? "none" : "never";
    day = almanac_day_of(ms);
    date = almanac_date(day);
    rest = (ms - almanac_start_of(day)) / 1000;
    at = (at + 1) % 8;
    snprintf(text[at], sizeof text[at], "%d-%02d-%02d %02d:%02d:%02d", date / 10000, date / 100 % 100, date % 100,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    return text[at];
}

/* ---- ids ---------------------------------------------------------------------------------------- */

static size_t slot_of(const struct play *play, const struct sch_id *id)
{
    uint64_t hash;

    memcpy(&hash, id->bytes + 8, sizeof hash);
    return (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (play->by_id_room - 1);
}

static void index_ids(struct play *play)
{
    const struct ledger *ledger = play->ledger;

    for (play->by_id_room = 1024; play->by_id_room < 2 * (size_t)ledger->message_count; play->by_id_room *= 2)
        ;
    play->by_id = calloc(play->by_id_room, sizeof *play->by_id);
    assert(play->by_id != NULL);
    for (int32_t m = 0; m < ledger->message_count; m++) {
        size_t slot = slot_of(play, &ledger->message[m].id);

        while (play->by_id[slot] != 0)
            slot = (slot + 1) & (play->by_id_room - 1);
        play->by_id[slot] = (uint32_t)m + 1;
    }
}

int32_t play_message(const struct play *play, const struct sch_id *id)
{
    for (size_t slot = slot_of(play, id); play->by_id[slot] != 0; slot = (slot + 1) & (play->by_id_room - 1))
        if (sch_id_equal(&play->ledger->message[play->by_id[slot] - 1].id, id))
            return (int32_t)play->by_id[slot] - 1;
    return -1;
}

/* ---- saying ------------------------------------------------------------------------------------- */

static int64_t now(const struct play *play)
{
    return sch_clock_civil_ms(play->clock);
}

static void put(struct play *play, int system, struct sch_command *command, size_t body_size)
{
    static const uint8_t body[4096];
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size = sch_command_encode(command, bytes, sizeof bytes);

    assert(size > 0 && body_size <= sizeof body && play->peer[system] >= 0);
    sch_net_sim_put(play->net, (size_t)play->peer[system], (struct sch_bytes){ bytes, size },
                    (struct sch_bytes){ body, body_size });
}

static void write_header(const struct play *play, const struct ledger_message *message, struct sch_header *header)
{
    const struct ledger *ledger = play->ledger;
    const struct region_party *party = ledger->region->party;

    memset(header, 0, sizeof *header);
    header->id = message->id;
    header->kind = message->kind;
    header->sender = party[message->sender].address;
    if (message->to_count > 0)
        header->receiver = party[message->to[0]].address;
    for (int i = 1; i < message->to_count; i++)
        header->copies[header->copy_count++] = party[message->to[i]].address;
    if (message->creditor >= 0)
        header->creditor = party[message->creditor].address;
    if (message->concerned >= 0)
        header->concerned = party[message->concerned].address;
    if (ledger->dossier[message->dossier].opening != play_message(play, &message->id))
        header->dossier = ledger->dossier[message->dossier].id;
    if (message->parent >= 0)
        header->parent = ledger->dossier[message->parent].id;
    if (message->follows >= 0)
        header->follows = ledger->dossier[message->follows].id;
    if (message->group >= 0)
        header->group = ledger->message[message->group].id;
    if (message->subject >= 0)
        header->subject = ledger->message[message->subject].id;
    header->sections = message->sections;
    header->sections_known = message->sections_known;
    for (int i = 0; i < message->fact_count; i++)
        header->fact[message->fact[i].fact] = message->fact[i].value;
}

/* A seal that looks right; the same bytes each time that the message is sent. */
static size_t write_seal(const struct play *play, const struct ledger_message *message, struct sch_seal *seal)
{
    const struct region_party *party = play->ledger->region->party;
    struct sch_prng prng = { (uint64_t)message->at_ms };

    memset(seal, 0, sizeof *seal);
    seal->suite = SCH_SUITE;
    strcpy(seal->signing_key, party[message->sender].signing_key);
    sch_prng_fill(&prng, seal->signature, sizeof seal->signature);
    if (!message->letter)
        return 0;
    seal->has_letter = true;
    seal->padded_size = LETTER_PADDED;
    sch_prng_fill(&prng, seal->commitment, sizeof seal->commitment);
    for (int i = 0; i < message->to_count; i++) {
        struct sch_stanza *stanza = &seal->stanza[seal->stanza_count++];

        stanza->address = party[message->to[i]].address;
        strcpy(stanza->key, party[message->to[i]].seal_key);
        sch_prng_fill(&prng, stanza->sealed_key, sizeof stanza->sealed_key);
    }
    return sch_seal_body_size(LETTER_PADDED);
}

static void submit(struct play *play, int32_t m)
{
    const struct ledger_message *message = &play->ledger->message[m];
    struct sch_command command = { .request = REQUEST_MESSAGE + (uint64_t)m, .type = SCH_COMMAND_SUBMIT };
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_header header;
    struct sch_seal seal;
    size_t body_size;

    write_header(play, message, &header);
    body_size = write_seal(play, message, &seal);
    command.submit.header = (struct sch_bytes){ header_bytes, sch_header_encode(&header, header_bytes,
                                                                                sizeof header_bytes) };
    command.submit.seal = (struct sch_bytes){ seal_bytes, sch_seal_encode(&seal, seal_bytes, sizeof seal_bytes) };
    assert(command.submit.header.len > 0 && command.submit.seal.len > 0);
    put(play, play->ledger->region->party[message->sender].system, &command, body_size);
    play->submitted++;
}

static bool is_away(const struct region_party *party, int64_t ms)
{
    if (party->dark || !party->mailbox)
        return true;
    for (int i = 0; i < party->outage_count; i++)
        if (ms >= party->outage[i].from_ms && ms < party->outage[i].to_ms)
            return true;
    return false;
}

static void attach(struct play *play, int system)
{
    const struct region *region = play->ledger->region;
    struct sch_command command = { .request = REQUEST_ATTACH, .type = SCH_COMMAND_ATTACH };

    for (int i = 0; i < region->party_count; i++)
        if (region->party[i].system == system && !is_away(&region->party[i], now(play)))
            command.attach.mailbox[command.attach.mailbox_count++] = region->party[i].address;
    command.attach.credit_messages = CREDIT;
    command.attach.credit_bytes = SCH_CREDIT_BYTES_MAX;
    put(play, system, &command, 0);
}

static void enter(struct play *play, int system)
{
    struct sch_command command = { .request = REQUEST_HELLO, .type = SCH_COMMAND_HELLO };
    char key_id[SCH_KEY_ID_MAX + 1];

    snprintf(key_id, sizeof key_id, "sys-%d", system);
    play->peer[system] = (long)sch_net_sim_connect(play->net, key_id);
    command.hello.version_min = SCH_WIRE_MIN;
    command.hello.version_max = SCH_WIRE_MAX;
    command.hello.instance.bytes[0] = 1;
    command.hello.instance.bytes[1] = (uint8_t)system;
    strcpy(command.hello.software, "year 1");
    put(play, system, &command, 0);
    attach(play, system);
}

static void settle(struct play *play, int system, const struct sch_address *mailbox, const struct sch_id *id,
                   const struct ledger_message *message, int to)
{
    struct sch_command command = { .request = REQUEST_SETTLE, .type = SCH_COMMAND_SETTLE };

    command.settle.mailbox = *mailbox;
    command.settle.message = *id;
    command.settle.verdict = SCH_VERDICT_COLLECTED;
    if (message != NULL && message->refused && to == 0) {
        command.settle.verdict = SCH_VERDICT_REFUSED;
        command.settle.refusal = SCH_SYSTEM_REFUSAL_UNSUPPORTED;
    } else if (message != NULL && message->to[to] == play->ledger->dossier[message->dossier].creditor) {
        command.settle.missing_sections = message->missing;
    }
    put(play, system, &command, 0);
}

/* ---- hearing ------------------------------------------------------------------------------------ */

static void receipted(struct play *play, const struct sch_reply *reply)
{
    struct ledger_message *message = &play->ledger->message[reply->request - REQUEST_MESSAGE];

    if (message->rejects != SCH_OK)
        play_violation(play, "kind %d of dossier %d was not refused", (int)message->kind, message->dossier);
    if (!message->receipted && reply->receipt.stored_ms != message->at_ms)
        play_violation(play, "stored at %s, sent at %s", play_moment(reply->receipt.stored_ms),
                       play_moment(message->at_ms));
    if (message->receipted && (!reply->receipt.duplicate || reply->receipt.sequence != message->sequence))
        play_violation(play, "a resend got another receipt");
    play->duplicates += reply->receipt.duplicate;
    play->receipts += !message->receipted;
    message->receipted = true;
    message->sequence = reply->receipt.sequence;
}

static void keep_reminder(struct play *play, const struct sch_header *header, int party)
{
    if (play->reminder_count == play->reminder_room) {
        play->reminder_room = play->reminder_room == 0 ? 1024 : 2 * play->reminder_room;
        play->reminder = realloc(play->reminder, play->reminder_room * sizeof *play->reminder);
        assert(play->reminder != NULL);
    }
    play->reminder[play->reminder_count++] = (struct play_reminder){
        .message = play_message(play, &header->subject), .party = (int16_t)party,
        .number = (uint8_t)header->fact[SCH_FACT_EXPECTATION], .step = (enum sch_ladder)header->fact[SCH_FACT_STEP],
        .at_ms = now(play) };
}

static void delivered(struct play *play, int system, const struct sch_reply *reply)
{
    struct sch_header header;
    struct sch_fault fault;
    struct ledger_message *message = NULL;
    int32_t m;
    int party = region_find(play->ledger->region, reply->delivery.mailbox.text), to = -1;

    play->deliveries++;
    if (sch_header_decode(reply->delivery.header, &play->arena, &header, &fault) != SCH_OK) {
        play_violation(play, "a delivered header cannot be read: %s", fault.field);
        return;
    }
    m = play_message(play, &header.id);
    if (m >= 0) {
        message = &play->ledger->message[m];
        for (int i = 0; i < message->to_count; i++)
            if (message->to[i] == party)
                to = i;
        if (to < 0 || message->delivered[to]++ > 0)
            play_violation(play, "kind %d came to %s %s", (int)message->kind, reply->delivery.mailbox.text,
                           to < 0 ? "by mistake" : "again");
        else if (message->collect_ms[to] != now(play))
            play_violation(play, "kind %d came to %s at %s, not at %s", (int)message->kind,
                           reply->delivery.mailbox.text, play_moment(now(play)), play_moment(message->collect_ms[to]));
    } else if (header.kind == SCH_KIND_REMINDER) {
        keep_reminder(play, &header, party);
    } else {
        play->reports += header.kind == SCH_KIND_DELIVERY_REPORT;
    }
    settle(play, system, &reply->delivery.mailbox, &header.id, to < 0 ? NULL : message, to);
}

static void rejected(struct play *play, const struct sch_reply *reply)
{
    const struct ledger_message *message;

    if (reply->request < REQUEST_MESSAGE) {
        play_violation(play, "request %d was rejected: %s %s", (int)reply->request, reply->rejection.name,
                       reply->rejection.field);
        play->answered = play->answered || reply->request == REQUEST_QUERY;
        return;
    }
    message = &play->ledger->message[reply->request - REQUEST_MESSAGE];
    if (message->rejects == reply->rejection.code) {
        play->refused++;
        return;
    }
    play_violation(play, "kind %d of dossier %d at %s was rejected: %s %s", (int)message->kind, message->dossier,
                   play_moment(message->at_ms), reply->rejection.name, reply->rejection.field);
}

static void hear(struct play *play, int system, struct sch_net_sim_message *bytes)
{
    struct sch_reply reply;
    struct sch_fault fault;

    sch_arena_reset(&play->arena);
    if (sch_reply_decode(bytes->reply, &play->arena, &reply, &fault) != SCH_OK) {
        play_violation(play, "a reply cannot be read: %s", fault.field);
        return;
    }
    switch (reply.type) {
    case SCH_REPLY_RECEIPT: receipted(play, &reply); break;
    case SCH_REPLY_REJECTION: rejected(play, &reply); break;
    case SCH_REPLY_DELIVERY: delivered(play, system, &reply); break;
    case SCH_REPLY_PAGE:
        sch_net_sim_drop(&play->page_bytes);
        play->page_bytes = *bytes;
        *bytes = (struct sch_net_sim_message){ { 0 }, { 0 } };
        sch_arena_reset(&play->page_arena);
        if (sch_reply_decode(play->page_bytes.reply, &play->page_arena, &play->answer, &fault) != SCH_OK)
            play_violation(play, "a page cannot be read: %s", fault.field);
        else
            play->answered = true;
        break;
    default: break;
    }
}

/* Turns and replies, until nobody has anything more to say at this moment. */
static void exchange(struct play *play)
{
    sch_error error = SCH_ERROR_INIT;
    bool acted;

    do {
        /* How long a turn would sleep it asks before it acts: the last one has nothing to do. */
        acted = sch_net_sim_inbound_count(play->net) > 0;
        if (sch_turn_run(play->turn, -1, &error) != SCH_OK) {
            play_violation(play, "the turn gave up: %s %s", error.name, error.text);
            return;
        }
        play->turns++;
        for (int system = 0; system < play->ledger->region->system_count; system++) {
            struct sch_net_sim_message bytes;

            while (play->peer[system] >= 0 && sch_net_sim_take(play->net, (size_t)play->peer[system], &bytes)) {
                hear(play, system, &bytes);
                sch_net_sim_drop(&bytes);
            }
        }
    } while (acted || sch_net_sim_inbound_count(play->net) > 0 || sch_net_sim_last_wait_ms(play->net) == 0);
}

/* ---- the broker --------------------------------------------------------------------------------- */

static void start(struct play *play)
{
    struct sch_turn_options options = { .net = play->net, .store = play->store, .clock = play->clock,
                                        .book = play->ledger->region->book, .metrics = &play->metrics,
                                        .e1_hold_ms = 15 * 60000 };
    sch_error error = SCH_ERROR_INIT;

    memset(&play->metrics, 0, sizeof play->metrics);
    if (sch_turn_open(&play->turn, &options, &error) != SCH_OK) {
        fprintf(stderr, "year: the broker does not start: %s %s\n", error.name, error.text);
        abort();
    }
    for (int system = 0; system < play->ledger->region->system_count; system++)
        enter(play, system);
    exchange(play);
}

/* The process dies and comes back; some systems are not sure that their last message was receipted. */
static void restart(struct play *play, const struct ledger_stop *stop)
{
    sch_turn_close(play->turn);
    sch_net_sim_disconnect_all(play->net);
    fast_clock_until(play->clock, stop->to_ms);
    play->restarts++;
    start(play);
    for (int32_t i = play->next; i-- > 0 && i >= play->next - RESENT_AFTER_STOP;) {
        play->resent++;
        submit(play, play->order[i]);
    }
    exchange(play);
}

static int by_time(const void *a, const void *b)
{
    const struct ledger_message *x = *(const struct ledger_message *const *)a;
    const struct ledger_message *y = *(const struct ledger_message *const *)b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void sort_messages(struct play *play)
{
    int32_t count = play->ledger->message_count;
    struct ledger_message **sorted = malloc((size_t)count * sizeof *sorted);

    play->order = malloc((size_t)count * sizeof *play->order);
    assert(sorted != NULL && play->order != NULL);
    for (int32_t i = 0; i < count; i++)
        sorted[i] = &play->ledger->message[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_time);
    for (int32_t i = 0; i < count; i++)
        play->order[i] = (int32_t)(sorted[i] - play->ledger->message);
    free(sorted);
}

void play_open(struct play *play, struct ledger *ledger)
{
    memset(play, 0, sizeof *play);
    play->ledger = ledger;
    play->net = sch_net_sim_new();
    play->store = sch_store_sim_new();
    play->clock = fast_clock_new(ledger->start_ms);
    if (sch_arena_init(&play->arena, SCH_ARENA_REPLY_SIZE) != SCH_OK ||
        sch_arena_init(&play->page_arena, SCH_ARENA_REPLY_SIZE) != SCH_OK)
        abort();
    for (int i = 0; i < REGION_SYSTEMS_MAX; i++)
        play->peer[i] = -1;
    index_ids(play);
    sort_messages(play);
    start(play);
}

void play_close(struct play *play)
{
    sch_turn_close(play->turn);
    sch_net_sim_drop(&play->page_bytes);
    sch_net_sim_free(play->net);
    sch_store_sim_free(play->store);
    fast_clock_free(play->clock);
    sch_arena_close(&play->arena);
    sch_arena_close(&play->page_arena);
    free(play->order);
    free(play->by_id);
    free(play->reminder);
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Wakes the broker whenever it wanted to be woken before at_ms, then lets it be at_ms. */
static void sleep_until(struct play *play, int64_t at_ms)
{
    for (;;) {
        int64_t wait_ms = sch_net_sim_last_wait_ms(play->net);
        int64_t wake_ms = now(play) + (wait_ms < 1 ? 1 : wait_ms) * FAST_RATE;

        if (wait_ms < 0 || wake_ms >= at_ms)
            break;
        fast_clock_until(play->clock, wake_ms);
        exchange(play);
    }
    fast_clock_until(play->clock, at_ms);
}

static void earliest(int64_t *ms, int64_t candidate, int64_t after_ms)
{
    if (candidate > after_ms && candidate < *ms)
        *ms = candidate;
}

/* The next moment at which something of the world happens. */
static int64_t next_ms(const struct play *play, int64_t end_ms)
{
    const struct ledger *ledger = play->ledger;
    const struct region *region = ledger->region;
    int64_t at_ms = now(play), ms = end_ms;

    if (play->next < ledger->message_count && ledger->message[play->order[play->next]].at_ms < ms)
        ms = ledger->message[play->order[play->next]].at_ms;
    if (play->stop < ledger->stop_count && ledger->stop[play->stop].from_ms < ms)
        ms = ledger->stop[play->stop].from_ms;
    for (int i = 0; i < region->party_count; i++)
        for (int k = 0; k < region->party[i].outage_count; k++) {
            earliest(&ms, region->party[i].outage[k].from_ms, at_ms);
            earliest(&ms, region->party[i].outage[k].to_ms, at_ms);
        }
    earliest(&ms, (at_ms / PING_MS + 1) * PING_MS, at_ms);
    return ms;
}

static bool changes_now(const struct region *region, int system, int64_t at_ms)
{
    for (int i = 0; i < region->party_count; i++)
        for (int k = 0; region->party[i].system == system && k < region->party[i].outage_count; k++)
            if (region->party[i].outage[k].from_ms == at_ms || region->party[i].outage[k].to_ms == at_ms)
                return true;
    return false;
}

static void happen(struct play *play)
{
    const struct ledger *ledger = play->ledger;
    int64_t at_ms = now(play);

    if (play->stop < ledger->stop_count && ledger->stop[play->stop].from_ms <= at_ms) {
        restart(play, &ledger->stop[play->stop++]);
        return;
    }
    for (int system = 0; system < ledger->region->system_count; system++)
        if (changes_now(ledger->region, system, at_ms))
            attach(play, system);
    if (at_ms % PING_MS == 0)
        for (int system = 0; system < ledger->region->system_count; system++) {
            struct sch_command command = { .request = REQUEST_PING, .type = SCH_COMMAND_PING };

            command.ping.instance.bytes[0] = 1;
            command.ping.instance.bytes[1] = (uint8_t)system;
            put(play, system, &command, 0);
        }
    while (play->next < ledger->message_count && ledger->message[play->order[play->next]].at_ms <= at_ms)
        submit(play, play->order[play->next++]);
    exchange(play);
}

void play_until(struct play *play, int64_t end_ms)
{
    while (now(play) < end_ms) {
        int64_t ms = next_ms(play, end_ms);

        sleep_until(play, ms);
        happen(play);
    }
}

const struct sch_page *play_ask(struct play *play, int party, const struct sch_query *query)
{
    struct sch_command command = { .request = REQUEST_QUERY, .type = SCH_COMMAND_QUERY };
    unsigned before = play->violations;

    command.query = *query;
    command.query.party = play->ledger->region->party[party].address;
    play->answered = false;
    put(play, play->ledger->region->party[party].system, &command, 0);
    exchange(play);
    if (!play->answered)
        play_violation(play, "a query got no answer");
    return play->violations == before ? &play->answer.page : NULL;
}
