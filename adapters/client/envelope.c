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
#include <unistd.h>

#include "id.h"
#include "parcel.h"

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

/* The plain bytes of a letter, on the heap, with room for its padding; bytes NULL without a letter. */
struct plain {
    uint8_t *bytes;
    size_t size;
};

/* What the broker takes; before its first word, what the protocol allows. */
static int check_size(const sch_client *client, size_t letter_size, sch_error *error)
{
    size_t padded_size = letter_size <= SCH_LARGE_SIZE_MAX ? sch_seal_padded_size(letter_size) : SIZE_MAX / 2;
    bool large = sch_seal_is_large(letter_size);
    size_t size = large ? sch_seal_parts_size(padded_size) : sch_seal_body_size(padded_size);
    size_t limit = large ? SCH_LARGE_SIZE_MAX : SCH_BODY_SIZE_MAX;
    if (client->body_size_max > 0 && (!large || client->large_size_max == 0) && client->body_size_max < limit)
        limit = client->body_size_max;
    else if (large && client->large_size_max > 0 && client->large_size_max < limit)
        limit = client->large_size_max;
    if (size <= limit)
        return SCH_OK;
    return sch_fail(error, SCH_E_TOO_LARGE, "the letter takes %zu bytes; sealed, %zu are allowed",
                    letter_size, limit);
}

/* Reads the letter back, as its recipient will. */
static int check_letter(const struct plain *plain, sch_error *error)
{
    struct sch_arena arena = { 0 };
    struct sch_letter back;
    struct sch_fault fault = { SCH_OK, NULL };
    if (sch_arena_init(&arena, SCH_ARENA_LETTER_SIZE(plain->size)) != SCH_OK)
        return sch_fail(error, SCH_E_NO_MEMORY, "encoding a letter");
    int code = sch_letter_decode((struct sch_bytes){ plain->bytes, plain->size }, &arena, &back, &fault);
    sodium_memzero(arena.base, arena.used);
    sch_arena_close(&arena);
    return code == SCH_OK ? SCH_OK : faulty(&fault, error);
}

static int encode_letter(const struct sch_draft *draft, struct plain *plain, sch_error *error)
{
    if (!sch_draft_has_letter(draft))
        return SCH_OK;
    size_t size = sch_letter_size(&draft->letter);
    if (size == 0)
        return sch_fail(error, SCH_E_FIELD_INVALID, "a section or attachment cannot be sent");
    int code = check_size(draft->client, size, error);
    if (code != SCH_OK)
        return code;
    plain->bytes = malloc(sch_seal_padded_size(size));
    if (!plain->bytes)
        return sch_fail(error, SCH_E_NO_MEMORY, "encoding a letter");
    plain->size = sch_letter_encode(&draft->letter, plain->bytes, size);
    assert(plain->size == size);
    return check_letter(plain, error);
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

/* Seals part by part into the parcel; hashes are those of the parts, one after the other. */
static int seal_parts(struct sch_seal_stream *stream, struct sch_parcel *parcel, uint8_t *part,
                      sch_error *error)
{
    size_t size;
    for (size_t i = 0; (size = sch_seal_next(stream, part)) > 0; i++) {
        int code = sch_parcel_put(parcel, i, (struct sch_bytes){ part, size }, error);
        if (code != SCH_OK)
            return code;
    }
    return sch_parcel_sync(parcel, error);
}

/* What every seal is made from. */
struct making {
    const struct sch_client_mailbox *signer;
    struct sch_seal_to to[SCH_RECIPIENTS_MAX];
    size_t to_count;
    struct plain plain;
    uint8_t *body;                      /* SCH_BODY_SIZE_MAX bytes */
    const char *parcel_path;
};

static int seal_large(struct making *making, struct sch_seal *seal, struct sch_frames *frames,
                      struct sch_bytes *digest, sch_error *error)
{
    struct sch_seal_stream stream;
    struct sch_parcel parcel = SCH_PARCEL_CLOSED;
    int code = sch_seal_begin(&stream, seal, frames->header, making->plain.bytes, making->plain.size,
                              making->to, making->to_count, making->signer->sign_key_id, error);
    if (code != SCH_OK)
        return code;
    (void)unlink(making->parcel_path);  /* of a try that failed */
    code = sch_parcel_open(&parcel, making->parcel_path, stream.count, error);
    if (code == SCH_OK)
        code = seal_parts(&stream, &parcel, making->body, error);
    sch_parcel_close(&parcel);
    frames->parts_size = (uint32_t)sch_seal_parts_size(seal->padded_size);
    *digest = (struct sch_bytes){ making->body, stream.count * SCH_HASH_SIZE };
    memcpy(making->body, stream.part_hash, digest->len);
    sch_seal_end(&stream, code == SCH_OK ? making->signer->sign_key.secret_key : NULL);
    if (code != SCH_OK)
        (void)unlink(making->parcel_path);
    return code;
}

static int seal_small(struct making *making, struct sch_seal *seal, struct sch_frames *frames,
                      struct sch_bytes *digest, sch_error *error)
{
    struct sch_bytes letter = { making->plain.bytes, making->plain.size };
    size_t size = 0;
    int code = sch_seal_make(seal, letter.len > 0 ? making->body : NULL, &size, frames->header, letter,
                             making->to, making->to_count, making->signer->sign_key_id,
                             making->signer->sign_key.secret_key, error);
    frames->body = (struct sch_bytes){ making->body, letter.len > 0 ? size : 0 };
    *digest = frames->body;
    return code;
}

static int make_seal(const struct sch_draft *draft, struct making *making, uint8_t *buffer,
                     struct sch_frames *frames, sch_error *error)
{
    struct sch_seal seal;
    struct sch_bytes digest = { 0 };
    int code = making->plain.size > 0 ? find_recipients(draft, making->to, &making->to_count, error) : SCH_OK;
    if (code == SCH_OK)
        code = sch_seal_is_large(making->plain.size) ? seal_large(making, &seal, frames, &digest, error) :
                                                       seal_small(making, &seal, frames, &digest, error);
    if (code != SCH_OK)
        return code;
    size_t size = sch_seal_encode(&seal, buffer, SCH_SEAL_SIZE_MAX);
    assert(size > 0);
    frames->seal = (struct sch_bytes){ buffer, size };
    sch_seal_hash(frames->header, frames->seal, digest, frames->hash);
    return SCH_OK;
}

int sch_draft_seal(const struct sch_draft *draft, uint8_t *buffer, const char *parcel_path,
                   struct sch_frames *frames, sch_error *error)
{
    sch_error ignored = SCH_ERROR_INIT;
    error = error ? error : &ignored;
    memset(frames, 0, sizeof *frames);
    uint8_t *seal = buffer + SCH_HEADER_SIZE_MAX;
    struct making making = { .body = seal + SCH_SEAL_SIZE_MAX, .parcel_path = parcel_path };
    int code = check_draft(draft, error);
    if (code == SCH_OK)
        code = find_signer(draft, &making.signer, error);
    if (code == SCH_OK)
        code = encode_header(draft, buffer, &frames->header, &draft->client->arena, error);
    if (code == SCH_OK)
        code = encode_letter(draft, &making.plain, error);
    if (code == SCH_OK)
        code = make_seal(draft, &making, seal, frames, error);
    if (making.plain.bytes)
        sodium_memzero(making.plain.bytes, making.plain.size);
    free(making.plain.bytes);
    return code;
}
