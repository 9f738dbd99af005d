/*
 * codec.h: the wire as plain values: the only place where protobuf types are known.
 *
 * Decoding unpacks into a bounded arena, then validates at once: UTF-8, lengths, ranges, enumerators, one
 * command per frame (TRAPS, "protobuf-c"). What it returns borrows from the frame and from the arena and
 * dies with either. Encoding writes into the caller's buffer. Both ends use both halves.
 */
#ifndef SCH_PROTO_CODEC_H
#define SCH_PROTO_CODEC_H

#include <scharnier/error.h>
#include <scharnier/query.h>
#include <scharnier/types.h>

/* Memory of one turn or one call: taken by bumping, given back all at once. */
struct sch_arena {
    uint8_t *base;
    size_t size;
    size_t used;
};
int sch_arena_init(struct sch_arena *arena, size_t size);       /* SCH_OK or SCH_E_NO_MEMORY */
void sch_arena_close(struct sch_arena *arena);
void sch_arena_reset(struct sch_arena *arena);
/* NULL when it is used up; aligned for any type. */
void *sch_arena_take(struct sch_arena *arena, size_t size);

/*
 * Room that any one decoding below finds enough, whatever the peer sent within the limits; decoding with
 * less may end in BROKER_BUSY (command, header, seal) or NO_MEMORY (letter, reply). A header and a seal
 * give back what they took; so do commands other than submit.
 */
#define SCH_ARENA_COMMAND_SIZE (64 * 1024)
#define SCH_ARENA_REPLY_SIZE (SCH_REPLY_SIZE_MAX + 1024 * 1024)
#define SCH_ARENA_LETTER_SIZE(letter_size) ((size_t)(letter_size) + 64 * 1024)

/*
 * What is wrong with a frame: a code and the place, both constants: "header.sender", "seal.stanzas.key",
 * "attach.credit_messages"; a message's own name ("header", "command") when no field is to blame.
 * PROTOCOL: not protobuf, a field given twice, more or less than one command. FIELD_MISSING, FIELD_INVALID,
 * FIELD_FORBIDDEN; TOO_LARGE; VERSION.
 */
struct sch_fault {
    enum sch_error_code code;
    const char *field;
};

/* ---- header ------------------------------------------------------------------------------------ */

/* Reads a Header. Form only (lengths, UTF-8, enumerators, addresses that look like addresses, version);
 * what a kind needs is core/kind.h's. Returns SCH_OK or fault->code. */
int sch_header_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_header *header,
                      struct sch_fault *fault);

/* Writes at most capacity bytes; returns the size, 0 when it does not fit or a fact is out of its range. */
size_t sch_header_encode(const struct sch_header *header, uint8_t *buffer, size_t capacity);

/* ---- seal -------------------------------------------------------------------------------------- */

#define SCH_SUITE 1                     /* the body is one frame, or there is none */
#define SCH_SUITE_PARTS 2               /* the body travels in parts */
#define SCH_STANZA_SIZE 80

struct sch_stanza {
    struct sch_address address;
    char key[SCH_KEY_ID_MAX + 1];
    uint8_t sealed_key[SCH_STANZA_SIZE];
};

struct sch_seal {
    uint32_t suite;
    char signing_key[SCH_KEY_ID_MAX + 1];
    bool has_letter;
    uint8_t commitment[32];
    struct sch_stanza stanza[SCH_RECIPIENTS_MAX];
    size_t stanza_count;
    uint32_t padded_size;
    uint8_t signature[64];
};

int sch_seal_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_seal *seal,
                    struct sch_fault *fault);
size_t sch_seal_encode(const struct sch_seal *seal, uint8_t *buffer, size_t capacity);

/* ---- letter ------------------------------------------------------------------------------------ */

#define SCH_SECTION_COUNT 25
#define SCH_MEDIA_TYPE_MAX 127          /* bytes; not empty */
#define SCH_ATTACHMENT_NAME_MAX 255     /* bytes; may be empty */

struct sch_attachment {
    const char *media_type;
    const char *name;
    struct sch_bytes content;
};

/* The text of each section, NULL when absent, by bit number; and attachments. Borrowed. */
struct sch_letter {
    const char *section[SCH_SECTION_COUNT];
    struct sch_attachment attachment[SCH_ATTACHMENTS_MAX];
    size_t attachment_count;
};

/* Every fault is LETTER_FORMAT, or NO_MEMORY. */
int sch_letter_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_letter *letter,
                      struct sch_fault *fault);
/* The size that encoding takes, and the encoding; 0 when it does not fit. */
size_t sch_letter_size(const struct sch_letter *letter);
size_t sch_letter_encode(const struct sch_letter *letter, uint8_t *buffer, size_t capacity);

/* ---- commands: client to broker ---------------------------------------------------------------- */

enum sch_command_type {
    SCH_COMMAND_HELLO = 1,
    SCH_COMMAND_SUBMIT,
    SCH_COMMAND_ATTACH,
    SCH_COMMAND_SETTLE,
    SCH_COMMAND_QUERY,
    SCH_COMMAND_DIRECTORY,
    SCH_COMMAND_PING,
    SCH_COMMAND_PART,
    SCH_COMMAND_FETCH
};

enum sch_wire_verdict { SCH_VERDICT_COLLECTED = 1, SCH_VERDICT_RETRY, SCH_VERDICT_REFUSED };

#define SCH_SOFTWARE_MAX 63

struct sch_command {
    uint64_t request;
    enum sch_command_type type;
    union {
        struct {
            uint32_t version_min, version_max;
            char software[SCH_SOFTWARE_MAX + 1];
            struct sch_id instance;
        } hello;
        struct {
            struct sch_bytes header, seal;
            struct sch_id upload;       /* none: the body, if any, is the second frame */
        } submit;
        struct {
            struct sch_address sender;
            struct sch_id upload;
            uint32_t index, count;
        } part;
        struct {
            struct sch_address mailbox;
            struct sch_id message;
            uint32_t index;
        } fetch;
        struct {
            struct sch_address mailbox[SCH_ATTACHED_MAX];
            size_t mailbox_count;
            uint32_t credit_messages, credit_bytes;
        } attach;
        struct {
            struct sch_address mailbox;
            struct sch_id message;
            enum sch_wire_verdict verdict;
            enum sch_system_refusal refusal;
            uint32_t missing_sections;
        } settle;
        struct sch_query query;         /* limit is 1..200 after decoding */
        struct {
            char region[SCH_REGION_MAX + 1];
            uint64_t have_serial;
        } directory;
        struct {
            struct sch_id instance;
        } ping;
    };
};

/* Returns SCH_OK or fault->code; command->request is set whenever it could be read. */
int sch_command_decode(struct sch_bytes frame, struct sch_arena *arena, struct sch_command *command,
                       struct sch_fault *fault);
size_t sch_command_encode(const struct sch_command *command, uint8_t *buffer, size_t capacity);

/* ---- replies: broker to client ------------------------------------------------------------------ */

enum sch_reply_type {
    SCH_REPLY_WELCOME = 1,
    SCH_REPLY_RECEIPT,
    SCH_REPLY_REJECTION,
    SCH_REPLY_DELIVERY,
    SCH_REPLY_SETTLED,
    SCH_REPLY_STATUS,
    SCH_REPLY_PAGE,
    SCH_REPLY_DIRECTORY,
    SCH_REPLY_PONG,
    SCH_REPLY_ATTACHED,
    SCH_REPLY_PARTS,
    SCH_REPLY_FETCHED
};

struct sch_reply {
    uint64_t request;
    enum sch_reply_type type;
    union {
        struct {
            uint32_t version, version_min, version_max;
            int64_t time_ms;
            uint32_t clock_rate;
            char key_id[SCH_KEY_ID_MAX + 1];
            struct sch_address acts_for[SCH_ACTS_FOR_MAX];
            size_t acts_for_count;
            uint32_t body_size_max, credit_messages_max, credit_bytes_max, lease_ms;
            uint32_t large_size_max, part_size;
            struct {
                char region[SCH_REGION_MAX + 1];
                uint64_t serial;
            } directory[32];
            size_t directory_count;
        } welcome;
        struct {
            struct sch_id message, dossier;
            char kenmerk[SCH_KENMERK_SIZE + 1];
            uint64_t sequence;
            int64_t stored_ms;
            bool duplicate;
            uint32_t warnings;          /* bits (1 << enum sch_warning) */
        } receipt;
        struct {
            uint32_t code;
            const char *name, *field, *hint;
            struct sch_id message;
        } rejection;
        struct {
            struct sch_address mailbox;
            struct sch_bytes header, seal;
            char kenmerk[SCH_KENMERK_SIZE + 1];
            int64_t stored_ms;
            bool redelivered;
            uint64_t sequence;
            uint32_t part_count;        /* 0: the body, if any, is the second frame */
        } delivery;
        struct {
            struct sch_id message;
            struct sch_address mailbox;
            enum sch_delivery_state state;
            int64_t at_ms;              /* status only */
        } settled, status;
        struct sch_page page;
        struct {
            char region[SCH_REGION_MAX + 1];
            uint64_t serial;
            struct sch_bytes content;
            struct sch_bytes signature;
        } directory;
        struct {
            int64_t time_ms;
        } pong;
        struct {
            struct sch_address mailbox[SCH_ATTACHED_MAX];
            size_t mailbox_count;
            uint32_t credit_messages, credit_bytes;
        } attached;
        struct {
            struct sch_id upload;
            uint32_t count;
            uint32_t missing[SCH_PARTS_MAX];
            size_t missing_count;
        } parts;
        struct {
            struct sch_address mailbox;
            struct sch_id message;
            uint32_t index, count;
        } fetched;
    };
};

int sch_reply_decode(struct sch_bytes frame, struct sch_arena *arena, struct sch_reply *reply,
                     struct sch_fault *fault);
/* arena: scratch for the rows of a page, given back; may be NULL for every other reply. 0: it does not fit,
 * or the arena is used up. */
size_t sch_reply_encode(const struct sch_reply *reply, struct sch_arena *arena, uint8_t *buffer,
                        size_t capacity);

#endif
