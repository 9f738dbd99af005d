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
#include "step_fixture.h"

#define SEEDS 2000
#define STEPS 260
#define ALERTS_MAX 4096

struct alert {
    struct sch_id opened_by;
    uint8_t expectation, member;
    enum sch_ladder step;
};

static struct step_fixture f;
static struct sch_dossier before, again;
static struct sch_effects again_effects;
static struct alert alert[ALERTS_MAX];
static size_t alert_count;
static size_t owed, laid;               /* what the effects say is owed and lies in mailboxes */
static uint64_t random_state;
static uint64_t seed;
static bool seen[SCH_PHASE_COUNT][SCH_KIND_COUNT + SCH_EVENT_TYPE_COUNT];
static size_t accepted, rejected, effects_max;

static uint64_t draw(uint64_t below)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
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
    check(phases == (f.dossier.phase != before.phase), "one PHASE per change");
    check(owed == open_count(), "OPEN, REOPEN and CLOSE add up");
    check(laid == f.dossier.delivery_count, "DELIVER and REMOVE add up");
}

static void check_promises(void)
{
    const struct sch_dossier *dossier = &f.dossier;
    size_t standing[SCH_EXPECTATION_COUNT] = { 0 };
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        bool open = sch_instance_is_open(instance);
        check(open || instance->expectation == 6 || instance->expectation == 9, "only E6 and E9 are kept");
        check(instance->expectation == 1 || standing[instance->expectation]++ == 0, "one of each");
        check(instance->due_ms >= instance->norm_due_ms, "never due before the norm");
        check(instance->announced == (instance->due_ms > instance->norm_due_ms), "announced is later");
        check(instance->member < dossier->member_count, "a debtor");
        if (instance->expectation == 1) {
            const char *mailbox = dossier->member[instance->member].address.text;
            check(sch_delivery_find(&f.dossier, &instance->opened_by, mailbox) != NULL, "E1 has a delivery");
        }
    }
    if (dossier->phase == SCH_PHASE_CLOSED) {
        check(step_fixture_owed(&f, 6) == NULL && step_fixture_owed(&f, 9) == NULL, "CLOSED owes no letter");
    }
    if (dossier->phase >= SCH_PHASE_CLOSED) {
        check(step_fixture_owed(&f, 2) == NULL && step_fixture_owed(&f, 4) == NULL &&
                  step_fixture_owed(&f, 5) == NULL && step_fixture_owed(&f, 7) == NULL, "ends cancel");
        check(dossier->closed_ms != 0, "an end has its time");
    } else {
        check(dossier->closed_ms == 0, "only an end has a time");
    }
}

/* A phase that is proven answers all that the earlier ones owed, letters excepted. */
static void check_phase(void)
{
    enum sch_phase phase = f.dossier.phase;
    if (phase >= SCH_PHASE_ACCEPTED) {
        check(step_fixture_owed(&f, 2) == NULL && step_fixture_owed(&f, 3) == NULL, "decided");
    }
    if (phase >= SCH_PHASE_INTAKE_PLANNED) {
        check(step_fixture_owed(&f, 4) == NULL, "planned");
    }
    if (phase >= SCH_PHASE_INTAKE_DONE) {
        check(step_fixture_owed(&f, 5) == NULL, "shown up");
    }
    if (phase >= SCH_PHASE_IN_TREATMENT) {
        check(step_fixture_owed(&f, 7) == NULL, "started");
    }
}

static void check_dossier(void)
{
    const struct sch_dossier *dossier = &f.dossier;
    check_phase();
    check(dossier->phase >= SCH_PHASE_SENT && dossier->phase <= SCH_PHASE_UNDELIVERED &&
              dossier->phase != SCH_PHASE_REDIRECTED && dossier->phase != SCH_PHASE_BACK_REFERRED,
          "a phase of this version");
    check(sch_delivery_party_count(dossier) <= SCH_PARTY_DELIVERIES_MAX, "deliveries of parties");
    check(dossier->delivery_count <= SCH_DELIVERIES_MAX, "deliveries");
    check(dossier->instance_count <= SCH_INSTANCES_MAX, "instances");
    for (size_t i = dossier->delivery_count; i < SCH_DELIVERIES_MAX; i++) {
        static const struct sch_delivery zero;
        check(memcmp(&dossier->delivery[i], &zero, sizeof zero) == 0, "vacated deliveries are zero");
    }
    check_promises();
}

/* Steps f.event, twice: the second time on a copy, which must come out alike. */
static int step_checked(void)
{
    uint64_t sequence = f.world.sequence;
    before = f.dossier;
    again = f.dossier;
    int code = sch_step(&f.world, &f.dossier, &f.event, &f.effects);
    int code_again = sch_step(&f.world, &again, &f.event, &again_effects);
    check(code == code_again && f.effects.count == again_effects.count &&
              memcmp(&f.dossier, &again, sizeof again) == 0, "the same again");
    if (code != SCH_OK) {
        check(memcmp(&f.dossier, &before, sizeof before) == 0, "a rejection changes nothing");
        check(f.effects.count == 1 && f.effects.effect[0].type == SCH_EFFECT_REJECT &&
                  f.effects.effect[0].code == code, "a rejection is all that it says");
        rejected++;
        return code;
    }
    check_effects(sequence);
    check_dossier();
    f.world.sequence += step_fixture_count(&f, SCH_EFFECT_STORE) + step_fixture_count(&f, SCH_EFFECT_MAKE);
    unsigned column = f.event.type == SCH_EVENT_SUBMIT ? f.event.header->kind : SCH_KIND_COUNT + f.event.type;
    seen[before.phase][column] = true;
    accepted++;
    return code;
}

static const struct sch_party *party_of(const struct sch_address *address)
{
    for (size_t i = 0; i < STEP_PARTY_COUNT; i++) {
        if (strcmp(f.party[i].address.text, address->text) == 0) {
            return &f.party[i];
        }
    }
    return NULL;
}

static void submit(void)
{
    struct sch_event *event = &f.event;
    memset(event, 0, sizeof *event);
    event->type = SCH_EVENT_SUBMIT;
    event->header = &f.header;
    event->sender = party_of(&f.header.sender);
    event->receiver = party_of(&f.header.receiver);
    for (size_t i = 0; i < f.header.copy_count; i++) {
        event->copy[i] = party_of(&f.header.copies[i]);
    }
    event->has_body = sch_kind_rule(f.header.kind)->letter == SCH_LETTER_MANDATORY;
    event->gp_key = draw(20) != 0;
    (void)step_checked();
}

static void say_something(void)
{
    static const enum sch_kind kinds[] = {
        SCH_KIND_ACCEPTANCE, SCH_KIND_REFUSAL, SCH_KIND_APPOINTMENT, SCH_KIND_NO_SHOW, SCH_KIND_INTAKE_REPORT,
        SCH_KIND_TREATMENT_START, SCH_KIND_WAIT_STATUS, SCH_KIND_TREATMENT_END, SCH_KIND_DISCHARGE_LETTER,
        SCH_KIND_NO_REPORT, SCH_KIND_TAKEN_UP, SCH_KIND_WITHDRAWAL, SCH_KIND_WAIVER, SCH_KIND_ACCEPTANCE,
        SCH_KIND_NOTE, SCH_KIND_REMINDER, SCH_KIND_REFERRAL,
    };
    enum sch_kind kind = kinds[draw(sizeof kinds / sizeof kinds[0])];
    /* What ends a dossier comes seldom, lest all of them end at once. */
    if ((kind == SCH_KIND_WITHDRAWAL || kind == SCH_KIND_DISCHARGE_LETTER) && draw(3) != 0) {
        kind = SCH_KIND_WAIT_STATUS;
    }
    struct sch_header *header = step_fixture_message(&f, kind);
    int days = (int)draw(60) - 20;
    if (header->fact[SCH_FACT_EVENT_DATE] != 0) {
        header->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, days);
    }
    if ((sch_kind_rule(kind)->allowed & SCH_FACT_BIT(EXPECTED_DATE)) != 0 && draw(2) == 0) {
        header->fact[SCH_FACT_EXPECTED_DATE] = step_fixture_date(&f, days + (int)draw(120));
    }
    if (kind == SCH_KIND_TREATMENT_START && draw(2) == 0) {
        header->fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
        header->fact[SCH_FACT_EVENT_DATE] = 0;
    }
    if (kind == SCH_KIND_TREATMENT_END && draw(3) == 0) {
        header->fact[SCH_FACT_SETTING] = SCH_SETTING_CLINICAL;
    }
    if (kind == SCH_KIND_INTAKE_REPORT && draw(4) == 0) {
        header->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    }
    if (kind == SCH_KIND_WAIVER || kind == SCH_KIND_NO_REPORT) {
        header->fact[SCH_FACT_EXPECTATION] = 1 + (int64_t)draw(12);
    }
    if (kind == SCH_KIND_WAIVER && f.dossier.instance_count > 0 && draw(2) == 0) {
        header->fact[SCH_FACT_EXPECTATION] =
            f.dossier.instance[draw(f.dossier.instance_count)].expectation;
    }
    if (kind == SCH_KIND_WAIVER && draw(2) == 0) {
        header->sender = f.party[COORDINATOR].address;
    }
    if (header->sections_known && draw(3) == 0) {
        header->sections &= (uint32_t)draw(UINT64_C(1) << 25);
    }
    if (draw(30) == 0) {
        header->sender = f.party[draw(STEP_PARTY_COUNT)].address;
    }
    submit();
}

static void settle_something(void)
{
    static const enum sch_event_type types[] = { SCH_EVENT_COLLECT, SCH_EVENT_COLLECT, SCH_EVENT_COLLECT,
                                                 SCH_EVENT_REFUSE, SCH_EVENT_EXHAUST };
    memset(&f.event, 0, sizeof f.event);
    f.event.type = types[draw(sizeof types / sizeof types[0])];
    f.event.refusal = SCH_SYSTEM_REFUSAL_OTHER;
    f.event.missing_sections = draw(4) == 0 ? (uint32_t)SCH_SECTION_ALL : 0;
    f.event.mailbox = f.party[draw(STEP_PARTY_COUNT)].address;
    f.event.message = f.referral;
    if (f.dossier.delivery_count > 0 && draw(20) != 0) {
        const struct sch_delivery *delivery = &f.dossier.delivery[draw(f.dossier.delivery_count)];
        f.event.message = delivery->message;
        f.event.mailbox = f.dossier.member[delivery->member].address;
    }
    (void)step_checked();
}

static void fall_due(void)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_DUE;
    (void)step_checked();
    check(sch_dossier_next_due(&f.dossier) > f.world.now_ms, "what was due is done");
}

static void follow(void)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_FOLLOW;
    f.event.message = f.referral;
    f.event.sender = &f.party[draw(STEP_PARTY_COUNT)];
    (void)step_checked();
}

static void let_time_pass(void)
{
    int64_t due_ms = sch_dossier_next_due(&f.dossier);
    if (draw(3) == 0 && due_ms != INT64_MAX && due_ms > f.world.now_ms) {
        /* Just before, nothing must be due: next_due is exact, not merely safe. */
        f.world.now_ms = due_ms - 1;
        fall_due();
        check(f.effects.count == 0, "nothing is due before next_due");
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

/* A REFERRAL of any urgency; afterwards the effects' accounts begin with what the record holds. */
static void open_dossier(void)
{
    static const enum step_party receivers[] = { S, S, GB, CRISIS, WIJKTEAM };
    (void)step_fixture_referral(&f, PRACTICE, receivers[draw(5)]);
    step_fixture_copy(&f, POH);
    f.header.fact[SCH_FACT_URGENCY] = 1 + (int64_t)draw(4);
    f.referral = f.header.id;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    if (draw(4) == 0) {
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

static void live(void)
{
    random_state = seed * UINT64_C(0x2545f4914f6cdd1d);
    step_fixture_init(&f);
    alert_count = 0;
    f.norms.required[SCH_KIND_INTAKE_REPORT].demanded = draw(2) == 0;
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT && draw(3) == 0; number++) {
        unsigned changed = 1 + (unsigned)draw(10);
        int term = (int)draw(40);
        enum sch_unit unit = (enum sch_unit)(1 + draw(4));
        step_fixture_norm(&f, changed, SCH_VARIANT_PLAIN, term, unit);
    }
    f.world.now_ms += (int64_t)draw(UINT64_C(400) * STEP_FIXTURE_DAY_MS);
    open_dossier();
    /* Some seeds collect nothing, so that the bounds are reached. */
    uint64_t settling = draw(4) == 0 ? 0 : 30;
    /* Most lives are short: it is the early phases that have the most ways on. */
    int steps = draw(6) == 0 ? STEPS : STEPS / 6;
    for (int i = 0; i < steps; i++) {
        uint64_t choice = draw(100);
        if (choice < settling) {
            settle_something();
        } else if (choice < 45) {
            let_time_pass();
        } else if (choice < 47) {
            follow();
        } else {
            say_something();
        }
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
    print_message("%zu steps accepted, %zu rejected, at most %zu effects of %d\n", accepted, rejected,
                  effects_max, SCH_EFFECTS_MAX);
    assert_true(accepted > 10000);
    assert_true(rejected > 1000);
}

/* A cell that no event ever reaches is a cell that nobody has tested. */
static void test_every_reachable_cell_was_reached(void **state)
{
    (void)state;
    if (getenv("SEED") != NULL) {
        return;
    }
    for (unsigned phase = SCH_PHASE_SENT; phase <= SCH_PHASE_UNDELIVERED; phase++) {
        if (phase == SCH_PHASE_REDIRECTED || phase == SCH_PHASE_BACK_REFERRED) {
            continue;
        }
        for (unsigned column = 1; column < SCH_KIND_COUNT + SCH_EVENT_TYPE_COUNT; column++) {
            bool submits = column < SCH_KIND_COUNT;
            unsigned type = submits ? SCH_EVENT_SUBMIT : column - SCH_KIND_COUNT;
            if (type == 0) {
                continue;
            }
            const char *label = sch_step_cell((enum sch_phase)phase, (enum sch_event_type)type,
                                              (enum sch_kind)(submits ? column : 0));
            bool accepts = strncmp(label, "reject", 6) != 0;
            if (accepts && !seen[phase][column]) {
                fail_msg("phase %u, event %u, kind %u was never reached", phase, type, submits ? column : 0);
            }
            assert_false(!accepts && seen[phase][column]);
        }
    }
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
