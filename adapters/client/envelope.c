/*
 * envelope.c: a draft becomes frames: encoded, checked by the decoder that the others use, sealed, signed.
 *
 * Must not know: sockets, the outbox.
 */
#include "draft.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

static int faulty(const struct sch_fault *fault, sch_error *error)
{
    return sch_fail(error, fault->code, "%s", fault->field ? fault->field : "the message");
}

/* What can be known to be wrong before anything is encoded. */
static int check_draft(const struct sch_draft *draft, sch_error *error)
{
    if (draft->error.code != SCH_OK) {
        if (error)
            *error = draft->error;
        return (int)draft->error.code;
    }
    if (!draft->key[0])
        return sch_fail(error, SCH_E_USAGE, "sch_draft_key() is mandatory");
    int64_t age_ms = sch_now_ms(draft->client) - sch_id_time_ms(&draft->header.id);
    if (age_ms > SCH_ID_AGE_MAX_MS || age_ms < -SCH_ID_AHEAD_MAX_MS)
        return sch_fail(error, SCH_E_TOO_OLD, "the draft is too old, or this machine's clock is off");
    return SCH_OK;
}

/* The sender's key pair; it must be the one that the directory shows under its id, where that is known. */
static int find_signer(const struct sch_draft *draft, const struct sch_client_mailbox **signer,
                       sch_error *error)
{
    const struct sch_client *client = draft->client;
    const char *sender = draft->header.sender.text;
    const struct sch_client_mailbox *mailbox = sch_client_config_mailbox(&client->config, sender);
    if (!mailbox)
        return sch_fail(error, SCH_E_NOT_YOURS, "header.sender: %s has no [mailbox] in the configuration",
                        sender);
    if (!mailbox->has_sign_key)
        return sch_fail(error, SCH_E_SIGNING_KEY, "[mailbox %s] has no sign_key", sender);
    const struct sch_key *key = sch_registry_key(&client->registry, mailbox->sign_key_id);
    if (key && (key->use != SCH_KEY_SIGN ||
                sodium_memcmp(key->public_key, mailbox->sign_key.public_key, 32) != 0))
        return sch_fail(error, SCH_E_SIGNING_KEY, "%s is another key in the directory than sign_key of %s",
                        mailbox->sign_key_id, sender);
    if (key && (!sch_key_acts_for(key, sender) || !sch_key_valid(key, sch_now_ms(client))))
        return sch_fail(error, SCH_E_SIGNING_KEY, "%s is not %s's, revoked or out of its validity",
                        mailbox->sign_key_id, sender);
    *signer = mailbox;
    return SCH_OK;
}

static int encode_header(const struct sch_draft *draft, uint8_t *buffer, struct sch_bytes *out,
                         struct sch_arena *arena, sch_error *error)
{
    size_t size = sch_header_encode(&draft->header, buffer, SCH_HEADER_SIZE_MAX);
    if (size == 0)
        return sch_fail(error, SCH_E_TOO_LARGE, "header: over %d bytes", SCH_HEADER_SIZE_MAX);
    *out = (struct sch_bytes){ buffer, size };
    struct sch_header back;
    struct sch_fault fault = { SCH_OK, NULL };
    sch_arena_reset(arena);
    return sch_header_decode(*out, arena, &back, &fault) == SCH_OK ? SCH_OK : faulty(&fault, error);
}

/* The letter's plain bytes, on the heap; *bytes NULL without a letter. */
static int encode_letter(const struct sch_draft *draft, uint8_t **bytes, size_t *size,
                         struct sch_arena *arena, sch_error *error)
{
    *bytes = NULL;
    *size = 0;
    if (!sch_draft_has_letter(draft))
        return SCH_OK;
    size_t letter_size = sch_letter_size(&draft->letter);
    if (letter_size == 0)
        return sch_fail(error, SCH_E_FIELD_INVALID, "a section or attachment cannot be sent");
    uint32_t limit = draft->client->body_size_max;
    if (limit == 0 || limit > SCH_BODY_SIZE_MAX)
        limit = SCH_BODY_SIZE_MAX;
    if (letter_size > limit || sch_seal_body_size(sch_seal_padded_size(letter_size)) > limit)
        return sch_fail(error, SCH_E_TOO_LARGE, "the letter takes %zu bytes; sealed, %u are allowed",
                        letter_size, limit);
    uint8_t *letter = malloc(letter_size);
    if (!letter)
        return sch_fail(error, SCH_E_NO_MEMORY, "encoding a letter");
    *bytes = letter;
    *size = sch_letter_encode(&draft->letter, letter, letter_size);
    assert(*size == letter_size);
    struct sch_letter back;
    struct sch_fault fault = { SCH_OK, NULL };
    sch_arena_reset(arena);
    return sch_letter_decode((struct sch_bytes){ letter, letter_size }, arena, &back, &fault) == SCH_OK ?
               SCH_OK : faulty(&fault, error);
}

static int find_recipients(const struct sch_draft *draft, struct sch_seal_to to[SCH_RECIPIENTS_MAX],
                           size_t *count, sch_error *error)
{
    const struct sch_header *header = &draft->header;
    *count = 0;
    for (size_t i = 0; i <= header->copy_count; i++) {
        const struct sch_address *address = i == 0 ? &header->receiver : &header->copies[i - 1];
        /* A sender in copy gets the feedback, not its own letter. */
        if (!address->text[0] || strcmp(address->text, header->sender.text) == 0)
            continue;
        to[*count].address = *address;
        to[*count].key = sch_registry_seal_key(&draft->client->registry, address->text,
                                               sch_now_ms(draft->client), error);
        if (!to[*count].key)
            return error ? (int)error->code : (int)SCH_E_NO_SEAL_KEY;
        (*count)++;
    }
    if (*count == 0)
        return sch_fail(error, SCH_E_FIELD_MISSING, "header.receiver: a letter needs one");
    return SCH_OK;
}

static int make_seal(const struct sch_draft *draft, const struct sch_client_mailbox *signer,
                     struct sch_bytes letter, uint8_t *buffer, struct sch_frames *frames, sch_error *error)
{
    struct sch_seal_to to[SCH_RECIPIENTS_MAX];
    size_t to_count = 0, body_size = 0;
    int code = letter.len > 0 ? find_recipients(draft, to, &to_count, error) : SCH_OK;
    if (code != SCH_OK)
        return code;
    struct sch_seal seal;
    uint8_t *body = buffer + SCH_HEADER_SIZE_MAX + SCH_SEAL_SIZE_MAX;
    code = sch_seal_make(&seal, letter.len > 0 ? body : NULL, &body_size, frames->header, letter, to,
                         to_count, signer->sign_key_id, signer->sign_key.secret_key, error);
    if (code != SCH_OK)
        return code;
    uint8_t *at = buffer + SCH_HEADER_SIZE_MAX;
    size_t size = sch_seal_encode(&seal, at, SCH_SEAL_SIZE_MAX);
    assert(size > 0);
    frames->seal = (struct sch_bytes){ at, size };
    frames->body = (struct sch_bytes){ body, letter.len > 0 ? body_size : 0 };
    return SCH_OK;
}

int sch_draft_seal(const struct sch_draft *draft, uint8_t *buffer, struct sch_frames *frames,
                   sch_error *error)
{
    sch_error ignored = SCH_ERROR_INIT;
    error = error ? error : &ignored;
    const struct sch_client_mailbox *signer = NULL;
    uint8_t *letter = NULL;
    size_t letter_size = 0;
    struct sch_arena *arena = &draft->client->arena;
    int code = check_draft(draft, error);
    if (code == SCH_OK)
        code = find_signer(draft, &signer, error);
    if (code == SCH_OK)
        code = encode_header(draft, buffer, &frames->header, arena, error);
    if (code == SCH_OK)
        code = encode_letter(draft, &letter, &letter_size, arena, error);
    if (code == SCH_OK)
        code = make_seal(draft, signer, (struct sch_bytes){ letter, letter_size }, buffer, frames, error);
    if (letter)
        sodium_memzero(letter, letter_size);
    free(letter);
    return code;
}
