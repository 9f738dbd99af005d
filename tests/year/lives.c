/* lives.c: the year that is drawn: who is away when, when the broker stops, who gets ill, and what the coordinator
 * does about silences. */
#include "lives_own.h"

#include <assert.h>
#include <string.h>

#include "ladder.h"

#define LOST_MAILBOXES 4
#define REMIND_PAUSE_MS (48 * HOUR_MS)

/* ---- what the coordinator does -------------------------------------------------------------------- */

/* When the debtor was last reminded of all that is owed of a number, before at_ms; 0: never. */
static int64_t reminded_ms(const struct ledger *ledger, int32_t dossier, int number, int64_t at_ms)
{
    int64_t earliest_ms = at_ms;

    for (int32_t p = ledger->dossier[dossier].first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];
        struct ladder ladder = ladder_climb(ledger, promise);
        int64_t last_ms = 0;

        if (promise->number != number || !ledger_is_owed(ledger_change_at(ledger, promise, at_ms)))
            continue;
        for (enum sch_ladder step = SCH_STEP_REMINDED; step <= SCH_STEP_OVERDUE; step++)
            if (ladder.at_ms[step] < at_ms && ladder.at_ms[step] > last_ms)
                last_ms = ladder.at_ms[step];
        if (last_ms < earliest_ms)
            earliest_ms = last_ms;
    }
    return earliest_ms;
}

/* Of the silences that were planted, some are waived, snoozed or noted by the coordinator or by the practice on its
 * own claim, or somebody is reminded, some weeks later. */
static void oversee(struct ledger *ledger, struct sch_prng *prng)
{
    int32_t count = ledger->plant_count;

    for (int32_t i = 0; i < count; i++) {
        struct ledger_plant *silence = &ledger->plant[i];
        struct life life = { .ledger = ledger, .prng = prng, .d = silence->dossier };
        const struct ledger_dossier *dossier = &ledger->dossier[silence->dossier];
        struct ledger_message draft;
        int32_t p;
        unsigned lot = (unsigned)sch_prng_below(prng, 1000);

        /* After everything else that was said about it. */
        if (lot >= 160 || !dossier->judged || ledger->plant[i].silence == SCH_SILENCE_INCOMPLETE)
            continue;
        for (p = dossier->first_promise; p >= 0; p = ledger->promise[p].next)
            for (int32_t c = ledger->promise[p].first; c >= 0; c = ledger->change[c].next)
                if (ledger->change[c].at_ms > life.t && ledger->change[c].at_ms < ledger->end_ms)
                    life.t = ledger->change[c].at_ms;
        if (ledger->phase[dossier->last_phase].at_ms > life.t)
            life.t = ledger->phase[dossier->last_phase].at_ms;
        life_after(&life, 5, 50);
        if (life.t >= ledger->end_ms)
            continue;
        ledger_pass(ledger, silence->dossier, life.t);
        p = ledger_owed(ledger, silence->dossier, silence->number);
        if (p < 0)
            continue;
        draft = ledger_draft(lot < 50 ? SCH_KIND_WAIVER : lot < 100 ? SCH_KIND_SNOOZE
                             : lot < 130 ? SCH_KIND_NOTE : SCH_KIND_REMINDER,
                             lot % 2 == 0 && lot < 130 && ledger->promise[p].debtor != dossier->creditor
                                 ? dossier->creditor : ledger->region->coordinator[0]);
        ledger_fact(&draft, SCH_FACT_EXPECTATION, silence->number);
        if (draft.kind == SCH_KIND_WAIVER)
            ledger_fact(&draft, SCH_FACT_WAIVER_REASON, 1 + (int64_t)sch_prng_below(prng, 5));
        if (draft.kind == SCH_KIND_SNOOZE) {
            ledger_fact(&draft, SCH_FACT_SNOOZE_REASON, 1 + (int64_t)sch_prng_below(prng, 4));
            ledger_fact(&draft, SCH_FACT_UNTIL, life_date_in(&life, 5 + life_below(&life, 60)));
        }
        if (draft.kind == SCH_KIND_NOTE)
            ledger_fact(&draft, SCH_FACT_NOTE, 1 + (int64_t)sch_prng_below(prng, 5));
        if (draft.kind == SCH_KIND_REMINDER) {
            int64_t since_ms = life.t - reminded_ms(ledger, silence->dossier, silence->number, life.t);

            if (since_ms > REMIND_PAUSE_MS - HOUR_MS && since_ms < REMIND_PAUSE_MS + HOUR_MS)
                continue;
            draft.rejects = since_ms < REMIND_PAUSE_MS ? SCH_E_RECENTLY_REMINDED : SCH_OK;
        }
        (void)ledger_say(ledger, silence->dossier, life.t, &draft);
    }
}

/* ---- the year ------------------------------------------------------------------------------------ */

/* Ends away from every slot, so that nothing happens at the same moment as an act. */
static int64_t odd(int64_t ms)
{
    return ms / ALMANAC_SLOT_MS * ALMANAC_SLOT_MS + 180000;
}

static void draw_outages(struct ledger *ledger, struct sch_prng *prng)
{
    struct region *region = ledger->region;
    int64_t length_ms = ledger->end_ms - ledger->start_ms;

    for (int i = 0; i < region->party_count; i++) {
        struct region_party *party = &region->party[i];
        int count = (int)sch_prng_below(prng, 6);

        for (int k = 0; k < count; k++) {
            /* Each within its own part of the year, so that no two meet. */
            int64_t part_ms = length_ms / count;
            int64_t from_ms = ledger->start_ms + k * part_ms + (int64_t)sch_prng_below(prng, (uint64_t)part_ms / 2);
            int64_t hours = 3 + (int64_t)sch_prng_below(prng, sch_prng_chance(prng, 850) ? 40 : 500);

            if (sch_prng_chance(prng, 60))
                hours = 24 * (31 + (int64_t)sch_prng_below(prng, 10));
            if (hours * HOUR_MS > part_ms / 2 - DAY_MS)
                hours = part_ms / 2 / HOUR_MS - 24;
            party->outage[party->outage_count++] =
                (struct region_outage){ odd(from_ms), odd(from_ms + hours * HOUR_MS) };
        }
    }
    /* Some fall still before the year is over, and one never collects at all. */
    for (int i = 0; i < LOST_MAILBOXES; i++) {
        struct region_party *party = &region->party[i % 2 == 0 ? region->gb[3 + i] : region->department[5 + i]];

        party->outage_count = 1;
        party->outage[0] = (struct region_outage){ odd(ledger->end_ms - (24 - 3 * i) * DAY_MS), ledger->end_ms + DAY_MS };
    }
    region->party[region->department[region->department_count - 1]].dark = true;
    for (int i = 0; i < region->practice_count; i += 20)
        if (region->poh[i] >= 0)
            region->party[region->poh[i]].dark = true;
}

/* A third of the stops at midnight, when most things are due; some long. */
static void draw_stops(struct ledger *ledger, struct sch_prng *prng)
{
    int count = 24;
    int64_t part_ms = (ledger->end_ms - ledger->start_ms) / count;

    for (int i = 0; i < count; i++) {
        int64_t from_ms = ledger->start_ms + i * part_ms + (int64_t)sch_prng_below(prng, (uint64_t)part_ms / 2);
        int64_t minutes = 1 + (int64_t)sch_prng_below(prng, sch_prng_chance(prng, 800) ? 40 : 1500);

        if (i % 3 == 0)
            from_ms = almanac_start_of(almanac_day_of(from_ms)) - 120000;
        else
            from_ms = odd(from_ms) - 60000;
        ledger->stop[ledger->stop_count++] = (struct ledger_stop){ from_ms, odd(from_ms + minutes * 60000 + 600000) };
    }
}

static void one_life(struct ledger *ledger, struct sch_prng *prng)
{
    const struct region *region = ledger->region;
    struct life life = { .ledger = ledger, .prng = prng, .d = -1, .receiver = -1 };
    int which = (int)sch_prng_below(prng, (uint64_t)region->practice_count);
    int days = (int)((ledger->end_ms - ledger->start_ms) / DAY_MS), from;
    unsigned lot = (unsigned)sch_prng_below(prng, 1000);

    life.practice = region->practice[which];
    life.poh = region->poh[which];
    if (lot < 5) {
        life.practice = region->far_practice;
        life.poh = -1;
    }
    life.t = ledger->start_ms + HOUR_MS;
    life_after(&life, 0, days - 2);
    if (lot >= 715 && lot < 740) {
        life_parallel(&life);
    } else if (lot < 740) {
        from = lot > 5 && life_chance(&life, 60) ? region->post[life_below(&life, region->post_count)] : life.practice;
        life_refer(&life, -1, -1, from);
    } else if (lot < 820) {
        life_team(&life);
    } else if (lot < 870) {
        life_crisis(&life);
    } else if (lot < 910) {
        life_exploration(&life);
    } else if (lot < 950) {
        life_consult(&life);
    } else if (lot < 985) {
        life_care(&life);
    } else {
        life_involvement(&life);
    }
}

void lives_draw(struct ledger *ledger, uint64_t seed, int32_t dossiers)
{
    struct sch_prng prng = { seed };

    draw_outages(ledger, &prng);
    draw_stops(ledger, &prng);
    while (ledger->dossier_count < dossiers) {
        struct sch_prng own = { sch_prng_next(&prng) };

        one_life(ledger, &own);
    }
    oversee(ledger, &prng);
    for (int32_t d = 0; d < ledger->dossier_count; d++)
        ledger_pass(ledger, d, ledger->end_ms);
}
