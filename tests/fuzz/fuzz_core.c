/*
 * fuzz_core.c: bytes as the life of a few dossiers: who says what to whom, and when.
 *
 * Every draw comes from the input, so that the fuzzer's coverage steers the story: sensible events of
 * tests/lib/step_life.h, and headers that were edited at will (wild.h); time that goes by as it likes, norms
 * and permits that change, dossiers that follow, forward and stand beside one another. Each step is watched
 * by step_oracle.h and judged by judge.h.
 */
#include <string.h>

#include "judge.h"
#include "step_oracle.h"
#include "wild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LANES 3
#define EVENTS_MAX 200
#define END_MS INT64_C(3786912000000)   /* 2090: the calendar ends soon after */

static struct lane {
    struct sch_dossier dossier;         /* NONE: free */
    struct sch_id referral;
    struct step_life life;
    struct step_oracle oracle;
} lanes[LANES];

static struct step_fixture f;
static struct lane *lane;               /* whose dossier is f.dossier */
static bool default_norms;

static uint64_t draw(uint64_t below)
{
    return step_life_draw(&lane->life, below);
}

static void enter(struct lane *next)
{
    lane->dossier = f.dossier;
    lane->referral = f.referral;
    next->life.input = lane->life.input;
    next->life.input_size = lane->life.input_size;
    lane = next;
    f.dossier = lane->dossier;
    f.referral = lane->referral;
}

/* ---- stepping, and what it leads to -------------------------------------------------------------- */

static bool step_here(void)
{
    if (step_oracle_step(&lane->oracle) != SCH_OK)
        return false;
    judge_step(&f, &lane->oracle.before, default_norms);
    step_life_note(&lane->life);
    return true;
}

/* The turn carries these out in the same batch: other dossiers hear of it. */
static void tell_others(void)
{
    static struct sch_dossier origin;
    struct sch_event told = { .type = SCH_EVENT_SIBLING, .message = f.header.id, .origin = &origin };
    const struct sch_effect *follow = step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0);
    const struct sch_effect *siblings = step_fixture_effect(&f, SCH_EFFECT_SIBLINGS, 0);
    struct lane *here = lane;

    if (follow == NULL && siblings == NULL)
        return;
    told.sender = f.event.sender;
    if (follow != NULL) {
        told.type = follow->event;
        told.taken_back = follow->taken_back;
        told.origin = NULL;
    }
    struct sch_id whom = follow != NULL ? follow->message : f.dossier.id;
    origin = f.dossier;
    for (struct lane *other = lanes; other < lanes + LANES; other++) {
        bool named = follow == NULL || memcmp(&other->dossier.id, &whom, sizeof whom) == 0;
        if (other == here || other->dossier.phase == SCH_PHASE_NONE || !named)
            continue;
        enter(other);
        f.event = told;
        (void)step_here();
    }
    enter(here);
}

static void step(void)
{
    if (step_here())
        tell_others();
}

/* ---- what parties say ------------------------------------------------------------------------------ */

static void say(bool wild)
{
    step_life_say(&lane->life);
    if (wild && !wild_header(&lane->life))
        return;
    step_life_prepare(&lane->life);
    if (wild)
        wild_event(&lane->life);
    step();
}

/* ---- a dossier more ------------------------------------------------------------------------------- */

static void add_ties(void)
{
    const struct lane *origin = &lanes[draw(LANES)];
    uint64_t tie = draw(4);
    if (origin == lane || tie == 0)
        return;
    *(tie == 1 ? &f.header.follows : &f.header.parent) = origin->dossier.id;
    if (tie == 3) {
        f.header.sender = origin->dossier.member[SCH_MEMBER_RECEIVER].address;
        f.header.receiver = f.party[f.party[S].kind == origin->dossier.echelon ? GB : S].address;
        f.header.copies[0] = origin->dossier.member[SCH_MEMBER_CREDITOR].address;
        f.header.copy_count = 1;
    }
    step_life_prepare(&lane->life);
    f.event.origin = origin->dossier.phase == SCH_PHASE_NONE ? NULL : &origin->dossier;
}

static void open_dossier(struct lane *where)
{
    enter(where);
    step_life_open(&lane->life);
    if (draw(4) == 0 && !wild_header(&lane->life))
        return;
    step_life_prepare(&lane->life);
    add_ties();
    f.event.gp_key = true;
    f.event.group_count = draw(SCH_GROUP_MAX + 1);
    f.event.kenmerk = 1 + draw(1000);
    f.dossier.id = f.header.id;
    lane->oracle.before = f.dossier;
    f.world.full = draw(16) == 1;
    int code = step_fixture_step(&f);
    if (code == SCH_OK && f.world.full)
        judge_broken("a dossier was opened below the reserve");
    if (code == SCH_OK)
        judge_step(&f, &lane->oracle.before, default_norms);
    f.world.full = false;
    step_oracle_watch(&lane->oracle, &f);
    if (code != SCH_OK)
        return;
    step_life_note(&lane->life);
    tell_others();
}

/* ---- time, norms and permits ---------------------------------------------------------------------- */

static void let_time_pass(void)
{
    static const int64_t steps_ms[] = { 1, 60000, 3600000, STEP_FIXTURE_DAY_MS, 7 * STEP_FIXTURE_DAY_MS,
                                        120 * STEP_FIXTURE_DAY_MS, 731 * STEP_FIXTURE_DAY_MS };
    uint64_t choice = draw(16);
    bool fell = choice < 8 && step_oracle_next_due(&lane->oracle);
    if (choice >= 8) {
        int64_t ms = steps_ms[draw(7)] * (int64_t)(1 + draw(6));
        f.world.now_ms = f.world.now_ms + ms < END_MS ? f.world.now_ms + ms : END_MS;
        f.world.e1_from_ms = choice == 15 ? f.world.now_ms + 900000 : 0;
        f.world.expire_from_ms = choice >= 14 ? f.world.now_ms + 900000 : 0;
        fell = choice > 8;
        if (fell)
            step_oracle_fall_due(&lane->oracle);
    }
    if (fell)
        judge_step(&f, &lane->oracle.before, default_norms);
    f.world.e1_from_ms = f.world.expire_from_ms = 0;
}

static void change_rules(void)
{
    if (draw(2) == 0) {
        default_norms = false;
        unsigned number = 1 + (unsigned)draw(15);
        enum sch_variant variant = (enum sch_variant)draw(SCH_VARIANT_COUNT);
        int term = (int)draw(400);
        step_fixture_norm(&f, number, variant, term, (enum sch_unit)(1 + draw(4)));
        f.norms.required[1 + draw(SCH_KIND_COUNT - 1)] =
            (struct sch_required){ (uint32_t)draw(SCH_SECTION_ALL + 1), draw(2) != 0 };
    } else {
        f.permits.allowed[1 + draw(SCH_PARTY_COUNT - 1)][1 + draw(SCH_KIND_COUNT - 1)] =
            draw(2) == 0 ? 0 : UINT32_MAX;
    }
}

static void happen(void)
{
    uint64_t choice = draw(32);
    if (f.dossier.phase == SCH_PHASE_NONE || choice == 31) {
        open_dossier(&lanes[draw(LANES)]);
    } else if (choice < 10) {
        say(false);
    } else if (choice < 15) {
        say(true);
    } else if (choice < 20) {
        step_life_settle(&lane->life);
        step();
    } else if (choice < 26) {
        let_time_pass();
    } else if (choice < 28) {
        step_life_hear(&lane->life);
        f.event.taken_back = draw(2) != 0;
        step();
    } else if (choice < 30) {
        change_rules();
    } else {
        enter(&lanes[draw(LANES)]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing;
    memset(lanes, 0, sizeof lanes);
    step_fixture_init(&f);
    default_norms = true;
    for (lane = lanes; lane < lanes + LANES; lane++) {
        lane->life.f = &f;
        lane->oracle.fail = judge_broken;
    }
    lane = lanes;
    lane->life.input = size > 0 ? data : &nothing;
    lane->life.input_size = size;
    for (int i = 0; i < EVENTS_MAX && lane->life.input_size > 0; i++)
        happen();
    return 0;
}
