/*
 * test_record_dossier.c: the bytes of dossiers: round trips up to the limits, damage, sizes, golden bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "record_check.h"

static struct sch_dossier *dossier_new(void)
{
    struct sch_dossier *dossier = calloc(1, sizeof(*dossier));

    assert_non_null(dossier);
    return dossier;
}

static void member(struct sch_dossier *dossier, const char *address, enum sch_party_kind kind)
{
    struct sch_member *m = &dossier->member[dossier->member_count++];

    m->address = address_of(address);
    m->kind = kind;
    memcpy(m->region, "utrecht", 7);
}

/* A practice, its POH in copy, an S-GGZ; three promises and two deliveries. */
static struct sch_dossier *typical(void)
{
    struct sch_dossier *d = dossier_new();

    d->version = 3;
    d->id = id_of(1);
    d->root = d->id;
    d->kenmerk = 123456789;
    d->kind = SCH_KIND_REFERRAL;
    d->phase = SCH_PHASE_ACCEPTED;
    d->received = true;
    memcpy(d->region, "utrecht", 7);
    d->echelon = SCH_PARTY_S_GGZ;
    d->urgency = SCH_URGENCY_ROUTINE;
    member(d, "agb:06290713", SCH_PARTY_GP_PRACTICE);
    member(d, "agb:06291122/volwassenen", SCH_PARTY_S_GGZ);
    member(d, "agb:06290713", SCH_PARTY_GP_PRACTICE);
    member(d, "agb:06290713/poh-ggz", SCH_PARTY_POH_GGZ);
    d->opened_ms = INT64_C(1798761600000);
    d->chain_ms = d->opened_ms;
    d->changed_ms = d->opened_ms + 5000;
    d->letter_day = 20818;
    d->proof[d->proof_count++] = (struct sch_proof){ .phase = SCH_PHASE_ACCEPTED, .by = id_of(40) };
    for (unsigned i = 0; i < 3; i++) {
        struct sch_instance *n = &d->instance[d->instance_count++];

        *n = (struct sch_instance){ .expectation = (uint8_t)(2 + 2 * i), .member = 1,
                                    .standing = SCH_STANDING_OPEN, .opened_by = d->id, .opened_ms = d->opened_ms,
                                    .from_ms = d->opened_ms, .norm_due_ms = d->opened_ms + 432000000,
                                    .due_ms = d->opened_ms + 432000000,
                                    .remind_ms = d->opened_ms + 345600000,
                                    .escalate_ms = d->opened_ms + 864000000,
                                    .norm_id = "nl/E2", .norm_version = 1, .term = 5,
                                    .unit = SCH_UNIT_WORKING_DAYS };
    }
    for (unsigned i = 0; i < 2; i++) {
        struct sch_delivery *v = &d->delivery[d->delivery_count++];

        *v = (struct sch_delivery){ .message = id_of(40 + i), .sequence = 900 + i,
                                    .kind = SCH_KIND_ACCEPTANCE, .member = (uint8_t)(2 + i), .sender = 1,
                                    .about = SCH_MEMBER_NONE, .stored_ms = d->changed_ms };
    }
    return d;
}

/* One that was treated and has ended: answered promises, each with a message of its own, stand in it. */
static struct sch_dossier *treated(void)
{
    struct sch_dossier *d = typical();

    d->phase = SCH_PHASE_CLOSED;
    d->intake_day = d->letter_day + 21;
    d->closed_ms = d->changed_ms = d->opened_ms + INT64_C(200) * 86400000;
    memset(d->delivery, 0, sizeof(d->delivery));
    d->delivery_count = d->proof_count = d->instance_count = 0;
    for (unsigned i = 0; i < 6; i++) {
        struct sch_instance *n = &d->instance[d->instance_count++];

        d->proof[d->proof_count++] = (struct sch_proof){ SCH_PHASE_ACCEPTED + i, SCH_KIND_ACCEPTANCE + i, i % 2 == 0, i % 3 == 0, id_of(40 + i) };
        *n = (struct sch_instance){ .expectation = (uint8_t)(4 + i), .member = 1, .standing = SCH_STANDING_CLOSED,
                                    .opened_by = i < 2 ? d->id : id_of(38 + i), .closed_by = id_of(40 + i),
                                    .opened_ms = d->opened_ms + i * INT64_C(864000000), .norm_id = "nl/E2",
                                    .norm_version = 1, .term = 10, .unit = SCH_UNIT_WORKING_DAYS };
        n->from_ms = n->opened_ms - (i > 2 ? 3600000 : 0);
        n->norm_due_ms = n->due_ms = n->from_ms + 1209600000 + (i == 3 ? 86400000 : 0);
        n->remind_ms = n->due_ms - 259200000;
        n->escalate_ms = n->due_ms + 604800000;
        n->closed_ms = n->opened_ms + 900000000;
    }
    return d;
}

/* Every array full, every value as long as it can be, and no id twice. */
static struct sch_id next_id(void)
{
    static uint32_t number;
    struct sch_id id = id_of(200);

    number++;
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static struct sch_dossier *largest(void)
{
    struct sch_dossier *d = dossier_new();

    d->version = UINT64_MAX;
    d->id = id_of(1);
    d->kenmerk = UINT64_MAX;
    d->kind = SCH_KIND_COUNT - 1;
    d->phase = SCH_PHASE_COUNT - 1;
    d->received = d->taken_up = d->breach = d->forwarded = d->placed = true;
    d->asked_count = d->refusals = UINT8_MAX;
    fill(d->region, SCH_REGION_MAX, 'r');
    d->echelon = SCH_PARTY_COUNT - 1;
    d->urgency = SCH_URGENCY_CRISIS;
    d->parent = next_id();
    d->follows = next_id();
    d->group = next_id();
    d->root = next_id();
    d->opened_ms = d->closed_ms = d->forward_by_ms = INT64_MIN;
    d->changed_ms = d->chain_ms = 0;
    d->letter_day = INT32_MIN;
    d->intake_day = INT32_MIN;
    for (size_t i = 0; i < SCH_MEMBERS_MAX; i++) {
        fill(d->member[i].address.text, SCH_ADDRESS_MAX, (char)('a' + i));
        fill(d->member[i].region, SCH_REGION_MAX, 'q');
        d->member[i].kind = SCH_PARTY_COORDINATOR;
    }
    d->member_count = SCH_MEMBERS_MAX;
    for (size_t i = 0; i < SCH_PROOFS_MAX; i++)
        d->proof[i] = (struct sch_proof){ SCH_PHASE_COUNT - 1, SCH_KIND_COUNT - 1, true, true, next_id() };
    d->proof_count = SCH_PROOFS_MAX;
    for (size_t i = 0; i < SCH_INSTANCES_MAX; i++) {
        struct sch_instance *n = &d->instance[i];

        /* Each time as far from the one that it is written by as can be. */
        *n = (struct sch_instance){ .expectation = 15, .member = 6, .standing = SCH_STANDING_CANCELLED,
                                    .step = SCH_STEP_WITHDRAW, .announced = true, .incomplete = true, .beyond = true,
                                    .opened_by = next_id(), .closed_by = next_id(), .opened_ms = 0,
                                    .from_ms = INT64_MIN, .norm_due_ms = 0, .due_ms = INT64_MIN,
                                    .remind_ms = INT64_MAX, .escalate_ms = 0, .closed_ms = INT64_MIN,
                                    .reminded_ms = 1, .snoozed_ms = -1, .norm_version = UINT16_MAX,
                                    .term = UINT16_MAX, .unit = SCH_UNIT_WORKING_DAYS };
        fill(n->norm_id, SCH_NORM_ID_MAX, 'n');
    }
    d->instance_count = SCH_INSTANCES_MAX;
    for (size_t i = 0; i < SCH_SUCCESSORS_MAX; i++)
        d->successor[i] = (struct sch_successor){ next_id(), true, true };
    d->successor_count = SCH_SUCCESSORS_MAX;
    for (size_t i = 0; i < SCH_DELIVERIES_MAX; i++)
        d->delivery[i] = (struct sch_delivery){ .message = next_id(), .subject = next_id(),
                                                .sequence = UINT64_MAX, .kind = SCH_KIND_COUNT - 1,
                                                .member = 6, .sender = SCH_MEMBER_NONE, .expectation = 15,
                                                .about = 6, .urgent = true, .reported = true,
                                                .stored_ms = 0 };
    d->delivery_count = SCH_DELIVERIES_MAX;
    return d;
}

static size_t check_dossier(struct sch_dossier *dossier)
{
    uint8_t *buffer = malloc(SCH_RECORD_DOSSIER_MAX);
    struct sch_dossier *again = dossier_new();
    size_t size = sch_record_dossier_encode(dossier, buffer, SCH_RECORD_DOSSIER_MAX);

    assert_true(size > 0);
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size }, again), SCH_OK);
    assert_memory_equal(dossier, again, sizeof(*again));
    assert_int_equal(sch_record_dossier_encode(dossier, buffer, size - 1), 0);
    free(again);
    free(buffer);
    free(dossier);
    return size;
}

static void dossiers_come_back(void **state)
{
    struct sch_dossier *empty = dossier_new();

    (void)state;
    assert_in_range(check_dossier(empty), 1, 64);
    assert_in_range(check_dossier(typical()), 200, 400);
    assert_in_range(check_dossier(treated()), 400, 700);
    assert_in_range(check_dossier(largest()), 36000, SCH_RECORD_DOSSIER_MAX);
}

static void dossiers_begin_with_their_version(void **state)
{
    struct sch_dossier *d = typical();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];

    (void)state;
    d->version = UINT64_C(0x0102030405060708);
    assert_true(sch_record_dossier_encode(d, buffer, sizeof(buffer)) > 8);
    assert_memory_equal(buffer, "\1\2\3\4\5\6\7\10", 8);
    free(d);
}

static int decode_dossier(struct sch_bytes value, void *target)
{
    return sch_record_dossier_decode(value, target);
}

static size_t encode_dossier(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_dossier_encode(value, buffer, capacity);
}

static void damaged_dossiers_are_refused(void **state)
{
    struct sch_dossier *d = typical(), *again = dossier_new();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];
    size_t size = sch_record_dossier_encode(d, buffer, sizeof(buffer));

    (void)state;
    check_truncation(buffer, size, decode_dossier, sizeof(*d));
    check_flips(buffer, size, decode_dossier, encode_dossier, sizeof(*d));
    free(d);
    d = treated();
    size = sch_record_dossier_encode(d, buffer, sizeof(buffer));
    check_flips(buffer, size, decode_dossier, encode_dossier, sizeof(*d));
    /* Nobody sends a patient on without a message. */
    d->phase = SCH_PHASE_REDIRECTED;
    size = sch_record_dossier_encode(d, buffer, sizeof(buffer));
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size }, again), SCH_E_STORE_DAMAGED);
    d->proof[0].phase = SCH_PHASE_REDIRECTED;
    size = sch_record_dossier_encode(d, buffer, sizeof(buffer));
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size }, again), SCH_OK);
    free(again);
    /* There is no E0. */
    d->instance[0].expectation = 0;
    size = sch_record_dossier_encode(d, buffer, sizeof(buffer));
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size }, d), SCH_E_STORE_DAMAGED);
    free(d);
}

/* A time that is written though it says nothing: from_ms as far from opened_ms as nought. */
static void what_says_nothing_is_not_written(void **state)
{
    static const uint8_t begins[] = { 2, 1, 1, 0, 0x20, 1, 0 };     /* E2, its flags, opened_by, opened_ms */
    struct sch_dossier *d = typical(), *again = dossier_new();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];
    size_t size = sch_record_dossier_encode(d, buffer, sizeof(buffer)), at = 0;

    (void)state;
    while (at < size && memcmp(buffer + at, begins, sizeof(begins)) != 0)
        at++;
    assert_true(at + sizeof(begins) < size);
    buffer[at + 4] |= 8;
    at += sizeof(begins);
    memmove(buffer + at + 1, buffer + at, size - at);
    buffer[at] = 0;
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size + 1 }, again), SCH_E_STORE_DAMAGED);
    buffer[at] = 2;
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size + 1 }, again), SCH_OK);
    assert_true(again->instance[0].from_ms == again->instance[0].opened_ms + 1);
    free(again);
    free(d);
}

/* These bytes stand in stores: a difference is a new schema (STORE.md, "Changing a format"). */
static void bytes_are_golden(void **state)
{
    struct sch_dossier *d = typical();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];

    (void)state;
    d->instance_count = d->delivery_count = 1;
    assert_hex(buffer, sch_record_dossier_encode(d, buffer, sizeof(buffer)),
               "00000000000000030102030405060708090a0b0c0d0e0f10959aef3a010201077574726563687405"
               "0100000000000180a8aff4ac3400904e0000d2a2010004000c6167623a3036323930373133010775"
               "74726563687400186167623a30363239313132322f766f6c77617373656e656e0507757472656368"
               "740100146167623a30363239303731332f706f682d67677a02077574726563687401020228292a2b"
               "2c2d2e2f3031323334353637010201010020010080b0fe9b0380b0fe9b03ffefb252056e6c2f4532"
               "010504010300840702020100ff00904e");
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dossiers_come_back), cmocka_unit_test(dossiers_begin_with_their_version),
        cmocka_unit_test(damaged_dossiers_are_refused), cmocka_unit_test(what_says_nothing_is_not_written),
        cmocka_unit_test(bytes_are_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
