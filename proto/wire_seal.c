/*
 * wire_seal.c: Seal between bytes and struct sch_seal.
 *
 * Form only: whether the signature fits is seal.c's, whether the keys are right the directory's.
 */
#include <string.h>

#include "wire.h"

/* Copies exactly `size` bytes. */
static bool read_exact(const ProtobufCBinaryData *bytes, size_t size, const char *field, uint8_t *out,
                       struct sch_fault *fault)
{
    if (bytes->len != size) {
        return sch_wire_fail(fault, bytes->len == 0 ? SCH_E_FIELD_MISSING : SCH_E_FIELD_INVALID, field);
    }
    memcpy(out, bytes->data, size);
    return true;
}

static bool read_stanzas(const Scharnier__V1__Seal *message, struct sch_seal *seal, struct sch_fault *fault)
{
    if (message->n_stanzas > SCH_RECIPIENTS_MAX) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "seal.stanzas");
    }
    for (size_t i = 0; i < message->n_stanzas; i++) {
        const Scharnier__V1__Stanza *from = message->stanzas[i];
        struct sch_stanza *to = &seal->stanza[i];
        if (!sch_wire_address(from->address, true, "seal.stanzas.address", &to->address, fault) ||
            !sch_wire_word(from->key, 1, SCH_KEY_ID_MAX, "seal.stanzas.key", to->key, fault) ||
            !read_exact(&from->sealed_key, SCH_STANZA_SIZE, "seal.stanzas.sealed_key", to->sealed_key,
                        fault)) {
            return false;
        }
    }
    seal->stanza_count = message->n_stanzas;
    return true;
}

/* Commitment, stanzas and padded size come together or not at all; a seal of parts always has them. */
static bool read_letter(const Scharnier__V1__Seal *message, struct sch_seal *seal, struct sch_fault *fault)
{
    bool parts = message->suite == SCH_SUITE_PARTS;
    if (!parts && message->commitment.len == 0 && message->n_stanzas == 0 && message->padded_size == 0) {
        return true;
    }
    if (message->n_stanzas == 0) {
        return sch_wire_fail(fault, SCH_E_FIELD_MISSING, "seal.stanzas");
    }
    uint32_t padded_max = parts ? SCH_LARGE_SIZE_MAX : SCH_BODY_SIZE_MAX;
    seal->has_letter = true;
    seal->padded_size = message->padded_size;
    return read_exact(&message->commitment, sizeof seal->commitment, "seal.commitment", seal->commitment,
                      fault) &&
           sch_wire_range(message->padded_size, 1, padded_max, "seal.padded_size", fault) &&
           read_stanzas(message, seal, fault);
}

static bool read_seal(const Scharnier__V1__Seal *message, struct sch_seal *seal, struct sch_fault *fault)
{
    seal->suite = message->suite;
    return sch_wire_range(message->suite, SCH_SUITE, SCH_SUITE_PARTS, "seal.suite", fault) &&
           sch_wire_word(message->signing_key, 1, SCH_KEY_ID_MAX, "seal.signing_key", seal->signing_key,
                         fault) &&
           read_letter(message, seal, fault) &&
           read_exact(&message->signature, sizeof seal->signature, "seal.signature", seal->signature, fault);
}

int sch_seal_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_seal *seal,
                    struct sch_fault *fault)
{
    memset(seal, 0, sizeof *seal);
    if (bytes.len > SCH_SEAL_SIZE_MAX) {
        sch_wire_fail(fault, SCH_E_TOO_LARGE, "seal");
        return (int)fault->code;
    }
    size_t mark = arena->used;
    ProtobufCMessage *message = sch_wire_unpack(&scharnier__v1__seal__descriptor, bytes, SCH_WIRE_REFUSE,
                                                arena, SCH_E_BROKER_BUSY, fault);
    bool good = message != NULL && read_seal((const Scharnier__V1__Seal *)message, seal, fault);
    arena->used = mark;                 /* nothing of the seal borrows */
    return good ? SCH_OK : (int)fault->code;
}

size_t sch_seal_encode(const struct sch_seal *seal, uint8_t *buffer, size_t capacity)
{
    Scharnier__V1__Seal message = SCHARNIER__V1__SEAL__INIT;
    Scharnier__V1__Stanza stanzas[SCH_RECIPIENTS_MAX];
    Scharnier__V1__Stanza *list[SCH_RECIPIENTS_MAX];
    if (seal->stanza_count > SCH_RECIPIENTS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < seal->stanza_count; i++) {
        scharnier__v1__stanza__init(&stanzas[i]);
        stanzas[i].address = sch_wire_string(seal->stanza[i].address.text);
        stanzas[i].key = sch_wire_string(seal->stanza[i].key);
        stanzas[i].sealed_key = sch_wire_view(seal->stanza[i].sealed_key, SCH_STANZA_SIZE);
        list[i] = &stanzas[i];
    }
    message.suite = seal->suite;
    message.signing_key = sch_wire_string(seal->signing_key);
    if (seal->has_letter) {
        message.commitment = sch_wire_view(seal->commitment, sizeof seal->commitment);
        message.stanzas = list;
        message.n_stanzas = seal->stanza_count;
        message.padded_size = seal->padded_size;
    }
    message.signature = sch_wire_view(seal->signature, sizeof seal->signature);
    return sch_wire_pack(&message.base, buffer, capacity);
}
