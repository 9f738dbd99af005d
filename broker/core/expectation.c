/*
 * expectation.c: the table of what is owed, and the clocks of one promise.
 *
 * The masks closed_by list every kind that implies the answer: "a later phase implies the earlier ones"
 * (DOMAIN, "Two layers") is spelled out here, so that printing the table tells the whole rule. What a letter
 * must answer is in `letters`, and no phase answers it.
 */
#include "expectation.h"

#include <assert.h>
#include <string.h>

#define K(NAME) (UINT64_C(1) << SCH_KIND_##NAME)
#define P(NAME) (UINT32_C(1) << SCH_PARTY_##NAME)

#define LATER_THAN_PLANNED \
    (K(INTAKE_REPORT) | K(TREATMENT_START) | K(PROGRESS_LETTER) | K(TREATMENT_END) | K(DISCHARGE_LETTER) | \
     K(BACK_REFERRAL) | K(TEAM_RESULT))
#define DECIDES \
    (K(ACCEPTANCE) | K(REFUSAL) | K(REDIRECTION) | K(APPOINTMENT) | K(NO_SHOW) | LATER_THAN_PLANNED)
#define GGZ (P(GB_GGZ) | P(S_GGZ))
#define EVERYONE UINT32_MAX
#define ANY_DOSSIER UINT64_MAX
#define IN_CARE (K(REFERRAL) | K(CARE_NOTICE))

#define ESCALATION_WORKING_DAYS 5

static const struct sch_expectation_rule rules[SCH_EXPECTATION_COUNT] = {
    [1] = { SCH_MEMBER_RECEIVER, true, 0, 0, SCH_PHASE_NONE, ANY_DOSSIER, EVERYONE,
            "every message of a party, per recipient", "stored",
            "collected, refused by the recipient's system" },
    [2] = { SCH_MEMBER_RECEIVER, false, 0, DECIDES, SCH_PHASE_ACCEPTED, K(REFERRAL), GGZ | P(WIJKTEAM),
            "REFERRAL to GB_GGZ, S_GGZ, WIJKTEAM; an INFORMATION_REPLY while nothing is decided, at most "
            "twice",
            "stored",
            "ACCEPTANCE, REFUSAL, REDIRECTION, the receiver's INFORMATION_REQUEST (twice at most), any later "
            "phase" },
    [3] = { SCH_MEMBER_RECEIVER, false, 0, DECIDES, SCH_PHASE_ACCEPTED, K(REFERRAL), P(CRISIS),
            "REFERRAL to CRISIS", "stored",
            "ACCEPTANCE, REFUSAL, REDIRECTION, INTAKE_REPORT, TREATMENT_END, any later phase" },
    [4] = { SCH_MEMBER_RECEIVER, false, 0, K(APPOINTMENT) | K(NO_SHOW) | LATER_THAN_PLANNED,
            SCH_PHASE_INTAKE_PLANNED, K(REFERRAL), GGZ, "REFERRAL to GB_GGZ, S_GGZ", "stored",
            "APPOINTMENT, any later phase" },
    [5] = { SCH_MEMBER_RECEIVER, false, 0, K(APPOINTMENT) | LATER_THAN_PLANNED,
            SCH_PHASE_INTAKE_PLANNED, K(REFERRAL), GGZ, "NO_SHOW", "the day of the no-show",
            "APPOINTMENT, INTAKE_REPORT, TREATMENT_START yes, TREATMENT_END, DISCHARGE_LETTER, "
            "BACK_REFERRAL" },
    [6] = { SCH_MEMBER_RECEIVER, true, K(INTAKE_REPORT), 0, SCH_PHASE_NONE, K(REFERRAL), GGZ,
            "APPOINTMENT; an INTAKE_REPORT without one opens and closes it", "the day of the intake",
            "INTAKE_REPORT that is complete, NO_REPORT" },
    [7] = { SCH_MEMBER_RECEIVER, false, 0, LATER_THAN_PLANNED, SCH_PHASE_IN_TREATMENT, K(REFERRAL), GGZ,
            "REFERRAL to GB_GGZ, S_GGZ", "stored; the day of the intake if that is earlier due",
            "TREATMENT_START yes, INTAKE_REPORT without treatment here, TREATMENT_END, DISCHARGE_LETTER, "
            "BACK_REFERRAL" },
    [8] = { SCH_MEMBER_RECEIVER, false, K(PROGRESS_LETTER), LATER_THAN_PLANNED, SCH_PHASE_ENDED,
            IN_CARE, GGZ, "TREATMENT_START yes; a complete PROGRESS_LETTER opens the next",
            "the day of the start; the last letter, stored",
            "PROGRESS_LETTER that is complete, NO_REPORT, any end" },
    [9] = { SCH_MEMBER_RECEIVER, true, K(DISCHARGE_LETTER) | K(BACK_REFERRAL), 0, SCH_PHASE_NONE,
            IN_CARE, GGZ | P(CRISIS),
            "TREATMENT_END; a DISCHARGE_LETTER or BACK_REFERRAL without one opens and closes it",
            "the day of the end; in hours: stored, if that is earlier than the end of that day",
            "DISCHARGE_LETTER or BACK_REFERRAL that is complete, NO_REPORT" },
    [10] = { SCH_MEMBER_CREDITOR, true, 0, K(TAKEN_UP), SCH_PHASE_NONE, ANY_DOSSIER, EVERYONE,
             "REFUSAL, REDIRECTION advised (forwarded: when no REFERRAL came in 5 working days), "
             "BACK_REFERRAL, INTAKE_REPORT without treatment here, EXPLORATION_ADVICE to ggz, UNDELIVERED "
             "(owed by the referrer)",
             "stored", "TAKEN_UP, a REFERRAL that follows" },
    [11] = { SCH_MEMBER_CREDITOR, true, 0, K(INFORMATION_REPLY), SCH_PHASE_NONE, ANY_DOSSIER,
             EVERYONE & ~P(CRISIS), "INFORMATION_REQUEST", "stored", "INFORMATION_REPLY" },
    [12] = { SCH_MEMBER_RECEIVER, false, K(TEAM_RESULT), 0, SCH_PHASE_NONE, K(REFERRAL), P(WIJKTEAM),
             "ACCEPTANCE by a WIJKTEAM", "stored", "TEAM_RESULT that is complete" },
    [13] = { SCH_MEMBER_RECEIVER, false, K(EXPLORATION_ADVICE), 0, SCH_PHASE_NONE,
             K(EXPLORATION_REQUEST), EVERYONE, "EXPLORATION_REQUEST", "stored", "EXPLORATION_ADVICE" },
    [14] = { SCH_MEMBER_RECEIVER, false, K(CONSULT_REPLY), 0, SCH_PHASE_NONE, K(CONSULT_REQUEST),
             EVERYONE, "CONSULT_REQUEST", "stored", "CONSULT_REPLY" },
    [15] = { SCH_MEMBER_RECEIVER, false, K(INTAKE_REPORT) | K(PROGRESS_LETTER) | K(DISCHARGE_LETTER), 0,
             SCH_PHASE_NONE, K(CARE_NOTICE), EVERYONE, "CARE_NOTICE (owed by its sender)",
             "the day that care began",
             "INTAKE_REPORT, PROGRESS_LETTER or DISCHARGE_LETTER that is complete, NO_REPORT" },
};

const struct sch_expectation_rule *sch_expectation_rule(unsigned number)
{
    assert(number >= 1 && number < SCH_EXPECTATION_COUNT);
    return &rules[number];
}

bool sch_expectation_applies(unsigned number, const struct sch_dossier *dossier)
{
    const struct sch_expectation_rule *rule = sch_expectation_rule(number);
    return (rule->dossiers & UINT64_C(1) << dossier->kind) != 0 &&
           (rule->echelons & UINT32_C(1) << dossier->echelon) != 0;
}

bool sch_expectation_open(struct sch_instance *instance, const struct sch_norms *norms, unsigned number,
                          enum sch_variant variant, const struct sch_dossier *dossier, uint8_t member,
                          struct sch_id opened_by, int64_t stored_ms, int64_t from_ms)
{
    assert(member < dossier->member_count);
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

static enum sch_ladder next_unsnoozed(const struct sch_instance *instance, int64_t *at_ms)
{
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

enum sch_ladder sch_expectation_next_step(const struct sch_instance *instance, int64_t *at_ms)
{
    *at_ms = INT64_MAX;
    if (!sch_instance_is_open(instance) || instance->step == SCH_STEP_ESCALATED) {
        return SCH_STEP_NONE;
    }
    enum sch_ladder step = next_unsnoozed(instance, at_ms);
    if (*at_ms < instance->snoozed_ms) {
        *at_ms = instance->snoozed_ms;
    }
    return step;
}
