/* lives_open.c: how dossiers begin: referrals alone, in chains and in parallel, crises, wijkteams, talks, consults,
 * care without a referral. */
#include "lives_own.h"

#include <assert.h>
#include <string.h>

/* ---- opening ------------------------------------------------------------------------------------- */

static struct ledger_message referral_draft(struct life *life, int from, int to)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft = ledger_draft(SCH_KIND_REFERRAL, from);
    enum sch_party_kind kind = region->party[to].kind;

    draft.letter = draft.sections_known = true;
    draft.sections = SECTIONS_REFERRAL;
    draft.to[draft.to_count++] = (int16_t)to;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    if (life->poh >= 0 && from != life->poh && life_chance(life, 400))
        draft.to[draft.to_count++] = (int16_t)life->poh;
    ledger_fact(&draft, SCH_FACT_LETTER_DATE, life_date_in(life, -life_below(life, 3)));
    ledger_fact(&draft, SCH_FACT_URGENCY,
                kind == SCH_PARTY_CRISIS    ? SCH_URGENCY_CRISIS
                : life_chance(life, 60)          ? SCH_URGENCY_URGENT
                                            : SCH_URGENCY_ROUTINE);
    if (kind == SCH_PARTY_CRISIS)
        ledger_fact(&draft, SCH_FACT_PHONED_AT, life->t - ALMANAC_SLOT_MS);
    if (kind == SCH_PARTY_WIJKTEAM)
        ledger_fact(&draft, SCH_FACT_CONSENT, SCH_YES_YES);
    else
        draft.refused = life_chance(life, 6);
    return draft;
}

void life_refer(struct life *life, int32_t follows, int32_t parent, int from)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;
    int32_t sent;
    int to;

    do
        to = (life_chance(life, 550) && parent < 0) || region->party[from].kind == SCH_PARTY_S_GGZ
                 ? region->gb[life_below(life, region->gb_count)]
                 : region->department[life_below(life, region->department_count)];
    while (to == life->receiver);
    if (parent < 0 && follows < 0 && life_chance(life, 10))
        to = region->far_provider;
    life->receiver = to;
    life->d = -1;
    draft = referral_draft(life, from, to);
    draft.follows = follows;
    draft.parent = parent;
    sent = life_say(life, &draft);
    if (sent >= 0)
        life_ggz(life, sent);
}

/* Two referrals at once; whoever starts first keeps the patient. */
void life_parallel(struct life *life)
{
    const struct region *region = life->ledger->region;
    const struct ledger *ledger = life->ledger;
    struct life other = *life;
    struct ledger_message draft;
    int32_t first, second, begun = -1;

    life->receiver = region->gb[life_below(life, region->gb_count)];
    draft = referral_draft(life, life->practice, life->receiver);
    draft.refused = false;
    draft.opens_group = true;
    first = life_say(life, &draft);
    life_settle_moment(&other, other.t + ALMANAC_SLOT_MS);
    other.receiver = region->department[life_below(life, region->department_count)];
    draft = referral_draft(&other, life->practice, other.receiver);
    draft.refused = false;
    draft.group = first;
    second = first < 0 ? -1 : life_say(&other, &draft);
    if (second < 0)
        return;
    life_ggz(life, first);
    for (int32_t m = first; m < ledger->message_count; m++)
        if (ledger->message[m].dossier == ledger->message[first].dossier &&
            ledger->message[m].kind == SCH_KIND_TREATMENT_START && ledger->message[m].fact[0].value == SCH_STARTED_YES) {
            begun = m;
            break;
        }
    if (!life_read_by(&other, second, other.receiver))
        return;
    life_after(&other, 0, 5);
    life_say_plain(&other, SCH_KIND_ACCEPTANCE, other.receiver);
    if (begun < 0 || ledger->message[begun].at_ms < other.t || life_chance(&other, 300)) {
        life_plant(&other, 4, SCH_SILENCE_NO_APPOINTMENT);
        return;
    }
    other.t = ledger->message[begun].at_ms;
    life_after(&other, 1, 5);
    life_say_fact(&other, SCH_KIND_WITHDRAWAL, life->practice, SCH_FACT_WITHDRAWAL_REASON, SCH_WITHDRAWN_PLACED_ELSEWHERE);
}

void life_team(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && life_chance(life, 400) ? life->poh : life->practice;
    struct ledger_message draft;
    enum lack lack;
    int32_t sent;

    life->receiver = region->wijkteam[life_below(life, region->wijkteam_count)];
    draft = referral_draft(life, from, life->receiver);
    sent = life_say(life, &draft);
    if (sent < 0 || !life_read_by(life, sent, life->receiver))
        return;
    if (life_chance(life, 150)) {
        life_plant(life, 2, SCH_SILENCE_NOT_DECIDED);
        return;
    }
    life_after(life, 0, 6);
    if (life_chance(life, 120)) {
        sent = life_say_fact(life, SCH_KIND_REFUSAL, life->receiver, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_OUTSIDE_REGION);
        life->links = CHAIN_MAX;
        life_sent_away(life, sent);
        return;
    }
    life_say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    if (life_chance(life, 200)) {
        life_plant(life, 12, SCH_SILENCE_NO_TEAM_RESULT);
        return;
    }
    if (life_chance(life, 750))
        life_after(life, 10, 38);
    else
        life_after(life, 48, 80);
    lack = life_draw_lack(life, 100);
    draft = life_letter(life, SCH_KIND_TEAM_RESULT, life->receiver, lack);
    ledger_fact(&draft, SCH_FACT_TEAM_OUTCOME, 1 + life_below(life, 5));
    sent = life_say(life, &draft);
    life_tell_lack(life, sent, lack);
    if (lack == LACKS_NOTHING)
        return;
    if (life_chance(life, 500)) {
        life_plant(life, 12, SCH_SILENCE_INCOMPLETE);
        return;
    }
    life_after(life, 2, 20);
    draft = life_letter(life, SCH_KIND_TEAM_RESULT, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_TEAM_OUTCOME, 1);
    life_say(life, &draft);
}

void life_crisis(struct life *life)
{
    const struct region *region = life->ledger->region;
    bool night = life_chance(life, 400);
    int from = night ? region->post[life_below(life, region->post_count)] : life->practice;
    struct ledger_message draft;
    int32_t sent;

    life->receiver = region->crisis;
    if (night)
        life_settle_moment(life, almanac_start_of(almanac_day_of(life->t)) + (19 + life_below(life, 4)) * HOUR_MS);
    draft = referral_draft(life, from, life->receiver);
    draft.refused = false;
    sent = life_say(life, &draft);
    if (sent < 0 || !life_read_by(life, sent, life->receiver))
        return;
    if (life_chance(life, 120)) {
        life_plant(life, 3, SCH_SILENCE_NOT_DECIDED);
        return;
    }
    life_after_hours(life, 1, life_chance(life, 850) ? 20 : 60);
    life_say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    life_after_hours(life, 3, 72);
    life_end_treatment(life);
}

void life_exploration(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && life_chance(life, 500) ? life->poh : life->practice;
    struct ledger_message draft = life_letter(life, SCH_KIND_EXPLORATION_REQUEST, from, LACKS_NOTHING);
    int32_t sent;

    life->receiver = region->mgn;
    draft.to[draft.to_count++] = (int16_t)region->mgn;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    sent = life_say(life, &draft);
    if (sent < 0 || !life_read_by(life, sent, life->receiver))
        return;
    if (life_chance(life, 200)) {
        life_plant(life, 13, SCH_SILENCE_NO_ADVICE);
        return;
    }
    if (life_chance(life, 300)) {
        life_after(life, 0, 5);
        life_say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    }
    if (life_chance(life, 750))
        life_after(life, 3, 18);
    else
        life_after(life, 24, 50);
    draft = life_letter(life, SCH_KIND_EXPLORATION_ADVICE, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_ROUTE, 1 + life_below(life, 7));
    sent = life_say(life, &draft);
    if (ledger_owed(life->ledger, life->d, 10) >= 0)
        life_sent_away(life, sent);
}

void life_consult(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && life_chance(life, 500) ? life->poh : life->practice;
    struct ledger_message draft = life_letter(life, SCH_KIND_CONSULT_REQUEST, from, LACKS_NOTHING);
    int32_t sent;

    life->receiver = life_chance(life, 700) ? region->department[life_below(life, region->department_count)]
                                       : region->gb[life_below(life, region->gb_count)];
    draft.to[draft.to_count++] = (int16_t)life->receiver;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    ledger_fact(&draft, SCH_FACT_TOPIC, 1 + life_below(life, 6));
    ledger_fact(&draft, SCH_FACT_CONSULT_FORM, 1 + life_below(life, 2));
    sent = life_say(life, &draft);
    if (sent < 0 || !life_read_by(life, sent, life->receiver))
        return;
    if (life_chance(life, 200)) {
        life_plant(life, 14, SCH_SILENCE_NO_CONSULT_REPLY);
        return;
    }
    if (life_chance(life, 750))
        life_after(life, 0, 5);
    else
        life_after(life, 9, 25);
    draft = life_letter(life, SCH_KIND_CONSULT_REPLY, life->receiver, LACKS_NOTHING);
    life_say(life, &draft);
}

void life_care(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;

    life->receiver = life_chance(life, 700) ? region->department[life_below(life, region->department_count)] : region->gb[1];
    draft = ledger_draft(SCH_KIND_CARE_NOTICE, life->receiver);
    draft.to[draft.to_count++] = (int16_t)life->practice;
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, -life_below(life, 10)));
    if (life_say(life, &draft) < 0)
        return;
    if (life_chance(life, 250)) {
        life_plant(life, 15, SCH_SILENCE_NO_CARE_REPORT);
        return;
    }
    if (life_chance(life, 100)) {
        life_after(life, 5, 40);
        life_say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 15);
        return;
    }
    if (life_chance(life, 750))
        life_after(life, 10, 50);
    else
        life_after(life, 65, 100);
    draft = life_letter(life, life_chance(life, 500) ? SCH_KIND_DISCHARGE_LETTER : SCH_KIND_PROGRESS_LETTER, life->receiver,
                   LACKS_NOTHING);
    if (draft.kind == SCH_KIND_DISCHARGE_LETTER)
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, 0));
    life_say(life, &draft);
}

void life_involvement(struct life *life)
{
    const struct region *region = life->ledger->region;
    int team = region->wijkteam[life_below(life, region->wijkteam_count)];
    bool from_team = life_chance(life, 500);
    struct ledger_message draft = ledger_draft(SCH_KIND_INVOLVEMENT_NOTICE, from_team ? team : life->practice);

    life->receiver = from_team ? life->practice : team;
    draft.to[draft.to_count++] = (int16_t)life->receiver;
    ledger_fact(&draft, SCH_FACT_CONSENT, SCH_YES_YES);
    life_say(life, &draft);
}
