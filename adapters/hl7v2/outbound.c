/*
 * outbound.c: from the broker to the HIS or EPD: a REFERRAL, feedback or a report becomes a message.
 *
 * The message stays unsettled until the peer says AA: then it is collected. AE, and silence: offered again
 * later by the broker, with back-off. AR: refused, and its sender is told. A kind without a form is
 * collected at once.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "id.h"
#include "log.h"
#include "names.h"
#include "stamp.h"

/* What a message needs on its way out. */
struct giving {
    struct sch_adapter *adapter;
    const sch_msg *msg;
    const struct sch_header *header;
    struct sch_map_values values;
    struct sch_map_envelope envelope;
    struct sch_hl7_message original;    /* the HL7v2 attachment; no segments: none */
    char order[SCH_CORRELATION_ORDER_MAX + 1];
    uint8_t *patient;                   /* heap */
    size_t patient_size;
    char control_id[SCH_PEER_CONTROL_ID_MAX + 1];
    char time[SCH_STAMP_SIZE];
    char sender_agb[16], receiver_agb[16];
};

/* "06290713" of "agb:06290713/poh-ggz"; empty for other addresses. */
static void agb_of(const struct sch_address *address, char text[16])
{
    text[0] = 0;
    if (strncmp(address->text, "agb:", 4) == 0)
        snprintf(text, 16, "%.8s", address->text + 4);
}

static void fill_values(struct giving *giving)
{
    struct sch_map_values *values = &giving->values;
    const struct sch_header *header = giving->header;
    size_t count = sch_msg_attachment_count(giving->msg);

    values->kind = header->kind;
    values->kenmerk = sch_msg_kenmerk(giving->msg);
    values->order = giving->order;
    memcpy(values->fact, header->fact, sizeof values->fact);
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++)
        values->section[s] = sch_msg_section(giving->msg, s);
    for (size_t i = 0; i < count && i < SCH_ATTACHMENTS_MAX; i++) {
        struct sch_attachment *attachment = &values->attachment[values->attachment_count++];
        attachment->content.ptr = sch_msg_attachment(giving->msg, i, &attachment->content.len,
                                                     &attachment->media_type, &attachment->name);
    }
}

/* The message that the sender's adapter took in, if it came from one. */
static void read_original(struct giving *giving)
{
    for (size_t i = 0; i < giving->values.attachment_count; i++) {
        const struct sch_attachment *attachment = &giving->values.attachment[i];
        if (strcmp(attachment->media_type, "application/hl7-v2") != 0)
            continue;
        if (sch_hl7_parse(attachment->content, &giving->adapter->arena, &giving->original) != SCH_OK)
            memset(&giving->original, 0, sizeof giving->original);
        return;
    }
}

static void keep_patient(struct giving *giving, struct sch_bytes patient)
{
    giving->patient = malloc(patient.len + 1);
    if (giving->patient == NULL || patient.len == 0)
        return;
    memcpy(giving->patient, patient.ptr, patient.len);
    giving->patient_size = patient.len;
}

/* From the original: patient and order number, where the standard puts them. */
static void use_original(struct giving *giving)
{
    static const struct {
        const char *segment;
        unsigned field;
    } places[] = {{"RF1", 6}, {"ORC", 4}, {"ORC", 2}, {"OBR", 2}};
    struct sch_hl7_message *original = &giving->original;
    struct sch_hl7_writer writer;
    size_t index;

    if (original->segment_count == 0)
        return;
    for (size_t i = 0; i < sizeof places / sizeof *places && giving->order[0] == 0; i++) {
        const char *order =
            sch_hl7_get(original, places[i].segment, places[i].field, 1, &giving->adapter->arena);
        if (strlen(order) <= SCH_CORRELATION_ORDER_MAX)
            snprintf(giving->order, sizeof giving->order, "%s", order);
    }
    index = sch_hl7_find(original, "PID", 0);
    if (giving->patient_size > 0 || index == original->segment_count)
        return;
    sch_hl7_writer_init(&writer);
    sch_hl7_copy(&writer, original, original->segments[index]);
    free(giving->patient);
    giving->patient = NULL;
    if (sch_hl7_writer_take(&writer, &giving->patient, &giving->patient_size) == SCH_OK)
        giving->patient_size--;
}

/* What this adapter knows of the dossier; a referral that is new here is written down before the peer can
 * answer it. False: it could not be written down. */
static bool know_dossier(struct giving *giving)
{
    struct sch_adapter *adapter = giving->adapter;
    const struct sch_header *header = giving->header;
    const struct sch_id *dossier = sch_id_is_none(&header->dossier) ? &header->id : &header->dossier;
    struct sch_correlation_record record;
    sch_error error = SCH_ERROR_INIT;

    bool known = sch_correlation_by_dossier(adapter->table, dossier, &record);
    if (known) {
        snprintf(giving->order, sizeof giving->order, "%s", record.order);
        keep_patient(giving, record.patient);
    }
    use_original(giving);
    if (known || header->kind != SCH_KIND_REFERRAL)
        return true;
    memset(&record, 0, sizeof record);
    record.type = SCH_CORRELATION_DOSSIER;
    record.at_ms = sch_adapter_civil_ms();
    record.dossier = *dossier;
    snprintf(record.kenmerk, sizeof record.kenmerk, "%s", sch_msg_kenmerk(giving->msg));
    memcpy(record.order, giving->order, sizeof record.order);
    record.sender = header->sender;
    record.receiver = header->receiver;
    record.creditor = header->creditor;
    memcpy(record.copies, header->copies, sizeof record.copies);
    record.copy_count = header->copy_count;
    if (giving->patient_size <= SCH_CORRELATION_PATIENT_MAX)
        record.patient = (struct sch_bytes){giving->patient, giving->patient_size};
    if (sch_correlation_append(adapter->table, &record, &error) == SCH_OK)
        return true;
    sch_hl7v2_log('e', "correlation", "kenmerk=%s %s", record.kenmerk, error.text);
    return false;
}

static void fill_envelope(struct giving *giving)
{
    uint8_t identity[SCH_ID_SIZE + SCH_ADDRESS_MAX + 1];
    const char *mailbox = sch_msg_mailbox(giving->msg);
    size_t size = strlen(mailbox);

    memset(identity, 0, sizeof identity);
    memcpy(identity, giving->header->id.bytes, SCH_ID_SIZE);
    memcpy(identity + SCH_ID_SIZE, mailbox, size <= SCH_ADDRESS_MAX ? size : SCH_ADDRESS_MAX);
    sch_adapter_control_id(identity, sizeof identity, giving->control_id);
    sch_stamp_text(sch_msg_stored_ms(giving->msg), giving->time);
    agb_of(&giving->header->sender, giving->sender_agb);
    agb_of(&giving->header->receiver, giving->receiver_agb);
    giving->envelope = (struct sch_map_envelope){.control_id = giving->control_id,
                                                 .time = giving->time,
                                                 .sender_name = sch_msg_sender_name(giving->msg),
                                                 .sender_agb = giving->sender_agb,
                                                 .receiver_agb = giving->receiver_agb,
                                                 .receiver = giving->header->receiver.text,
                                                 .patient = {giving->patient, giving->patient_size}};
}

static struct sch_adapter_held *find_held(struct sch_adapter *adapter, const struct sch_id *message,
                                          const char *mailbox)
{
    for (size_t i = 0; i < SCH_ADAPTER_HELD_MAX; i++) {
        struct sch_adapter_held *held = &adapter->held[i];
        if (held->used && sch_id_equal(&held->message, message) && strcmp(held->mailbox.text, mailbox) == 0)
            return held;
    }
    return NULL;
}

static struct sch_adapter_held *free_held(struct sch_adapter *adapter)
{
    for (size_t i = 0; i < SCH_ADAPTER_HELD_MAX; i++)
        if (!adapter->held[i].used)
            return &adapter->held[i];
    return NULL;
}

/* Writes the message and queues it for the peer. */
static sch_verdict give(struct giving *giving)
{
    struct sch_adapter *adapter = giving->adapter;
    struct sch_adapter_held *held = free_held(adapter);
    uint8_t *text;
    size_t size;

    if (held == NULL)
        return SCH_RETRY;
    int code = sch_map_out(&adapter->map, &giving->values, &giving->envelope, &text, &size);
    if (code == SCH_E_STATE)
        return SCH_COLLECT;
    if (code != SCH_OK)
        return SCH_RETRY;
    code = sch_peer_offer(adapter->peer, adapter->last_token + 1, giving->control_id,
                          (struct sch_bytes){text, size});
    free(text);
    if (code != SCH_OK)
        return SCH_RETRY;
    memset(held, 0, sizeof *held);
    held->used = true;
    held->token = ++adapter->last_token;
    held->message = giving->header->id;
    held->kind = giving->header->kind;
    snprintf(held->mailbox.text, sizeof held->mailbox.text, "%s", sch_msg_mailbox(giving->msg));
    snprintf(held->kenmerk, sizeof held->kenmerk, "%s", sch_msg_kenmerk(giving->msg));
    return SCH_LATER;
}

sch_verdict sch_adapter_deliver(const sch_msg *msg, void *context)
{
    struct sch_adapter *adapter = context;
    struct giving giving = {.adapter = adapter, .msg = msg, .header = sch_msg_header(msg)};
    sch_verdict verdict = SCH_RETRY;

    /* Its lease ran out while the peer was away: it is in the queue still. */
    if (find_held(adapter, &giving.header->id, sch_msg_mailbox(msg)) != NULL)
        return SCH_LATER;
    /* Nobody will settle it in this session: it waits in the mailbox for the next. */
    if (adapter->draining)
        return SCH_LATER;
    sch_arena_reset(&adapter->arena);
    fill_values(&giving);
    read_original(&giving);
    if (know_dossier(&giving)) {
        fill_envelope(&giving);
        verdict = give(&giving);
    }
    free(giving.patient);
    sch_hl7v2_log('i', "delivery", "kind=%s kenmerk=%s control=%s redelivered=%s queued=%s",
                  sch_code_name(SCH_SET_KIND, giving.header->kind), sch_msg_kenmerk(msg), giving.control_id,
                  sch_msg_redelivered(msg) ? "yes" : "no", verdict == SCH_LATER ? "yes" : "no");
    return verdict;
}

void sch_adapter_answered(void *context, uint64_t token, enum sch_peer_answer answer)
{
    static const char *const words[] = {"", "AA", "AE", "AR", "none"};
    struct sch_adapter *adapter = context;
    struct sch_adapter_held *held = NULL;
    sch_error error = SCH_ERROR_INIT;

    for (size_t i = 0; i < SCH_ADAPTER_HELD_MAX; i++)
        if (adapter->held[i].used && adapter->held[i].token == token)
            held = &adapter->held[i];
    assert(held != NULL);
    sch_verdict verdict = answer == SCH_PEER_ACCEPTED ? SCH_COLLECT
                          : answer == SCH_PEER_REJECTED ? SCH_REFUSE : SCH_RETRY;
    sch_hl7v2_log(answer == SCH_PEER_ACCEPTED ? 'i' : 'w', "peer-answered", "ack=%s kind=%s kenmerk=%s",
                  words[answer], sch_code_name(SCH_SET_KIND, held->kind), held->kenmerk);
    held->used = false;
    int code = sch_settle(adapter->client, held->mailbox.text, &held->message, verdict,
                          SCH_SYSTEM_REFUSAL_MALFORMED, 0, &error);
    /* Not waiting for the broker's word is no failure: the verdict is in the journal, or it comes again. */
    if (code != SCH_OK && code != SCH_E_TIMEOUT && code != SCH_E_QUEUED)
        sch_hl7v2_log('w', "settle", "kenmerk=%s error=%s", held->kenmerk, error.name);
}
