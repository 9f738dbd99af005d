/*
 * world.h: a region in one thread: systems, a network that loses and doubles, a broker that dies.
 *
 * The broker is the real turn on net_sim, store_sim and clock_sim. A *system* is an adapter that keeps to
 * the contract of PROTOCOL.md: it resends the same bytes until it has a receipt, journals its verdicts,
 * and its application skips an id that it has. Everything that happens comes out of one seed. The oracle
 * (oracle.c) watches what systems see and what the store holds, and knows nothing of broker/core.
 */
#ifndef SCH_SIM_WORLD_H
#define SCH_SIM_WORLD_H

#include "clock_sim.h"
#include "codec.h"
#include "net_sim.h"
#include "prng.h"
#include "store_sim.h"
#include "turn.h"

#define SIM_SYSTEMS 8
#define SIM_MAILBOXES 3
#define SIM_MESSAGES_MAX 4096
#define SIM_DOSSIERS_MAX 512
#define SIM_EVENTS_MAX 65536
#define SIM_DAY_MS INT64_C(86400000)

/* A message that a system made: kept for ever, as an outbox keeps it until the receipt. */
struct sim_message {
    struct sch_header header;
    uint8_t command[SCH_COMMAND_SIZE_MAX];
    size_t command_size;
    size_t body_size;
    int system;
    bool receipted, rejected;
    uint32_t code;                      /* of the rejection */
    uint64_t sequence;
    int64_t made_ms, stored_ms;
    /* Per recipient, in header order without the sender: */
    struct sch_address to[SCH_RECIPIENTS_MAX];
    size_t to_count;
    unsigned handled[SCH_RECIPIENTS_MAX];       /* times that the application took it in */
    bool seen[SCH_RECIPIENTS_MAX];              /* delivered at least once since the broker's last start */
    bool settled[SCH_RECIPIENTS_MAX];           /* in the journal as collected */
    bool confirmed[SCH_RECIPIENTS_MAX];         /* the broker answered the settlement */
};

/* What the receiver of a referral will do, in days after it collected; 0: never. */
struct sim_plan {
    int decide, appoint, no_show, report, start, end, discharge, take_up;
    bool refuse, withhold;
};

struct sim_dossier {
    struct sch_id id;
    int referral;                       /* index of its message */
    int receiver;                       /* system */
    struct sim_plan plan;
    bool planned;
};

struct sim_system {
    const char *key_id;
    struct sch_address mailbox[SIM_MAILBOXES];
    size_t mailbox_count;
    enum sch_party_kind kind;
    long peer;                          /* of net_sim; -1: not connected */
    bool welcomed;
    struct sch_id instance;
    int64_t last_sequence[SIM_DOSSIERS_MAX][SIM_MAILBOXES];     /* order per mailbox and dossier */
};

enum sim_event_type {
    SIM_TO_BROKER, SIM_TO_SYSTEM, SIM_CONNECT, SIM_LEAVE, SIM_REFER, SIM_ACT, SIM_CRASH, SIM_WAKE
};
struct sim_event {
    int64_t at_ms;
    uint64_t order;                     /* ties are broken by this: a run is a function of its seed */
    enum sim_event_type type;
    int system;
    long peer;
    uint8_t *bytes;
    size_t size, body_size;
    int dossier;
    enum sch_kind kind;
    int about;                          /* day that a fact names, relative to now */
};

/* Rates of this seed, in thousandths. */
struct sim_faults {
    unsigned drop, twice, delay, crash, unknown, conflict, lazy;
};

struct sim {
    struct sch_prng prng;
    struct sim_faults faults;
    bool healing;
    struct sch_net *net;
    struct sch_store *store;
    struct sch_clock *clock;
    struct sch_book *book;
    struct sch_metrics metrics;
    struct sch_turn *turn;
    struct sim_system system[SIM_SYSTEMS];
    struct sim_message *message;
    size_t message_count;
    struct sim_dossier dossier[SIM_DOSSIERS_MAX];
    size_t dossier_count;
    struct sim_event *event;            /* a binary heap by (at_ms, order) */
    size_t event_count;
    uint64_t order;
    int64_t now_ms, end_ms;
    struct sch_arena arena;
    uint64_t turns, crashes, lost, doubled, resent, duplicates, redelivered, alerts, hash;
    unsigned violations;
    char first_violation[256];
};

/* Notes that a promise was broken; the first is printed with the seed. */
void sim_violation(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

void sim_schedule(struct sim *sim, struct sim_event event);

/* system.c: what systems do. */
void sim_systems_init(struct sim *sim);
void sim_system_connect(struct sim *sim, int system);
void sim_system_leave(struct sim *sim, int system);
void sim_system_receive(struct sim *sim, const struct sim_event *event);
void sim_refer(struct sim *sim, int system, const struct sch_id *follows);
void sim_act(struct sim *sim, const struct sim_event *event);
void sim_network(struct sim *sim, enum sim_event_type way, int system, struct sch_bytes bytes, size_t body_size);

/* oracle.c: what must hold. */
void sim_oracle_sent(struct sim *sim, int system, struct sch_bytes reply);
void sim_oracle_store(struct sim *sim);
void sim_oracle_end(struct sim *sim);

/* The message with this id; -1: none of ours (a message of the broker). */
int sim_message_find(const struct sim *sim, const struct sch_id *id);

#endif
