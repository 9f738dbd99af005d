/*
 * map.h: HL7v2 messages as plain values, and back: what an adapter knows about its HIS or EPD.
 *
 * A map is data (map_file.c reads it). sch_map_in() reads a message by the map's rules: kind, facts,
 * parties, references, sections, attachments. sch_map_out() writes the message that a kind takes the form
 * of. Both are pure: no clock, no files, no sockets, no state. Values never come back in a fault's text,
 * for a wrong field may hold a name or a BSN; the text names places only.
 *
 * Example: with the rule "[in RRI^I12]: kind = RF1-1.1" and "[codes kind RRI^I12]: A = ACCEPTANCE", the
 * message "RF1|A|||||PLAC1" becomes an ACCEPTANCE about order number PLAC1.
 */
#ifndef SCH_HL7V2_MAP_H
#define SCH_HL7V2_MAP_H

#include "codec.h"
#include "message.h"

#define SCH_MAP_PATHS_MAX 4
#define SCH_MAP_RULES_MAX 32
#define SCH_MAP_CODES_MAX 256
#define SCH_MAP_RECEIVERS_MAX 256
#define SCH_MAP_TERMS_MAX 96
#define SCH_MAP_WORD_MAX 39             /* bytes of a code or name outside */
#define SCH_MAP_TYPE_SIZE 8             /* "REF^I12" with NUL */

/*
 * Where a value stands: "PRD[1=RT]-7.1": component 1 of field 7 of the first PRD whose field 1 begins with
 * component RT; or a constant in single quotes. Number 0: not stated (component and subcomponent).
 */
struct sch_map_path {
    char segment[4];                    /* empty: a constant */
    unsigned match_field;               /* 0: the first segment of that name */
    char match[SCH_MAP_WORD_MAX + 1];
    unsigned field, component, subcomponent;
    char constant[SCH_MAP_WORD_MAX + 1];
};

/* Places that are tried in order; the first that holds something counts. */
struct sch_map_spec {
    struct sch_map_path path[SCH_MAP_PATHS_MAX];
    size_t count;
};

enum sch_map_part {
    SCH_MAP_KIND,                       /* code set "kind TYPE" */
    SCH_MAP_KENMERK, SCH_MAP_ORDER,     /* references: one of them finds the dossier */
    SCH_MAP_RECEIVER, SCH_MAP_SENDER, SCH_MAP_CREDITOR, SCH_MAP_PREPARED_BY, SCH_MAP_COPY,
    SCH_MAP_PART_COUNT
};

/* How messages of one type are read; with a kind: what is read besides when it is of that kind. */
struct sch_map_rule {
    char type[SCH_MAP_TYPE_SIZE];
    enum sch_kind kind;                 /* UNSPECIFIED: the rule of the type */
    struct sch_map_spec part[SCH_MAP_PART_COUNT];
    struct sch_map_spec fact[SCH_FACT_COUNT];
    struct sch_map_spec section[SCH_SECTION_COUNT];
};

/* "R" in set "urgency" is SCH_URGENCY_ROUTINE. Sets are named after facts, and "kind TYPE". */
struct sch_map_code {
    char set[SCH_MAP_WORD_MAX + 1];
    char outside[SCH_MAP_WORD_MAX + 1];
    int64_t value;
};

/* A number or code by which the HIS or EPD knows a party. */
struct sch_map_receiver {
    char outside[SCH_MAP_WORD_MAX + 1];
    struct sch_address address;
};

/* A code in OBX-3.1, for a section (by bit) or a fact. */
struct sch_map_term {
    char outside[SCH_MAP_WORD_MAX + 1];
    bool is_fact;
    int number;
};

/* The forms that sch_map_out() can write. */
enum sch_map_form {
    SCH_MAP_FORM_NONE = 0,              /* settled without telling the HIS or EPD */
    SCH_MAP_FORM_REF_I12, SCH_MAP_FORM_REF_I14, SCH_MAP_FORM_RRI_I12, SCH_MAP_FORM_SIU_S12,
    SCH_MAP_FORM_SIU_S26, SCH_MAP_FORM_OSU_O51, SCH_MAP_FORM_MDM_T02, SCH_MAP_FORM_COUNT
};

struct sch_map {
    char application[SCH_MAP_WORD_MAX + 1], facility[SCH_MAP_WORD_MAX + 1];         /* MSH-3, MSH-4 */
    char to_application[SCH_MAP_WORD_MAX + 1], to_facility[SCH_MAP_WORD_MAX + 1];   /* MSH-5, MSH-6 */
    char version[8];                    /* MSH-12 */
    char processing[2];                 /* MSH-11: P, T or D */
    bool latin1;                        /* write 8859/1 */
    bool with_original;                 /* an HL7v2 attachment is passed on as a document too */
    struct sch_map_rule *rules;         /* heap */
    size_t rule_count;
    struct sch_map_code *codes;         /* heap */
    size_t code_count;
    struct sch_map_receiver *receivers; /* heap */
    size_t receiver_count;
    struct sch_map_term *terms;         /* heap */
    size_t term_count;
    enum sch_map_form form[SCH_KIND_COUNT];
};

/* A message as values. Pointers are in the arena or in the message that was read. */
struct sch_map_values {
    enum sch_kind kind;
    const char *kenmerk, *order;        /* "" when not stated */
    struct sch_address receiver, sender, creditor, prepared_by;
    struct sch_address copy[SCH_COPIES_MAX];
    size_t copy_count;
    int64_t fact[SCH_FACT_COUNT];
    const char *section[SCH_SECTION_COUNT];
    struct sch_attachment attachment[SCH_ATTACHMENTS_MAX];
    size_t attachment_count;
};

/* Why a message cannot be taken: UNSUPPORTED (this type or event: AR) or the message's fault (AE). */
enum sch_map_reason {
    SCH_MAP_OK = 0,
    SCH_MAP_UNSUPPORTED,
    SCH_MAP_MISSING,
    SCH_MAP_INVALID,
    SCH_MAP_TOO_LARGE
};
struct sch_map_fault {
    enum sch_map_reason reason;
    char text[160];                     /* names places, never values */
};

/*
 * Reads a message. Attachments of out are the embedded documents only; the caller adds the original.
 * With a kind that carries no letter, sections and documents are left out. A REFERRAL without a letter date
 * gets the day of MSH-7. Returns SCH_MAP_OK or fault->reason.
 */
enum sch_map_reason sch_map_in(const struct sch_map *map, const struct sch_hl7_message *message,
                               struct sch_arena *arena, struct sch_map_values *out,
                               struct sch_map_fault *fault);

/* "REF^I12" of MSH-9, empty when it does not fit. */
void sch_map_type(const struct sch_hl7_message *message, struct sch_arena *arena,
                  char type[SCH_MAP_TYPE_SIZE]);

/* Does this kind carry a letter: never, may, must (DOMAIN, "Message kinds"). */
enum sch_map_letter { SCH_MAP_LETTER_NEVER, SCH_MAP_LETTER_MAY, SCH_MAP_LETTER_MUST };
enum sch_map_letter sch_map_letter(enum sch_kind kind);

/* What a written message needs beside the values. */
struct sch_map_envelope {
    const char *control_id;             /* MSH-10, at most 20 characters */
    const char *time;                   /* MSH-7: yyyymmddhhmmss+zzzz */
    const char *sender_name;            /* the organisation, for people; may be "" */
    const char *sender_agb, *receiver_agb;  /* for PRD-7; may be "" */
    const char *receiver;               /* the mailbox, for RF1-3 by [receivers]; may be "" */
    struct sch_bytes patient;           /* a PID segment with standard delimiters; empty: unknown */
};

/*
 * Writes values in the form of their kind, in the map's character set. Gives *text on the heap. SCH_OK;
 * STATE: the kind's form is none; NO_MEMORY.
 */
int sch_map_out(const struct sch_map *map, const struct sch_map_values *values,
                const struct sch_map_envelope *envelope, uint8_t **text, size_t *size)
    __attribute__((warn_unused_result));

/* One or two Dutch sentences that tell a reader in a practice what this message says, without a name. */
void sch_map_describe(const struct sch_map_values *values, char *text, size_t size);

/* The code outside for a value of a set; NULL when the map has none. */
const char *sch_map_outside(const struct sch_map *map, const char *set, int64_t value);

/* Frees what the map holds. */
void sch_map_close(struct sch_map *map);

/* The acknowledgement of a message. acknowledged may be damaged (control id ""): then MSA-2 is empty. */
struct sch_map_ack {
    const char *code;                   /* AA, AE, AR */
    const char *text;                   /* MSA-3 and ERR-8; "" with AA */
    const char *error;                  /* ERR-3 of table 0357: "207"; "" with AA */
    const char *control_id, *time;      /* of the acknowledgement itself */
};
int sch_map_acknowledge(const struct sch_hl7_message *message, struct sch_arena *arena,
                        const struct sch_map_ack *ack, uint8_t **text, size_t *size)
    __attribute__((warn_unused_result));

#endif
