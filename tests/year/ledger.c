/*
 * ledger.c: keeping the books: moments, promises and their changes. What each message means is ledger_rules.c.
 */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ledger_own.h"

#define DAY_MS INT64_C(86400000)

/* ---- moments ------------------------------------------------------------------------------------ */

static const struct ledger_stop *stop_at(const struct ledger *ledger, int64_t ms, int64_t hold_ms)
{
    for (int i = 0; i < ledger->stop_count; i++)
        if (ms >= ledger->stop[i].from_ms && ms < ledger->stop[i].to_ms + hold_ms)
            return &ledger->stop[i];
    return NULL;
}

int64_t ledger_awake(const struct ledger *ledger, int64_t ms)
{
    const struct ledger_stop *stop = stop_at(ledger, ms, 0);

    return stop == NULL ? ms : (stop->to_ms / ALMANAC_SLOT_MS + 1) * ALMANAC_SLOT_MS;
}

int64_t ledger_fires(const struct ledger *ledger, int64_t ms, bool held)
{
    int64_t hold_ms = held ? LEDGER_HOLD_MS : 0;
    const struct ledger_stop *stop = stop_at(ledger, ms, hold_ms);

    return stop == NULL ? ms : stop->to_ms + hold_ms;
}

int64_t ledger_collects(const struct ledger *ledger, int index, int64_t ms)
{
    const struct region_party *party = &ledger->region->party[index];
    const struct ledger_stop *stop;

    if (party->dark)
        return LEDGER_NEVER;
    for (int i = 0; i < party->outage_count; i++)
        if (ms >= party->outage[i].from_ms && ms < party->outage[i].to_ms)
            ms = party->outage[i].to_ms;
    stop = stop_at(ledger, ms, 0);
    return stop == NULL ? ms : stop->to_ms;
}

const struct almanac_region *ledger_calendar(const struct ledger *ledger, const struct ledger_dossier *dossier)
{
    return ledger->region->party[dossier->creditor].home == 0 ? &region_calendar : NULL;
}

/* ---- room --------------------------------------------------------------------------------------- */

static void *grown(void *items, int32_t count, int32_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room == 0 ? 4096 : 2 * *room;
    items = realloc(items, (size_t)*room * size);
    assert(items != NULL);
    return items;
}

#define GROW(L, ONE) ((L)->ONE = grown((L)->ONE, (L)->ONE##_count, &(L)->ONE##_room, sizeof *(L)->ONE))

void ledger_open(struct ledger *ledger, struct region *region, int64_t start_ms, int64_t end_ms)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->region = region;
    ledger->start_ms = start_ms;
    ledger->end_ms = end_ms;
}

void ledger_close(struct ledger *ledger)
{
    free(ledger->message);
    free(ledger->promise);
    free(ledger->change);
    free(ledger->phase);
    free(ledger->dossier);
    free(ledger->plant);
}

int32_t own_new_message(struct ledger *ledger)
{
    GROW(ledger, message);
    return ledger->message_count++;
}

int32_t own_new_dossier(struct ledger *ledger)
{
    GROW(ledger, dossier);
    memset(&ledger->dossier[ledger->dossier_count], 0, sizeof *ledger->dossier);
    return ledger->dossier_count++;
}

void ledger_plant(struct ledger *ledger, int32_t dossier, int number, enum sch_silence silence)
{
    GROW(ledger, plant);
    ledger->plant[ledger->plant_count++] = (struct ledger_plant){ dossier, (uint8_t)number, silence };
}

/* ---- phases ------------------------------------------------------------------------------------- */

void own_note_phase(struct ledger *ledger, int32_t index, int64_t at_ms)
{
    struct ledger_dossier *dossier = &ledger->dossier[index];

    GROW(ledger, phase);
    ledger->phase[ledger->phase_count] =
        (struct ledger_phase){ at_ms, dossier->phase, dossier->received, dossier->refusals, -1 };
    if (dossier->first_phase < 0)
        dossier->first_phase = ledger->phase_count;
    else
        ledger->phase[dossier->last_phase].next = ledger->phase_count;
    dossier->last_phase = ledger->phase_count++;
}

const struct ledger_phase *ledger_phase_at(const struct ledger *ledger, const struct ledger_dossier *dossier,
                                           int64_t at_ms)
{
    const struct ledger_phase *found = NULL;

    for (int32_t i = dossier->first_phase; i >= 0 && ledger->phase[i].at_ms <= at_ms; i = ledger->phase[i].next)
        found = &ledger->phase[i];
    return found;
}

/* ---- promises ----------------------------------------------------------------------------------- */

bool ledger_is_owed(const struct ledger_change *change)
{
    return change != NULL &&
           (change->standing == SCH_STANDING_OPEN || change->standing == SCH_STANDING_INCOMPLETE);
}

const struct ledger_change *ledger_change_at(const struct ledger *ledger, const struct ledger_promise *promise,
                                             int64_t at_ms)
{
    const struct ledger_change *found = NULL;

    for (int32_t i = promise->first; i >= 0 && ledger->change[i].at_ms <= at_ms; i = ledger->change[i].next)
        found = &ledger->change[i];
    return found;
}

struct ledger_change *own_last(const struct ledger *ledger, int32_t promise)
{
    return &ledger->change[ledger->promise[promise].last];
}

/* A new state that begins as the former one; the caller changes it. */
struct ledger_change *own_change(struct ledger *ledger, int32_t index, int64_t at_ms)
{
    struct ledger_promise *promise = &ledger->promise[index];
    struct ledger_change state = { .standing = SCH_STANDING_OPEN };

    if (promise->first >= 0)
        state = ledger->change[promise->last];
    GROW(ledger, change);
    state.at_ms = at_ms;
    state.next = -1;
    ledger->change[ledger->change_count] = state;
    if (promise->first < 0)
        promise->first = ledger->change_count;
    else
        ledger->change[promise->last].next = ledger->change_count;
    promise->last = ledger->change_count++;
    return &ledger->change[promise->last];
}

int32_t own_new_promise(struct ledger *ledger, int32_t dossier)
{
    struct ledger_dossier *owner = &ledger->dossier[dossier];
    struct ledger_promise *promise;

    GROW(ledger, promise);
    promise = &ledger->promise[ledger->promise_count];
    memset(promise, 0, sizeof *promise);
    promise->dossier = dossier;
    promise->first = promise->last = promise->next = promise->closed_by = -1;
    if (owner->first_promise < 0)
        owner->first_promise = ledger->promise_count;
    else
        ledger->promise[owner->last_promise].next = ledger->promise_count;
    owner->last_promise = ledger->promise_count;
    return ledger->promise_count++;
}

int32_t ledger_owed(const struct ledger *ledger, int32_t dossier, int number)
{
    for (int32_t i = ledger->dossier[dossier].first_promise; i >= 0; i = ledger->promise[i].next)
        if (ledger->promise[i].number == number && ledger_is_owed(own_last(ledger, i)))
            return i;
    return -1;
}

/* ---- drafts ------------------------------------------------------------------------------------- */

struct ledger_message ledger_draft(enum sch_kind kind, int sender)
{
    struct ledger_message draft = { .kind = kind, .dossier = -1, .subject = -1, .parent = -1, .follows = -1,
                                    .group = -1, .sender = (int16_t)sender, .creditor = -1, .concerned = -1 };

    return draft;
}

void ledger_fact(struct ledger_message *draft, enum sch_fact fact, int64_t value)
{
    assert(draft->fact_count < LEDGER_FACTS_MAX);
    draft->fact[draft->fact_count++] = (struct ledger_fact){ fact, value };
}
