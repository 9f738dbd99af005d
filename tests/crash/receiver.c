/*
 * receiver.c: the receiving adapter of the crash test: a provider that answers referrals as their letters
 * tell, or a mailbox that only collects its copies.
 *
 * Answers are posted before the application's own transaction, under keys that follow from the referral: a
 * crash between the two posts them again, which libscharnier recognises by their keys.
 * Usage: receiver CONFIG DIR
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "plan.h"
#include "point.h"

struct answer {
    enum sch_kind kind;
    enum sch_fact fact[3];              /* SCH_FACT_COUNT: no more */
    int value[3];                       /* of a date: days from today */
    uint32_t sections;
};

#define NONE SCH_FACT_COUNT
#define INTAKE_SECTIONS (UINT32_C(0x7f) << 10)
#define DISCHARGE_SECTIONS (UINT32_C(0x7f) << 17 | SCH_SECTION_MEDICATION)
#define ON(days) { SCH_FACT_EVENT_DATE, NONE, NONE }, { days, 0, 0 }, 0

static const struct answer answers[PLAN_COUNT][2] = {
    [PLAN_ACCEPT] = { { SCH_KIND_ACCEPTANCE, { NONE, NONE, NONE }, { 0, 0, 0 }, 0 } },
    [PLAN_ACCEPT_SOON] = { { SCH_KIND_ACCEPTANCE, { SCH_FACT_EXPECTED_DATE, NONE, NONE },
                             { 60, 0, 0 }, 0 } },
    [PLAN_ACCEPT_LATER] = { { SCH_KIND_ACCEPTANCE, { SCH_FACT_EXPECTED_DATE, NONE, NONE },
                              { 120, 0, 0 }, 0 } },
    [PLAN_APPOINT] = { { SCH_KIND_APPOINTMENT, ON(20) } },
    [PLAN_ACCEPT_APPOINT] = { { SCH_KIND_ACCEPTANCE, { NONE, NONE, NONE }, { 0, 0, 0 }, 0 },
                              { SCH_KIND_APPOINTMENT, ON(40) } },
    [PLAN_REFUSE] = { { SCH_KIND_REFUSAL, { SCH_FACT_REFUSAL_REASON, NONE, NONE },
                        { SCH_REFUSAL_NO_CAPACITY, 0, 0 }, 0 } },
    [PLAN_NO_SHOW] = { { SCH_KIND_NO_SHOW, ON(-3) } },
    [PLAN_INTAKE] = { { SCH_KIND_INTAKE_REPORT, { SCH_FACT_EVENT_DATE, SCH_FACT_OUTCOME, NONE },
                        { -1, SCH_OUTCOME_TREATMENT, 0 }, INTAKE_SECTIONS } },
    [PLAN_INTAKE_START] = { { SCH_KIND_INTAKE_REPORT, { SCH_FACT_EVENT_DATE, SCH_FACT_OUTCOME, NONE },
                              { -2, SCH_OUTCOME_TREATMENT, 0 }, INTAKE_SECTIONS },
                            { SCH_KIND_TREATMENT_START, { SCH_FACT_STARTED, SCH_FACT_EVENT_DATE, NONE },
                              { SCH_STARTED_YES, -1, 0 }, 0 } },
    [PLAN_END] = { { SCH_KIND_TREATMENT_END, { SCH_FACT_EVENT_DATE, SCH_FACT_END_REASON, NONE },
                     { -1, SCH_END_COMPLETED, 0 }, 0 } },
    [PLAN_END_LETTER] = { { SCH_KIND_TREATMENT_END, { SCH_FACT_EVENT_DATE, SCH_FACT_END_REASON, NONE },
                            { -2, SCH_END_COMPLETED, 0 }, 0 },
                          { SCH_KIND_DISCHARGE_LETTER, { SCH_FACT_EVENT_DATE, NONE, NONE }, { -1, 0, 0 },
                            DISCHARGE_SECTIONS } },
    [PLAN_APPOINT_TWICE] = { { SCH_KIND_APPOINTMENT, ON(20) }, { SCH_KIND_APPOINTMENT, ON(33) } },
    [PLAN_NOT_STARTED] = { { SCH_KIND_INTAKE_REPORT, { SCH_FACT_EVENT_DATE, SCH_FACT_OUTCOME, NONE },
                             { -5, SCH_OUTCOME_TREATMENT, 0 }, INTAKE_SECTIONS },
                           { SCH_KIND_TREATMENT_START, { SCH_FACT_STARTED, SCH_FACT_EXPECTED_DATE, NONE },
                             { SCH_STARTED_NOT_YET, 75, 0 }, 0 } },
    [PLAN_NO_SHOW_APPOINT] = { { SCH_KIND_NO_SHOW, ON(-30) }, { SCH_KIND_APPOINTMENT, ON(10) } },
};

static bool is_date(enum sch_fact fact)
{
    return fact == SCH_FACT_EVENT_DATE || fact == SCH_FACT_EXPECTED_DATE;
}

static bool post_answer(struct crash_party *party, const struct answer *answer,
                        const struct sch_header *referral, const char *prefix)
{
    sch_draft *draft = crash_party_draft(party, answer->kind, referral);
    char key[CRASH_KEY_SIZE];
    sch_receipt receipt;

    for (size_t i = 0; i < 3 && answer->fact[i] != NONE; i++)
        sch_draft_fact(draft, answer->fact[i],
                       is_date(answer->fact[i]) ? crash_date(party, answer->value[i]) : answer->value[i]);
    for (unsigned bit = 0; bit < 25; bit++)
        if ((answer->sections >> bit & 1) != 0)
            sch_draft_section(draft, bit, "crash test");
    crash_key(key, prefix, &referral->id);
    return crash_party_post(party, draft, key, &receipt);
}

static bool post_answers(struct crash_party *party, const struct sch_header *referral, unsigned plan)
{
    const struct answer *answer = answers[plan];

    return (answer[0].kind == SCH_KIND_UNSPECIFIED || post_answer(party, &answer[0], referral, "a")) &&
           (answer[1].kind == SCH_KIND_UNSPECIFIED || post_answer(party, &answer[1], referral, "b"));
}

static sch_verdict on_msg(const sch_msg *msg, void *context)
{
    struct crash_party *party = context;
    const struct sch_header *header = sch_msg_header(msg);
    bool to_us = header->kind == SCH_KIND_REFERRAL &&
                 strcmp(header->receiver.text, sch_msg_mailbox(msg)) == 0;
    const char *letter = sch_msg_section(msg, PLAN_SECTION);
    unsigned plan = PLAN_COUNT;

    if (crash_party_hesitates(party, &header->id))
        return SCH_RETRY;
    if (to_us && (letter == NULL || sscanf(letter, "plan %u", &plan) != 1 || plan >= PLAN_COUNT)) {
        fprintf(stderr, "a referral's letter has no plan\n");
        abort();
    }
    if (to_us && plan == PLAN_SYSTEM_REFUSES) {
        sch_msg_refuse(msg, SCH_SYSTEM_REFUSAL_NOT_OURS);
        return SCH_REFUSE;
    }
    if (to_us && !post_answers(party, header, plan))
        return SCH_RETRY;
    crash_party_store(party, msg);
    crash_point("callback");
    return SCH_COLLECT;
}

int main(int argc, char **argv)
{
    static struct crash_party party;
    bool served = true;

    if (argc != 3) {
        fprintf(stderr, "usage: receiver CONFIG DIR\n");
        return 2;
    }
    if (!crash_party_open(&party, argv[1], argv[2], on_msg))
        return 1;
    while (served && !crash_stopping)
        served = crash_party_step(&party);
    crash_party_close(&party);
    return served ? 0 : 1;
}
