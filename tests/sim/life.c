/*
 * life.c: what happens to patients: who is referred where, and what whoever treats says about it, and when.
 */
#include <assert.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "region_sim.h"
#include "world.h"

/* Mailboxes by number, as system.c lists them. */
enum { LINDE, POH, BEUK, HAVEN, ANGST, STEMMING, WIJK, WEST, CRISIS, COORDINATOR, MGN, POST, GOOI, STER };

/* What may be said next, how often, where that leads, and within how many days the next word follows. */
struct word {
    enum sch_kind kind;                 /* 0: silence for ever */
    unsigned weight;
    enum sim_stage to;
    int within;
};
#define WORDS_MAX 9

static const struct word care[SIM_STAGES][WORDS_MAX] = {
    [SIM_SENT] = { { SCH_KIND_ACCEPTANCE, 46, SIM_ACCEPTED, 10 }, { SCH_KIND_REFUSAL, 12, SIM_OVER, 9 },
                   { SCH_KIND_REDIRECTION, 9, SIM_OVER, 9 }, { SCH_KIND_INFORMATION_REQUEST, 9, SIM_SENT, 8 },
                   { SCH_KIND_APPOINTMENT, 8, SIM_PLANNED, 15 }, { SCH_KIND_WAIT_STATUS, 4, SIM_SENT, 10 },
                   { SCH_KIND_INTAKE_REPORT, 3, SIM_DONE, 10 }, { 0, 9, SIM_OVER, 1 } },
    [SIM_ACCEPTED] = { { SCH_KIND_APPOINTMENT, 58, SIM_PLANNED, 15 }, { SCH_KIND_WAIT_STATUS, 10, SIM_ACCEPTED, 20 },
                       { SCH_KIND_REFUSAL, 5, SIM_OVER, 9 }, { SCH_KIND_REDIRECTION, 4, SIM_OVER, 9 },
                       { SCH_KIND_TREATMENT_START, 8, SIM_TREATED, 20 },
                       { SCH_KIND_INFORMATION_REQUEST, 5, SIM_ACCEPTED, 9 }, { 0, 10, SIM_OVER, 1 } },
    [SIM_PLANNED] = { { SCH_KIND_INTAKE_REPORT, 52, SIM_DONE, 12 }, { SCH_KIND_NO_SHOW, 14, SIM_ACCEPTED, 12 },
                      { SCH_KIND_APPOINTMENT, 6, SIM_PLANNED, 20 }, { SCH_KIND_NO_REPORT, 5, SIM_DONE, 10 },
                      { SCH_KIND_TREATMENT_START, 6, SIM_TREATED, 20 }, { SCH_KIND_REFUSAL, 3, SIM_OVER, 9 },
                      { SCH_KIND_BACK_REFERRAL, 4, SIM_TREATED, 12 }, { 0, 10, SIM_OVER, 1 } },
    [SIM_DONE] = { { SCH_KIND_TREATMENT_START, 62, SIM_TREATED, 25 }, { SCH_KIND_WAIT_STATUS, 10, SIM_DONE, 15 },
                   { SCH_KIND_TREATMENT_END, 5, SIM_ENDED, 14 }, { SCH_KIND_BACK_REFERRAL, 6, SIM_TREATED, 12 },
                   { SCH_KIND_TRANSFER_NOTICE, 4, SIM_DONE, 10 }, { 0, 13, SIM_OVER, 1 } },
    [SIM_TREATED] = { { SCH_KIND_PROGRESS_LETTER, 30, SIM_TREATED, 25 }, { SCH_KIND_TREATMENT_END, 30, SIM_ENDED, 14 },
                      { SCH_KIND_BACK_REFERRAL, 9, SIM_TREATED, 20 }, { SCH_KIND_CHANGE_NOTICE, 5, SIM_TREATED, 10 },
                      { SCH_KIND_TRANSFER_NOTICE, 4, SIM_TREATED, 10 }, { SCH_KIND_DISCHARGE_LETTER, 6, SIM_OVER, 9 },
                      { SCH_KIND_NO_REPORT, 4, SIM_TREATED, 20 }, { 0, 12, SIM_OVER, 1 } },
    [SIM_ENDED] = { { SCH_KIND_DISCHARGE_LETTER, 68, SIM_OVER, 9 }, { SCH_KIND_NO_REPORT, 10, SIM_OVER, 9 },
                    { SCH_KIND_BACK_REFERRAL, 6, SIM_TREATED, 9 }, { 0, 16, SIM_OVER, 1 } },
};

static const struct word team[SIM_STAGES][WORDS_MAX] = {
    [SIM_SENT] = { { SCH_KIND_ACCEPTANCE, 60, SIM_ACCEPTED, 30 }, { SCH_KIND_REFUSAL, 12, SIM_OVER, 9 },
                   { SCH_KIND_INFORMATION_REQUEST, 8, SIM_SENT, 9 }, { SCH_KIND_WAIT_STATUS, 6, SIM_SENT, 9 },
                   { 0, 14, SIM_OVER, 1 } },
    [SIM_ACCEPTED] = { { SCH_KIND_TEAM_RESULT, 75, SIM_OVER, 9 }, { SCH_KIND_WAIT_STATUS, 8, SIM_ACCEPTED, 20 },
                       { 0, 17, SIM_OVER, 1 } },
};

static const struct word crisis[SIM_STAGES][WORDS_MAX] = {
    [SIM_SENT] = { { SCH_KIND_ACCEPTANCE, 50, SIM_ACCEPTED, 3 }, { SCH_KIND_INTAKE_REPORT, 20, SIM_DONE, 5 },
                   { SCH_KIND_REFUSAL, 8, SIM_OVER, 5 }, { SCH_KIND_REDIRECTION, 6, SIM_OVER, 5 },
                   { 0, 16, SIM_OVER, 1 } },
    [SIM_ACCEPTED] = { { SCH_KIND_INTAKE_REPORT, 70, SIM_DONE, 5 }, { 0, 30, SIM_OVER, 1 } },
    [SIM_DONE] = { { SCH_KIND_TREATMENT_END, 80, SIM_ENDED, 9 }, { 0, 20, SIM_OVER, 1 } },
    [SIM_ENDED] = { { SCH_KIND_DISCHARGE_LETTER, 70, SIM_OVER, 9 }, { 0, 30, SIM_OVER, 1 } },
};

static const struct word consult[SIM_STAGES][WORDS_MAX] = {
    [SIM_SENT] = { { SCH_KIND_CONSULT_REPLY, 72, SIM_OVER, 9 }, { SCH_KIND_REFUSAL, 8, SIM_OVER, 9 },
                   { SCH_KIND_INFORMATION_REQUEST, 8, SIM_SENT, 9 }, { 0, 12, SIM_OVER, 1 } },
};

static const struct word talk[SIM_STAGES][WORDS_MAX] = {
    [SIM_SENT] = { { SCH_KIND_ACCEPTANCE, 30, SIM_SENT, 15 }, { SCH_KIND_EXPLORATION_ADVICE, 50, SIM_OVER, 9 },
                   { SCH_KIND_REFUSAL, 10, SIM_OVER, 9 }, { 0, 10, SIM_OVER, 1 } },
};

static const struct word (*words_of(const struct sim *sim, const struct sim_dossier *dossier))[WORDS_MAX]
{
    if (dossier->kind == SCH_KIND_CONSULT_REQUEST)
        return consult;
    if (dossier->kind == SCH_KIND_EXPLORATION_REQUEST)
        return talk;
    switch (sim->mailbox[dossier->receiver].kind) {
    case SCH_PARTY_WIJKTEAM: return team;
    case SCH_PARTY_CRISIS: return crisis;
    default: return care;
    }
}

/* ---- openings ----------------------------------------------------------------------------------- */

static bool is_ggz(const struct sim *sim, int mailbox)
{
    return sim->mailbox[mailbox].kind == SCH_PARTY_GB_GGZ || sim->mailbox[mailbox].kind == SCH_PARTY_S_GGZ;
}

static void copy_to(const struct sim *sim, struct sch_header *header, int mailbox)
{
    const char *address = sim->mailbox[mailbox].address.text;

    if (strcmp(address, header->receiver.text) != 0 && strcmp(address, header->sender.text) != 0)
        header->copies[header->copy_count++] = sim->mailbox[mailbox].address;
}

/* The patient's practice, when that is not the sender. */
static int practice_of(struct sim *sim, enum sch_kind kind, int sender, int parent)
{
    if (parent >= 0)
        return sim->dossier[parent].creditor;
    if (sender == POH)
        return kind == SCH_KIND_REFERRAL && sch_prng_chance(&sim->prng, 500) ? POH : LINDE;
    if (sender == WIJK || (sender == POST && sch_prng_chance(&sim->prng, 500)))
        return sch_prng_chance(&sim->prng, 500) ? LINDE : BEUK;
    return sender;
}

static void refer(struct sim *sim, int sender, int receiver, struct sch_header *header)
{
    int64_t *fact = header->fact;
    int32_t today = sch_day_of_ms(sim->now_ms);

    fact[SCH_FACT_ECHELON] = sim->mailbox[receiver].kind;
    fact[SCH_FACT_URGENCY] = sch_prng_chance(&sim->prng, 100) ? SCH_URGENCY_URGENT : SCH_URGENCY_ROUTINE;
    fact[SCH_FACT_LETTER_DATE] = sch_date_from_day(today - (int32_t)sch_prng_below(&sim->prng, 5));
    fact[SCH_FACT_AUTHOR_ROLE] = SCH_ROLE_GP;
    fact[SCH_FACT_AUTHOR_AGB] = 1000001;
    if (receiver == WIJK)
        fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    if (receiver == CRISIS) {
        fact[SCH_FACT_URGENCY] = SCH_URGENCY_CRISIS;
        fact[SCH_FACT_PHONED_AT] = sim->now_ms - 60000;
    }
    if (sender == LINDE && sch_prng_chance(&sim->prng, 300))
        header->prepared_by = sim->mailbox[POH].address;
    if (sim->group_left > 0 && sender == sim->group_sender) {
        sim->group_left--;
        header->group = sim->group;
    } else if (sch_prng_chance(&sim->prng, 150)) {
        sim->group = sch_region_sim_id(sim->now_ms, &sim->prng);
        sim->group_left = 1 + (int)sch_prng_below(&sim->prng, 9);
        sim->group_sender = sender;
        header->group = sim->group;
    }
}

static void enter(struct sim *sim, int index, int sender, int receiver, int practice)
{
    const struct sch_header *header = &sim->message[index].header;
    struct sim_dossier *dossier = &sim->dossier[sim->dossier_count];
    bool care_notice = header->kind == SCH_KIND_CARE_NOTICE;
    bool to_practice = header->kind == SCH_KIND_INVOLVEMENT_NOTICE &&
                       sim->mailbox[receiver].kind == SCH_PARTY_GP_PRACTICE;

    memset(dossier, 0, sizeof *dossier);
    dossier->id = header->id;
    dossier->kind = header->kind;
    dossier->opening = index;
    dossier->referrer = care_notice ? receiver : sender;
    dossier->receiver = care_notice ? sender : receiver;
    dossier->creditor = care_notice || to_practice ? receiver : practice;
    for (size_t i = 0; i < header->copy_count; i++)
        dossier->copy[dossier->copy_count++] = sim_mailbox_find(sim, header->copies[i].text);
    dossier->stage = care_notice ? SIM_TREATED : SIM_SENT;
    dossier->begun = care_notice;
    sim->message[index].dossier = (int)sim->dossier_count++;
}

static void will(struct sim *sim, int dossier, unsigned permille, int sender, enum sch_kind kind, int days)
{
    if (sch_prng_chance(&sim->prng, permille))
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, days * SIM_DAY_MS), .type = SIM_SAY,
                                              .dossier = dossier, .sender = sender, .kind = kind, .subject = -1 });
}

/* What others than whoever treats may come to say. */
static void expect_acts(struct sim *sim, int index)
{
    const struct sim_dossier *dossier = &sim->dossier[index];
    int practice = dossier->creditor;

    if (dossier->kind != SCH_KIND_CARE_NOTICE && dossier->kind != SCH_KIND_INVOLVEMENT_NOTICE)
        will(sim, index, 60, dossier->referrer, SCH_KIND_WITHDRAWAL, 15);
    will(sim, index, 20, dossier->referrer, SCH_KIND_CORRECTION, 15);
    will(sim, index, 60, COORDINATOR, SCH_KIND_REMINDER, 40);
    will(sim, index, 40, COORDINATOR, SCH_KIND_NOTE, 40);
    will(sim, index, 60, COORDINATOR, SCH_KIND_SNOOZE, 40);
    will(sim, index, 60, COORDINATOR, SCH_KIND_WAIVER, 50);
    will(sim, index, 40, practice, SCH_KIND_WAIVER, 50);
    will(sim, index, 40, practice, SCH_KIND_SNOOZE, 40);
    will(sim, index, 40, practice, SCH_KIND_NOTE, 40);
    if (is_ggz(sim, dossier->receiver) && sim->mailbox[practice].kind == SCH_PARTY_GP_PRACTICE)
        will(sim, index, 60, practice, SCH_KIND_CHANGE_NOTICE, 40);
    will(sim, index, 60, practice, SCH_KIND_INFORMATION_REQUEST, 40);
    if (dossier->kind == SCH_KIND_CARE_NOTICE)
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, 10 * SIM_DAY_MS), .type = SIM_LIVE,
                                              .dossier = index });
}

int sim_open(struct sim *sim, enum sch_kind kind, int sender, int receiver, int parent, int follows, bool wild)
{
    struct sch_header header = { .kind = kind };
    int practice = practice_of(sim, kind, sender, parent), index;

    if (sim->dossier_count == SIM_DOSSIERS_MAX || sender == receiver)
        return -1;
    /* What comes of something at random is as random. */
    wild = wild || (parent >= 0 && sim->message[sim->dossier[parent].opening].wild) ||
           (follows >= 0 && sim->message[sim->dossier[follows].opening].wild);
    header.sender = sim->mailbox[sender].address;
    header.receiver = sim->mailbox[receiver].address;
    if (kind != SCH_KIND_CARE_NOTICE && kind != SCH_KIND_INVOLVEMENT_NOTICE) {
        if (practice != sender) {
            header.creditor = sim->mailbox[practice].address;
            copy_to(sim, &header, practice);
        }
        if (practice == LINDE && sender != POH && sch_prng_chance(&sim->prng, 400))
            copy_to(sim, &header, POH);
    }
    if (parent >= 0)
        header.parent = sim->dossier[parent].id;
    if (follows >= 0)
        header.follows = sim->dossier[follows].id;
    sim_facts(sim, &header);
    if (kind == SCH_KIND_REFERRAL)
        refer(sim, sender, receiver, &header);
    index = sim_make(sim, sender, -1, &header, wild);
    if (index < 0)
        return -1;
    enter(sim, index, sender, receiver, practice);
    if (!wild)
        expect_acts(sim, sim->message[index].dossier);
    return index;
}

void sim_open_any(struct sim *sim)
{
    static const int practices[] = { LINDE, LINDE, BEUK, BEUK, STER, POST };
    static const int places[] = { HAVEN, HAVEN, ANGST, STEMMING, WEST, WIJK, CRISIS };
    static const int ggz[] = { HAVEN, ANGST, STEMMING, WEST };
    uint64_t draw = sch_prng_below(&sim->prng, 100);
    int practice = practices[sch_prng_below(&sim->prng, 6)], other = ggz[sch_prng_below(&sim->prng, 4)];
    bool poh = sch_prng_chance(&sim->prng, 200), wijk = sch_prng_chance(&sim->prng, 150);
    int asks = poh ? POH : wijk ? WIJK : practice == POST ? LINDE : practice;

    if (draw < 70)
        sim_open(sim, SCH_KIND_REFERRAL, practice, places[sch_prng_below(&sim->prng, 7)], -1, -1, false);
    else if (draw < 74)
        sim_open(sim, SCH_KIND_REFERRAL, POH, WIJK, -1, -1, false);
    else if (draw < 82)
        sim_open(sim, SCH_KIND_CONSULT_REQUEST, asks, other, -1, -1, false);
    else if (draw < 90)
        sim_open(sim, SCH_KIND_EXPLORATION_REQUEST, asks, MGN, -1, -1, false);
    else if (draw < 96)
        sim_open(sim, SCH_KIND_CARE_NOTICE, wijk ? CRISIS : other, practice == POST ? BEUK : practice, -1, -1, false);
    else
        sim_open(sim, SCH_KIND_INVOLVEMENT_NOTICE, poh ? LINDE : WIJK, poh ? WIJK : BEUK, -1, -1, false);
}

/* ---- the life ----------------------------------------------------------------------------------- */

static const struct word *choose(struct sim *sim, const struct sim_dossier *dossier)
{
    const struct word *words = words_of(sim, dossier)[dossier->stage];
    unsigned all = 0;
    uint64_t draw;

    for (size_t i = 0; i < WORDS_MAX; i++)
        all += words[i].weight;
    if (all == 0)
        return NULL;
    draw = sch_prng_below(&sim->prng, all);
    while (draw >= words->weight)
        draw -= words++->weight;
    return words;
}

/* The child REFERRAL of a patient who is forwarded, or transferred. */
static void pass_on(struct sim *sim, int index, int said)
{
    int from = sim->dossier[index].receiver, to;
    bool forwarded = said >= 0 && sim->message[said].header.fact[SCH_FACT_REDIRECTION_MODE] == SCH_MODE_FORWARDED;
    bool transferred = sim->dossier[index].stage == SIM_TREATED && sch_prng_chance(&sim->prng, 80);

    if (!is_ggz(sim, from) || sim->dossier[index].kind != SCH_KIND_REFERRAL ||
        !(transferred || (forwarded && sch_prng_chance(&sim->prng, 700))))
        return;
    to = from == HAVEN ? ANGST + (int)sch_prng_below(&sim->prng, 2) : HAVEN;
    sim_open(sim, SCH_KIND_REFERRAL, from, to, index, -1, false);
}

static bool may_say(const struct sim *sim, const struct sim_dossier *dossier, enum sch_kind kind)
{
    enum sch_party_kind from = sim->mailbox[dossier->receiver].kind;

    if (dossier->kind != SCH_KIND_CARE_NOTICE)
        return true;
    return from != SCH_PARTY_CRISIS || kind == SCH_KIND_TREATMENT_END || kind == SCH_KIND_DISCHARGE_LETTER;
}

void sim_live(struct sim *sim, const struct sim_event *event)
{
    struct sim_dossier *dossier = &sim->dossier[event->dossier];
    const struct word *word = choose(sim, dossier);
    int64_t span_ms, said = -1;

    if (word == NULL || word->kind == 0) {
        dossier->stage = SIM_OVER;
        return;
    }
    if (may_say(sim, dossier, word->kind))
        said = sim_tell(sim, event->dossier, dossier->receiver, word->kind, -1, false);
    dossier->stage = word->to;
    pass_on(sim, event->dossier, (int)said);
    will(sim, event->dossier, 50, dossier->receiver, SCH_KIND_CORRECTION, 4);
    span_ms = word->within * SIM_DAY_MS;
    if (sim_is_on(sim, SIM_FAULT_YEARS) && word->to == SIM_TREATED)
        span_ms *= 14;
    sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, span_ms), .type = SIM_LIVE,
                                          .dossier = event->dossier });
}
