/*
 * region_sim.c: one table of parties, from which the directories are written.
 */
#include "region_sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "seal.h"
#include "shell/norm_file.h"
#include "shell/permit_file.h"

static const struct sch_region_party parties[] = {
    { "linde", "agb:01000001", SCH_PARTY_GP_PRACTICE, "linde", "linde-sign" },
    { "linde/poh-ggz", "agb:01000001/poh-ggz", SCH_PARTY_POH_GGZ, "linde", "poh-sign" },
    { "beuk", "agb:01000002", SCH_PARTY_GP_PRACTICE, "beuk", "beuk-sign" },
    { "haven", "agb:94000001", SCH_PARTY_GB_GGZ, "haven", "haven-sign" },
    { "noordrand", "agb:06000001", SCH_PARTY_S_GGZ, NULL, "noord-sign" },
    { "noordrand/angst", "agb:06000001/angst", SCH_PARTY_S_GGZ, "noord-a", "noord-a-sign" },
    { "noordrand/stemming", "agb:06000001/stemming", SCH_PARTY_S_GGZ, "noord-s", "noord-s-sign" },
    { "wijkteam-zuid", "gemeente:0344/wijkteam-zuid", SCH_PARTY_WIJKTEAM, "wijk", "wijk-sign" },
    { "west", "agb:06000002", SCH_PARTY_S_GGZ, "west", "west-sign" },
    { "crisisdienst", "agb:06000003/crisis", SCH_PARTY_CRISIS, "crisis", "crisis-sign" },
    { "coordinator", "regio:utrecht/coordinator", SCH_PARTY_COORDINATOR, "utrecht", "utrecht-sign" },
    { "mgn", "regio:utrecht/mgn", SCH_PARTY_MGN, "mgn", "mgn-sign" },
    { "huisartsenpost", "agb:09000001", SCH_PARTY_OUT_OF_HOURS, "post", "post-sign" },
    { "coordinator-gooi", "regio:gooi/coordinator", SCH_PARTY_COORDINATOR, "gooi", "gooi-sign" },
    { "ster", "agb:01000009", SCH_PARTY_GP_PRACTICE, "ster", "ster-sign" },
};
#define PARTIES (sizeof parties / sizeof parties[0])
#define GOOI_FIRST 13                   /* from here on they are in the region gooi */

const struct sch_region_party *sch_region_sim_named(const char *name)
{
    for (size_t i = 0; i < PARTIES; i++)
        if (strcmp(parties[i].name, name) == 0)
            return &parties[i];
    return NULL;
}

const struct sch_region_party *sch_region_sim_at(const char *address)
{
    for (size_t i = 0; i < PARTIES; i++)
        if (strcmp(parties[i].address, address) == 0)
            return &parties[i];
    return NULL;
}

/* ---- the book ----------------------------------------------------------------------------------- */

static void write_key(FILE *out, const char *id, const char *use, size_t number, const char *revoked)
{
    fprintf(out, "[key %s]\nuse = %s\npublic = %064zx\nvalid_from = 2020-01-01\nvalid_until = 2030-01-01\n",
            id, use,
            number);
    if (revoked != NULL && strcmp(revoked, id) == 0)
        fputs("revoked = yes\n", out);
}

/* A transport key is written at the first party that it acts for, with all of them. */
static void write_transport(FILE *out, size_t index, const char *revoked)
{
    const char *key_id = parties[index].key_id;
    const char *separator = "acts_for = ";

    for (size_t i = 0; i < index; i++)
        if (key_id == NULL || (parties[i].key_id != NULL && strcmp(parties[i].key_id, key_id) == 0))
            return;
    if (key_id == NULL)
        return;
    write_key(out, key_id, "transport", 3 * index + 1, revoked);
    for (size_t i = index; i < PARTIES; i++)
        if (parties[i].key_id != NULL && strcmp(parties[i].key_id, key_id) == 0) {
            fprintf(out, "%s%s", separator, parties[i].address);
            separator = ",\n    ";
        }
    fputc('\n', out);
}

/* Departments and POHs use the seal key of their organisation, where the directory has that organisation. */
static bool has_own_seal_key(const struct sch_region_party *party)
{
    const char *slash = strchr(party->address, '/');
    char organisation[SCH_ADDRESS_MAX + 1] = "";

    if (slash == NULL)
        return true;
    memcpy(organisation, party->address, (size_t)(slash - party->address));
    return sch_region_sim_at(organisation) == NULL;
}

static bool is_doctor(const struct sch_region_party *party)
{
    return party->kind == SCH_PARTY_GP_PRACTICE || party->kind == SCH_PARTY_OUT_OF_HOURS;
}

static void write_party(FILE *out, size_t index, const char *revoked)
{
    const struct sch_region_party *party = &parties[index];
    char id[SCH_KEY_ID_MAX + 1];

    fprintf(out, "[party %s]\nname = %s\nkind = %s\n", party->address, party->name,
            sch_code_name(SCH_SET_PARTY, party->kind));
    write_transport(out, index, revoked);
    write_key(out, party->signing_key, "sign", 3 * index + 2, revoked);
    fprintf(out, "party = %s\n%s", party->address, is_doctor(party) ? "gp = yes\n" : "");
    if (!has_own_seal_key(party))
        return;
    snprintf(id, sizeof id, "seal-%zu", index);
    write_key(out, id, "seal", 3 * index + 3, revoked);
    fprintf(out, "party = %s\n", party->address);
}

static struct sch_directory *directory(const char *region, size_t first, size_t end, const char *revoked)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *made;

    assert(out != NULL);
    fprintf(out, "[directory]\nregion = %s\nserial = 1\nnot_after = 2030-01-01\n", region);
    for (size_t i = first; i < end; i++)
        write_party(out, i, revoked);
    fclose(out);
    made = sch_directory_parse(region, (const uint8_t *)text, size, &error);
    if (made == NULL) {
        fprintf(stderr, "the region: %s\n", error.text);
        abort();
    }
    free(text);
    return made;
}

struct sch_book *sch_region_sim_book_revoking(const char *key_id)
{
    struct sch_book *book = calloc(1, sizeof *book);
    sch_error error = SCH_ERROR_INIT;

    assert(book != NULL);
    book->directory[book->directory_count++] = directory("utrecht", 0, GOOI_FIRST, key_id);
    book->directory[book->directory_count++] = directory("gooi", GOOI_FIRST, PARTIES, key_id);
    if (sch_norm_file_load("adapters/norms/nl.ini", &book->norms, NULL, NULL, &error) != SCH_OK ||
        sch_permit_file_load("adapters/norms/permits.ini", &book->permits, NULL, NULL, &error) != SCH_OK) {
        fprintf(stderr, "%s: %s\n", error.name, error.text);
        abort();
    }
    return book;
}

struct sch_book *sch_region_sim_book(void)
{
    return sch_region_sim_book_revoking(NULL);
}

void sch_region_sim_book_free(struct sch_book *book)
{
    sch_book_free(book);
}

/* ---- messages ----------------------------------------------------------------------------------- */

size_t sch_region_sim_recipients(const struct sch_header *header, struct sch_address to[SCH_RECIPIENTS_MAX])
{
    size_t count = 0;

    if (header->receiver.text[0] != '\0')
        to[count++] = header->receiver;
    for (size_t i = 0; i < header->copy_count; i++)
        if (strcmp(header->copies[i].text, header->sender.text) != 0)
            to[count++] = header->copies[i];
    return count;
}

static const struct sch_key *seal_key(const struct sch_book *book, const char *address, int64_t now_ms)
{
    const struct sch_key *key = NULL;

    for (size_t i = 0; i < book->directory_count && key == NULL; i++)
        key = sch_directory_seal_key(book->directory[i], address, now_ms);
    return key;
}

size_t sch_region_sim_seal(const struct sch_book *book, const struct sch_header *header, size_t letter_size,
                           int64_t now_ms, struct sch_prng *prng, struct sch_seal *seal)
{
    const struct sch_region_party *sender = sch_region_sim_at(header->sender.text);
    struct sch_address to[SCH_RECIPIENTS_MAX];

    assert(sender != NULL);
    memset(seal, 0, sizeof *seal);
    seal->suite = SCH_SUITE;
    strcpy(seal->signing_key, sender->signing_key);
    sch_prng_fill(prng, seal->signature, sizeof seal->signature);
    if (letter_size == 0)
        return 0;
    seal->has_letter = true;
    seal->padded_size = (uint32_t)letter_size;
    sch_prng_fill(prng, seal->commitment, sizeof seal->commitment);
    seal->stanza_count = sch_region_sim_recipients(header, to);
    for (size_t i = 0; i < seal->stanza_count; i++) {
        const struct sch_key *key = seal_key(book, to[i].text, now_ms);

        seal->stanza[i].address = to[i];
        strcpy(seal->stanza[i].key, key == NULL ? "nobody" : key->id);
        sch_prng_fill(prng, seal->stanza[i].sealed_key, sizeof seal->stanza[i].sealed_key);
    }
    return sch_seal_body_size(letter_size);
}

struct sch_id sch_region_sim_id(int64_t now_ms, struct sch_prng *prng)
{
    struct sch_id id;

    sch_prng_fill(prng, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}
