/*
 * work_effects.c: what the core's effects mean: rows, audit records, answers, things to do afterwards.
 *
 * One small function per effect. Nothing here decides; the core did.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "id.h"
#include "log.h"
#include "upload.h"
#include "work_own.h"

/* One event on its way through the effects that it had. */
struct job {
    struct sch_work *work;
    struct sch_dossier *dossier;
    const struct sch_world *world;
    const struct sch_event *event;
    const struct sch_submission *submission;
    const struct sch_actor *actor;
    struct sch_step_outcome outcome;
    bool touched;                       /* the dossier's record changed */
    struct {                            /* dossiers to step after this one */
        struct sch_id dossier;
        enum sch_event_type event;
        bool taken_back;
    } follow[2];
    size_t follow_count;
    struct sch_id group;                /* whose other dossiers are stepped after this one; none: none */
};

static const struct sch_actor broker_itself = { .purpose = SCH_AUDIT_OPERATION };

/* ---- audit -------------------------------------------------------------------------------------- */

static struct sch_audit_record record_of(const struct sch_actor *actor, enum sch_trace_event event)
{
    struct sch_audit_record record = { .event = event, .role = actor->role, .purpose = actor->purpose };

    memcpy(record.key_id, actor->key_id, sizeof record.key_id);
    record.actor = actor->address;
    return record;
}

void sch_work_audit(struct sch_work *work, struct sch_audit_record *record)
{
    sch_work_check(work, sch_audit_add(&work->audit, &work->batch, record));
    work->metrics->audit_records++;
}

static struct sch_audit_record job_record(const struct job *job, enum sch_trace_event event,
                                          const struct sch_id *message, uint8_t member)
{
    struct sch_audit_record record = record_of(job->actor, event);

    record.dossier = job->dossier->id;
    record.phase = job->dossier->phase;
    if (message != NULL)
        record.message = *message;
    if (member != SCH_MEMBER_NONE)
        record.concerned = job->dossier->member[member].address;
    return record;
}

/* ---- messages ----------------------------------------------------------------------------------- */

static void after(struct sch_work *work, struct sch_after what)
{
    if (work->after_count == SCH_WORK_AFTER_MAX)
        work->failed = true;
    else
        work->after[work->after_count++] = what;
}

/* The message, in the list of those that a party sent or was sent. The broker's own are in nobody's. */
static void list_passed(struct sch_work *work, const struct sch_message_row *row, const struct sch_address *party,
                        enum sch_passed_role role)
{
    uint8_t value[SCH_RECORD_PASSED_MAX];
    size_t size = sch_record_passed_encode(&row->id, role, value, sizeof value);

    assert(size > 0);
    if (!row->made)
        sch_work_put(work, SCH_TABLE_PASSED, sch_record_key_passed(party, row->stored_ms, row->sequence),
                     (struct sch_bytes){ value, size });
}

/* Why somebody acted, where the kind says so. A refusal's reason is not among them: PROTOCOL.md, "Queries". */
static uint32_t reason_of(const struct sch_header *header)
{
    static const enum sch_fact reason[] = { SCH_FACT_NOTE, SCH_FACT_SNOOZE_REASON, SCH_FACT_WAIVER_REASON,
                                            SCH_FACT_TAKEN_UP };

    for (size_t i = 0; i < sizeof reason / sizeof reason[0]; i++)
        if (header->fact[reason[i]] > 0)
            return (uint32_t)header->fact[reason[i]];
    return 0;
}

static void store_submitted(struct job *job, const struct sch_effect *effect)
{
    const struct sch_submission *submission = job->submission;
    struct sch_work *work = job->work;
    struct sch_work_message *message = sch_work_message_new(work, &submission->header.id);
    struct sch_audit_record record = job_record(job, SCH_TRACE_STORED, &submission->header.id, SCH_MEMBER_NONE);
    struct sch_record_key key = sch_record_key_id(&submission->header.id);
    struct sch_upload_name upload = { submission->header.sender, submission->upload };

    if (message == NULL)
        return;
    message->dirty = true;
    message->row.dossier = job->dossier->id;
    message->row.kind = submission->header.kind;
    message->row.sender = submission->header.sender;
    message->row.sequence = effect->sequence;
    message->row.stored_ms = work->now_ms;
    memcpy(message->row.hash, submission->hash, sizeof message->row.hash);
    message->row.kenmerk = job->dossier->kenmerk;
    message->row.body_size = (uint32_t)submission->letter.size;
    message->row.part_count = submission->letter.part_count;
    message->row.part_number = submission->letter.part_number;
    message->row.header = submission->header_bytes;
    message->row.seal = submission->seal_bytes;
    if (submission->letter.part_count > 0)
        sch_upload_take(work, &upload);
    else if (submission->letter.size > 0)
        sch_work_check(work, sch_batch_lend(&work->batch, SCH_TABLE_BODY, sch_record_key_bytes(&key),
                                            submission->letter.bytes, SCH_STORE_ANY));
    record.kind = submission->header.kind;
    record.code = reason_of(&submission->header);
    sch_work_audit(work, &record);
    list_passed(work, &message->row, &submission->header.sender, SCH_PASSED_SENT);
    work->meta.next_sequence = effect->sequence + 1;
    work->metrics->receipts[submission->header.kind]++;
}

/* The header of a REMINDER or DELIVERY_REPORT: from the region's broker, unsigned (PROTOCOL.md, "Sealing"). */
static struct sch_bytes made_header(struct job *job, const struct sch_effect *effect)
{
    const struct sch_dossier *dossier = job->dossier;
    struct sch_header header = { .id = effect->message, .kind = effect->made.kind, .dossier = dossier->id,
                                 .subject = effect->made.subject };
    uint8_t *bytes = sch_arena_take(&job->work->arena, SCH_HEADER_SIZE_MAX);
    size_t size;

    if (bytes == NULL) {
        job->work->failed = true;
        return (struct sch_bytes){ 0 };
    }
    snprintf(header.sender.text, sizeof header.sender.text, "regio:%s/broker", dossier->region);
    header.receiver = dossier->member[effect->member].address;
    header.fact[SCH_FACT_EXPECTATION] = effect->made.expectation;
    header.fact[SCH_FACT_STEP] = effect->made.step;
    header.fact[SCH_FACT_CAUSE] = effect->made.cause;
    if (effect->made.kind == SCH_KIND_DELIVERY_REPORT)
        header.concerned = dossier->member[effect->made.about].address;
    size = sch_header_encode(&header, bytes, SCH_HEADER_SIZE_MAX);
    assert(size > 0);
    return (struct sch_bytes){ bytes, size };
}

static void store_made(struct job *job, const struct sch_effect *effect)
{
    struct sch_work *work = job->work;
    struct sch_work_message *message = sch_work_message_new(work, &effect->message);
    struct sch_audit_record record = job_record(job, SCH_TRACE_REPORTED, &effect->made.subject, effect->made.about);

    if (message == NULL)
        return;
    message->dirty = true;
    message->row.dossier = job->dossier->id;
    message->row.kind = effect->made.kind;
    message->row.made = true;
    message->row.sequence = effect->sequence;
    message->row.stored_ms = work->now_ms;
    message->row.kenmerk = job->dossier->kenmerk;
    message->row.header = made_header(job, effect);
    work->meta.next_sequence = effect->sequence + 1;
    work->metrics->made[effect->made.kind]++;
    if (effect->made.kind != SCH_KIND_DELIVERY_REPORT)
        return;
    record.kind = SCH_KIND_DELIVERY_REPORT;
    record.code = (uint32_t)effect->made.cause;
    sch_work_audit(work, &record);
}

static void deliver(struct job *job, const struct sch_effect *effect)
{
    struct sch_work *work = job->work;
    const struct sch_address *mailbox = &job->dossier->member[effect->member].address;
    struct sch_work_message *message = sch_work_message_find(work, &effect->message);
    struct sch_record_key key = sch_record_key_mailbox(mailbox, effect->sequence);
    struct sch_audit_record record = job_record(job, SCH_TRACE_OFFERED, &effect->message, effect->member);
    struct sch_mailbox_entry entry = { .message = effect->message, .dossier = job->dossier->id,
                                       .kind = effect->kind, .stored_ms = work->now_ms,
                                       .kenmerk = job->dossier->kenmerk };
    uint8_t value[SCH_RECORD_MAILBOX_MAX];
    size_t size;

    if (message == NULL)
        return;
    assert(message->row.recipient_count < SCH_RECIPIENTS_MAX);
    message->row.recipient[message->row.recipient_count++] =
        (struct sch_message_recipient){ .address = *mailbox, .state = SCH_DELIVERY_STORED, .at_ms = work->now_ms };
    entry.sender = message->row.sender;
    entry.body_size = message->row.body_size;
    size = sch_record_mailbox_encode(&entry, value, sizeof value);
    assert(size > 0);
    sch_work_check(work, sch_batch_put(&work->batch, SCH_TABLE_MAILBOX, sch_record_key_bytes(&key),
                                       (struct sch_bytes){ value, size }, SCH_STORE_ANY));
    record.kind = effect->kind;
    sch_work_audit(work, &record);
    list_passed(work, &message->row, mailbox, SCH_PASSED_RECEIVED);
    after(work, (struct sch_after){ .type = SCH_AFTER_LAID, .mailbox = *mailbox, .message = effect->message,
                                    .dossier = job->dossier->id });
}

static enum sch_trace_event trace_of_state(enum sch_delivery_state state)
{
    switch (state) {
    case SCH_DELIVERY_COLLECTED: return SCH_TRACE_COLLECTED;
    case SCH_DELIVERY_REFUSED_BY_SYSTEM: return SCH_TRACE_REFUSED_BY_SYSTEM;
    case SCH_DELIVERY_EXPIRED: return SCH_TRACE_EXPIRED;
    case SCH_DELIVERY_WITHDRAWN: return SCH_TRACE_WITHDRAWN;
    case SCH_DELIVERY_STORED: break;
    }
    assert(false && "a delivery ends in a final state");
    return SCH_TRACE_WITHDRAWN;
}

static void take_out(struct job *job, const struct sch_effect *effect)
{
    struct sch_work *work = job->work;
    const struct sch_address *mailbox = &job->dossier->member[effect->member].address;
    struct sch_work_message *message = sch_work_message_find(work, &effect->message);
    struct sch_record_key key = sch_record_key_mailbox(mailbox, effect->sequence);
    struct sch_audit_record record = job_record(job, trace_of_state(effect->state), &effect->message, effect->member);

    sch_work_check(work, sch_batch_erase(&work->batch, SCH_TABLE_MAILBOX, sch_record_key_bytes(&key), SCH_STORE_ANY));
    after(work, (struct sch_after){ .type = SCH_AFTER_GONE, .mailbox = *mailbox, .message = effect->message,
                                    .dossier = job->dossier->id });
    if (message == NULL) {
        work->failed = true;            /* a delivery whose message is not there: the store is damaged */
        return;
    }
    for (size_t i = 0; i < message->row.recipient_count; i++)
        if (strcmp(message->row.recipient[i].address.text, mailbox->text) == 0) {
            message->row.recipient[i].state = effect->state;
            message->row.recipient[i].at_ms = work->now_ms;
            message->row.recipient[i].code = (uint32_t)effect->code;
        }
    message->dirty = true;
    record.kind = message->row.kind;
    record.code = (uint32_t)effect->code;
    sch_work_audit(work, &record);
    sch_metrics_delivered(work->metrics, effect->state, work->now_ms - message->row.stored_ms);
}

static void destroy(struct job *job, const struct sch_effect *effect)
{
    struct sch_work *work = job->work;
    struct sch_work_message *message = sch_work_message_find(work, &effect->message);
    struct sch_record_key key = sch_record_key_id(&effect->message);
    struct sch_audit_record record = job_record(job, SCH_TRACE_BODY_DESTROYED, &effect->message, SCH_MEMBER_NONE);

    if (message == NULL || message->row.body_size == 0)
        return;                         /* a message without a letter has nothing to destroy */
    if (message->row.part_count > 0)
        sch_upload_erase(work, message->row.part_number, message->row.part_count);
    else
        sch_work_check(work, sch_batch_erase(&work->batch, SCH_TABLE_BODY, sch_record_key_bytes(&key),
                                             SCH_STORE_ANY));
    message->row.body_size = 0;
    message->row.part_count = 0;
    message->row.part_number = 0;
    message->dirty = true;
    record.kind = message->row.kind;
    sch_work_audit(work, &record);
}

static void tell(struct job *job, const struct sch_effect *effect)
{
    after(job->work, (struct sch_after){ .type = SCH_AFTER_STATUS,
                                         .mailbox = job->dossier->member[effect->member].address,
                                         .sender = job->dossier->member[effect->sender].address,
                                         .message = effect->message, .dossier = job->dossier->id,
                                         .state = effect->state });
}

/* ---- the ledger --------------------------------------------------------------------------------- */

/* Takes a promise out of the counts as it was, and puts it in as it is. */
static void count_term(struct job *job, const struct sch_effect *effect)
{
    struct sch_tally *tally = job->work->tally;
    int64_t now_ms = job->work->now_ms;

    if (effect->type != SCH_EFFECT_OPEN)
        sch_work_check(job->work, sch_tally_count_term(tally, job->dossier, &effect->before, now_ms, -1));
    sch_work_check(job->work, sch_tally_count_term(tally, job->dossier, &effect->instance, now_ms, 1));
}

static void write_instance(struct job *job, const struct sch_effect *effect, enum sch_trace_event event)
{
    const struct sch_instance *instance = &effect->instance;
    struct sch_audit_record record = job_record(job, event, &instance->opened_by, instance->member);
    struct sch_metrics *metrics = job->work->metrics;

    record.expectation = instance->expectation;
    record.standing = instance->standing;
    record.step = instance->step;
    record.due_ms = instance->due_ms;
    sch_work_audit(job->work, &record);
    if (event == SCH_TRACE_OPENED)
        metrics->opened[instance->expectation]++;
    if (event == SCH_TRACE_CLOSED)
        metrics->closed[instance->standing]++;
    if (event == SCH_TRACE_ALERTED)
        metrics->alerts[instance->step]++;
    else
        count_term(job, effect);
}

static void write_snooze(struct job *job, const struct sch_effect *effect)
{
    const struct sch_instance *instance = &effect->instance;
    struct sch_audit_record record = job_record(job, SCH_TRACE_SNOOZED, &instance->opened_by, instance->member);

    record.expectation = instance->expectation;
    record.standing = instance->standing;
    record.step = instance->step;
    record.due_ms = instance->snoozed_ms;
    sch_work_audit(job->work, &record);
}

static void write_breach(struct job *job, const struct sch_effect *effect)
{
    struct sch_audit_record record = job_record(job, SCH_TRACE_BREACH, &effect->message, effect->member);
    char message[SCH_ID_TEXT_SIZE], kenmerk[SCH_KENMERK_SIZE + 1];

    record.kind = effect->kind;
    sch_work_audit(job->work, &record);
    sch_id_text(&effect->message, message);
    sch_kenmerk_text(job->dossier->kenmerk, kenmerk);
    sch_log(SCH_LOG_WARNING, "BREACH", "a message to a wrong party was collected: a possible data breach",
            "message=%s kenmerk=%s", message, kenmerk);
    job->work->metrics->breaches++;
}

static void write_phase(struct job *job, const struct sch_effect *effect)
{
    struct sch_audit_record record = job_record(job, SCH_TRACE_PHASE, NULL, SCH_MEMBER_NONE);

    record.phase = effect->phase;
    sch_work_audit(job->work, &record);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static struct sch_step_outcome receipt_of(const struct sch_message_row *row, bool duplicate)
{
    return (struct sch_step_outcome){
        .type = SCH_OUTCOME_RECEIPT, .duplicate = duplicate, .message = row->id, .dossier = row->dossier,
        .kenmerk = row->kenmerk, .sequence = row->sequence, .stored_ms = row->stored_ms, .warnings = row->warnings,
    };
}

static void answer_receipt(struct job *job, const struct sch_effect *effect)
{
    struct sch_message_row *row = sch_work_message(job->work, &job->submission->header.id);

    if (row == NULL) {
        job->work->failed = true;
        return;
    }
    row->warnings = effect->warnings;
    job->outcome = receipt_of(row, false);
}

/* A settlement of what is settled already is answered with the state that it has. */
static void answer_settled(struct job *job, enum sch_delivery_state state)
{
    const struct sch_message_row *row = sch_work_message(job->work, &job->event->message);

    job->outcome.message = job->event->message;
    job->work->metrics->settled_again += state == 0;
    for (size_t i = 0; row != NULL && state == 0 && i < row->recipient_count; i++)
        if (strcmp(row->recipient[i].address.text, job->event->mailbox.text) == 0)
            state = row->recipient[i].state;
    job->outcome.state = state;
    job->outcome.type = state != 0 ? SCH_OUTCOME_SETTLED : SCH_OUTCOME_REJECTED;
    job->outcome.code = state != 0 ? SCH_OK : SCH_E_UNKNOWN_MESSAGE;
    job->outcome.field = "settle.message_id";
}

static void answer_rejected(struct job *job, const struct sch_effect *effect)
{
    job->outcome = (struct sch_step_outcome){
        .type = SCH_OUTCOME_REJECTED, .code = (enum sch_error_code)effect->code, .field = effect->field,
        .message = job->event->type == SCH_EVENT_SUBMIT ? job->submission->header.id : job->event->message,
    };
    sch_work_refused(job->work, job->actor, &job->outcome.message, job->outcome.code);
}

static void apply_effect(struct job *job, const struct sch_effect *effect)
{
    bool changes = true;

    switch (effect->type) {
    case SCH_EFFECT_REJECT: answer_rejected(job, effect); changes = false; break;
    case SCH_EFFECT_SETTLED: answer_settled(job, effect->state); changes = false; break;
    case SCH_EFFECT_RECEIPT: answer_receipt(job, effect); break;
    case SCH_EFFECT_STORE: store_submitted(job, effect); break;
    case SCH_EFFECT_MAKE: store_made(job, effect); break;
    case SCH_EFFECT_DELIVER: deliver(job, effect); break;
    case SCH_EFFECT_REMOVE: take_out(job, effect); break;
    case SCH_EFFECT_DESTROY: destroy(job, effect); break;
    case SCH_EFFECT_STATUS: tell(job, effect); break;
    case SCH_EFFECT_PHASE: write_phase(job, effect); break;
    case SCH_EFFECT_OPEN: write_instance(job, effect, SCH_TRACE_OPENED); break;
    case SCH_EFFECT_MOVE: write_instance(job, effect, SCH_TRACE_MOVED); break;
    case SCH_EFFECT_CLOSE: write_instance(job, effect, SCH_TRACE_CLOSED); break;
    case SCH_EFFECT_REOPEN: write_instance(job, effect, SCH_TRACE_REOPENED); break;
    case SCH_EFFECT_ALERT: write_instance(job, effect, SCH_TRACE_ALERTED); break;
    case SCH_EFFECT_SNOOZE: write_snooze(job, effect); break;
    case SCH_EFFECT_BREACH: write_breach(job, effect); break;
    case SCH_EFFECT_SIBLINGS: job->group = effect->message; break;
    case SCH_EFFECT_PURGE: sch_work_purge(job->work, sch_work_slot_of(job->dossier)); break;
    case SCH_EFFECT_FOLLOW:
        assert(job->follow_count < sizeof job->follow / sizeof job->follow[0]);
        job->follow[job->follow_count].dossier = effect->message;
        job->follow[job->follow_count].taken_back = effect->taken_back;
        job->follow[job->follow_count++].event = effect->event;
        break;
    }
    job->touched = job->touched || changes;
}

/* ---- the step ----------------------------------------------------------------------------------- */

/* The upload of a large letter ended with its first submission, so that its parts are not at hand again. But the
 * signature, which is in the seal, covers their hashes: the same header and seal are the same letter. */
static bool is_the_same(const struct sch_message_row *row, const struct sch_submission *submission)
{
    if (sch_id_is_none(&submission->upload))
        return memcmp(row->hash, submission->hash, sizeof row->hash) == 0;
    return row->header.len == submission->header_bytes.len && row->seal.len == submission->seal_bytes.len &&
           memcmp(row->header.ptr, submission->header_bytes.ptr, row->header.len) == 0 &&
           memcmp(row->seal.ptr, submission->seal_bytes.ptr, row->seal.len) == 0;
}

bool sch_work_resent(struct sch_work *work, const struct sch_submission *submission,
                     struct sch_step_outcome *outcome)
{
    const struct sch_message_row *row =
        submission->proven ? sch_work_message(work, &submission->header.id) : NULL;

    if (row == NULL || row->made || strcmp(row->sender.text, submission->header.sender.text) != 0 ||
        !is_the_same(row, submission))
        return false;
    *outcome = receipt_of(row, true);
    work->metrics->duplicates++;
    return true;
}

/* A dossier that this one says it follows or comes of hears of it in the same turn. */
static void step_followed(struct job *job, struct sch_world *world)
{
    for (size_t i = 0; i < job->follow_count; i++) {
        struct sch_dossier *dossier = sch_work_dossier(job->work, &job->follow[i].dossier);
        struct sch_event event = { .type = job->follow[i].event, .sender = job->event->sender,
                                   .message = job->dossier->id, .taken_back = job->follow[i].taken_back };

        if (dossier != NULL && dossier->phase != SCH_PHASE_NONE)
            (void)sch_work_step(job->work, world, dossier, &event, NULL, job->actor);
    }
}

/* So do the parallel referrals of one in which treatment began. The broker acts there itself: whoever began the
 * treatment is no party to them. */
static void step_siblings(struct job *job, struct sch_world *world)
{
    struct sch_id id[SCH_GROUP_MAX];
    size_t count = sch_id_is_none(&job->group) ? 0
                       : sch_work_group(job->work, &job->group, &job->dossier->member[SCH_MEMBER_REFERRER].address,
                                        &job->dossier->id, id);

    for (size_t i = 0; i < count; i++) {
        struct sch_dossier *dossier = sch_work_dossier(job->work, &id[i]);
        struct sch_event event = { .type = SCH_EVENT_SIBLING, .sender = job->event->sender,
                                   .origin = job->dossier, .message = job->submission->header.id };

        if (dossier != NULL && dossier->phase != SCH_PHASE_NONE)
            (void)sch_work_step(job->work, world, dossier, &event, NULL, &broker_itself);
    }
}

struct sch_step_outcome sch_work_step(struct sch_work *work, struct sch_world *world, struct sch_dossier *dossier,
                                      struct sch_event *event, const struct sch_submission *submission,
                                      const struct sch_actor *actor)
{
    struct job job = { .work = work, .dossier = dossier, .world = world, .event = event,
                       .submission = submission, .actor = actor };
    bool opened = dossier->phase == SCH_PHASE_NONE;

    world->sequence = work->meta.next_sequence;
    if (event->type == SCH_EVENT_SUBMIT) {
        event->id_in_use = sch_work_message(work, &submission->header.id) != NULL;
        event->kenmerk = work->meta.next_kenmerk;
        sch_work_refer(work, event);
    }
    (void)sch_step(world, dossier, event, work->effects);
    for (size_t i = 0; i < work->effects->count; i++)
        apply_effect(&job, &work->effects->effect[i]);
    /* A child that comes in time only ends a wait in its parent's record: that has no effect, but is a change. */
    if (job.touched || event->type == SCH_EVENT_FOLLOW || event->type == SCH_EVENT_FORWARD)
        sch_work_slot_of(dossier)->dirty = true;
    if (opened && dossier->phase != SCH_PHASE_NONE)
        work->meta.next_kenmerk = (work->meta.next_kenmerk + 1) % SCH_KENMERK_LIMIT;
    step_followed(&job, world);
    step_siblings(&job, world);
    return job.outcome;
}

void sch_work_refused(struct sch_work *work, const struct sch_actor *actor, const struct sch_id *message,
                      enum sch_error_code code)
{
    struct sch_audit_record record = record_of(actor, SCH_TRACE_REJECTED);

    record.message = *message;
    record.code = (uint32_t)code;
    sch_work_check(work, sch_audit_refuse(&work->audit, &work->batch, &record));
    sch_metrics_rejected(work->metrics, code);
    if (record.sequence == 0)
        work->metrics->audit_folded++;
}

void sch_work_read(struct sch_work *work, const struct sch_actor *actor, const struct sch_query *query,
                   const struct sch_id *dossier, enum sch_error_code code)
{
    struct sch_audit_record record = record_of(actor, SCH_TRACE_READ);

    record.query = query->type;
    record.dossier = *dossier;
    record.concerned = query->party;
    record.code = (uint32_t)code;
    sch_work_audit(work, &record);
    work->metrics->queries++;
}

void sch_work_note(struct sch_work *work, enum sch_trace_event event)
{
    struct sch_audit_record record = record_of(&broker_itself, event);

    sch_work_audit(work, &record);
}
