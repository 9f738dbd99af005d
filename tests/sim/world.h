/*
 * world.h: a region in one thread: systems, a network that loses and doubles, a broker that dies.
 *
 * The broker is the real turn on net_sim, store_sim and clock_sim. A *system* is an adapter that keeps to
 * the contract of PROTOCOL.md: it resends the same bytes until it has a receipt, journals its verdicts,
 * and its application skips an id that it has. Everything that happens comes out of one seed. The oracle
 * (oracle*.c) watches what systems see and what the store holds, and knows nothing of broker/core.
 */
#ifndef SCH_SIM_WORLD_H
#define SCH_SIM_WORLD_H

#include "clock_sim.h"
#include "codec.h"
#include "net_sim.h"
#include "prng.h"
#include "store_sim.h"
#include "turn.h"

#define SIM_PARTIES 13                  /* who has a transport key */
#define SIM_SYSTEMS 15                  /* their adapters; two of them run a second one */
#define SIM_BOXES_MAX 2                 /* mailboxes of a party */
#define SIM_MAILBOXES 14                /* of all of them */
#define SIM_COORDINATOR 9               /* of this region */
#define SIM_GOOI_FIRST 12               /* these and later ones are of another region */
#define SIM_MESSAGES_MAX 16384
#define SIM_SLOTS (4 * SIM_MESSAGES_MAX)
#define SIM_DOSSIERS_MAX 1024
#define SIM_EVENTS_MAX 65536
#define SIM_BOOKS 7
#define SIM_RELOADS_MAX 512
#define SIM_HOLDS_MAX 64
#define SIM_DAY_MS INT64_C(86400000)
#define SIM_HOUR_MS INT64_C(3600000)

/* What can go wrong, each switched on at random per seed with a rate of its own: X(NAME, "name"). */
#define SIM_FAULT_LIST(X) \
    X(DROP, "drop") X(TWICE, "duplicate") X(REORDER, "reorder") X(DELAY, "delay") X(CUT, "one-way-cut") \
    X(ROUTER, "router-drops") X(CRASH_BEFORE, "crash-before-commit") X(CRASH_AFTER, "crash-after-commit") \
    X(CRASH_SENT, "crash-after-send") X(KEPT, "commit-unknown-kept") X(LOST, "commit-unknown-lost") \
    X(FULL, "commit-full") X(SHORT, "store-short") X(CONFLICT, "conflict") X(STEP, "clock-step") \
    X(DRIFT, "clock-drift") X(FREEZE, "clock-freeze") X(JUMP, "clock-jump") X(LATE, "late") \
    X(SILENT, "silent") X(MALFORMED, "malformed") X(OVERSIZED, "oversized") X(OLD, "old-version") \
    X(FORGE, "forging") X(RECONNECT, "reconnecting") X(TWIN, "two-adapters") X(RETRY, "retrying") \
    X(REFUSE, "refusing") X(NORMS, "reload-norms") X(REVOKE, "reload-revoked") X(ROTATE, "reload-rotated") \
    X(PERMIT, "reload-permits") X(NOISE, "noise") X(LARGE, "large-letters") X(ASK, "queries") \
    X(DRAIN, "orderly-restart") X(YEARS, "years") X(BACK, "clock-back") X(LEAP, "clock-leap")

#define SIM_X_FAULT(N, s) SIM_FAULT_##N,
enum sim_fault { SIM_FAULT_LIST(SIM_X_FAULT) SIM_FAULTS };

/* A message that a system made: kept for ever, as an outbox keeps it until the receipt. */
struct sim_message {
    struct sch_header header;
    uint8_t *command;
    size_t command_size;
    size_t body_size;                   /* of the second frame; 0: none, or it travels in parts */
    int party;                          /* who sends it */
    int dossier;                        /* of sim.dossier; -1: foreign, or not opened yet */
    bool letter;
    bool wild;                          /* made at random: any rejection is fair */
    bool receipted, rejected;
    bool promised;                      /* a receipt was sent, whether it arrived or not */
    uint32_t code;                      /* of the rejection */
    uint32_t part_count;                /* 0: not in parts */
    struct sch_id upload;
    uint64_t sequence;
    int64_t made_ms, stored_ms;
    /* Per recipient, in header order without the sender: */
    struct sch_address to[SCH_RECIPIENTS_MAX];
    size_t to_count;
    unsigned handled[SCH_RECIPIENTS_MAX];       /* times that the application took it in */
    bool seen[SCH_RECIPIENTS_MAX];              /* delivered at least once since the broker's last start */
    enum sch_wire_verdict verdict[SCH_RECIPIENTS_MAX];  /* in the journal; 0: none */
    unsigned retries[SCH_RECIPIENTS_MAX];
    uint32_t fetched[SCH_RECIPIENTS_MAX];       /* parts taken in so far */
    uint32_t missing;                   /* what the creditor finds lacking on opening */
};

/* Where a life is, as whoever treats believes. */
enum sim_stage { SIM_SENT = 0, SIM_ACCEPTED, SIM_PLANNED, SIM_DONE, SIM_TREATED, SIM_ENDED, SIM_OVER, SIM_STAGES };

struct sim_dossier {
    struct sch_id id;
    enum sch_kind kind;                 /* of the opening message */
    int opening;                        /* its message */
    int referrer, receiver, creditor;   /* mailboxes, by number */
    int copy[SCH_COPIES_MAX];
    size_t copy_count;
    enum sim_stage stage;
    bool begun;                         /* the receiver took it in */
    int64_t last_sequence[SIM_MAILBOXES];
};

struct sim_mailbox {
    struct sch_address address;
    int party;
    enum sch_party_kind kind;
};

struct sim_system {
    int party;
    long peer;                          /* of net_sim; -1: not connected */
    bool welcomed;
    struct sch_id instance;
    int64_t busy_ms[2];                 /* when the last frame on its way arrives, to and from the broker */
    int64_t cut_ms[2];                  /* the way is cut until then */
};

enum sim_event_type {
    SIM_TO_BROKER, SIM_TO_SYSTEM, SIM_CONNECT, SIM_LEAVE, SIM_OPEN, SIM_LIVE, SIM_SAY, SIM_NOISE, SIM_RELOAD,
    SIM_TIME, SIM_CONFIRM, SIM_ROOM
};
struct sim_event {
    int64_t at_ms;
    uint64_t order;                     /* ties are broken by this: a run is a function of its seed */
    enum sim_event_type type;
    int system;
    long peer;
    uint8_t *bytes;
    size_t size, body_size, frames;
    int dossier;
    int sender;                         /* mailbox */
    enum sch_kind kind;
    int subject;                        /* message */
    int64_t number;                     /* SIM_TIME: how far; SIM_RELOAD: which book */
};

/* The state table's cells that real turns reached, over all seeds. */
struct sim_cells {
    uint64_t submit[SCH_KIND_COUNT][SCH_PHASE_COUNT];
    uint64_t other[12][SCH_PHASE_COUNT];
};

/* What a run leaves out: fault classes, a bit each; faults after so many events; all after so many. 0: nothing. */
struct sim_limits {
    uint64_t without, life, until;
};

struct sim {
    struct sch_prng prng;               /* of the life */
    struct sch_prng chance[SIM_FAULTS]; /* of each class: one that is switched off takes no draw from another */
    unsigned rate[SIM_FAULTS];          /* in thousandths; 0: off */
    bool healing;
    struct sch_net *net;
    struct sch_store *store;
    struct sch_clock *clock;
    struct sch_metrics metrics;
    struct sch_turn *turn;
    int book;                           /* which is in force */
    struct {
        int64_t at_ms;
        int book;
    } reload[SIM_RELOADS_MAX];          /* by the broker's clock */
    size_t reload_count;
    struct sim_system system[SIM_SYSTEMS];
    struct sim_mailbox mailbox[SIM_MAILBOXES];
    struct sim_message *message;
    size_t message_count;
    uint16_t by_id[SIM_SLOTS];          /* messages, by a hash of their ids; 0: none, else its number and 1 */
    struct sim_dossier *dossier;
    size_t dossier_count;
    struct sch_id group;                /* of parallel referrals */
    int group_left, group_sender;
    struct sim_event *event;            /* a binary heap by (at_ms, order) */
    size_t event_count;
    uint64_t order, performed;          /* events */
    struct sim_limits limits;
    bool stopped;                       /* before its end, by a limit */
    int64_t start_ms, now_ms, end_ms;   /* true time */
    int64_t offset_ms;                  /* of the broker's civil clock */
    int64_t frozen_ms;                  /* its civil clock stands still until then */
    int64_t drift_ppm, drift_left;
    int64_t believed_ms;                /* the latest civil time that the broker went by, as far as is known */
    struct {
        int64_t from_ms, to_ms;
    } held[SIM_HOLDS_MAX];              /* when it did not believe its clock, by its own time */
    size_t held_count;
    bool confirming, drained;
    struct sch_arena arena;
    uint64_t turns, crashes, lost, doubled, resent, duplicates, redelivered, alerts, hash, forged, asked, purged;
    uint64_t parts, silences;
    uint64_t look_turns;                /* when the store is looked into next */
    unsigned violations;
    char first_violation[320];
};

/* Notes that a promise was broken; the first is printed with the seed. */
void sim_violation(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* seed.c: one seed, from beginning to end. Between the two the outcome stands in *sim. */
void sim_life(struct sim *sim, uint64_t seed, const struct sim_limits *limits);
void sim_life_close(struct sim *sim);

/* shrink.c: the least that still goes wrong, and the command that runs it. */
void sim_shrink(struct sim *sim, uint64_t seed);

/* queue.c: what is to happen. */
void sim_schedule(struct sim *sim, struct sim_event event);
struct sim_event sim_next(struct sim *sim);
static inline int64_t sim_later(struct sim *sim, int64_t span_ms)
{
    return sim->now_ms + 1 + (int64_t)sch_prng_below(&sim->prng, (uint64_t)span_ms);
}

/* faults.c: what goes wrong. */
void sim_faults_draw(struct sim *sim, uint64_t allowed);        /* a bit for each class that may be on */
void sim_faults_begin(struct sim *sim);
void sim_faults_end(struct sim *sim);   /* from now on nothing does */
bool sim_fails(struct sim *sim, enum sim_fault fault);
bool sim_is_on(const struct sim *sim, enum sim_fault fault);
bool sim_clock_is_right(const struct sim *sim);                 /* from beginning to end */
uint64_t sim_below(struct sim *sim, enum sim_fault fault, uint64_t limit);
const char *sim_fault_name(enum sim_fault fault);
void sim_network(struct sim *sim, enum sim_event_type way, int system, struct sch_bytes bytes, size_t body_size,
                 size_t frames);
void sim_time(struct sim *sim, const struct sim_event *event);
void sim_confirm(struct sim *sim);
int64_t sim_broker_ms(const struct sim *sim);
void sim_room(struct sim *sim);
void sim_reload(struct sim *sim, const struct sim_event *event);
/* True time passes, and the broker's clock as well as it can. */
void sim_pass(struct sim *sim, int64_t until_ms);

/* books.c: directories, norms and permits as they change. */
enum sim_book { SIM_BOOK_PLAIN = 0, SIM_BOOK_NORMS, SIM_BOOK_PERMITS, SIM_BOOK_ROTATED, SIM_BOOK_REVOKED };
void sim_books_open(void);
void sim_books_close(void);
const struct sch_book *sim_book(int number);
/* Whose transport key this book revokes; -1: nobody's. */
int sim_book_revokes(int number);

/* broker.c: the broker's life and deaths. */
void sim_broker_start(struct sim *sim);
void sim_broker_turn(struct sim *sim);
void sim_broker_die(struct sim *sim, const char *when); /* and starts again at once */
void sim_broker_until(struct sim *sim, int64_t at_ms);

/* system.c: adapters. */
#define SIM_FORGED_REQUEST 9            /* must be rejected, whatever it asks */
#define SIM_FOREIGN_REQUEST 10          /* must be rejected as if there were no such dossier */
#define SIM_UNKNOWN_REQUEST 20          /* and the verdict: of a message that is not there */
void sim_systems_init(struct sim *sim);
void sim_system_connect(struct sim *sim, int system);
void sim_system_leave(struct sim *sim, int system);
void sim_system_receive(struct sim *sim, const struct sim_event *event);
#define SIM_SUBMIT_REQUEST 2
bool sim_is_passing(uint32_t code);             /* a rejection that decides nothing about the message */
void sim_say(struct sim *sim, int system, const struct sch_command *command, size_t body_size);
int sim_adapter(const struct sim *sim, int party);      /* one that is welcomed; -1: none */
const char *sim_key_id(int party);
bool sim_is_silent(const struct sim *sim, int party);

/* message.c: what parties say to each other, by DOMAIN's tables. */
int sim_message_find(const struct sim *sim, const struct sch_id *id);
int sim_dossier_find(const struct sim *sim, const struct sch_id *id);
int sim_mailbox_find(const struct sim *sim, const char *address);
/* Members of the dossier that a message of this kind by this mailbox reaches; header gets them. subject: message. */
bool sim_address(const struct sim *sim, const struct sim_dossier *dossier, int sender, int subject,
                 struct sch_header *header);
void sim_facts(struct sim *sim, struct sch_header *header);
/* Writes a message into the outbox and sends it, when its party is connected. Returns it; -1: no more room. */
int sim_make(struct sim *sim, int sender, int dossier, struct sch_header *header, bool wild);
/* A message of this kind on this dossier by this mailbox; subject: a message, -1: none or whichever fits. */
int sim_tell(struct sim *sim, int dossier, int sender, enum sch_kind kind, int subject, bool wild);
void sim_submit(struct sim *sim, int index);
void sim_part(struct sim *sim, int index, uint32_t part);
bool sim_has_letter(enum sch_kind kind);

/* life.c and reaction.c: why they say it. */
int sim_open(struct sim *sim, enum sch_kind kind, int sender, int receiver, int parent, int follows, bool wild);
void sim_open_any(struct sim *sim);
void sim_live(struct sim *sim, const struct sim_event *event);
void sim_react(struct sim *sim, int mailbox, int message);
void sim_turned_down(struct sim *sim, int mailbox, int message);        /* by the mailbox's system */

/* noise.c: what nobody should say, and whoever tries. */
void sim_noise(struct sim *sim);
void sim_liberty(struct sim *sim);              /* permits allow everything to everybody */
void sim_visit(struct sim *sim, int system);    /* while an adapter is there */

/* cells.c: coverage, and the trace. */
extern struct sim_cells sim_cells;
extern bool sim_tracing;
void sim_trace(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_cell_unknown(enum sch_wire_verdict verdict);
/* How many cells no turn reached; named on stdout when `name`. */
unsigned sim_cells_unreached(bool name);

/* oracle.c, oracle_store.c, oracle_ledger.c: what must hold. */
void sim_oracle_sent(struct sim *sim, int system, struct sch_bytes reply);
void sim_oracle_store(struct sim *sim);
void sim_oracle_ledger(struct sim *sim);
void sim_oracle_end(struct sim *sim);

#endif
