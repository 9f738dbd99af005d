/*
 * directory_file.c: the form of a directory file: INI text to parties and keys.
 *
 * Parsing fills growing tables in the order of the file; then the tables are sorted, and what no single line
 * can show is looked for: doubles, parties that are not there, sections that lack a line. Messages about a
 * whole section name the line where it begins. Must not know: signatures, sockets, what a party may do.
 */
#include <scharnier/directory.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "ini.h"
#include "names.h"

#define WRONG SCH_E_DIRECTORY_FORMAT

/* Lines that were seen in the section at hand. */
enum field {
    F_REGION, F_SERIAL, F_NOT_AFTER, F_NAME, F_KIND, F_USE, F_PUBLIC, F_PARTY, F_ACTS_FOR, F_VALID_FROM,
    F_VALID_UNTIL, F_REVOKED, F_GP, F_COUNT
};
static const char *const field_name[F_COUNT] = {
    "region", "serial", "not_after", "name", "kind", "use", "public", "party", "acts_for", "valid_from",
    "valid_until", "revoked", "gp"
};
#define BIT(f) (1u << (f))

enum section { S_NONE, S_DIRECTORY, S_PARTY, S_KEY };
static const char *const section_word[] = { "directory", "party", "key" };
static const uint32_t section_fields[] = {
    [S_DIRECTORY] = BIT(F_REGION) | BIT(F_SERIAL) | BIT(F_NOT_AFTER),
    [S_PARTY] = BIT(F_NAME) | BIT(F_KIND) | BIT(F_REGION),
    [S_KEY] = BIT(F_USE) | BIT(F_PUBLIC) | BIT(F_PARTY) | BIT(F_ACTS_FOR) | BIT(F_VALID_FROM) |
              BIT(F_VALID_UNTIL) | BIT(F_REVOKED) | BIT(F_GP)
};
static const char *const use_word[] = { "transport", "sign", "seal" };

struct parser {
    struct sch_directory *directory;
    const char *file;
    size_t party_room;
    size_t key_room;
    enum section section;
    bool skip;                  /* the section's heading was wrong: its lines say nothing new */
    bool have_directory;
    uint32_t *party_seen;       /* per party and key: which lines it had */
    uint32_t *key_seen;
    uint32_t directory_seen;
};

/* ---- sections ------------------------------------------------------------------------------------ */

/* Makes room for one more of the two parallel tables. */
static bool grow(void **items, uint32_t **seen, size_t *room, size_t count, size_t item_size)
{
    if (count < *room)
        return true;
    size_t wider = *room == 0 ? 64 : 2 * *room;
    void *grown = realloc(*items, wider * item_size);
    if (grown == NULL)
        return false;
    *items = grown;
    uint32_t *grown_seen = realloc(*seen, wider * sizeof *grown_seen);
    if (grown_seen == NULL)
        return false;
    *seen = grown_seen;
    *room = wider;
    return true;
}

static bool plain_word(const char *text, size_t max)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
    return size > 0 && size <= max && text[size] == '\0';
}

static int begin_party(struct parser *parser, const struct sch_ini *ini, const char *address)
{
    struct sch_directory *directory = parser->directory;
    if (!sch_address_valid(address))
        return sch_ini_error(ini, WRONG, "\"%s\" is no address, such as agb:01234567/poh-ggz", address);
    if (directory->party_count == SCH_PARTIES_MAX)
        return sch_ini_error(ini, WRONG, "more than %d parties", SCH_PARTIES_MAX);
    void *items = directory->parties;
    bool grown = grow(&items, &parser->party_seen, &parser->party_room, directory->party_count,
                      sizeof *directory->parties);
    directory->parties = items;
    if (!grown)
        return sch_ini_error(ini, SCH_E_NO_MEMORY, "no memory for another party");

    struct sch_party *party = &directory->parties[directory->party_count];
    memset(party, 0, sizeof *party);
    sch_address_set(&party->address, address);
    parser->party_seen[directory->party_count++] = 0;
    parser->section = S_PARTY;
    parser->skip = false;
    return SCH_OK;
}

static int begin_key(struct parser *parser, const struct sch_ini *ini, const char *id)
{
    struct sch_directory *directory = parser->directory;
    if (!plain_word(id, SCH_KEY_ID_MAX))
        return sch_ini_error(ini, WRONG,
                             "\"%s\" is no key id: 1 to %d of a-z, 0-9, \"-\", \"_\", \".\"", id,
                             SCH_KEY_ID_MAX);
    if (directory->key_count == SCH_KEYS_MAX)
        return sch_ini_error(ini, WRONG, "more than %d keys", SCH_KEYS_MAX);
    void *items = directory->keys;
    bool grown = grow(&items, &parser->key_seen, &parser->key_room, directory->key_count,
                      sizeof *directory->keys);
    directory->keys = items;
    if (!grown)
        return sch_ini_error(ini, SCH_E_NO_MEMORY, "no memory for another key");

    struct sch_key *key = &directory->keys[directory->key_count];
    memset(key, 0, sizeof *key);
    memcpy(key->id, id, strlen(id));
    key->valid_until_ms = INT64_MAX;
    parser->key_seen[directory->key_count++] = 0;
    parser->section = S_KEY;
    parser->skip = false;
    return SCH_OK;
}

static int begin_section(struct parser *parser, const struct sch_ini *ini, const char *section)
{
    parser->skip = true;
    parser->section = S_NONE;
    if (strcmp(section, "directory") == 0) {
        if (parser->have_directory)
            return sch_ini_error(ini, WRONG, "[directory] stands twice");
        parser->have_directory = true;
        parser->section = S_DIRECTORY;
        parser->skip = false;
        return SCH_OK;
    }
    if (strncmp(section, "party ", 6) == 0)
        return begin_party(parser, ini, section + 6 + strspn(section + 6, " \t"));
    if (strncmp(section, "key ", 4) == 0)
        return begin_key(parser, ini, section + 4 + strspn(section + 4, " \t"));
    return sch_ini_unknown(ini, WRONG, "section", section, section_word, 3);
}

/* ---- lines --------------------------------------------------------------------------------------- */

static int set_region(const struct sch_ini *ini, const char *value, char region[SCH_REGION_MAX + 1])
{
    if (!plain_word(value, SCH_REGION_MAX))
        return sch_ini_error(ini, WRONG, "\"%s\" is no region code: 1 to %d of a-z, 0-9, \"-\"", value,
                             SCH_REGION_MAX);
    memset(region, 0, SCH_REGION_MAX + 1);
    memcpy(region, value, strlen(value));
    return SCH_OK;
}

static int directory_line(struct sch_directory *directory, const struct sch_ini *ini, enum field field,
                          const char *value)
{
    switch (field) {
    case F_REGION:
        return set_region(ini, value, directory->region);
    case F_SERIAL:
        return sch_ini_uint(ini, WRONG, "serial", value, 1, INT64_MAX, &directory->serial);
    default:
        return sch_ini_time(ini, WRONG, "not_after", value, &directory->not_after_ms);
    }
}

static int set_kind(struct sch_party *party, const struct sch_ini *ini, const char *value)
{
    const char *candidates[SCH_PARTY_COUNT];
    size_t count = 0;
    int64_t kind = sch_code_parse(SCH_SET_PARTY, value);
    if (kind > 0) {
        party->kind = (enum sch_party_kind)kind;
        return SCH_OK;
    }
    while (count < SCH_PARTY_COUNT && sch_code_at(SCH_SET_PARTY, count) != NULL) {
        candidates[count] = sch_code_at(SCH_SET_PARTY, count);
        count++;
    }
    return sch_ini_unknown(ini, WRONG, "kind", value, candidates, count);
}

static int party_line(struct sch_party *party, const struct sch_ini *ini, enum field field, const char *value)
{
    size_t size = strlen(value);
    switch (field) {
    case F_KIND:
        return set_kind(party, ini, value);
    case F_REGION:
        return set_region(ini, value, party->region);
    default:
        if (size == 0 || size > SCH_NAME_MAX)
            return sch_ini_error(ini, WRONG, "a name has 1 to %d bytes", SCH_NAME_MAX);
        memcpy(party->name, value, size + 1);
        return SCH_OK;
    }
}

/* One address of a list; empty ones (a comma at the end of a line) are passed over. */
static int add_acts_for(struct sch_key *key, const struct sch_ini *ini, const char *word, size_t size)
{
    char address[SCH_ADDRESS_MAX + 1];
    if (size == 0)
        return SCH_OK;
    if (key->acts_for_count == SCH_ACTS_FOR_MAX)
        return sch_ini_error(ini, WRONG, "a key acts for at most %d addresses", SCH_ACTS_FOR_MAX);
    if (size <= SCH_ADDRESS_MAX) {
        memcpy(address, word, size);
        address[size] = '\0';
    }
    if (size > SCH_ADDRESS_MAX || !sch_address_set(&key->acts_for[key->acts_for_count], address))
        return sch_ini_error(ini, WRONG, "\"%.*s\" in acts_for is no address", (int)size, word);
    for (size_t i = 0; i < key->acts_for_count; i++)
        if (strcmp(key->acts_for[i].text, address) == 0)
            return sch_ini_error(ini, WRONG, "%s stands twice in acts_for", address);
    key->acts_for_count++;
    return SCH_OK;
}

static int set_acts_for(struct sch_key *key, const struct sch_ini *ini, const char *value)
{
    int rc = SCH_OK;
    for (const char *p = value; *p != '\0' && rc == SCH_OK; p += *p == ',') {
        p += strspn(p, " \t");
        size_t size = strcspn(p, ",");
        size_t trimmed = size;
        while (trimmed > 0 && (p[trimmed - 1] == ' ' || p[trimmed - 1] == '\t'))
            trimmed--;
        rc = add_acts_for(key, ini, p, trimmed);
        p += size;
    }
    return rc;
}

static int set_use(struct sch_key *key, const struct sch_ini *ini, const char *value)
{
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(value, use_word[i]) == 0) {
            key->use = (enum sch_key_use)(i + 1);
            return SCH_OK;
        }
    }
    return sch_ini_unknown(ini, WRONG, "use", value, use_word, 3);
}

static int key_line(struct sch_key *key, const struct sch_ini *ini, enum field field, const char *value)
{
    switch (field) {
    case F_USE:
        return set_use(key, ini, value);
    case F_PUBLIC:
        return sch_ini_hex(ini, WRONG, "public", value, key->public_key, sizeof key->public_key);
    case F_PARTY:
        if (!sch_address_set(&key->party, value))
            return sch_ini_error(ini, WRONG, "\"%s\" is no address", value);
        return SCH_OK;
    case F_ACTS_FOR:
        return set_acts_for(key, ini, value);
    case F_VALID_FROM:
        return sch_ini_time(ini, WRONG, "valid_from", value, &key->valid_from_ms);
    case F_VALID_UNTIL:
        return sch_ini_time(ini, WRONG, "valid_until", value, &key->valid_until_ms);
    case F_REVOKED:
        return sch_ini_bool(ini, WRONG, "revoked", value, &key->revoked);
    default:
        return sch_ini_bool(ini, WRONG, "gp", value, &key->gp);
    }
}

static int unknown_line(const struct sch_ini *ini, enum section section, const char *name)
{
    const char *candidates[F_COUNT];
    size_t count = 0;
    for (unsigned f = 0; f < F_COUNT; f++)
        if (section_fields[section] & BIT(f))
            candidates[count++] = field_name[f];
    return sch_ini_unknown(ini, WRONG, "key", name, candidates, count);
}

static int line(void *context, const struct sch_ini *ini, const char *section, const char *name,
                const char *value)
{
    struct parser *parser = context;
    struct sch_directory *directory = parser->directory;
    if (name == NULL)
        return begin_section(parser, ini, section);
    if (parser->section == S_NONE)
        return parser->skip ? SCH_OK : sch_ini_error(ini, WRONG, "a line before the first section");

    unsigned f = 0;
    while (f < F_COUNT && (strcmp(name, field_name[f]) != 0 || !(section_fields[parser->section] & BIT(f))))
        f++;
    if (f == F_COUNT)
        return unknown_line(ini, parser->section, name);
    uint32_t *seen = parser->section == S_DIRECTORY ? &parser->directory_seen
                     : parser->section == S_PARTY   ? &parser->party_seen[directory->party_count - 1]
                                                    : &parser->key_seen[directory->key_count - 1];
    int code = f == F_ACTS_FOR ? SCH_OK : sch_ini_one_line(ini, WRONG, name);
    if (code != SCH_OK)
        return code;
    *seen |= BIT(f);

    switch (parser->section) {
    case S_DIRECTORY:
        return directory_line(directory, ini, (enum field)f, value);
    case S_PARTY:
        return party_line(&directory->parties[directory->party_count - 1], ini, (enum field)f, value);
    default:
        return key_line(&directory->keys[directory->key_count - 1], ini, (enum field)f, value);
    }
}

/* ---- the whole ------------------------------------------------------------------------------------- */

/* The line on which "[word name]" stands for the last time; 1 when it is not found. */
static size_t line_of(const struct sch_directory *directory, const char *word, const char *name)
{
    const char *text = (const char *)directory->content;
    const char *end = text + directory->content_size;
    size_t found = 1;
    size_t number = 1;
    size_t word_size = strlen(word);
    size_t name_size = strlen(name);
    for (const char *p = text; p < end; number++) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        const char *stop = next != NULL ? next : end;
        const char *q = p;
        while (q < stop && (*q == ' ' || *q == '\t'))
            q++;
        if ((size_t)(stop - q) >= word_size + name_size + 3 && q[0] == '[' &&
            memcmp(q + 1, word, word_size) == 0) {
            q += 1 + word_size;
            while (q < stop && (*q == ' ' || *q == '\t'))
                q++;
            if ((size_t)(stop - q) > name_size && memcmp(q, name, name_size) == 0 && q[name_size] == ']')
                found = number;
        }
        p = stop + 1;
    }
    return found;
}

static int fail_at(const struct parser *parser, const char *word, const char *name, const char *what,
                   const char *which, sch_error *error)
{
    return sch_fail(error, WRONG, "%s:%zu: %s %s: %s%s", parser->file,
                    line_of(parser->directory, word, name), word, name, what, which);
}

static int compare_parties(const void *a, const void *b)
{
    return strcmp(((const struct sch_party *)a)->address.text, ((const struct sch_party *)b)->address.text);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct sch_key *)a)->id, ((const struct sch_key *)b)->id);
}

static int compare_public(const void *a, const void *b)
{
    const struct sch_key *const *x = a;
    const struct sch_key *const *y = b;
    return memcmp((*x)->public_key, (*y)->public_key, sizeof (*x)->public_key);
}

static const char *missing_field(uint32_t seen, uint32_t wanted)
{
    for (unsigned f = 0; f < F_COUNT; f++)
        if ((wanted & BIT(f)) && !(seen & BIT(f)))
            return field_name[f];
    return NULL;
}

static int check_key(const struct parser *parser, const struct sch_key *key, uint32_t seen, sch_error *error)
{
    bool transport = key->use == SCH_KEY_TRANSPORT;
    uint32_t wanted = BIT(F_USE) | BIT(F_PUBLIC) | BIT(transport ? F_ACTS_FOR : F_PARTY);
    const char *missing = missing_field(seen, wanted);
    if (missing != NULL)
        return fail_at(parser, "key", key->id, "there is no line ", missing, error);
    if (transport && key->acts_for_count == 0)
        return fail_at(parser, "key", key->id, "acts_for is empty", "", error);
    if (transport && (seen & BIT(F_PARTY)))
        return fail_at(parser, "key", key->id, "a transport key has acts_for, not party", "", error);
    if (!transport && (seen & BIT(F_ACTS_FOR)))
        return fail_at(parser, "key", key->id, "a sign or seal key has party, not acts_for", "", error);
    if (key->gp && key->use != SCH_KEY_SIGN)
        return fail_at(parser, "key", key->id, "only a sign key can be marked gp", "", error);
    if (key->valid_from_ms >= key->valid_until_ms)
        return fail_at(parser, "key", key->id, "valid_until is not after valid_from", "", error);
    if (sodium_is_zero(key->public_key, sizeof key->public_key))
        return fail_at(parser, "key", key->id, "public is all zeros", "", error);
    return SCH_OK;
}

/* What every section must have, before sorting takes the sections away from what was seen of them. */
static int check_sections(struct parser *parser, sch_error *error)
{
    struct sch_directory *directory = parser->directory;
    const char *missing = missing_field(parser->directory_seen, section_fields[S_DIRECTORY]);
    if (!parser->have_directory)
        return sch_fail(error, WRONG, "%s:1: there is no section [directory]", parser->file);
    if (missing != NULL)
        return sch_fail(error, WRONG, "%s:1: [directory] has no line %s", parser->file, missing);
    for (size_t i = 0; i < directory->party_count; i++) {
        struct sch_party *party = &directory->parties[i];
        missing = missing_field(parser->party_seen[i], BIT(F_NAME) | BIT(F_KIND));
        if (missing != NULL)
            return fail_at(parser, "party", party->address.text, "there is no line ", missing, error);
        if (party->region[0] == '\0')
            memcpy(party->region, directory->region, sizeof party->region);
        if (strcmp(party->region, directory->region) != 0)
            return fail_at(parser, "party", party->address.text, "only the directory's own region, not ",
                           party->region, error);
    }
    for (size_t i = 0; i < directory->key_count; i++) {
        int rc = check_key(parser, &directory->keys[i], parser->key_seen[i], error);
        if (rc != SCH_OK)
            return rc;
    }
    return SCH_OK;
}

static int check_unique(const struct parser *parser, sch_error *error)
{
    const struct sch_directory *directory = parser->directory;
    for (size_t i = 1; i < directory->party_count; i++)
        if (compare_parties(&directory->parties[i - 1], &directory->parties[i]) == 0)
            return fail_at(parser, "party", directory->parties[i].address.text, "stands twice", "", error);
    for (size_t i = 1; i < directory->key_count; i++)
        if (compare_keys(&directory->keys[i - 1], &directory->keys[i]) == 0)
            return fail_at(parser, "key", directory->keys[i].id, "stands twice", "", error);
    if (directory->key_count < 2)
        return SCH_OK;

    const struct sch_key **sorted = malloc(directory->key_count * sizeof(const struct sch_key *));
    if (sorted == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory to compare %zu keys", directory->key_count);
    for (size_t i = 0; i < directory->key_count; i++)
        sorted[i] = &directory->keys[i];
    qsort(sorted, directory->key_count, sizeof *sorted, compare_public);
    int rc = SCH_OK;
    for (size_t i = 1; i < directory->key_count && rc == SCH_OK; i++)
        if (compare_public(&sorted[i - 1], &sorted[i]) == 0)
            rc = fail_at(parser, "key", sorted[i]->id, "has the same public key as ", sorted[i - 1]->id,
                         error);
    free(sorted);
    return rc;
}

static int check_parties(const struct parser *parser, sch_error *error)
{
    const struct sch_directory *directory = parser->directory;
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        if (key->use != SCH_KEY_TRANSPORT && sch_directory_party(directory, key->party.text) == NULL)
            return fail_at(parser, "key", key->id, "there is no party ", key->party.text, error);
        for (size_t j = 0; j < key->acts_for_count; j++)
            if (sch_directory_party(directory, key->acts_for[j].text) == NULL)
                return fail_at(parser, "key", key->id, "acts_for names an unknown party ",
                               key->acts_for[j].text, error);
    }
    return SCH_OK;
}

static int parse(struct parser *parser, sch_error *error)
{
    struct sch_directory *directory = parser->directory;
    int rc = sch_ini_read_bytes(parser->file, directory->content, directory->content_size, line, NULL,
                                parser, error);
    if (rc == SCH_E_CONFIG && error != NULL) {
        char text[sizeof error->text];
        memcpy(text, error->text, sizeof text);
        rc = sch_fail(error, WRONG, "%s", text);
    }
    if (rc == SCH_OK)
        rc = check_sections(parser, error);
    if (rc != SCH_OK)
        return rc;
    if (directory->party_count > 1)
        qsort(directory->parties, directory->party_count, sizeof *directory->parties, compare_parties);
    if (directory->key_count > 1)
        qsort(directory->keys, directory->key_count, sizeof *directory->keys, compare_keys);
    rc = check_unique(parser, error);
    return rc == SCH_OK ? check_parties(parser, error) : rc;
}

struct sch_directory *sch_directory_parse(const char *name, const uint8_t *content, size_t size,
                                          sch_error *error)
{
    if (size == 0 || size > SCH_DIRECTORY_SIZE_MAX) {
        sch_fail(error, WRONG, "%s: a directory has 1 to %d bytes, not %zu", name,
                 SCH_DIRECTORY_SIZE_MAX, size);
        return NULL;
    }
    struct parser parser = { .file = name };
    struct sch_directory *directory = calloc(1, sizeof *directory);
    if (directory != NULL)
        directory->content = malloc(size);
    if (directory == NULL || directory->content == NULL) {
        sch_fail(error, SCH_E_NO_MEMORY, "%s: no memory for a directory", name);
        goto failed;
    }
    memcpy(directory->content, content, size);
    directory->content_size = size;
    parser.directory = directory;
    if (parse(&parser, error) != SCH_OK)
        goto failed;
    free(parser.party_seen);
    free(parser.key_seen);
    return directory;

failed:
    free(parser.party_seen);
    free(parser.key_seen);
    sch_directory_free(directory);
    return NULL;
}
