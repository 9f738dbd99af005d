/*
 * draft.h: a message under construction, and its sealing. Must not know: sockets, the outbox.
 */
#ifndef SCH_CLIENT_DRAFT_H
#define SCH_CLIENT_DRAFT_H

#include <scharnier/client.h>

#include "codec.h"
#include "handle.h"

struct sch_draft {
    sch_client *client;
    struct sch_header header;
    char key[SCH_OUTBOX_KEY_MAX + 1];
    struct sch_letter letter;           /* texts and contents are this draft's own */
    sch_error error;                    /* the setters' first */
};

/* To whom a kind goes, seen from a dossier; broker/core/kind.h has the same table for the broker's side. */
enum sch_toward {
    SCH_TOWARD_NOBODY = 0,              /* its addressees are the caller's to name */
    SCH_TOWARD_CREDITOR,                /* creditor and copies */
    SCH_TOWARD_RECEIVER_AND_COPIES,
    SCH_TOWARD_RECEIVER,
    SCH_TOWARD_RESULT,                  /* creditor, copies, and the referrer too */
    SCH_TOWARD_OTHER_SIDE,              /* receiver -> creditor and copies; others -> receiver */
    SCH_TOWARD_LEDGER                   /* the broker only */
};
enum sch_toward sch_draft_toward(enum sch_kind kind);

/* Has it a letter? */
bool sch_draft_has_letter(const struct sch_draft *draft);

/*
 * Encodes, seals and signs into buffer (SCH_OUTBOX_FRAMES_MAX bytes); frames point into it. The parts of a
 * large body go, durably, into a new parcel at parcel_path, which is there only when this succeeds. Errors:
 * the draft's own, USAGE (no key), NOT_YOURS, SIGNING_KEY, FIELD_…, TOO_LARGE, TOO_OLD, NO_SEAL_KEY,
 * UNKNOWN_RECEIVER, DIRECTORY_OLD, NO_MEMORY, IO.
 */
int sch_draft_seal(const struct sch_draft *draft, uint8_t *buffer, const char *parcel_path,
                   struct sch_frames *frames, sch_error *error);

#endif
