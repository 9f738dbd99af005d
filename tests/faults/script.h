/*
 * script.h: short lives of a region, played by patient clients on the real turn and the real LMDB store.
 *
 * Whoever gets no answer, or is told to come again, says the same once more; when the broker stops with an error,
 * somebody starts it. What came out of it all is kept as text, without what may differ for the delay, so that a life
 * with a fault can be compared with one without. Must not know: which call fails.
 */
#ifndef SCH_TEST_SCRIPT_H
#define SCH_TEST_SCRIPT_H

#include "stage.h"

#define SCRIPT_TEXT_MAX 65536
#define SCRIPT_PARTIES_MAX 8
#define SCRIPT_RECEIPTS_MAX 64

/* What a client was told, and may rely on from then on. */
struct script_receipt {
    struct stage_message message;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    uint64_t sequence;
    int64_t stored_ms;
    size_t party;
};

struct script_party {
    const char *name;
    const char *mailbox;                /* attached to; NULL: to none */
    size_t peer;
    bool entered;
};

struct script {
    struct stage stage;
    struct script_party party[SCRIPT_PARTIES_MAX];
    size_t party_count;
    struct script_receipt receipt[SCRIPT_RECEIPTS_MAX];
    size_t receipt_count;
    struct sch_id settled[SCRIPT_RECEIPTS_MAX]; /* a message is taken once, though it be offered twice */
    size_t settled_count;
    bool migrates;                      /* the store is opened as it is, of an older schema */
    bool forgotten;                     /* the years took what was sent: it is not sent again */
    size_t stops;                       /* times that the broker stopped with an error, or did not start */
    char text[SCRIPT_TEXT_MAX];         /* what came out of it */
    size_t text_size;
    char wrong[512];                    /* the first thing that must not be; empty: nothing */
};

struct script_scene {
    const char *name;
    void (*play)(struct script *script);
};
extern const struct script_scene script_scenes[];
extern const size_t script_scene_count;

/* Plays a scene on a stage that is open and was not yet played on. Then, with no more faults: time passes, the store is
 * checked, the broker is started anew, and everything that has a receipt is sent again. */
void script_run(struct script *script, const struct script_scene *scene);

/* ---- for scenes (script.c) ---------------------------------------------------------------------- */

/* A party at work from now on; mailbox true: it collects its own. */
size_t script_enter(struct script *script, const char *name, bool mailbox);

/* Sends until it is answered; a receipt is kept. */
void script_send(struct script *script, size_t party, const struct stage_message *message);
/* Says a command, perhaps with bytes, until it is answered; writes down what kind of answer came. The answer is valid
 * until the next call. */
const struct sch_reply *script_ask(struct script *script, size_t party, const struct sch_command *command,
                                   struct sch_bytes bytes);

/* Settles so many messages that wait for this party, as they come. */
void script_collect(struct script *script, size_t party, size_t count, enum sch_wire_verdict verdict);

/* Time passes; when the broker stops meanwhile, it is started and the rest passes. */
void script_pass(struct script *script, int64_t ms);

/* The process ends and starts again, on the store as it opens anew. */
void script_restart(struct script *script);

/* What an operator asks about mailboxes, until it is done. */
void script_operate(struct script *script, enum sch_control_request request, const char *argument);

/* A backup beside the broker's work, which is verified and thrown away. */
void script_back_up(struct script *script);

/* The rows of this file come into the store, and the broker starts when they are migrated. */
void script_migrate(struct script *script, const char *path);

void script_say(struct script *script, const char *format, ...) __attribute__((format(printf, 2, 3)));
void script_fail(struct script *script, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
