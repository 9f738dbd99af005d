/*
 * broker_fake.h: a broker in a thread, over a real loopback ROUTER with CURVE and ZAP, that misbehaves on
 * order.
 *
 * It stores submissions in memory, answers, and offers what a test gives it; it judges nothing. One session
 * at a time. Every field below the lock is read and written with sch_fake_lock() held.
 */
#ifndef SCH_TEST_BROKER_FAKE_H
#define SCH_TEST_BROKER_FAKE_H

#include <pthread.h>

#include "client_world.h"
#include "codec.h"

#define FAKE_MESSAGES 512
#define FAKE_UPLOADS 4

struct sch_fake_upload {
    struct sch_id id;                   /* none: free */
    size_t count;
    uint8_t *part[SCH_PARTS_MAX];       /* NULL: not there */
    size_t size[SCH_PARTS_MAX];
};

struct sch_fake_message {
    struct sch_id id;
    uint8_t hash[32];
    struct sch_address mailbox;         /* whose it is when offered */
    uint8_t *header, *seal, *body;
    size_t header_size, seal_size, body_size;
    size_t part_count;                  /* 0: the body goes with the delivery */
    bool offer;                         /* to be delivered */
    unsigned offered_in;                /* session; 0: not yet */
    bool redelivered;
    bool settled;
};

struct sch_fake_broker {
    const struct sch_client_world *world;
    char endpoint[64];
    pthread_t thread;
    void *context;
    pthread_mutex_t lock;
    /* What it is to do. */
    bool stop;
    bool bounce;                        /* close the socket and bind again: every session is lost */
    bool deaf;                          /* no socket at all */
    bool refuse_keys;                   /* ZAP 400 to everyone */
    enum sch_error_code refuse_hello;
    enum sch_error_code reject;         /* submissions */
    unsigned reject_count;
    enum sch_kind reject_only;          /* this kind; unspecified: all */
    unsigned lose_receipts;             /* stores, but does not answer */
    bool lose_settled;                  /* takes settlements, but does not answer */
    bool no_parts;                      /* welcomes like a broker that takes no large bodies */
    bool forget_uploads;                /* as if they were older than a day */
    enum sch_error_code reject_part;    /* what the next reject_parts parts are answered with */
    unsigned reject_parts;
    unsigned cut_after;                 /* bounce instead of taking the n-th part from now; 0: never */
    unsigned mute_after;                /* give no part from the n-th from now on; 0: give all */
    enum sch_error_code reject_fetch;   /* what the next fetch is answered with; SCH_OK: nothing */
    unsigned spoil_fetch;               /* the n-th part from now is given with a bit flipped */
    const struct sch_passed_row *passed;        /* what it answers that passed */
    size_t passed_count;
    unsigned flood;                     /* deliveries of made-up messages to be sent at once */
    /* What it saw. */
    unsigned sessions, submits, duplicates, attaches, settles, directories, other_bytes;
    unsigned farewells;                 /* attached to no mailbox */
    unsigned parts_asked, parts, parts_again, fetches;
    struct sch_fake_upload upload[FAKE_UPLOADS];
    struct sch_command last_settle;
    struct sch_fake_message message[FAKE_MESSAGES];
    size_t message_count;
};

/* Starts it on a free port. */
void sch_fake_start(struct sch_fake_broker *broker, const struct sch_client_world *world);
void sch_fake_stop(struct sch_fake_broker *broker);

void sch_fake_lock(struct sch_fake_broker *broker);
void sch_fake_unlock(struct sch_fake_broker *broker);

/* Puts the index-th submitted message, or one of these bytes, into a mailbox. */
void sch_fake_offer(struct sch_fake_broker *broker, size_t index, const char *mailbox);
void sch_fake_put(struct sch_fake_broker *broker, const char *mailbox, struct sch_bytes header,
                  struct sch_bytes seal, struct sch_bytes body);

#endif
