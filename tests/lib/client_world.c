/* client_world.c: see client_world.h. */
#include "client_world.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scharnier/directory.h>

static void make_key(const struct sch_client_world *world, struct sch_key_pair *pair, enum sch_key_use use,
                     const char *name)
{
    char path[128];
    sch_error error = SCH_ERROR_INIT;
    int code = sch_key_pair_new(pair, use);
    assert(code == SCH_OK);
    snprintf(path, sizeof path, "%s/%s.key", world->folder, name);
    code = sch_key_pair_save(pair, path, &error);
    assert(code == SCH_OK);
}

void sch_client_world_init(struct sch_client_world *world)
{
    memset(world, 0, sizeof *world);
    strcpy(world->folder, "/tmp/scharnier-test-XXXXXX");
    char *made = mkdtemp(world->folder);
    assert(made);
    make_key(world, &world->region, SCH_KEY_SIGN, "region");
    make_key(world, &world->server, SCH_KEY_TRANSPORT, "server");
    make_key(world, &world->practice_transport, SCH_KEY_TRANSPORT, "practice-transport");
    make_key(world, &world->practice_sign, SCH_KEY_SIGN, "practice-sign");
    make_key(world, &world->practice_seal, SCH_KEY_SEAL, "practice-seal");
    make_key(world, &world->poh_sign, SCH_KEY_SIGN, "poh-sign");
    make_key(world, &world->ggz_transport, SCH_KEY_TRANSPORT, "ggz-transport");
    make_key(world, &world->ggz_sign, SCH_KEY_SIGN, "ggz-sign");
    make_key(world, &world->ggz_new_sign, SCH_KEY_SIGN, "ggz-new-sign");
    make_key(world, &world->ggz_seal, SCH_KEY_SEAL, "ggz-seal");
    sch_client_world_publish(world, 7, false);
}

void sch_client_world_close(struct sch_client_world *world)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
    int code = system(command);
    assert(code == 0);
}

static void add(struct sch_client_world *world, const char *text)
{
    size_t size = strlen(text);
    assert(world->directory_size + size < sizeof world->directory);
    memcpy(world->directory + world->directory_size, text, size);
    world->directory_size += size;
}

static void add_key(struct sch_client_world *world, const char *id, const char *use,
                    const struct sch_key_pair *pair, const char *rest)
{
    char hex[65], text[512];
    sodium_bin2hex(hex, sizeof hex, pair->public_key, 32);
    snprintf(text, sizeof text, "[key %s]\nuse = %s\npublic = %s\n%s\n", id, use, hex, rest);
    add(world, text);
}

void sch_client_world_publish(struct sch_client_world *world, uint64_t serial, bool with_new_sign)
{
    char text[256];
    world->serial = serial;
    world->directory_size = 0;
    snprintf(text, sizeof text, "[directory]\nregion = utrecht\nserial = %llu\nnot_after = 2099-01-01\n",
             (unsigned long long)serial);
    add(world, text);
    add(world, "[party " WORLD_PRACTICE "]\nname = Praktijk De Linde\nkind = GP_PRACTICE\n");
    add(world, "[party " WORLD_POH "]\nname = POH-GGZ De Linde\nkind = POH_GGZ\n");
    add(world, "[party " WORLD_GGZ "]\nname = GGZ Noordrand\nkind = S_GGZ\n");
    add_key(world, "linde-transport", "transport", &world->practice_transport,
            "acts_for = " WORLD_PRACTICE ",\n    " WORLD_POH);
    add_key(world, "linde-sign", "sign", &world->practice_sign, "party = " WORLD_PRACTICE "\ngp = yes");
    add_key(world, "linde-seal", "seal", &world->practice_seal, "party = " WORLD_PRACTICE);
    add_key(world, "linde-poh-sign", "sign", &world->poh_sign, "party = " WORLD_POH);
    add_key(world, "noord-transport", "transport", &world->ggz_transport, "acts_for = " WORLD_GGZ);
    add_key(world, "noord-sign", "sign", &world->ggz_sign, "party = " WORLD_GGZ);
    add_key(world, "noord-seal", "seal", &world->ggz_seal, "party = " WORLD_GGZ);
    if (with_new_sign)
        add_key(world, "noord-sign-2", "sign", &world->ggz_new_sign, "party = " WORLD_GGZ);
    sch_directory_sign((const uint8_t *)world->directory, world->directory_size, world->region.secret_key,
                       world->signature);
}

static const char practice_mailboxes[] =
    "[mailbox " WORLD_PRACTICE "]\nsign_key = practice-sign.key\nsign_key_id = linde-sign\n"
    "seal_key = practice-seal.key\n"
    "[mailbox " WORLD_POH "]\nsign_key = poh-sign.key\nsign_key_id = linde-poh-sign\n";
static const char ggz_mailboxes[] =
    "[mailbox " WORLD_GGZ "]\nsign_key = ggz-sign.key\nsign_key_id = noord-sign\nseal_key = ggz-seal.key\n";

const char *sch_client_world_config(struct sch_client_world *world, const char *name, const char *endpoint,
                                    const uint8_t *server_key)
{
    static char path[128];
    char server[65], region[65];
    bool ggz = strncmp(name, "ggz", 3) == 0;
    sodium_bin2hex(server, sizeof server, server_key ? server_key : world->server.public_key, 32);
    sodium_bin2hex(region, sizeof region, world->region.public_key, 32);
    snprintf(path, sizeof path, "%s/%s.conf", world->folder, name);
    FILE *file = fopen(path, "w");
    assert(file);
    fprintf(file, "[broker]\nendpoint = %s\nserver_key = %s\n[client]\ntransport_key = %s-transport.key\n"
            "state = %s\n[region utrecht]\nkey = %s\n%s", endpoint, server, ggz ? "ggz" : "practice", name,
            region, ggz ? ggz_mailboxes : practice_mailboxes);
    int code = fclose(file);
    assert(code == 0);
    return path;
}
