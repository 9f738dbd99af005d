/*
 * record_dossier.c: the dossier's record as bytes. See record.h; STORE.md, "DOSSIER", gives the layout.
 *
 * Small, because every event writes it: an address that stands in several roles is written once (a later member
 * names the earlier one by its index), so is each id (a later mention names the earlier one by its place), and
 * times are written as their distance to one that stands before them.
 */
#include <assert.h>
#include <string.h>

#include "core/proof.h"
#include "shell/pack.h"
#include "shell/record.h"

#define VERSION_SIZE 8

/* The ids of one record: the head's four, each proof's, two of each instance, two of each delivery. */
#define IDS_MAX (4 + SCH_PROOFS_MAX + SCH_SUCCESSORS_MAX + 2 * SCH_INSTANCES_MAX + 2 * SCH_DELIVERIES_MAX)

/* The most bytes that each part can take: a varint has at most ten. */
#define TEXT_MAX(n) (2 + (n))
#define MEMBER_MAX (1 + TEXT_MAX(SCH_ADDRESS_MAX) + 1 + TEXT_MAX(SCH_REGION_MAX))
#define ID_MAX (2 + SCH_ID_SIZE)
#define INSTANCE_MAX (4 + 2 + 2 * ID_MAX + 9 * 10 + TEXT_MAX(SCH_NORM_ID_MAX) + 3 + 3 + 1)
#define DELIVERY_MAX (2 * ID_MAX + 10 + 6 + 10)
#define PROOF_MAX (2 + ID_MAX)
#define SUCCESSOR_MAX (1 + ID_MAX)
#define HEAD_MAX (VERSION_SIZE + SCH_ID_SIZE + 10 + 5 + TEXT_MAX(SCH_REGION_MAX) + 4 + 4 * ID_MAX + 5 * 10 + 2 * 10)

static_assert(HEAD_MAX + SCH_MEMBERS_MAX * MEMBER_MAX + SCH_PROOFS_MAX * PROOF_MAX +
              1 + SCH_SUCCESSORS_MAX * SUCCESSOR_MAX +
              SCH_INSTANCES_MAX * INSTANCE_MAX + SCH_DELIVERIES_MAX * DELIVERY_MAX + 8 <= SCH_RECORD_DOSSIER_MAX,
              "every record fits");
static_assert(2 + IDS_MAX < 1 << 14, "a mention of an id takes at most two bytes");

/* A member whose address is new, or that of an earlier member by its index plus one. */
enum { MEMBER_NEW = 0 };

/* How an id is written; ID_EARLIER + n: the n-th that was written in full before. */
enum { ID_NONE = 0, ID_OWN, ID_NEW, ID_EARLIER };

/* Which of an instance's fields are written beside those that always are. */
enum {
    HAS_ANNOUNCED = 1 << 0, HAS_INCOMPLETE = 1 << 1, HAS_ENDED = 1 << 2, HAS_FROM = 1 << 3, HAS_DUE = 1 << 4,
    HAS_REMIND = 1 << 5, HAS_REMINDED = 1 << 6, HAS_SNOOZED = 1 << 7,
    HAS_BEYOND = 1 << 8, HAS_ALL = (1 << 9) - 1
};

enum {
    IS_RECEIVED = 1 << 0, IS_TAKEN_UP = 1 << 1, IS_BREACH = 1 << 2, IS_FORWARDED = 1 << 3, HAS_SUCCESSORS = 1 << 4,
    IS_PLACED = 1 << 5, HEAD_ALL = (1 << 6) - 1
};

/* A proof's phase, whether it came late or lacks something, and the kind of its message are one number. */
enum { PROOF_LATE = 16, PROOF_LACKING = 2 * PROOF_LATE, PROOF_KIND = 2 * PROOF_LACKING };
static_assert((int)SCH_PHASE_COUNT <= (int)PROOF_LATE, "a phase is the rest by it");

enum { IS_CHILD = 1 << 0, HAS_TAKEN = 1 << 1, SUCCESSOR_ALL = (1 << 2) - 1 };

static const struct sch_id no_id;

/* The ids of a record that were written in full so far. */
struct ids {
    const struct sch_id *own;
    struct sch_id id[IDS_MAX];
    size_t count;
};

static unsigned id_form(const struct ids *ids, const struct sch_id *id)
{
    if (memcmp(id, &no_id, sizeof(no_id)) == 0)
        return ID_NONE;
    if (memcmp(id, ids->own, sizeof(*id)) == 0)
        return ID_OWN;
    for (size_t i = 0; i < ids->count; i++)
        if (memcmp(id, &ids->id[i], sizeof(*id)) == 0)
            return ID_EARLIER + (unsigned)i;
    return ID_NEW;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void pack_ref(struct sch_pack *pack, struct ids *ids, const struct sch_id *id)
{
    unsigned form = id_form(ids, id);

    sch_pack_uint(pack, form);
    if (form != ID_NEW)
        return;
    sch_pack_id(pack, id);
    ids->id[ids->count++] = *id;
}

/* A time by its distance to another, either way. */
static void pack_near(struct sch_pack *pack, int64_t time_ms, int64_t base_ms)
{
    uint64_t distance = (uint64_t)time_ms - (uint64_t)base_ms;

    sch_pack_uint(pack, distance << 1 ^ (0 - (distance >> 63)));
}

/* The earlier member that this one equals, as its index plus one; MEMBER_NEW when there is none. */
static size_t member_form(const struct sch_dossier *dossier, size_t index)
{
    const struct sch_member *member = &dossier->member[index];

    for (size_t i = 0; i < index; i++) {
        const struct sch_member *earlier = &dossier->member[i];

        if (strcmp(member->address.text, earlier->address.text) == 0 && member->kind == earlier->kind &&
            strcmp(member->region, earlier->region) == 0)
            return i + 1;
    }
    return MEMBER_NEW;
}

static void pack_member(struct sch_pack *pack, const struct sch_dossier *dossier, size_t index)
{
    const struct sch_member *member = &dossier->member[index];
    size_t form = member_form(dossier, index);

    sch_pack_uint(pack, form);
    if (form != MEMBER_NEW)
        return;
    sch_pack_text(pack, member->address.text);
    sch_pack_uint(pack, (uint64_t)member->kind);
    sch_pack_text(pack, member->region);
}

static unsigned instance_flags(const struct sch_instance *instance)
{
    bool ended = instance->closed_ms != 0 || memcmp(&instance->closed_by, &no_id, sizeof(no_id)) != 0;

    return (instance->announced ? HAS_ANNOUNCED : 0) | (instance->incomplete ? HAS_INCOMPLETE : 0) |
           (ended ? HAS_ENDED : 0) | (instance->from_ms != instance->opened_ms ? HAS_FROM : 0) |
           (instance->due_ms != instance->norm_due_ms ? HAS_DUE : 0) | (instance->remind_ms != 0 ? HAS_REMIND : 0) |
           (instance->reminded_ms != 0 ? HAS_REMINDED : 0) | (instance->snoozed_ms != 0 ? HAS_SNOOZED : 0) |
           (instance->beyond ? HAS_BEYOND : 0);
}

static void pack_instance(struct sch_pack *pack, const struct sch_dossier *dossier, struct ids *ids,
                          const struct sch_instance *instance)
{
    unsigned flags = instance_flags(instance);

    assert(instance->member < dossier->member_count);
    sch_pack_uint(pack, instance->expectation);
    sch_pack_uint(pack, instance->member);
    sch_pack_uint(pack, (uint64_t)instance->standing);
    sch_pack_uint(pack, (uint64_t)instance->step);
    sch_pack_uint(pack, flags);
    pack_ref(pack, ids, &instance->opened_by);
    pack_near(pack, instance->opened_ms, dossier->opened_ms);
    if (flags & HAS_FROM)
        pack_near(pack, instance->from_ms, instance->opened_ms);
    pack_near(pack, instance->norm_due_ms, instance->from_ms);
    if (flags & HAS_DUE)
        pack_near(pack, instance->due_ms, instance->norm_due_ms);
    pack_near(pack, instance->escalate_ms, instance->due_ms);
    if (flags & HAS_REMIND)
        pack_near(pack, instance->remind_ms, instance->due_ms);
    if (flags & HAS_ENDED) {
        pack_ref(pack, ids, &instance->closed_by);
        pack_near(pack, instance->closed_ms, instance->opened_ms);
    }
    if (flags & HAS_REMINDED)
        pack_near(pack, instance->reminded_ms, instance->due_ms);
    if (flags & HAS_SNOOZED)
        pack_near(pack, instance->snoozed_ms, instance->due_ms);
    sch_pack_text(pack, instance->norm_id);
    sch_pack_uint(pack, instance->norm_version);
    sch_pack_uint(pack, instance->term);
    sch_pack_uint(pack, (uint64_t)instance->unit);
}

static bool is_member(const struct sch_dossier *dossier, uint8_t index)
{
    return index == SCH_MEMBER_NONE || index < dossier->member_count;
}

static void pack_delivery(struct sch_pack *pack, const struct sch_dossier *dossier, struct ids *ids,
                          const struct sch_delivery *delivery)
{
    assert(delivery->member < dossier->member_count);
    assert(is_member(dossier, delivery->sender) && is_member(dossier, delivery->about));
    pack_ref(pack, ids, &delivery->message);
    pack_ref(pack, ids, &delivery->subject);
    sch_pack_uint(pack, delivery->sequence);
    sch_pack_uint(pack, (uint64_t)delivery->kind);
    sch_pack_raw(pack, &delivery->member, 1);
    sch_pack_raw(pack, &delivery->sender, 1);
    sch_pack_uint(pack, delivery->expectation);
    sch_pack_raw(pack, &delivery->about, 1);
    sch_pack_uint(pack, (delivery->urgent ? 1u : 0u) | (delivery->reported ? 2u : 0u));
    pack_near(pack, delivery->stored_ms, dossier->opened_ms);
}

static void pack_head(struct sch_pack *pack, const struct sch_dossier *dossier, struct ids *ids)
{
    uint8_t version[VERSION_SIZE];

    sch_pack_be64(version, dossier->version);
    sch_pack_raw(pack, version, sizeof(version));
    sch_pack_id(pack, &dossier->id);
    sch_pack_uint(pack, dossier->kenmerk);
    sch_pack_uint(pack, (uint64_t)dossier->kind);
    sch_pack_uint(pack, (uint64_t)dossier->phase);
    sch_pack_uint(pack, (dossier->received ? IS_RECEIVED : 0u) | (dossier->taken_up ? IS_TAKEN_UP : 0u) |
                            (dossier->breach ? IS_BREACH : 0u) | (dossier->forwarded ? IS_FORWARDED : 0u) |
                            (dossier->successor_count > 0 ? HAS_SUCCESSORS : 0u) |
                            (dossier->placed ? IS_PLACED : 0u));
    sch_pack_text(pack, dossier->region);
    sch_pack_uint(pack, (uint64_t)dossier->echelon);
    sch_pack_uint(pack, (uint64_t)dossier->urgency);
    sch_pack_raw(pack, &dossier->asked_count, 1);
    sch_pack_raw(pack, &dossier->refusals, 1);
    pack_ref(pack, ids, &dossier->parent);
    pack_ref(pack, ids, &dossier->follows);
    pack_ref(pack, ids, &dossier->group);
    pack_ref(pack, ids, &dossier->root);
    sch_pack_int(pack, dossier->opened_ms);
    pack_near(pack, dossier->chain_ms, dossier->opened_ms);
    pack_near(pack, dossier->changed_ms, dossier->opened_ms);
    sch_pack_int(pack, dossier->closed_ms);
    sch_pack_int(pack, dossier->forward_by_ms);
    sch_pack_int(pack, dossier->letter_day);
    sch_pack_int(pack, dossier->intake_day);
}

static void pack_proof(struct sch_pack *pack, struct ids *ids, const struct sch_proof *proof)
{
    sch_pack_uint(pack, (uint64_t)proof->phase + (proof->late ? PROOF_LATE : 0u) + (proof->lacking ? PROOF_LACKING : 0u) +
                            PROOF_KIND * (uint64_t)proof->kind);
    pack_ref(pack, ids, &proof->by);
}

static void pack_successors(struct sch_pack *pack, const struct sch_dossier *dossier, struct ids *ids)
{
    if (dossier->successor_count > 0)
        sch_pack_uint(pack, dossier->successor_count);
    for (size_t i = 0; i < dossier->successor_count; i++) {
        const struct sch_successor *successor = &dossier->successor[i];

        sch_pack_uint(pack, (successor->child ? IS_CHILD : 0u) | (successor->took ? HAS_TAKEN : 0u));
        pack_ref(pack, ids, &successor->id);
    }
}

size_t sch_record_dossier_encode(const struct sch_dossier *dossier, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };
    struct ids ids;

    assert(dossier->member_count <= SCH_MEMBERS_MAX && dossier->proof_count <= SCH_PROOFS_MAX &&
           dossier->successor_count <= SCH_SUCCESSORS_MAX && dossier->instance_count <= SCH_INSTANCES_MAX &&
           dossier->delivery_count <= SCH_DELIVERIES_MAX);
    ids.own = &dossier->id;
    ids.count = 0;
    pack_head(&pack, dossier, &ids);
    sch_pack_uint(&pack, dossier->member_count);
    for (size_t i = 0; i < dossier->member_count; i++)
        pack_member(&pack, dossier, i);
    sch_pack_uint(&pack, dossier->proof_count);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        pack_proof(&pack, &ids, &dossier->proof[i]);
    }
    pack_successors(&pack, dossier, &ids);
    sch_pack_uint(&pack, dossier->instance_count);
    for (size_t i = 0; i < dossier->instance_count; i++)
        pack_instance(&pack, dossier, &ids, &dossier->instance[i]);
    sch_pack_uint(&pack, dossier->delivery_count);
    for (size_t i = 0; i < dossier->delivery_count; i++)
        pack_delivery(&pack, dossier, &ids, &dossier->delivery[i]);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void unpack_ref(struct sch_unpack *unpack, struct ids *ids, struct sch_id *id)
{
    uint64_t form = sch_unpack_uint(unpack, ID_EARLIER - 1 + ids->count);

    memset(id, 0, sizeof(*id));
    if (unpack->bad || form == ID_NONE)
        return;
    if (form == ID_OWN)
        *id = *ids->own;
    else if (form == ID_NEW)
        sch_unpack_id(unpack, id);
    else
        *id = ids->id[form - ID_EARLIER];
    if (unpack->bad || id_form(ids, id) != form) {
        unpack->bad = true;
        memset(id, 0, sizeof(*id));
    } else if (form == ID_NEW) {
        ids->id[ids->count++] = *id;
    }
}

static int64_t unpack_near(struct sch_unpack *unpack, int64_t base_ms)
{
    uint64_t folded = sch_unpack_uint(unpack, UINT64_MAX);
    uint64_t number = (uint64_t)base_ms + (folded >> 1 ^ (0 - (folded & 1)));
    int64_t time_ms;

    memcpy(&time_ms, &number, sizeof(time_ms));
    return time_ms;
}

static int32_t unpack_day(struct sch_unpack *unpack)
{
    int64_t day = sch_unpack_int(unpack);

    if (day < INT32_MIN || day > INT32_MAX) {
        unpack->bad = true;
        return 0;
    }
    return (int32_t)day;
}

static void unpack_member(struct sch_unpack *unpack, struct sch_dossier *dossier, size_t index)
{
    struct sch_member *member = &dossier->member[index];
    uint64_t form = sch_unpack_uint(unpack, index);

    if (form != MEMBER_NEW) {
        *member = dossier->member[form - 1];
    } else {
        sch_unpack_text(unpack, member->address.text, SCH_ADDRESS_MAX);
        member->kind = (enum sch_party_kind)sch_unpack_uint(unpack, SCH_PARTY_COUNT - 1);
        sch_unpack_text(unpack, member->region, SCH_REGION_MAX);
    }
    if (member_form(dossier, index) != form)
        unpack->bad = true;
}

/* The index of a member that is there, or NONE where that is allowed. */
static uint8_t unpack_index(struct sch_unpack *unpack, const struct sch_dossier *dossier, bool none)
{
    uint8_t index;

    sch_unpack_raw(unpack, &index, 1);
    if (index >= dossier->member_count && !(none && index == SCH_MEMBER_NONE))
        unpack->bad = true;
    return index;
}

static void unpack_instance(struct sch_unpack *unpack, const struct sch_dossier *dossier, struct ids *ids,
                            struct sch_instance *instance)
{
    unsigned flags;

    instance->expectation = (uint8_t)sch_unpack_uint(unpack, SCH_EXPECTATION_COUNT - 1);
    instance->member = unpack_index(unpack, dossier, false);
    instance->standing = (enum sch_standing)sch_unpack_uint(unpack, SCH_STANDING_CANCELLED);
    instance->step = (enum sch_ladder)sch_unpack_uint(unpack, SCH_STEP_WITHDRAW);
    flags = (unsigned)sch_unpack_uint(unpack, HAS_ALL);
    instance->announced = (flags & HAS_ANNOUNCED) != 0;
    instance->incomplete = (flags & HAS_INCOMPLETE) != 0;
    instance->beyond = (flags & HAS_BEYOND) != 0;
    unpack_ref(unpack, ids, &instance->opened_by);
    instance->opened_ms = instance->from_ms = unpack_near(unpack, dossier->opened_ms);
    if (flags & HAS_FROM)
        instance->from_ms = unpack_near(unpack, instance->opened_ms);
    instance->norm_due_ms = instance->due_ms = unpack_near(unpack, instance->from_ms);
    if (flags & HAS_DUE)
        instance->due_ms = unpack_near(unpack, instance->norm_due_ms);
    instance->escalate_ms = unpack_near(unpack, instance->due_ms);
    if (flags & HAS_REMIND)
        instance->remind_ms = unpack_near(unpack, instance->due_ms);
    if (flags & HAS_ENDED) {
        unpack_ref(unpack, ids, &instance->closed_by);
        instance->closed_ms = unpack_near(unpack, instance->opened_ms);
    }
    if (flags & HAS_REMINDED)
        instance->reminded_ms = unpack_near(unpack, instance->due_ms);
    if (flags & HAS_SNOOZED)
        instance->snoozed_ms = unpack_near(unpack, instance->due_ms);
    sch_unpack_text(unpack, instance->norm_id, SCH_NORM_ID_MAX);
    instance->norm_version = (uint16_t)sch_unpack_uint(unpack, UINT16_MAX);
    instance->term = (uint16_t)sch_unpack_uint(unpack, UINT16_MAX);
    instance->unit = (enum sch_unit)sch_unpack_uint(unpack, SCH_UNIT_WORKING_DAYS);
    if (instance->expectation == 0)
        unpack->bad = true;             /* a promise of nothing */
    if (instance_flags(instance) != flags)
        unpack->bad = true;             /* written though it says nothing */
}

static void unpack_delivery(struct sch_unpack *unpack, const struct sch_dossier *dossier, struct ids *ids,
                            struct sch_delivery *delivery)
{
    uint64_t flags;

    unpack_ref(unpack, ids, &delivery->message);
    unpack_ref(unpack, ids, &delivery->subject);
    delivery->sequence = sch_unpack_uint(unpack, UINT64_MAX);
    delivery->kind = (enum sch_kind)sch_unpack_uint(unpack, SCH_KIND_COUNT - 1);
    delivery->member = unpack_index(unpack, dossier, false);
    delivery->sender = unpack_index(unpack, dossier, true);
    delivery->expectation = (uint8_t)sch_unpack_uint(unpack, SCH_EXPECTATION_COUNT - 1);
    delivery->about = unpack_index(unpack, dossier, true);
    flags = sch_unpack_uint(unpack, 3);
    delivery->urgent = (flags & 1) != 0;
    delivery->reported = (flags & 2) != 0;
    delivery->stored_ms = unpack_near(unpack, dossier->opened_ms);
}

/* Returns whether successors are listed. */
static bool unpack_head(struct sch_unpack *unpack, struct sch_dossier *dossier, struct ids *ids)
{
    uint8_t version[VERSION_SIZE];
    uint64_t flags;

    sch_unpack_raw(unpack, version, sizeof(version));
    dossier->version = sch_unpack_be64(version);
    sch_unpack_id(unpack, &dossier->id);
    dossier->kenmerk = sch_unpack_uint(unpack, UINT64_MAX);
    dossier->kind = (enum sch_kind)sch_unpack_uint(unpack, SCH_KIND_COUNT - 1);
    dossier->phase = (enum sch_phase)sch_unpack_uint(unpack, SCH_PHASE_COUNT - 1);
    flags = sch_unpack_uint(unpack, HEAD_ALL);
    dossier->received = (flags & IS_RECEIVED) != 0;
    dossier->taken_up = (flags & IS_TAKEN_UP) != 0;
    dossier->breach = (flags & IS_BREACH) != 0;
    dossier->forwarded = (flags & IS_FORWARDED) != 0;
    dossier->placed = (flags & IS_PLACED) != 0;
    sch_unpack_text(unpack, dossier->region, SCH_REGION_MAX);
    dossier->echelon = (enum sch_party_kind)sch_unpack_uint(unpack, SCH_PARTY_COUNT - 1);
    dossier->urgency = (enum sch_urgency)sch_unpack_uint(unpack, SCH_URGENCY_CRISIS);
    sch_unpack_raw(unpack, &dossier->asked_count, 1);
    sch_unpack_raw(unpack, &dossier->refusals, 1);
    unpack_ref(unpack, ids, &dossier->parent);
    unpack_ref(unpack, ids, &dossier->follows);
    unpack_ref(unpack, ids, &dossier->group);
    unpack_ref(unpack, ids, &dossier->root);
    dossier->opened_ms = sch_unpack_int(unpack);
    dossier->chain_ms = unpack_near(unpack, dossier->opened_ms);
    dossier->changed_ms = unpack_near(unpack, dossier->opened_ms);
    dossier->closed_ms = sch_unpack_int(unpack);
    dossier->forward_by_ms = sch_unpack_int(unpack);
    dossier->letter_day = unpack_day(unpack);
    dossier->intake_day = unpack_day(unpack);
    return (flags & HAS_SUCCESSORS) != 0;
}

static void unpack_proof(struct sch_unpack *unpack, struct ids *ids, struct sch_proof *proof)
{
    uint64_t what = sch_unpack_uint(unpack, PROOF_KIND * SCH_KIND_COUNT - 1);

    if (what % PROOF_LATE >= SCH_PHASE_COUNT)
        unpack->bad = true;
    proof->phase = (enum sch_phase)(what % PROOF_LATE);
    proof->late = (what & PROOF_LATE) != 0;
    proof->lacking = (what & PROOF_LACKING) != 0;
    proof->kind = (enum sch_kind)(what / PROOF_KIND);
    unpack_ref(unpack, ids, &proof->by);
}

static void unpack_successors(struct sch_unpack *unpack, struct sch_dossier *dossier, struct ids *ids)
{
    dossier->successor_count = (size_t)sch_unpack_uint(unpack, SCH_SUCCESSORS_MAX);
    if (dossier->successor_count == 0)
        unpack->bad = true;
    for (size_t i = 0; i < dossier->successor_count && !unpack->bad; i++) {
        uint64_t what = sch_unpack_uint(unpack, SUCCESSOR_ALL);

        dossier->successor[i].child = (what & IS_CHILD) != 0;
        dossier->successor[i].took = (what & HAS_TAKEN) != 0;
        unpack_ref(unpack, ids, &dossier->successor[i].id);
    }
}

/* The core asks whoever sent a patient on what he did so with. */
static bool is_proven(const struct sch_dossier *dossier)
{
    return dossier->phase != SCH_PHASE_REDIRECTED || sch_proof_moved_to(dossier, SCH_PHASE_REDIRECTED) != NULL;
}

int sch_record_dossier_decode(struct sch_bytes value, struct sch_dossier *dossier)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };
    struct ids ids;
    bool listed;

    memset(dossier, 0, sizeof(*dossier));
    ids.own = &dossier->id;
    ids.count = 0;
    listed = unpack_head(&unpack, dossier, &ids);
    dossier->member_count = (size_t)sch_unpack_uint(&unpack, SCH_MEMBERS_MAX);
    for (size_t i = 0; i < dossier->member_count && !unpack.bad; i++)
        unpack_member(&unpack, dossier, i);
    dossier->proof_count = (size_t)sch_unpack_uint(&unpack, SCH_PROOFS_MAX);
    for (size_t i = 0; i < dossier->proof_count && !unpack.bad; i++) {
        unpack_proof(&unpack, &ids, &dossier->proof[i]);
    }
    if (listed)
        unpack_successors(&unpack, dossier, &ids);
    dossier->instance_count = (size_t)sch_unpack_uint(&unpack, SCH_INSTANCES_MAX);
    for (size_t i = 0; i < dossier->instance_count && !unpack.bad; i++)
        unpack_instance(&unpack, dossier, &ids, &dossier->instance[i]);
    dossier->delivery_count = (size_t)sch_unpack_uint(&unpack, SCH_DELIVERIES_MAX);
    for (size_t i = 0; i < dossier->delivery_count && !unpack.bad; i++)
        unpack_delivery(&unpack, dossier, &ids, &dossier->delivery[i]);
    if (sch_unpack_done(&unpack) && is_proven(dossier))
        return SCH_OK;
    memset(dossier, 0, sizeof(*dossier));
    return SCH_E_STORE_DAMAGED;
}
