/* step_noise.c: look-alikes behind the counts, and the comparison. */
#include "step_noise.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/delivery.h"
#include "core/promise.h"
#include "core/silence.h"
#include "core/value.h"

#define LEASED_MAX 16
/* More than a step appends before it looks. */
#define DEPTH 8
#define LONG_AGO_MS INT64_C(1000)

struct look {
    size_t number;
    uint8_t expectation;
    uint8_t member;                     /* in whose name */
    bool open;
    int64_t now_ms;
    struct sch_id about;
    struct sch_address speaker;
};

static struct sch_dossier copy, origin_copy;
static struct sch_header header_copy;
static struct sch_id leased_copy[LEASED_MAX + 1];
static struct sch_effects effects_copy;

/* The message that the event is about, for nothing else is looked up by its id. */
static struct sch_id about(const struct sch_event *event)
{
    if (event->type != SCH_EVENT_SUBMIT) {
        return event->message;
    }
    return sch_value_is_id(&event->header->subject) ? event->header->subject : event->header->dossier;
}

static struct look look_of(const struct sch_world *world, const struct sch_dossier *dossier,
                           const struct sch_event *event, size_t number)
{
    struct look look = { .number = number, .expectation = (uint8_t)(1 + number / 3), .now_ms = world->now_ms,
                         .open = number % 3 != 0, .about = about(event), .speaker = event->mailbox };
    if (event->sender != NULL) {
        look.speaker = event->sender->address;
    }
    uint8_t speaker = sch_dossier_member(dossier, look.speaker.text);
    look.member = speaker == SCH_MEMBER_RECEIVER ? SCH_MEMBER_CREDITOR : SCH_MEMBER_RECEIVER;
    if (number % 3 == 1 && speaker != SCH_MEMBER_NONE) {
        look.member = speaker;
    }
    return look;
}

/* The record as far as its counts go; what lies behind them stays as it was in `to`. */
static void copy_used(struct sch_dossier *to, const struct sch_dossier *from)
{
    memcpy(to, from, offsetof(struct sch_dossier, instance));
    memcpy(to->instance, from->instance, from->instance_count * sizeof from->instance[0]);
    memcpy(to->delivery, from->delivery, from->delivery_count * sizeof from->delivery[0]);
    to->instance_count = from->instance_count;
    to->delivery_count = from->delivery_count;
}

static void fill_instance(struct sch_instance *instance, const struct look *look)
{
    memset(instance, 0, sizeof *instance);
    instance->expectation = look->expectation;
    instance->member = look->member;
    instance->standing = look->open ? SCH_STANDING_OPEN : SCH_STANDING_CLOSED;
    instance->opened_by = look->about;
    instance->closed_by = look->about;
    instance->opened_ms = instance->from_ms = LONG_AGO_MS;
    instance->norm_due_ms = instance->due_ms = instance->escalate_ms = 2 * LONG_AGO_MS;
    instance->closed_ms = look->open ? 0 : look->now_ms;
    instance->term = 5;
    instance->unit = SCH_UNIT_DAYS;
}

static void fill_delivery(struct sch_delivery *delivery, const struct look *look)
{
    static const enum sch_kind kinds[] = { SCH_KIND_REFERRAL, SCH_KIND_DELIVERY_REPORT, SCH_KIND_REMINDER };
    memset(delivery, 0, sizeof *delivery);
    delivery->kind = kinds[look->number % 3];
    delivery->message = look->about;
    delivery->subject = look->about;
    delivery->member = delivery->about = look->member;
    delivery->sender = delivery->kind == SCH_KIND_REFERRAL ? SCH_MEMBER_REFERRER : SCH_MEMBER_NONE;
    delivery->expectation = look->number % 2 == 0 ? look->expectation : 0;
    delivery->stored_ms = LONG_AGO_MS;
}

static void add_noise(struct sch_dossier *dossier, const struct look *look)
{
    const size_t instances = dossier->instance_count, deliveries = dossier->delivery_count;
    for (size_t i = instances; i < instances + DEPTH && i < SCH_INSTANCES_MAX; i++) {
        fill_instance(&dossier->instance[i], look);
    }
    for (size_t i = deliveries; i < deliveries + DEPTH && i < SCH_DELIVERIES_MAX; i++) {
        fill_delivery(&dossier->delivery[i], look);
    }
    if (dossier->proof_count < SCH_PROOFS_MAX) {
        struct sch_proof *proof = &dossier->proof[dossier->proof_count];
        proof->phase = (enum sch_phase)(1 + look->number % (SCH_PHASE_COUNT - 1));
        proof->kind = (enum sch_kind)(look->number % SCH_KIND_COUNT);
        proof->by = look->about;
    }
    if (dossier->successor_count < SCH_SUCCESSORS_MAX) {
        struct sch_successor *successor = &dossier->successor[dossier->successor_count];
        successor->id = look->about;
        successor->child = successor->took = true;
    }
    if (dossier->member_count < SCH_MEMBERS_MAX) {
        struct sch_member *member = &dossier->member[dossier->member_count];
        memset(member, 0, sizeof *member);
        (void)snprintf(member->address.text, sizeof member->address.text, "agb:99%zu", look->number);
        if (look->number % 2 == 0) {
            member->address = look->speaker;
        }
    }
}

static void add_copy(struct sch_event *event)
{
    const struct sch_header *header = event->header;
    header_copy = *header;
    if (header->copy_count < SCH_COPIES_MAX) {
        struct sch_address *beyond = &header_copy.copies[header->copy_count];
        *beyond = header->creditor;
        if (event->origin != NULL) {
            *beyond = event->origin->member[SCH_MEMBER_CREDITOR].address;
        }
        event->copy[header->copy_count] = NULL;
    }
    event->header = &header_copy;
}

static void add_lease(struct sch_event *event, const struct sch_dossier *dossier)
{
    assert(event->leased_count <= LEASED_MAX);
    for (size_t i = 0; i < event->leased_count; i++) {
        leased_copy[i] = event->leased[i];
    }
    leased_copy[event->leased_count] = dossier->delivery[0].message;
    event->leased = leased_copy;
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

/* Everything but the arrays, and of these what the counts say. */
static bool is_same(const struct sch_dossier *a, const struct sch_dossier *b)
{
    const size_t rest = offsetof(struct sch_dossier, member_count);
    const size_t rest_size = offsetof(struct sch_dossier, proof) - rest;
    return same_bytes(a, b, offsetof(struct sch_dossier, member)) &&
           same_bytes((const char *)a + rest, (const char *)b + rest, rest_size) &&
           same_bytes(a->member, b->member, a->member_count * sizeof a->member[0]) &&
           a->proof_count == b->proof_count &&
           same_bytes(a->proof, b->proof, a->proof_count * sizeof a->proof[0]) &&
           a->successor_count == b->successor_count &&
           same_bytes(a->successor, b->successor, a->successor_count * sizeof a->successor[0]) &&
           a->instance_count == b->instance_count &&
           same_bytes(a->instance, b->instance, a->instance_count * sizeof a->instance[0]) &&
           a->delivery_count == b->delivery_count &&
           same_bytes(a->delivery, b->delivery, a->delivery_count * sizeof a->delivery[0]);
}

/* What is asked about a dossier without a step. */
static bool reads_same(struct sch_dossier *a, struct sch_dossier *b)
{
    return sch_dossier_next_due(a) == sch_dossier_next_due(b) &&
           sch_dossier_next_owed(a) == sch_dossier_next_owed(b) &&
           sch_silence_of_dossier(a) == sch_silence_of_dossier(b) &&
           sch_promise_count(a) == sch_promise_count(b) &&
           sch_delivery_party_count(a) == sch_delivery_party_count(b) &&
           sch_delivery_report_count(a) == sch_delivery_report_count(b);
}

static bool is_zero(const void *from, const void *to)
{
    for (const char *at = from; at < (const char *)to; at++) {
        if (*at != 0) {
            return false;
        }
    }
    return true;
}

static bool ends_in_zero(const struct sch_dossier *dossier)
{
    return is_zero(&dossier->member[dossier->member_count], &dossier->member[SCH_MEMBERS_MAX]) &&
           is_zero(&dossier->proof[dossier->proof_count], &dossier->proof[SCH_PROOFS_MAX]) &&
           is_zero(&dossier->successor[dossier->successor_count], &dossier->successor[SCH_SUCCESSORS_MAX]) &&
           is_zero(&dossier->instance[dossier->instance_count], &dossier->instance[SCH_INSTANCES_MAX]) &&
           is_zero(&dossier->delivery[dossier->delivery_count], &dossier->delivery[SCH_DELIVERIES_MAX]);
}

/* The step once more, on noise, over effects of which nothing may remain. */
static int step_on_noise(const struct sch_world *world, const struct sch_event *event, size_t effect_count,
                         const struct look *look)
{
    struct sch_event noisy = *event;
    add_noise(&copy, look);
    if (event->type == SCH_EVENT_SUBMIT) {
        add_copy(&noisy);
    }
    add_lease(&noisy, &copy);
    if (event->origin != NULL) {
        copy_used(&origin_copy, event->origin);
        add_noise(&origin_copy, look);
        noisy.origin = &origin_copy;
    }
    memset(effects_copy.effect, 0xA5, effect_count * sizeof effects_copy.effect[0]);
    return sch_step(world, &copy, &noisy, &effects_copy);
}

int step_noise_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
                    struct sch_effects *effects, size_t first, size_t count)
{
    static struct sch_dossier before;
    bool exists = dossier->phase != SCH_PHASE_NONE;
    copy_used(&before, dossier);
    int code = sch_step(world, dossier, event, effects);
    assert(ends_in_zero(dossier));
    for (size_t number = first; exists && number < first + count; number++) {
        struct look look = look_of(world, &before, event, number % STEP_NOISE_LOOKS);
        copy_used(&copy, &before);
        int again = step_on_noise(world, event, effects->count, &look);
        bool same = code == again && effects->count == effects_copy.count && is_same(dossier, &copy) &&
                    same_bytes(effects->effect, effects_copy.effect,
                               effects->count * sizeof effects->effect[0]);
        add_noise(&copy, &look);
        same = same && reads_same(dossier, &copy);
        if (!same) {
            (void)fprintf(stderr, "look %zu: an event of type %u read or left something behind a count\n",
                          look.number, (unsigned)event->type);
        }
        assert(same);
    }
    return code;
}
