/*
 * expectation.c: the table of what is owed, and the clocks of one promise.
 *
 * The masks closed_by list every kind that implies the answer: "a later phase implies the earlier ones"
 * (DOMAIN, "Two layers") is spelled out here, so that printing the table tells the whole rule. E6 and E9
 * are closed by nothing but their own letter.
 */
#include "expectation.h"

#include <assert.h>
#include <string.h>

#define K(NAME) (UINT64_C(1) << SCH_KIND_##NAME)
#define P(NAME) (UINT32_C(1) << SCH_PARTY_##NAME)

#define LATER_THAN_PLANNED (K(INTAKE_REPORT) | K(TREATMENT_START) | K(TREATMENT_END) | K(DISCHARGE_LETTER))
#define GGZ (P(GB_GGZ) | P(S_GGZ))
#define EVERYONE UINT32_MAX

#define ESCALATION_WORKING_DAYS 5

static const struct sch_expectation_rule rules[SCH_EXPECTATION_COUNT] = {
    [1] = { true, SCH_MEMBER_RECEIVER, true, 0, SCH_PHASE_NONE, EVERYONE,
            "every message of a party, per recipient", "stored",
            "collected, refused by the recipient's system" },
    [2] = { true, SCH_MEMBER_RECEIVER, false,
            K(ACCEPTANCE) | K(REFUSAL) | K(APPOINTMENT) | K(NO_SHOW) | LATER_THAN_PLANNED, SCH_PHASE_NONE,
            GGZ | P(WIJKTEAM), "REFERRAL to GB_GGZ, S_GGZ, WIJKTEAM", "stored",
            "ACCEPTANCE, REFUSAL, any later phase" },
    [3] = { true, SCH_MEMBER_RECEIVER, false,
            K(ACCEPTANCE) | K(REFUSAL) | K(APPOINTMENT) | K(NO_SHOW) | LATER_THAN_PLANNED, SCH_PHASE_NONE,
            P(CRISIS), "REFERRAL to CRISIS", "stored", "ACCEPTANCE, REFUSAL, INTAKE_REPORT, TREATMENT_END" },
    [4] = { true, SCH_MEMBER_RECEIVER, false, K(APPOINTMENT) | K(NO_SHOW) | LATER_THAN_PLANNED,
            SCH_PHASE_INTAKE_PLANNED, GGZ, "REFERRAL to GB_GGZ, S_GGZ", "stored",
            "APPOINTMENT, any later phase" },
    [5] = { true, SCH_MEMBER_RECEIVER, false, K(APPOINTMENT) | LATER_THAN_PLANNED, SCH_PHASE_INTAKE_PLANNED,
            GGZ, "NO_SHOW", "the day of the no-show",
            "APPOINTMENT, INTAKE_REPORT, TREATMENT_START yes, TREATMENT_END, DISCHARGE_LETTER" },
    [6] = { true, SCH_MEMBER_RECEIVER, true, K(INTAKE_REPORT) | K(NO_REPORT), SCH_PHASE_NONE, GGZ,
            "APPOINTMENT; an INTAKE_REPORT without one opens and closes it", "the day of the intake",
            "INTAKE_REPORT that is complete, NO_REPORT" },
    [7] = { true, SCH_MEMBER_RECEIVER, false, LATER_THAN_PLANNED, SCH_PHASE_IN_TREATMENT, GGZ,
            "REFERRAL to GB_GGZ, S_GGZ", "stored; the day of the intake if that is earlier due",
            "TREATMENT_START yes, INTAKE_REPORT without treatment here, TREATMENT_END, DISCHARGE_LETTER" },
    [8] = { false, SCH_MEMBER_RECEIVER, false, 0, SCH_PHASE_NONE, 0, "", "", "" },
    [9] = { true, SCH_MEMBER_RECEIVER, true, K(DISCHARGE_LETTER) | K(NO_REPORT), SCH_PHASE_NONE,
            GGZ | P(CRISIS), "TREATMENT_END; a DISCHARGE_LETTER without one opens and closes it",
            "the day of the end; in hours: stored, if that is earlier than the end of that day",
            "DISCHARGE_LETTER that is complete, NO_REPORT" },
    [10] = { true, SCH_MEMBER_CREDITOR, true, K(TAKEN_UP), SCH_PHASE_NONE, EVERYONE,
             "REFUSAL, INTAKE_REPORT without treatment here, UNDELIVERED (owed by the referrer)", "stored",
             "TAKEN_UP, a REFERRAL that follows" },
};

const struct sch_expectation_rule *sch_expectation_rule(unsigned number)
{
    static const struct sch_expectation_rule uncounted = { .opens = "", .counts_from = "", .closes = "" };
    if (number == 0 || number >= SCH_EXPECTATION_COUNT || !rules[number].counted) {
        return &uncounted;
    }
    return &rules[number];
}

bool sch_expectation_open(struct sch_instance *instance, const struct sch_norms *norms, unsigned number,
                          enum sch_variant variant, const struct sch_dossier *dossier, uint8_t member,
                          struct sch_id opened_by, int64_t stored_ms, int64_t from_ms)
{
    assert(sch_expectation_rule(number)->counted && member < dossier->member_count);
    const struct sch_calendar *calendar = sch_norm_calendar(norms, dossier->region);
    const struct sch_norm *norm = sch_norm_find(norms, number, variant, dossier->region,
                                                dossier->member[member].address.text,
                                                sch_day_of_ms(stored_ms));
    if (norm == NULL) {
        return false;
    }
    memset(instance, 0, sizeof *instance);
    instance->expectation = (uint8_t)number;
    instance->member = member;
    instance->standing = SCH_STANDING_OPEN;
    instance->opened_by = opened_by;
    instance->opened_ms = stored_ms;
    instance->from_ms = from_ms;
    instance->term = norm->term;
    instance->unit = norm->unit;
    memcpy(instance->norm_id, norm->id, sizeof instance->norm_id);
    instance->norm_version = norm->version;
    instance->norm_due_ms = sch_due_ms(calendar, from_ms, norm->term, norm->unit);
    instance->remind_ms = sch_norm_remind_ms(calendar, from_ms, norm->term, norm->unit);
    sch_expectation_set_due(instance, calendar, dossier->urgency, instance->norm_due_ms);
    return true;
}

void sch_expectation_set_due(struct sch_instance *instance, const struct sch_calendar *calendar,
                             enum sch_urgency urgency, int64_t due_ms)
{
    instance->due_ms = due_ms;
    /* due_ms is exclusive: 00:00 after the last day in time. Escalation counts from that last day. */
    instance->escalate_ms = urgency == SCH_URGENCY_CRISIS
                                ? due_ms
                                : sch_due_ms(calendar, due_ms - 1, ESCALATION_WORKING_DAYS,
                                             SCH_UNIT_WORKING_DAYS);
}

enum sch_ladder sch_expectation_next_step(const struct sch_instance *instance, int64_t *at_ms)
{
    *at_ms = INT64_MAX;
    if (!sch_instance_is_open(instance) || instance->step == SCH_STEP_ESCALATED) {
        return SCH_STEP_NONE;
    }
    if (instance->step == SCH_STEP_OVERDUE) {
        /* The due may have been moved since, never the order of the steps. */
        *at_ms = instance->escalate_ms;
        return SCH_STEP_ESCALATED;
    }
    if (instance->step == SCH_STEP_NONE && instance->remind_ms != 0 &&
        instance->remind_ms < instance->due_ms) {
        *at_ms = instance->remind_ms;
        return SCH_STEP_REMINDED;
    }
    *at_ms = instance->due_ms;
    return SCH_STEP_OVERDUE;
}
