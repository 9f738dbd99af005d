/*
 * record_dossier.c: the dossier's record as bytes. See record.h; STORE.md, "DOSSIER", gives the layout.
 *
 * An address that stands in several roles is written once: a later member names the earlier one by its index.
 * Message ids that equal the dossier's (the REFERRAL opened it) take one byte.
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

#define VERSION_SIZE 8

/* The most bytes that each part can take: a varint has at most ten. */
#define TEXT_MAX(n) (2 + (n))
#define MEMBER_MAX (1 + TEXT_MAX(SCH_ADDRESS_MAX) + 1 + TEXT_MAX(SCH_REGION_MAX))
#define ID_MAX (1 + SCH_ID_SIZE)
#define INSTANCE_MAX (5 + 2 * ID_MAX + 6 * 10 + TEXT_MAX(SCH_NORM_ID_MAX) + 3 + 3 + 1)
#define DELIVERY_MAX (2 * ID_MAX + 10 + 7 + 10)
#define HEAD_MAX (VERSION_SIZE + SCH_ID_SIZE + 10 + 5 + TEXT_MAX(SCH_REGION_MAX) + 4 * ID_MAX + 5 * 10 + 6)

static_assert(HEAD_MAX + SCH_MEMBERS_MAX * MEMBER_MAX + SCH_INSTANCES_MAX * INSTANCE_MAX +
              SCH_DELIVERIES_MAX * DELIVERY_MAX <= SCH_RECORD_DOSSIER_MAX, "every record fits");

/* A member whose address is new, or that of an earlier member by its index plus one. */
enum { MEMBER_NEW = 0 };

/* ---- writing ----------------------------------------------------------------------------------- */

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

static void pack_instance(struct sch_pack *pack, const struct sch_dossier *dossier,
                          const struct sch_instance *instance)
{
    assert(instance->member < dossier->member_count);
    sch_pack_uint(pack, instance->expectation);
    sch_pack_uint(pack, instance->member);
    sch_pack_uint(pack, (uint64_t)instance->standing);
    sch_pack_uint(pack, (uint64_t)instance->step);
    sch_pack_bool(pack, instance->announced);
    sch_pack_id_short(pack, &instance->opened_by, &dossier->id);
    sch_pack_id_short(pack, &instance->closed_by, &dossier->id);
    sch_pack_int(pack, instance->opened_ms);
    sch_pack_int(pack, instance->from_ms);
    sch_pack_int(pack, instance->norm_due_ms);
    sch_pack_int(pack, instance->due_ms);
    sch_pack_int(pack, instance->remind_ms);
    sch_pack_int(pack, instance->escalate_ms);
    sch_pack_text(pack, instance->norm_id);
    sch_pack_uint(pack, instance->norm_version);
    sch_pack_uint(pack, instance->term);
    sch_pack_uint(pack, (uint64_t)instance->unit);
}

static bool is_member(const struct sch_dossier *dossier, uint8_t index)
{
    return index == SCH_MEMBER_NONE || index < dossier->member_count;
}

static void pack_delivery(struct sch_pack *pack, const struct sch_dossier *dossier,
                          const struct sch_delivery *delivery)
{
    assert(delivery->member < dossier->member_count);
    assert(is_member(dossier, delivery->sender) && is_member(dossier, delivery->about));
    sch_pack_id_short(pack, &delivery->message, &dossier->id);
    sch_pack_id_short(pack, &delivery->subject, &dossier->id);
    sch_pack_uint(pack, delivery->sequence);
    sch_pack_uint(pack, (uint64_t)delivery->kind);
    sch_pack_raw(pack, &delivery->member, 1);
    sch_pack_raw(pack, &delivery->sender, 1);
    sch_pack_uint(pack, delivery->expectation);
    sch_pack_raw(pack, &delivery->about, 1);
    sch_pack_bool(pack, delivery->urgent);
    sch_pack_bool(pack, delivery->reported);
    sch_pack_int(pack, delivery->stored_ms);
}

static void pack_head(struct sch_pack *pack, const struct sch_dossier *dossier)
{
    uint8_t version[VERSION_SIZE];

    sch_pack_be64(version, dossier->version);
    sch_pack_raw(pack, version, sizeof(version));
    sch_pack_id(pack, &dossier->id);
    sch_pack_uint(pack, dossier->kenmerk);
    sch_pack_uint(pack, (uint64_t)dossier->phase);
    sch_pack_bool(pack, dossier->received);
    sch_pack_bool(pack, dossier->taken_up);
    sch_pack_text(pack, dossier->region);
    sch_pack_uint(pack, (uint64_t)dossier->echelon);
    sch_pack_uint(pack, (uint64_t)dossier->urgency);
    sch_pack_id_short(pack, &dossier->parent, &dossier->id);
    sch_pack_id_short(pack, &dossier->follows, &dossier->id);
    sch_pack_id_short(pack, &dossier->group, &dossier->id);
    sch_pack_id_short(pack, &dossier->root, &dossier->id);
    sch_pack_int(pack, dossier->opened_ms);
    sch_pack_int(pack, dossier->changed_ms);
    sch_pack_int(pack, dossier->closed_ms);
    sch_pack_int(pack, dossier->letter_day);
    sch_pack_int(pack, dossier->intake_day);
}

size_t sch_record_dossier_encode(const struct sch_dossier *dossier, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    assert(dossier->member_count <= SCH_MEMBERS_MAX && dossier->instance_count <= SCH_INSTANCES_MAX &&
           dossier->delivery_count <= SCH_DELIVERIES_MAX);
    pack_head(&pack, dossier);
    sch_pack_uint(&pack, dossier->member_count);
    for (size_t i = 0; i < dossier->member_count; i++)
        pack_member(&pack, dossier, i);
    sch_pack_uint(&pack, dossier->instance_count);
    for (size_t i = 0; i < dossier->instance_count; i++)
        pack_instance(&pack, dossier, &dossier->instance[i]);
    sch_pack_uint(&pack, dossier->delivery_count);
    for (size_t i = 0; i < dossier->delivery_count; i++)
        pack_delivery(&pack, dossier, &dossier->delivery[i]);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

/* ---- reading ----------------------------------------------------------------------------------- */

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

static void unpack_instance(struct sch_unpack *unpack, const struct sch_dossier *dossier,
                            struct sch_instance *instance)
{
    instance->expectation = (uint8_t)sch_unpack_uint(unpack, SCH_EXPECTATION_COUNT - 1);
    instance->member = unpack_index(unpack, dossier, false);
    instance->standing = (enum sch_standing)sch_unpack_uint(unpack, SCH_STANDING_CANCELLED);
    instance->step = (enum sch_ladder)sch_unpack_uint(unpack, SCH_STEP_ESCALATED);
    instance->announced = sch_unpack_bool(unpack);
    sch_unpack_id_short(unpack, &instance->opened_by, &dossier->id);
    sch_unpack_id_short(unpack, &instance->closed_by, &dossier->id);
    instance->opened_ms = sch_unpack_int(unpack);
    instance->from_ms = sch_unpack_int(unpack);
    instance->norm_due_ms = sch_unpack_int(unpack);
    instance->due_ms = sch_unpack_int(unpack);
    instance->remind_ms = sch_unpack_int(unpack);
    instance->escalate_ms = sch_unpack_int(unpack);
    sch_unpack_text(unpack, instance->norm_id, SCH_NORM_ID_MAX);
    instance->norm_version = (uint16_t)sch_unpack_uint(unpack, UINT16_MAX);
    instance->term = (uint16_t)sch_unpack_uint(unpack, UINT16_MAX);
    instance->unit = (enum sch_unit)sch_unpack_uint(unpack, SCH_UNIT_WORKING_DAYS);
}

static void unpack_delivery(struct sch_unpack *unpack, const struct sch_dossier *dossier,
                            struct sch_delivery *delivery)
{
    sch_unpack_id_short(unpack, &delivery->message, &dossier->id);
    sch_unpack_id_short(unpack, &delivery->subject, &dossier->id);
    delivery->sequence = sch_unpack_uint(unpack, UINT64_MAX);
    delivery->kind = (enum sch_kind)sch_unpack_uint(unpack, SCH_KIND_COUNT - 1);
    delivery->member = unpack_index(unpack, dossier, false);
    delivery->sender = unpack_index(unpack, dossier, true);
    delivery->expectation = (uint8_t)sch_unpack_uint(unpack, SCH_EXPECTATION_COUNT - 1);
    delivery->about = unpack_index(unpack, dossier, true);
    delivery->urgent = sch_unpack_bool(unpack);
    delivery->reported = sch_unpack_bool(unpack);
    delivery->stored_ms = sch_unpack_int(unpack);
}

static void unpack_head(struct sch_unpack *unpack, struct sch_dossier *dossier)
{
    uint8_t version[VERSION_SIZE];

    sch_unpack_raw(unpack, version, sizeof(version));
    dossier->version = sch_unpack_be64(version);
    sch_unpack_id(unpack, &dossier->id);
    dossier->kenmerk = sch_unpack_uint(unpack, UINT64_MAX);
    dossier->phase = (enum sch_phase)sch_unpack_uint(unpack, SCH_PHASE_COUNT - 1);
    dossier->received = sch_unpack_bool(unpack);
    dossier->taken_up = sch_unpack_bool(unpack);
    sch_unpack_text(unpack, dossier->region, SCH_REGION_MAX);
    dossier->echelon = (enum sch_party_kind)sch_unpack_uint(unpack, SCH_PARTY_COUNT - 1);
    dossier->urgency = (enum sch_urgency)sch_unpack_uint(unpack, SCH_URGENCY_CRISIS);
    sch_unpack_id_short(unpack, &dossier->parent, &dossier->id);
    sch_unpack_id_short(unpack, &dossier->follows, &dossier->id);
    sch_unpack_id_short(unpack, &dossier->group, &dossier->id);
    sch_unpack_id_short(unpack, &dossier->root, &dossier->id);
    dossier->opened_ms = sch_unpack_int(unpack);
    dossier->changed_ms = sch_unpack_int(unpack);
    dossier->closed_ms = sch_unpack_int(unpack);
    dossier->letter_day = unpack_day(unpack);
    dossier->intake_day = unpack_day(unpack);
}

int sch_record_dossier_decode(struct sch_bytes value, struct sch_dossier *dossier)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(dossier, 0, sizeof(*dossier));
    unpack_head(&unpack, dossier);
    dossier->member_count = (size_t)sch_unpack_uint(&unpack, SCH_MEMBERS_MAX);
    for (size_t i = 0; i < dossier->member_count && !unpack.bad; i++)
        unpack_member(&unpack, dossier, i);
    dossier->instance_count = (size_t)sch_unpack_uint(&unpack, SCH_INSTANCES_MAX);
    for (size_t i = 0; i < dossier->instance_count && !unpack.bad; i++)
        unpack_instance(&unpack, dossier, &dossier->instance[i]);
    dossier->delivery_count = (size_t)sch_unpack_uint(&unpack, SCH_DELIVERIES_MAX);
    for (size_t i = 0; i < dossier->delivery_count && !unpack.bad; i++)
        unpack_delivery(&unpack, dossier, &dossier->delivery[i]);
    if (sch_unpack_done(&unpack))
        return SCH_OK;
    memset(dossier, 0, sizeof(*dossier));
    return SCH_E_STORE_DAMAGED;
}
