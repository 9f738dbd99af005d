/*
 * play.h: the year happens: the ledger's messages go over the wire to the real turn, systems collect when they
 * are there, and the broker stops and starts. Everything that the broker says is written down for the judge.
 */
#ifndef YEAR_PLAY_H
#define YEAR_PLAY_H

#include "codec.h"
#include "fast_clock.h"
#include "ledger.h"
#include "net_sim.h"
#include "store_sim.h"
#include "turn.h"

/* A REMINDER as its debtor received it. */
struct play_reminder {
    int32_t message;                    /* that opened the promise; -1: none that was said */
    int16_t party;
    uint8_t number;
    enum sch_ladder step;
    int64_t at_ms;
};

struct play {
    struct ledger *ledger;
    struct sch_net *net;
    struct sch_store *store;
    struct sch_clock *clock;
    struct sch_metrics metrics;
    struct sch_turn *turn;
    struct sch_arena arena, page_arena;
    struct sch_net_sim_message page_bytes;
    long peer[REGION_SYSTEMS_MAX];
    int32_t *order;                     /* messages by time */
    int32_t next;
    int stop;
    uint32_t *by_id;
    size_t by_id_room;
    struct play_reminder *reminder;
    size_t reminder_count, reminder_room;
    bool asked;                         /* a query waits for its answer */
    bool answered;
    struct sch_reply answer;
    uint64_t turns, submitted, receipts, resent, duplicates, deliveries, reports, refused;
    unsigned restarts;
    unsigned violations;
    unsigned printed;
};

/* Something is not as it must be. */
void play_violation(struct play *play, const char *format, ...) __attribute__((format(printf, 2, 3)));

void play_open(struct play *play, struct ledger *ledger);
void play_close(struct play *play);

/* Lives until at_ms, that moment included. */
void play_until(struct play *play, int64_t at_ms);

/* Asks a query for the party; the page is valid until the next question. NULL: rejected, and a violation. */
const struct sch_page *play_ask(struct play *play, int party, const struct sch_query *query);

int32_t play_message(const struct play *play, const struct sch_id *id);

/* "2026-03-04 10:20" of a moment, local, in one of several buffers. */
const char *play_moment(int64_t ms);

#endif
