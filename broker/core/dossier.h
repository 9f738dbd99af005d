/*
 * dossier.h: one referral with all that was said about it and all that is still owed: the record.
 *
 * A plain value: the shell loads it, sch_step() changes it, the shell stores it. It holds every open
 * instance of every expectation and every delivery that is not settled, so that one record and one event
 * are all that a step needs. Answered instances (E1 excepted) stay, up to SCH_KEPT_MAX, because a letter that
 * proves incomplete, or a CORRECTION of the message that answered, reopens them.
 *
 * Why the arrays cannot overflow (limits.h holds the sums): a party's message is refused with DOSSIER_FULL
 * while SCH_PARTY_DELIVERIES_MAX deliveries or SCH_OWED_MAX promises stand, or while deliveries and
 * uncollected DELIVERY_REPORTs come to 2 * SCH_PARTY_DELIVERIES_MAX (a report may outlive its delivery). Acts
 * on the ledger alone open no promise, so what is owed shuts no door to them. A
 * delivery has at most one E1; the broker makes at most one uncollected DELIVERY_REPORT per delivery (the
 * later replaces the earlier) and two uncollected REMINDERs per promise, which are taken back when the
 * promise closes, and one prompt to withdraw. A CORRECTION may make owed again what was only kept; all that
 * is owed or kept never comes to more than SCH_OWED_MAX + SCH_KEPT_MAX, for what is kept makes place
 * (promise.c). The broker's own messages about so many have no places of their own: the oldest of them makes
 * place (post.c).
 *
 * Must not know: bytes, stores, sockets, the clock.
 */
#ifndef SCH_CORE_DOSSIER_H
#define SCH_CORE_DOSSIER_H

#include <scharnier/types.h>

#include "norm.h"

/* Who is who. Members 3 and up are the copies, in the header's order. The same address may stand in two
 * roles (the creditor is mostly the referrer). */
enum sch_member_role { SCH_MEMBER_REFERRER = 0, SCH_MEMBER_RECEIVER, SCH_MEMBER_CREDITOR, SCH_MEMBER_COPY };
#define SCH_MEMBERS_MAX (SCH_MEMBER_COPY + SCH_COPIES_MAX)
#define SCH_MEMBER_NONE UINT8_MAX

struct sch_member {
    struct sch_address address;
    enum sch_party_kind kind;
    char region[SCH_REGION_MAX + 1];
};

/* One promise: key (dossier, expectation, opened_by; for E1 also the member that must collect). */
struct sch_instance {
    uint8_t expectation;                /* 1..15 */
    uint8_t member;                     /* who owes it */
    enum sch_standing standing;
    enum sch_ladder step;               /* the last one fired */
    bool announced;                     /* due_ms was moved by an announced wait */
    bool incomplete;                    /* an incomplete letter came, once */
    bool beyond;                        /* E4, answered: the appointment itself lies at or past the due */
    struct sch_id opened_by;
    struct sch_id closed_by;
    int64_t opened_ms;                  /* stored time of the opening message */
    int64_t from_ms;                    /* what the term counts from */
    int64_t norm_due_ms;                /* as the norm says; exclusive */
    int64_t due_ms;                     /* as it stands; exclusive */
    int64_t remind_ms;                  /* 0: no reminder */
    int64_t escalate_ms;
    int64_t closed_ms;                  /* stored time of what ended it; 0: owed */
    int64_t reminded_ms;                /* the last REMINDER about it; 0: none */
    int64_t snoozed_ms;                 /* no step of the ladder before; 0: none */
    char norm_id[SCH_NORM_ID_MAX + 1];
    uint16_t norm_version;
    uint16_t term;
    enum sch_unit unit;
};

/* One message in one mailbox, not yet settled. */
struct sch_delivery {
    struct sch_id message;
    struct sch_id subject;              /* DELIVERY_REPORT: the message; REMINDER: the opening message */
    uint64_t sequence;
    enum sch_kind kind;
    uint8_t member;                     /* whose mailbox */
    uint8_t sender;                     /* who is told when it fails; SCH_MEMBER_NONE: the broker made it */
    uint8_t expectation;                /* REMINDER: of which promise */
    uint8_t about;                      /* DELIVERY_REPORT: the member that did not collect */
    bool urgent;
    bool reported;                      /* "not yet collected" was sent */
    int64_t stored_ms;
};

/* A message that proved a phase. The phase is what replaying them in their order gives; a CORRECTION takes
 * one out and replays the others. */
struct sch_proof {
    enum sch_phase phase;
    enum sch_kind kind;                 /* of the message; UNSPECIFIED: none of a party's, or not noted */
    bool late;                          /* it came when more was proven: it counts only where that is not */
    bool lacking;                       /* a letter without a required section */
    struct sch_id by;
};

/* A REFERRAL with which the patient went on from here. See successor.h. */
struct sch_successor {
    struct sch_id id;
    bool child;                         /* it names this dossier as its parent */
    bool took;                          /* it took the patient up */
};

struct sch_dossier {
    uint64_t version;                   /* of the stored record; 0: not stored yet */
    struct sch_id id;
    uint64_t kenmerk;                   /* number; text form in proto/kenmerk.h */
    enum sch_kind kind;                 /* of the message that opened it */
    enum sch_phase phase;               /* SCH_PHASE_NONE: there is no such dossier */
    bool received;                      /* the receiver collected the REFERRAL */
    bool taken_up;                      /* an E10 was closed: a REFUSAL can no longer be taken back */
    char region[SCH_REGION_MAX + 1];    /* the creditor's */
    enum sch_party_kind echelon;        /* the receiver's kind */
    enum sch_urgency urgency;
    bool breach;                        /* a message to a wrong party was collected */
    bool placed;                        /* forwarded, and on his way before anyone had to see to him */
    bool forwarded;                     /* a child came that found no place among the successors */
    uint8_t asked_count;                /* times that an INFORMATION_REQUEST answered E2 */
    uint8_t refusals;                   /* ends without care in the chain so far, this dossier's included */
    struct sch_id parent, follows, group, root;
    int64_t chain_ms;                   /* when the root was opened */
    int64_t forward_by_ms;              /* a forwarded patient's child must come before; 0: none awaited */
    struct sch_member member[SCH_MEMBERS_MAX];
    size_t member_count;
    int64_t opened_ms;
    int64_t changed_ms;
    int64_t closed_ms;                  /* since when it is at an end and nothing is owed but E1s and E11s;
                                           0: it is not */
    int32_t letter_day;
    int32_t intake_day;                 /* planned, presumed or held; 0: unknown */
    struct sch_proof proof[SCH_PROOFS_MAX];
    size_t proof_count;
    struct sch_successor successor[SCH_SUCCESSORS_MAX];
    size_t successor_count;
    struct sch_instance instance[SCH_INSTANCES_MAX];
    size_t instance_count;
    struct sch_delivery delivery[SCH_DELIVERIES_MAX];
    size_t delivery_count;
};

/* The first member with this address, SCH_MEMBER_NONE when absent; and: is it the one in this role? Not for
 * copies. */
uint8_t sch_dossier_member(const struct sch_dossier *dossier, const char *address);
bool sch_dossier_is(const struct sch_dossier *dossier, enum sch_member_role role, const char *address);

/* Is this instance still owed (OPEN or INCOMPLETE)? */
bool sch_instance_is_open(const struct sch_instance *instance);

/* Was it answered too late: stored at or past the due, or in time, but by an appointment that is not? */
bool sch_instance_is_late(const struct sch_instance *instance);

/* When the planned intake will be presumed held: the start of the day after it; INT64_MAX: none planned. */
int64_t sch_dossier_presume_ms(const struct sch_dossier *dossier);

/* When the metadata of a closed dossier is deleted: at the end of the day 24 months after closed_ms, by the
 * calendar's digits; INT64_MAX while it is not closed. */
int64_t sch_dossier_purge_ms(const struct sch_dossier *dossier);

/* The earliest moment at which anything in this dossier falls due: a step of a ladder, an uncollected
 * report, an expiry, a presumed intake, a child that was to be forwarded, its deletion. INT64_MAX when
 * nothing will. Exact, but for what a DUE puts off: an expiry under a lease, and what sch_world.e1_from_ms
 * and expire_from_ms hold back. */
int64_t sch_dossier_next_due(const struct sch_dossier *dossier);

/* The earliest due_ms of an open instance, E1 included; INT64_MAX when nothing is owed. The index of the
 * worklist. */
int64_t sch_dossier_next_owed(const struct sch_dossier *dossier);

#endif
