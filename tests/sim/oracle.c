/*
 * oracle.c: what must hold, from DOMAIN and PROTOCOL.md, without asking broker/core.
 *
 * While it runs: a delivery reaches only whom its header names, unchanged, in order per mailbox and dossier,
 * and says so when it may have come before. Of the store: index rows are exactly what the records say. At
 * the end, after faults are off and everybody came by: every receipted message is collected or its sender
 * was told, applications took each in once, every silence that the messages show is an open promise with its
 * alert, no alert came early or twice, and the audit chain is whole.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "shell/audit.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"
#include "world.h"

static void check_entitled(struct sim *sim, const struct sch_reply *reply, struct sim_message *message)
{
    const struct sch_address *mailbox = &reply->delivery.mailbox;
    int to = -1;

    for (size_t i = 0; i < message->to_count; i++)
        if (strcmp(message->to[i].text, mailbox->text) == 0)
            to = (int)i;
    if (to < 0) {
        sim_violation(sim, "%s got a message that does not name it", mailbox->text);
        return;
    }
    if (message->seen[to] && !reply->delivery.redelivered)
        sim_violation(sim, "a message came again without saying so");
    message->seen[to] = true;
}

/* The broker's own word reaches a member of the dossier, and nobody else. */
static void check_made(struct sim *sim, const struct sim_dossier *dossier, int mailbox, const struct sch_header *header)
{
    bool member = dossier != NULL && (mailbox == dossier->referrer || mailbox == dossier->receiver ||
                                      mailbox == dossier->creditor);

    if (header->kind != SCH_KIND_REMINDER && header->kind != SCH_KIND_DELIVERY_REPORT) {
        sim_violation(sim, "a message that nobody sent");
        return;
    }
    for (size_t i = 0; dossier != NULL && i < dossier->copy_count; i++)
        member = member || mailbox == dossier->copy[i];
    if (!member || strcmp(header->receiver.text, sim->mailbox[mailbox].address.text) != 0)
        sim_violation(sim, "%s got a %d of a dossier in which it has no part", sim->mailbox[mailbox].address.text,
                      (int)header->kind);
}

/* While one waits in a mailbox, nothing later of its dossier is handed out there. */
static void check_turn_of(struct sim *sim, const struct sch_id *dossier, const struct sch_reply *reply)
{
    static struct sch_dossier record;
    static uint8_t value[SCH_RECORD_DOSSIER_MAX];
    struct sch_record_key key = sch_record_key_id(dossier);
    size_t size;

    if (sch_store_get(sim->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK ||
        sch_record_dossier_decode((struct sch_bytes){ value, size }, &record) != SCH_OK)
        return;                         /* another look finds that */
    for (size_t i = 0; i < record.delivery_count; i++)
        if (record.delivery[i].sequence < reply->delivery.sequence &&
            strcmp(record.member[record.delivery[i].member].address.text, reply->delivery.mailbox.text) == 0)
            sim_violation(sim, "%s got sequence %llu, and %llu of that dossier waits", reply->delivery.mailbox.text,
                          (unsigned long long)reply->delivery.sequence,
                          (unsigned long long)record.delivery[i].sequence);
}

/* Judged as the broker sends it: what the network does to it afterwards is not the broker's. */
static void check_delivery(struct sim *sim, int system, const struct sch_reply *reply, const struct sch_header *header)
{
    const struct sch_id *id = sch_id_is_none(&header->dossier) ? &header->id : &header->dossier;
    int dossier = sim_dossier_find(sim, id), index = sim_message_find(sim, &header->id);
    int mailbox = sim_mailbox_find(sim, reply->delivery.mailbox.text);
    int64_t *last;

    if (mailbox < 0 || sim->mailbox[mailbox].party != sim->system[system].party) {
        sim_violation(sim, "system %d got mail of %s", system, reply->delivery.mailbox.text);
        return;
    }
    if (sim_book_revokes(sim->book) == sim->system[system].party)
        sim_violation(sim, "mail went to a key that is revoked");
    if (index < 0) {
        check_made(sim, dossier < 0 ? NULL : &sim->dossier[dossier], mailbox, header);
    } else {
        if (memcmp(header, &sim->message[index].header, sizeof *header) != 0)
            sim_violation(sim, "a header arrived other than it was sent");
        check_entitled(sim, reply, &sim->message[index]);
    }
    if (dossier < 0)
        return;
    check_turn_of(sim, id, reply);
    last = &sim->dossier[dossier].last_sequence[mailbox];
    if ((int64_t)reply->delivery.sequence > *last)
        *last = (int64_t)reply->delivery.sequence;
    else if (!reply->delivery.redelivered)
        sim_violation(sim, "order within a dossier: %llu after %lld", (unsigned long long)reply->delivery.sequence,
                      (long long)*last);
}

/* Its whole dossier is gone, by time: 24 months after it closed, and so not before that. */
static bool is_deleted(struct sim *sim, const struct sim_message *message)
{
    const struct sch_header *header = &message->header;
    struct sch_record_key key = sch_record_key_id(sch_id_is_none(&header->dossier) ? &header->id : &header->dossier);
    uint8_t *value;
    size_t size;
    bool gone;

    if (sim->start_ms + 730 * SIM_DAY_MS > sim->now_ms)
        return false;
    value = malloc(SCH_RECORD_DOSSIER_MAX);
    assert(value != NULL);
    gone = sch_store_get(sim->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, SCH_RECORD_DOSSIER_MAX,
                         &size) == SCH_STORE_NONE;
    free(value);
    return gone;
}

/* Once a receipt was sent, the message is never refused, while its dossier stands; the one may overtake the other on the
 * way. */
static void check_promised(struct sim *sim, const struct sch_reply *reply)
{
    bool receipt = reply->type == SCH_REPLY_RECEIPT;
    int index = sim_message_find(sim, receipt ? &reply->receipt.message : &reply->rejection.message);

    if (index < 0 || reply->request != SIM_SUBMIT_REQUEST)
        return;
    if (receipt)
        sim->message[index].promised = true;
    else if (sim->message[index].promised && !sim_is_passing(reply->rejection.code) &&
             !is_deleted(sim, &sim->message[index]))
        sim_violation(sim, "a receipted message was rejected with E%u", reply->rejection.code);
}

void sim_oracle_sent(struct sim *sim, int system, struct sch_bytes bytes)
{
    struct sch_header header;
    struct sch_reply reply;
    struct sch_fault fault;

    sch_arena_reset(&sim->arena);
    if (sch_reply_decode(bytes, &sim->arena, &reply, &fault) != SCH_OK)
        sim_violation(sim, "a reply cannot be read: %s", fault.field);
    else if (reply.type == SCH_REPLY_DELIVERY &&
             sch_header_decode(reply.delivery.header, &sim->arena, &header, &fault) != SCH_OK)
        sim_violation(sim, "a delivered header cannot be read: %s", fault.field);
    else if (reply.type == SCH_REPLY_DELIVERY)
        check_delivery(sim, system, &reply, &header);
    else if (reply.type == SCH_REPLY_RECEIPT || reply.type == SCH_REPLY_REJECTION)
        check_promised(sim, &reply);
}

/* ---- the store ---------------------------------------------------------------------------------- */

struct dossiers {
    struct sim *sim;
    struct sch_dossier *dossier;        /* decoded here */
    size_t due, open, party, mailbox;   /* rows that must be there */
};

static size_t owners(const struct sch_dossier *dossier)
{
    const char *name[SCH_MEMBERS_MAX + 2];
    size_t count = 0;

    for (size_t i = 0; i < dossier->member_count + 2; i++) {
        bool twice = false;

        name[count] = i < dossier->member_count ? dossier->member[i].address.text
                                                : dossier->member[i - dossier->member_count].region;
        for (size_t k = 0; k < count; k++)
            twice = twice || strcmp(name[k], name[count]) == 0;
        count += !twice;
    }
    return count;
}

/* Nobody is reminded of what he does not owe any more. */
static void check_reminder(struct sim *sim, const struct sch_dossier *dossier, const struct sch_delivery *delivery)
{
    bool owed = delivery->kind != SCH_KIND_REMINDER || delivery->expectation == 0;

    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];

        owed = owed || (instance->expectation == delivery->expectation &&
                        sch_id_equal(&instance->opened_by, &delivery->subject) &&
                        (instance->standing == SCH_STANDING_OPEN || instance->standing == SCH_STANDING_INCOMPLETE));
    }
    if (!owed)
        sim_violation(sim, "a reminder of E%u lies in %s, and nobody owes that", (unsigned)delivery->expectation,
                      dossier->member[delivery->member].address.text);
}

/* What the record says to lie in a mailbox, lies there. */
static void check_laid(struct sim *sim, const struct sch_dossier *dossier)
{
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        const struct sch_delivery *delivery = &dossier->delivery[i];
        const struct sch_address *mailbox = &dossier->member[delivery->member].address;
        struct sch_record_key key = sch_record_key_mailbox(mailbox, delivery->sequence);
        uint8_t value[SCH_RECORD_MAILBOX_MAX];
        size_t size;

        if (sch_store_get(sim->store, SCH_TABLE_MAILBOX, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK)
            sim_violation(sim, "a %d for %s, sequence %llu, does not lie in its mailbox", (int)delivery->kind,
                          mailbox->text, (unsigned long long)delivery->sequence);
        check_reminder(sim, dossier, delivery);
    }
}

static bool check_dossier(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct dossiers *all = context;
    const struct sch_dossier *dossier = all->dossier;
    bool owed = false;

    (void)key;
    if (sch_record_dossier_decode(value, all->dossier) != SCH_OK) {
        sim_violation(all->sim, "a dossier's record cannot be read");
        return false;
    }
    check_laid(all->sim, dossier);
    for (size_t i = 0; i < dossier->instance_count; i++)
        owed = owed || dossier->instance[i].standing == SCH_STANDING_OPEN ||
               dossier->instance[i].standing == SCH_STANDING_INCOMPLETE;
    all->due += sch_dossier_next_due(dossier) != INT64_MAX;
    all->open += owed ? owners(dossier) : 0;
    all->party += owners(dossier);
    all->mailbox += dossier->delivery_count;
    return true;
}

static bool check_due(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct dossiers *all = context;
    struct sch_record_key row;
    static uint8_t buffer[SCH_RECORD_DOSSIER_MAX];
    struct sch_id id;
    int64_t due_ms;
    size_t size;

    (void)value;
    if (sch_record_read_due(key, &due_ms, &id) != SCH_OK)
        return false;
    row = sch_record_key_id(&id);
    if (sch_store_get(all->sim->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&row), buffer, sizeof buffer, &size) !=
            SCH_STORE_OK ||
        sch_record_dossier_decode((struct sch_bytes){ buffer, size }, all->dossier) != SCH_OK ||
        sch_dossier_next_due(all->dossier) != due_ms)
        sim_violation(all->sim, "a due row that its dossier does not account for");
    all->due--;
    return true;
}

static bool count_down(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)key;
    (void)value;
    --*(size_t *)context;
    return true;
}

static void scan(struct sim *sim, enum sch_table table, sch_row_fn *visit, void *context)
{
    if (sch_store_scan(sim->store, table, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, SIZE_MAX, visit,
                       context) != SCH_STORE_OK)
        sim_violation(sim, "table %d cannot be scanned", (int)table);
}

/* The simulated store lets a visit call it again, so a due row is looked up on the spot. */
void sim_oracle_store(struct sim *sim)
{
    struct dossiers all = { .sim = sim, .dossier = malloc(sizeof *all.dossier) };

    assert(all.dossier != NULL);
    scan(sim, SCH_TABLE_DOSSIER, check_dossier, &all);
    scan(sim, SCH_TABLE_DUE, check_due, &all);
    scan(sim, SCH_TABLE_OPEN, count_down, &all.open);
    scan(sim, SCH_TABLE_PARTY, count_down, &all.party);
    scan(sim, SCH_TABLE_MAILBOX, count_down, &all.mailbox);
    if (all.due != 0 || all.open != 0 || all.party != 0 || all.mailbox != 0)
        sim_violation(sim, "rows and records differ: due %zd open %zd party %zd mailbox %zd", (ssize_t)all.due,
                      (ssize_t)all.open, (ssize_t)all.party, (ssize_t)all.mailbox);
    free(all.dossier);
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void check_message(struct sim *sim, const struct sim_message *message)
{
    struct sch_record_key key = sch_record_key_id(&message->header.id);
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row row;
    size_t size;

    /* Whoever came last may still come by: a day is enough once faults are off. */
    if (!message->receipted || message->stored_ms + SIM_DAY_MS > sim->now_ms)
        return;
    if (is_deleted(sim, message))
        return;
    if (sch_store_get(sim->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK ||
        sch_record_message_decode((struct sch_bytes){ value, size }, &row) != SCH_OK) {
        sim_violation(sim, "a receipted message is lost");
        return;
    }
    for (size_t i = 0; i < message->to_count; i++) {
        enum sch_delivery_state state = 0;

        for (size_t k = 0; k < row.recipient_count; k++)
            if (strcmp(row.recipient[k].address.text, message->to[i].text) == 0)
                state = row.recipient[k].state;
        if (state == 0 || (state == SCH_DELIVERY_STORED && message->stored_ms < sim->end_ms + 30 * SIM_DAY_MS))
            sim_violation(sim, "a message of kind %d to %s, stored at %lld, has not ended: state %d",
                          (int)message->header.kind, message->to[i].text, (long long)message->stored_ms, (int)state);
        if (state == SCH_DELIVERY_COLLECTED && message->handled[i] != 1)
            sim_violation(sim, "collected, but handled %u times", message->handled[i]);
        if (message->handled[i] > 1)
            sim_violation(sim, "handled %u times", message->handled[i]);
    }
}

void sim_oracle_end(struct sim *sim)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;

    sim_oracle_store(sim);
    for (size_t i = 0; i < sim->message_count; i++) {
        const struct sim_message *message = &sim->message[i];

        if (!message->receipted && !message->rejected && message->made_ms < sim->end_ms + 30 * SIM_DAY_MS)
            sim_violation(sim, "a message of kind %d was never answered", (int)message->header.kind);
        check_message(sim, message);
    }
    if (sim->violations == 0)
        sim_oracle_ledger(sim);
    if (sch_store_check(sim->store, &counts, &error) != SCH_OK)
        sim_violation(sim, "the store cannot be trusted: %s", error.text);
}
