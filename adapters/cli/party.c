/* party.c: scharnier party: who takes part in the region, and with which keys. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "output.h"
#include "spec.h"

/* A directory: of --directory FILE, form checked only, or the verified one of the client. Free *own. */
static const struct sch_directory *get(struct sch_cli *cli, struct sch_directory **own, sch_error *error)
{
    const char *path = sch_cli_option(cli, "directory");
    *own = NULL;
    if (path == NULL) {
        if (sch_cli_open(cli, error) != SCH_OK)
            return NULL;
        /* Out of reach, the cached directory serves. */
        (void)sch_connect(cli->client, sch_cli_timeout(cli), NULL);
        return sch_client_directory(cli->client, sch_cli_option(cli, "region"), sch_cli_timeout(cli), error);
    }
    size_t size = 0;
    char *content = sch_cli_read(path, SCH_DIRECTORY_SIZE_MAX, &size, error);
    if (content == NULL)
        return NULL;
    *own = sch_directory_parse(path, (const uint8_t *)content, size, error);
    free(content);
    return *own;
}

/* ---- ls ----------------------------------------------------------------------------------------- */

static json_t *party_json(const struct sch_party *party)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "address", party->address.text, "kind",
                     sch_code_name(SCH_SET_PARTY, party->kind), "region", party->region, "name", party->name);
}

int sch_cli_run_party_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *own = NULL;
    const char *kind = sch_cli_option(cli, "kind");
    int64_t wanted = kind != NULL ? sch_code_parse(SCH_SET_PARTY, kind) : 0;
    const struct sch_directory *directory = NULL;
    if (wanted < 0)
        (void)sch_fail(&error, SCH_E_USAGE,
                       "--kind \"%.40s\": GP_PRACTICE, POH_GGZ, OUT_OF_HOURS, GB_GGZ, S_GGZ, "
                       "CRISIS, WIJKTEAM, MGN or COORDINATOR",
                       kind);
    else
        directory = get(cli, &own, &error);
    if (directory == NULL)
        return sch_cli_fail(cli, &error);
    struct sch_table table = { .header = { "ADDRESS", "KIND", "NAME" }, .columns = 3 };
    json_t *rows = json_array();
    for (size_t i = 0; i < directory->party_count; i++) {
        const struct sch_party *party = &directory->parties[i];
        const char *text[] = { party->address.text, sch_code_name(SCH_SET_PARTY, party->kind), party->name };
        if (kind != NULL && (int64_t)party->kind != wanted)
            continue;
        json_array_append_new(rows, party_json(party));
        if (!sch_table_add(&table, text))
            break;
    }
    if (cli->json)
        (void)sch_json_print("parties", json_pack("{s:s,s:I,s:O}", "region", directory->region, "serial",
                                                  (json_int_t)directory->serial, "parties", rows));
    else
        sch_table_print(&table, cli->headers, stdout);
    sch_table_free(&table);
    json_decref(rows);
    sch_directory_free(own);
    return 0;
}

/* ---- show --------------------------------------------------------------------------------------- */

static const char *use_name(enum sch_key_use use)
{
    static const char *const names[] = { "", "transport", "sign", "seal" };
    return (size_t)use < sizeof names / sizeof names[0] ? names[use] : "";
}

static json_t *key_json(const struct sch_key *key)
{
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, key->public_key, sizeof key->public_key);
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:b,s:b}", "id", key->id, "use", use_name(key->use), "public", hex,
                     "valid_from", sch_time_json(key->valid_from_ms), "valid_until",
                     sch_time_json(key->valid_until_ms), "revoked", key->revoked, "gp", key->gp);
}

static bool add_key(struct sch_table *table, const struct sch_key *key)
{
    char until[SCH_TIME_SIZE] = "-";
    if (key->valid_until_ms > 0 && key->valid_until_ms < INT64_MAX)
        sch_time_utc(key->valid_until_ms, until);
    const char *text[] = { "  ",  use_name(key->use), key->id, key->revoked ? "revoked" : "valid until",
                           until, key->gp ? "gp" : "" };
    return sch_table_add(table, text);
}

int sch_cli_run_party_show(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *own = NULL;
    struct sch_address address = { "" };
    const struct sch_party *party = NULL;
    const struct sch_directory *directory = NULL;
    if (sch_spec_address(&address, cli->operand[0], "ADDRESS", &error) == SCH_OK)
        directory = get(cli, &own, &error);
    if (directory != NULL)
        party = sch_directory_party(directory, address.text);
    if (directory != NULL && party == NULL)
        (void)sch_fail(&error, SCH_E_UNKNOWN_RECEIVER, "%s", address.text);
    if (party == NULL) {
        sch_directory_free(own);
        return sch_cli_fail(cli, &error);
    }
    struct sch_table table = { .columns = 6 };
    json_t *keys = json_array();
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        if (!sch_key_acts_for(key, address.text))
            continue;
        json_array_append_new(keys, key_json(key));
        if (!add_key(&table, key))
            break;
    }
    if (cli->json) {
        json_t *object = party_json(party);
        json_object_set(object, "keys", keys);
        (void)sch_json_print("party", object);
    } else {
        printf("%s  %s  %s  region %s\n", party->address.text, party->name,
               sch_code_dutch(SCH_SET_PARTY, party->kind), party->region);
        sch_table_print(&table, false, stdout);
    }
    sch_table_free(&table);
    json_decref(keys);
    sch_directory_free(own);
    return 0;
}
