/* known_answers.c: see known_answers.h. */
#include "known_answers.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

FILE *sch_known_out;

/* ---- fixed chance ---------------------------------------------------------------------------------- */

static uint64_t drawn;

static void fixed_bytes(void *const buffer, const size_t size)
{
    uint8_t seed[randombytes_SEEDBYTES] = "scharnier suite 1 vectors";
    drawn++;
    memcpy(seed + sizeof seed - sizeof drawn, &drawn, sizeof drawn);
    randombytes_buf_deterministic(buffer, size, seed);
}

static uint32_t fixed_number(void)
{
    uint32_t number;
    fixed_bytes(&number, sizeof number);
    return number;
}

static const char *fixed_name(void)
{
    return "fixed";
}

static struct randombytes_implementation fixed = {
    .implementation_name = fixed_name, .random = fixed_number, .buf = fixed_bytes
};

bool sch_known_chance(void)
{
    return randombytes_set_implementation(&fixed) == 0;
}

/* ---- writing --------------------------------------------------------------------------------------- */

void sch_known_bytes(const char *name, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    fprintf(sch_known_out, "%s =", name);
    for (size_t i = 0; i < size; i++)
        fprintf(sch_known_out, "%s%02x", i == 0 ? " " : i % 48 == 0 ? "\n    " : "", p[i]);
    fprintf(sch_known_out, "\n");
}

void sch_known_text(const char *name, const char *text)
{
    fprintf(sch_known_out, "%s = %s\n", name, text);
}

/* ---- the region of the vectors ---------------------------------------------------------------------- */

static void new_pair(struct sch_key_pair *pair, enum sch_key_use use, const char *name)
{
    char label[64];
    int code = sch_key_pair_new(pair, use);
    assert(code == SCH_OK);
    (void)code;
    snprintf(label, sizeof label, "%s_public", name);
    sch_known_bytes(label, pair->public_key, 32);
    snprintf(label, sizeof label, "%s_secret", name);
    sch_known_bytes(label, pair->secret_key, use == SCH_KEY_SIGN ? 64 : 32);
}

static void recipient(struct sch_seal_to *to, struct sch_key *key, const char *address, const char *id,
                      const struct sch_key_pair *pair)
{
    memset(key, 0, sizeof *key);
    memcpy(key->id, id, strlen(id));
    memcpy(key->public_key, pair->public_key, 32);
    bool valid = sch_address_set(&to->address, address);
    assert(valid);
    (void)valid;
    to->key = key;
}

void sch_known_region(struct sch_known_region *region)
{
    drawn = 0;
    memset(region, 0, sizeof *region);
    fprintf(sch_known_out, "[keys]\n");
    new_pair(&region->region, SCH_KEY_SIGN, "region");
    new_pair(&region->gp_sign, SCH_KEY_SIGN, "gp_sign");
    new_pair(&region->provider_sign, SCH_KEY_SIGN, "provider_sign");
    new_pair(&region->practice_seal, SCH_KEY_SEAL, "practice_seal");
    new_pair(&region->nurse_seal, SCH_KEY_SEAL, "nurse_seal");
    new_pair(&region->provider_seal, SCH_KEY_SEAL, "provider_seal");
    recipient(&region->practice_to, &region->practice_key, "agb:01234567", "linde-seal",
              &region->practice_seal);
    recipient(&region->nurse_to, &region->nurse_key, "agb:01234567/poh-ggz", "linde-poh-seal",
              &region->nurse_seal);
    recipient(&region->provider_to, &region->provider_key, "agb:06290713", "noordrand-seal",
              &region->provider_seal);
}

struct sch_id sch_known_id(int64_t ms, uint8_t mark)
{
    struct sch_id id;
    memset(&id, mark, sizeof id);
    for (size_t i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    return id;
}

/* ---- PROTOCOL.md "Sealing", a second time ------------------------------------------------------------ */

static void add(struct sch_known_signed *text, const void *bytes, size_t size)
{
    assert(size <= sizeof text->bytes - text->size);
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void add_sized(struct sch_known_signed *text, const void *bytes, size_t size)
{
    uint8_t length[4] = { 0, 0, (uint8_t)(size >> 8), (uint8_t)size };
    add(text, length, 4);
    add(text, bytes, size);
}

static void add_number(struct sch_known_signed *text, size_t number)
{
    uint8_t bytes[4] = { 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
    add(text, bytes, 4);
}

void sch_known_h(const struct sch_seal *seal, struct sch_bytes header, uint8_t h[32])
{
    struct sch_known_signed text = { .size = 0 };
    add(&text, "scharnier.v1.header", 19);
    add_number(&text, seal->suite);
    add_sized(&text, header.ptr, header.len);
    add_number(&text, seal->stanza_count);
    for (size_t i = 0; i < seal->stanza_count; i++) {
        add_sized(&text, seal->stanza[i].address.text, strlen(seal->stanza[i].address.text));
        add_sized(&text, seal->stanza[i].key, strlen(seal->stanza[i].key));
    }
    add_number(&text, seal->padded_size);
    crypto_generichash(h, 32, text.bytes, text.size, NULL, 0);
}

void sch_known_signed(const struct sch_seal *seal, const uint8_t h[32], struct sch_bytes digest,
                           struct sch_known_signed *text)
{
    uint8_t body_hash[32];
    crypto_generichash(body_hash, 32, digest.ptr, digest.len, NULL, 0);
    text->size = 0;
    add(text, "scharnier.v1.signature", 22);
    add(text, h, 32);
    add_sized(text, seal->signing_key, strlen(seal->signing_key));
    add_number(text, seal->stanza_count);
    for (size_t i = 0; i < seal->stanza_count; i++) {
        add_sized(text, seal->stanza[i].address.text, strlen(seal->stanza[i].address.text));
        add_sized(text, seal->stanza[i].key, strlen(seal->stanza[i].key));
        add(text, seal->stanza[i].sealed_key, SCH_STANZA_SIZE);
    }
    add_sized(text, seal->commitment, seal->has_letter ? 32 : 0);
    add(text, body_hash, 32);
}

void sch_known_key(const char *label, const uint8_t content_key[32], const uint8_t h[32],
                        uint8_t key[32])
{
    struct sch_known_signed text = { .size = 0 };
    add(&text, label, strlen(label));
    add(&text, h, 32);
    crypto_generichash(key, 32, text.bytes, text.size, content_key, 32);
}

/* ---- comparing ------------------------------------------------------------------------------------- */

bool sch_known_file_is(const char *path, void (*put)(void))
{
    char *made = NULL;
    size_t made_size = 0;
    sch_known_out = open_memstream(&made, &made_size);
    assert(sch_known_out);
    put();
    fclose(sch_known_out);
    FILE *file = fopen(path, "r");
    char *kept = calloc(1, made_size + 2);
    assert(kept);
    size_t kept_size = file ? fread(kept, 1, made_size + 1, file) : 0;
    if (file)
        fclose(file);
    size_t same = 0, line = 1;
    while (same < made_size && same < kept_size && made[same] == kept[same])
        line += made[same++] == '\n';
    bool equal = same == made_size && kept_size == made_size;
    if (!equal)
        printf("%s:%zu differs from what is made now (run from the root of the project); a released vector "
               "never changes\n", path, line);
    free(kept);
    free(made);
    return equal;
}
