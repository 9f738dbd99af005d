/*
 * record_dossier_v1.c: the dossier's record as schema 1 wrote it, for the migration alone. See record_v1.h.
 *
 * Schema 1 knew no kind (every dossier was opened by a REFERRAL), no proofs, and of an answered promise not when.
 */
#include <string.h>

#include "shell/pack.h"
#include "shell/record_v1.h"

#define VERSION_SIZE 8
#define INSTANCES_MAX 96

/* A member whose address is new, or that of an earlier member by its index plus one. */
enum { MEMBER_NEW = 0 };

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
    if (instance->expectation == 0)
        unpack->bad = true;
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

int sch_record_v1_dossier(struct sch_bytes value, struct sch_dossier *dossier)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(dossier, 0, sizeof(*dossier));
    unpack_head(&unpack, dossier);
    dossier->member_count = (size_t)sch_unpack_uint(&unpack, SCH_MEMBERS_MAX);
    for (size_t i = 0; i < dossier->member_count && !unpack.bad; i++)
        unpack_member(&unpack, dossier, i);
    dossier->instance_count = (size_t)sch_unpack_uint(&unpack, INSTANCES_MAX);
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
