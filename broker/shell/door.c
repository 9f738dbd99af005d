/*
 * door.c: each check in the order of what it costs; the signature comes last.
 */
#include "door.h"

#include <assert.h>
#include <string.h>

#include "id.h"
#include "seal.h"

static int refuse(struct sch_fault *fault, enum sch_error_code code, const char *field)
{
    fault->code = code;
    fault->field = field;
    return (int)code;
}

int sch_door_key(const struct sch_book *book, const char *key_id, int64_t now_ms, const struct sch_key **key)
{
    *key = sch_book_key(book, key_id);
    if (*key == NULL || (*key)->use != SCH_KEY_TRANSPORT)
        return SCH_E_UNKNOWN_KEY;
    return sch_key_valid(*key, now_ms) ? SCH_OK : SCH_E_KEY_REVOKED;
}

int sch_door_acts_for(const struct sch_key *key, const char *address)
{
    return sch_key_acts_for(key, address) ? SCH_OK : SCH_E_NOT_YOURS;
}

bool sch_door_may_collect(const struct sch_book *book, const char *key_id, const char *address, int64_t now_ms)
{
    const struct sch_key *key;

    return sch_door_key(book, key_id, now_ms, &key) == SCH_OK && sch_door_acts_for(key, address) == SCH_OK &&
           sch_book_party(book, address) != NULL;
}

static const struct sch_party *party_of(const struct sch_book *book, const struct sch_address *address)
{
    return address->text[0] == '\0' ? NULL : sch_book_party(book, address->text);
}

/* The addressees that a letter must be sealed for: as the header lists them, without the sender. */
static size_t addressees(const struct sch_header *header, const struct sch_address *out[SCH_RECIPIENTS_MAX])
{
    size_t count = 0;

    if (header->receiver.text[0] != '\0')
        out[count++] = &header->receiver;
    for (size_t i = 0; i < header->copy_count; i++)
        if (strcmp(header->copies[i].text, header->sender.text) != 0)
            out[count++] = &header->copies[i];
    return count;
}

/* A stanza's key must be a seal key that opens mail of this address: the party's own or its organisation's. */
static bool seals_for(const struct sch_book *book, const struct sch_stanza *stanza,
                      const struct sch_address *address, int64_t now_ms)
{
    const struct sch_key *key = sch_book_key(book, stanza->key);
    size_t length;

    if (key == NULL || key->use != SCH_KEY_SEAL || !sch_key_valid(key, now_ms) ||
        strcmp(stanza->address.text, address->text) != 0)
        return false;
    length = strlen(key->party.text);
    return strncmp(key->party.text, address->text, length) == 0 &&
           (address->text[length] == '\0' || address->text[length] == '/');
}

/* Is the body there, in the form and of the size that the seal says? */
static int check_body(const struct sch_submission *submission, const struct sch_seal *seal, struct sch_fault *fault)
{
    const struct sch_door_letter *letter = &submission->letter;
    bool in_parts = !sch_id_is_none(&submission->upload);

    if (in_parts != (seal->suite == SCH_SUITE_PARTS))
        return refuse(fault, SCH_E_FIELD_INVALID, "seal.suite");
    if (!seal->has_letter)
        return letter->size == 0 ? SCH_OK : refuse(fault, SCH_E_LETTER_FORBIDDEN, "body");
    if (letter->size == 0)
        return in_parts ? refuse(fault, SCH_E_UPLOAD_MISSING, "submit.upload")
                        : refuse(fault, SCH_E_LETTER_MISSING, "body");
    if (!in_parts && letter->size > SCH_BODY_SIZE_MAX)
        return refuse(fault, SCH_E_TOO_LARGE, "body");
    if (letter->size != (in_parts ? sch_seal_parts_size(seal->padded_size) : sch_seal_body_size(seal->padded_size)))
        return refuse(fault, SCH_E_FIELD_INVALID, "seal.padded_size");
    assert(!in_parts || letter->part_count == sch_seal_part_count(seal->padded_size));
    return SCH_OK;
}

static int check_letter(const struct sch_book *book, const struct sch_submission *submission,
                        const struct sch_seal *seal, int64_t now_ms, struct sch_fault *fault)
{
    const struct sch_address *to[SCH_RECIPIENTS_MAX];
    size_t count = addressees(&submission->header, to);
    int code = check_body(submission, seal, fault);

    if (code != SCH_OK || !seal->has_letter)
        return code;
    if (seal->stanza_count != count)
        return refuse(fault, SCH_E_STANZAS, "seal.stanzas");
    for (size_t i = 0; i < count; i++)
        if (!seals_for(book, &seal->stanza[i], to[i], now_ms))
            return refuse(fault, SCH_E_STANZAS, "seal.stanzas");
    return SCH_OK;
}

static int check_signer(const struct sch_book *book, const struct sch_submission *submission,
                        const struct sch_seal *seal, int64_t now_ms, bool verify, const struct sch_key **signer,
                        struct sch_fault *fault)
{
    const struct sch_key *key = sch_book_key(book, seal->signing_key);

    if (key == NULL || key->use != SCH_KEY_SIGN || !sch_key_valid(key, now_ms) ||
        !sch_key_acts_for(key, submission->header.sender.text))
        return refuse(fault, SCH_E_SIGNING_KEY, "seal.signing_key");
    if (verify && sch_seal_verify(seal, submission->header_bytes, submission->letter.bytes, key->public_key) !=
                      SCH_OK)
        return refuse(fault, SCH_E_SIGNATURE, "seal.signature");
    *signer = key;
    return SCH_OK;
}

static void resolve(const struct sch_book *book, const struct sch_key *signer, struct sch_submission *submission)
{
    const struct sch_header *header = &submission->header;
    struct sch_event *event = &submission->event;

    event->type = SCH_EVENT_SUBMIT;
    event->header = header;
    event->sender = party_of(book, &header->sender);
    event->receiver = party_of(book, &header->receiver);
    for (size_t i = 0; i < header->copy_count; i++)
        event->copy[i] = party_of(book, &header->copies[i]);
    event->creditor = party_of(book, &header->creditor);
    event->has_body = submission->letter.size > 0;
    event->gp_key = signer->gp;
}

int sch_door_submission(const struct sch_book *book, const struct sch_key *key, const struct sch_command *command,
                        const struct sch_door_letter *letter, int64_t now_ms, bool verify, struct sch_arena *arena,
                        struct sch_submission *submission, struct sch_fault *fault)
{
    const struct sch_key *signer = NULL;
    struct sch_seal seal;
    int code;

    memset(submission, 0, sizeof *submission);
    submission->header_bytes = command->submit.header;
    submission->seal_bytes = command->submit.seal;
    submission->upload = command->submit.upload;
    submission->letter = *letter;
    code = sch_header_decode(submission->header_bytes, arena, &submission->header, fault);
    if (code != SCH_OK)
        return code;
    code = sch_seal_decode(submission->seal_bytes, arena, &seal, fault);
    if (code != SCH_OK)
        return code;
    if (sch_door_acts_for(key, submission->header.sender.text) != SCH_OK)
        return refuse(fault, SCH_E_NOT_YOURS, "header.sender");
    sch_seal_hash(submission->header_bytes, submission->seal_bytes, letter->bytes, submission->hash);
    submission->proven = true;
    code = check_letter(book, submission, &seal, now_ms, fault);
    if (code != SCH_OK)
        return code;
    code = check_signer(book, submission, &seal, now_ms, verify, &signer, fault);
    if (code != SCH_OK)
        return code;
    resolve(book, signer, submission);
    return SCH_OK;
}
