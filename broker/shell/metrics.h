/*
 * metrics.h: what the broker counts, and how Prometheus reads it.
 *
 * struct sch_metrics is plain numbers that the turn's thread alone increments: no locks, no atomics in the
 * loop. Once per turn the thread publishes a copy on a board, and the HTTP thread reads that copy. Labels
 * are bounded: command types, kinds, error codes, states. Never a party, a dossier, a kenmerk.
 *
 * Must not know: the turn, sockets, stores.
 */
#ifndef SCH_SHELL_METRICS_H
#define SCH_SHELL_METRICS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scharnier/error.h>
#include <scharnier/types.h>

#include "codec.h"
#include "core/norm.h"

#define SCH_METRICS_COMMANDS (SCH_COMMAND_FETCH + 1)    /* by enum sch_command_type; 0: could not be read */
#define SCH_METRICS_STATES (SCH_DELIVERY_WITHDRAWN + 1) /* by enum sch_delivery_state */
#define SCH_METRICS_STEPS (SCH_STEP_WITHDRAW + 1)       /* by enum sch_ladder */
#define SCH_METRICS_STANDINGS (SCH_STANDING_CANCELLED + 1)
#define SCH_METRICS_BUCKETS 12

#define SCH_X_METRICS_ONE(N, n, e, c, h) +1
#define SCH_METRICS_CODES (1 SCH_ERROR_LIST(SCH_X_METRICS_ONE))    /* one more for a number not listed */

/* Values that fell in each bucket (not cumulative; the last one is "more"), with their number and sum. */
struct sch_histogram {
    uint64_t bucket[SCH_METRICS_BUCKETS];
    uint64_t count;
    uint64_t sum;
};

struct sch_metrics {
    /* Counters: they only grow. */
    uint64_t received[SCH_METRICS_COMMANDS];
    uint64_t receipts[SCH_KIND_COUNT];          /* messages taken, by kind; index 0 is not used */
    uint64_t duplicates;                        /* resends that were answered with the first receipt */
    uint64_t rejected[SCH_METRICS_CODES];       /* through sch_metrics_rejected() */
    uint64_t offered[SCH_KIND_COUNT];           /* deliveries handed to a session, by kind */
    uint64_t redelivered;                       /* of those, offered before */
    uint64_t settled[SCH_METRICS_STATES];       /* deliveries that ended, by state */
    uint64_t settled_again;                     /* repeated settlements, answered alike */
    uint64_t retried;                           /* verdicts "retry" */
    uint64_t leases_expired;
    uint64_t parts_stored;                      /* of uploads; the same part once more is not stored again */
    uint64_t parts_fetched;
    uint64_t uploads_submitted;
    uint64_t uploads_dropped;                   /* abandoned, or uploaded again after they were submitted */
    uint64_t made[SCH_KIND_COUNT];              /* the broker's own: REMINDER, DELIVERY_REPORT */
    uint64_t opened[SCH_EXPECTATION_COUNT];     /* promises opened, E1..E15 */
    uint64_t closed[SCH_METRICS_STANDINGS];     /* promises that ended, by standing */
    uint64_t alerts[SCH_METRICS_STEPS];         /* steps of the ladder, by step */
    uint64_t due_fired;                         /* due rows that became events */
    uint64_t breaches;                          /* collected by a wrong party: possible data breaches */
    uint64_t purged;                            /* dossiers whose metadata went by time */
    uint64_t audit_forgotten;                   /* audit rows that went by time */
    uint64_t tally_missed;                      /* counts that were not there to be taken from: never, in a sound store */
    uint64_t turns;
    uint64_t commits;
    uint64_t commits_unknown;                   /* failed commits: nobody was answered */
    uint64_t commits_full;                      /* refused by the store for want of room */
    uint64_t conflicts;                         /* batches that were loaded and stepped again */
    uint64_t isolated;                          /* batches whose events were retried one by one */
    uint64_t poison;                            /* events that failed alone: BROKER_INTERNAL */
    uint64_t queries;
    uint64_t audit_records;
    uint64_t audit_folded;                      /* repeated refusals counted in one record */
    uint64_t stalled;                           /* sends that met a full pipe */
    uint64_t gone;                              /* sends to a connection that had ended */
    uint64_t reloads;
    uint64_t reloads_failed;
    uint64_t backups;
    uint64_t backups_failed;
    uint64_t net_strangers;                     /* handshakes with a key that no directory knows */
    uint64_t net_dropped;                       /* messages without a proven key or with an odd routing id */
    uint64_t net_surplus_frames;                /* frames beyond SCH_FRAMES_MAX */
    struct sch_histogram commit_ms;             /* through sch_metrics_commit() */
    struct sch_histogram batch_events;          /* events in one commit */
    struct sch_histogram delivery_ms;           /* stored to settled, by sch_metrics_delivered() */

    /* Gauges: how it stands now. */
    uint64_t sessions;
    uint64_t attached_mailboxes;                /* distinct mailboxes that some session collects */
    uint64_t queue_ready;                       /* unsettled deliveries, not leased */
    uint64_t queue_inflight;                    /* leased */
    uint64_t queue_deferred;                    /* waiting for their back-off */
    uint64_t uploads;                           /* not submitted yet, */
    uint64_t upload_bytes;                      /* and the bytes of their parts */
    uint64_t dossiers;                          /* records that the store holds */
    uint64_t messages;
    uint64_t store_used_bytes;
    uint64_t store_available_bytes;
    uint64_t store_map_bytes;
    uint64_t held;                              /* 1: firing waits for an operator (DESIGN, "Time") */
    uint64_t held_since_ms;                     /* civil; 0: not held */
    uint64_t full;                              /* 1: below the reserve, no new referrals */
    uint64_t draining;                          /* 1: stopping */
    uint64_t store_failed;                      /* 1: the last commit did not succeed */
    uint64_t reload_ok;                         /* 1: the last reload, or the start, succeeded */
    uint64_t directory_not_after_ms;            /* the earliest of all directories; 0: none */
    uint64_t backup_last_ms;                    /* civil; 0: none yet */
    uint64_t started_ms;                        /* civil */
};

/* Counts one rejection. */
void sch_metrics_rejected(struct sch_metrics *metrics, enum sch_error_code code);

/* Counts one commit of `events` events, and how long it took. */
void sch_metrics_commit(struct sch_metrics *metrics, int64_t duration_ms, size_t events);

/* Counts one settled delivery: its state, and the civil milliseconds from stored to now. */
void sch_metrics_delivered(struct sch_metrics *metrics, enum sch_delivery_state state, int64_t age_ms);

/* The place of a code in `rejected`; SCH_METRICS_CODES - 1 for a number outside the list. */
size_t sch_metrics_code_index(enum sch_error_code code);

/* Prometheus text, version 0.0.4. Returns the size that the whole takes, without the NUL; what does not fit
 * in capacity is left out (call with 0 to measure). */
size_t sch_metrics_render(const struct sch_metrics *metrics, char *buffer, size_t capacity);

/* ---- the board ---------------------------------------------------------------------------------- */

/* The last copy that was published, and when. One writer, any readers. */
struct sch_board {
    pthread_mutex_t lock;
    struct sch_metrics metrics;
    int64_t published_ms;               /* monotonic; 0: never */
};

/* Errors: NO_MEMORY. */
int sch_board_init(struct sch_board *board, sch_error *error);
void sch_board_close(struct sch_board *board);

/* Called by the turn's thread after each turn; mono_ms is the time of the copy. */
void sch_metrics_publish(struct sch_board *board, const struct sch_metrics *metrics, int64_t mono_ms);

/* Copies the last one; returns its mono_ms, 0 when nothing was published yet. */
int64_t sch_board_read(struct sch_board *board, struct sch_metrics *metrics);

#endif
