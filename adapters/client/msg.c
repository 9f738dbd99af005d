/* msg.c: see msg.h; and what an application reads of a message. */
#include "msg.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

#define ARENA_SLACK ((size_t)64 << 10)

/* The sections that a letter of this kind must have, DOMAIN "Sections"; 0: none is demanded. */
static uint32_t required(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_INTAKE_REPORT:
        return SCH_SECTION_INTAKE_DATE | SCH_SECTION_ANSWER | SCH_SECTION_DIAGNOSIS | SCH_SECTION_INDICATION |
               SCH_SECTION_PLAN | SCH_SECTION_START | SCH_SECTION_PRACTITIONER | SCH_SECTION_MEDICATION |
               SCH_SECTION_BRIDGING;
    case SCH_KIND_DISCHARGE_LETTER:
    case SCH_KIND_BACK_REFERRAL:
        return SCH_SECTION_END | SCH_SECTION_DONE | SCH_SECTION_RESULT | SCH_SECTION_MEDICATION |
               SCH_SECTION_RESIDUAL_RISK | SCH_SECTION_RELAPSE_SIGNALS | SCH_SECTION_AFTERCARE |
               SCH_SECTION_PHONE;
    case SCH_KIND_PROGRESS_LETTER:
        return SCH_SECTION_COURSE | SCH_SECTION_CHANGES | SCH_SECTION_PLAN;
    case SCH_KIND_TEAM_RESULT:
        return SCH_SECTION_QUESTION | SCH_SECTION_RESULT;
    default:
        return 0;
    }
}

/* ---- verifying ---------------------------------------------------------------------------------- */

/*
 * REMINDER and DELIVERY_REPORT come from the broker itself. They carry no letter and no signature: the broker
 * has no key in the directory, and CURVE proved that this connection is the broker's. Whoever else uses the
 * broker's address is refused at its door.
 */
static bool is_of_broker(const struct sch_header *header)
{
    const char *sender = header->sender.text;
    size_t size = strlen(sender);
    return (header->kind == SCH_KIND_REMINDER || header->kind == SCH_KIND_DELIVERY_REPORT) && size > 13 &&
           strncmp(sender, "regio:", 6) == 0 && strcmp(sender + size - 7, "/broker") == 0;
}

/* A broker may lay a message in any mailbox; the header, which is signed, says whose it is. */
static bool is_ours(const sch_client *client, const struct sch_held *held)
{
    const struct sch_header *header = &held->header;
    bool named = strcmp(header->receiver.text, held->mailbox.text) == 0;
    for (size_t i = 0; i < header->copy_count; i++)
        named = named || strcmp(header->copies[i].text, held->mailbox.text) == 0;
    return named && sch_client_config_mailbox(&client->config, held->mailbox.text) != NULL;
}

/* One stanza for each recipient, in the header's order; a sender in copy gets no letter of its own. */
static bool stanzas_fit(const struct sch_header *header, const struct sch_seal *seal)
{
    size_t fitting = 0;
    for (size_t i = 0; i <= header->copy_count; i++) {
        const char *recipient = i == 0 ? header->receiver.text : header->copies[i - 1].text;
        if (strcmp(recipient, header->sender.text) == 0)
            continue;
        if (fitting == seal->stanza_count || strcmp(seal->stanza[fitting].address.text, recipient) != 0)
            return false;
        fitting++;
    }
    return fitting == seal->stanza_count;
}

/* What is opened. digest: of the body, as a signature covers it: itself, or the hashes of its parts. */
struct parts {
    struct sch_bytes header, seal, body, digest;
    struct sch_parcel parcel;           /* open when the body is in parts */
    uint8_t hash[SCH_PARTS_MAX * SCH_HASH_SIZE];
    uint8_t *part;                      /* SCH_PART_SIZE bytes */
};

static void parts_of(struct parts *parts, const struct sch_held *held)
{
    const uint8_t *at = held->bytes;
    memset(parts, 0, sizeof *parts);
    parts->header = (struct sch_bytes){ at, held->header_size };
    parts->seal = (struct sch_bytes){ at + held->header_size, held->seal_size };
    parts->body = (struct sch_bytes){ at + held->header_size + held->seal_size, held->body_size };
    parts->digest = parts->body;
    parts->parcel.reel.fd = -1;
}

static void close_parts(struct parts *parts)
{
    sch_parcel_close(&parts->parcel);
    free(parts->part);
}

static enum sch_opened bad(enum sch_system_refusal code, const char *what, enum sch_system_refusal *refusal,
                           const char **why)
{
    *refusal = code;
    *why = what;
    return SCH_OPENED_BAD;
}

static enum sch_opened not_now(const char *what, const char **why)
{
    *why = what;
    return SCH_OPENED_NOT_NOW;
}

/* Opens the parcel and hashes each part. A size that is wrong is in the hash, too: it is not looked at here.
 * */
static enum sch_opened hash_parts(struct parts *parts, const sch_client *client, const struct sch_held *held,
                                  const char **why)
{
    char path[PATH_MAX + 64];
    sch_fetch_path(client, held->mailbox.text, &held->header.id, path);
    parts->part = malloc(SCH_PART_SIZE);
    if (!parts->part)
        return not_now("out of memory", why);
    if (sch_parcel_open(&parts->parcel, path, held->part_count, NULL) != SCH_OK ||
        parts->parcel.have < held->part_count)
        return not_now("its parts cannot be read", why);
    for (size_t i = 0; i < held->part_count; i++) {
        size_t size = 0;
        if (sch_parcel_get(&parts->parcel, i, parts->part, &size, NULL) != SCH_OK)
            return not_now("its parts cannot be read", why);
        sch_seal_part_hash((struct sch_bytes){ parts->part, size }, parts->hash + i * SCH_HASH_SIZE);
    }
    parts->digest = (struct sch_bytes){ parts->hash, held->part_count * SCH_HASH_SIZE };
    return SCH_OPENED;
}

/* Does the seal announce a body of the form that came? */
static bool body_fits(const struct sch_seal *seal, const struct sch_held *held)
{
    if (held->part_count == 0)
        return seal->suite == SCH_SUITE && seal->has_letter == (held->body_size > 0);
    return seal->suite == SCH_SUITE_PARTS && held->body_size == 0 && held->part_count <= SCH_PARTS_MAX &&
           held->part_count == sch_seal_part_count(seal->padded_size);
}

static enum sch_opened verify(const sch_client *client, const struct sch_held *held,
                              const struct parts *parts, const struct sch_seal *seal,
                              enum sch_system_refusal *refusal, const char **why)
{
    const struct sch_key *key = sch_registry_signer(&client->registry, seal->signing_key,
                                                    held->header.sender.text);
    if (!key || key->use != SCH_KEY_SIGN || !sch_key_acts_for(key, held->header.sender.text) ||
        !sch_key_valid(key, held->stored_ms)) {
        *refusal = SCH_SYSTEM_REFUSAL_BAD_SIGNATURE;
        *why = "the signing key is not the sender's, not in the directory, or was not valid then";
        return SCH_OPENED_UNKNOWN_KEY;
    }
    if (sch_seal_verify(seal, parts->header, parts->digest, key->public_key) != SCH_OK)
        return bad(SCH_SYSTEM_REFUSAL_BAD_SIGNATURE, "the signature does not fit", refusal, why);
    if (seal->has_letter && !stanzas_fit(&held->header, seal))
        return bad(SCH_SYSTEM_REFUSAL_MALFORMED, "not sealed for exactly the recipients", refusal, why);
    return SCH_OPENED;
}

/* ---- opening ------------------------------------------------------------------------------------ */

static int open_stream(const struct sch_client_mailbox *mailbox, size_t key, const struct sch_msg *msg,
                       const struct sch_seal *seal, const struct parts *parts, size_t *size)
{
    struct sch_open_stream stream;
    int code = sch_seal_open_begin(&stream, seal, parts->header, msg->mailbox.text,
                                   mailbox->seal_key[key].public_key, mailbox->seal_key[key].secret_key,
                                   msg->plain, NULL);
    for (size_t i = 0; code == SCH_OK && i < parts->parcel.count; i++) {
        struct sch_bytes part = { parts->part, 0 };
        code = sch_parcel_get(&parts->parcel, i, parts->part, &part.len, NULL);
        if (code == SCH_OK)
            code = sch_seal_open_next(&stream, part, NULL);
    }
    int ended = sch_seal_open_end(&stream, size, NULL);
    return code == SCH_OK ? ended : code;
}

/* Tries the keys of one configured mailbox; LETTER_OPEN when none of them opens it. */
static int open_with(const struct sch_client_mailbox *mailbox, const struct sch_msg *msg,
                     const struct sch_seal *seal, const struct parts *parts, size_t *size)
{
    int code = SCH_E_LETTER_OPEN;
    for (size_t i = 0; mailbox && i < mailbox->seal_key_count && code == SCH_E_LETTER_OPEN; i++) {
        if (seal->suite == SCH_SUITE_PARTS)
            code = open_stream(mailbox, i, msg, seal, parts, size);
        else
            code = sch_seal_open(seal, parts->header, parts->body, msg->mailbox.text,
                                 mailbox->seal_key[i].public_key, mailbox->seal_key[i].secret_key, msg->plain,
                                 size, NULL);
    }
    return code;
}

static enum sch_opened open_letter(struct sch_msg *msg, const sch_client *client, const struct sch_seal *seal,
                                   const struct parts *parts, enum sch_system_refusal *refusal,
                                   const char **why)
{
    size_t size = 0;
    msg->plain_size = seal->padded_size;
    msg->plain = malloc(msg->plain_size);
    if (!msg->plain || sch_arena_init(&msg->arena, msg->plain_size * 2 + ARENA_SLACK) != SCH_OK)
        return not_now("out of memory", why);
    struct sch_address organisation;
    sch_address_organisation(&msg->mailbox, &organisation);
    const struct sch_client_config *config = &client->config;
    int code = open_with(sch_client_config_mailbox(config, msg->mailbox.text), msg, seal, parts, &size);
    if (code == SCH_E_LETTER_OPEN)
        code = open_with(sch_client_config_mailbox(config, organisation.text), msg, seal, parts, &size);
    if (code == SCH_E_IO)
        return not_now("its parts cannot be read", why);
    if (code == SCH_E_LETTER_FALSE)
        return bad(SCH_SYSTEM_REFUSAL_BAD_SIGNATURE, "the letter is not what was signed", refusal, why);
    if (code != SCH_OK)
        return bad(SCH_SYSTEM_REFUSAL_CANNOT_OPEN, "none of the configured seal keys opens it", refusal, why);
    struct sch_fault fault;
    struct sch_bytes letter = { msg->plain, size };
    if (sch_letter_decode(letter, &msg->arena, &msg->letter, &fault) != SCH_OK)
        return bad(SCH_SYSTEM_REFUSAL_MALFORMED, "the opened letter cannot be read", refusal, why);
    msg->has_letter = true;
    return SCH_OPENED;
}

/* What the letter lacks: only a letter whose sections somebody coded can be judged. */
static uint32_t find_missing(const struct sch_msg *msg)
{
    uint32_t present = 0;
    if (!msg->has_letter || !msg->header.sections_known)
        return 0;
    for (unsigned bit = 0; bit < SCH_SECTION_COUNT; bit++)
        present |= msg->letter.section[bit] && *msg->letter.section[bit] ? UINT32_C(1) << bit : 0;
    return required(msg->header.kind) & ~present;
}

static void name_sender(struct sch_msg *msg, const sch_client *client)
{
    const struct sch_party *party = sch_registry_party(&client->registry, msg->header.sender.text);
    if (party)
        memcpy(msg->sender_name, party->name, sizeof msg->sender_name);
}

static enum sch_opened open_sealed(struct sch_msg *msg, const sch_client *client, const struct sch_held *held,
                                   struct parts *parts, enum sch_system_refusal *refusal, const char **why)
{
    struct sch_arena arena;
    struct sch_seal seal;
    struct sch_fault fault;
    if (sch_arena_init(&arena, ARENA_SLACK) != SCH_OK)
        return not_now("out of memory", why);
    bool read = parts->seal.len > 0 && sch_seal_decode(parts->seal, &arena, &seal, &fault) == SCH_OK;
    sch_arena_close(&arena);
    if (!read)
        return bad(SCH_SYSTEM_REFUSAL_MALFORMED, "the seal cannot be read", refusal, why);
    if (!body_fits(&seal, held))
        return bad(SCH_SYSTEM_REFUSAL_MALFORMED, "seal and body do not belong together", refusal, why);
    enum sch_opened opened = held->part_count > 0 ? hash_parts(parts, client, held, why) : SCH_OPENED;
    if (opened == SCH_OPENED)
        opened = verify(client, held, parts, &seal, refusal, why);
    if (opened == SCH_OPENED && seal.has_letter)
        opened = open_letter(msg, client, &seal, parts, refusal, why);
    sch_seal_hash(parts->header, parts->seal, parts->digest, msg->hash);
    return opened;
}

static enum sch_opened open_parts(struct sch_msg *msg, const sch_client *client, const struct sch_held *held,
                                  enum sch_system_refusal *refusal, const char **why)
{
    struct parts parts;
    parts_of(&parts, held);
    if (!is_ours(client, held))
        return bad(SCH_SYSTEM_REFUSAL_NOT_OURS, "it is not for this mailbox", refusal, why);
    if (is_of_broker(&held->header) && parts.body.len == 0 && parts.seal.len == 0 && held->part_count == 0)
        return SCH_OPENED;
    enum sch_opened opened = open_sealed(msg, client, held, &parts, refusal, why);
    close_parts(&parts);
    return opened;
}

enum sch_opened sch_msg_open(struct sch_msg *msg, const sch_client *client, const struct sch_held *held,
                             enum sch_system_refusal *refusal, const char **why)
{
    memset(msg, 0, sizeof *msg);
    msg->header = held->header;
    msg->mailbox = held->mailbox;
    memcpy(msg->kenmerk, held->kenmerk, sizeof msg->kenmerk);
    msg->stored_ms = held->stored_ms;
    msg->redelivered = held->redelivered;
    msg->refusal = SCH_SYSTEM_REFUSAL_OTHER;
    enum sch_opened opened = open_parts(msg, client, held, refusal, why);
    if (opened != SCH_OPENED) {
        sch_msg_close(msg);
        return opened;
    }
    name_sender(msg, client);
    msg->missing = find_missing(msg);
    return SCH_OPENED;
}

void sch_msg_close(struct sch_msg *msg)
{
    if (msg->arena.base)
        sodium_memzero(msg->arena.base, msg->arena.used);
    sch_arena_close(&msg->arena);
    if (msg->plain)
        sodium_memzero(msg->plain, msg->plain_size);
    free(msg->plain);
    msg->plain = NULL;
}

/* ---- what an application reads ------------------------------------------------------------------ */

const struct sch_header *sch_msg_header(const sch_msg *msg)
{
    return &msg->header;
}

const char *sch_msg_mailbox(const sch_msg *msg)
{
    return msg->mailbox.text;
}

const char *sch_msg_kenmerk(const sch_msg *msg)
{
    return msg->kenmerk;
}

const char *sch_msg_sender_name(const sch_msg *msg)
{
    return msg->sender_name;
}

int64_t sch_msg_stored_ms(const sch_msg *msg)
{
    return msg->stored_ms;
}

bool sch_msg_redelivered(const sch_msg *msg)
{
    return msg->redelivered;
}

bool sch_msg_has_letter(const sch_msg *msg)
{
    return msg->has_letter;
}

const uint8_t *sch_msg_hash(const sch_msg *msg)
{
    return msg->hash;
}

uint32_t sch_msg_missing(const sch_msg *msg)
{
    return msg->missing;
}

const char *sch_msg_section(const sch_msg *msg, unsigned bit)
{
    return bit < SCH_SECTION_COUNT ? msg->letter.section[bit] : NULL;
}

size_t sch_msg_attachment_count(const sch_msg *msg)
{
    return msg->letter.attachment_count;
}

const void *sch_msg_attachment(const sch_msg *msg, size_t index, size_t *size, const char **media_type,
                               const char **name)
{
    if (index >= msg->letter.attachment_count)
        return NULL;
    const struct sch_attachment *attachment = &msg->letter.attachment[index];
    if (size)
        *size = attachment->content.len;
    if (media_type)
        *media_type = attachment->media_type;
    if (name)
        *name = attachment->name;
    return attachment->content.ptr;
}

void sch_msg_refuse(const sch_msg *msg, enum sch_system_refusal refusal)
{
    /* The one thing of a message that an application may set; messages are never const objects. */
    ((sch_msg *)(uintptr_t)msg)->refusal = refusal;
}
