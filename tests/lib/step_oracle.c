/* step_oracle.c: the accounts, and the rules that need nothing but the record and its last step. */
#include "step_oracle.h"

#include <string.h>

#include "core/delivery.h"
#include "core/proof.h"
#include "core/successor.h"
#include "shell/record.h"
#include "step_noise.h"

static struct sch_dossier again;

static void check(const struct step_oracle *oracle, bool holds, const char *what)
{
    if (!holds) {
        oracle->fail(what);
    }
}

static size_t open_count(const struct sch_dossier *dossier)
{
    size_t count = 0;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        count += sch_instance_is_open(&dossier->instance[i]);
    }
    return count;
}

void step_oracle_watch(struct step_oracle *oracle, struct step_fixture *f)
{
    oracle->f = f;
    oracle->alert_count = 0;
    oracle->forwarded = false;
    oracle->inherited = f->dossier.refusals;
    oracle->owed = open_count(&f->dossier);
    oracle->laid = f->dossier.delivery_count;
}

/* ---- what a step says --------------------------------------------------------------------------- */

static void check_alert(struct step_oracle *oracle, const struct sch_instance *instance)
{
    for (size_t i = 0; i < oracle->alert_count; i++) {
        const struct step_oracle_alert *alert = &oracle->alert[i];
        bool same = alert->expectation == instance->expectation && alert->member == instance->member &&
                    alert->step == instance->step &&
                    memcmp(&alert->opened_by, &instance->opened_by, sizeof instance->opened_by) == 0;
        check(oracle, !same, "one alert per instance and step");
    }
    check(oracle, oracle->alert_count < STEP_ORACLE_ALERTS_MAX, "alerts fit the test");
    oracle->alert[oracle->alert_count++] = (struct step_oracle_alert){
        instance->opened_by, instance->expectation, instance->member, instance->step
    };
}

static bool same_promise(const struct sch_instance *a, const struct sch_instance *b)
{
    return a->expectation == b->expectation && a->member == b->member &&
           memcmp(&a->opened_by, &b->opened_by, sizeof a->opened_by) == 0;
}

/* What statistics take back is what they once added: the promise as it stood. */
static void check_before(const struct step_oracle *oracle, const struct sch_effect *effect)
{
    bool tells = effect->type == SCH_EFFECT_MOVE || effect->type == SCH_EFFECT_CLOSE ||
                 effect->type == SCH_EFFECT_REOPEN;
    if (tells) {
        check(oracle, same_promise(&effect->before, &effect->instance), "before is of the same promise");
        check(oracle, sch_instance_is_open(&effect->before) == (effect->type != SCH_EFFECT_REOPEN),
              "it was owed");
        check(oracle, sch_instance_is_open(&effect->instance) == (effect->type != SCH_EFFECT_CLOSE), "and now");
        check(oracle, (effect->instance.closed_ms == 0) == (effect->type != SCH_EFFECT_CLOSE),
              "closed has its time");
    }
}

/* The effects tell the whole story: whoever adds them up has what the record holds. */
static void check_effects(struct step_oracle *oracle, uint64_t sequence)
{
    const struct step_fixture *f = oracle->f;
    size_t phases = 0;
    oracle->effects_max = f->effects.count > oracle->effects_max ? f->effects.count : oracle->effects_max;
    for (size_t i = 0; i < f->effects.count; i++) {
        const struct sch_effect *effect = &f->effects.effect[i];
        oracle->owed += effect->type == SCH_EFFECT_OPEN || effect->type == SCH_EFFECT_REOPEN;
        oracle->owed -= effect->type == SCH_EFFECT_CLOSE;
        oracle->laid += effect->type == SCH_EFFECT_DELIVER;
        oracle->laid -= effect->type == SCH_EFFECT_REMOVE;
        phases += effect->type == SCH_EFFECT_PHASE;
        check_before(oracle, effect);
        if (effect->type == SCH_EFFECT_ALERT) {
            check_alert(oracle, &effect->instance);
        }
        if (effect->type == SCH_EFFECT_STORE || effect->type == SCH_EFFECT_MAKE) {
            check(oracle, effect->sequence == sequence++, "sequences without gaps");
        }
        if (effect->type == SCH_EFFECT_PHASE) {
            check(oracle, effect->phase == f->dossier.phase && effect->phase != oracle->before.phase,
                  "PHASE tells the phase");
        }
    }
    bool gone = step_fixture_count(f, SCH_EFFECT_PURGE) > 0;
    check(oracle, phases == (f->dossier.phase != oracle->before.phase && !gone), "one PHASE per change");
    check(oracle, gone == (f->dossier.phase == SCH_PHASE_NONE), "PURGE leaves nothing");
    check(oracle, oracle->owed == open_count(&f->dossier), "OPEN, REOPEN and CLOSE add up");
    check(oracle, oracle->laid == f->dossier.delivery_count, "DELIVER and REMOVE add up");
}

/* The table's word is true: "accept" keeps the phase. */
static void check_label(const struct step_oracle *oracle)
{
    const struct step_fixture *f = oracle->f;
    enum sch_kind kind = f->event.type == SCH_EVENT_SUBMIT ? f->event.header->kind : SCH_KIND_UNSPECIFIED;
    const char *label = sch_step_cell(oracle->before.phase, f->event.type, kind);
    check(oracle, strcmp(label, "accept") != 0 || f->dossier.phase == oracle->before.phase,
          "accept keeps the phase");
}

/* ---- what the record holds ---------------------------------------------------------------------- */

static size_t reminders_of(const struct sch_dossier *dossier, const struct sch_instance *instance)
{
    size_t count = 0;
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        const struct sch_delivery *delivery = &dossier->delivery[i];
        count += delivery->kind == SCH_KIND_REMINDER && delivery->expectation == instance->expectation &&
                 memcmp(&delivery->subject, &instance->opened_by, sizeof delivery->subject) == 0;
    }
    return count;
}

static void check_promise(const struct step_oracle *oracle, const struct sch_instance *instance)
{
    struct sch_dossier *dossier = &oracle->f->dossier;
    bool open = sch_instance_is_open(instance);
    check(oracle, open || instance->expectation != 1, "an E1 is not kept");
    check(oracle, open == (instance->closed_ms == 0), "what ended has its time");
    check(oracle, instance->due_ms >= instance->norm_due_ms, "never due before the norm");
    check(oracle, instance->announced == (instance->due_ms > instance->norm_due_ms), "announced is later");
    check(oracle, instance->member < dossier->member_count, "a debtor");
    check(oracle, reminders_of(dossier, instance) <= (open ? 2 : 0),
          "two reminders at most, none of what is answered");
    if (instance->expectation == 1) {
        const char *mailbox = dossier->member[instance->member].address.text;
        check(oracle, sch_delivery_find(dossier, &instance->opened_by, mailbox) != NULL, "E1 has a delivery");
    }
}

static void check_promises(struct step_oracle *oracle)
{
    const struct sch_dossier *dossier = &oracle->f->dossier;
    size_t standing[SCH_EXPECTATION_COUNT] = { 0 };
    size_t kept = 0, owed_now = 0, answers = 0;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        bool open = sch_instance_is_open(instance);
        check_promise(oracle, instance);
        kept += !open;
        owed_now += open && instance->expectation != 1;
        answers += open && instance->expectation == 11;
        check(oracle, !open || instance->expectation == 1 || instance->expectation == 11 ||
                          standing[instance->expectation]++ == 0, "one of each");
    }
    check(oracle, kept <= SCH_KEPT_MAX && owed_now + kept <= SCH_KEPT_MAX + SCH_OWED_MAX, "places for promises");
    size_t instances = dossier->instance_count;
    oracle->instances_max = instances > oracle->instances_max ? instances : oracle->instances_max;
    oracle->kept_max = kept > oracle->kept_max ? kept : oracle->kept_max;
    bool at_end = dossier->phase >= SCH_PHASE_CLOSED && dossier->forward_by_ms == 0 && owed_now == answers;
    check(oracle, at_end == (dossier->closed_ms != 0), "closed once nothing is owed but answers");
}

/* A phase that is proven answers all that the earlier ones owed, letters excepted; an end cancels. */
static void check_owed(const struct step_oracle *oracle)
{
    enum sch_phase phase = oracle->f->dossier.phase;
    bool owed[SCH_EXPECTATION_COUNT];
    for (unsigned number = 0; number < SCH_EXPECTATION_COUNT; number++) {
        owed[number] = step_fixture_owed(oracle->f, number) != NULL;
    }
    check(oracle, phase < SCH_PHASE_ACCEPTED || (!owed[2] && !owed[3]), "decided");
    check(oracle, phase < SCH_PHASE_INTAKE_PLANNED || !owed[4], "planned");
    check(oracle, phase < SCH_PHASE_INTAKE_DONE || !owed[5], "shown up");
    check(oracle, phase < SCH_PHASE_IN_TREATMENT || !owed[7], "started");
    check(oracle, phase == SCH_PHASE_IN_TREATMENT || !owed[8], "a progress letter is owed in treatment only");
    check(oracle, phase <= SCH_PHASE_ENDED || (!owed[12] && !owed[13] && !owed[14] && !owed[15]), "ends");
    check(oracle, phase != SCH_PHASE_CLOSED || (!owed[6] && !owed[9]), "CLOSED owes no letter");
}

static void check_phase(const struct step_oracle *oracle)
{
    const struct sch_dossier *dossier = &oracle->f->dossier;
    enum sch_phase phase = dossier->phase;
    check_owed(oracle);
    check(oracle, dossier->forward_by_ms == 0 || phase == SCH_PHASE_REDIRECTED,
          "only the redirected are forwarded");
    /* What moves a dossier is on record, but for what time and settled letters do. */
    enum sch_phase proven = sch_proof_replay(dossier);
    check(oracle, phase == proven || (phase == SCH_PHASE_CLOSED && proven == SCH_PHASE_ENDED) ||
                      (phase == SCH_PHASE_INTAKE_PRESUMED && proven == SCH_PHASE_INTAKE_PLANNED),
          "the proofs say so");
}

/* Ends without care are counted once each, beyond those of the dossiers before this one. */
static void check_refusals(const struct step_oracle *oracle)
{
    const struct sch_dossier *dossier = &oracle->f->dossier;
    enum sch_phase phase = dossier->phase;
    bool unplaced = phase == SCH_PHASE_REFUSED || phase == SCH_PHASE_BACK_REFERRED ||
                    phase == SCH_PHASE_UNDELIVERED ||
                    (phase == SCH_PHASE_REDIRECTED && dossier->forward_by_ms == 0 && !oracle->forwarded);
    check(oracle, dossier->refusals == oracle->inherited + unplaced, "an end without care is counted once");
}

/* The byte form gives the very record back. */
static void check_bytes(const struct step_oracle *oracle)
{
    static uint8_t bytes[SCH_RECORD_DOSSIER_MAX];
    size_t size = sch_record_dossier_encode(&oracle->f->dossier, bytes, sizeof bytes);
    check(oracle, size > 0, "every record has a byte form");
    int code = sch_record_dossier_decode((struct sch_bytes){ bytes, size }, &again);
    check(oracle, code == SCH_OK && memcmp(&again, &oracle->f->dossier, sizeof again) == 0,
          "a record survives its byte form");
}

static void check_dossier(struct step_oracle *oracle)
{
    const struct sch_dossier *dossier = &oracle->f->dossier;
    if (dossier->phase == SCH_PHASE_NONE) {
        return;
    }
    check_phase(oracle);
    check_refusals(oracle);
    check(oracle, sch_delivery_party_count(dossier) <= SCH_PARTY_DELIVERIES_MAX, "deliveries of parties");
    check(oracle, dossier->delivery_count <= SCH_DELIVERIES_MAX, "deliveries");
    check(oracle, dossier->instance_count <= SCH_INSTANCES_MAX, "instances");
    check(oracle, dossier->proof_count <= SCH_PROOFS_MAX, "proofs");
    check_promises(oracle);
    check_bytes(oracle);
}

/* ---- stepping ----------------------------------------------------------------------------------- */

static void note_forwarded(struct step_oracle *oracle)
{
    const struct step_fixture *f = oracle->f;
    const struct sch_dossier *before = &oracle->before;
    if (f->event.type == SCH_EVENT_FORWARD || f->event.type == SCH_EVENT_FOLLOW) {
        oracle->forwarded = oracle->forwarded || (before->forward_by_ms != 0 && f->dossier.forward_by_ms == 0);
    }
    if (f->event.type == SCH_EVENT_SUBMIT && f->event.header->kind == SCH_KIND_REDIRECTION &&
        sch_successor_is_child_there(before) && before->phase != SCH_PHASE_REDIRECTED &&
        f->event.header->fact[SCH_FACT_REDIRECTION_MODE] == SCH_MODE_FORWARDED) {
        oracle->forwarded = true;       /* the REFERRAL had come before */
    }
    if ((f->event.type == SCH_EVENT_FORWARD || f->event.type == SCH_EVENT_FOLLOW) && f->event.taken_back &&
        before->taken_up && !f->dossier.taken_up) {
        oracle->forwarded = false;      /* it was a mistake, and somebody must see to the patient after all */
    }
    oracle->forwarded = oracle->forwarded && f->dossier.phase == SCH_PHASE_REDIRECTED;
}

int step_oracle_step(struct step_oracle *oracle)
{
    struct step_fixture *f = oracle->f;
    uint64_t sequence = f->world.sequence;
    oracle->before = f->dossier;
    int code = step_noise_step(&f->world, &f->dossier, &f->event, &f->effects, oracle->look++, 1);
    if (code != SCH_OK) {
        check(oracle, memcmp(&f->dossier, &oracle->before, sizeof again) == 0, "a rejection changes nothing");
        check(oracle, f->effects.count == 1 && f->effects.effect[0].type == SCH_EFFECT_REJECT &&
                          f->effects.effect[0].code == code, "a rejection is all that it says");
        oracle->rejected++;
        return code;
    }
    note_forwarded(oracle);
    check_label(oracle);
    check_effects(oracle, sequence);
    check_dossier(oracle);
    f->world.sequence += step_fixture_count(f, SCH_EFFECT_STORE) + step_fixture_count(f, SCH_EFFECT_MAKE);
    oracle->accepted++;
    return code;
}

void step_oracle_fall_due(struct step_oracle *oracle)
{
    struct step_fixture *f = oracle->f;
    bool held = f->world.e1_from_ms > f->world.now_ms || f->world.expire_from_ms > f->world.now_ms;
    memset(&f->event, 0, sizeof f->event);
    f->event.type = SCH_EVENT_DUE;
    (void)step_oracle_step(oracle);
    check(oracle, held || f->dossier.phase == SCH_PHASE_NONE ||
                      sch_dossier_next_due(&f->dossier) > f->world.now_ms, "what was due is done");
}

bool step_oracle_next_due(struct step_oracle *oracle)
{
    struct step_fixture *f = oracle->f;
    int64_t due_ms = sch_dossier_next_due(&f->dossier);
    if (due_ms == INT64_MAX || due_ms <= f->world.now_ms) {
        return false;
    }
    f->world.now_ms = due_ms - 1;
    step_oracle_fall_due(oracle);
    check(oracle, f->effects.count == 0 && memcmp(&f->dossier, &oracle->before, sizeof f->dossier) == 0,
          "nothing is due before next_due");
    f->world.now_ms = due_ms;
    step_oracle_fall_due(oracle);
    check(oracle, f->effects.count > 0, "something is due at next_due");
    return true;
}
