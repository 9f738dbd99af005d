/*
 * stage.h: the real turn on a stage: fake net, store and clock, while a test plays the peers.
 *
 * The stage runs the turn until it would sleep, lets time pass with a turn at each moment for which the
 * broker
 * would wake, and sorts what it says: the answer to a command is returned, deliveries and statuses are kept.
 * Nothing is lost or delayed here (the simulator does that). The region is region_sim.h's.
 */
#ifndef SCH_TEST_STAGE_H
#define SCH_TEST_STAGE_H

#include "clock_sim.h"
#include "codec.h"
#include "net_sim.h"
#include "region_sim.h"
#include "store_sim.h"
#include "turn.h"

#define STAGE_HELD_MAX 512
#define STAGE_LETTER 512                /* padded bytes of a letter whose size does not matter */

/* A delivery that a peer received. */
struct stage_delivery {
    size_t peer;
    struct sch_address mailbox;
    struct sch_header header;
    uint64_t sequence;
    int64_t stored_ms;
    size_t body_size;
    bool redelivered;
    bool settled;                       /* the test's own mark */
};

struct stage_status {
    size_t peer;
    struct sch_id message;
    struct sch_address mailbox;
    enum sch_delivery_state state;
};

struct stage {
    struct sch_net *net;
    struct sch_store *store;
    struct sch_clock *clock;
    const struct sch_book *book;        /* borrowed */
    struct sch_metrics metrics;
    struct sch_turn_options options;    /* of the next start */
    struct sch_turn *turn;              /* NULL: the broker does not run */
    int turn_code;                      /* what the last turn returned; not SCH_OK: the broker must stop */
    struct sch_prng prng;
    struct sch_arena arena;             /* of the last answer */
    struct sch_net_sim_message answer;  /* its bytes */
    uint64_t request;
    struct stage_delivery delivery[STAGE_HELD_MAX];
    size_t delivery_count;
    struct stage_status status[STAGE_HELD_MAX];
    size_t status_count;
};

/* A message as an outbox keeps it: these very bytes are sent, and sent again. */
struct stage_message {
    struct sch_header header;
    uint8_t command[SCH_COMMAND_SIZE_MAX];
    size_t command_size;
    size_t body_size;
};

/* A broker that runs at civil_ms on an empty store. */
void stage_open(struct stage *stage, const struct sch_book *book, int64_t civil_ms);
void stage_close(struct stage *stage);

/* The process dies: every connection and all that is volatile go, the store stays; and starts anew. */
void stage_stop(struct stage *stage);
void stage_start(struct stage *stage);

int64_t stage_now_ms(const struct stage *stage);

/* Turns, until there is nothing to do at this moment. */
void stage_run(struct stage *stage);

/* Time passes, with turns at each moment for which the broker wakes. */
void stage_pass(struct stage *stage, int64_t ms);

/* A new connection that says nothing yet; and one that has said hello and was welcomed. instance tells
 * installations of one key apart. */
size_t stage_connect(struct stage *stage, const char *key_id);
size_t stage_enter(struct stage *stage, const char *key_id, uint8_t instance);

/* Says something without a turn. Returns its request number (the command's own, when it has one). */
uint64_t stage_say(struct stage *stage, size_t peer, struct sch_command *command);
void stage_send(struct stage *stage, size_t peer, const struct stage_message *message);

/* The next answer to this peer that is neither delivery nor status; false: none. Valid until the next call.
 * */
bool stage_take(struct stage *stage, size_t peer, struct sch_reply *reply);
/* Takes all that was sent to this peer: deliveries and statuses are kept, answers dropped. */
void stage_drain(struct stage *stage, size_t peer);

/* Says it, runs, and takes the answer to it. False: nobody answered. */
bool stage_ask(struct stage *stage, size_t peer, struct sch_command *command, struct sch_reply *reply);
bool stage_submit(struct stage *stage, size_t peer, const struct stage_message *message,
                  struct sch_reply *reply);
bool stage_settle(struct stage *stage, size_t peer, const char *mailbox, const struct sch_id *message,
                  enum sch_wire_verdict verdict, struct sch_reply *reply);

/* Attaches to one mailbox (NULL: to none). Deliveries are kept once they are taken. */
bool stage_attach(struct stage *stage, size_t peer, const char *mailbox, uint32_t credit,
                  struct sch_reply *reply);

/* Writes a message: id (when the header has none), seal and command. letter_size 0: without a letter. */
void stage_write(struct stage *stage, struct stage_message *message, const struct sch_header *header,
                 size_t letter_size);

/* A referral of one named party to another, with all that it needs. */
void stage_referral(struct stage *stage, struct stage_message *message, const char *from, const char *to);

/* The date of today, plus days, as yyyymmdd. */
int64_t stage_date(const struct stage *stage, int days);

/* A message on a dossier, addressed as PROTOCOL.md demands; opening is the header that opened the dossier. A
 * CORRECTION goes where the message went that it corrects: its caller must say so. */
struct sch_header stage_header(const struct sch_header *opening, enum sch_kind kind, const char *from);

#endif
