/*
 * test_step_property.c: what must hold for every dossier, whatever happens to it: random events, fixed seeds.
 *
 * A failure prints its seed; run it alone by setting SEED in the environment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/delivery.h"
#include "core/kind.h"
#include "step_life.h"
#include "step_oracle.h"

#define SEEDS 4000
#define STEPS 260

static struct step_fixture f;
static struct step_oracle oracle;
static struct step_life life;
static uint64_t seed;
static bool seen[SCH_PHASE_COUNT][SCH_KIND_COUNT + SCH_EVENT_TYPE_COUNT];
static size_t purged;

static uint64_t draw(uint64_t below)
{
    return step_life_draw(&life, below);
}

static void broken(const char *what)
{
    fail_msg("%s: rerun with SEED=%llu", what, (unsigned long long)seed);
}

/* Steps f.event under the oracle's eyes, and remembers what was reached. */
static int step_checked(void)
{
    int code = step_oracle_step(&oracle);
    if (code == SCH_OK) {
        step_life_note(&life);
        unsigned column = f.event.type == SCH_EVENT_SUBMIT ? f.event.header->kind : SCH_KIND_COUNT + f.event.type;
        seen[oracle.before.phase][column] = true;
    }
    return code;
}

static void fall_due(void)
{
    step_oracle_fall_due(&oracle);
    seen[oracle.before.phase][SCH_KIND_COUNT + SCH_EVENT_DUE] = true;
}

static void let_time_pass(void)
{
    if (draw(3) == 0 && step_oracle_next_due(&oracle)) {
        seen[oracle.before.phase][SCH_KIND_COUNT + SCH_EVENT_DUE] = true;
        return;
    }
    f.world.now_ms += (int64_t)draw((uint64_t)(draw(40) == 0 ? 120 : 5) * STEP_FIXTURE_DAY_MS);
    if (draw(2) == 0) {
        fall_due();
    }
}

/* Afterwards the effects' accounts begin with what the record holds. */
static void open_dossier(void)
{
    step_life_open(&life);
    assert_int_equal(sch_step(&f.world, &f.dossier, &f.event, &f.effects), SCH_OK);
    f.world.sequence += 1;
    step_life_note(&life);
    if (f.dossier.phase == SCH_PHASE_SENT && draw(f.dossier.kind == SCH_KIND_REFERRAL ? 4 : 2) == 0) {
        /* A presumed intake comes of patience, which random events have not. */
        (void)step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0);
        step_fixture_live(&f, 1);
        if (draw(4) == 0) {
            (void)step_fixture_say(&f, SCH_KIND_WITHDRAWAL);
        }
    }
    step_oracle_watch(&oracle, &f);
}

/* Nobody says anything for years: all runs out, and then the record goes. */
static void fall_silent(void)
{
    for (int i = 0; i < 4000 && f.dossier.phase != SCH_PHASE_NONE; i++) {
        int64_t due_ms = sch_dossier_next_due(&f.dossier);
        if (due_ms == INT64_MAX) {
            return;
        }
        f.world.now_ms = due_ms > f.world.now_ms ? due_ms : f.world.now_ms;
        fall_due();
    }
    purged += f.dossier.phase == SCH_PHASE_NONE;
}

/* A region may permit a wijkteam or a network whatever ggz says: permits are data. */
static void permit_all_feedback(void)
{
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        enum sch_direction direction = sch_kind_rule((enum sch_kind)kind)->direction;
        if (direction == SCH_DIRECTION_FEEDBACK || direction == SCH_DIRECTION_RESULT) {
            f.permits.allowed[SCH_PARTY_WIJKTEAM][kind] = UINT32_MAX;
            f.permits.allowed[SCH_PARTY_MGN][kind] = UINT32_MAX;
            f.permits.allowed[SCH_PARTY_CRISIS][kind] = UINT32_MAX;
        }
    }
}

static void begin(void)
{
    memset(&life, 0, sizeof life);
    life.f = &f;
    life.random = seed * UINT64_C(0x2545f4914f6cdd1d);
    step_fixture_init(&f);
    f.norms.required[SCH_KIND_INTAKE_REPORT].demanded = draw(2) == 0;
    f.norms.required[SCH_KIND_CHANGE_NOTICE].sections = SCH_SECTION_CHANGES;
    if (draw(2) == 0) {
        permit_all_feedback();
    }
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT && draw(3) == 0; number++) {
        unsigned changed = 1 + (unsigned)draw(15);
        int term = (int)draw(40);
        enum sch_unit unit = (enum sch_unit)(1 + draw(4));
        step_fixture_norm(&f, changed, SCH_VARIANT_PLAIN, term, unit);
    }
    f.world.now_ms += (int64_t)draw(UINT64_C(400) * STEP_FIXTURE_DAY_MS);
    open_dossier();
}

static void live(void)
{
    begin();
    /* Some seeds collect nothing, so that the bounds are reached. */
    uint64_t settling = draw(4) == 0 ? 0 : 30;
    /* Most lives are short: it is the early phases that have the most ways on. */
    int steps = draw(6) == 0 ? STEPS : STEPS / 6;
    for (int i = 0; i < steps && f.dossier.phase != SCH_PHASE_NONE; i++) {
        uint64_t choice = draw(100);
        if (choice < settling) {
            step_life_settle(&life);
            (void)step_checked();
        } else if (choice < 42) {
            let_time_pass();
        } else if (choice < 46) {
            step_life_hear(&life);
            (void)step_checked();
        } else {
            step_life_say(&life);
            (void)step_checked();
        }
    }
    if (draw(10) == 0) {
        fall_silent();
    }
}

static void test_every_dossier_keeps_the_rules(void **state)
{
    (void)state;
    const char *only = getenv("SEED");
    oracle.fail = broken;
    for (seed = 1; seed <= SEEDS; seed++) {
        if (only == NULL || strtoull(only, NULL, 10) == seed) {
            live();
        }
    }
    if (only != NULL) {
        return;
    }
    print_message("%zu steps accepted, %zu rejected, at most %zu effects of %d, %zu instances of %d, %zu "
                  "kept, %zu purged\n", oracle.accepted, oracle.rejected, oracle.effects_max, SCH_EFFECTS_MAX,
                  oracle.instances_max, SCH_INSTANCES_MAX, oracle.kept_max, purged);
    assert_true(oracle.accepted > 10000);
    assert_true(oracle.rejected > 1000);
}

/* A cell that no event ever reaches is a cell that nobody has tested. */
static void test_every_reachable_cell_was_reached(void **state)
{
    (void)state;
    size_t missed = 0;
    if (getenv("SEED") != NULL) {
        return;
    }
    for (unsigned phase = SCH_PHASE_SENT; phase < SCH_PHASE_COUNT; phase++) {
        for (unsigned column = 1; column < SCH_KIND_COUNT + SCH_EVENT_TYPE_COUNT; column++) {
            bool submits = column < SCH_KIND_COUNT;
            unsigned type = submits ? SCH_EVENT_SUBMIT : column - SCH_KIND_COUNT;
            enum sch_kind kind = (enum sch_kind)(submits ? column : SCH_KIND_UNSPECIFIED);
            if (type == 0 || (!submits && type == SCH_EVENT_SUBMIT)) {
                continue;
            }
            const char *label = sch_step_cell((enum sch_phase)phase, (enum sch_event_type)type, kind);
            bool accepts = strncmp(label, "reject", 6) != 0;
            if (accepts && !seen[phase][column]) {
                print_error("phase %u, event %u, kind %u was never reached\n", phase, type, (unsigned)kind);
                missed++;
            }
            assert_false(!accepts && seen[phase][column]);
        }
    }
    assert_int_equal(missed, 0);
}

/* The widest step: a full dossier that nobody looked at for a year. */
static void test_a_full_dossier_falls_due_at_once(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    while (step_fixture_say(&f, SCH_KIND_APPOINTMENT) == SCH_OK) {
        continue;
    }
    assert_int_equal(sch_delivery_party_count(&f.dossier), SCH_PARTY_DELIVERIES_MAX);
    step_fixture_wait(&f, 6);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    step_fixture_wait(&f, 365);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    print_message("%zu effects\n", f.effects.count);
    assert_true(f.effects.count > 5 * SCH_PARTY_DELIVERIES_MAX);
    assert_true(sch_dossier_next_due(&f.dossier) > f.world.now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_dossier_keeps_the_rules),
        cmocka_unit_test(test_every_reachable_cell_was_reached),
        cmocka_unit_test(test_a_full_dossier_falls_due_at_once),
    };
    return cmocka_run_group_tests_name("step_property", tests, NULL, NULL);
}
