/*
 * party.h: what the sending and the receiving program of the crash test share: an application on libscharnier
 * that notes, durably, everything it was told.
 *
 * Files in its directory, one line each; those marked * are synced before anything follows from them:
 *   application *   message id, kind: what the application has; its own transaction
 *   receipts *      key, message id, dossier, and new | duplicate (for the broker) | known (to the outbox)
 *   rejected *      key, error
 *   skipped         message id: handed out once more after a crash, and recognised
 *   settled         message id: its verdict is durable in libscharnier's journal
 *   again           message id: handed out twice in one life of the process, or after its verdict was
 *                   durable, which must never happen
 *   resettled       one line per message that the journal of verdicts kept from being handed out again
 *   status          how many messages the outbox holds
 */
#ifndef SCH_CRASH_PARTY_H
#define SCH_CRASH_PARTY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <scharnier/client.h>

#define CRASH_SEEN_MAX (1u << 17)
#define CRASH_KEY_SIZE 64
#define CRASH_ID_TEXT_SIZE (2 * SCH_ID_SIZE + 1)

#define CRASH_VERDICTS_MAX 64           /* more wait for no sync; what does not fit is not asserted */

enum crash_seen { CRASH_RETRIED = 1, CRASH_STORED = 2, CRASH_THIS_LIFE = 4, CRASH_SETTLED = 8 };

struct crash_slot {
    struct sch_id id;
    unsigned seen;                      /* bits of enum crash_seen; 0: the slot is free */
};

struct crash_party {
    sch_client *client;
    int application, receipts, rejected, skipped, settled, again, resettled, status;
    size_t outbox_shown;
    bool short_of_disk;                 /* at the last step */
    struct sch_id verdict[CRASH_VERDICTS_MAX];      /* given since the journal was synced */
    size_t verdict_count;
    struct crash_slot *slots;
    size_t slot_count;
};

/* Set by SIGTERM: stop; by SIGUSR1: send nothing new. */
extern volatile sig_atomic_t crash_stopping, crash_draining;

/* Opens files and client, reads what the application has, attaches on_msg (context: the party) and installs
 * the signal handlers. False: said on stderr. */
bool crash_party_open(struct crash_party *party, const char *config, const char *dir, sch_on_msg *on_msg);
void crash_party_close(struct crash_party *party);

/* One turn of the loop, at most 10 ms; false: libscharnier gave up. A full disk is waited for. */
bool crash_party_step(struct crash_party *party);

/* The application's own transaction for a message: appends its id durably, or recognises it. */
void crash_party_store(struct crash_party *party, const sch_msg *msg);

/* True the first time in this life, for one message in eight: the application has a bad moment. */
bool crash_party_hesitates(struct crash_party *party, const struct sch_id *id);

/* Posts a draft under a key and frees it; the point "posted" follows. Fills *receipt. False: not now. */
bool crash_party_post(struct crash_party *party, sch_draft *draft, const char *key, sch_receipt *receipt);

/* A draft about the dossier of a REFERRAL; never NULL. */
sch_draft *crash_party_draft(struct crash_party *party, enum sch_kind kind,
                             const struct sch_header *referral);

/* A key of the letter and a message's id, at most CRASH_KEY_SIZE bytes: the same again after a crash. */
void crash_key(char key[CRASH_KEY_SIZE], const char *prefix, const struct sch_id *id);
void crash_id_text(const struct sch_id *id, char text[CRASH_ID_TEXT_SIZE]);

/* Appends a line; aborts when that fails, since the test's books would be wrong. */
void crash_note(int fd, bool durable, const char *format, ...) __attribute__((format(printf, 3, 4)));
int crash_book(const char *dir, const char *name);

/* The date yyyymmdd, days from today by the broker's clock. */
int64_t crash_date(const struct crash_party *party, int days);

#endif
