/* test_proof.c: the replay of what moved a dossier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/proof.h"

static struct sch_dossier dossier;

static struct sch_id id_of(unsigned n)
{
    struct sch_id id;
    memset(&id, 0, sizeof id);
    id.bytes[14] = (uint8_t)(n >> 8);
    id.bytes[15] = (uint8_t)n;
    return id;
}

static void begin(enum sch_kind kind)
{
    memset(&dossier, 0, sizeof dossier);
    dossier.kind = kind;
}

static void add(unsigned n, enum sch_phase phase)
{
    struct sch_id id = id_of(n);
    sch_proof_add(&dossier, (struct sch_proof){ .phase = phase, .by = id });
}

static void drop(unsigned n)
{
    struct sch_id id = id_of(n);
    sch_proof_remove(&dossier, &id);
}

static void test_where_a_dossier_begins(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        enum sch_phase phase;
    } row[] = {
        { SCH_KIND_REFERRAL, SCH_PHASE_SENT }, { SCH_KIND_CONSULT_REQUEST, SCH_PHASE_SENT },
        { SCH_KIND_EXPLORATION_REQUEST, SCH_PHASE_SENT }, { SCH_KIND_CARE_NOTICE, SCH_PHASE_IN_TREATMENT },
        { SCH_KIND_INVOLVEMENT_NOTICE, SCH_PHASE_CLOSED },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(row[i].kind);
        assert_int_equal(sch_proof_replay(&dossier), row[i].phase);
    }
}

/* A row's proofs, and what they come to. */
static void test_replay(void **state)
{
    (void)state;
    static const struct {
        enum sch_phase proof[5];
        enum sch_phase phase;
    } row[] = {
        { { SCH_PHASE_ACCEPTED }, SCH_PHASE_ACCEPTED },
        { { SCH_PHASE_IN_TREATMENT, SCH_PHASE_ACCEPTED, SCH_PHASE_INTAKE_DONE }, SCH_PHASE_IN_TREATMENT },
        { { SCH_PHASE_ACCEPTED, SCH_PHASE_REFUSED }, SCH_PHASE_REFUSED },
        { { SCH_PHASE_IN_TREATMENT, SCH_PHASE_REFUSED, SCH_PHASE_ACCEPTED }, SCH_PHASE_ACCEPTED },
        { { SCH_PHASE_REFUSED, SCH_PHASE_BACK_REFERRED }, SCH_PHASE_BACK_REFERRED },
        { { SCH_PHASE_ENDED, SCH_PHASE_BACK_REFERRED, SCH_PHASE_IN_TREATMENT }, SCH_PHASE_IN_TREATMENT },
        { { SCH_PHASE_REDIRECTED, SCH_PHASE_ACCEPTED, SCH_PHASE_INTAKE_PLANNED }, SCH_PHASE_INTAKE_PLANNED },
        { { SCH_PHASE_UNDELIVERED, SCH_PHASE_ENTERED_IN_ERROR }, SCH_PHASE_ENTERED_IN_ERROR },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(SCH_KIND_REFERRAL);
        for (unsigned j = 0; j < 5 && row[i].proof[j] != 0; j++) {
            add(j, row[i].proof[j]);
        }
        assert_int_equal(sch_proof_replay(&dossier), row[i].phase);
    }
}

static void test_taking_one_out(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    add(1, SCH_PHASE_ACCEPTED);
    add(2, SCH_PHASE_REFUSED);
    add(3, SCH_PHASE_INTAKE_PLANNED);
    drop(3);
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_REFUSED);
    drop(2);
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_ACCEPTED);
    drop(7);
    drop(1);
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_SENT);
    assert_int_equal(dossier.proof_count, 0);
    /* What is vacated is zero. */
    static const struct sch_dossier zero;
    assert_memory_equal(dossier.proof, zero.proof, sizeof zero.proof);
}

static void test_who_proved(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    assert_null(sch_proof_of(&dossier, SCH_PHASE_REDIRECTED));
    add(1, SCH_PHASE_REDIRECTED);
    add(2, SCH_PHASE_ACCEPTED);
    add(3, SCH_PHASE_REDIRECTED);
    assert_int_equal(sch_proof_of(&dossier, SCH_PHASE_REDIRECTED)->bytes[15], 3);
    assert_int_equal(sch_proof_of(&dossier, SCH_PHASE_ACCEPTED)->bytes[15], 2);
}

/* A full list forgets what does not matter, never what does. */
static void test_a_full_list_keeps_the_phase(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    add(1, SCH_PHASE_IN_TREATMENT);
    for (unsigned i = 2; i < 100; i++) {
        add(i, i % 3 == 0 ? SCH_PHASE_INTAKE_PLANNED : SCH_PHASE_ACCEPTED);
        assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_IN_TREATMENT);
        assert_true(dossier.proof_count <= SCH_PROOFS_MAX);
    }
    drop(1);
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_INTAKE_PLANNED);
    begin(SCH_KIND_REFERRAL);
    for (unsigned i = 0; i < 100; i++) {
        add(2 * i, SCH_PHASE_REFUSED);
        assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_REFUSED);
        add(2 * i + 1, SCH_PHASE_ACCEPTED);
        assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_ACCEPTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_a_dossier_begins),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_taking_one_out),
        cmocka_unit_test(test_who_proved),
        cmocka_unit_test(test_a_full_list_keeps_the_phase),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
