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

static void say(unsigned n, enum sch_kind kind, enum sch_phase phase, bool late)
{
    sch_proof_add(&dossier, (struct sch_proof){ .phase = phase, .kind = kind, .late = late, .by = id_of(n) });
}

static bool is_planned_by(enum sch_kind kind)
{
    return sch_proof_is_planned_by(&dossier, kind);
}

/* The last that was told of a planned intake, in this stretch of care, and before more was proven. */
static void test_who_planned(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    assert_false(is_planned_by(SCH_KIND_APPOINTMENT));
    say(1, SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED, false);
    assert_true(is_planned_by(SCH_KIND_APPOINTMENT));
    assert_false(is_planned_by(SCH_KIND_NO_SHOW));
    say(2, SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED, false);
    assert_false(is_planned_by(SCH_KIND_APPOINTMENT));
    assert_true(is_planned_by(SCH_KIND_NO_SHOW));
    say(3, SCH_KIND_REFUSAL, SCH_PHASE_REFUSED, false);
    assert_true(is_planned_by(SCH_KIND_NO_SHOW));
    say(4, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, false);
    assert_false(is_planned_by(SCH_KIND_NO_SHOW));
    say(5, SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT, false);
    say(6, SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED, false);
    assert_false(is_planned_by(SCH_KIND_APPOINTMENT));
    drop(5);
    assert_true(is_planned_by(SCH_KIND_APPOINTMENT));
    /* A record of before does not say which. */
    begin(SCH_KIND_REFERRAL);
    add(1, SCH_PHASE_INTAKE_PLANNED);
    assert_true(is_planned_by(SCH_KIND_APPOINTMENT) && is_planned_by(SCH_KIND_NO_SHOW));
}

static unsigned letter(enum sch_kind kind)
{
    const struct sch_id *id = sch_proof_letter(&dossier, UINT64_C(1) << kind);
    return id == NULL ? 0 : id->bytes[15];
}

static void test_which_letter_stands(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    say(2, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    assert_int_equal(letter(SCH_KIND_INTAKE_REPORT), 2);
    assert_int_equal(letter(SCH_KIND_DISCHARGE_LETTER), 0);
    say(3, SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED, false);
    assert_int_equal(letter(SCH_KIND_INTAKE_REPORT), 2);
    assert_int_equal(letter(SCH_KIND_BACK_REFERRAL), 3);
    say(4, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, false);
    assert_int_equal(letter(SCH_KIND_INTAKE_REPORT), 0);
    say(5, SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED, false);
    say(6, SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED, true);
    assert_int_equal(letter(SCH_KIND_BACK_REFERRAL), 0);
    drop(5);
    assert_int_equal(letter(SCH_KIND_BACK_REFERRAL), 6);
}

static unsigned lacking(enum sch_kind kind)
{
    const struct sch_id *id = sch_proof_lacking(&dossier, UINT64_C(1) << kind);
    return id == NULL ? 0 : id->bytes[15];
}

static void lack(unsigned n)
{
    struct sch_id id = id_of(n);
    sch_proof_lack(&dossier, &id);
}

/* A letter that lacks something counts beside a complete one, but neither late nor once all has been written. */
static void test_which_letter_lacks(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    say(2, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    lack(2);
    assert_int_equal(lacking(SCH_KIND_INTAKE_REPORT), 2);
    assert_int_equal(letter(SCH_KIND_INTAKE_REPORT), 1);
    say(3, SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED, false);
    say(4, SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED, false);
    say(5, SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED, false);
    lack(5);
    assert_int_equal(lacking(SCH_KIND_DISCHARGE_LETTER), 0);
    assert_int_equal(letter(SCH_KIND_DISCHARGE_LETTER), 3);
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    say(2, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, true);
    lack(2);
    assert_int_equal(lacking(SCH_KIND_INTAKE_REPORT), 0);
}

/* About an end that was told a letter is due, until it comes; one that comes when the patient is back answers too. */
static void test_whether_a_letter_is_due(void **state)
{
    (void)state;
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED, false);
    assert_true(sch_proof_is_letter_due(&dossier));
    drop(1);
    say(2, SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED, false);
    say(3, SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED, false);
    say(4, SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED, false);
    assert_false(sch_proof_is_letter_due(&dossier));
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED, false);
    say(2, SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED, false);
    assert_int_equal(letter(SCH_KIND_DISCHARGE_LETTER), 2);
}

static void test_what_counts(void **state)
{
    (void)state;
    struct sch_id id = id_of(2), other = id_of(9);
    begin(SCH_KIND_REFERRAL);
    assert_null(sch_proof_mover(&dossier));
    say(1, SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT, false);
    say(2, SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED, false);
    assert_int_equal(sch_proof_mover(&dossier)->by.bytes[15], 1);
    assert_false(sch_proof_counts(&dossier, &id));
    assert_false(sch_proof_counts(&dossier, &other));
    assert_null(sch_proof_by(&dossier, &other));
    assert_int_equal(sch_proof_by(&dossier, &id)->kind, SCH_KIND_APPOINTMENT);
    drop(1);
    assert_true(sch_proof_counts(&dossier, &id));
    say(3, SCH_KIND_REDIRECTION, SCH_PHASE_REDIRECTED, false);
    say(4, SCH_KIND_REDIRECTION, SCH_PHASE_REDIRECTED, true);
    assert_int_equal(sch_proof_moved_to(&dossier, SCH_PHASE_REDIRECTED)->bytes[15], 3);
    say(5, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, false);
    assert_int_equal(sch_proof_moved_to(&dossier, SCH_PHASE_REDIRECTED)->bytes[15], 3);
    assert_null(sch_proof_moved_to(&dossier, SCH_PHASE_SENT));
    assert_null(sch_proof_moved_to(&dossier, SCH_PHASE_REFUSED));
    /* An end leaves a patient who is elsewhere where he is; what comes late takes him nowhere. */
    say(6, SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN, false);
    say(7, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, false);
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_WITHDRAWN);
}

/* What stands behind the count is not there. */
static void test_the_list_ends_where_its_count_says(void **state)
{
    (void)state;
    struct sch_id beyond = id_of(9);
    begin(SCH_KIND_REFERRAL);
    say(1, SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, false);
    dossier.proof[1] = (struct sch_proof){ .phase = SCH_PHASE_ENDED, .kind = SCH_KIND_INTAKE_REPORT, .by = beyond };
    assert_int_equal(sch_proof_replay(&dossier), SCH_PHASE_INTAKE_DONE);
    assert_int_equal(sch_proof_mover(&dossier)->by.bytes[15], 1);
    assert_int_equal(letter(SCH_KIND_INTAKE_REPORT), 1);
    assert_null(sch_proof_by(&dossier, &beyond));
    assert_false(sch_proof_counts(&dossier, &beyond));
    assert_null(sch_proof_moved_to(&dossier, SCH_PHASE_ENDED));
    lack(9);
    assert_false(dossier.proof[1].lacking);
    dossier.proof[1].kind = SCH_KIND_TREATMENT_END;
    assert_false(sch_proof_is_letter_due(&dossier));
    dossier.proof[1] = (struct sch_proof){ .phase = SCH_PHASE_INTAKE_PLANNED, .kind = SCH_KIND_APPOINTMENT, .by = beyond };
    dossier.proof[0].phase = SCH_PHASE_ACCEPTED;
    assert_false(is_planned_by(SCH_KIND_APPOINTMENT));
}

/* Whatever comes, there is one that does not matter. */
static void test_a_full_list_has_one_to_spare(void **state)
{
    (void)state;
    static const enum sch_kind kinds[] = { SCH_KIND_UNSPECIFIED, SCH_KIND_ACCEPTANCE, SCH_KIND_INTAKE_REPORT,
                                           SCH_KIND_TREATMENT_END, SCH_KIND_DISCHARGE_LETTER, SCH_KIND_BACK_REFERRAL };
    uint32_t random = 1;
    for (unsigned life = 0; life < 1000; life++) {
        begin(life % 7 == 0 ? SCH_KIND_CARE_NOTICE : SCH_KIND_REFERRAL);
        for (unsigned i = 0; i < 200; i++) {
            random = random * 1664525 + 1013904223;
            struct sch_proof proof = { .phase = SCH_PHASE_ACCEPTED + (random >> 8) % (SCH_PHASE_COUNT - 2),
                                       .kind = kinds[(random >> 16) % 6], .late = (random >> 24) % 4 == 0, .by = id_of(i) };
            sch_proof_add(&dossier, proof);
            assert_in_range(dossier.proof_count, 1, SCH_PROOFS_MAX);
            assert_int_equal(dossier.proof[dossier.proof_count - 1].by.bytes[15], (uint8_t)i);
        }
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
        cmocka_unit_test(test_who_planned),
        cmocka_unit_test(test_which_letter_stands),
        cmocka_unit_test(test_which_letter_lacks),
        cmocka_unit_test(test_whether_a_letter_is_due),
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_the_list_ends_where_its_count_says),
        cmocka_unit_test(test_a_full_list_has_one_to_spare),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
