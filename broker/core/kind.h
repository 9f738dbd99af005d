/*
 * kind.h: what each message kind is: direction, letter, facts and sections. DOMAIN, "Message kinds".
 *
 * One const table; the checks at the door (admit.c) read it, and so do PROTOCOL.md's tables, held
 * together by a test. Must not know: dossiers, time.
 */
#ifndef SCH_CORE_KIND_H
#define SCH_CORE_KIND_H

#include <scharnier/error.h>
#include <scharnier/types.h>

enum sch_direction {
    SCH_DIRECTION_NONE = 0,             /* no kind */
    SCH_DIRECTION_OPENS,                /* referrer -> receiver and copies; makes the dossier */
    SCH_DIRECTION_FEEDBACK,             /* receiver -> creditor and copies */
    SCH_DIRECTION_ONWARD,               /* referrer -> receiver and copies, on a dossier */
    SCH_DIRECTION_ANSWER,               /* creditor -> receiver, and the ledger */
    SCH_DIRECTION_LEDGER,               /* creditor or coordinator -> the ledger only */
    SCH_DIRECTION_BROKER,               /* made by the broker; refused from anyone */
    SCH_DIRECTION_RESULT,               /* as FEEDBACK, and to the referrer if it is neither of them */
    SCH_DIRECTION_BOTH,                 /* receiver -> as FEEDBACK; any other member -> receiver */
    SCH_DIRECTION_SAME                  /* to those who got the message that it is about */
};

enum sch_letter_rule { SCH_LETTER_NONE = 0, SCH_LETTER_OPTIONAL, SCH_LETTER_MANDATORY };

struct sch_kind_rule {
    enum sch_direction direction;
    enum sch_letter_rule letter;
    uint64_t required;                  /* bits of facts, SCH_FACT_BIT */
    uint64_t allowed;                   /* required ones included */
    uint32_t sections;                  /* bits that this kind of letter may show */
};

/* The rule of a kind; for a number outside the list, one that has no direction. Never NULL. */
const struct sch_kind_rule *sch_kind_rule(enum sch_kind kind);

/* A fault of a message: *field is the constant name of the place; returns the code. */
int sch_kind_fault(int code, const char *name, const char **field);

/*
 * Checks a header by itself: facts required and allowed, dates that are dates, ids and addresses that the
 * kind needs or forbids, sections. has_body says whether a letter came with it. Returns SCH_OK, or the
 * rejection's code with *field set to the constant name of the field ("header.event_date").
 */
int sch_kind_check(const struct sch_header *header, bool has_body, const char **field);

#endif
