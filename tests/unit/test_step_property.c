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

#include "core/calendar.h"
#include "core/delivery.h"
#include "core/expectation.h"
#include "core/kind.h"
#include "core/proof.h"
#include "step_life.h"
#include "step_noise.h"

#define SEEDS 4000
#define STEPS 260
#define ALERTS_MAX 4096

struct alert {
    struct sch_id opened_by;
    uint8_t expectation, member;
    enum sch_ladder step;
};

static struct step_fixture f;
static struct sch_dossier before;
static struct alert alert[ALERTS_MAX];
static size_t alert_count;
static size_t owed, laid;               /* what the effects say is owed and lies in mailboxes */
static struct step_life life;
static bool forwarded;                  /* a REFERRAL came for a patient who was to be forwarded */
static uint64_t seed;
static bool seen[SCH_PHASE_COUNT][SCH_KIND_COUNT + SCH_EVENT_TYPE_COUNT];
static size_t accepted, rejected, effects_max, instances_max, kept_max, purged;

static uint64_t draw(uint64_t below)
{
    return step_life_draw(&life, below);
}

static void check(bool holds, const char *what)
{
    if (!holds) {
        fail_msg("%s: rerun with SEED=%llu", what, (unsigned long long)seed);
    }
}

static size_t open_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        count += sch_instance_is_open(&f.dossier.instance[i]);
    }
    return count;
}

static void check_alert(const struct sch_effect *effect)
{
    const struct sch_instance *instance = &effect->instance;
    for (size_t i = 0; i < alert_count; i++) {
        bool same = alert[i].expectation == instance->expectation && alert[i].member == instance->member &&
                    alert[i].step == instance->step &&
                    memcmp(&alert[i].opened_by, &instance->opened_by, sizeof instance->opened_by) == 0;
        check(!same, "one alert per instance and step");
    }
    check(alert_count < ALERTS_MAX, "alerts fit the test");
    alert[alert_count++] = (struct alert){ instance->opened_by, instance->expectation, instance->member,
                                           instance->step };
}

static bool same_promise(const struct sch_instance *a, const struct sch_instance *b)
{
    return a->expectation == b->expectation && a->member == b->member &&
           memcmp(&a->opened_by, &b->opened_by, sizeof a->opened_by) == 0;
}

/* What statistics take back is what they once added: the promise as it stood. */
static void check_before(const struct sch_effect *effect)
{
    bool tells = effect->type == SCH_EFFECT_MOVE || effect->type == SCH_EFFECT_CLOSE ||
                 effect->type == SCH_EFFECT_REOPEN;
    if (tells) {
        check(same_promise(&effect->before, &effect->instance), "before is of the same promise");
        check(sch_instance_is_open(&effect->before) == (effect->type != SCH_EFFECT_REOPEN), "it was owed");
        check(sch_instance_is_open(&effect->instance) == (effect->type != SCH_EFFECT_CLOSE), "and now");
        check((effect->instance.closed_ms == 0) == (effect->type != SCH_EFFECT_CLOSE), "closed has its time");
    }
}

/* The effects tell the whole story: whoever adds them up has what the record holds. */
static void check_effects(uint64_t sequence)
{
    size_t phases = 0;
    effects_max = f.effects.count > effects_max ? f.effects.count : effects_max;
    for (size_t i = 0; i < f.effects.count; i++) {
        const struct sch_effect *effect = &f.effects.effect[i];
        owed += effect->type == SCH_EFFECT_OPEN || effect->type == SCH_EFFECT_REOPEN;
        owed -= effect->type == SCH_EFFECT_CLOSE;
        laid += effect->type == SCH_EFFECT_DELIVER;
        laid -= effect->type == SCH_EFFECT_REMOVE;
        phases += effect->type == SCH_EFFECT_PHASE;
        check_before(effect);
        if (effect->type == SCH_EFFECT_ALERT) {
            check_alert(effect);
        }
        if (effect->type == SCH_EFFECT_STORE || effect->type == SCH_EFFECT_MAKE) {
            check(effect->sequence == sequence++, "sequences without gaps");
        }
        if (effect->type == SCH_EFFECT_PHASE) {
            check(effect->phase == f.dossier.phase && effect->phase != before.phase, "PHASE tells the phase");
        }
    }
    bool gone = step_fixture_count(&f, SCH_EFFECT_PURGE) > 0;
    check(phases == (f.dossier.phase != before.phase && !gone), "one PHASE per change");
    check(gone == (f.dossier.phase == SCH_PHASE_NONE), "PURGE leaves nothing");
    check(owed == open_count(), "OPEN, REOPEN and CLOSE add up");
    check(laid == f.dossier.delivery_count, "DELIVER and REMOVE add up");
}

static size_t reminders_of(const struct sch_instance *instance)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        const struct sch_delivery *delivery = &f.dossier.delivery[i];
        count += delivery->kind == SCH_KIND_REMINDER && delivery->expectation == instance->expectation &&
                 memcmp(&delivery->subject, &instance->opened_by, sizeof delivery->subject) == 0;
    }
    return count;
}

static void check_promise(const struct sch_instance *instance)
{
    const struct sch_dossier *dossier = &f.dossier;
    bool open = sch_instance_is_open(instance);
    check(open || instance->expectation != 1, "an E1 is not kept");
    check(open == (instance->closed_ms == 0), "what ended has its time");
    check(instance->due_ms >= instance->norm_due_ms, "never due before the norm");
    check(instance->announced == (instance->due_ms > instance->norm_due_ms), "announced is later");
    check(instance->member < dossier->member_count, "a debtor");
    check(reminders_of(instance) <= (open ? 2 : 0), "two reminders at most, none of what is answered");
    if (instance->expectation == 1) {
        const char *mailbox = dossier->member[instance->member].address.text;
        check(sch_delivery_find(&f.dossier, &instance->opened_by, mailbox) != NULL, "E1 has a delivery");
    }
}

static void check_promises(void)
{
    const struct sch_dossier *dossier = &f.dossier;
    size_t standing[SCH_EXPECTATION_COUNT] = { 0 };
    size_t kept = 0, owed_now = 0, answers = 0;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        bool open = sch_instance_is_open(instance);
        check_promise(instance);
        kept += !open;
        owed_now += open && instance->expectation != 1;
        answers += open && instance->expectation == 11;
        check(!open || instance->expectation == 1 || instance->expectation == 11 ||
                  standing[instance->expectation]++ == 0, "one of each");
    }
    check(kept <= SCH_KEPT_MAX && owed_now + kept <= SCH_KEPT_MAX + SCH_OWED_MAX, "places for promises");
    instances_max = dossier->instance_count > instances_max ? dossier->instance_count : instances_max;
    kept_max = kept > kept_max ? kept : kept_max;
    bool at_end = dossier->phase >= SCH_PHASE_CLOSED && dossier->forward_by_ms == 0 && owed_now == answers;
    check(at_end == (dossier->closed_ms != 0), "closed once nothing is owed but answers");
}

static bool is_owed(unsigned number)
{
    return step_fixture_owed(&f, number) != NULL;
}

/* A phase that is proven answers all that the earlier ones owed, letters excepted; an end cancels. */
static void check_phase(void)
{
    enum sch_phase phase = f.dossier.phase;
    check(phase < SCH_PHASE_ACCEPTED || (!is_owed(2) && !is_owed(3)), "decided");
    check(phase < SCH_PHASE_INTAKE_PLANNED || !is_owed(4), "planned");
    check(phase < SCH_PHASE_INTAKE_DONE || !is_owed(5), "shown up");
    check(phase < SCH_PHASE_IN_TREATMENT || !is_owed(7), "started");
    check(phase == SCH_PHASE_IN_TREATMENT || !is_owed(8), "a progress letter is owed in treatment only");
    check(phase <= SCH_PHASE_ENDED || (!is_owed(12) && !is_owed(13) && !is_owed(14) && !is_owed(15)), "ends");
    check(phase != SCH_PHASE_CLOSED || (!is_owed(6) && !is_owed(9)), "CLOSED owes no letter");
    check(f.dossier.forward_by_ms == 0 || phase == SCH_PHASE_REDIRECTED, "only the redirected are forwarded");
    /* What moves a dossier is on record, but for what time and settled letters do. */
    enum sch_phase proven = sch_proof_replay(&f.dossier);
    check(phase == proven || (phase == SCH_PHASE_CLOSED && proven == SCH_PHASE_ENDED) ||
              (phase == SCH_PHASE_INTAKE_PRESUMED && proven == SCH_PHASE_INTAKE_PLANNED),
          "the proofs say so");
    bool unplaced = phase == SCH_PHASE_REFUSED || phase == SCH_PHASE_BACK_REFERRED ||
                    phase == SCH_PHASE_UNDELIVERED ||
                    (phase == SCH_PHASE_REDIRECTED && f.dossier.forward_by_ms == 0 && !forwarded);
    check(f.dossier.refusals == unplaced, "an end without care is counted once");
}

static void check_dossier(void)
{
    const struct sch_dossier *dossier = &f.dossier;
    if (dossier->phase == SCH_PHASE_NONE) {
        return;
    }
    check_phase();
    check(sch_delivery_party_count(dossier) <= SCH_PARTY_DELIVERIES_MAX, "deliveries of parties");
    check(dossier->delivery_count <= SCH_DELIVERIES_MAX, "deliveries");
    check(dossier->instance_count <= SCH_INSTANCES_MAX, "instances");
    check(dossier->proof_count <= SCH_PROOFS_MAX, "proofs");
    check_promises();
}

/* The table's word is true: "accept" keeps the phase. */
static void check_label(void)
{
    enum sch_kind kind = f.event.type == SCH_EVENT_SUBMIT ? f.header.kind : SCH_KIND_UNSPECIFIED;
    const char *label = sch_step_cell(before.phase, f.event.type, kind);
    check(strcmp(label, "accept") != 0 || f.dossier.phase == before.phase, "accept keeps the phase");
}

/* Steps f.event, twice: the second time on noise, each time another, which must come out alike. */
static int step_checked(void)
{
    static size_t look;
    uint64_t sequence = f.world.sequence;
    before = f.dossier;
    int code = step_noise_step(&f.world, &f.dossier, &f.event, &f.effects, look++, 1);
    if (code != SCH_OK) {
        check(memcmp(&f.dossier, &before, sizeof before) == 0, "a rejection changes nothing");
        check(f.effects.count == 1 && f.effects.effect[0].type == SCH_EFFECT_REJECT &&
                  f.effects.effect[0].code == code, "a rejection is all that it says");
        rejected++;
        return code;
    }
    if (f.event.type == SCH_EVENT_FORWARD || f.event.type == SCH_EVENT_FOLLOW) {
        forwarded = forwarded || (before.forward_by_ms != 0 && f.dossier.forward_by_ms == 0);
    }
    if (f.event.type == SCH_EVENT_SUBMIT && f.event.header->kind == SCH_KIND_REDIRECTION && before.forwarded &&
        before.phase != SCH_PHASE_REDIRECTED &&
        f.event.header->fact[SCH_FACT_REDIRECTION_MODE] == SCH_MODE_FORWARDED) {
        forwarded = true;               /* the REFERRAL had come before */
    }
    forwarded = forwarded && f.dossier.phase == SCH_PHASE_REDIRECTED;
    check_label();
    check_effects(sequence);
    check_dossier();
    step_life_note(&life);
    f.world.sequence += step_fixture_count(&f, SCH_EFFECT_STORE) + step_fixture_count(&f, SCH_EFFECT_MAKE);
    unsigned column = f.event.type == SCH_EVENT_SUBMIT ? f.event.header->kind : SCH_KIND_COUNT + f.event.type;
    seen[before.phase][column] = true;
    accepted++;
    return code;
}

static void fall_due(void)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_DUE;
    (void)step_checked();
    check(f.dossier.phase == SCH_PHASE_NONE || sch_dossier_next_due(&f.dossier) > f.world.now_ms,
          "what was due is done");
}

static void let_time_pass(void)
{
    int64_t due_ms = sch_dossier_next_due(&f.dossier);
    if (draw(3) == 0 && due_ms != INT64_MAX && due_ms > f.world.now_ms) {
        /* Just before, nothing must be due: next_due is exact, not merely safe. */
        f.world.now_ms = due_ms - 1;
        fall_due();
        check(f.effects.count == 0 && memcmp(&f.dossier, &before, sizeof before) == 0,
              "nothing is due before next_due");
        f.world.now_ms = due_ms;
        fall_due();
        check(f.effects.count > 0, "something is due at next_due");
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
    forwarded = false;
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
    owed = open_count();
    laid = f.dossier.delivery_count;
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
    alert_count = 0;
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
    for (seed = 1; seed <= SEEDS; seed++) {
        if (only == NULL || strtoull(only, NULL, 10) == seed) {
            live();
        }
    }
    if (only != NULL) {
        return;
    }
    print_message("%zu steps accepted, %zu rejected, at most %zu effects of %d, %zu instances of %d, %zu "
                  "kept, %zu purged\n", accepted, rejected, effects_max, SCH_EFFECTS_MAX, instances_max,
                  SCH_INSTANCES_MAX, kept_max, purged);
    assert_true(accepted > 10000);
    assert_true(rejected > 1000);
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
