/*
 * step.h: record in, record out. The one door of the core.
 *
 * A step takes the world (read-only), one dossier and one authenticated event; it changes the dossier and
 * says in `effects` what must be stored, delivered, answered and written down. A rejected step leaves the
 * dossier untouched, and its effects hold the rejection only. It keeps nothing, allocates nothing, reads
 * no clock; the same three arguments always give the same result.
 *
 * Example: SUBMIT of an INTAKE_REPORT on a dossier in INTAKE_PRESUMED gives STORE, DELIVER (creditor and
 * each copy), OPEN (E1 of each), CLOSE (E6), PHASE (INTAKE_DONE), RECEIPT.
 */
#ifndef SCH_CORE_STEP_H
#define SCH_CORE_STEP_H

#include <scharnier/directory.h>
#include <scharnier/error.h>
#include <scharnier/types.h>

#include "dossier.h"
#include "norm.h"
#include "permit.h"

/* What holds for every event of a turn. */
struct sch_world {
    int64_t now_ms;                     /* civil, UTC */
    int64_t e1_from_ms;                 /* no step of an E1 fires before (15 minutes after a start) */
    int64_t expire_from_ms;             /* nothing expires before (the same, and after a confirmed time) */
    const struct sch_norms *norms;
    const struct sch_permits *permits;
    bool full;                          /* below the reserve: no new dossiers */
    uint64_t sequence;                  /* the next one; effects use it and those after it */
};

enum sch_event_type {
    SCH_EVENT_SUBMIT = 1,               /* a party's message */
    SCH_EVENT_COLLECT,                  /* the recipient's system settled a delivery as collected */
    SCH_EVENT_REFUSE,                   /* ... as refused */
    SCH_EVENT_EXHAUST,                  /* ... as "retry" too often */
    SCH_EVENT_DUE,                      /* sch_dossier_next_due() has passed */
    SCH_EVENT_FOLLOW,                   /* a REFERRAL says that it follows this dossier */
    SCH_EVENT_FORWARD,                  /* a REFERRAL names this dossier as its parent */
    SCH_EVENT_SIBLING,                  /* treatment began in a dossier of the same group */
    SCH_EVENT_TYPE_COUNT
};

/* The message that header.subject names, from its row. */
struct sch_subject {
    bool known;
    struct sch_id dossier;
    enum sch_kind kind;
    struct sch_address sender;          /* empty: the broker */
    bool collected;                     /* by any of its recipients */
};

struct sch_event {
    enum sch_event_type type;
    /* SUBMIT: resolved from the directory; NULL: the address is unknown. sender is proven by the key. */
    const struct sch_header *header;
    const struct sch_party *sender;
    const struct sch_party *receiver;
    const struct sch_party *copy[SCH_COPIES_MAX];
    const struct sch_party *creditor;   /* REFERRAL that names one */
    const struct sch_dossier *origin;   /* what parent or follows names; NULL: there is no such dossier */
    size_t group_count;                 /* dossiers already in header.group, by the same referrer */
    struct sch_subject subject;
    bool id_in_use;                     /* another message has this id; a resend never comes this far */
    bool has_body;
    bool gp_key;                        /* the signing key is marked `gp` */
    uint64_t kenmerk;                   /* for the dossier that this message opens */
    /* COLLECT, REFUSE, EXHAUST: which delivery, by whom. FOLLOW, FORWARD: message is the new REFERRAL, and
     * taken_back says that it was entered in error; SIBLING: the TREATMENT_START, and origin its dossier.
     * sender is who sent it. */
    struct sch_id message;
    struct sch_address mailbox;
    bool taken_back;                    /* FOLLOW, FORWARD */
    uint32_t missing_sections;          /* COLLECT */
    enum sch_system_refusal refusal;    /* REFUSE */
    /* DUE: deliveries under a running lease, which do not expire now. */
    const struct sch_id *leased;
    size_t leased_count;
};

enum sch_effect_type {
    SCH_EFFECT_REJECT = 1,              /* code, field */
    SCH_EFFECT_RECEIPT,                 /* warnings; sequence */
    SCH_EFFECT_STORE,                   /* keep the submitted message; sequence */
    SCH_EFFECT_MAKE,                    /* keep a broker's message: made; message, member (to), sequence */
    SCH_EFFECT_DELIVER,                 /* lay `message` in member's mailbox; kind, sequence, sender */
    SCH_EFFECT_REMOVE,                  /* take it out: state, code; message, member, sequence */
    SCH_EFFECT_DESTROY,                 /* the body of `message`: nobody waits for it any more */
    SCH_EFFECT_SETTLED,                 /* answer: message, member, state; state 0: settled before, and the
                                           message's row knows how */
    SCH_EFFECT_STATUS,                  /* tell member `sender`, if attached: message, member, state */
    SCH_EFFECT_PHASE,                   /* the dossier moved: phase; at most one per step */
    SCH_EFFECT_OPEN,                    /* instance */
    SCH_EFFECT_MOVE,                    /* instance, still owed: with a new due, or INCOMPLETE now */
    SCH_EFFECT_CLOSE,                   /* instance, with its standing */
    SCH_EFFECT_REOPEN,                  /* instance that was closed and is owed again, OPEN or INCOMPLETE */
    SCH_EFFECT_ALERT,                   /* instance, with its step */
    SCH_EFFECT_SNOOZE,                  /* instance, with its snoozed_ms */
    SCH_EFFECT_BREACH,                  /* `message`, of this kind, went to a wrong party; member: who
                                           collected it */
    SCH_EFFECT_FOLLOW,                  /* step dossier `message` with an event of type `event`, now:
                                           taken_back or not */
    SCH_EFFECT_SIBLINGS,                /* step the others of group `message` with SIBLING, now */
    SCH_EFFECT_PURGE                    /* delete this dossier: record, messages, indexes and trail */
};

/* A message that the broker itself makes. */
struct sch_made {
    enum sch_kind kind;                 /* REMINDER or DELIVERY_REPORT */
    struct sch_id subject;
    uint8_t expectation;
    enum sch_ladder step;
    enum sch_cause cause;
    uint8_t about;                      /* DELIVERY_REPORT: the member that did not collect */
};

struct sch_effect {
    enum sch_effect_type type;
    struct sch_id message;              /* or, for FOLLOW, the dossier */
    uint64_t sequence;
    enum sch_kind kind;
    uint8_t member;
    uint8_t sender;
    enum sch_event_type event;          /* FOLLOW */
    bool taken_back;                    /* FOLLOW */
    enum sch_delivery_state state;
    enum sch_phase phase;
    int code;                           /* REJECT: sch_error_code; REMOVE on REFUSE: sch_system_refusal, on
                                           EXHAUST and expiry: sch_cause; else 0 */
    const char *field;                  /* REJECT: constant, or NULL */
    uint32_t warnings;                  /* RECEIPT: bits (1 << enum sch_warning) of scharnier/query.h */
    struct sch_instance instance;
    struct sch_instance before;         /* MOVE, CLOSE, REOPEN: as it was; what statistics take back */
    struct sch_made made;
};

/*
 * Why the effects of one step cannot overflow. The widest is a DUE after a long stop:
 * - a party's delivery that expires: REMOVE, CLOSE (E1), STATUS, REMOVE (its earlier report), MAKE, DELIVER,
 *   DESTROY: 7, of which the REMOVE of the report is counted with the broker's deliveries: 6 × 64;
 * - a broker's delivery that expires, is taken back or makes place for a later: REMOVE: 1 × 192;
 * - a promise other than E1: ALERT and MAKE and DELIVER for at most one of REMINDED and OVERDUE, ALERT for
 *   ESCALATED, or CLOSE when the dossier ends UNDELIVERED: at most 4 each. After a CORRECTION up to OWED_MAX
 *   + KEPT_MAX may be owed (promise.c keeps to that sum): 4 × 64; an E1: 2 ALERTs × 64;
 * - E10's OPEN and three steps, E7's MOVE, PHASE, PURGE: 16.
 * That is 384 + 192 + 256 + 128 + 16 = 976 of 1296. Of submissions a CORRECTION is the widest: 5 × (REMOVE,
 * CLOSE, STATUS), DESTROY, BREACH, for each promise but E1 a REOPEN and a CLOSE (2 × 64) and the REMOVE of
 * each reminder (192); a REMINDER by hand is REMOVE, MAKE, DELIVER for each (3 × 64). To that come STORE,
 * 5 × (DELIVER, OPEN), PHASE, SIBLINGS or FOLLOW, RECEIPT: far less.
 */
#define SCH_EFFECTS_MAX (4 * SCH_DELIVERIES_MAX + 2 * SCH_INSTANCES_MAX + 16)

struct sch_effects {
    size_t count;
    struct sch_effect effect[SCH_EFFECTS_MAX];
};

/*
 * Performs one event. dossier: the stored record, or, where there is none, a zeroed one with its id set.
 * effects is overwritten. Returns SCH_OK or the code of its REJECT effect.
 *
 * SUBMIT is checked in this order: kind handled; the id taken (ID_IN_USE); the id's age (TOO_OLD);
 * the header by itself (kind.h); dates against today; parties known; dossier and membership
 * (UNKNOWN_DOSSIER); permit and GP key; of an opening message its chain and parties; of another the sort of
 * dossier, its subject, the sender's role, recipients; the table; something open (NOTHING_OPEN,
 * RECENTLY_REMINDED); room in the record, then on the disk. Effects come as STORE, DELIVERs, OPENs of E1,
 * what the kind does, PHASE, RECEIPT. The submitted message has the sequence world->sequence, each MAKE the
 * next one. A FOLLOW or FORWARD may change a dossier without any effect: the caller stores it all the same.
 *
 * A message's body is destroyed as soon as no delivery of it stands, however the last one ended.
 */
int sch_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
             struct sch_effects *effects);

/* The id of the broker's message with this sequence: a UUIDv7 of now_ms whose random part is the sequence. */
struct sch_id sch_step_made_id(int64_t now_ms, uint64_t sequence);

/*
 * The table itself, for --print-states and the tests that hold documents against it: what an event does in a
 * phase: "reject NOT_NOW", "accept" (the phase stays), the name of the phase that may follow, or "replay"
 * (whatever the other messages prove); constants.
 * kind counts for SUBMIT only.
 */
const char *sch_step_cell(enum sch_phase phase, enum sch_event_type type, enum sch_kind kind);

#endif
