/*
 * door.h: is this submission what it says, from whom it says: the checks before the core sees it.
 *
 * Who speaks comes from the transport key that the handshake proved; who signs from the seal's signing key;
 * to whom a letter is sealed from its stanzas. All three are held against the directory at this moment. What
 * a kind needs and a dossier admits is the core's. Must not know: stores, sessions, dossiers.
 */
#ifndef SCH_SHELL_DOOR_H
#define SCH_SHELL_DOOR_H

#include "book.h"
#include "codec.h"
#include "core/step.h"

/* The sealed body of a submission, as far as the door needs it. */
struct sch_door_letter {
    struct sch_bytes bytes;             /* the body; of one in parts, the hashes of the parts, one after the other */
    size_t size;                        /* of the body; 0: there is none, or parts of it are missing */
    uint32_t part_count;                /* 0: it came as the second frame */
    uint64_t part_number;               /* of its parts in PART */
};

/* A submission that passed: values that borrow from the frames, the arena, the working set and the book. */
struct sch_submission {
    struct sch_header header;
    struct sch_bytes header_bytes, seal_bytes;
    struct sch_id upload;               /* none: the body, if any, came as the second frame */
    struct sch_door_letter letter;
    bool proven;                        /* readable, and the transport key acts for its sender */
    uint8_t hash[32];                   /* sch_seal_hash(), once proven */
    struct sch_event event;             /* SUBMIT, but for id_in_use and kenmerk */
};

/* The transport key of a session: known, a transport key, valid now. SCH_OK, UNKNOWN_KEY or KEY_REVOKED. */
int sch_door_key(const struct sch_book *book, const char *key_id, int64_t now_ms, const struct sch_key **key);

/* May this key speak for, or collect from, this address? SCH_OK or NOT_YOURS. */
int sch_door_acts_for(const struct sch_key *key, const char *address);

/* May a session that was welcomed with this key (still) be given what lies in this mailbox? Asked again whenever
 * something is sent unasked: a session that says nothing would otherwise outlive its key. */
bool sch_door_may_collect(const struct sch_book *book, const char *key_id, const char *address, int64_t now_ms);

/*
 * Decodes and checks a submission. submission->header.id is set as soon as it could be read. SCH_OK or
 * fault->code: PROTOCOL, FIELD_…, NOT_YOURS, UPLOAD_MISSING, SIGNING_KEY, SIGNATURE, STANZAS, TOO_LARGE.
 */
int sch_door_submission(const struct sch_book *book, const struct sch_key *key, const struct sch_command *command,
                        const struct sch_door_letter *letter, int64_t now_ms, bool verify, struct sch_arena *arena,
                        struct sch_submission *submission, struct sch_fault *fault);

#endif
