/*
 * inbound.c: from the HIS or EPD to the broker: a message becomes a REFERRAL, feedback or an act.
 *
 * The sender gets AA when the broker's receipt is here and its consequences are written down; AE or AR with
 * a reason otherwise. Reasons name places and codes, never values. See adapter.h for the order of writes.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "charset.h"
#include "id.h"
#include "log.h"
#include "stamp.h"

#define DIRECTORY_WAIT_MS 0

/* A message of the peer while it is being taken. */
struct taking {
    struct sch_adapter *adapter;
    uint64_t connection;
    struct sch_bytes raw;
    struct sch_hl7_message message;
    struct sch_map_values values;
    char key[SCH_CORRELATION_KEY_MAX + 1];
    uint8_t digest[32];
    struct sch_correlation_record dossier;      /* of feedback: its patient is copied below */
    uint8_t *patient;                   /* heap: the PID of this message, standard delimiters */
    size_t patient_size;
};

/* Table 0357. */
#define ERROR_MISSING "101"
#define ERROR_VALUE "103"
#define ERROR_UNSUPPORTED "200"
#define ERROR_UNKNOWN_KEY "204"
#define ERROR_DUPLICATE "205"
#define ERROR_INTERNAL "207"

/* ---- acknowledging ------------------------------------------------------------------------------- */

void sch_adapter_control_id(const void *bytes, size_t size, char text[SCH_PEER_CONTROL_ID_MAX + 1])
{
    static const char sign[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t digest[32];

    crypto_generichash(digest, sizeof digest, bytes, size, NULL, 0);
    for (size_t i = 0; i < SCH_PEER_CONTROL_ID_MAX; i++)
        text[i] = sign[digest[i] & 31];
    text[SCH_PEER_CONTROL_ID_MAX] = 0;
}

static void acknowledge(struct sch_adapter *adapter, uint64_t connection,
                        const struct sch_hl7_message *message, const char *code, const char *error,
                        const char *text)
{
    int64_t seed[2] = {sch_adapter_civil_ms(), (int64_t)++adapter->last_control};
    char control_id[SCH_PEER_CONTROL_ID_MAX + 1], time[SCH_STAMP_SIZE];
    uint8_t *answer;
    size_t size;

    sch_adapter_control_id(seed, sizeof seed, control_id);
    sch_stamp_text(sch_now_ms(adapter->client), time);
    struct sch_map_ack ack = {
        .code = code, .text = text, .error = error, .control_id = control_id, .time = time};
    if (sch_map_acknowledge(message, &adapter->arena, &ack, &answer, &size) != SCH_OK) {
        sch_server_drop(adapter->server, connection);
        return;
    }
    if (adapter->map.latin1)
        size = sch_charset_to_latin1((struct sch_bytes){answer, size}, answer);
    sch_server_reply(adapter->server, connection, (struct sch_bytes){answer, size}, sch_adapter_mono_ms());
    free(answer);
}

/* AE or AR for the message at hand; logged with its key only. */
static void refuse(struct taking *taking, const char *code, const char *error, const char *text)
{
    sch_hl7v2_log('w', "message-refused", "ack=%s error=%s key=%s reason=\"%s\"", code, error,
                  taking->key[0] != 0 ? taking->key : "-", text);
    acknowledge(taking->adapter, taking->connection, &taking->message, code, error, text);
}

static void error_text(const sch_error *error, char *text, size_t size)
{
    snprintf(text, size, "E%d %s: %s; %s", (int)error->code, error->name, error->cause, error->text);
}

/* ---- who waits ------------------------------------------------------------------------------------ */

static bool await(struct taking *taking)
{
    struct sch_adapter *adapter = taking->adapter;
    struct sch_bytes head = taking->message.segments[0];

    for (size_t i = 0; i < SCH_ADAPTER_PENDING_MAX; i++) {
        struct sch_adapter_pending *pending = &adapter->pending[i];
        if (pending->used)
            continue;
        pending->used = true;
        pending->connection = taking->connection;
        memcpy(pending->key, taking->key, sizeof pending->key);
        pending->deadline_ms = sch_adapter_mono_ms() + (int64_t)adapter->config.answer_ms;
        memcpy(pending->head, head.ptr, head.len);
        pending->head_size = head.len;
        return true;
    }
    return false;
}

static void answer_pending(struct sch_adapter *adapter, struct sch_adapter_pending *pending, const char *code,
                           const char *error, const char *text)
{
    struct sch_hl7_message message;

    sch_arena_reset(&adapter->arena);
    pending->used = false;
    /* It was parsed before, so it can be parsed again. */
    int parsed =
        sch_hl7_parse((struct sch_bytes){pending->head, pending->head_size}, &adapter->arena, &message);
    assert(parsed == SCH_OK);
    acknowledge(adapter, pending->connection, &message, code, error, text);
}

static void answer_key(struct sch_adapter *adapter, const char *key, const char *code, const char *error,
                       const char *text)
{
    for (size_t i = 0; i < SCH_ADAPTER_PENDING_MAX; i++)
        if (adapter->pending[i].used && strcmp(adapter->pending[i].key, key) == 0)
            answer_pending(adapter, &adapter->pending[i], code, error, text);
}

void sch_adapter_expire(struct sch_adapter *adapter)
{
    int64_t now = sch_adapter_mono_ms();

    for (size_t i = 0; i < SCH_ADAPTER_PENDING_MAX; i++) {
        struct sch_adapter_pending *pending = &adapter->pending[i];
        if (!pending->used || now < pending->deadline_ms)
            continue;
        sch_hl7v2_log('w', "receipt-late", "ack=AE key=%s", pending->key);
        answer_pending(
            adapter, pending, "AE", ERROR_INTERNAL,
            "the broker has not answered yet; the message is kept and sent by itself: send it again "
            "to hear of it");
    }
}

size_t sch_adapter_pending_count(const struct sch_adapter *adapter)
{
    size_t count = 0;

    for (size_t i = 0; i < SCH_ADAPTER_PENDING_MAX; i++)
        count += adapter->pending[i].used;
    return count;
}

/* ---- identity of a message ------------------------------------------------------------------------ */

static void hash_field(crypto_generichash_state *state, const struct sch_hl7_message *message, unsigned field)
{
    struct sch_bytes text = sch_hl7_field(message, message->segments[0], field);
    uint8_t size[4] = {(uint8_t)text.len, (uint8_t)(text.len >> 8), (uint8_t)(text.len >> 16), 0};

    crypto_generichash_update(state, size, sizeof size);
    crypto_generichash_update(state, text.ptr, text.len);
}

/* The key is who sent it and its MSH-10; the digest covers what it says: all but the rest of MSH, whose
 * time stamp some engines renew when they send again. */
static void identify(struct taking *taking)
{
    crypto_generichash_state state;
    uint8_t name[20];
    const struct sch_hl7_message *message = &taking->message;

    crypto_generichash_init(&state, NULL, 0, sizeof name);
    hash_field(&state, message, 3);
    hash_field(&state, message, 4);
    hash_field(&state, message, 10);
    crypto_generichash_final(&state, name, sizeof name);
    memcpy(taking->key, "hl7-", 4);
    sodium_bin2hex(taking->key + 4, sizeof taking->key - 4, name, sizeof name);

    crypto_generichash_init(&state, NULL, 0, sizeof taking->digest);
    hash_field(&state, message, 9);
    for (size_t i = 1; i < message->segment_count; i++) {
        crypto_generichash_update(&state, message->segments[i].ptr, message->segments[i].len);
        crypto_generichash_update(&state, (const uint8_t *)"\r", 1);
    }
    crypto_generichash_final(&state, taking->digest, sizeof taking->digest);
}

/* Was this key used before? Answers what needs nothing more, and returns false then. */
static bool check_key(struct taking *taking)
{
    struct sch_correlation_record former;

    if (!sch_correlation_by_key(taking->adapter->table, taking->key, &former)
        || former.type == SCH_CORRELATION_DROPPED)
        return true;
    if (memcmp(former.digest, taking->digest, sizeof former.digest) != 0) {
        refuse(taking, "AE", ERROR_DUPLICATE, "MSH-10 was used before for a message with other content");
        return false;
    }
    if (former.type == SCH_CORRELATION_RECEIVED)
        return true;
    sch_hl7v2_log('i', "message-repeated", "ack=AA key=%s kenmerk=%s", taking->key, former.kenmerk);
    acknowledge(taking->adapter, taking->connection, &taking->message, "AA", "", "");
    return false;
}

/* ---- the dossier ---------------------------------------------------------------------------------- */

/* Finds the dossier that an answer is about; refuses the message and returns false when there is none. */
static bool find_dossier(struct taking *taking)
{
    struct sch_correlation *table = taking->adapter->table;
    const struct sch_map_values *values = &taking->values;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    uint64_t number;

    if (values->kenmerk[0] != 0 && sch_kenmerk_parse(values->kenmerk, &number)) {
        sch_kenmerk_text(number, kenmerk);
        if (sch_correlation_by_kenmerk(table, kenmerk, &taking->dossier))
            return true;
    }
    unsigned count = sch_correlation_by_order(table, values->order, &taking->dossier);
    if (count == 1)
        return true;
    if (count > 1)
        refuse(taking, "AE", ERROR_UNKNOWN_KEY, "several dossiers have this order number: give the kenmerk");
    else if (values->kenmerk[0] == 0 && values->order[0] == 0)
        refuse(taking, "AE", ERROR_MISSING, "the message gives neither kenmerk nor order number");
    else
        refuse(taking, "AE", ERROR_UNKNOWN_KEY, "no referral is known here by this kenmerk or order number");
    return false;
}

/* The echelon that a referral states is the receiver's own, by the directory, unless the map tells. Without
 * any directory no letter can be sealed: refuses the message and returns false. */
static bool fill_echelon(struct taking *taking)
{
    struct sch_map_values *values = &taking->values;
    const struct sch_directory *directory = sch_client_directory(taking->adapter->client, NULL,
                                                                 DIRECTORY_WAIT_MS, NULL);

    if (directory == NULL) {
        refuse(taking, "AE", ERROR_INTERNAL, "the broker has not been reached yet, so no directory is known; "
                                             "send it again");
        return false;
    }
    const struct sch_party *party = sch_directory_party(directory, values->receiver.text);
    if (party != NULL && values->fact[SCH_FACT_ECHELON] == 0)
        values->fact[SCH_FACT_ECHELON] = party->kind;
    return true;
}

/* ---- the draft ------------------------------------------------------------------------------------ */

static void address_referral(const struct taking *taking, sch_draft *draft)
{
    const struct sch_map_values *values = &taking->values;

    if (values->sender.text[0] != 0)
        sch_draft_from(draft, values->sender.text);
    sch_draft_to(draft, values->receiver.text);
    if (values->creditor.text[0] != 0)
        sch_draft_creditor(draft, values->creditor.text);
    if (values->prepared_by.text[0] != 0)
        sch_draft_prepared_by(draft, values->prepared_by.text);
    for (size_t i = 0; i < values->copy_count; i++)
        sch_draft_copy(draft, values->copy[i].text);
}

/* A provider speaks as the referral's receiver; a practice withdraws as its sender and acts as creditor. */
static void address_on_dossier(const struct taking *taking, sch_draft *draft)
{
    const struct sch_correlation_record *dossier = &taking->dossier;
    const struct sch_address *from = &dossier->receiver;
    struct sch_header referral;

    if (taking->adapter->config.side == SCH_SIDE_HIS)
        from = taking->values.kind == SCH_KIND_WITHDRAWAL || dossier->creditor.text[0] == 0
                   ? &dossier->sender
                   : &dossier->creditor;
    memset(&referral, 0, sizeof referral);
    referral.kind = SCH_KIND_REFERRAL;
    referral.id = dossier->dossier;
    referral.sender = dossier->sender;
    referral.receiver = dossier->receiver;
    referral.creditor = dossier->creditor;
    memcpy(referral.copies, dossier->copies, sizeof referral.copies);
    referral.copy_count = dossier->copy_count;
    sch_draft_from(draft, from->text);
    sch_draft_on(draft, &referral);
}

/* Sections, documents, and the message itself, byte for byte. An optional letter is made only when the
 * message says something in it. */
static void fill_letter(const struct taking *taking, sch_draft *draft)
{
    const struct sch_map_values *values = &taking->values;
    enum sch_map_letter rule = sch_map_letter(values->kind);
    bool said = values->attachment_count > 0;

    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++)
        said = said || values->section[s] != NULL;
    if (rule == SCH_MAP_LETTER_NEVER || (rule == SCH_MAP_LETTER_MAY && !said))
        return;
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++)
        if (values->section[s] != NULL)
            sch_draft_section(draft, s, values->section[s]);
    for (size_t i = 0; i < values->attachment_count; i++)
        sch_draft_attach(draft, values->attachment[i].media_type, values->attachment[i].name,
                         values->attachment[i].content.ptr, values->attachment[i].content.len);
    sch_draft_attach(draft, "application/hl7-v2", "original.hl7", taking->raw.ptr, taking->raw.len);
}

static sch_draft *make_draft(struct taking *taking)
{
    sch_draft *draft = sch_draft_new(taking->adapter->client, taking->values.kind);

    if (draft == NULL)
        return NULL;
    sch_draft_key(draft, taking->key);
    if (taking->values.kind == SCH_KIND_REFERRAL)
        address_referral(taking, draft);
    else
        address_on_dossier(taking, draft);
    for (unsigned f = 0; f < SCH_FACT_COUNT; f++)
        if (taking->values.fact[f] != 0)
            sch_draft_fact(draft, (enum sch_fact)f, taking->values.fact[f]);
    fill_letter(taking, draft);
    return draft;
}

/* ---- what is written down ------------------------------------------------------------------------- */

static void copy_patient(struct taking *taking)
{
    struct sch_hl7_writer writer;
    size_t index = sch_hl7_find(&taking->message, "PID", 0);

    if (index == taking->message.segment_count)
        return;
    sch_hl7_writer_init(&writer);
    sch_hl7_copy(&writer, &taking->message, taking->message.segments[index]);
    if (sch_hl7_writer_take(&writer, &taking->patient, &taking->patient_size) != SCH_OK)
        return;
    /* Without its end; an absurdly long one is left out rather than cut. */
    taking->patient_size =
        taking->patient_size - 1 <= SCH_CORRELATION_PATIENT_MAX ? taking->patient_size - 1 : 0;
}

static bool write_received(struct taking *taking, const struct sch_header *header)
{
    struct sch_correlation_record record;
    sch_error error = SCH_ERROR_INIT;
    char text[400];

    memset(&record, 0, sizeof record);
    record.type = SCH_CORRELATION_RECEIVED;
    record.at_ms = sch_adapter_civil_ms();
    memcpy(record.key, taking->key, sizeof record.key);
    memcpy(record.digest, taking->digest, sizeof record.digest);
    if (taking->values.kind == SCH_KIND_REFERRAL) {
        copy_patient(taking);
        snprintf(record.order, sizeof record.order, "%s", taking->values.order);
        record.sender = header->sender;
        record.receiver = header->receiver;
        record.creditor = header->creditor;
        memcpy(record.copies, header->copies, sizeof record.copies);
        record.copy_count = header->copy_count;
        record.patient = (struct sch_bytes){taking->patient, taking->patient_size};
    }
    if (sch_correlation_append(taking->adapter->table, &record, &error) == SCH_OK)
        return true;
    error_text(&error, text, sizeof text);
    refuse(taking, "AE", ERROR_INTERNAL, text);
    return false;
}

static void write_dropped(struct sch_adapter *adapter, const char *key)
{
    struct sch_correlation_record record;
    sch_error error = SCH_ERROR_INIT;

    memset(&record, 0, sizeof record);
    record.type = SCH_CORRELATION_DROPPED;
    record.at_ms = sch_adapter_civil_ms();
    snprintf(record.key, sizeof record.key, "%s", key);
    /* If this fails, the key stays bound to its content: the sender takes another MSH-10. */
    if (sch_correlation_append(adapter->table, &record, &error) != SCH_OK)
        sch_hl7v2_log('e', "correlation", "key=%s %s", key, error.text);
}

/* The broker has it: first its dossier is written down, then that it was sent. */
static bool write_sent(struct sch_adapter *adapter, const char *key, const sch_receipt *receipt)
{
    struct sch_correlation_record record, known;
    sch_error error = SCH_ERROR_INIT;
    int code = SCH_OK;

    if (!sch_correlation_by_key(adapter->table, key, &record))
        return false;
    if (record.type == SCH_CORRELATION_SENT)
        return true;
    record.at_ms = sch_adapter_civil_ms();
    record.dossier = receipt->dossier;
    memcpy(record.kenmerk, receipt->kenmerk, sizeof record.kenmerk);
    /* The record read borrows its patient from the table, and looking up another would overwrite it. */
    uint8_t *patient = malloc(record.patient.len + 1);
    if (patient == NULL)
        return false;
    if (record.patient.len > 0)
        memcpy(patient, record.patient.ptr, record.patient.len);
    record.patient.ptr = patient;
    bool opens = sch_id_equal(&receipt->id, &receipt->dossier);
    if (opens && !sch_correlation_by_dossier(adapter->table, &receipt->dossier, &known)) {
        record.type = SCH_CORRELATION_DOSSIER;
        code = sch_correlation_append(adapter->table, &record, &error);
    }
    record.type = SCH_CORRELATION_SENT;
    record.patient.len = 0;
    if (code == SCH_OK)
        code = sch_correlation_append(adapter->table, &record, &error);
    free(patient);
    if (code != SCH_OK)
        sch_hl7v2_log('e', "correlation", "key=%s %s", key, error.text);
    return code == SCH_OK;
}

void sch_adapter_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error)
{
    struct sch_adapter *adapter = context;
    char text[400];

    if (error->code == SCH_OK && write_sent(adapter, key, receipt)) {
        sch_hl7v2_log('i', "message-receipted", "ack=AA key=%s kenmerk=%s warnings=%u", key, receipt->kenmerk,
                      (unsigned)receipt->warnings);
        answer_key(adapter, key, "AA", "", "");
        return;
    }
    if (error->code == SCH_OK) {
        answer_key(adapter, key, "AE", ERROR_INTERNAL,
                   "the adapter could not write down the receipt: send again");
        return;
    }
    error_text(error, text, sizeof text);
    sch_hl7v2_log('w', "message-rejected", "ack=AE key=%s reason=\"%s\"", key, text);
    write_dropped(adapter, key);
    answer_key(adapter, key, "AE", ERROR_INTERNAL, text);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

/* Hands the draft to the library; what it answers at once is answered at once. */
static void post(struct taking *taking, sch_draft *draft)
{
    struct sch_adapter *adapter = taking->adapter;
    sch_receipt receipt;
    sch_error error = SCH_ERROR_INIT;
    char text[400];

    memset(&receipt, 0, sizeof receipt);
    int code = sch_post(adapter->client, draft, &receipt, &error);
    if (code == SCH_E_QUEUED && await(taking))
        return;
    if (code == SCH_E_QUEUED) {
        refuse(taking, "AE", ERROR_INTERNAL, "too many messages wait for the broker; send it again");
        return;
    }
    if (code == SCH_OK) {
        bool fine = write_sent(adapter, taking->key, &receipt);
        acknowledge(adapter, taking->connection, &taking->message, fine ? "AA" : "AE",
                    fine ? "" : ERROR_INTERNAL,
                    fine ? "" : "the adapter could not write down the receipt: send again");
        return;
    }
    error_text(&error, text, sizeof text);
    write_dropped(adapter, taking->key);
    refuse(taking, "AE", ERROR_INTERNAL, text);
}

static void submit(struct taking *taking)
{
    sch_draft *draft = make_draft(taking);

    if (draft == NULL)
        refuse(taking, "AE", ERROR_INTERNAL, "out of memory");
    else if (write_received(taking, sch_draft_header(draft)))
        post(taking, draft);
    sch_draft_free(draft);
    free(taking->patient);
}

/* Everything that can be said of a message by itself. Refuses it and returns false. */
static bool check_message(struct taking *taking)
{
    struct sch_adapter *adapter = taking->adapter;
    const struct sch_hl7_message *message = &taking->message;
    struct sch_map_fault fault;

    if (message->segments[0].len > SCH_ADAPTER_HEAD_SIZE) {
        sch_server_drop(adapter->server, taking->connection);
        return false;
    }
    if (sch_hl7_get(message, "MSH", 10, 1, &adapter->arena)[0] == 0) {
        refuse(taking, "AR", ERROR_MISSING, "MSH-10 is empty");
        return false;
    }
    identify(taking);
    switch (sch_map_in(&adapter->map, message, &adapter->arena, &taking->values, &fault)) {
    case SCH_MAP_OK: break;
    case SCH_MAP_UNSUPPORTED: refuse(taking, "AR", ERROR_UNSUPPORTED, fault.text); return false;
    case SCH_MAP_MISSING: refuse(taking, "AE", ERROR_MISSING, fault.text); return false;
    case SCH_MAP_INVALID: refuse(taking, "AE", ERROR_VALUE, fault.text); return false;
    case SCH_MAP_TOO_LARGE: refuse(taking, "AE", ERROR_INTERNAL, fault.text); return false;
    }
    if (strlen(taking->values.order) > SCH_CORRELATION_ORDER_MAX) {
        refuse(taking, "AE", ERROR_VALUE, "the order number is too long");
        return false;
    }
    return check_key(taking);
}

void sch_adapter_receive(void *context, uint64_t connection, struct sch_bytes text, bool whole)
{
    struct sch_adapter *adapter = context;
    struct taking taking = {.adapter = adapter, .connection = connection, .raw = text};

    sch_arena_reset(&adapter->arena);
    int code = sch_hl7_parse(text, &adapter->arena, &taking.message);
    if (code == SCH_E_PROTOCOL) {
        /* Nothing to answer to: this peer does not speak HL7. */
        sch_hl7v2_log('w', "no-msh", "connection=%llu", (unsigned long long)connection);
        sch_server_drop(adapter->server, connection);
        return;
    }
    if (code != SCH_OK || !whole) {
        char reason[80];
        snprintf(reason, sizeof reason, "the message is larger than %llu bytes",
                 (unsigned long long)adapter->config.frame_max);
        if (code == SCH_OK)
            refuse(&taking, "AR", ERROR_INTERNAL, reason);
        else
            sch_server_drop(adapter->server, connection);
        return;
    }
    if (!check_message(&taking))
        return;
    if (taking.values.kind == SCH_KIND_REFERRAL ? fill_echelon(&taking) : find_dossier(&taking))
        submit(&taking);
}
