/*
 * stage.c: one broker, many peers, one thread.
 */
#include "stage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "shell/store_lmdb.h"

#include <scharnier/version.h>

#define ARENA_SIZE (8u << 20)
#define E1_HOLD_MS (15 * 60000)

/* ---- the broker --------------------------------------------------------------------------------- */

void stage_start(struct stage *stage)
{
    sch_error error = SCH_ERROR_INIT;

    assert(stage->turn == NULL);
    memset(&stage->metrics, 0, sizeof stage->metrics);
    stage->options.book = stage->book;
    stage->turn_code = sch_turn_open(&stage->turn, &stage->options, &error);
    if (stage->turn_code == SCH_OK)
        stage_run(stage);
}

void stage_stop(struct stage *stage)
{
    sch_turn_close(stage->turn);
    stage->turn = NULL;
    sch_net_sim_disconnect_all(stage->net);
    stage->delivery_count = stage->status_count = 0;
}

void stage_open(struct stage *stage, const struct sch_book *book, int64_t civil_ms)
{
    int code;

    memset(stage, 0, sizeof *stage);
    stage->book = book;
    stage->prng.state = 1;
    stage->net = sch_net_sim_new();
    stage->store = sch_store_sim_new();
    stage->clock = sch_clock_sim_new(civil_ms);
    code = sch_arena_init(&stage->arena, ARENA_SIZE);
    assert(code == SCH_OK);
    stage->options = (struct sch_turn_options){ .net = stage->net, .store = stage->store,
                                                .clock = stage->clock,
                                                .metrics = &stage->metrics, .e1_hold_ms = E1_HOLD_MS };
    stage_start(stage);
    assert(stage->turn_code == SCH_OK);
}

/* Whatever a test did: every row can be read, refers to what is there, and counts what the dossiers say. */
static void check_store(const struct stage *stage)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    int code = sch_store_check(stage->store, &counts, &error);

    if (code != SCH_OK)
        (void)fprintf(stderr, "the store after the test: %s\n", error.text);
    assert(code == SCH_OK);
}

void stage_close(struct stage *stage)
{
    stage_stop(stage);
    check_store(stage);
    sch_net_sim_drop(&stage->answer);
    sch_net_sim_free(stage->net);
    sch_store_sim_free(stage->store);
    sch_clock_sim_free(stage->clock);
    sch_arena_close(&stage->arena);
}

int64_t stage_now_ms(const struct stage *stage)
{
    return sch_clock_civil_ms(stage->clock);
}

void stage_run(struct stage *stage)
{
    sch_error error = SCH_ERROR_INIT;

    if (stage->turn == NULL || stage->turn_code != SCH_OK)
        return;
    do
        stage->turn_code = sch_turn_run(stage->turn, -1, &error);
    while (stage->turn_code == SCH_OK &&
           (sch_net_sim_inbound_count(stage->net) > 0 || sch_net_sim_last_wait_ms(stage->net) == 0));
}

void stage_pass(struct stage *stage, int64_t ms)
{
    int64_t end_ms = sch_clock_mono_ms(stage->clock) + ms;

    while (stage->turn != NULL && stage->turn_code == SCH_OK) {
        int64_t left_ms, wait_ms;

        /* Twice: how long the first turn would have slept was asked before it acted. */
        stage_run(stage);
        stage_run(stage);
        wait_ms = sch_net_sim_last_wait_ms(stage->net);
        left_ms = end_ms - sch_clock_mono_ms(stage->clock);
        if (wait_ms < 0 || wait_ms >= left_ms)
            break;
        sch_clock_sim_advance(stage->clock, wait_ms > 0 ? wait_ms : 1);
    }
    if (end_ms > sch_clock_mono_ms(stage->clock))
        sch_clock_sim_advance(stage->clock, end_ms - sch_clock_mono_ms(stage->clock));
    stage_run(stage);
}

/* ---- peers -------------------------------------------------------------------------------------- */

size_t stage_connect(struct stage *stage, const char *key_id)
{
    return sch_net_sim_connect(stage->net, key_id);
}

size_t stage_enter(struct stage *stage, const char *key_id, uint8_t instance)
{
    size_t peer = stage_connect(stage, key_id);
    struct sch_command command = { .type = SCH_COMMAND_HELLO };
    struct sch_reply reply;
    bool answered;

    command.hello.version_min = SCH_WIRE_MIN;
    command.hello.version_max = SCH_WIRE_MAX;
    strcpy(command.hello.software, "stage");
    memset(command.hello.instance.bytes, 0x5c, sizeof command.hello.instance.bytes);
    command.hello.instance.bytes[0] = instance;
    answered = stage_ask(stage, peer, &command, &reply);
    assert(answered && reply.type == SCH_REPLY_WELCOME);
    return peer;
}

uint64_t stage_say(struct stage *stage, size_t peer, struct sch_command *command)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size;

    if (command->request == 0)
        command->request = ++stage->request;
    size = sch_command_encode(command, bytes, sizeof bytes);
    assert(size > 0);
    sch_net_sim_put(stage->net, peer, (struct sch_bytes){ bytes, size }, (struct sch_bytes){ 0 });
    return command->request;
}

void stage_send(struct stage *stage, size_t peer, const struct stage_message *message)
{
    uint8_t *body = calloc(1, message->body_size + 1);

    assert(body != NULL);
    sch_net_sim_put(stage->net, peer, (struct sch_bytes){ message->command, message->command_size },
                    (struct sch_bytes){ body, message->body_size });
    free(body);
}

static void keep_delivery(struct stage *stage, size_t peer, const struct sch_reply *reply, size_t body_size)
{
    struct stage_delivery *delivery = &stage->delivery[stage->delivery_count++];
    struct sch_fault fault;
    int code;

    assert(stage->delivery_count <= STAGE_HELD_MAX);
    memset(delivery, 0, sizeof *delivery);
    code = sch_header_decode(reply->delivery.header, &stage->arena, &delivery->header, &fault);
    assert(code == SCH_OK);
    delivery->peer = peer;
    delivery->mailbox = reply->delivery.mailbox;
    delivery->sequence = reply->delivery.sequence;
    delivery->stored_ms = reply->delivery.stored_ms;
    delivery->redelivered = reply->delivery.redelivered;
    delivery->body_size = body_size;
}

static void keep_status(struct stage *stage, size_t peer, const struct sch_reply *reply)
{
    assert(stage->status_count < STAGE_HELD_MAX);
    stage->status[stage->status_count++] = (struct stage_status){ .peer = peer,
                                                                  .message = reply->status.message,
                                                                  .mailbox = reply->status.mailbox,
                                                                  .state = reply->status.state };
}

bool stage_take(struct stage *stage, size_t peer, struct sch_reply *reply)
{
    for (;;) {
        struct sch_fault fault;
        int code;

        sch_net_sim_drop(&stage->answer);
        if (!sch_net_sim_take(stage->net, peer, &stage->answer))
            return false;
        sch_arena_reset(&stage->arena);
        code = sch_reply_decode(stage->answer.reply, &stage->arena, reply, &fault);
        assert(code == SCH_OK);
        if (reply->type == SCH_REPLY_DELIVERY)
            keep_delivery(stage, peer, reply, stage->answer.body.len);
        else if (reply->type == SCH_REPLY_STATUS)
            keep_status(stage, peer, reply);
        else
            return true;
    }
}

void stage_drain(struct stage *stage, size_t peer)
{
    struct sch_reply reply;

    while (stage_take(stage, peer, &reply))
        ;
}

static bool answer_to(struct stage *stage, size_t peer, uint64_t request, struct sch_reply *reply)
{
    bool found = false;

    stage_run(stage);
    while (!found && stage_take(stage, peer, reply))
        found = reply->request == request;
    return found;
}

bool stage_ask(struct stage *stage, size_t peer, struct sch_command *command, struct sch_reply *reply)
{
    return answer_to(stage, peer, stage_say(stage, peer, command), reply);
}

bool stage_submit(struct stage *stage, size_t peer, const struct stage_message *message,
                  struct sch_reply *reply)
{
    struct sch_command command;
    struct sch_fault fault;
    int code = sch_command_decode((struct sch_bytes){ message->command, message->command_size },
                                  &stage->arena,
                                  &command, &fault);

    assert(code == SCH_OK);
    stage_send(stage, peer, message);
    return answer_to(stage, peer, command.request, reply);
}

bool stage_settle(struct stage *stage, size_t peer, const char *mailbox, const struct sch_id *message,
                  enum sch_wire_verdict verdict, struct sch_reply *reply)
{
    struct sch_command command = { .type = SCH_COMMAND_SETTLE };
    bool valid = sch_address_set(&command.settle.mailbox, mailbox);

    assert(valid);
    command.settle.message = *message;
    command.settle.verdict = verdict;
    if (verdict == SCH_VERDICT_REFUSED)
        command.settle.refusal = SCH_SYSTEM_REFUSAL_CANNOT_OPEN;
    return stage_ask(stage, peer, &command, reply);
}

bool stage_attach(struct stage *stage, size_t peer, const char *mailbox, uint32_t credit,
                  struct sch_reply *reply)
{
    struct sch_command command = { .type = SCH_COMMAND_ATTACH };
    bool valid = mailbox == NULL || sch_address_set(&command.attach.mailbox[0], mailbox);

    assert(valid);
    command.attach.mailbox_count = mailbox != NULL;
    command.attach.credit_messages = credit;
    command.attach.credit_bytes = SCH_CREDIT_BYTES_MAX;
    return stage_ask(stage, peer, &command, reply);
}

/* ---- messages ----------------------------------------------------------------------------------- */

void stage_write(struct stage *stage, struct stage_message *message, const struct sch_header *header,
                 size_t letter_size)
{
    struct sch_command command = { .request = ++stage->request, .type = SCH_COMMAND_SUBMIT };
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_header written = *header;    /* perhaps the message's own */
    struct sch_seal seal;

    memset(message, 0, sizeof *message);
    message->header = written;
    if (sch_id_is_none(&written.id))
        message->header.id = sch_region_sim_id(stage_now_ms(stage), &stage->prng);
    message->body_size = sch_region_sim_seal(stage->book, &message->header, letter_size, stage_now_ms(stage),
                                             &stage->prng, &seal);
    command.submit.header.ptr = header_bytes;
    command.submit.header.len = sch_header_encode(&message->header, header_bytes, sizeof header_bytes);
    command.submit.seal.ptr = seal_bytes;
    command.submit.seal.len = sch_seal_encode(&seal, seal_bytes, sizeof seal_bytes);
    message->command_size = sch_command_encode(&command, message->command, sizeof message->command);
    assert(command.submit.header.len > 0 && command.submit.seal.len > 0 && message->command_size > 0);
}

int64_t stage_date(const struct stage *stage, int days)
{
    return sch_date_from_day(sch_day_of_ms(stage_now_ms(stage)) + days);
}

static struct sch_address address_of(const char *name)
{
    const struct sch_region_party *party = sch_region_sim_named(name);
    struct sch_address address = { "" };

    assert(party != NULL);
    (void)sch_address_set(&address, party->address);
    return address;
}

void stage_referral(struct stage *stage, struct stage_message *message, const char *from, const char *to)
{
    struct sch_header header = { .kind = SCH_KIND_REFERRAL, .sender = address_of(from),
                                 .receiver = address_of(to),
                                 .sections_known = true,
                                 .sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON };

    header.fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header.fact[SCH_FACT_LETTER_DATE] = stage_date(stage, 0);
    stage_write(stage, message, &header, STAGE_LETTER);
}

/* The dossier's copies, without whoever sends and without the first addressee. */
static void copy_to(struct sch_header *header, const struct sch_header *referral)
{
    for (size_t i = 0; i < referral->copy_count; i++)
        if (strcmp(referral->copies[i].text, header->sender.text) != 0 &&
            strcmp(referral->copies[i].text, header->receiver.text) != 0)
            header->copies[header->copy_count++] = referral->copies[i];
}

/* Who may hear of it at the other end of the dossier: the practice to whom feedback is owed. */
static struct sch_address creditor_of(const struct sch_header *opening)
{
    if (opening->kind == SCH_KIND_CARE_NOTICE)
        return opening->receiver;
    return opening->creditor.text[0] == '\0' ? opening->sender : opening->creditor;
}

/* Who treats, or should: the addressed party, but of care without a referral the one who tells of it. */
static struct sch_address treating(const struct sch_header *opening)
{
    return opening->kind == SCH_KIND_CARE_NOTICE ? opening->sender : opening->receiver;
}

static void to_creditor(struct sch_header *header, const struct sch_header *opening)
{
    header->receiver = creditor_of(opening);
    copy_to(header, opening);
}

static bool is_addressed(const struct sch_header *header, const char *address)
{
    if (strcmp(header->receiver.text, address) == 0)
        return true;
    for (size_t i = 0; i < header->copy_count; i++)
        if (strcmp(header->copies[i].text, address) == 0)
            return true;
    return false;
}

struct sch_header stage_header(const struct sch_header *opening, enum sch_kind kind, const char *from)
{
    struct sch_header header = { .kind = kind, .dossier = opening->id, .sender = address_of(from) };
    bool by_treating = strcmp(header.sender.text, treating(opening).text) == 0;

    switch (kind) {
    case SCH_KIND_NOTE:
    case SCH_KIND_SNOOZE:
    case SCH_KIND_WAIVER:
    case SCH_KIND_REMINDER: break;
    case SCH_KIND_WITHDRAWAL:
        header.receiver = opening->receiver;
        copy_to(&header, opening);
        break;
    case SCH_KIND_TAKEN_UP:
    case SCH_KIND_LETTER_INCOMPLETE: header.receiver = treating(opening); break;
    case SCH_KIND_INFORMATION_REQUEST:
    case SCH_KIND_INFORMATION_REPLY:
    case SCH_KIND_CHANGE_NOTICE:
    case SCH_KIND_REFUSAL:
        if (by_treating)
            to_creditor(&header, opening);
        else
            header.receiver = treating(opening);
        break;
    case SCH_KIND_TEAM_RESULT:
    case SCH_KIND_CONSULT_REPLY:
    case SCH_KIND_EXPLORATION_ADVICE:
        to_creditor(&header, opening);
        if (!is_addressed(&header, opening->sender.text))
            header.copies[header.copy_count++] = opening->sender;
        break;
    default: to_creditor(&header, opening); break;
    }
    return header;
}
