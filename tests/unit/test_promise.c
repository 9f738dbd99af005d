/* test_promise.c: places for promises: what is owed goes before what is only kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/promise.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_act act;

static struct sch_id id_of(size_t n)
{
    return sch_step_made_id(1, n);
}

/* So many answers owed, and so many given, the oldest given last. */
static void begin(size_t owed, size_t kept)
{
    struct sch_dossier *dossier = &f.dossier;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    dossier->instance_count = 0;
    memset(dossier->instance, 0, sizeof dossier->instance);
    sch_act_init(&act, &f.world, dossier, &f.event, &f.effects);
    for (size_t i = 0; i < owed + kept; i++) {
        struct sch_instance *instance = &dossier->instance[dossier->instance_count++];
        instance->expectation = 11;
        instance->member = SCH_MEMBER_RECEIVER;
        instance->standing = i < owed ? SCH_STANDING_OPEN : SCH_STANDING_CLOSED;
        instance->opened_by = id_of(i);
        instance->closed_ms = i < owed ? 0 : f.world.now_ms - (int64_t)i;
    }
}

static const struct sch_instance *opened_by(size_t n)
{
    struct sch_id id = id_of(n);
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        if (memcmp(&f.dossier.instance[i].opened_by, &id, sizeof id) == 0) {
            return &f.dossier.instance[i];
        }
    }
    return NULL;
}

static struct sch_instance *open_one(void)
{
    return sch_promise_open(&act, 11, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, id_of(900), f.world.now_ms);
}

static void test_what_is_kept_makes_place(void **state)
{
    (void)state;
    begin(SCH_OWED_MAX, SCH_KEPT_MAX);
    assert_non_null(open_one());
    assert_int_equal(f.dossier.instance_count, SCH_OWED_MAX + SCH_KEPT_MAX);
    assert_int_equal(sch_promise_count(&f.dossier), SCH_OWED_MAX + 1);
    /* The one that ended first. */
    assert_null(opened_by(SCH_OWED_MAX + SCH_KEPT_MAX - 1));
    assert_non_null(opened_by(SCH_OWED_MAX));
}

static void test_of_those_that_ended_together_the_first(void **state)
{
    (void)state;
    begin(SCH_OWED_MAX, SCH_KEPT_MAX);
    for (size_t i = SCH_OWED_MAX; i < f.dossier.instance_count; i++) {
        f.dossier.instance[i].closed_ms = f.world.now_ms;
    }
    assert_non_null(open_one());
    assert_null(opened_by(SCH_OWED_MAX));
    assert_non_null(opened_by(SCH_OWED_MAX + 1));
}

static void test_only_when_all_places_are_taken(void **state)
{
    (void)state;
    begin(SCH_OWED_MAX - 1, SCH_KEPT_MAX);
    assert_non_null(open_one());
    assert_int_equal(f.dossier.instance_count, SCH_OWED_MAX + SCH_KEPT_MAX);
    assert_non_null(opened_by(SCH_OWED_MAX + SCH_KEPT_MAX - 2));
}

static void test_what_is_owed_never_makes_place(void **state)
{
    (void)state;
    begin(SCH_OWED_MAX + SCH_KEPT_MAX, 0);
    assert_non_null(open_one());
    assert_int_equal(sch_promise_count(&f.dossier), SCH_OWED_MAX + SCH_KEPT_MAX + 1);
}

/* A promise is there by the count, and E1 by who has to collect: nothing else is ended with a delivery. */
static void test_an_e1_that_nobody_counted(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_norm(&f, 1, SCH_VARIANT_PLAIN, 0, SCH_UNIT_DAYS);
    step_fixture_open(&f, S);
    f.dossier.instance[f.dossier.instance_count] = f.dossier.instance[0];
    f.dossier.instance[f.dossier.instance_count].expectation = 1;
    sch_act_init(&act, &f.world, &f.dossier, &f.event, &f.effects);
    sch_promise_end_e1(&act, &f.referral, SCH_MEMBER_RECEIVER, SCH_STANDING_CLOSED);
    assert_int_equal(f.effects.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept_makes_place),
        cmocka_unit_test(test_of_those_that_ended_together_the_first),
        cmocka_unit_test(test_only_when_all_places_are_taken),
        cmocka_unit_test(test_what_is_owed_never_makes_place),
        cmocka_unit_test(test_an_e1_that_nobody_counted),
    };
    return cmocka_run_group_tests_name("promise", tests, NULL, NULL);
}
